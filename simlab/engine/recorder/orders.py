"""An order's way: when it leaves the supplier and arrives, in one part or two."""

from __future__ import annotations

from typing import Any

import numpy as np

from simlab.engine._jit import inner, step
from simlab.engine.kernels.memory import Record
from simlab.engine.kernels.paths import opening_arrival, opens, sequenced
from simlab.engine.kernels.streams import word_at
from simlab.engine.kernels.types import DetailArrays, ItemArrays, Schedule
from simlab.engine.laws.lookup import search
from simlab.engine.world.columns import OrderColumn
from simlab.engine.world.world import MILLION


@step
def when_open(details: DetailArrays, item: int, t: Any) -> Any:
    """First period from t on in which the item's supplier is open."""
    calendar = details.calendar[item]
    if calendar < 0:
        return np.int64(t)
    return np.int64(t) + details.until_open[calendar, t % details.until_open.shape[1]]


@inner
def find_departures(details: DetailArrays, item: int, path: int, record: Record) -> None:
    """First working period of the item's supplier from every period on; past the end if it stays shut."""
    leaves, total = record.leaves, record.leaves.size
    if details.held == 0 or details.fails[item] == 0:
        for t in range(total):
            leaves[t] = when_open(details, item, t)
        return
    find_outages(details, item, path, record)
    later = total
    for back in range(total):
        t = total - 1 - back
        if leaves[t] == 0 and when_open(details, item, t) == t:
            later = t
        leaves[t] = later


@inner
def find_outages(details: DetailArrays, item: int, path: int, record: Record) -> None:
    """In which periods an outage stops the item's supplier: 1 in `record.leaves`."""
    leaves = record.leaves
    fails, recovers = np.uint64(details.fails[item]), np.uint64(details.recovers[item])
    key = details.supplier_keys[item]
    word = np.uint64(word_at(details.outage_key, key, path, 0))
    stopped = (word >> np.uint64(1)) * (fails + recovers) < fails << np.uint64(31)
    for t in range(leaves.size):
        if t > 0:
            word = np.uint64(word_at(details.outage_key, key, path, t))
            stopped = word >= recovers if stopped else word < fails
        leaves[t] = 1 if stopped else 0


@step
def lead_word(items: ItemArrays, details: DetailArrays, item: int, run: Schedule, path: int, t: int) -> Any:
    """Word of the lead time of what the review of period t orders: its epoch's, or the supplier's."""
    if details.shared[item] == 1:
        return word_at(details.shared_key, details.supplier_keys[item], path, t)
    epoch = (t - items.phase[item]) // items.review[item]
    return word_at(run.lead_key, items.keys[item], path, epoch)


@step
def lead_time(items: ItemArrays, details: DetailArrays, item: int, run: Schedule, path: int, t: int) -> Any:
    """Lead time of what the review of period t orders."""
    begin = items.lead_start[item]
    length = items.lead_length[item]
    if length == 1:
        return items.lead_periods[begin]
    word = lead_word(items, details, item, run, path, t)
    return items.lead_periods[begin + search(items.lead_thresholds[begin : begin + length], word)]


@inner
def find_arrivals(
    items: ItemArrays, details: DetailArrays, item: int, run: Schedule, path: int, record: Record
) -> None:
    """When the order of each review would arrive: it depends on neither its size nor the levels.

    ``record.arrives[t]`` for the review of period t; the entry after the last period is that of a
    given start's pipeline. Of items whose orders alone hold others back the review's word instead.
    """
    find_departures(details, item, path, record)
    total, last = record.leaves.size, np.int64(0)
    if opens(items, item):
        last = opening_arrival(items, item, run, path)
        record.arrives[total] = last
    if sequenced(items, item):
        for t in range(items.phase[item], total, items.review[item]):
            record.arrives[t] = np.int64(lead_word(items, details, item, run, path, t))
        return
    in_order = items.crossing == 0
    if in_order and not opens(items, item):
        last = items.phase[item] - items.review[item] + opening_arrival(items, item, run, path)
    for t in range(items.phase[item], total, items.review[item]):
        arrival = record.leaves[t] + lead_time(items, details, item, run, path, t)
        if in_order:
            arrival = max(arrival, last)
            last = arrival
        record.arrives[t] = arrival


@step
def put_due(record: Record, period: int, units: int, orders: int) -> None:
    """Enter an arrival; all that come after the last period into one entry more."""
    at = min(np.int64(period), np.int64(record.demand.size))
    record.due[at] += units
    record.due_orders[at] += orders


@inner
def dispatch(
    details: DetailArrays, item: int, arrival: int, units: Any, carried: Any, record: Record, line: int
) -> Any:
    """Split an order into what comes on time and the rest, and enter both when the supplier is open.

    Returns
    -------
    int
        Millionths of a unit kept for the next order.
    """
    share = details.on_time[item]
    arrival = when_open(details, item, arrival)
    first, rest_arrival = units, np.int64(-1)
    if share < MILLION:
        whole = carried + units * share
        first = whole // MILLION
        carried = whole - first * MILLION
    rest = units - first
    if first > 0:
        put_due(record, arrival, first, 1)
    if rest > 0 and details.rest_delay[item] >= 0:
        rest_arrival = when_open(details, item, arrival + details.rest_delay[item])
        put_due(record, rest_arrival, rest, 0 if first > 0 else 1)
    elif rest > 0:
        record.gone[min(np.int64(arrival), np.int64(record.demand.size))] += rest
    record.orders[line, OrderColumn.ARRIVAL] = arrival
    record.orders[line, OrderColumn.ON_TIME] = first
    record.orders[line, OrderColumn.REST] = rest
    record.orders[line, OrderColumn.REST_ARRIVAL] = rest_arrival
    return carried
