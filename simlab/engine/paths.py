"""The randomness of one item on a block of lanes: demands, lead times, arrivals."""

from __future__ import annotations

from typing import Any

from simlab.engine._jit import jit
from simlab.engine.kernel_types import ItemArrays, LevelArrays, Reach, Rule, Schedule, Work
from simlab.engine.lookup import look_up, search
from simlab.engine.streams import fill_words
from simlab.engine.types import IntArray, WordArray

FLUSH = 32
"""Periods after which 32-bit accumulators are emptied into 64-bit ones."""


@jit
def rule_of(items: ItemArrays, item: int, levels: LevelArrays, k: int) -> Rule:
    """The ordering rule of one item at one column."""
    gap, quantity = levels.gap[item, k], levels.quantity[item, k]
    return Rule(gap, quantity, items.moq[item], items.pack[item], items.cap[item])


@jit
def clear_tally(work: Work) -> None:
    """Set the lanes' totals to zero."""
    for row in range(work.tally.shape[0]):
        for lane in range(work.tally.shape[1]):
            work.tally[row, lane] = 0


@jit
def load_block(run: Schedule, block: int, work: Work) -> Any:
    """Set the lanes' replications; lanes beyond the block repeat its first. Returns its size."""
    cast = work.columns.dtype.type
    start, size = run.block_start[block], run.block_size[block]
    for lane in range(run.width):
        source = start + lane if lane < size else start
        work.paths[lane] = run.paths[source]
        work.columns[lane] = cast(run.columns[source])
    for lane in range(run.width):
        work.demanded[lane] = 0
    return size


@jit
def draw_demand(
    items: ItemArrays,
    item: int,
    run: Schedule,
    table: tuple[int, IntArray, WordArray],
    guide: WordArray,
    work: Work,
) -> None:
    """Demand of every period and lane of a block."""
    first, points, thresholds = table
    fill_words(run.demand_key, items.keys[item], work.paths, 0, work.words)
    look_up(work.words, guide, thresholds, points, first, work.cells, work.demand)


@jit
def draw_delays(items: ItemArrays, item: int, run: Schedule, work: Work) -> Reach:
    """Periods from each review to the arrival of what it orders, unless they are constant."""
    delays, words = work.delays, work.words
    cast = delays.dtype.type
    begin = items.lead_start[item]
    end = begin + items.lead_length[item]
    periods = items.lead_periods[begin:end]
    least, most = periods[0], periods[periods.size - 1]
    if least == most:
        return Reach(least, most, True)
    thresholds = items.lead_thresholds[begin:end]
    review = items.review[item]
    epochs = (run.warmup + run.periods - items.phase[item] + review - 1) // review
    lanes = work.paths.size
    fill_words(run.lead_key, items.keys[item], work.paths, 0, words[: (epochs + 3) // 4 * 4])
    for epoch in range(epochs):
        for lane in range(lanes):
            delays[epoch, lane] = cast(periods[search(thresholds, words[epoch, lane])])
    if items.crossing == 0:
        step = cast(review)
        for epoch in range(1, epochs):
            for lane in range(lanes):
                delays[epoch, lane] = max(delays[epoch, lane], cast(delays[epoch - 1, lane] - step))
    return Reach(least, most, False)


@jit
def flush(work: Work) -> None:
    """Empty the short accumulators into the 64-bit ones."""
    zero = work.part.dtype.type(0)
    for row in range(work.part.shape[0]):
        for lane in range(work.part.shape[1]):
            work.tally[row, lane] += work.part[row, lane]
            work.part[row, lane] = zero


@jit
def collect(items: ItemArrays, item: int, t: int, reach: Reach, work: Work, quiet: bool) -> bool:
    """Units and orders of positive size that arrive in period t.

    Parameters
    ----------
    quiet : bool
        Whether `work.units` and `work.receipts` are all zero already.

    Returns
    -------
    bool
        True if nothing can arrive now (both rows are then zero).
    """
    units, receipts, orders, delays = work.units, work.receipts, work.orders, work.delays
    cast = orders.dtype.type
    lanes = units.size
    zero, one = cast(0), cast(1)
    review, phase = items.review[item], items.phase[item]
    found = False
    for delay in range(reach.least, reach.most + 1):
        placed = t - delay - phase
        if placed < 0:
            break
        if placed % review:
            continue
        epoch = placed // review
        if reach.constant:
            for lane in range(lanes):
                units[lane] = orders[epoch, lane]
                receipts[lane] = one if orders[epoch, lane] > 0 else zero
            return False
        if not found and not quiet:
            for lane in range(lanes):
                units[lane] = zero
                receipts[lane] = zero
        found = True
        wanted = cast(delay)
        for lane in range(lanes):
            size = orders[epoch, lane] if delays[epoch, lane] == wanted else zero
            units[lane] = cast(units[lane] + size)
            receipts[lane] = cast(receipts[lane] + (one if size > 0 else zero))
    if not found and not quiet:
        for lane in range(lanes):
            units[lane] = zero
            receipts[lane] = zero
    return not found
