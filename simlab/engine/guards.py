"""Checks that every run makes on itself; a breach names item, replication and period."""

from __future__ import annotations

from typing import Any

import numpy as np

from simlab.engine._jit import jit
from simlab.engine.kernel_types import ItemArrays, LevelArrays, Reach, Rule, Schedule, Work
from simlab.engine.paths import FLUSH, rule_of
from simlab.engine.tallies import DEMANDED, ON_HAND, ON_HAND_START, ORDERED, RECEIVED
from simlab.engine.types import IntArray, WordArray

WIDE = 1
LONG_TABLE = 2
ORDERED_UNITS = 3
RECEIVED_UNITS = 4
POSITION_IDENTITY = 5
NARROW = 1 << 31

FAULTS = {
    LONG_TABLE: "the demand law spreads over more than a million values",
    ORDERED_UNITS: "position ≠ position before + ordered − demanded",
    RECEIVED_UNITS: "net stock ≠ net stock before + received − demanded or served",
    POSITION_IDENTITY: "position ≠ net stock + units under way",
}


@jit
def report(faults: IntArray, item: int, code: int, path: int, period: int) -> None:
    """Note the first breach of an item."""
    if faults[item, 0] == 0:
        faults[item, 0] = code
        faults[item, 1] = path
        faults[item, 2] = period


@jit
def under_way(items: ItemArrays, item: int, end: int, reach: Reach, lane: int, work: Work) -> Any:
    """Units ordered before period `end` that arrive in it or later."""
    review, phase = items.review[item], items.phase[item]
    units = np.int64(0)
    epoch = (end - phase + review - 1) // review - 1
    while epoch >= 0:
        placed = phase + epoch * review
        if placed + reach.most < end:
            break
        delay = reach.least if reach.constant else np.int64(work.delays[epoch, lane])
        if placed + delay >= end:
            units += work.orders[epoch, lane]
        epoch -= 1
    return units


@jit
def check_block(
    items: ItemArrays, item: int, run: Schedule, reach: Reach, n_real: int, lost: bool, top: int, work: Work
) -> tuple[int, int]:
    """Code and lane of the first breach in a block; `top` is S less what net stock is relative to."""
    for lane in range(n_real):
        gone = work.tally[DEMANDED, lane] + work.demanded[lane]
        if lost:
            gone = work.tally[ON_HAND_START, lane] - work.tally[ON_HAND, lane]
        position, net = np.int64(work.position[lane]), np.int64(work.net[lane])
        if position - work.position_start[lane] != work.tally[ORDERED, lane] - gone:
            return ORDERED_UNITS, lane
        if net - work.net_start[lane] != work.tally[RECEIVED, lane] - gone:
            return RECEIVED_UNITS, lane
        if position + top - net != under_way(items, item, run.warmup + run.periods, reach, lane, work):
            return POSITION_IDENTITY, lane
    return 0, 0


@jit
def bound(items: ItemArrays, item: int, rule: Rule, most_demand: int, total: int) -> Any:
    """What |position − S|, |net stock − S| and units on order cannot exceed.

    After an uncapped order the position lies within one review's demand and one order's rounding
    of S; net stock lies below it by what was ordered within the longest lead time.
    """
    longest = items.lead_periods[items.lead_start[item] + items.lead_length[item] - 1]
    rounding = rule.gap + rule.quantity + rule.moq + rule.pack
    span = longest + 2 * items.review[item] + 2
    if rule.cap > 0:
        span += total
    return 4 * rounding + 2 * span * most_demand


@jit
def fits(
    items: ItemArrays,
    item: int,
    levels: LevelArrays,
    table: tuple[int, IntArray, WordArray],
    total: int,
    narrow: bool,
) -> Any:
    """0 if neither the lanes nor their short accumulators can overflow, else a fault code."""
    first, points, thresholds = table
    if first < 0:
        return LONG_TABLE
    most_demand = points[points.size - 1] if points.size else first + thresholds.size - 1
    for k in range(levels.top.shape[1]):
        top = levels.top[item, k]
        reach = abs(top) + bound(items, item, rule_of(items, item, levels, k), most_demand, total)
        if narrow and reach * 2 * FLUSH >= NARROW:
            return WIDE
    return 0
