"""Replications side by side, one column after the other over the same draws.

For everything that the shift argument does not cover: lost sales, and columns whose Q or S − s
differ. Demands and lead times are drawn once per block and shared by all columns.
"""

from __future__ import annotations

import numpy as np

from simlab.engine._jit import jit
from simlab.engine.guards import check_block, fits, report
from simlab.engine.kernel_types import ItemArrays, LevelArrays, Reach, Rule, Schedule, Sums, Work
from simlab.engine.lookup import fill_guide
from simlab.engine.paths import (
    FLUSH,
    clear_tally,
    collect,
    draw_delays,
    draw_demand,
    flush,
    load_block,
    rule_of,
)
from simlab.engine.rules import order_rows
from simlab.engine.streams import start_offset
from simlab.engine.tables import build_table
from simlab.engine.tallies import (
    AFTER,
    MISSED,
    ON_HAND,
    ON_HAND_START,
    ORDERED,
    ORDERS,
    POSITION,
    READY,
    RECEIPTS,
    RECEIVED,
    SHORT,
)
from simlab.engine.types import IntArray


@jit
def start_lanes(items: ItemArrays, item: int, run: Schedule, rule: Rule, top: int, work: Work) -> None:
    """Full shelf (not below zero where demand is lost), or a uniform position for (R,s,nQ).

    `position` is relative to S, `net` is not.
    """
    cast = work.net.dtype.type
    lost = items.lost[item] == 1
    for lane in range(work.net.size):
        shelf = np.int64(top)
        if lost:
            shelf = max(shelf, np.int64(0))
        elif rule.quantity > 0:
            path = work.paths[lane]
            shelf += start_offset(run.start_key, items.keys[item], path, rule.quantity) + 1 - rule.quantity
        work.net[lane] = cast(shelf)
        work.position[lane] = cast(shelf - top)
        work.bad[lane] = cast(0)


@jit
def order(items: ItemArrays, item: int, t: int, rule: Rule, counted: bool, work: Work) -> None:
    """Review all lanes if a review is due."""
    part, orders = work.part, work.orders
    cast = part.dtype.type
    zero, one = cast(0), cast(1)
    since = t - items.phase[item]
    if since < 0 or since % items.review[item]:
        return
    epoch = since // items.review[item]
    order_rows(work.position, rule, epoch, orders)
    if counted:
        for lane in range(work.net.size):
            size = orders[epoch, lane]
            part[ORDERED, lane] = cast(part[ORDERED, lane] + size)
            part[ORDERS, lane] = cast(part[ORDERS, lane] + (one if size > zero else zero))


@jit
def receive(counted: bool, lost: bool, work: Work) -> None:
    """Put what arrives on the shelf; a receipt after a shortage is missed."""
    net, units, receipts, bad, part = work.net, work.units, work.receipts, work.bad, work.part
    cast = net.dtype.type
    zero = cast(0)
    lanes = net.size
    if counted:
        for lane in range(lanes):
            part[RECEIPTS, lane] = cast(part[RECEIPTS, lane] + receipts[lane])
            part[RECEIVED, lane] = cast(part[RECEIVED, lane] + units[lane])
        for lane in range(lanes):
            short = bad[lane] > zero if lost else net[lane] < zero
            part[MISSED, lane] = cast(part[MISSED, lane] + (receipts[lane] if short else zero))
    for lane in range(lanes):
        net[lane] = cast(net[lane] + units[lane])
    if lost:
        for lane in range(lanes):
            bad[lane] = zero if receipts[lane] > zero else bad[lane]


@jit
def sell(t: int, counted: bool, lost: bool, work: Work) -> None:
    """Demand of one period, served from the shelf; the rest waits or is gone."""
    demand, net, position, bad, part = work.demand, work.net, work.position, work.bad, work.part
    cast = net.dtype.type
    zero, one = cast(0), cast(1)
    lanes = net.size
    if counted:
        for lane in range(lanes):
            part[ON_HAND_START, lane] = cast(part[ON_HAND_START, lane] + max(net[lane], zero))
            part[SHORT, lane] = cast(
                part[SHORT, lane] + (one if demand[t, lane] > max(net[lane], zero) else zero)
            )
    if lost:
        for lane in range(lanes):
            d = demand[t, lane]
            served = min(d, net[lane])
            bad[lane] = one if served < d else bad[lane]
            net[lane] = cast(net[lane] - served)
            position[lane] = cast(position[lane] - served)
    else:
        for lane in range(lanes):
            net[lane] = cast(net[lane] - demand[t, lane])
            position[lane] = cast(position[lane] - demand[t, lane])
    if counted:
        for lane in range(lanes):
            part[AFTER, lane] = cast(part[AFTER, lane] + net[lane])
            part[ON_HAND, lane] = cast(part[ON_HAND, lane] + max(net[lane], zero))
            part[READY, lane] = cast(part[READY, lane] + (one if net[lane] > zero else zero))
        for lane in range(lanes):
            part[POSITION, lane] = cast(part[POSITION, lane] + position[lane])


@jit
def run_column(items: ItemArrays, item: int, rule: Rule, run: Schedule, reach: Reach, work: Work) -> None:
    """One column of one item on a block of lanes, arrive → order → demand → count.

    An order never changes the position through its arrival, so orders of this period may be
    written down before the arrivals (which then include those without delay) are put on the shelf.
    """
    lost = items.lost[item] == 1
    quiet = False
    for t in range(run.warmup + run.periods):
        counted = t >= run.warmup
        if t == run.warmup:
            for lane in range(work.net.size):
                work.net_start[lane] = work.net[lane]
                work.position_start[lane] = work.position[lane]
        order(items, item, t, rule, counted, work)
        quiet = collect(items, item, t, reach, work, quiet)
        if not quiet:
            receive(counted, lost, work)
        sell(t, counted, lost, work)
        if t % FLUSH == FLUSH - 1:
            flush(work)
    flush(work)


@jit
def count_demand(run: Schedule, work: Work) -> None:
    """Counted demand of every lane, the same at all columns."""
    for lane in range(work.demanded.size):
        work.demanded[lane] = 0
    for t in range(run.warmup, run.warmup + run.periods):
        for lane in range(work.demanded.size):
            work.demanded[lane] += work.demand[t, lane]


@jit
def read_lanes(
    item: int, k: int, top: int, run: Schedule, block: int, lost: bool, work: Work, out: Sums
) -> None:
    """Add the lanes' tallies of one column to the slots."""
    start, tally = run.block_start[block], work.tally
    for lane in range(run.block_size[block]):
        slot = run.slots[start + lane]
        served = tally[ON_HAND_START, lane] - tally[ON_HAND, lane]
        if k == 0:
            out.demanded[item, slot] += work.demanded[lane]
        out.on_hand[item, k, slot] += tally[ON_HAND, lane]
        out.on_hand_start[item, k, slot] += tally[ON_HAND_START, lane]
        out.ready[item, k, slot] += tally[READY, lane]
        out.short[item, k, slot] += tally[SHORT, lane]
        out.receipts[item, k, slot] += tally[RECEIPTS, lane]
        out.good_receipts[item, k, slot] += tally[RECEIPTS, lane] - tally[MISSED, lane]
        out.orders[item, k, slot] += tally[ORDERS, lane]
        out.ordered[item, k, slot] += tally[ORDERED, lane]
        out.received[item, k, slot] += tally[RECEIVED, lane]
        out.backorders[item, k, slot] -= tally[AFTER, lane]
        out.lost[item, k, slot] += work.demanded[lane] - served if lost else 0
        out.on_order[item, k, slot] += tally[POSITION, lane] - tally[AFTER, lane] + run.periods * top


@jit
def lanes(
    items: ItemArrays, levels: LevelArrays, run: Schedule, work: Work, out: Sums, faults: IntArray
) -> None:
    """Sums of all items at all columns, one path per replication and column.

    Parameters
    ----------
    items, levels, run
        World, levels, and which replications to run.
    work : Work
        Work space; its integer type is that of the lanes.
    out : Sums
        Zeros; filled.
    faults : (n, 3) int64
        Code, replication and period of the first breach per item; `WIDE` asks for 64 bits.
    """
    narrow = work.net.itemsize == 4
    total = run.warmup + run.periods
    for item in range(items.keys.size):
        table = build_table(items.laws, item)
        code = fits(items, item, levels, table, total, narrow)
        if code:
            report(faults, item, code, 0, 0)
            continue
        thresholds = table[2]
        guide = work.guide if fill_guide(thresholds, work.guide) else work.guide[:0]
        lost = items.lost[item] == 1
        for block in range(run.block_start.size):
            n_real = load_block(run, block, work)
            draw_demand(items, item, run, table, guide, work)
            reach = draw_delays(items, item, run, work)
            count_demand(run, work)
            for k in range(levels.top.shape[1]):
                top = levels.top[item, k]
                rule = rule_of(items, item, levels, k)
                clear_tally(work)
                start_lanes(items, item, run, rule, top, work)
                run_column(items, item, rule, run, reach, work)
                code, lane = check_block(items, item, run, reach, n_real, lost, top, work)
                if code:
                    report(faults, item, code, work.paths[lane], total)
                read_lanes(item, k, top, run, block, lost, work, out)
