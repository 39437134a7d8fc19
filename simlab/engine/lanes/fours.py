"""Orders, arrivals and sales of a lane in one go, and of four periods at a time.

For (R,S) and (R,s,S) without packs or largest orders, where one review's orders arrive together. Over
four periods a lane's state stays in registers; its sums are loaded, added to and stored once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simlab.arrays import IntArray
from simlab.engine._jit import inner, step
from simlab.engine.kernels.layout import (
    BAD,
    DUE,
    FLUSH,
    NET,
    ONE_MISSED,
    ONE_ORDER,
    ONE_SHORT,
    PERIODS,
    POSITION,
    STRIDE,
    SUM_AFTER,
    SUM_BEFORE,
    SUM_EVENTS,
    SUM_NET,
    SUM_RECEIPTS,
)
from simlab.engine.kernels.memory import Cells, Work
from simlab.engine.kernels.paths import flush
from simlab.engine.kernels.rules import is_simple, simple_size
from simlab.engine.kernels.types import Reach, Rule, Schedule

MISSED_BIT = 16
"""Where the counter of missed receipts begins."""


class Rows(NamedTuple):
    """The part of the work space that fours need: a call passes every array of it. See `Work`."""

    state: Cells
    orders: Cells
    orders_line: Cells
    demand_line: Cells
    tally: IntArray


@step
def rows_of(work: Work) -> Rows:
    """What fours need of a work space."""
    return Rows(work.state, work.orders, work.orders_line, work.demand_line, work.tally)


@step
def takes_fours(rule: Rule, review: int, reach: Reach) -> bool:
    """Whether all that arrives in four periods was ordered before the first of them."""
    return is_simple(rule) and review == 1 and reach.constant and reach.least >= PERIODS


@step
def in_fours(t: int, arrival: int, run: Schedule) -> Any:
    """Periods from t on that go by fours, 0 if t is no place to begin.

    All of them are alike: orders arrive, and all are counted or none is.
    """
    if t % PERIODS != 0 or t != arrival:
        return np.int64(0)
    end = run.warmup if t < run.warmup else run.warmup + run.periods
    return np.int64((end - t) // PERIODS * PERIODS)


@step
def stage(due: int, rows: Rows, n: int) -> None:
    """Bring the orders of four reviews from `due` on to where the compiler sees that nothing overlaps."""
    orders, state, mask = rows.orders, rows.state, rows.orders.shape[0] - 1
    r0, r1, r2, r3 = due & mask, (due + 1) & mask, (due + 2) & mask, (due + 3) & mask
    for lane in range(n):
        state[DUE + lane] = orders[r0, lane]
    for lane in range(n):
        state[DUE + STRIDE + lane] = orders[r1, lane]
    for lane in range(n):
        state[DUE + 2 * STRIDE + lane] = orders[r2, lane]
    for lane in range(n):
        state[DUE + 3 * STRIDE + lane] = orders[r3, lane]


@step
def load(state: Cells, lane: int) -> tuple[Any, ...]:
    """What a lane carries from period to period: net stock, position, weight of a receipt, and its sums.

    A receipt adds `weight` to the counters of receipts: 1, or with the bit of a missed one where demand
    was not met since the last.
    """
    cast = state.dtype.type
    return (
        state[NET + lane],
        state[POSITION + lane],
        cast((state[BAD + lane] << MISSED_BIT) + cast(1)),
        state[SUM_RECEIPTS + lane],
        state[SUM_BEFORE + lane],
        state[SUM_AFTER + lane],
        state[SUM_NET + lane],
        state[SUM_EVENTS + lane],
    )


@step
def save(state: Cells, lane: int, live: tuple[Any, ...], lost: bool) -> None:
    """The reverse of `load`."""
    state[NET + lane] = live[0]
    state[POSITION + lane] = live[1]
    if lost:
        state[BAD + lane] = live[2] >> MISSED_BIT
    state[SUM_RECEIPTS + lane] = live[3]
    state[SUM_BEFORE + lane] = live[4]
    state[SUM_AFTER + lane] = live[5]
    if not lost:
        state[SUM_NET + lane] = live[6]
    state[SUM_EVENTS + lane] = live[7]


@step
def live_on(
    live: tuple[Any, ...], arrived: Any, d: Any, rule: Rule, lost: bool, state: Cells
) -> tuple[tuple[Any, ...], Any]:
    """A period of one lane: it orders, units of an earlier order arrive, and d units are demanded.

    Returns
    -------
    live : tuple
        As in `load`.
    size : int
        Units ordered.
    """
    cast = state.dtype.type
    zero, one, missed = cast(0), cast(1), cast(ONE_MISSED + 1)
    net, position, weight, receipts, before, after, nets, events = live
    size, orders = simple_size(position, rule, state)
    stock = cast(net + arrived)
    if lost:
        shelf, counted = stock, weight
        left = cast(stock - min(d, stock))
    else:
        shelf, counted = max(stock, zero), missed if net < zero else one
        left = cast(stock - d)
    short = d > shelf
    receipts = cast(receipts + (counted if arrived > zero else zero))
    weight = one if arrived > zero else weight
    weight = missed if short else weight
    events = cast(events + (one if left > zero else zero))
    events = cast(events + (cast(ONE_SHORT) if short else zero))
    events = cast(events + (cast(ONE_ORDER) if orders else zero))
    position = cast(cast(position + size) - cast(stock - left))
    before, after = cast(before + shelf), cast(after + (left if lost else max(left, zero)))
    return (left, position, weight, receipts, before, after, cast(nets + left), events), size


@step
def order_receive_and_sell(t: int, rule: Rule, placed: int, due: int, lost: bool, n: int, work: Work) -> None:
    """One period with a review in row `placed` and the arrival of row `due`."""
    state, orders, demand = work.state, work.orders, work.demand
    for lane in range(n):
        arrived, d = orders[due, lane], demand[t, lane]
        live, orders[placed, lane] = live_on(load(state, lane), arrived, d, rule, lost, state)
        save(state, lane, live, lost)


@inner
def sell_fours(t: int, span: int, rule: Rule, due: int, lost: bool, n: int, rows: Rows) -> None:
    """`span` periods from t on, the first arrival being that of review `due`."""
    for first in range(t, t + span, PERIODS):
        if first % FLUSH == 0:
            flush(rows.state, rows.tally, n)
        stage(due + first - t, rows, n)
        if lost:
            sell_four(first, rule, True, n, rows)
        else:
            sell_four(first, rule, False, n, rows)


@step
def sell_four(t: int, rule: Rule, lost: bool, n: int, rows: Rows) -> None:
    """Four periods from t on, their arrivals staged."""
    state, orders, demand = rows.state, rows.orders_line, rows.demand_line
    placed, step_ = t & (rows.orders.shape[0] - 1), np.uintp(STRIDE)
    first, begin = np.uintp(placed * STRIDE), np.uintp(t * STRIDE)
    for lane in range(n):
        at, d = first + np.uintp(lane), begin + np.uintp(lane)
        live, a = live_on(load(state, lane), state[DUE + lane], demand[d], rule, lost, state)
        arrived, d = state[DUE + STRIDE + lane], d + step_
        live, b = live_on(live, arrived, demand[d], rule, lost, state)
        arrived, d = state[DUE + 2 * STRIDE + lane], d + step_
        live, c = live_on(live, arrived, demand[d], rule, lost, state)
        arrived, d = state[DUE + 3 * STRIDE + lane], d + step_
        live, e = live_on(live, arrived, demand[d], rule, lost, state)
        orders[at] = a
        orders[at + step_] = b
        orders[at + np.uintp(2 * STRIDE)] = c
        orders[at + np.uintp(3 * STRIDE)] = e
        save(state, lane, live, lost)
