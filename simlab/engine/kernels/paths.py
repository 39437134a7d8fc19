"""The randomness of one item on a block of lanes: demands, lead times, arrivals."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simlab.arrays import IntArray, WordArray
from simlab.engine._jit import inner, step
from simlab.engine.kernels.copula import TAG_BLOCK
from simlab.engine.kernels.joint_phases import draw_delays_apart, draw_earlier, draws_phase, earlier_of
from simlab.engine.kernels.layout import (
    COLUMN,
    DRAWN,
    LOW_8,
    LOW_16,
    POSITION,
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
from simlab.engine.kernels.memory import Cells, Work
from simlab.engine.kernels.rules import NO_CEILING
from simlab.engine.kernels.streams import HALF, fill_words, start_offset, word_at
from simlab.engine.kernels.types import Clock, ItemArrays, LevelArrays, Reach, Rule, Schedule
from simlab.engine.laws.lookup import search, search_part

FEW_POINTS = 24
"""Support points of a lead time up to which comparing with all of them is quicker than a search."""


@step
def rule_of(items: ItemArrays, item: int, levels: LevelArrays, k: int) -> Rule:
    """The ordering rule of one item at one column."""
    gap, quantity = levels.gap[item, k], levels.quantity[item, k]
    ceiling: Any = np.int64(NO_CEILING)
    if 0 < items.ceiling[item] < NO_CEILING:
        ceiling = items.ceiling[item] - levels.top[item, k]
    return Rule(gap, quantity, items.moq[item], items.pack[item], items.cap[item], ceiling)


@step
def first_position(
    items: ItemArrays, item: int, levels: LevelArrays, k: int, run: Schedule, path: int
) -> Any:
    """Position less S with which a path begins, all of it on the shelf: the same word at every column."""
    starts, key = levels.starts, items.keys[item]
    length, width = starts.length[item, k], starts.width[item, k]
    if length > 0:
        word = word_at(run.start_key, key, path, 0)
        below = np.int64(search_part(starts.thresholds, starts.begin[item, k], length, word))
        return -below - earlier_of(items, item, run, path)
    if width == 1:
        return np.int64(1) - levels.gap[item, k]
    return start_offset(run.start_key, key, path, width) + 1 - levels.gap[item, k]


@step
def first_stock(items: ItemArrays, item: int, position: Any) -> Any:
    """Net stock before period 0: as given, or the position that a path begins with, all on the shelf."""
    if items.opening.given == 1:
        return items.opening.on_hand[item]
    return np.int64(max(position, 0) if items.unmet[item] > 0 else position)


@step
def opening_arrival(items: ItemArrays, item: int, run: Schedule, path: int) -> Any:
    """Period in which a given start's pipeline arrives; without one, the lead time of the review before."""
    begin = items.opening.lead_start[item]
    thresholds = items.lead_thresholds[begin : begin + items.opening.lead_length[item]]
    word = word_at(run.start_key, items.keys[item], path, 2)
    return items.lead_periods[begin + search(thresholds, word)]


@step
def opens(items: ItemArrays, item: int) -> bool:
    """Whether a given start's pipeline is on order when paths begin."""
    return items.opening.given == 1 and items.opening.on_order[item] > 0


@inner
def draw_starts(items: ItemArrays, item: int, levels: LevelArrays, k: int, run: Schedule, work: Work) -> None:
    """What `first_position` draws, of a block of lanes into the first row of `work.cells`.

    Words are drawn at the first column, and looked up again only where the law is not that of the column
    before; neither row may be written over between columns.
    """
    starts, words, out = levels.starts, work.words, work.cells
    begin, length, width = starts.begin[item, k], starts.length[item, k], starts.width[item, k]
    if k == 0:
        draw_earlier(items, item, levels, run, work)
        drawn = False
        for column in range(starts.width.shape[1]):
            drawn = drawn or starts.length[item, column] > 0 or starts.width[item, column] > 1
        if drawn:
            fill_words(run.start_key, items.keys[item], work.paths, 0, words[:4])
    elif (
        starts.begin[item, k - 1] == begin
        and starts.length[item, k - 1] == length
        and starts.width[item, k - 1] == width
    ):
        return
    if length > 0:
        for lane in range(run.width):
            out[0, lane] = np.uint32(search_part(starts.thresholds, begin, length, words[0, lane]))
    elif width > 1:
        q = np.uint64(width)
        for lane in range(run.width):
            low = (np.uint64(words[1, lane]) * q) >> HALF
            out[0, lane] = np.uint32((np.uint64(words[0, lane]) * q + low) >> HALF)
    else:
        for lane in range(run.width):
            out[0, lane] = np.uint32(0)


@step
def drawn_position(item: int, levels: LevelArrays, k: int, drawn: Any, earlier: Any) -> Any:
    """`first_position` from what was drawn: units below S by a table and `earlier`, else above s + 1."""
    if levels.starts.length[item, k] > 0:
        return -np.int64(drawn) - earlier
    return np.int64(drawn) + 1 - levels.gap[item, k]


@inner
def load_block(run: Schedule, block: int, work: Work) -> Any:
    """Set the lanes' replications; lanes beyond the block repeat its first. Returns its size."""
    cast = work.state.dtype.type
    start, size = run.block_start[block], run.block_size[block]
    work.mixing.tags[TAG_BLOCK] = block
    for lane in range(run.width):
        source = start + lane if lane < size else start
        work.paths[lane] = run.paths[source]
        work.state[COLUMN + lane] = cast(run.columns[source])
    return size


@step
def add_steps(
    items: ItemArrays,
    point: int,
    end: int,
    more: bool,
    least: int,
    words: WordArray,
    row: int,
    delays: Cells,
    epoch: int,
    n: int,
) -> None:
    """Add the steps of four points of a lead-time table that lie below the lanes' words."""
    cast = delays.dtype.type
    zero, base, keep = cast(0), cast(0 if more else least), cast(-1 if more else 0)
    p1, p2, p3 = min(point + 1, end), min(point + 2, end), min(point + 3, end)
    p4 = min(point + 4, end)
    periods, thresholds = items.lead_periods, items.lead_thresholds
    t0, t1, t2, t3 = thresholds[point], thresholds[p1], thresholds[p2], thresholds[p3]
    g0, g1 = cast(periods[p1] - periods[point]), cast(periods[p2] - periods[p1])
    g2, g3 = cast(periods[p3] - periods[p2]), cast(periods[p4] - periods[p3])
    for lane in range(n):
        word = words[row, lane]
        a = cast((g0 if word >= t0 else zero) + (g1 if word >= t1 else zero))
        b = cast((g2 if word >= t2 else zero) + (g3 if word >= t3 else zero))
        delays[epoch, lane] = cast(cast((delays[epoch, lane] & keep) + base) + cast(a + b))


@inner
def draw_delays(items: ItemArrays, item: int, run: Schedule, work: Work) -> Reach:
    """Periods from each review to the arrival of what it orders, unless they are constant.

    Of items whose orders alone hold others back the words; `keep_sequence` looks up what is ordered.
    """
    delays, words = work.delays, work.words
    cast = delays.dtype.type
    begin = items.lead_start[item]
    end = begin + items.lead_length[item]
    least, most = items.lead_periods[begin], items.lead_periods[end - 1]
    if opens(items, item) or (items.crossing == 0 and least < most):
        for lane in range(run.width):
            work.opening[lane] = opening_arrival(items, item, run, work.paths[lane])
    if least == most:
        return Reach(least, most, True)
    if draws_phase(items, item):
        return draw_delays_apart(items, item, run, work)
    thresholds = items.lead_thresholds[begin:end]
    review = items.review[item]
    epochs = (run.warmup + run.periods - items.phase[item] + review - 1) // review
    if sequenced(items, item):
        for epoch in range(epochs):
            if epoch % DRAWN == 0:
                fill_words(run.lead_key, items.keys[item], work.paths, epoch, words)
            for lane in range(run.width):
                work.drawn[epoch, lane] = words[epoch % DRAWN, lane]
        return Reach(least, most, False)
    few = end - begin <= FEW_POINTS
    for epoch in range(epochs):
        row = epoch % DRAWN
        if row == 0:
            fill_words(run.lead_key, items.keys[item], work.paths, epoch, words)
        if few:
            for point in range(begin, end - 1, 4):
                add_steps(items, point, end - 1, point > begin, least, words, row, delays, epoch, run.width)
        else:
            for lane in range(run.width):
                at = search(thresholds, words[row, lane])
                delays[epoch, lane] = cast(items.lead_periods[begin + at])
    if items.crossing == 0:
        step = cast(review)
        ahead = items.phase[item] if opens(items, item) else review
        for lane in range(run.width if epochs > 0 else 0):
            delays[0, lane] = max(delays[0, lane], cast(work.opening[lane] - ahead))
        for epoch in range(1, epochs):
            for lane in range(run.width):
                delays[epoch, lane] = max(delays[epoch, lane], cast(delays[epoch - 1, lane] - step))
    return Reach(least, most, False)


@step
def sequenced(items: ItemArrays, item: int) -> Any:
    """Whether an order's lead time depends on the order ahead of it; see `sequence`."""
    return items.sequence.begin[item] >= 0


@step
def clear_arrivals(state: Cells, n: int) -> None:
    """Nothing arrives."""
    zero = state.dtype.type(0)
    for lane in range(n):
        state[UNITS + lane] = zero
        state[RECEIPTS + lane] = zero


@step
def add_opening(t: int, units: int, state: Cells, opening: IntArray, n: int) -> None:
    """Units of a given start's pipeline arrive in the lanes whose period it is."""
    cast = state.dtype.type
    zero, one, size = cast(0), cast(1), cast(units)
    for lane in range(n):
        now = opening[lane] == t
        state[UNITS + lane] = cast(state[UNITS + lane] + (size if now else zero))
        state[RECEIPTS + lane] = cast(state[RECEIPTS + lane] + (one if now else zero))


@step
def take_row(state: Cells, orders: Cells, row: int, n: int) -> None:
    """All of one review's orders arrive."""
    zero, one = state.dtype.type(0), state.dtype.type(1)
    for lane in range(n):
        size = orders[row, lane]
        state[UNITS + lane] = size
        state[RECEIPTS + lane] = one if size > zero else zero


class Reviews(NamedTuple):
    """Five reviews in a row, the latest first: their epochs, rows of orders, and delays until now."""

    epochs: tuple[int, int, int, int, int]
    rows: tuple[int, int, int, int, int]
    delays: tuple[Any, Any, Any, Any, Any]


@step
def five_reviews(delay: int, epoch: int, mask: int, review: int, state: Cells) -> Reviews:
    """Reviews from `epoch` back, the first `delay` periods ago; one before the first has delay −1."""
    cast = state.dtype.type
    e1, e2, e3, e4 = max(epoch - 1, 0), max(epoch - 2, 0), max(epoch - 3, 0), max(epoch - 4, 0)
    return Reviews(
        (epoch, e1, e2, e3, e4),
        (epoch & mask, e1 & mask, e2 & mask, e3 & mask, e4 & mask),
        (
            cast(delay),
            cast(delay + review if epoch >= 1 else -1),
            cast(delay + 2 * review if epoch >= 2 else -1),
            cast(delay + 3 * review if epoch >= 3 else -1),
            cast(delay + 4 * review if epoch >= 4 else -1),
        ),
    )


@step
def arriving(lane: int, of: Reviews, state: Cells, orders: Cells, delays: Cells) -> tuple[Any, Any]:
    """Units and orders of one lane that five reviews ordered for now."""
    cast = state.dtype.type
    zero, one = cast(0), cast(1)
    a = orders[of.rows[0], lane] if delays[of.epochs[0], lane] == of.delays[0] else zero
    b = orders[of.rows[1], lane] if delays[of.epochs[1], lane] == of.delays[1] else zero
    c = orders[of.rows[2], lane] if delays[of.epochs[2], lane] == of.delays[2] else zero
    d = orders[of.rows[3], lane] if delays[of.epochs[3], lane] == of.delays[3] else zero
    e = orders[of.rows[4], lane] if delays[of.epochs[4], lane] == of.delays[4] else zero
    receipts = cast((one if a > zero else zero) + (one if b > zero else zero))
    receipts = cast(receipts + cast((one if c > zero else zero) + (one if d > zero else zero)))
    receipts = cast(receipts + (one if e > zero else zero))
    return cast(cast(cast(a + b) + cast(c + d)) + e), receipts


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
    cast, mask = state.dtype.type, orders.shape[0] - 1
    delay = since
    if epoch < 0:
        return True
    while delay < reach.least:
        delay += review
        epoch -= 1
    if delay > reach.most or epoch < 0:
        return True
    later = False
    while delay <= reach.most and epoch >= 0:
        found = five_reviews(delay, epoch, mask, review, state)
        keep = cast(-1 if later else 0)
        for lane in range(n):
            units, receipts = arriving(lane, found, state, orders, delays)
            state[UNITS + lane] = cast(units + (state[UNITS + lane] & keep))
            state[RECEIPTS + lane] = cast(receipts + (state[RECEIPTS + lane] & keep))
        later = True
        delay += 5 * review
        epoch -= 5
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


@step
def add_positions(state: Cells, n: int) -> None:
    """Sum the positions up, where lead times differ and orders cannot tell how long they were due."""
    cast = state.dtype.type
    for lane in range(n):
        state[SUM_POSITION + lane] = cast(state[SUM_POSITION + lane] + state[POSITION + lane])


@inner
def clear_sums(state: Cells, tally: IntArray) -> None:
    """Set all accumulators to zero."""
    zero = state.dtype.type(0)
    for i in range(SUM_POSITION, state.size):
        state[np.uintp(i)] = zero  # an index that may be negative would be written one by one
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
