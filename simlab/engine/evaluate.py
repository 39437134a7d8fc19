"""From a path's histograms and tallies to the sums at every requested level."""

from __future__ import annotations

import numpy as np

from simlab.engine._jit import jit
from simlab.engine.kernel_types import LevelArrays, Schedule, Sums, Work
from simlab.engine.tallies import (
    AFTER,
    COLUMNS,
    DEMANDED,
    EXCESS_AFTER,
    EXCESS_BEFORE,
    N_TALLIES,
    ORDERED,
    ORDERS,
    POSITION,
    RECEIPTS,
    RECEIVED,
)
from simlab.engine.types import IntArray


@jit
def add_by_column(n_real: int, work: Work) -> None:
    """Add the lanes' tallies up by histogram column."""
    for row in range(N_TALLIES):
        for lane in range(n_real):
            work.by_column[row, work.columns[lane]] += work.tally[row, lane]


@jit
def read_columns(item: int, run: Schedule, group: int, levels: LevelArrays, work: Work, out: Sums) -> None:
    """Give the tallies to their slots and empty them.

    The shelf above the histograms' range counts alike at every level. Backorders are the shelf, which
    the caller adds, less the net stock, which is relative to S here.
    """
    sums = work.by_column
    for c in range(COLUMNS):
        slot = run.column_slot[group, c]
        if slot < 0:
            continue
        out.demanded[item, slot] += sums[DEMANDED, c]
        out.orders[item, 0, slot] += sums[ORDERS, c]
        out.ordered[item, 0, slot] += sums[ORDERED, c]
        out.receipts[item, 0, slot] += sums[RECEIPTS, c]
        out.received[item, 0, slot] += sums[RECEIVED, c]
        out.on_order[item, 0, slot] += sums[POSITION, c] - sums[AFTER, c]
        for k in range(levels.top.shape[1]):
            out.on_hand[item, k, slot] += sums[EXCESS_AFTER, c]
            out.on_hand_start[item, k, slot] += sums[EXCESS_BEFORE, c]
            out.backorders[item, k, slot] -= sums[AFTER, c]
        for row in range(N_TALLIES):
            sums[row, c] = 0


@jit
def read_histograms(
    item: int,
    run: Schedule,
    group: int,
    levels: LevelArrays,
    ranks: IntArray,
    base: int,
    top: int,
    work: Work,
    out: Sums,
) -> None:
    """Sums at every level of an item in one descent through the bins, which are emptied.

    At level S the net stock of bin b is y + S with y = base + b. Going down, `after` and `before`
    hold the counts of the bins passed and `after_stock`, `before_stock` their units above the
    present bin.
    """
    word = work.before.dtype.type
    half = word(work.before.itemsize * 4)
    low = word((word(1) << half) - word(1))
    state = np.zeros((6, COLUMNS), np.int64)
    rank = ranks.shape[1] - 1
    for step in range(top + 1):
        cell = (top - step) * COLUMNS
        y = base + top - step
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
            after, before = work.after[cell + c], work.before[cell + c]
            state[0, c] += np.int64(after & low)
            state[1, c] += np.int64(before & low)
            state[4, c] += np.int64(after >> half)
            state[5, c] += np.int64(before >> half)
            work.after[cell + c] = word(0)
            work.before[cell + c] = word(0)
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
