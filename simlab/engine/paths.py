"""The randomness of one item on a block of lanes: demands, lead times, arrivals."""

from __future__ import annotations

from typing import Any

import numpy as np

from simlab.engine._jit import inner, step
from simlab.engine.kernel_types import Cells, Clock, ItemArrays, LevelArrays, Reach, Rule, Schedule, Work
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
from simlab.engine.types import IntArray

FEW_POINTS = 24
"""Support points of a lead time up to which comparing with all of them is quicker than a search."""


@step
def rule_of(items: ItemArrays, item: int, levels: LevelArrays, k: int) -> Rule:
    """The ordering rule of one item at one column."""
    gap, quantity = levels.gap[item, k], levels.quantity[item, k]
    return Rule(gap, quantity, items.moq[item], items.pack[item], items.cap[item])


@inner
def make_guide(items: ItemArrays, item: int, work: Work) -> bool:
    """Fill the guide of one item's quantile table; False if the table is too long for one."""
    begin = items.laws.start[item]
    thresholds = items.laws.thresholds[begin : begin + items.laws.length[item]]
    return fill_guide(thresholds, work.guide)


@inner
def load_block(run: Schedule, block: int, work: Work) -> Any:
    """Set the lanes' replications; lanes beyond the block repeat its first. Returns its size."""
    cast = work.state.dtype.type
    start, size = run.block_start[block], run.block_size[block]
    for lane in range(run.width):
        source = start + lane if lane < size else start
        work.paths[lane] = run.paths[source]
        work.state[COLUMN + lane] = cast(run.columns[source])
    return size


@inner
def draw_demand(items: ItemArrays, item: int, run: Schedule, guided: bool, work: Work) -> None:
    """Demand of every period and lane of a block."""
    laws, demand, words, paths = items.laws, work.demand, work.words, work.paths
    begin, length = laws.start[item], laws.length[item]
    thresholds = laws.thresholds[begin : begin + length]
    at = laws.points_start[item]
    first = laws.first[item] if at < 0 else 0
    for row in range(0, demand.shape[0], FLUSH):
        fill_words(run.demand_key, items.keys[item], paths, row, words)
        look_up(words, guided, work.guide, thresholds, first, work.cells, row, demand)
    if at >= 0:
        cast = demand.dtype.type
        for row in range(demand.shape[0]):
            for lane in range(demand.shape[1]):
                demand[row, lane] = cast(laws.points[at + demand[row, lane]])


@inner
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
    few = end - begin <= FEW_POINTS
    for epoch in range(epochs):
        row = epoch % FLUSH
        if row == 0:
            fill_words(run.lead_key, items.keys[item], work.paths, epoch, words)
        if few:
            for lane in range(run.width):
                delays[epoch, lane] = cast(least)
            for point in range(begin, end - 1):
                gap, threshold = (
                    items.lead_periods[point + 1] - items.lead_periods[point],
                    items.lead_thresholds[point],
                )
                longer = cast(gap)
                for lane in range(run.width):
                    more = longer if words[row, lane] >= threshold else cast(0)
                    delays[epoch, lane] = cast(delays[epoch, lane] + more)
        else:
            for lane in range(run.width):
                at = search(thresholds, words[row, lane])
                delays[epoch, lane] = cast(items.lead_periods[begin + at])
    if items.crossing == 0:
        step = cast(review)
        for epoch in range(1, epochs):
            for lane in range(run.width):
                delays[epoch, lane] = max(delays[epoch, lane], cast(delays[epoch - 1, lane] - step))
    return Reach(least, most, False)


@step
def clear_arrivals(state: Cells, n: int) -> None:
    """Nothing arrives."""
    zero = state.dtype.type(0)
    for lane in range(n):
        state[UNITS + lane] = zero
        state[RECEIPTS + lane] = zero


@step
def take_row(state: Cells, orders: Cells, row: int, n: int) -> None:
    """All of one review's orders arrive."""
    zero, one = state.dtype.type(0), state.dtype.type(1)
    for lane in range(n):
        size = orders[row, lane]
        state[UNITS + lane] = size
        state[RECEIPTS + lane] = one if size > zero else zero


@step
def collect(
    since: int, epoch: int, reach: Reach, review: int, state: Cells, orders: Cells, delays: Cells, n: int
) -> bool:
    """Units and orders of positive size that arrive now, where delays vary by lane.

    Parameters
    ----------
    since, epoch : int
        Periods since the last review, and its number.

    Returns
    -------
    bool
        True if no review lies where something could come from (the lanes' rows are then untouched).
    """
    cast = state.dtype.type
    zero, one = cast(0), cast(1)
    mask = orders.shape[0] - 1
    delay = since
    if epoch < 0:
        return True
    while delay < reach.least:
        delay += review
        epoch -= 1
    if delay > reach.most or epoch < 0:
        return True
    clear_arrivals(state, n)
    while delay <= reach.most and epoch >= 0:
        row, wanted = epoch & mask, cast(delay)
        for lane in range(n):
            size = orders[row, lane] if delays[epoch, lane] == wanted else zero
            state[UNITS + lane] = cast(state[UNITS + lane] + size)
            state[RECEIPTS + lane] = cast(state[RECEIPTS + lane] + (one if size > zero else zero))
        delay += review
        epoch -= 1
    return False


@step
def arrive(
    t: int, clock: Clock, reach: Reach, state: Cells, orders: Cells, delays: Cells, n: int, quiet: bool
) -> bool:
    """What arrives in period t, into the lanes' rows of units and receipts.

    Parameters
    ----------
    clock : Clock
        The last review, the first arrival not yet taken, and the review period.
    quiet : bool
        Whether both rows are all zero already.

    Returns
    -------
    bool
        True if both rows are all zero now.
    """
    if reach.constant:
        if t == clock.arrival:
            take_row(state, orders, clock.arriving & (orders.shape[0] - 1), n)
            return False
    elif clock.epoch >= 0 and not collect(
        t - clock.reviewed, clock.epoch, reach, clock.review, state, orders, delays, n
    ):
        return False
    if not quiet:
        clear_arrivals(state, n)
    return True


@inner
def clear_sums(state: Cells, tally: IntArray) -> None:
    """Set all accumulators to zero."""
    zero = state.dtype.type(0)
    for i in range(SUM_POSITION, state.size):
        state[i] = zero
    for row in range(tally.shape[0]):
        for lane in range(tally.shape[1]):
            tally[row, lane] = 0


@inner
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
