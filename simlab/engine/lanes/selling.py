"""One period of lanes that share no path: what arrives goes on the shelf, demand takes from it."""

from __future__ import annotations

from typing import Any

import numpy as np

from simlab.engine._jit import step
from simlab.engine.kernels.layout import (
    BAD,
    NET,
    ONE_MISSED,
    ONE_SHORT,
    PART,
    POSITION,
    RECEIPTS,
    SUM_AFTER,
    SUM_BEFORE,
    SUM_DEMAND,
    SUM_EVENTS,
    SUM_NET,
    SUM_POSITION,
    SUM_RECEIPTS,
    UNITS,
)
from simlab.engine.kernels.memory import Cells, Work
from simlab.engine.kernels.paths import Reviews, add_opening, add_positions, arrive, arriving
from simlab.engine.kernels.rules import split_unmet
from simlab.engine.kernels.types import Clock, ItemArrays, Reach
from simlab.engine.world.world import Unmet

BACKORDER, LOST, PARTLY = int(Unmet.BACKORDER), int(Unmet.LOST), int(Unmet.PARTLY)


@step
def receive(state: Cells, n: int) -> None:
    """Put the lanes' arrivals on the shelf; they count as missed where units are owed or were lost since."""
    cast = state.dtype.type
    zero, one, missed = cast(0), cast(1), cast(ONE_MISSED + 1)
    for lane in range(n):
        receipts, net, bad = state[RECEIPTS + lane], state[NET + lane], state[BAD + lane]
        counted = cast(receipts * (missed if (net < zero) | (bad > zero) else one))
        state[SUM_RECEIPTS + lane] = cast(state[SUM_RECEIPTS + lane] + counted)
        state[NET + lane] = cast(net + state[UNITS + lane])
        state[BAD + lane] = zero if receipts > zero else bad


@step
def serve(state: Cells, lane: int, before: Any, d: Any, lost: bool) -> None:
    """Demand d of one lane against net stock `before`; the rest waits, or is lost."""
    settle(state, lane, before, d, min(d, before) if lost else d, lost)


@step
def settle(state: Cells, lane: int, before: Any, d: Any, gone: Any, lost: bool) -> None:
    """The same, `gone` units being served or owed from now on."""
    cast = state.dtype.type
    zero, one, short = cast(0), cast(1), cast(ONE_SHORT)
    shelf = before if lost else max(before, zero)
    after = cast(before - gone)
    state[NET + lane] = after
    state[SUM_BEFORE + lane] = cast(state[SUM_BEFORE + lane] + shelf)
    state[SUM_AFTER + lane] = cast(state[SUM_AFTER + lane] + (after if lost else max(after, zero)))
    if not lost:
        state[SUM_NET + lane] = cast(state[SUM_NET + lane] + after)
    events = cast((one if after > zero else zero) + (short if d > shelf else zero))
    state[SUM_EVENTS + lane] = cast(state[SUM_EVENTS + lane] + events)
    state[POSITION + lane] = cast(state[POSITION + lane] - gone)


@step
def sell(t: int, state: Cells, demand: Cells, lost: bool, n: int) -> None:
    """One period's demand where nothing arrives, or what arrived is on the shelf already."""
    one = state.dtype.type(1)
    if lost:
        for lane in range(n):
            state[BAD + lane] = one if demand[t, lane] > state[NET + lane] else state[BAD + lane]
            serve(state, lane, state[NET + lane], demand[t, lane], True)
    else:
        for lane in range(n):
            serve(state, lane, state[NET + lane], demand[t, lane], False)


@step
def sell_partly(t: int, waits: int, state: Cells, demand: Cells, n: int) -> None:
    """One period's demand, of which a share waits where it is not served."""
    cast = state.dtype.type
    zero, one = cast(0), cast(1)
    for lane in range(n):
        before, d = state[NET + lane], demand[t, lane]
        served = min(d, max(before, zero))
        owed = np.int64(d - served)
        waiting, part = split_unmet(owed, waits, np.int64(state[PART + lane]), state.itemsize == 4)
        state[PART + lane] = cast(part)
        state[BAD + lane] = one if owed > waiting else state[BAD + lane]
        state[UNITS + lane] = cast(served + waiting)
    for lane in range(n):
        gone = state[UNITS + lane]
        state[SUM_DEMAND + lane] = cast(state[SUM_DEMAND + lane] + gone)
        settle(state, lane, state[NET + lane], demand[t, lane], gone, False)


@step
def receive_and_sell(
    t: int, row: int, state: Cells, orders: Cells, demand: Cells, lost: bool, n: int
) -> None:
    """One period in which all of one review's orders arrive; the same as `receive` and `sell`."""
    cast = state.dtype.type
    zero, one, missed = cast(0), cast(1), cast(ONE_MISSED + 1)
    if lost:
        for lane in range(n):
            size, bad = orders[row, lane], state[BAD + lane]
            counted = (missed if bad > zero else one) if size > zero else zero
            state[SUM_RECEIPTS + lane] = cast(state[SUM_RECEIPTS + lane] + counted)
            net = cast(state[NET + lane] + size)
            kept = zero if size > zero else bad
            state[BAD + lane] = one if demand[t, lane] > net else kept
            serve(state, lane, net, demand[t, lane], True)
    else:
        for lane in range(n):
            size, net = orders[row, lane], state[NET + lane]
            counted = (missed if net < zero else one) if size > zero else zero
            state[SUM_RECEIPTS + lane] = cast(state[SUM_RECEIPTS + lane] + counted)
            serve(state, lane, cast(net + size), demand[t, lane], False)


@step
def collect_and_sell(
    t: int, of: Reviews, state: Cells, orders: Cells, demand: Cells, delays: Cells, lost: bool, n: int
) -> None:
    """One period in which five reviews are all that may arrive; the same as collecting, `receive`, `sell`."""
    cast = state.dtype.type
    zero, one, missed = cast(0), cast(1), cast(ONE_MISSED + 1)
    if lost:
        for lane in range(n):
            units, receipts = arriving(lane, of, state, orders, delays)
            bad = state[BAD + lane]
            counted = cast(receipts * (missed if bad > zero else one))
            state[SUM_RECEIPTS + lane] = cast(state[SUM_RECEIPTS + lane] + counted)
            net = cast(state[NET + lane] + units)
            kept = zero if receipts > zero else bad
            state[BAD + lane] = one if demand[t, lane] > net else kept
            serve(state, lane, net, demand[t, lane], True)
            state[SUM_POSITION + lane] = cast(state[SUM_POSITION + lane] + state[POSITION + lane])
    else:
        for lane in range(n):
            units, receipts = arriving(lane, of, state, orders, delays)
            net = state[NET + lane]
            counted = cast(receipts * (missed if net < zero else one))
            state[SUM_RECEIPTS + lane] = cast(state[SUM_RECEIPTS + lane] + counted)
            serve(state, lane, cast(net + units), demand[t, lane], False)
            state[SUM_POSITION + lane] = cast(state[SUM_POSITION + lane] + state[POSITION + lane])


@step
def receive_and_sell_apart(
    items: ItemArrays, item: int, t: int, clock: Clock, reach: Reach, opening: bool, n: int, work: Work
) -> None:
    """One period in which a share of unmet demand waits, or a given pipeline (`opening`) may arrive."""
    state, demand = work.state, work.demand
    arrive(t, clock, reach, state, work.orders, work.delays, n, False)
    if opening:
        add_opening(t, items.opening.on_order[item], state, work.opening, n)
    receive(state, n)
    if items.unmet[item] == PARTLY:
        sell_partly(t, items.waits[item], state, demand, n)
    else:
        sell(t, state, demand, items.unmet[item] == LOST, n)
    if not reach.constant:
        add_positions(state, n)
