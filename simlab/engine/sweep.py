"""Every level from one path, where raising the level only lifts the net stock.

Net stock is kept relative to S. Two histograms, of the net stock before and after demand, hold
all that levels can differ in: the upper half of an "after" counter counts receipts that find this
net stock at the count before, the upper half of a "before" counter the periods without demand.
Values outside the requested levels' range fall into an end bin, with the excess summed apart, so
nothing is lost.
"""

from __future__ import annotations

import numpy as np

from simlab.engine._jit import inner, kernel
from simlab.engine.evaluate import add_by_column, read_columns, read_histograms
from simlab.engine.guards import check_block, fits, report
from simlab.engine.kernel_types import Clock, ItemArrays, LevelArrays, Reach, Rule, Schedule, Sums, Work
from simlab.engine.paths import (
    arrive,
    clear_sums,
    draw_delays,
    draw_demand,
    flush,
    load_block,
    make_guide,
    rule_of,
)
from simlab.engine.rules import order_row
from simlab.engine.streams import start_offset
from simlab.engine.tallies import (
    COLUMN,
    COLUMNS,
    FLUSH,
    NET,
    NET_START,
    POSITION,
    POSITION_START,
    RECEIPTS,
    SUM_AFTER,
    SUM_BEFORE,
    SUM_DEMAND,
    SUM_NET,
    SUM_POSITION,
    SUM_RECEIPTS,
    UNITS,
)
from simlab.engine.types import IntArray


@inner
def start_lanes(items: ItemArrays, item: int, run: Schedule, rule: Rule, work: Work) -> None:
    """Full shelf at S; (R,s,nQ): position uniform on s + 1 … s + Q, all of it on the shelf."""
    cast = work.state.dtype.type
    for lane in range(run.width):
        below = np.int64(0)
        if rule.quantity > 0:
            offset = start_offset(run.start_key, items.keys[item], work.paths[lane], rule.quantity)
            below = rule.quantity - 1 - offset
        work.state[POSITION + lane] = cast(-below)
        work.state[NET + lane] = cast(-below)


@inner
def run_paths(
    items: ItemArrays,
    item: int,
    rule: Rule,
    run: Schedule,
    reach: Reach,
    bins: tuple[int, int],
    n_real: int,
    work: Work,
) -> None:
    """A block of lanes through all periods, into histograms and tallies.

    An order never changes the position through its arrival, so orders of this period may be
    written down before the arrivals (which then include those without delay) are put on the shelf.
    """
    state, demand, orders, delays, tally = work.state, work.demand, work.orders, work.delays, work.tally
    before_cell, after_cell = work.before_cell, work.after_cell
    before_count, after_count = work.before_count, work.after_count
    cast = state.dtype.type
    word = before_count.dtype.type
    half = word(before_count.itemsize * 4)
    lowest, last, zero, columns = cast(bins[0]), cast(bins[1]), cast(0), cast(COLUMNS)
    one, idle = word(1), word(word(1) + (word(1) << half))
    review, mask = items.review[item], orders.shape[0] - 1
    reviewed, epoch = items.phase[item] - review, -1
    arrival, arriving = items.phase[item] + reach.least, 0
    n, end = run.width, run.warmup + run.periods
    quiet = False
    for t in range(end):
        if t == run.warmup:
            for lane in range(n):
                state[NET_START + lane] = state[NET + lane]
                state[POSITION_START + lane] = state[POSITION + lane]
            clear_sums(state, tally)
        if t == reviewed + review:
            reviewed = t
            epoch += 1
            order_row(rule, state, orders, epoch & mask, n)
        clock = Clock(review, reviewed, epoch, arrival, arriving)
        quiet = arrive(t, clock, reach, state, orders, delays, n, quiet)
        if t == arrival:
            arrival += review
            arriving += 1
        row = (t - run.warmup) % FLUSH
        seen = word(1 if t > run.warmup else 0)
        for lane in range(n):
            net, column, receipts = state[NET + lane], state[COLUMN + lane], state[RECEIPTS + lane]
            cell = min(max(cast(net - lowest), zero), last)
            after_cell[row, lane] = cast(cast(cell * columns) + column)
            after_count[row, lane] = word(seen + word(word(receipts) << half))
            before, d = cast(net + state[UNITS + lane]), demand[t, lane]
            above = max(cast(before - lowest), zero)
            cell = min(above, last)
            before_cell[row, lane] = cast(cast(cell * columns) + column)
            before_count[row, lane] = idle if d == zero else one
            after = cast(before - d)
            state[NET + lane] = after
            state[SUM_BEFORE + lane] = cast(state[SUM_BEFORE + lane] + cast(above - cell))
            state[SUM_NET + lane] = cast(state[SUM_NET + lane] + after)
            excess = max(cast(cast(after - lowest) - last), zero)
            state[SUM_AFTER + lane] = cast(state[SUM_AFTER + lane] + excess)
            position = cast(state[POSITION + lane] - d)
            state[POSITION + lane] = position
            state[SUM_POSITION + lane] = cast(state[SUM_POSITION + lane] + position)
            state[SUM_DEMAND + lane] = cast(state[SUM_DEMAND + lane] + d)
            state[SUM_RECEIPTS + lane] = cast(state[SUM_RECEIPTS + lane] + receipts)
        if row == FLUSH - 1 or t == end - 1:
            flush(state, tally, n)
            if t >= run.warmup:
                count_rows(row + 1, n_real, work)
    for lane in range(n_real):
        cell = min(max(cast(state[NET + lane] - lowest), zero), last) * COLUMNS
        work.after[cell + state[COLUMN + lane]] += one


@inner
def count_rows(n_rows: int, n_real: int, work: Work) -> None:
    """Enter the marked cells of some periods into both histograms."""
    before, after, before_cell, after_cell = work.before, work.after, work.before_cell, work.after_cell
    before_count, after_count = work.before_count, work.after_count
    for row in range(n_rows):
        for lane in range(n_real):
            before[before_cell[row, lane]] += before_count[row, lane]
            after[after_cell[row, lane]] += after_count[row, lane]


@kernel
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
        Code, replication and period of the first breach per item; `WIDE` asks for 64 bits.
    """
    narrow = work.state.itemsize == 4
    total = run.warmup + run.periods
    last = levels.top.shape[1] - 1
    for item in range(items.keys.size):
        code = fits(items, item, levels, total, narrow)
        if code:
            report(faults, item, code, 0, 0)
            continue
        rule = rule_of(items, item, levels, 0)
        guided = make_guide(items, item, work)
        highest, lowest = levels.top[item, ranks[item, 0]], levels.top[item, ranks[item, last]]
        bins = (-highest - 1, highest - lowest + 2)
        for block in range(run.block_start.size):
            n_real = load_block(run, block, work)
            draw_demand(items, item, run, guided, work)
            reach = draw_delays(items, item, run, work)
            start_lanes(items, item, run, rule, work)
            run_paths(items, item, rule, run, reach, bins, n_real, work)
            code, lane = check_block(items, item, run, reach, n_real, False, 0, work)
            if code:
                report(faults, item, code, work.paths[lane], total)
            add_by_column(n_real, work)
            if run.block_last[block]:
                group = run.block_group[block]
                read_columns(item, run, group, levels, work, out)
                read_histograms(item, run, group, levels, ranks, bins, work, out)
