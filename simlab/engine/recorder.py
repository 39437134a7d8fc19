"""One path written down period by period: the evaluator called "ledger".

It knows every feature, one lane and one column at a time: what the sweep and the lanes do not cover
(partly waiting demand, a highest position, outages, shared delays, partial receipts, a given start),
and whatever is wanted by period. On what they do cover all three agree to the unit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simlab.engine._jit import inner, kernel, step
from simlab.engine.guards import NEGATIVE_ORDER, POSITION_IDENTITY, UNITS_LOST, report
from simlab.engine.kernel_types import (
    DetailArrays,
    Groups,
    ItemArrays,
    LevelArrays,
    Record,
    Rule,
    Schedule,
    Sums,
    Work,
)
from simlab.engine.lookup import search
from simlab.engine.paths import draw_demand, load_block, make_guide, rule_of
from simlab.engine.rules import order_size, rounded
from simlab.engine.streams import start_offset, word_at
from simlab.engine.types import IntArray, Unmet

ROWS = (
    "demanded",
    "served",
    "on_hand",
    "on_hand_start",
    "ready",
    "short",
    "receipts",
    "good_receipts",
    "orders",
    "ordered",
    "received",
    "backorders",
    "lost",
    "on_order",
    "net_inventory",
    "inventory_position",
    "cancelled",
    "position_at_review",
)
"""Quantities of a period; the last is the position that a review found (0 where there is none)."""

DEMANDED, SERVED, ON_HAND, ON_HAND_START, READY, SHORT = 0, 1, 2, 3, 4, 5
RECEIPTS, GOOD_RECEIPTS, ORDERS, ORDERED, RECEIVED = 6, 7, 8, 9, 10
BACKORDERS, LOST, ON_ORDER, NET, POSITION, CANCELLED, REVIEWED = 11, 12, 13, 14, 15, 16, 17
N_ROWS = 18

ORDER_FIELDS = ("placed", "units", "left", "arrival", "on_time", "rest", "rest_arrival")
"""Of an order: period placed, units, period it left the supplier, period of arrival, units that
arrive then, the other units, and when these arrive (−1: cancelled or none)."""
N_ORDER_FIELDS = 7

PROFILE_ROWS = (ON_HAND_START, ON_HAND, ON_ORDER, ORDERED, RECEIVED)
"""Rows of a time profile at unit value; then in units:"""
UNIT_ROWS = (DEMANDED, SERVED, BACKORDERS, LOST)

MILLION = 1_000_000
_PARTLY, _LOST = int(Unmet.PARTLY), int(Unmet.LOST)


@inner
def find_departures(details: DetailArrays, item: int, path: int, record: Record) -> None:
    """First working period of the item's supplier from every period on; past the end if it stays shut."""
    leaves, total = record.leaves, record.leaves.size
    fails, recovers = np.uint64(details.fails[item]), np.uint64(details.recovers[item])
    if details.held == 0 or fails == np.uint64(0):
        for t in range(total):
            leaves[t] = t
        return
    key = details.supplier_keys[item]
    word = np.uint64(word_at(details.outage_key, key, path, 0))
    stopped = (word >> np.uint64(1)) * (fails + recovers) < fails << np.uint64(31)
    for t in range(total):
        if t > 0:
            word = np.uint64(word_at(details.outage_key, key, path, t))
            stopped = word >= recovers if stopped else word < fails
        leaves[t] = 1 if stopped else 0
    later = total
    for back in range(total):
        t = total - 1 - back
        if leaves[t] == 0:
            later = t
        leaves[t] = later


@step
def lead_time(items: ItemArrays, details: DetailArrays, item: int, run: Schedule, path: int, t: int) -> Any:
    """Lead time of what the review of period t orders, from its epoch's word or the supplier's."""
    begin = items.lead_start[item]
    length = items.lead_length[item]
    if length == 1:
        return items.lead_periods[begin]
    if details.shared[item] == 1:
        word = word_at(details.shared_key, details.supplier_keys[item], path, t)
    else:
        epoch = (t - items.phase[item]) // items.review[item]
        word = word_at(run.lead_key, items.keys[item], path, epoch)
    return items.lead_periods[begin + search(items.lead_thresholds[begin : begin + length], word)]


@step
def limited(size: Any, position: Any, ceiling: Any, rule: Rule) -> Any:
    """An order cut so that the position stays at or below the ceiling."""
    room = ceiling - position
    if ceiling == 0 or size <= room:
        return size
    lot = rule.quantity if rule.quantity > 0 else rule.pack
    size = max(room, 0) // lot * lot
    return size if size >= rule.moq else np.int64(0)


@step
def first_stock(
    items: ItemArrays, details: DetailArrays, item: int, run: Schedule, rule: Rule, top: int, path: int
) -> Any:
    """Net stock before period 0: as given, or the start of the long run as in the lanes."""
    if details.given == 1:
        return details.on_hand[item]
    if details.unmet[item] > 0:
        return max(top, 0)
    if rule.quantity > 0:
        return top + start_offset(run.start_key, items.keys[item], path, rule.quantity) + 1 - rule.quantity
    return np.int64(top)


@step
def put_due(record: Record, period: int, units: int, orders: int) -> Any:
    """Enter an arrival; returns the units that arrive after the last period."""
    if period >= record.due.size:
        return units
    record.due[period] += units
    record.due_orders[period] += orders
    return np.int64(0)


@inner
def dispatch(
    details: DetailArrays, item: int, arrival: int, units: Any, carried: Any, record: Record, line: int
) -> tuple[Any, Any]:
    """Split an order into what comes on time and the rest, and enter both.

    Returns
    -------
    beyond, carried : int
        Units that arrive (or are cancelled) after the last period, and millionths of a unit kept
        for the next order.
    """
    share = details.on_time[item]
    first, rest_arrival = units, np.int64(-1)
    if share < MILLION:
        whole = carried + units * share
        first = whole // MILLION
        carried = whole - first * MILLION
    rest = units - first
    beyond = put_due(record, arrival, first, 1) if first > 0 else np.int64(0)
    if rest > 0 and details.rest_delay[item] >= 0:
        rest_arrival = arrival + details.rest_delay[item]
        beyond += put_due(record, rest_arrival, rest, 0 if first > 0 else 1)
    elif rest > 0:
        if arrival < record.gone.size:
            record.gone[arrival] += rest
        else:
            beyond += rest
    record.orders[line, 3] = arrival
    record.orders[line, 4] = first
    record.orders[line, 5] = rest
    record.orders[line, 6] = rest_arrival
    return beyond, carried


@inner
def wish(policy: Any, rule: Rule, top: int, t: int, position: Any, net: Any, last_demand: Any) -> Any:
    """What a review orders before a highest position cuts it: by the rule, or by a user's policy.

    `policy` is None or a compiled function (see `custom`); −1 if that returned no whole number ≥ 0.
    """
    if policy is None:
        return np.int64(order_size(top - position, rule))
    asked = policy(t, position, net, last_demand, top - rule.gap, top, rule.quantity)
    units = np.int64(asked)
    if not (asked == units and units >= 0):
        return np.int64(-1)
    return np.int64(rounded(units, rule)) if units > 0 else np.int64(0)


@inner
def record_path(
    items: ItemArrays,
    details: DetailArrays,
    policy: Any,
    item: int,
    rule: Rule,
    top: int,
    run: Schedule,
    lane: int,
    work: Work,
    record: Record,
) -> tuple[int, int]:
    """One lane through all periods, arrive → order → demand → count, into `record`.

    Returns
    -------
    code, n : int
        Fault (0: none), and number of orders; with a fault, its period.
    """
    rows, demand, total = record.rows, work.demand, record.due.size
    path = work.paths[lane]
    review, phase, crossing = items.review[item], items.phase[item], items.crossing == 1
    unmet, waits = details.unmet[item], details.waits[item]
    find_departures(details, item, path, record)
    for t in range(total):
        record.due[t] = 0
        record.due_orders[t] = 0
        record.gone[t] = 0
    net = first_stock(items, details, item, run, rule, top, path)
    on_order, beyond, part, waiting_part = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    last, n_orders, missed = np.int64(0), 0, False
    if details.given == 1 and details.on_order[item] > 0:
        on_order = details.on_order[item]
        begin = items.lead_start[item]
        word = word_at(run.start_key, items.keys[item], path, 2)
        thresholds = items.lead_thresholds[begin : begin + items.lead_length[item]]
        last = items.lead_periods[begin + search(thresholds, word)]
        record.orders[0, 0] = -1
        record.orders[0, 1] = on_order
        record.orders[0, 2] = -1
        n_orders = 1
        beyond, part = dispatch(details, item, last, on_order, part, record, 0)
    position = net + on_order
    for t in range(total):
        on_order -= record.gone[t]
        position -= record.gone[t]
        size, found, forgiven = np.int64(0), np.int64(0), np.int64(0)
        reviews = t >= phase and (t - phase) % review == 0
        if reviews and items.exact_hit == 1 and not (rule.quantity == 0 and rule.gap == 1):
            forgiven = max(np.int64(top - rule.gap) - position, np.int64(0))
            position += forgiven
            net += forgiven
        good = net >= 0 and not missed
        if reviews:
            found = position
            left = record.leaves[t]
            arrival = left + lead_time(items, details, item, run, path, t)
            if not crossing:
                arrival = max(arrival, last)
                last = arrival
            before = np.int64(demand[t - 1, lane]) if t > 0 else np.int64(0)
            size = wish(policy, rule, top, t, position, net, before)
            if size < 0:
                return NEGATIVE_ORDER, t
            size = limited(size, position, details.ceiling[item], rule)
            if size > 0:
                position += size
                on_order += size
                record.orders[n_orders, 0] = t
                record.orders[n_orders, 1] = size
                record.orders[n_orders, 2] = left
                gone_before = record.gone[t]
                more, part = dispatch(details, item, arrival, size, part, record, n_orders)
                beyond += more
                at_once = record.gone[t] - gone_before
                on_order -= at_once
                position -= at_once
                n_orders += 1
        due, n_due = record.due[t], record.due_orders[t]
        net += due
        on_order -= due
        if n_due > 0:
            missed = False
        d = np.int64(demand[t, lane])
        shelf = max(net, 0)
        served = min(d, shelf)
        owed = d - served
        waiting = owed if unmet == 0 else np.int64(0)
        if unmet == _PARTLY:
            whole = waiting_part + owed * waits
            waiting = whole // MILLION
            waiting_part = whole - waiting * MILLION
        lost = owed - waiting
        missed = missed or lost > 0
        net -= served + waiting
        position -= served + waiting
        rows[DEMANDED, t] = d
        rows[SERVED, t] = served
        rows[ON_HAND, t] = max(net, 0)
        rows[ON_HAND_START, t] = shelf
        rows[READY, t] = 1 if net > 0 else 0
        rows[SHORT, t] = 1 if owed > 0 else 0
        rows[RECEIPTS, t] = n_due
        rows[GOOD_RECEIPTS, t] = n_due if good else 0
        rows[ORDERS, t] = 1 if size > 0 else 0
        rows[ORDERED, t] = size + forgiven
        rows[RECEIVED, t] = due + forgiven
        rows[BACKORDERS, t] = max(-net, 0)
        rows[LOST, t] = lost
        rows[ON_ORDER, t] = on_order
        rows[NET, t] = net
        rows[POSITION, t] = position
        rows[CANCELLED, t] = record.gone[t]
        rows[REVIEWED, t] = found
        if on_order < 0 or lost < 0 or waiting < 0:
            return UNITS_LOST, t
        if position != net + on_order:
            return POSITION_IDENTITY, t
    if on_order != beyond:
        return POSITION_IDENTITY, total
    return 0, n_orders


@kernel
def record_sums(
    items: ItemArrays,
    details: DetailArrays,
    policy: Any,
    levels: LevelArrays,
    run: Schedule,
    work: Work,
    record: Record,
    out: Sums,
    faults: IntArray,
) -> None:
    """Sums of all items at all columns, as `lanes.lanes` but with every feature."""
    for item in range(items.keys.size):
        guided = make_guide(items, item, work)
        for block in range(run.block_start.size):
            n_real = load_block(run, block, work)
            draw_demand(items, item, run, guided, work)
            for k in range(levels.top.shape[1]):
                rule, top = rule_of(items, item, levels, k), levels.top[item, k]
                for lane in range(n_real):
                    code, at = record_path(items, details, policy, item, rule, top, run, lane, work, record)
                    if code:
                        report(faults, item, code, work.paths[lane], at)
                    slot = run.slots[run.block_start[block] + lane]
                    add_counted(item, k, slot, run.warmup, record.rows, out)


@inner
def add_counted(item: int, k: int, slot: int, warmup: int, rows: IntArray, out: Sums) -> None:
    """Add the counted periods of a path to one slot."""
    for t in range(warmup, rows.shape[1]):
        if k == 0:
            out.demanded[item, slot] += rows[DEMANDED, t]
        out.served[item, k, slot] += rows[SERVED, t]
        out.on_hand[item, k, slot] += rows[ON_HAND, t]
        out.on_hand_start[item, k, slot] += rows[ON_HAND_START, t]
        out.ready[item, k, slot] += rows[READY, t]
        out.short[item, k, slot] += rows[SHORT, t]
        out.receipts[item, k, slot] += rows[RECEIPTS, t]
        out.good_receipts[item, k, slot] += rows[GOOD_RECEIPTS, t]
        out.orders[item, k, slot] += rows[ORDERS, t]
        out.ordered[item, k, slot] += rows[ORDERED, t]
        out.received[item, k, slot] += rows[RECEIVED, t]
        out.backorders[item, k, slot] += rows[BACKORDERS, t]
        out.lost[item, k, slot] += rows[LOST, t]
        out.on_order[item, k, slot] += rows[ON_ORDER, t]


@kernel
def record_profile(
    items: ItemArrays,
    details: DetailArrays,
    levels: LevelArrays,
    run: Schedule,
    groups: Groups,
    work: Work,
    record: Record,
    values: IntArray,
    units: IntArray,
    peaks: IntArray,
    faults: IntArray,
) -> None:
    """Sums by column, group, replication and counted period over all items.

    Parameters
    ----------
    groups : Groups
        Group and unit value of every item.
    values : (5, k, g, r, periods) int64
        `PROFILE_ROWS` at unit value; zeros, filled.
    units : (4, k, g, r, periods) int64
        `UNIT_ROWS`; zeros, filled.
    peaks : (n,) int64
        Largest quantity that any path of an item shows: the caller proves with it that no sum of
        money left 64 bits.
    """
    first = run.paths[0]
    for item in range(items.keys.size):
        guided = make_guide(items, item, work)
        group, value = groups.group[item], groups.unit_value[item]
        for block in range(run.block_start.size):
            n_real = load_block(run, block, work)
            draw_demand(items, item, run, guided, work)
            for k in range(levels.top.shape[1]):
                rule, top = rule_of(items, item, levels, k), levels.top[item, k]
                for lane in range(n_real):
                    path = work.paths[lane]
                    code, at = record_path(items, details, None, item, rule, top, run, lane, work, record)
                    if code:
                        report(faults, item, code, path, at)
                    for i in range(len(PROFILE_ROWS)):
                        row = PROFILE_ROWS[i]
                        for t in range(run.periods):
                            x = record.rows[row, run.warmup + t]
                            peaks[item] = max(peaks[item], x)
                            values[i, k, group, path - first, t] += x * value
                    for i in range(len(UNIT_ROWS)):
                        row = UNIT_ROWS[i]
                        for t in range(run.periods):
                            units[i, k, group, path - first, t] += record.rows[row, run.warmup + t]


@kernel
def record_one(
    items: ItemArrays,
    details: DetailArrays,
    levels: LevelArrays,
    run: Schedule,
    work: Work,
    record: Record,
    faults: IntArray,
) -> int:
    """Leave the only item's first replication at its first column in `record`; number of orders."""
    guided = make_guide(items, 0, work)
    load_block(run, 0, work)
    draw_demand(items, 0, run, guided, work)
    code, at = record_path(
        items, details, None, 0, rule_of(items, 0, levels, 0), levels.top[0, 0], run, 0, work, record
    )
    if code:
        report(faults, 0, code, work.paths[0], at)
    return at
