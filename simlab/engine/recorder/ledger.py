"""One item, one replication: every period and every order, for whoever wants to follow a path."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simlab.arrays import IntArray
from simlab.engine._jit import kernel
from simlab.engine.kernels.draws import draw_demand, make_guide
from simlab.engine.kernels.memory import Work
from simlab.engine.kernels.paths import load_block
from simlab.engine.kernels.types import ItemArrays, Schedule
from simlab.engine.prepare.arrays import check, item_arrays
from simlab.engine.prepare.on_grid import groups
from simlab.engine.prepare.overflow import recorder_arrays
from simlab.engine.prepare.workspace import make_work, schedule
from simlab.engine.recorder.sums import raise_faults, record_one, recording
from simlab.engine.world.columns import ORDER_NAMES, ROW_NAMES
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon, Start, World
from simlab.errors import EngineFaultError


@dataclass(frozen=True, eq=False)
class Ledger:
    """A path written down.

    Attributes
    ----------
    periods : dict of str to (warmup + periods,) int64
        ``period`` (0 is the first one run), ``counted`` (0 or 1), the measures of `Curves` in that
        period, and ``net_inventory`` and ``inventory_position`` at the count, ``cancelled`` units,
        and ``position_at_review``, the position that the review found (0 in other periods). Where levels
        move, ``level``, the order-up-to level of the period (s + Q for (R,s,nQ)).
    orders : dict of str to (orders,) int64
        ``placed``, ``units``, ``left`` (period it left the supplier), ``arrival``, ``on_time`` (units
        that arrive then), ``rest`` (the others) and ``rest_arrival`` (−1: none, or cancelled on
        arrival). A given start's pipeline is an order placed in period −1. Arrivals may lie beyond
        the last period.
    """

    periods: dict[str, IntArray]
    orders: dict[str, IntArray]

    def total(self, measure: str) -> int:
        """Sum of a measure over the counted periods: what `simulate_items` says of this replication."""
        return int(self.periods[measure][self.periods["counted"] == 1].sum())


def ledger(
    world: World,
    levels: Levels,
    horizon: Horizon,
    item: int,
    replication: int,
    column: int = 0,
    *,
    start: Start | None = None,
) -> Ledger:
    """Run one item on one replication at one column and write everything down.

    Parameters
    ----------
    world, levels, horizon
        As in `run.simulate_items`; replications are the horizon's first one and those after it.
    item, replication, column : int
        Row of the item, number of the replication, and column of the levels.
    start : Start, optional
        Stock and pipeline to begin with; default: the world's own.

    Returns
    -------
    Ledger
        The same integers that the sums are made of, whichever evaluator made them. Of an item that goes by
        parts of periods, a row of `periods` is a part.

    Raises
    ------
    EngineFaultError
        There is no such item, replication or column.
    """
    world = world.starting(start)
    if world.grid is not None and 0 <= item < world.n_items:
        only = np.array([item])
        (group,) = groups(world.take(only), levels.take(only), horizon)
        return ledger(group.world, group.levels, group.horizon, 0, replication, column)
    check(world, levels, horizon)
    last = horizon.first_replication + horizon.replications
    for what, number, first, end in (
        ("item", item, 0, world.n_items),
        ("replication", replication, horizon.first_replication, last),
        ("column", column, 0, levels.n_columns),
    ):
        if not first <= number < end:
            raise EngineFaultError(f"there is no {what} {number}: {first} … {end - 1}")
    rows = np.array([item])
    one, own = world.take(rows), levels.take(rows).columns(np.array([column]))
    alone = replace(horizon, replications=1, first_replication=replication, slots=1)
    run = schedule(alone, grouped=False)
    work, record = recording(one, run)
    faults = np.zeros((1, 3), np.int64)
    n_orders = record_one(
        *recorder_arrays(one, own, alone),
        run,
        work,
        record,
        faults,
    )
    raise_faults(faults, rows)
    period = np.arange(horizon.warmup + horizon.periods)
    periods = {"period": period, "counted": (period >= horizon.warmup).astype(np.int64)}
    periods |= dict(zip(ROW_NAMES, record.rows, strict=True))
    if not own.moves().any():
        del periods["level"]
    return Ledger(periods, dict(zip(ORDER_NAMES, record.orders[:n_orders].T, strict=True)))


def demand_paths(world: World, horizon: Horizon) -> IntArray:
    """Demand of every item in every replication and period, units.

    Parameters
    ----------
    world, horizon
        As in `run.simulate_items`.

    Returns
    -------
    (n, replications, warmup + periods) int64
        The very demand that a run under this horizon meets.
    """
    run = schedule(horizon, grouped=False)
    work = make_work(run, np.dtype(np.int64), world, bins=1, rows_kept=1, epochs=0)
    out = np.zeros((world.n_items, horizon.replications, run.warmup + run.periods), np.int64)
    copy_demand(item_arrays(world), run, work, out)
    return out


@kernel
def copy_demand(items: ItemArrays, run: Schedule, work: Work, out: IntArray) -> None:
    """Fill `out` item by item and block by block."""
    first = run.paths[0]
    for item in range(out.shape[0]):
        guided = make_guide(items, item, work)
        for block in range(run.block_start.size):
            n_real = load_block(run, block, work)
            draw_demand(items, item, run, guided, work)
            for lane in range(n_real):
                path = work.paths[lane] - first
                for t in range(out.shape[2]):
                    out[item, path, t] = work.demand[t, lane]
