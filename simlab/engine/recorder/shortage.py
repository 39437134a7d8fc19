"""What an order placed now changes until the order after it can arrive: short or not, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from simlab.arrays import IntArray, WordArray
from simlab.engine._jit import inner, kernel
from simlab.engine.kernels.draws import draw_demand, make_guide
from simlab.engine.kernels.layout import MOST_LANES
from simlab.engine.kernels.memory import Work
from simlab.engine.kernels.paths import load_block
from simlab.engine.kernels.streams import fill_words
from simlab.engine.kernels.types import ItemArrays, Schedule
from simlab.engine.laws.lookup import search
from simlab.engine.prepare.arrays import item_arrays
from simlab.engine.prepare.workspace import make_work, schedule
from simlab.engine.world.world import MILLION, Horizon, Start, Unmet, World
from simlab.errors import EngineFaultError

_PARTLY = int(Unmet.PARTLY)
_LOST = int(Unmet.LOST)


class Lanes(NamedTuple):
    """Work space, by lane; the first axis of most is 2: without and with the order.

    Attributes
    ----------
    words : (4, lanes) uint32
    first, second, pipe : (lanes,) int64
        Periods in which the order, the next one, and what is on order without a date arrive.
    net, short, units, part : (2, lanes) int64
        Net stock; 1 where a period was short; units not served at once; millionths carried.
    demanded : (lanes,) int64
    """

    words: WordArray
    first: IntArray
    second: IntArray
    pipe: IntArray
    net: IntArray
    short: IntArray
    units: IntArray
    part: IntArray
    demanded: IntArray


@dataclass(frozen=True, eq=False)
class Shortage:
    """Counts over paths; the last axis of the first two is: nothing ordered now, the order placed.

    Attributes
    ----------
    short : (n, 2) int64
        Paths with a period in which a unit was not served at once, or was owed, before the order that the
        next review can place arrives.
    units : (n, 2) int64
        Units not served at once until then, over all paths.
    demanded : (n,) int64
        Units demanded until then, over all paths.
    windows : (n or 0, paths) int64
        The same path by path, where asked for.
    paths : int
    """

    short: IntArray
    units: IntArray
    demanded: IntArray
    windows: IntArray
    paths: int


def look_ahead(
    world: World,
    start: Start,
    quantity: IntArray,
    next_review: IntArray,
    *,
    paths: int,
    seed: int,
    windows: bool = False,
) -> Shortage:
    """Follow every item from a given state until the order of its next review arrives, in one thread.

    Parameters
    ----------
    world : World
        n items without a working grid (`on_grid.in_parts`); its laws begin in period 0, its own start does
        not matter.
    start : Start
        Shelf, and what is on order, when period 0 begins.
    quantity : (n,) int64
        Units ordered in period 0; 0 or more.
    next_review : (n,) int64
        Period of the next review, at least 1.
    paths : int
        Replications.
    seed : int
        From `streams.phase_seed`.
    windows : bool
        Whether demand is kept path by path.

    Notes
    -----
    Order of events: arrive, order, demand. Orders take the stated lead times; where none may overtake, both
    take the same one in a path, so that each has the law and neither is early. Stops of suppliers and
    partial deliveries are not drawn.
    """
    _check(world, start, quantity, next_review)
    longest = world.lead_time.longest()
    horizon = Horizon(int((next_review + longest).max(initial=1)), 0, paths, 1, seed)
    run = schedule(horizon, grouped=False)
    work = make_work(run, np.dtype(np.int64), world, bins=1, rows_kept=1, epochs=0)
    n = world.n_items
    kept = np.zeros((n if windows else 0, paths), np.int64)
    found = Shortage(
        np.zeros((n, 2), np.int64), np.zeros((n, 2), np.int64), np.zeros(n, np.int64), kept, paths
    )
    items = item_arrays(world.starting(start))
    fill_shortage(
        items,
        run,
        quantity.astype(np.int64),
        next_review.astype(np.int64),
        work,
        _lanes(),
        found.short,
        found.units,
        found.demanded,
        found.windows,
    )
    return found


def _check(world: World, start: Start, quantity: IntArray, next_review: IntArray) -> None:
    if world.grid is not None:
        raise EngineFaultError("paths ahead go by one grid: split the world first")
    if (quantity < 0).any() or (next_review < 1).any():
        raise EngineFaultError("quantities are at least 0, the next review lies ahead")
    owed = (start.on_hand < 0) & (world.terms.unmet == Unmet.LOST)
    if owed.any():
        raise EngineFaultError(f"item {int(np.argmax(owed))}: units owed where demand is lost")


def _lanes() -> Lanes:
    one, two = np.zeros((4, MOST_LANES), np.int64), np.zeros((4, 2, MOST_LANES), np.int64)
    return Lanes(
        words=np.zeros((4, MOST_LANES), np.uint32),
        first=one[0],
        second=one[1],
        pipe=one[2],
        net=two[0],
        short=two[1],
        units=two[2],
        part=two[3],
        demanded=one[3],
    )


@kernel
def fill_shortage(
    items: ItemArrays,
    run: Schedule,
    quantity: IntArray,
    next_review: IntArray,
    work: Work,
    lanes: Lanes,
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
            constant = items.opening.lead_length[item] == 1 and items.unmet[item] == 0
            if constant and items.opening.on_order[item] == 0:
                follow_plain(items, item, end, n, quantity[item], work, lanes)
            else:
                follow(items, item, end, n, quantity[item], work, lanes)
            for lane in range(n):
                demanded[item] += lanes.demanded[lane]
                for k in range(2):
                    short[item, k] += lanes.short[k, lane]
                    units[item, k] += lanes.units[k, lane]
                if windows.shape[0] > 0:
                    windows[item, work.paths[lane]] = lanes.demanded[lane]


@inner
def draw_arrivals(
    items: ItemArrays, item: int, run: Schedule, next_review: int, work: Work, lanes: Lanes
) -> None:
    """When the order, the next one and the open orders without a date arrive."""
    begin = items.opening.lead_start[item]
    thresholds = items.lead_thresholds[begin : begin + items.opening.lead_length[item]]
    words = lanes.words[:, : work.paths.size]
    if thresholds.size > 1:
        fill_words(run.lead_key, items.keys[item], work.paths, 0, words)
    for lane in range(work.paths.size):
        one, two, three = np.int64(0), np.int64(0), np.int64(0)
        if thresholds.size > 1:
            one = np.int64(search(thresholds, words[0, lane]))
            two = np.int64(search(thresholds, words[1, lane])) if items.crossing == 1 else one
            three = np.int64(search(thresholds, words[2, lane]))
        lanes.first[lane] = items.lead_periods[begin + one]
        lanes.second[lane] = next_review + items.lead_periods[begin + two]
        lanes.pipe[lane] = items.lead_periods[begin + three]


@inner
def due_in(items: ItemArrays, item: int, t: int) -> Any:
    """Units of open orders with a date that arrive in a period."""
    given, due = items.opening, np.int64(0)
    for at in range(given.due_begin[item], given.due_begin[item] + given.due_count[item]):
        due += given.due_units[at] if given.due_period[at] == t else 0
    return due


@inner
def follow_plain(
    items: ItemArrays, item: int, end: int, n: int, quantity: int, work: Work, lanes: Lanes
) -> None:
    """As `follow` where all demand waits and all lanes see one lead time: nothing but sums and minima."""
    first, demand = lanes.first[0], work.demand
    net, low, units, demanded = lanes.net[0], lanes.short[0], lanes.units[0], lanes.demanded
    more, more_low, more_units = lanes.net[1], lanes.short[1], lanes.units[1]
    for lane in range(n):
        net[lane], low[lane], units[lane], demanded[lane] = items.opening.on_hand[item], 0, 0, 0
    for t in range(end):
        come = due_in(items, item, t)
        if t == first:
            for lane in range(n):
                more[lane], more_low[lane], more_units[lane] = net[lane] + quantity, low[lane], units[lane]
        if t >= first:
            for lane in range(n):
                asked = np.int64(demand[t, lane])
                x = more[lane] + come - asked
                more[lane] = x
                more_low[lane] = min(more_low[lane], x)
                more_units[lane] += max(min(asked, -x), 0)
        for lane in range(n):
            asked = np.int64(demand[t, lane])
            x = net[lane] + come - asked
            net[lane] = x
            low[lane] = min(low[lane], x)
            units[lane] += max(min(asked, -x), 0)
            demanded[lane] += asked
    for lane in range(n):
        if first >= end:
            more_low[lane], more_units[lane] = low[lane], units[lane]
        low[lane] = np.int64(1) if low[lane] < 0 else np.int64(0)
        more_low[lane] = np.int64(1) if more_low[lane] < 0 else np.int64(0)


@inner
def follow(items: ItemArrays, item: int, end: int, n: int, quantity: int, work: Work, lanes: Lanes) -> None:
    """Net stock of a block of lanes, without and with the order."""
    given, unmet, waits = items.opening, items.unmet[item], items.waits[item]
    for lane in range(n):
        lanes.demanded[lane] = 0
        for k in range(2):
            lanes.net[k, lane] = given.on_hand[item]
            lanes.short[k, lane] = 0
            lanes.units[k, lane] = 0
            lanes.part[k, lane] = 0
    for t in range(end):
        due = due_in(items, item, t)
        for lane in range(n):
            here = np.int64(1) if t < lanes.second[lane] else np.int64(0)
            lanes.demanded[lane] += here * work.demand[t, lane]
        for k in range(2):
            ordered = quantity if k == 1 else 0
            for lane in range(n):
                come = due + (given.on_order[item] if t == lanes.pipe[lane] else 0)
                come += ordered if t == lanes.first[lane] else 0
                net = lanes.net[k, lane] + come
                asked = np.int64(work.demand[t, lane])
                owed = asked - min(asked, max(net, 0))
                waiting = owed
                if unmet == _LOST:
                    waiting = np.int64(0)
                elif unmet == _PARTLY:
                    carried = lanes.part[k, lane] + owed * waits
                    waiting = carried // MILLION
                    lanes.part[k, lane] = carried - waiting * MILLION
                net = net - (asked - owed) - waiting
                here = np.int64(1) if t < lanes.second[lane] else np.int64(0)
                bad = np.int64(1) if (owed > 0 or net < 0) else np.int64(0)
                lanes.net[k, lane] = net
                lanes.short[k, lane] = lanes.short[k, lane] | (here & bad)
                lanes.units[k, lane] += here * owed
