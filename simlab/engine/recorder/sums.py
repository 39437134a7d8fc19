"""Recorded paths added up: by column, over every level at once, by group and period, or one alone."""

from __future__ import annotations

import numpy as np

from simlab.arrays import IntArray
from simlab.engine._jit import inner, kernel
from simlab.engine.kernels.draws import make_guide
from simlab.engine.kernels.guards import FAULTS, GONE_ASTRAY
from simlab.engine.kernels.layout import (
    COLUMN,
    COLUMNS,
    T_AFTER,
    T_BEFORE,
    T_DEMAND,
    T_NET,
    T_ON_ORDER,
    T_ORDERED,
    T_ORDERS,
    T_RECEIPTS,
    T_RECEIVED,
)
from simlab.engine.kernels.memory import Record, Work
from simlab.engine.kernels.types import (
    DetailArrays,
    Groups,
    ItemArrays,
    LevelArrays,
    MovingArrays,
    Schedule,
    Sums,
)
from simlab.engine.lanes.histograms import read_columns, read_histograms
from simlab.engine.prepare.overflow import recorder_arrays
from simlab.engine.prepare.workspace import aligned, make_work, schedule
from simlab.engine.recorder.forecasts import lift_levels
from simlab.engine.recorder.path import (
    PROFILE_ROWS,
    UNIT_ROWS,
    begin_block,
    follow,
    follow_lifted,
    prepare_path,
)
from simlab.engine.world.columns import OrderColumn, Row
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon, World
from simlab.errors import EngineFaultError


@kernel
def record_sums(
    items: ItemArrays,
    details: DetailArrays,
    levels: LevelArrays,
    moves: MovingArrays,
    run: Schedule,
    work: Work,
    record: Record,
    out: Sums,
    faults: IntArray,
) -> None:
    """Sums of all items at all columns, as `lanes.lanes` but with every feature."""
    for item in range(items.keys.size):
        guided = make_guide(items, item, work)
        for block in range(run.block_start.size):
            n_real = begin_block(items, item, run, block, guided, work)
            for lane in range(n_real):
                path = prepare_path(items, details, moves, item, run, lane, work, record)
                slot = run.slots[run.block_start[block] + lane]
                for k in range(levels.top.shape[1]):
                    follow(items, details, levels, moves, item, k, run, path, record, faults)
                    add_counted(item, k, slot, run.warmup, record.rows, out)


@inner
def add_counted(item: int, k: int, slot: int, warmup: int, rows: IntArray, out: Sums) -> None:
    """Add the counted periods of a path to one slot."""
    for t in range(warmup, rows.shape[1]):
        if k == 0:
            out.demanded[item, slot] += rows[Row.DEMANDED, t]
        out.served[item, k, slot] += rows[Row.SERVED, t]
        out.on_hand[item, k, slot] += rows[Row.ON_HAND, t]
        out.on_hand_start[item, k, slot] += rows[Row.ON_HAND_START, t]
        out.ready[item, k, slot] += rows[Row.READY, t]
        out.short[item, k, slot] += rows[Row.SHORT, t]
        out.receipts[item, k, slot] += rows[Row.RECEIPTS, t]
        out.good_receipts[item, k, slot] += rows[Row.GOOD_RECEIPTS, t]
        out.orders[item, k, slot] += rows[Row.ORDERS, t]
        out.ordered[item, k, slot] += rows[Row.ORDERED, t]
        out.received[item, k, slot] += rows[Row.RECEIVED, t]
        out.backorders[item, k, slot] += rows[Row.BACKORDERS, t]
        out.lost[item, k, slot] += rows[Row.LOST, t]
        out.on_order[item, k, slot] += rows[Row.ON_ORDER, t]


@kernel
def record_sweep(
    items: ItemArrays,
    details: DetailArrays,
    levels: LevelArrays,
    ranks: IntArray,
    moves: MovingArrays,
    run: Schedule,
    work: Work,
    record: Record,
    out: Sums,
    faults: IntArray,
) -> None:
    """Sums of all items at all levels from one recorded path per replication, as `sweep.sweep`.

    The path is that of the first column; `ranks` are the columns of each item by descending S, and
    levels differ by one constant per column (they may move together).
    """
    last = levels.top.shape[1] - 1
    for item in range(items.keys.size):
        reference = levels.top[item, 0]
        guided = make_guide(items, item, work)
        highest, lowest = levels.top[item, ranks[item, 0]], levels.top[item, ranks[item, last]]
        bins = (-highest - 1, highest - lowest + 2)
        lift_levels(moves, item, 0, record)
        for block in range(run.block_start.size):
            n_real = begin_block(items, item, run, block, guided, work)
            for lane in range(n_real):
                path = prepare_path(items, details, moves, item, run, lane, work, record)
                if moves.method[item] > 0:
                    lift_levels(moves, item, 0, record)
                follow_lifted(items, details, levels, item, 0, run, path, record, faults)
                count_path(work.state[COLUMN + lane], reference, run.warmup, bins, record.rows, work)
            if run.block_last[block]:
                group = run.block_group[block]
                read_columns(item, group, 1, levels, work, out)
                read_histograms(item, group, 0, 1, levels, ranks, bins, False, work, out)


@inner
def count_path(
    column: int, reference: int, warmup: int, bins: tuple[int, int], rows: IntArray, work: Work
) -> None:
    """Enter the counted periods of a path into the histograms of net stock relative to S, and the tallies.

    The layout is that of the sweep where lead times differ: the second plane of "before" counts periods
    without demand, that of "after" the receipts that found this net stock.
    """
    word = work.after.dtype.type
    sums, lowest, last = work.by_column, bins[0], bins[1]
    for t in range(warmup, rows.shape[1]):
        d, receipts, due = rows[Row.DEMANDED, t], rows[Row.RECEIPTS, t], rows[Row.RECEIVED, t]
        after = rows[Row.NET_INVENTORY, t] - reference
        before = after + d
        cell = min(max(after - lowest, 0), last)
        work.after[cell * 2 * COLUMNS + column] += word(1)
        sums[T_AFTER, column] += max(after - lowest - last, 0)
        cell = min(max(before - lowest, 0), last)
        work.before[(cell * 2 + (1 if d == 0 else 0)) * COLUMNS + column] += word(1)
        sums[T_BEFORE, column] += max(before - lowest - last, 0)
        if receipts > 0:
            cell = min(max(before - due - lowest, 0), last)
            work.after[(cell * 2 + 1) * COLUMNS + column] += word(receipts)
        sums[T_DEMAND, column] += d
        sums[T_ORDERS, column] += rows[Row.ORDERS, t]
        sums[T_ORDERED, column] += rows[Row.ORDERED, t]
        sums[T_RECEIPTS, column] += receipts
        sums[T_RECEIVED, column] += due
        sums[T_NET, column] += after
        sums[T_ON_ORDER, column] += rows[Row.ON_ORDER, t]


@kernel
def record_profile(
    items: ItemArrays,
    details: DetailArrays,
    levels: LevelArrays,
    moves: MovingArrays,
    run: Schedule,
    groups: Groups,
    work: Work,
    record: Record,
    values: IntArray,
    units: IntArray,
    peaks: IntArray,
    faults: IntArray,
) -> None:
    """Sums by column, group, replication and counted period over all items.

    Parameters
    ----------
    groups : Groups
        Group and unit value of every item.
    values : (5, k, g, r, periods) int64
        `PROFILE_ROWS` at unit value; zeros, filled.
    units : (4, k, g, r, periods) int64
        `UNIT_ROWS`; zeros, filled.
    peaks : (n,) int64
        Largest quantity that any path of an item shows: the caller proves with it that no sum of
        money left 64 bits.
    """
    first = run.paths[0]
    for item in range(items.keys.size):
        guided = make_guide(items, item, work)
        group, value = groups.group[item], groups.unit_value[item]
        for block in range(run.block_start.size):
            n_real = begin_block(items, item, run, block, guided, work)
            for lane in range(n_real):
                path = prepare_path(items, details, moves, item, run, lane, work, record)
                for k in range(levels.top.shape[1]):
                    follow(items, details, levels, moves, item, k, run, path, record, faults)
                    for i in range(len(PROFILE_ROWS)):
                        row = PROFILE_ROWS[i]
                        for t in range(run.periods):
                            x = record.rows[row, run.warmup + t]
                            peaks[item] = max(peaks[item], x)
                            values[i, k, group, path - first, t] += x * value
                    for i in range(len(UNIT_ROWS)):
                        row = UNIT_ROWS[i]
                        for t in range(run.periods):
                            units[i, k, group, path - first, t] += record.rows[row, run.warmup + t]


@kernel
def record_one(
    items: ItemArrays,
    details: DetailArrays,
    levels: LevelArrays,
    moves: MovingArrays,
    run: Schedule,
    work: Work,
    record: Record,
    faults: IntArray,
) -> int:
    """Leave the only item's first replication at its first column in `record`; number of orders."""
    guided = make_guide(items, 0, work)
    begin_block(items, 0, run, 0, guided, work)
    path = prepare_path(items, details, moves, 0, run, 0, work, record)
    return follow(items, details, levels, moves, 0, 0, run, path, record, faults)


SHARED = ("receipts", "orders", "ordered", "received", "lost", "on_order")
"""Measures that cannot differ between levels served by one path."""


def record(world: World, levels: Levels, horizon: Horizon, names: IntArray) -> Sums:
    """Every path by itself, with every feature."""
    items, details, forms, moves = recorder_arrays(world, levels, horizon)
    run = schedule(horizon, grouped=False)
    work, page = recording(world, run)
    sums = zeros(world.n_items, levels.n_columns, horizon.slots, levels.n_columns)
    faults = np.zeros((world.n_items, 3), np.int64)
    record_sums(
        items,
        details,
        forms,
        moves,
        run,
        work,
        page,
        sums,
        faults,
    )
    raise_faults(faults, names)
    return sums


def record_levels(world: World, levels: Levels, horizon: Horizon, names: IntArray) -> Sums:
    """All levels from one recorded path per replication, where they differ by a constant."""
    items, details, forms, moves = recorder_arrays(world, levels, horizon)
    run = schedule(horizon, grouped=True)
    work, page = recording(world, run, bins=int(np.ptp(forms.top, axis=1).max()) + 3)
    sums = zeros(world.n_items, levels.n_columns, horizon.slots, 1)
    faults = np.zeros((world.n_items, 3), np.int64)
    record_sweep(
        items,
        details,
        forms,
        np.argsort(-forms.top, axis=1, kind="stable"),
        moves,
        run,
        work,
        page,
        sums,
        faults,
    )
    raise_faults(faults, names)
    return with_differences(sums)


def with_differences(sums: Sums) -> Sums:
    """The sums that follow from others once all paths are read."""
    sums.backorders[...] += sums.on_hand
    sums.served[...] = sums.on_hand_start - sums.on_hand
    return sums


def recording(world: World, run: Schedule, bins: int = 1) -> tuple[Work, Record]:
    """Memory in which single paths are written down."""
    total = run.warmup + run.periods
    epochs = -(-total // int(world.terms.review_period.min()))
    dated = 0 if world.start is None else world.start.orders_due()[0].size
    record = Record(
        rows=np.zeros((len(Row), total), np.int64),
        due=np.zeros(total + 1, np.int64),
        due_orders=np.zeros(total + 1, np.int64),
        gone=np.zeros(total + 1, np.int64),
        leaves=np.zeros(total, np.int64),
        arrives=np.zeros(total + 1, np.int64),
        demand=np.zeros(total, np.int64),
        lift=np.zeros(total, np.int64),
        seen=np.zeros(total + 1, np.int64),
        expected=np.zeros(total),
        forecast=np.zeros(total),
        error=np.zeros(total),
        orders=np.zeros((epochs + 1 + dated, len(OrderColumn)), np.int64),
    )
    return make_work(run, np.dtype(np.int64), world, bins=bins, rows_kept=1, epochs=0), record


def zeros(n: int, k: int, slots: int, shared: int) -> Sums:
    """Empty sums of n items × k columns; `shared` columns where none can differ from another."""
    shapes = {name: (n, shared if name in SHARED else k, slots) for name in Sums._fields}
    return Sums(
        **{
            name: aligned((n, slots) if name == "demanded" else shapes[name], np.int64)
            for name in Sums._fields
        }
    )


def raise_faults(faults: IntArray, names: IntArray, *, exact: bool = True) -> None:
    """Fail the run at the first breach, with the rows under which the caller knows the items.

    `exact`: the period is that of the breach, not one by which it was found (as of units that never arrive).
    """
    rows = np.flatnonzero(faults[:, 0])
    if rows.size:
        code, path, period = (int(x) for x in faults[rows[0]])
        when = "in" if exact and code != GONE_ASTRAY else "by"
        raise EngineFaultError(
            f"item {int(names[rows[0]])}, replication {path}, {when} period {period}: "
            f"{FAULTS.get(code, 'unknown fault')}"
        )
