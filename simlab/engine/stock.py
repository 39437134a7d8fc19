"""Stock value of many plans, period by period, and nothing else: one path serves all where it can."""

from __future__ import annotations

import numpy as np

from simlab.engine._jit import inner, kernel
from simlab.engine.forecasts import lift_levels
from simlab.engine.forms import check
from simlab.engine.guards import report
from simlab.engine.kernel_types import (
    DetailArrays,
    Groups,
    ItemArrays,
    LevelArrays,
    MovingArrays,
    Record,
    Schedule,
    Work,
)
from simlab.engine.overflow import recorder_arrays
from simlab.engine.paths import draw_demand, first_position, load_block, make_guide, rule_of
from simlab.engine.profile import prove_bounds
from simlab.engine.recorder import DEMANDED, NET, ON_HAND, ON_HAND_START, prepare_path, record_path
from simlab.engine.recording import raise_faults, recording, schedule
from simlab.engine.run import shifting
from simlab.engine.types import Horizon, IntArray, Levels, World
from simlab.errors import EngineFaultError


def stock_by_period(
    world: World, levels: Levels, horizon: Horizon, groups: IntArray, unit_value: IntArray, *, n_groups: int
) -> IntArray:
    """Stock value of given plans by group, replication and counted period, in one thread.

    Parameters
    ----------
    world, levels, horizon
        n items, (n, k) levels of k plans; `slots` does not matter.
    groups, unit_value : (n,) int64
        Group that each item is added to, and integer money per unit.
    n_groups : int

    Returns
    -------
    (k, n_groups, r, periods) int64
        Stock after ordering plus stock at the count, at unit value: `stock_start_value` plus
        `stock_value` of `TimeProfile`, the same paths and the same sums. Half of it is the inventory
        value of the period.

    Raises
    ------
    EngineFaultError
        Inputs that make no sense, a breached guard, or sums of money that might leave 64 bits.
    """
    check(world, levels, horizon)
    if groups.size != world.n_items or unit_value.size != world.n_items:
        raise EngineFaultError("groups and unit values need one entry per item")
    if ((groups < 0) | (groups >= n_groups)).any():
        raise EngineFaultError(f"groups lie in 0 … {n_groups - 1}")
    items, details, forms, moves = recorder_arrays(world, levels, horizon)
    run = schedule(horizon, grouped=False)
    work, page = recording(world, run)
    out = np.zeros((levels.n_columns, n_groups, horizon.replications, horizon.periods), np.int64)
    peaks, faults = np.zeros(world.n_items, np.int64), np.zeros((world.n_items, 3), np.int64)
    with np.errstate(over="ignore"):  # compiled code wraps without a word; the peaks tell below
        record_stock(
            items,
            details,
            forms,
            moves,
            (shifting(world, levels) & still(levels)).astype(np.int64),
            run,
            Groups(groups.astype(np.int64), unit_value.astype(np.int64)),
            work,
            page,
            out,
            peaks,
            faults,
        )
    raise_faults(faults, np.arange(world.n_items))
    prove_bounds(peaks, unit_value)
    return out


def still(levels: Levels) -> bool:
    """Whether what moves the levels, if anything, is the same row for every column."""
    return levels.forecast is None and (levels.offset is None or levels.offset.shape[1] == 1)


@kernel
def record_stock(
    items: ItemArrays,
    details: DetailArrays,
    levels: LevelArrays,
    moves: MovingArrays,
    shared: IntArray,
    run: Schedule,
    groups: Groups,
    work: Work,
    record: Record,
    out: IntArray,
    peaks: IntArray,
    faults: IntArray,
) -> None:
    """Stock value by column, group, replication and counted period.

    Parameters
    ----------
    shared : (n,) int64, 0 or 1
        Items whose net stock at any column is that of the first column plus the difference of levels.
    out : (k, g, r, periods) int64
        Zeros, filled.
    peaks : (n,) int64
        Largest quantity that any path of an item shows.
    """
    first = run.paths[0]
    for item in range(items.keys.size):
        guided = make_guide(items, item, work)
        group, value = groups.group[item], groups.unit_value[item]
        for block in range(run.block_start.size):
            n_real = load_block(run, block, work)
            draw_demand(items, item, run, guided, work)
            for lane in range(n_real):
                path = prepare_path(items, details, moves, item, run, lane, work, record)
                for k in range(levels.top.shape[1]):
                    if k == 0 or not shared[item]:
                        rule, top = rule_of(items, item, levels, k), levels.top[item, k]
                        lift_levels(moves, item, k, record)
                        opening = first_position(items, item, levels, k, run, path)
                        code, at = record_path(items, details, item, rule, top, opening, record)
                        if code:
                            report(faults, item, code, path, at)
                    raised = levels.top[item, k] - levels.top[item, 0] if shared[item] else 0
                    most = add_stock(record, run, raised, shared[item], value, out[k, group, path - first])
                    peaks[item] = max(peaks[item], most)


@inner
def add_stock(record: Record, run: Schedule, raised: int, shared: int, value: int, out: IntArray) -> int:
    """Add the stock value of a path's counted periods, net stock raised by a constant; the most units."""
    most = 0
    for t in range(run.periods):
        if shared:
            net = record.rows[NET, run.warmup + t] + raised
            x = max(net, 0) + max(net + record.rows[DEMANDED, run.warmup + t], 0)
        else:
            x = record.rows[ON_HAND, run.warmup + t] + record.rows[ON_HAND_START, run.warmup + t]
        most = max(most, x)
        out[t] += x * value
    return most
