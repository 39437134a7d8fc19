"""How much a review orders.

With the position p measured from S (p = position − S, s = S − gap), an order is placed where
p ≤ −gap. (R,S) is gap = 1. The size is, in this order: −p, or for (R,s,nQ) the least n·Q that
lifts the position above s; raised to the MOQ; rounded up to packs; capped at the largest order; cut
to whole lots below the highest position, and to nothing where less than the MOQ is left.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simlab.engine._jit import step
from simlab.engine.kernels.layout import NET, ONE_ORDER, POSITION, SUM_EVENTS
from simlab.engine.kernels.memory import Cells
from simlab.engine.kernels.types import Rule
from simlab.engine.world.world import MILLION

NO_CEILING = 1 << 60
"""Highest position of a rule without one."""


@step
def is_simple(rule: Rule) -> bool:
    """Whether an order is the deficit, or the MOQ: no lots, packs, largest order or ceiling, and s < S."""
    plain = rule.quantity == 0 and rule.pack == 1 and rule.cap == 0
    return plain and rule.gap > 0 and rule.ceiling == NO_CEILING


@step
def simple_size(position: Any, rule: Rule, state: Cells) -> tuple[Any, bool]:
    """Units that a simple rule orders, and whether it orders at all; `state` tells the integer type.

    Compared by "more than gap − 1", not by "gap at least": vectors know no other, and turn it round.
    """
    cast = state.dtype.type
    deficit = cast(-position)
    orders = deficit > cast(rule.gap - 1)
    return max(deficit, cast(rule.moq)) if orders else cast(0), orders


@step
def order_row(rule: Rule, state: Cells, orders: Cells, row: int, n: int) -> None:
    """Orders of n lanes at one review, into `orders[row]`; positions are raised by them."""
    cast = state.dtype.type
    zero, one = cast(0), cast(ONE_ORDER)
    if is_simple(rule):
        for lane in range(n):
            position = state[POSITION + lane]
            size, orders_now = simple_size(position, rule, state)
            orders[row, lane] = size
            state[POSITION + lane] = cast(position + size)
            state[SUM_EVENTS + lane] = cast(state[SUM_EVENTS + lane] + (one if orders_now else zero))
        return
    if rule.ceiling == NO_CEILING:
        for lane in range(n):
            orders[row, lane] = cast(order_size(-np.int64(state[POSITION + lane]), rule))
    else:
        for lane in range(n):
            position = np.int64(state[POSITION + lane])
            orders[row, lane] = cast(limited(order_size(-position, rule), position, rule))
    for lane in range(n):
        size = orders[row, lane]
        state[POSITION + lane] = cast(state[POSITION + lane] + size)
        state[SUM_EVENTS + lane] = cast(state[SUM_EVENTS + lane] + (one if size > zero else zero))


@step
def forgive_undershoot(rule: Rule, state: Cells, n: int) -> None:
    """Units by which n lanes lie below s = S − gap go on the shelf at once; (R,S) stays as it is."""
    if rule.quantity == 0 and rule.gap == 1:
        return
    cast = state.dtype.type
    gap, zero = cast(rule.gap), cast(0)
    for lane in range(n):
        below = max(cast(-state[POSITION + lane] - gap), zero)
        state[POSITION + lane] = cast(state[POSITION + lane] + below)
        state[NET + lane] = cast(state[NET + lane] + below)


@step
def order_size(deficit: Any, rule: Rule) -> Any:
    """Units ordered where the position is `deficit` below S; 0 while it is above s = S − gap.

    Division in float64 is exact here: both sides are integers below 2**52.
    """
    if deficit < rule.gap:
        return np.int64(0)
    size = np.int64(deficit)
    if rule.quantity > 0:
        size = (np.int64(np.float64(deficit - rule.gap) / np.float64(rule.quantity)) + 1) * rule.quantity
    return rounded(size, rule)


@step
def rounded(size: Any, rule: Rule) -> Any:
    """A wish raised to the MOQ, rounded up to packs and capped at the largest order; nothing below 0."""
    size = max(size, np.int64(rule.moq))
    if rule.pack > 1:
        size = np.int64(np.float64(size + rule.pack - 1) / np.float64(rule.pack)) * rule.pack
    if rule.cap != 0:
        size = min(size, max(np.int64(rule.cap), np.int64(0)))
    return size


@step
def limited(size: Any, position: Any, rule: Rule) -> Any:
    """An order cut so that the position, measured from S, stays at or below the ceiling."""
    room = max(rule.ceiling - position, np.int64(0))
    lot = np.int64(rule.quantity if rule.quantity > 0 else rule.pack)
    fitting = np.int64(np.float64(room) / np.float64(lot)) * lot
    least = fitting if fitting >= rule.moq else np.int64(0)
    return size if size <= room else least


@step
def split_unmet(owed: Any, waits: int, carried: Any, narrow: bool) -> tuple[Any, Any]:
    """Units of unmet demand that wait, and the millionths of a unit carried to the next shortage.

    Where units are `narrow`, 32 bits, division in float64 is exact, and quicker.
    """
    whole = carried + owed * waits
    waiting = np.int64(np.float64(whole) / np.float64(MILLION)) if narrow else whole // MILLION
    return waiting, whole - waiting * MILLION
