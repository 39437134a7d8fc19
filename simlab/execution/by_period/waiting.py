"""What an order placed now changes where all unmet demand waits and lead times are random.

The counts are those of `engine.recorder.shortage`, to the unit: since nothing is lost, net stock with the
order is net stock without it and the quantity once it is there, so that one pass over sums and minima does.
"""

from __future__ import annotations

import numpy as np

from simlab.arrays import BoolArray, IntArray, WordArray
from simlab.engine._jit import inner, kernel
from simlab.engine.kernels.draws import draw_demand, make_guide
from simlab.engine.kernels.layout import MOST_LANES
from simlab.engine.kernels.memory import Work
from simlab.engine.kernels.paths import FEW_POINTS, load_block
from simlab.engine.kernels.streams import fill_words
from simlab.engine.kernels.types import ItemArrays, Schedule
from simlab.engine.laws.lookup import search
from simlab.engine.prepare.arrays import item_arrays
from simlab.engine.prepare.workspace import make_work, schedule
from simlab.engine.recorder.shortage import Lanes, Shortage, due_in
from simlab.engine.world.world import Horizon, Start, Unmet, World

_ROWS = 6
_NET, _SHORT, _UNITS, _LATE_SHORT, _LATE_UNITS, _ASKED = range(_ROWS)


def follows(world: World, start: Start) -> BoolArray:
    """(n,) items that one pass follows: all unmet demand waits, and an arrival is drawn."""
    drawn = (world.lead_time.length[world.lead_time.law] > 1) | (start.on_order > 0)
    return np.asarray((world.terms.unmet == Unmet.BACKORDER) & drawn)


def look_past(
    world: World,
    start: Start,
    quantity: IntArray,
    next_review: IntArray,
    *,
    paths: int,
    seed: int,
    windows: bool = False,
) -> Shortage:
    """`engine.recorder.shortage.look_ahead` of items that `follows` names, in one thread."""
    longest = world.lead_time.longest()
    horizon = Horizon(int((next_review + longest).max(initial=1)), 0, paths, 1, seed)
    run = schedule(horizon, grouped=False)
    work = make_work(run, np.dtype(np.int64), world, bins=1, rows_kept=1, epochs=0)
    found = nothing_counted(world.n_items, paths, windows=windows)
    fill_past(
        item_arrays(world.starting(start)),
        run,
        quantity.astype(np.int64),
        next_review.astype(np.int64),
        work,
        _lanes(),
        np.zeros((_ROWS, MOST_LANES), np.int64),
        found.short,
        found.units,
        found.demanded,
        found.windows,
    )
    return found


def nothing_counted(n: int, paths: int, *, windows: bool) -> Shortage:
    """Zeros to count into, of n items."""
    return Shortage(
        np.zeros((n, 2), np.int64),
        np.zeros((n, 2), np.int64),
        np.zeros(n, np.int64),
        np.zeros((n if windows else 0, paths), np.int64),
        paths,
    )


def _lanes() -> Lanes:
    """Where arrivals are drawn to; nothing else is used of it."""
    one, none = np.zeros((3, MOST_LANES), np.int64), np.zeros((1, 0), np.int64)
    words: WordArray = np.zeros((4, MOST_LANES), np.uint32)
    return Lanes(words, one[0], one[1], one[2], none, none, none, none, none[0])


@kernel
def fill_past(
    items: ItemArrays,
    run: Schedule,
    quantity: IntArray,
    next_review: IntArray,
    work: Work,
    lanes: Lanes,
    book: IntArray,
    short: IntArray,
    units: IntArray,
    demanded: IntArray,
    windows: IntArray,
) -> None:
    """Fill the counts item by item and block by block."""
    for item in range(items.keys.size):
        guided = make_guide(items, item, work)
        for block in range(run.block_start.size):
            n = load_block(run, block, work)
            draw_demand(items, item, run, guided, work)
            draw_arrivals(items, item, run, next_review[item], work, lanes)
            end = 0
            for lane in range(n):
                end = max(end, lanes.second[lane])
            follow(items, item, end, n, quantity[item], work, lanes, book)
            for lane in range(n):
                demanded[item] += book[_ASKED, lane]
                short[item, 0] += book[_SHORT, lane]
                short[item, 1] += book[_LATE_SHORT, lane]
                units[item, 0] += book[_UNITS, lane]
                units[item, 1] += book[_LATE_UNITS, lane]
                if windows.shape[0] > 0:
                    windows[item, work.paths[lane]] = book[_ASKED, lane]


@inner
def draw_arrivals(
    items: ItemArrays, item: int, run: Schedule, next_review: int, work: Work, lanes: Lanes
) -> None:
    """When the order, the next one and what is on order without a date arrive; only what is needed."""
    begin = items.opening.lead_start[item]
    thresholds = items.lead_thresholds[begin : begin + items.opening.lead_length[item]]
    periods = items.lead_periods[begin : begin + thresholds.size]
    n, words = work.paths.size, lanes.words[:, : work.paths.size]
    if thresholds.size > 1:
        fill_words(run.lead_key, items.keys[item], work.paths, 0, words)
    drawn_from(thresholds, periods, words[0], lanes.first, n)
    if items.crossing == 1:
        drawn_from(thresholds, periods, words[1], lanes.second, n)
        for lane in range(n):
            lanes.second[lane] += next_review
    else:
        for lane in range(n):
            lanes.second[lane] = next_review + lanes.first[lane]
    if items.opening.on_order[item] > 0:
        drawn_from(thresholds, periods, words[2], lanes.pipe, n)


@inner
def drawn_from(thresholds: WordArray, periods: IntArray, words: WordArray, out: IntArray, n: int) -> None:
    """Lead times of the words: the least point whose threshold exceeds the word."""
    last = thresholds.size - 1
    if last == 0:
        for lane in range(n):
            out[lane] = periods[0]
    elif last < FEW_POINTS:
        for lane in range(n):
            out[lane] = periods[0]
        for point in range(last):
            step = periods[point + 1] - periods[point]
            for lane in range(n):
                out[lane] += step if words[lane] >= thresholds[point] else np.int64(0)
    else:
        for lane in range(n):
            out[lane] = periods[search(thresholds, words[lane])]


@inner
def follow(
    items: ItemArrays, item: int, end: int, n: int, quantity: int, work: Work, lanes: Lanes, book: IntArray
) -> None:
    """Net stock of a block of lanes without the order, and with it from its arrival on."""
    first, second, pipe, demand = lanes.first, lanes.second, lanes.pipe, work.demand
    net, short, units, asked_for = book[_NET], book[_SHORT], book[_UNITS], book[_ASKED]
    late_short, late_units, under_way = book[_LATE_SHORT], book[_LATE_UNITS], items.opening.on_order[item]
    for lane in range(n):
        net[lane] = items.opening.on_hand[item]
        short[lane] = units[lane] = late_short[lane] = late_units[lane] = asked_for[lane] = 0
    for t in range(end):
        come = due_in(items, item, t)
        for lane in range(n):
            asked = np.int64(demand[t, lane])
            x = net[lane] + come + (under_way if pipe[lane] == t else np.int64(0)) - asked
            y = x + (quantity if first[lane] <= t else np.int64(0))
            counted = asked if t < second[lane] else np.int64(0)
            owed = min(counted, max(-x, 0))
            owed_late = min(counted, max(-y, 0))
            low = np.int64(1) if (x < 0 and t < second[lane]) else np.int64(0)
            low_late = np.int64(1) if (y < 0 and t < second[lane]) else np.int64(0)
            net[lane] = x
            units[lane] += owed
            late_units[lane] += owed_late
            short[lane] = max(short[lane], low)
            late_short[lane] = max(late_short[lane], low_late)
            asked_for[lane] += counted
