"""Checks that every run makes on itself; a breach names item, replication and period."""

from __future__ import annotations

from typing import Any

import numpy as np

from simlab.arrays import IntArray
from simlab.engine._jit import inner, step
from simlab.engine.kernels.joint_phases import reviews_of
from simlab.engine.kernels.layout import (
    FLUSH,
    NET,
    NET_START,
    POSITION,
    POSITION_START,
    T_DEMAND,
    T_NET,
    T_ON_ORDER,
    T_ORDERED,
    T_RECEIVED,
)
from simlab.engine.kernels.memory import Work
from simlab.engine.kernels.paths import clear_sums, opens, rule_of
from simlab.engine.kernels.types import ItemArrays, LevelArrays, Reach, Rule, Schedule
from simlab.engine.world.columns import Row

WIDE = 1
UNITS_LOST = 2
POSITION_IDENTITY = 3
NEGATIVE_ORDER = 4
TOO_LARGE = 5
POLICY_RAISED = 6
GONE_ASTRAY = 7

NARROW = (1 << 31) // (2 * FLUSH)
"""Units below which twice their sum over the periods between two flushes fits into 32 bits."""
FAULTS = {
    UNITS_LOST: "units were lost: what was ordered, received or served came out negative",
    POSITION_IDENTITY: "position ≠ net stock + units on order",
    NEGATIVE_ORDER: "the policy ordered something that is no whole number of units ≥ 0",
    TOO_LARGE: "the policy ordered more units than the sums of this run can hold",
    POLICY_RAISED: "the user's policy raised an error (simlab.testing.check_policy names it)",
    GONE_ASTRAY: "units on order at the end are not those that arrive later",
}


@step
def report(faults: IntArray, item: int, code: int, path: int, period: int) -> None:
    """Note the first breach of an item."""
    if faults[item, 0] == 0:
        faults[item, 0] = code
        faults[item, 1] = path
        faults[item, 2] = period


@inner
def under_way(items: ItemArrays, item: int, end: int, reach: Reach, lane: int, work: Work) -> tuple[Any, Any]:
    """Units ordered before period `end` that arrive in it or later, and their unit-periods from it on."""
    review, phase = reviews_of(items, item)
    mask = work.orders.shape[0] - 1
    units, unit_periods = np.int64(0), np.int64(0)
    if opens(items, item):
        left = max(work.opening[lane] + 1 - end, np.int64(0))
        units = items.opening.on_order[item] if left > 0 else units
        unit_periods = units * (left - 1)
    epoch = (end - phase + review - 1) // review - 1
    while epoch >= 0:
        placed = phase + epoch * review
        if placed + reach.most < end:
            break
        delay = reach.least if reach.constant else np.int64(work.delays[epoch, lane])
        if placed + delay >= end:
            size = np.int64(work.orders[epoch & mask, lane])
            units += size
            unit_periods += size * (placed + delay - end)
        epoch -= 1
    return units, unit_periods


@step
def sums_positions(items: ItemArrays, reach: Reach) -> bool:
    """Whether units on order come from the summed positions; else every order counts its lead time."""
    return not reach.constant or items.exact_hit == 1


@step
def begin_counting(items: ItemArrays, item: int, t: int, reach: Reach, n: int, work: Work) -> None:
    """Empty all sums, note where counting begins, and enter what is still due: its periods until arrival."""
    state = work.state
    for lane in range(n):
        state[NET_START + lane] = state[NET + lane]
        state[POSITION_START + lane] = state[POSITION + lane]
    clear_sums(state, work.tally)
    if not sums_positions(items, reach):
        for lane in range(n):
            work.tally[T_ON_ORDER, lane] = under_way(items, item, t, reach, lane, work)[1]


@inner
def check_block(
    items: ItemArrays, item: int, run: Schedule, reach: Reach, n_real: int, top: int, work: Work
) -> tuple[int, int]:
    """Code and lane of the first breach in a block, after noting units ordered and received.

    Units ordered are the rise of the position and units received that of net stock, each plus
    what left (`T_DEMAND`); the difference must be found among the open orders.

    Parameters
    ----------
    top : int
        S less what net stock is relative to.
    """
    state, tally = work.state, work.tally
    units, later = work.mixing.common, work.mixing.at
    still_under_way(items, item, run.warmup + run.periods, reach, n_real, work)
    negative, off = np.int64(0), np.int64(0)
    for lane in range(n_real):
        gone = tally[T_DEMAND, lane]
        position, net = np.int64(state[POSITION + lane]), np.int64(state[NET + lane])
        ordered = position - state[POSITION_START + lane] + gone
        received = net - state[NET_START + lane] + gone
        tally[T_ORDERED, lane] = ordered
        tally[T_RECEIVED, lane] = received
        negative |= ordered | received | gone
        off |= position + top - net - units[lane]
    if sums_positions(items, reach):
        for lane in range(n_real):
            tally[T_ON_ORDER, lane] += run.periods * top - tally[T_NET, lane]
    else:
        for lane in range(n_real):
            tally[T_ON_ORDER, lane] += reach.least * tally[T_ORDERED, lane] - later[lane]
    if negative < 0 or off != 0:
        return first_breach(n_real, top, work)
    return 0, 0


@inner
def still_under_way(items: ItemArrays, item: int, end: int, reach: Reach, n_real: int, work: Work) -> None:
    """`under_way` of every lane, into rows that only draws use otherwise."""
    units, later = work.mixing.common, work.mixing.at
    if not reach.constant:
        for lane in range(n_real):
            units[lane], later[lane] = under_way(items, item, end, reach, lane, work)
        return
    review, phase = reviews_of(items, item)
    mask = work.orders.shape[0] - 1
    for lane in range(n_real):
        units[lane] = 0
        later[lane] = 0
    if opens(items, item):
        size, left = items.opening.on_order[item], reach.least - end
        for lane in range(n_real):
            units[lane] = size if left >= 0 else np.int64(0)
            later[lane] = units[lane] * left
    epoch = (end - phase + review - 1) // review - 1
    while epoch >= 0 and phase + epoch * review + reach.least >= end:
        row, left = epoch & mask, phase + epoch * review + reach.least - end
        for lane in range(n_real):
            size = np.int64(work.orders[row, lane])
            units[lane] += size
            later[lane] += size * left
        epoch -= 1


@inner
def first_breach(n_real: int, top: int, work: Work) -> tuple[int, int]:
    """Code and lane of the first breach that `check_block` has seen."""
    state, tally = work.state, work.tally
    for lane in range(n_real):
        if tally[T_ORDERED, lane] < 0 or tally[T_RECEIVED, lane] < 0 or tally[T_DEMAND, lane] < 0:
            return UNITS_LOST, lane
        position, net = np.int64(state[POSITION + lane]), np.int64(state[NET + lane])
        if position + top - net != work.mixing.common[lane]:
            return POSITION_IDENTITY, lane
    return 0, 0


@inner
def positions_off(rows: IntArray, end: int) -> Any:
    """Zero if position = net stock + units on order in all periods before `end` of a path written down.

    Three rows and one sum that nothing asks about in between: what every path can afford.
    """
    off = np.int64(0)
    for t in range(end):
        off |= rows[Row.INVENTORY_POSITION, t] - rows[Row.NET_INVENTORY, t] - rows[Row.ON_ORDER, t]
    return off


@inner
def check_rows(rows: IntArray, end: int) -> tuple[int, int]:
    """Code and period of the first breach in the periods before `end` of a path written down, or 0.

    All periods are looked at without a question in between, so that several are compared at once.

    Parameters
    ----------
    rows : (rows, periods) int64
        See `world.columns.Row`.
    """
    negative, off = np.int64(0), np.int64(0)
    for t in range(end):
        on_order, lost = rows[Row.ON_ORDER, t], rows[Row.LOST, t]
        waiting = rows[Row.DEMANDED, t] - rows[Row.SERVED, t] - lost
        negative |= on_order | lost | waiting
        off |= rows[Row.INVENTORY_POSITION, t] - rows[Row.NET_INVENTORY, t] - on_order
    if negative < 0 or off != 0:
        return first_row_off(rows, end)
    return 0, 0


@inner
def first_row_off(rows: IntArray, end: int) -> tuple[int, int]:
    """Code and period of the first breach that `check_rows` has seen."""
    for t in range(end):
        on_order, lost = rows[Row.ON_ORDER, t], rows[Row.LOST, t]
        waiting = rows[Row.DEMANDED, t] - rows[Row.SERVED, t] - lost
        if on_order < 0 or lost < 0 or waiting < 0:
            return UNITS_LOST, t
        if rows[Row.INVENTORY_POSITION, t] != rows[Row.NET_INVENTORY, t] + on_order:
            return POSITION_IDENTITY, t
    return 0, 0


@inner
def bound(items: ItemArrays, item: int, rule: Rule, most_demand: int, total: int) -> Any:
    """What |position − S|, |net stock − S| and units on order cannot exceed.

    After an uncapped order the position lies within one review's demand and one order's rounding
    of S; net stock lies below it by what was ordered within the longest lead time. Where orders or
    positions are capped, all demand may be owed. A given start lies where it was put.
    """
    longest = items.lead_periods[items.lead_start[item] + items.lead_length[item] - 1]
    rounding = rule.gap + rule.quantity + rule.moq + rule.pack
    span = longest + 2 * items.review[item] + 2
    if rule.cap != 0 or items.ceiling[item] > 0:
        span += total
    given = abs(items.opening.on_hand[item]) + items.opening.on_order[item]
    return 4 * rounding + 2 * span * most_demand + given


@inner
def fits(items: ItemArrays, item: int, levels: LevelArrays, total: int, narrow: bool) -> Any:
    """0 if neither the lanes nor their short accumulators can overflow, else a fault code."""
    most_demand = items.laws.most[item]
    for k in range(levels.top.shape[1]):
        top = levels.top[item, k]
        reach = abs(top) + bound(items, item, rule_of(items, item, levels, k), most_demand, total)
        if narrow and reach >= NARROW:
            return WIDE
    return 0
