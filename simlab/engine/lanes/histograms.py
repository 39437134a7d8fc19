"""From a path's histograms and tallies to the sums at every requested level."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simlab.arrays import IntArray
from simlab.engine._jit import inner, step
from simlab.engine.kernels.layout import (
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
from simlab.engine.kernels.memory import Cells, Work
from simlab.engine.kernels.types import LevelArrays, Schedule, Sums

# rows of the reading: counts of the bins passed, their units above the present bin, and second planes
AFTER, BEFORE, UNITS_AFTER, UNITS_BEFORE, RECEIVED, IDLE = (row * COLUMNS for row in range(6))


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


class Share(NamedTuple):
    """Slots of a group of replications: how many from `first` on, and columns of the histograms for each.

    Column c belongs to slot first + c mod width: neighbours stay neighbours, so that adding vectorises.
    """

    first: int
    width: int
    stripes: int


@step
def share_of(slots: int, number: int) -> Share:
    """The slots of a histogram, counted over all groups; the layout of `workspace.make_schedule`."""
    if slots <= COLUMNS:
        return Share(0, slots, COLUMNS // slots)
    return Share(number * COLUMNS, max(min(COLUMNS, slots - number * COLUMNS), 0), 1)


@inner
def set_columns(run: Schedule, block: int, bins: tuple[int, int], work: Work) -> None:
    """Where each lane of a block is counted: the histogram of its column, and the place within."""
    if run.beside == 1:
        return
    cast = work.state.dtype.type
    start, size, length = run.block_start[block], run.block_size[block], (bins[1] + 1) * 2 * COLUMNS
    for lane in range(run.width):
        column = run.columns[start + lane if lane < size else start]
        work.state[COLUMN + lane] = cast((column >> 5) * length + (column & 31))


@inner
def add_by_column(run: Schedule, block: int, n_real: int, work: Work) -> None:
    """Add the lanes' tallies up by histogram column."""
    start = run.block_start[block]
    for row in range(N_TALLIES):
        for lane in range(n_real):
            work.by_column[row, run.columns[start + lane]] += work.tally[row, lane]


@inner
def read_columns(item: int, group: int, beside: int, levels: LevelArrays, work: Work, out: Sums) -> None:
    """Give the tallies of a group to their slots and empty them.

    The shelf above the histograms' range counts alike at every level. Backorders are the shelf, which
    `close_item` adds, less the net stock, which is relative to S here.
    """
    sums = work.by_column
    for number in range(beside):
        share, at = share_of(out.demanded.shape[1], group * beside + number), number * COLUMNS
        for stripe in range(share.stripes):
            begin = at + stripe * share.width
            for j in range(share.width):
                slot, c = share.first + j, begin + j
                out.demanded[item, slot] += sums[T_DEMAND, c]
                out.orders[item, 0, slot] += sums[T_ORDERS, c]
                out.ordered[item, 0, slot] += sums[T_ORDERED, c]
                out.receipts[item, 0, slot] += sums[T_RECEIPTS, c]
                out.received[item, 0, slot] += sums[T_RECEIVED, c]
                out.on_order[item, 0, slot] += sums[T_ON_ORDER, c]
            for k in range(levels.top.shape[1]):
                for j in range(share.width):
                    out.on_hand[item, k, share.first + j] += sums[T_AFTER, begin + j]
                    out.on_hand_start[item, k, share.first + j] += sums[T_BEFORE, begin + j]
                    out.backorders[item, k, share.first + j] -= sums[T_NET, begin + j]
    for row in range(N_TALLIES):
        for c in range(sums.shape[1]):
            sums[row, c] = 0


@inner
def read_histograms(
    item: int,
    group: int,
    number: int,
    beside: int,
    levels: LevelArrays,
    ranks: IntArray,
    bins: tuple[int, int],
    single: bool,
    work: Work,
    out: Sums,
) -> None:
    """Sums at every level of an item in one descent through the bins of a histogram, which are emptied.

    It is the group's `number` of those kept `beside` each other.

    At level S the net stock of bin b is y + S with y = base + b; `bins` = (base, last b). Going
    down, rows of `work.reading` hold the counts of the bins passed (after, before), their units above the
    present bin, and the counters' second planes (receipts, periods without demand). Where at most a
    `single` order arrives in a period, the second plane of "after" counts its periods too.
    """
    state, share = work.reading, share_of(out.demanded.shape[1], group * beside + number)
    if share.width == 0:
        return
    for i in range(state.size):
        state[i] = 0
    base, top = bins
    begins = number * (top + 1)
    rank = ranks.shape[1] - 1
    for down in range(top + 1):
        y = base + top - down
        for c in range(COLUMNS):
            state[UNITS_AFTER + c] += state[AFTER + c]
            state[UNITS_BEFORE + c] += state[BEFORE + c]
        first = rank
        while rank >= 0 and y == -levels.top[item, ranks[item, rank]]:
            k = ranks[item, rank]
            for begin in range(0, share.stripes * share.width, share.width):
                for j in range(share.width):
                    out.on_hand[item, k, share.first + j] += state[UNITS_AFTER + begin + j]
                    out.on_hand_start[item, k, share.first + j] += state[UNITS_BEFORE + begin + j]
                    out.ready[item, k, share.first + j] += state[AFTER + begin + j]
            rank -= 1
        take_bin(begins + top - down, single, work)
        for r in range(rank + 1, first + 1):
            k = ranks[item, r]
            for begin in range(0, share.stripes * share.width, share.width):
                for j in range(share.width):
                    out.good_receipts[item, k, share.first + j] += state[RECEIVED + begin + j]
                    out.short[item, k, share.first + j] -= state[AFTER + begin + j] - state[IDLE + begin + j]
    for k in range(ranks.shape[1]):
        level = levels.top[item, k]
        for begin in range(0, share.stripes * share.width, share.width):
            for j in range(share.width):
                out.short[item, k, share.first + j] += state[AFTER + begin + j] - state[IDLE + begin + j]
                out.backorders[item, k, share.first + j] -= state[AFTER + begin + j] * level


@step
def take_bin(b: int, single: bool, work: Work) -> None:
    """Add a bin's counters to the rows of the reading, and empty it."""
    state, after, before = work.reading, work.after, work.before
    word, beside = before.dtype.type, np.uintp(COLUMNS)
    shared = np.int64(1 if single else 0)
    full = (np.int64(1) << np.int64(8 * before.itemsize)) - 1
    cell = np.uintp(b * 2 * COLUMNS)
    for c in range(COLUMNS):
        at = cell + np.uintp(c)
        received = np.int64(after[at + beside])
        state[AFTER + c] += (np.int64(after[at]) + received * shared) & full
        state[RECEIVED + c] += received
        after[at] = word(0)
        after[at + beside] = word(0)
    for c in range(COLUMNS):
        at = cell + np.uintp(c)
        idle = np.int64(before[at + beside])
        state[BEFORE + c] += np.int64(before[at]) + idle
        state[IDLE + c] += idle
        before[at] = word(0)
        before[at + beside] = word(0)
