"""One item, one replication: every period and every order, for whoever wants to follow a path."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simlab.engine.forms import check
from simlab.engine.overflow import recorder_arrays
from simlab.engine.recorded import record_one
from simlab.engine.recorder import ORDER_FIELDS, ROWS
from simlab.engine.recording import raise_faults, recording, schedule
from simlab.engine.types import Horizon, IntArray, Levels, Start, World
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
        The same integers that the sums are made of, whichever evaluator made them.

    Raises
    ------
    EngineFaultError
        There is no such item, replication or column.
    """
    world = world.starting(start)
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
    periods |= dict(zip(ROWS, record.rows, strict=True))
    if not own.moves().any():
        del periods["level"]
    return Ledger(periods, dict(zip(ORDER_FIELDS, record.orders[:n_orders].T, strict=True)))
