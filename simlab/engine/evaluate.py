"""From a path's histograms and tallies to the sums at every requested level."""

from __future__ import annotations

import numpy as np

from simlab.engine._jit import inner, step
from simlab.engine.kernel_types import Cells, LevelArrays, Schedule, Sums, Work
from simlab.engine.tallies import (
    COLUMN,
    COLUMNS,
    N_TALLIES,
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
from simlab.engine.types import IntArray


@step
def add(counters: Cells, cell: int, units: int) -> None:
    """Add to a counter modulo its range: one of two planes may dip below zero, their sum never does."""
    full = (np.int64(1) << np.int64(8 * counters.itemsize)) - 1
    counters[cell] = counters.dtype.type((np.int64(counters[cell]) + units) & full)


@inner
def close_item(item: int, out: Sums) -> None:
    """What follows from an item's other sums: units served, and backorders = shelf − net stock."""
    for k in range(out.on_hand.shape[1]):
        for slot in range(out.on_hand.shape[2]):
            out.backorders[item, k, slot] += out.on_hand[item, k, slot]
            out.served[item, k, slot] = out.on_hand_start[item, k, slot] - out.on_hand[item, k, slot]


@inner
def add_by_column(n_real: int, work: Work) -> None:
    """Add the lanes' tallies up by histogram column."""
    for row in range(N_TALLIES):
        for lane in range(n_real):
            work.by_column[row, work.state[COLUMN + lane]] += work.tally[row, lane]


@inner
def read_columns(item: int, run: Schedule, group: int, levels: LevelArrays, work: Work, out: Sums) -> None:
    """Give the tallies to their slots and empty them.

    The shelf above the histograms' range counts alike at every level. Backorders are the shelf, which
    `close_item` adds, less the net stock, which is relative to S here.
    """
    sums = work.by_column
    for c in range(COLUMNS):
        slot = run.column_slot[group, c]
        if slot < 0:
            continue
        out.demanded[item, slot] += sums[T_DEMAND, c]
        out.orders[item, 0, slot] += sums[T_ORDERS, c]
        out.ordered[item, 0, slot] += sums[T_ORDERED, c]
        out.receipts[item, 0, slot] += sums[T_RECEIPTS, c]
        out.received[item, 0, slot] += sums[T_RECEIVED, c]
        out.on_order[item, 0, slot] += sums[T_ON_ORDER, c]
        for k in range(levels.top.shape[1]):
            out.on_hand[item, k, slot] += sums[T_AFTER, c]
            out.on_hand_start[item, k, slot] += sums[T_BEFORE, c]
            out.backorders[item, k, slot] -= sums[T_NET, c]
        for row in range(N_TALLIES):
            sums[row, c] = 0


@inner
def read_histograms(
    item: int,
    run: Schedule,
    group: int,
    levels: LevelArrays,
    ranks: IntArray,
    bins: tuple[int, int],
    single: bool,
    work: Work,
    out: Sums,
) -> None:
    """Sums at every level of an item in one descent through the bins, which are emptied.

    At level S the net stock of bin b is y + S with y = base + b; `bins` = (base, last b). Going
    down, rows of `state` hold the counts of the bins passed (after, before), their units above the
    present bin, and the counters' second planes (receipts, periods without demand). Where at most a
    `single` order arrives in a period, the second plane of "after" counts its periods too.
    """
    word = work.before.dtype.type
    state = work.reading
    shared = np.int64(1 if single else 0)
    full = (np.int64(1) << np.int64(8 * work.before.itemsize)) - 1
    for row in range(6):
        for c in range(COLUMNS):
            state[row, c] = 0
    base, top = bins
    rank = ranks.shape[1] - 1
    for down in range(top + 1):
        cell = (top - down) * 2 * COLUMNS
        beside = cell + COLUMNS
        y = base + top - down
        for c in range(COLUMNS):
            state[2, c] += state[0, c]
            state[3, c] += state[1, c]
        first = rank
        while rank >= 0 and y == -levels.top[item, ranks[item, rank]]:
            k = ranks[item, rank]
            for c in range(COLUMNS):
                slot = run.column_slot[group, c]
                if slot >= 0:
                    out.on_hand[item, k, slot] += state[2, c]
                    out.on_hand_start[item, k, slot] += state[3, c]
                    out.ready[item, k, slot] += state[0, c]
            rank -= 1
        for c in range(COLUMNS):
            received, idle = np.int64(work.after[beside + c]), np.int64(work.before[beside + c])
            state[0, c] += (np.int64(work.after[cell + c]) + received * shared) & full
            state[1, c] += np.int64(work.before[cell + c]) + idle
            state[4, c] += received
            state[5, c] += idle
            work.after[cell + c] = word(0)
            work.before[cell + c] = word(0)
            work.after[beside + c] = word(0)
            work.before[beside + c] = word(0)
        for r in range(rank + 1, first + 1):
            k = ranks[item, r]
            for c in range(COLUMNS):
                slot = run.column_slot[group, c]
                if slot >= 0:
                    out.good_receipts[item, k, slot] += state[4, c]
                    out.short[item, k, slot] -= state[0, c] - state[5, c]
    for c in range(COLUMNS):
        slot = run.column_slot[group, c]
        if slot >= 0:
            for k in range(ranks.shape[1]):
                out.short[item, k, slot] += state[0, c] - state[5, c]
                out.backorders[item, k, slot] -= state[0, c] * levels.top[item, k]
