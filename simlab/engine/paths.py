"""The randomness of one item on a block of lanes: demands, lead times, arrivals."""

from __future__ import annotations

from typing import Any

import numpy as np

from simlab.engine._jit import jit
from simlab.engine.kernel_types import Cells, ItemArrays, LevelArrays, Reach, Rule, Schedule, Work
from simlab.engine.lookup import fill_guide, look_up, search
from simlab.engine.streams import fill_words
from simlab.engine.tallies import (
    COLUMN,
    FLUSH,
    LOW_8,
    LOW_16,
    RECEIPTS,
    STRIDE,
    SUM_EVENTS,
    SUM_POSITION,
    SUM_RECEIPTS,
    T_MISSED,
    T_ORDERS,
    T_READY,
    T_RECEIPTS,
    T_SHORT,
    UNITS,
)
from simlab.engine.types import IntArray, WordArray


@jit
def rule_of(items: ItemArrays, item: int, levels: LevelArrays, k: int) -> Rule:
    """The ordering rule of one item at one column."""
    gap, quantity = levels.gap[item, k], levels.quantity[item, k]
    return Rule(gap, quantity, items.moq[item], items.pack[item], items.cap[item])


@jit
def guide_of(items: ItemArrays, item: int, work: Work) -> WordArray:
    """Guide of one item's quantile table; empty if the table is too long for one."""
    begin = items.laws.start[item]
    thresholds = items.laws.thresholds[begin : begin + items.laws.length[item]]
    return work.guide if fill_guide(thresholds, work.guide) else work.guide[:0]


@jit
def load_block(run: Schedule, block: int, work: Work) -> Any:
    """Set the lanes' replications; lanes beyond the block repeat its first. Returns its size."""
    cast = work.state.dtype.type
    start, size = run.block_start[block], run.block_size[block]
    for lane in range(run.width):
        source = start + lane if lane < size else start
        work.paths[lane] = run.paths[source]
        work.state[COLUMN + lane] = cast(run.columns[source])
    return size


@jit
def draw_demand(items: ItemArrays, item: int, run: Schedule, guide: WordArray, work: Work) -> None:
    """Demand of every period and lane of a block."""
    laws, demand, words, paths = items.laws, work.demand, work.words, work.paths
    begin, length = laws.start[item], laws.length[item]
    thresholds = laws.thresholds[begin : begin + length]
    at = laws.points_start[item]
    first = laws.first[item] if at < 0 else 0
    for row in range(0, demand.shape[0], FLUSH):
        fill_words(run.demand_key, items.keys[item], paths, row, words)
        look_up(words, guide, thresholds, first, work.cells, row, demand)
    if at >= 0:
        cast = demand.dtype.type
        for row in range(demand.shape[0]):
            for lane in range(demand.shape[1]):
                demand[row, lane] = cast(laws.points[at + demand[row, lane]])


@jit
def draw_delays(items: ItemArrays, item: int, run: Schedule, work: Work) -> Reach:
    """Periods from each review to the arrival of what it orders, unless they are constant."""
    delays, words = work.delays, work.words
    cast = delays.dtype.type
    begin = items.lead_start[item]
    end = begin + items.lead_length[item]
    least, most = items.lead_periods[begin], items.lead_periods[end - 1]
    if least == most:
        return Reach(least, most, True)
    thresholds = items.lead_thresholds[begin:end]
    review = items.review[item]
    epochs = (run.warmup + run.periods - items.phase[item] + review - 1) // review
    for epoch in range(epochs):
        if epoch % FLUSH == 0:
            fill_words(run.lead_key, items.keys[item], work.paths, epoch, words)
        for lane in range(run.width):
            at = search(thresholds, words[epoch % FLUSH, lane])
            delays[epoch, lane] = cast(items.lead_periods[begin + at])
    if items.crossing == 0:
        step = cast(review)
        for epoch in range(1, epochs):
            for lane in range(run.width):
                delays[epoch, lane] = max(delays[epoch, lane], cast(delays[epoch - 1, lane] - step))
    return Reach(least, most, False)


@jit
def collect(
    t: int,
    review: int,
    phase: int,
    reach: Reach,
    state: Cells,
    orders: Cells,
    delays: Cells,
    n: int,
    quiet: bool,
) -> bool:
    """Units and orders of positive size that arrive in period t, into the lanes' state.

    Parameters
    ----------
    quiet : bool
        Whether these rows of the state are all zero already.

    Returns
    -------
    bool
        True if nothing can arrive now (both rows are then zero).
    """
    cast = state.dtype.type
    zero, one = cast(0), cast(1)
    mask = orders.shape[0] - 1
    if reach.constant:
        placed = t - reach.least - phase
        if placed >= 0 and placed % review == 0:
            row = (placed // review) & mask
            for lane in range(n):
                size = orders[row, lane]
                state[UNITS + lane] = size
                state[RECEIPTS + lane] = one if size > zero else zero
            return False
    if not quiet:
        for lane in range(n):
            state[UNITS + lane] = zero
            state[RECEIPTS + lane] = zero
    if reach.constant:
        return True
    quiet = True
    delay = max(reach.least, (t - phase) % review)
    delay += (t - phase - delay) % review
    while delay <= reach.most and t - phase - delay >= 0:
        epoch = (t - phase - delay) // review
        row = epoch & mask
        wanted = cast(delay)
        for lane in range(n):
            size = orders[row, lane] if delays[epoch, lane] == wanted else zero
            state[UNITS + lane] = cast(state[UNITS + lane] + size)
            state[RECEIPTS + lane] = cast(state[RECEIPTS + lane] + (one if size > zero else zero))
        quiet = False
        delay += review
    return quiet


@jit
def clear_sums(state: Cells, tally: IntArray) -> None:
    """Set all accumulators to zero."""
    zero = state.dtype.type(0)
    for i in range(SUM_POSITION, state.size):
        state[i] = zero
    for row in range(tally.shape[0]):
        for lane in range(tally.shape[1]):
            tally[row, lane] = 0


@jit
def flush(state: Cells, tally: IntArray, n: int) -> None:
    """Empty the short accumulators into the 64-bit tallies and unpack the counters."""
    zero = state.dtype.type(0)
    for row in range(T_RECEIPTS):
        for lane in range(n):
            tally[row, lane] += state[SUM_POSITION + row * STRIDE + lane]
            state[SUM_POSITION + row * STRIDE + lane] = zero
    for lane in range(n):
        packed = np.int64(state[SUM_RECEIPTS + lane])
        tally[T_RECEIPTS, lane] += packed & LOW_16
        tally[T_MISSED, lane] += packed >> 16
        state[SUM_RECEIPTS + lane] = zero
    for lane in range(n):
        packed = np.int64(state[SUM_EVENTS + lane])
        tally[T_READY, lane] += packed & LOW_8
        tally[T_SHORT, lane] += (packed >> 8) & LOW_8
        tally[T_ORDERS, lane] += packed >> 16
        state[SUM_EVENTS + lane] = zero
