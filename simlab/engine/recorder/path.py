"""One path written down period by period: the evaluator called "ledger".

It knows every feature, one lane and one column at a time: what the sweep and the lanes do not cover
(outages, shared delays, partial receipts, moving levels, a user's policy), and whatever is wanted by
period. On what they do cover all three agree to the unit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simlab.arrays import IntArray
from simlab.engine._jit import inner, step
from simlab.engine.kernels.draws import draw_demand
from simlab.engine.kernels.guards import (
    GONE_ASTRAY,
    NEGATIVE_ORDER,
    POLICY_RAISED,
    TOO_LARGE,
    check_rows,
    positions_off,
    report,
)
from simlab.engine.kernels.joint_phases import phase_of
from simlab.engine.kernels.memory import Record, Work
from simlab.engine.kernels.paths import (
    first_position,
    first_stock,
    load_block,
    opens,
    rule_of,
    sequenced,
)
from simlab.engine.kernels.rules import limited, order_size, rounded, split_unmet
from simlab.engine.kernels.sequences import lead_time_behind
from simlab.engine.kernels.types import (
    DetailArrays,
    ItemArrays,
    LevelArrays,
    MovingArrays,
    Rule,
    Schedule,
)
from simlab.engine.recorder.forecasts import lift_levels, run_forecast
from simlab.engine.recorder.orders import dispatch, find_arrivals, put_due
from simlab.engine.world.columns import OrderColumn, Row
from simlab.engine.world.policy import RAISED
from simlab.engine.world.world import Unmet

PROFILE_ROWS = (Row.ON_HAND_START, Row.ON_HAND, Row.ON_ORDER, Row.ORDERED, Row.RECEIVED)
"""Rows of a time profile at unit value; then in units:"""
UNIT_ROWS = (Row.DEMANDED, Row.SERVED, Row.BACKORDERS, Row.LOST)
_PARTLY = int(Unmet.PARTLY)
LOOKED_THROUGH = 16
"""In one replication in so many every period is also asked whether units are lost; in all, the end."""


class Flow(NamedTuple):
    """Where a path stands.

    Attributes
    ----------
    net, position, on_order : int
        Net stock, inventory position and units on order.
    part, waiting_part : int
        Millionths of a unit carried between orders, and between shortages.
    n_orders : int
        Orders written down.
    """

    net: Any
    position: Any
    on_order: Any
    part: Any
    waiting_part: Any
    n_orders: Any


class Ahead(NamedTuple):
    """The order ahead, where orders alone hold others back.

    Attributes
    ----------
    epoch, gap : int
        Number of its review, and reviews between it and the order before.
    arrival : int
        When it arrives.
    """

    epoch: Any
    gap: Any
    arrival: Any


@step
def order_ahead(items: ItemArrays, item: int, record: Record) -> Ahead:
    """What is ahead of a path's first order: a given start's pipeline, or nothing near."""
    far = items.sequence.far[item] + 1
    if opens(items, item):
        return Ahead(np.int64(-1), far, record.arrives[record.demand.size])
    return Ahead(-far, far, np.int64(0))


@step
def behind(items: ItemArrays, item: int, t: int, ahead: Ahead, record: Record) -> Ahead:
    """What the review of period t would order, behind the order ahead."""
    since = (t - items.phase[item]) // items.review[item] - ahead.epoch
    own = lead_time_behind(items, item, np.uint32(record.arrives[t]), since, ahead.gap)
    return Ahead(ahead.epoch + since, since, max(record.leaves[t] + own, ahead.arrival))


@inner
def begin_block(items: ItemArrays, item: int, run: Schedule, block: int, guided: Any, work: Work) -> Any:
    """Demand of the replications that run together; how many there are."""
    n_real = load_block(run, block, work)
    draw_demand(items, item, run, guided, work)
    return n_real


@inner
def follow(
    items: ItemArrays,
    details: DetailArrays,
    levels: LevelArrays,
    moves: MovingArrays,
    item: int,
    k: int,
    run: Schedule,
    path: Any,
    record: Record,
    faults: IntArray,
) -> int:
    """A prepared path at column k of the levels, written into `record`; the number of its orders."""
    lift_levels(moves, item, k, record)
    return follow_lifted(items, details, levels, item, k, run, path, record, faults)


@inner
def follow_lifted(
    items: ItemArrays,
    details: DetailArrays,
    levels: LevelArrays,
    item: int,
    k: int,
    run: Schedule,
    path: Any,
    record: Record,
    faults: IntArray,
) -> int:
    """As `follow`, where the column's levels are lifted already; a breach goes to `faults`.

    That position = net stock + units on order is asked of every period of every path, that no units are lost
    on the way of all periods of some: of all paths that would cost over 2 % of a run.
    """
    opening = first_position(items, item, levels, k, run, path)
    rule, top = rule_of(items, item, levels, k), levels.top[item, k]
    code, at = record_path(items, details, item, rule, top, opening, record)
    if code == 0 and path % LOOKED_THROUGH == 0:
        code, breach = check_rows(record.rows, record.demand.size)
        at = breach if code else at
    if code:
        report(faults, item, code, path, at)
    return at


@inner
def prepare_path(
    items: ItemArrays,
    details: DetailArrays,
    moves: MovingArrays,
    item: int,
    run: Schedule,
    lane: int,
    work: Work,
    record: Record,
) -> Any:
    """What all columns of a path share: review phase, demand, arrivals, forecasts. Returns the replication.

    A phase that is drawn is written into `items`, where all that follows the path looks it up.
    """
    path = work.paths[lane]
    items.phase[item] = phase_of(items, item, run, path)
    for t in range(record.demand.size):
        record.demand[t] = work.demand[t, lane]
        record.rows[Row.DEMANDED, t] = record.demand[t]
    find_arrivals(items, details, item, run, path, record)
    run_forecast(moves, item, record)
    return path


@inner
def wish(
    policy: Any, rule: Rule, top: int, t: int, position: Any, net: Any, last_demand: Any, most: int
) -> Any:
    """What a review orders before a highest position cuts it: by the rule, or by a user's policy.

    `policy` is None or a compiled function (see `custom`). Where that raised, returned no whole number
    ≥ 0, or asked for more than `most` units: the fault's code, negative.
    """
    if policy is None:
        return np.int64(order_size(top - position, rule))
    asked = policy(t, position, net, last_demand, top - rule.gap, top, rule.quantity)
    if asked == RAISED:
        return np.int64(-POLICY_RAISED)
    if not asked >= 0:
        return np.int64(-NEGATIVE_ORDER)
    if asked > most:
        return np.int64(-TOO_LARGE)
    units = np.int64(asked)
    if asked != units:
        return np.int64(-NEGATIVE_ORDER)
    return np.int64(rounded(units, rule)) if units > 0 else np.int64(0)


@inner
def begin_path(items: ItemArrays, details: DetailArrays, item: int, record: Record) -> Flow:
    """Empty what a column fills, and enter a given pipeline; net stock is left at 0.

    Orders with a date arrive whole on it.
    """
    total = record.demand.size
    for t in range(total + 1):
        record.due[t] = 0
        record.due_orders[t] = 0
        record.gone[t] = 0
    zero, opening = np.int64(0), items.opening
    units, line, part = opening.on_order[item], zero, zero
    if units > 0:
        record.orders[0, OrderColumn.PLACED] = -1
        record.orders[0, OrderColumn.UNITS] = units
        record.orders[0, OrderColumn.LEFT] = -1
        part = dispatch(details, item, record.arrives[total], units, zero, record, 0)
        line += 1
    for at in range(opening.due_begin[item], opening.due_begin[item] + opening.due_count[item]):
        size, arrival = opening.due_units[at], opening.due_period[at]
        if size > 0:
            put_due(record, arrival, size, 1)
            record.orders[line, OrderColumn.PLACED] = -1
            record.orders[line, OrderColumn.UNITS] = size
            record.orders[line, OrderColumn.LEFT] = -1
            record.orders[line, OrderColumn.ARRIVAL] = arrival
            record.orders[line, OrderColumn.ON_TIME] = size
            record.orders[line, OrderColumn.REST] = 0
            record.orders[line, OrderColumn.REST_ARRIVAL] = -1
            units += size
            line += 1
    return Flow(zero, units, units, part, zero, line)


@step
def place_order(
    details: DetailArrays, item: int, t: int, arrival: Any, size: Any, flow: Flow, record: Record
) -> Flow:
    """Write an order down and send it; what is cancelled on the day it is placed leaves at once."""
    line = flow.n_orders
    record.orders[line, OrderColumn.PLACED] = t
    record.orders[line, OrderColumn.UNITS] = size
    record.orders[line, OrderColumn.LEFT] = record.leaves[t]
    gone_before = record.gone[t]
    part = dispatch(details, item, arrival, size, flow.part, record, line)
    kept = size - (record.gone[t] - gone_before)
    return Flow(flow.net, flow.position + kept, flow.on_order + kept, part, flow.waiting_part, line + 1)


@step
def settle(items: ItemArrays, item: int, owed: Any, carried: Any) -> tuple[Any, Any]:
    """How much of the demand not served waits, and the millionths of a unit carried on."""
    unmet = items.unmet[item]
    if unmet == _PARTLY:
        return split_unmet(owed, items.waits[item], carried, False)
    return (owed if unmet == 0 else np.int64(0)), carried


@step
def write_period(t: int, flow: Flow, shelf: Any, served: Any, owed: Any, lost: Any, record: Record) -> None:
    """The rows of a period that its end tells."""
    rows, net = record.rows, flow.net
    rows[Row.SERVED, t] = served
    rows[Row.ON_HAND, t] = max(net, 0)
    rows[Row.ON_HAND_START, t] = shelf
    rows[Row.READY, t] = 1 if net > 0 else 0
    rows[Row.SHORT, t] = 1 if owed > 0 else 0
    rows[Row.BACKORDERS, t] = max(-net, 0)
    rows[Row.LOST, t] = lost
    rows[Row.ON_ORDER, t] = flow.on_order
    rows[Row.NET_INVENTORY, t] = net
    rows[Row.INVENTORY_POSITION, t] = flow.position
    rows[Row.CANCELLED, t] = record.gone[t]


@inner
def record_path(
    items: ItemArrays,
    details: DetailArrays,
    item: int,
    rule: Rule,
    top: int,
    opening: Any,
    record: Record,
) -> tuple[int, int]:
    """A prepared path at one column, arrive → order → demand → count, into `record`.

    Parameters
    ----------
    opening : int
        Position less S with which the path begins, see `paths.first_position`.

    Returns
    -------
    code, n : int
        Fault (0: none), and number of orders; with a fault, its period.

    Notes
    -----
    A path is checked at its end: its position in every period, and as those of the lanes are, for whatever is
    lost or found on the way is still missing there; only then are its periods looked through for the first
    breach. One that goes wrong runs to its end, which no place in memory depends on: an order's line is
    counted by reviews, and when it arrives depends on neither its size nor the stock. Units lost that come
    back by themselves, with the position, are seen by `follow_lifted`.
    """
    rows, total = record.rows, record.demand.size
    review, phase = items.review[item], items.phase[item]
    flow = begin_path(items, details, item, record)
    net = first_stock(items, item, top + record.lift[0] + opening)
    position, on_order, waiting_part = net + flow.position, flow.on_order, np.int64(0)
    in_sequence, ahead = sequenced(items, item), order_ahead(items, item, record)
    missed, forgives = False, items.exact_hit == 1 and not (rule.quantity == 0 and rule.gap == 1)
    for t in range(total):
        on_order -= record.gone[t]
        position -= record.gone[t]
        level = top + record.lift[t]
        size, found, forgiven = np.int64(0), np.int64(0), np.int64(0)
        reviews = t >= phase and (t - phase) % review == 0
        if reviews and forgives:
            forgiven = max(np.int64(level - rule.gap) - position, np.int64(0))
            position += forgiven
            net += forgiven
        good = net >= 0 and not missed
        if reviews:
            found = position
            before = record.demand[t - 1] if t > 0 else np.int64(0)
            size = wish(details.policy, rule, level, t, position, net, before, details.most_ordered)
            if size < 0:
                code, at = check_rows(rows, t)
                return (code, at) if code else (-size, t)
            size = limited(size, position - top, rule)
            if size > 0:
                flow = Flow(net, position, on_order, flow.part, waiting_part, flow.n_orders)
                arrival = record.arrives[t]
                if in_sequence:
                    ahead = behind(items, item, t, ahead, record)
                    arrival = ahead.arrival
                flow = place_order(details, item, t, arrival, size, flow, record)
                position, on_order = flow.position, flow.on_order
        due, n_due = record.due[t], record.due_orders[t]
        net += due
        on_order -= due
        if n_due > 0:
            missed = False
        d, shelf = record.demand[t], max(net, 0)
        served = min(d, shelf)
        owed = d - served
        waiting, waiting_part = settle(items, item, owed, waiting_part)
        lost = owed - waiting
        missed = missed or lost > 0
        net -= served + waiting
        position -= served + waiting
        rows[Row.RECEIPTS, t] = n_due
        rows[Row.GOOD_RECEIPTS, t] = n_due if good else 0
        rows[Row.ORDERS, t] = 1 if size > 0 else 0
        rows[Row.ORDERED, t] = size + forgiven
        rows[Row.RECEIVED, t] = due + forgiven
        rows[Row.POSITION_AT_REVIEW, t] = found
        rows[Row.LEVEL, t] = level
        flow = Flow(net, position, on_order, flow.part, waiting_part, flow.n_orders)
        write_period(t, flow, shelf, served, owed, lost, record)
    if positions_off(rows, total) != 0 or on_order != record.due[total] + record.gone[total]:
        code, at = check_rows(rows, total)
        return (code, at) if code else (GONE_ASTRAY, total)
    return 0, flow.n_orders
