"""Two periods of a lane in one go, where lead times differ from order to order.

For (R,S) and (R,s,S) without packs or largest orders, reviewed in every period, whose orders take two
periods at least and five lead times at most: what arrives in either period was ordered before the first.
Over two periods a lane's state stays in registers.

Orders are kept as units and, in the highest byte, one receipt where there are any: the sum of what arrives
is units and receipts alike. The first rows of the ring stand once more behind its last, so that the rows
that may arrive lie at constant distances wherever the ring stands, and the compiler keeps them apart.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simlab.arrays import IntArray
from simlab.engine._jit import inner, step
from simlab.engine.kernels.layout import (
    BAD,
    FLUSH,
    LEAD_TIMES,
    NET,
    ONE_ORDER,
    ONE_SHORT,
    POSITION,
    STRIDE,
    SUM_AFTER,
    SUM_BEFORE,
    SUM_EVENTS,
    SUM_NET,
    SUM_POSITION,
    SUM_RECEIPTS,
    TWO,
)
from simlab.engine.kernels.memory import Cells, Work
from simlab.engine.kernels.paths import flush
from simlab.engine.kernels.rules import is_simple, simple_size
from simlab.engine.kernels.types import ItemArrays, Reach, Rule, Schedule

_MISSED_BIT = 16
"""Where the counter of missed receipts begins."""


class PairRows(NamedTuple):
    """The part of the work space that twos need: a call passes every array of it. See `Work`."""

    state: Cells
    orders: Cells
    orders_line: Cells
    orders_by_two: Cells
    delays_line: Cells
    demand_line: Cells
    tally: IntArray


@step
def pair_rows(work: Work) -> PairRows:
    """What twos need of a work space."""
    return PairRows(
        work.state,
        work.orders,
        work.orders_line,
        work.orders_by_two,
        work.delays_line,
        work.demand_line,
        work.tally,
    )


@step
def takes_twos(items: ItemArrays, rule: Rule, review: int, reach: Reach, work: Work) -> bool:
    """Whether all that arrives in two periods was ordered before the first, in rows that are still kept."""
    close = TWO <= reach.least < reach.most < reach.least + LEAD_TIMES
    kept = reach.least + LEAD_TIMES + 1 <= work.orders.shape[0]
    return is_simple(rule) and review == 1 and items.exact_hit == 0 and close and kept


@step
def in_twos(t: int, reach: Reach, run: Schedule) -> Any:
    """Periods from t on that go by twos, 0 if t is no place to begin.

    All of them are alike: five earlier reviews may arrive, and all are counted or none is.
    """
    if t % TWO != 0 or t < reach.least + LEAD_TIMES - 1:
        return np.int64(0)
    end = run.warmup if t < run.warmup else run.warmup + run.periods
    return np.int64((end - t) // TWO * TWO)


@step
def receipt_bit(state: Cells) -> Any:
    """Where the receipts of an order begin: in the highest byte, which the compiler knows by the type."""
    cast = state.dtype.type
    return 24 if cast(cast(1) << 31) < cast(0) else 56


@inner
def pack(rows: PairRows, n: int) -> None:
    """Add a receipt to every order kept."""
    orders = rows.orders
    cast = orders.dtype.type
    zero, receipt = cast(0), cast(1 << receipt_bit(rows.state))
    for row in range(orders.shape[0]):
        for lane in range(n):
            units = orders[row, lane]
            orders[row, lane] = cast(units + (receipt if units > zero else zero))
        repeat(row, n, rows)


@step
def repeat(row: int, n: int, rows: PairRows) -> None:
    """Write one of the first rows of the ring once more behind the last."""
    if row < LEAD_TIMES:
        orders, again = rows.orders, np.uintp((row + rows.orders.shape[0]) * STRIDE)
        for lane in range(n):
            rows.orders_line[again + np.uintp(lane)] = orders[row, lane]


@inner
def unpack(rows: PairRows, n: int) -> None:
    """The reverse of `pack`."""
    orders = rows.orders
    units = orders.dtype.type((1 << receipt_bit(rows.state)) - 1)
    for row in range(orders.shape[0]):
        for lane in range(n):
            orders[row, lane] &= units


@step
def load(state: Cells, lane: int) -> tuple[Any, ...]:
    """What a lane carries from period to period: net stock, position, whether demand was missed, its sums."""
    return (
        state[NET + lane],
        state[POSITION + lane],
        state[BAD + lane],
        state[SUM_RECEIPTS + lane],
        state[SUM_BEFORE + lane],
        state[SUM_AFTER + lane],
        state[SUM_NET + lane],
        state[SUM_EVENTS + lane],
        state[SUM_POSITION + lane],
    )


@step
def save(state: Cells, lane: int, live: tuple[Any, ...], lost: bool) -> None:
    """The reverse of `load`."""
    state[NET + lane] = live[0]
    state[POSITION + lane] = live[1]
    if lost:
        state[BAD + lane] = live[2]
    state[SUM_RECEIPTS + lane] = live[3]
    state[SUM_BEFORE + lane] = live[4]
    state[SUM_AFTER + lane] = live[5]
    if not lost:
        state[SUM_NET + lane] = live[6]
    state[SUM_EVENTS + lane] = live[7]
    state[SUM_POSITION + lane] = live[8]


@step
def live_on(
    live: tuple[Any, ...], arrived: Any, d: Any, rule: Rule, lost: bool, state: Cells
) -> tuple[tuple[Any, ...], Any]:
    """A period of one lane: it orders, what was ordered earlier arrives, and d units are demanded.

    Parameters
    ----------
    live : tuple
        As in `load`.
    arrived : int
        Units and receipts, as `pack` keeps them.

    Returns
    -------
    live : tuple
    ordered : int
        Units and receipt of the order.
    """
    cast = state.dtype.type
    zero, one = cast(0), cast(1)
    receipt = cast(1 << receipt_bit(state))
    net, position, bad, receipts, before, after, nets, events, positions = live
    size, orders = simple_size(position, rule, state)
    count, stock = arrived >> receipt_bit(state), cast(net + (arrived & cast(receipt - one)))
    late = bad > zero if lost else net < zero
    receipts = cast(receipts + cast(count + (cast(count << _MISSED_BIT) if late else zero)))
    shelf = stock if lost else max(stock, zero)
    gone = min(d, stock) if lost else d
    left, short = cast(stock - gone), d > shelf
    bad = one if short else (zero if arrived > zero else bad)
    events = cast(events + (cast(ONE_ORDER) if orders else zero))
    events = cast(events + (one if left > zero else zero))
    events = cast(events + (cast(ONE_SHORT) if short else zero))
    position = cast(cast(position + size) - gone)
    before, after = cast(before + shelf), cast(after + (left if lost else max(left, zero)))
    nets, positions = cast(nets + left), cast(positions + position)
    live = (left, position, bad, receipts, before, after, nets, events, positions)
    return live, cast(size + (receipt if orders else zero))


@inner
def sell_twos(t: int, span: int, rule: Rule, least: int, lost: bool, n: int, rows: PairRows) -> None:
    """`span` periods from t on."""
    pack(rows, n)
    for first in range(t, t + span, TWO):
        if first % FLUSH == 0:
            flush(rows.state, rows.tally, n)
        if lost:
            sell_two(first, rule, least, True, n, rows)
        else:
            sell_two(first, rule, least, False, n, rows)
        placed = first & (rows.orders.shape[0] - 1)
        repeat(placed, n, rows)
        repeat(placed + 1, n, rows)
    unpack(rows, n)


@step
def sell_two(t: int, rule: Rule, least: int, lost: bool, n: int, rows: PairRows) -> None:
    """Two periods from t on."""
    state, orders, demand, step_ = rows.state, rows.orders_by_two, rows.demand_line, np.uintp(STRIDE)
    mask, oldest = rows.orders.shape[0] - 1, t - least - LEAD_TIMES + 1
    placed, begin = np.uintp((t & mask) // TWO), np.uintp(t * STRIDE)
    row, drawn = np.uintp((oldest & mask) * STRIDE), np.uintp(oldest * STRIDE)
    for lane in range(n):
        at = np.uintp(lane)
        now, then = arriving(row + at, drawn + at, least, rows)
        live, size = live_on(load(state, lane), now, demand[begin + at], rule, lost, state)
        orders[placed, at] = size
        live, size = live_on(live, then, demand[begin + step_ + at], rule, lost, state)
        orders[placed, at + step_] = size
        save(state, lane, live, lost)


@step
def arriving(row: Any, drawn: Any, least: int, rows: PairRows) -> tuple[Any, Any]:
    """What arrives in a period and in the next, of six reviews whose orders and delays begin there."""
    orders, delays = rows.orders_line, rows.delays_line
    cast, step_ = orders.dtype.type, np.uintp(STRIDE)
    zero, l0, l1, l2, l3 = cast(0), cast(least), cast(least + 1), cast(least + 2), cast(least + 3)
    l4 = cast(least + 4)
    size, delay = orders[row], delays[drawn]
    now = size if delay == l4 else zero
    size, delay = orders[row + step_], delays[drawn + step_]
    now = cast(now + (size if delay == l3 else zero))
    then = size if delay == l4 else zero
    size, delay = orders[row + np.uintp(2 * STRIDE)], delays[drawn + np.uintp(2 * STRIDE)]
    now = cast(now + (size if delay == l2 else zero))
    then = cast(then + (size if delay == l3 else zero))
    size, delay = orders[row + np.uintp(3 * STRIDE)], delays[drawn + np.uintp(3 * STRIDE)]
    now = cast(now + (size if delay == l1 else zero))
    then = cast(then + (size if delay == l2 else zero))
    size, delay = orders[row + np.uintp(4 * STRIDE)], delays[drawn + np.uintp(4 * STRIDE)]
    now = cast(now + (size if delay == l0 else zero))
    then = cast(then + (size if delay == l1 else zero))
    size, delay = orders[row + np.uintp(5 * STRIDE)], delays[drawn + np.uintp(5 * STRIDE)]
    return now, cast(then + (size if delay == l0 else zero))
