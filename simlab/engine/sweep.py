"""Every level from one path, where raising the level only lifts the net stock.

Net stock is kept relative to S. Two histograms, of the net stock before and after demand, hold
all that levels can differ in: the upper half of an "after" counter counts receipts that find this
net stock at the count before, the upper half of a "before" counter the periods without demand.
Values outside the requested levels' range fall into an end bin, with the excess summed apart, so
nothing is lost.
"""

from __future__ import annotations

from typing import Any

from simlab.engine._jit import jit
from simlab.engine.evaluate import add_by_column, read_columns, read_histograms
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
    COLUMNS,
    DEMANDED,
    EXCESS_AFTER,
    EXCESS_BEFORE,
    ORDERED,
    ORDERS,
    POSITION,
    RECEIPTS,
    RECEIVED,
)
from simlab.engine.types import IntArray


@jit
def start_lanes(items: ItemArrays, item: int, run: Schedule, rule: Rule, work: Work) -> None:
    """Full shelf at S; (R,s,nQ): position uniform on s + 1 … s + Q, all of it on the shelf."""
    cast = work.net.dtype.type
    for lane in range(work.net.size):
        below = cast(0)
        if rule.quantity > 0:
            path = work.paths[lane]
            offset = start_offset(run.start_key, items.keys[item], path, rule.quantity)
            below = cast(rule.quantity - 1 - offset)
        work.position[lane] = cast(-below)
        work.net[lane] = cast(-below)


@jit
def place_orders(items: ItemArrays, item: int, rule: Rule, run: Schedule, work: Work) -> None:
    """All orders of a block of lanes; they hang on the position alone, not on arrivals."""
    demand, position, orders, part = work.demand, work.position, work.orders, work.part
    cast = demand.dtype.type
    one, zero = cast(1), cast(0)
    review, phase = items.review[item], items.phase[item]
    lanes = position.size
    for t in range(run.warmup + run.periods):
        counted = t >= run.warmup
        if t == run.warmup:
            for lane in range(lanes):
                work.position_start[lane] = position[lane]
        if t >= phase and (t - phase) % review == 0:
            epoch = (t - phase) // review
            order_rows(position, rule, epoch, orders)
            if counted:
                for lane in range(lanes):
                    part[ORDERED, lane] = cast(part[ORDERED, lane] + orders[epoch, lane])
                for lane in range(lanes):
                    part[ORDERS, lane] = cast(part[ORDERS, lane] + (one if orders[epoch, lane] > 0 else zero))
        for lane in range(lanes):
            position[lane] = cast(position[lane] - demand[t, lane])
        if counted:
            for lane in range(lanes):
                part[POSITION, lane] = cast(part[POSITION, lane] + position[lane])
            for lane in range(lanes):
                part[DEMANDED, lane] = cast(part[DEMANDED, lane] + demand[t, lane])
        if t % FLUSH == FLUSH - 1:
            flush(work)
    flush(work)


@jit
def run_stock(
    items: ItemArrays, item: int, run: Schedule, reach: Reach, base: int, top: int, n_real: int, work: Work
) -> None:
    """Net stock of a block of lanes through all periods, into histograms and tallies."""
    demand, net, units, receipts, part = work.demand, work.net, work.units, work.receipts, work.part
    cast = demand.dtype.type
    lowest, last, zero = cast(base), cast(top), cast(0)
    lanes = net.size
    quiet = False
    end = run.warmup + run.periods
    for t in range(end):
        quiet = collect(items, item, t, reach, work, quiet)
        if t < run.warmup:
            for lane in range(lanes):
                net[lane] = cast(net[lane] + units[lane] - demand[t, lane])
            continue
        if t == run.warmup:
            for lane in range(lanes):
                work.net_start[lane] = net[lane]
        row = (t - run.warmup) % FLUSH
        mark_period(t, row, 1 if t > run.warmup else 0, lowest, last, work)
        for lane in range(lanes):
            before = cast(net[lane] + units[lane])
            excess = max(cast(cast(before - lowest) - last), zero)
            part[EXCESS_BEFORE, lane] = cast(part[EXCESS_BEFORE, lane] + excess)
        for lane in range(lanes):
            after = cast(cast(net[lane] + units[lane]) - demand[t, lane])
            net[lane] = after
            part[AFTER, lane] = cast(part[AFTER, lane] + after)
            excess = max(cast(cast(after - lowest) - last), zero)
            part[EXCESS_AFTER, lane] = cast(part[EXCESS_AFTER, lane] + excess)
        if not quiet:
            for lane in range(lanes):
                part[RECEIPTS, lane] = cast(part[RECEIPTS, lane] + receipts[lane])
                part[RECEIVED, lane] = cast(part[RECEIVED, lane] + units[lane])
        if row == FLUSH - 1 or t == end - 1:
            flush(work)
            count_rows(row + 1, n_real, work)
    one = work.after.dtype.type(1)
    for lane in range(n_real):
        cell = min(max(cast(net[lane] - lowest), zero), last) * COLUMNS + work.columns[lane]
        work.after[cell] += one


@jit
def mark_period(t: int, row: int, seen: int, lowest: Any, last: Any, work: Work) -> None:
    """Cells and counters of one period: net stock at the count before, and before demand."""
    demand, net, units, receipts = work.demand, work.net, work.units, work.receipts
    cast = demand.dtype.type
    word = work.before.dtype.type
    half = word(work.before.itemsize * 4)
    zero, one = cast(0), word(1)
    once = word(seen)
    for lane in range(net.size):
        cell = cast(min(max(cast(net[lane] - lowest), zero), last) * COLUMNS)
        work.after_cell[row, lane] = cast(cell + work.columns[lane])
        work.after_count[row, lane] = word(once + (word(receipts[lane]) << half))
    for lane in range(net.size):
        above = cast(cast(net[lane] + units[lane]) - lowest)
        cell = cast(min(max(above, zero), last) * COLUMNS)
        work.before_cell[row, lane] = cast(cell + work.columns[lane])
    for lane in range(net.size):
        idle = one if demand[t, lane] == zero else word(0)
        work.before_count[row, lane] = word(one + (idle << half))


@jit
def count_rows(n_rows: int, n_real: int, work: Work) -> None:
    """Enter the marked cells of some periods into both histograms."""
    before, after = work.before, work.after
    for row in range(n_rows):
        for lane in range(n_real):
            before[work.before_cell[row, lane]] += work.before_count[row, lane]
            after[work.after_cell[row, lane]] += work.after_count[row, lane]


@jit
def sweep(
    items: ItemArrays,
    levels: LevelArrays,
    ranks: IntArray,
    run: Schedule,
    work: Work,
    out: Sums,
    faults: IntArray,
) -> None:
    """Sums of all items at all levels, one path per replication.

    Parameters
    ----------
    items, levels, run
        World, levels that differ by shifts only, and which replications to run.
    ranks : (n, k) int64
        Columns of each item by descending S.
    work : Work
        Work space; its integer type is that of the lanes.
    out : Sums
        Zeros; filled.
    faults : (n, 3) int64
        Code, replication and lane's period of the first breach per item; `WIDE` asks for 64 bits.
    """
    narrow = work.net.itemsize == 4
    total = run.warmup + run.periods
    last = levels.top.shape[1] - 1
    for item in range(items.keys.size):
        table = build_table(items.laws, item)
        code = fits(items, item, levels, table, total, narrow)
        if code:
            report(faults, item, code, 0, 0)
            continue
        rule = rule_of(items, item, levels, 0)
        guide = work.guide if fill_guide(table[2], work.guide) else work.guide[:0]
        highest, lowest = levels.top[item, ranks[item, 0]], levels.top[item, ranks[item, last]]
        base, top = -highest - 1, highest - lowest + 2
        for block in range(run.block_start.size):
            n_real = load_block(run, block, work)
            clear_tally(work)
            draw_demand(items, item, run, table, guide, work)
            reach = draw_delays(items, item, run, work)
            start_lanes(items, item, run, rule, work)
            place_orders(items, item, rule, run, work)
            run_stock(items, item, run, reach, base, top, n_real, work)
            code, lane = check_block(items, item, run, reach, n_real, False, 0, work)
            if code:
                report(faults, item, code, work.paths[lane], total)
            add_by_column(n_real, work)
            if run.block_last[block]:
                group = run.block_group[block]
                read_columns(item, run, group, levels, work, out)
                read_histograms(item, run, group, levels, ranks, base, top, work, out)
