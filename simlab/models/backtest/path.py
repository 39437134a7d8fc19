"""One replayed path after another: arrive, order, demand, count. Compiled; the plain twin stands in tests."""

from __future__ import annotations

from typing import Any, NamedTuple

from simlab.arrays import IntArray
from simlab.engine._jit import inner, kernel
from simlab.engine.world.world import MILLION


class Terms(NamedTuple):
    """Rule and terms of n items, (n,) int64 each but the first.

    Attributes
    ----------
    crossing : int
        1 if orders may overtake.
    at : int
        Phase of the period in which the hold-out begins.
    point, top, lot : units
        s, S and Q (at least 1).
    by_lot, has_point : 0 or 1
        Orders are multiples of Q; a reorder point of its own decides.
    waits : millionths
        Share of unmet demand that waits.
    pack, moq, cap, ceiling : units
        `cap` is the largest order in whole packs (0: none, below: no order), `ceiling` the highest
        position (0: none).
    review, phase : periods
    every : 0 or 1
        Orders are held back behind every review, not only behind orders.
    lift : (n, cycle) units
        Added to s and S in the periods of each phase of a calendar cycle.
    """

    crossing: int
    at: int
    point: IntArray
    top: IntArray
    lot: IntArray
    by_lot: IntArray
    has_point: IntArray
    waits: IntArray
    pack: IntArray
    moq: IntArray
    cap: IntArray
    ceiling: IntArray
    review: IntArray
    phase: IntArray
    every: IntArray
    lift: IntArray


class Orders(NamedTuple):
    """What is recorded at the cut: `known` (n,) 0 or 1, `stock` (n,) units, and orders of item i at
    `begin[i]` to `begin[i + 1]` of `arrival` (periods of the hold-out) and `units`."""

    known: IntArray
    stock: IntArray
    begin: IntArray
    arrival: IntArray
    units: IntArray


@kernel
def follow(
    terms: Terms,
    given: Orders,
    demand: IntArray,
    lead: IntArray,
    before: int,
    first: IntArray,
    due: IntArray,
    sums: IntArray,
) -> None:
    """Units served and stock held of every item and path in the periods that count.

    Parameters
    ----------
    demand, lead : (n, paths, periods) int64
        Units asked for, and lead time of an order placed in each period.
    before : int
        Period in which the hold-out, and what is recorded, begins.
    first : (n,) int64
        First period that counts.
    due : (periods + longest lead time + 1,) int64
        Room for what arrives when.
    sums : (2, n, paths) int64
        Zeros, filled: units served at once; stock after ordering plus at the count.
    """
    n_paths, periods, cycle = demand.shape[1], demand.shape[2], terms.lift.shape[1]
    for item in range(demand.shape[0]):
        waits = terms.waits[item]
        for path in range(n_paths):
            due[:] = 0
            place = (terms.at - before) % cycle
            lift = terms.lift[item, place]
            net, part, on_order, last = _start(terms, item, path, n_paths, lift), 0, 0, -1
            for t in range(periods):
                if t == before and given.known[item]:
                    due[t:] = 0
                    net, on_order, last = _opened(given, item, t, periods, waits, due)
                    part = 0
                net += due[t]
                on_order -= due[t]
                due[t] = 0
                if t >= terms.phase[item] and (t - terms.phase[item]) % terms.review[item] == 0:
                    size = _size(terms, item, net + on_order, terms.lift[item, place])
                    arrival = t + lead[item, path, t]
                    if not terms.crossing:
                        arrival = max(arrival, last)
                        if size > 0 or terms.every[item]:
                            last = arrival
                    if arrival == t:
                        net += size
                    else:
                        on_order += size
                        due[arrival] += size
                shelf, asked = max(net, 0), demand[item, path, t]
                served = min(asked, shelf)
                part += (asked - served) * waits
                waiting = part // MILLION
                part -= waiting * MILLION
                net -= served + waiting
                if t >= first[item]:
                    sums[0, item, path] += served
                    sums[1, item, path] += shelf + max(net, 0)
                place = place + 1 if place + 1 < cycle else 0


@inner
def _start(terms: Terms, item: int, path: int, n_paths: int, lift: int) -> Any:
    """Net stock with which a path begins: spread evenly over one lot, else S."""
    net = terms.top[item] + lift
    if terms.by_lot[item]:
        net = terms.point[item] + lift + 1 + path * terms.lot[item] // n_paths
    return max(net, 0) if terms.waits[item] < MILLION else net


@inner
def _opened(
    given: Orders, item: int, t: int, periods: int, waits: int, due: IntArray
) -> tuple[int, int, int]:
    """Net stock, units on order and last arrival as recorded; what never came holds up no later order."""
    net = given.stock[item] if waits > 0 else max(given.stock[item], 0)
    on_order, last = 0, -1
    for at in range(given.begin[item], given.begin[item + 1]):
        on_order += given.units[at]
        if t + given.arrival[at] < periods:
            due[t + given.arrival[at]] += given.units[at]
            last = max(last, t + given.arrival[at])
    return net, on_order, last


@inner
def _size(terms: Terms, item: int, position: int, lift: int) -> Any:
    """Units ordered at a review: deficit or lots, raised to the MOQ, in packs, at most the largest."""
    point, top = terms.point[item] + lift, terms.top[item] + lift
    lot, pack = terms.lot[item], terms.pack[item]
    lacks = position <= point if terms.has_point[item] else position < top
    if not lacks:
        return 0
    size = ((point - position) // lot + 1) * lot if terms.by_lot[item] else top - position
    size = -(-max(size, terms.moq[item]) // pack) * pack
    cap, ceiling = terms.cap[item], terms.ceiling[item]
    if cap != 0:
        size = min(size, max(cap, 0))
    room = max(ceiling - position, 0)
    if ceiling != 0 and size > room:
        step = lot if terms.by_lot[item] else pack
        size = room // step * step
        if size < terms.moq[item]:
            size = 0
    return size
