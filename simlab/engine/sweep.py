"""Every level from one path, where raising the level only lifts the net stock.

Net stock is kept relative to S. Two histograms, of the net stock before and after demand, hold all
that levels can differ in. Every bin has two planes: of "before", periods with and without demand; of
"after", periods that end so before one in which nothing, or one order, arrives (with lead times that
differ: all periods, and the receipts that found this net stock).
Values outside the requested levels' range fall into an end bin, with the excess summed apart, so
nothing is lost.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simlab.engine._jit import inner, kernel, step
from simlab.engine.evaluate import add, add_by_column, close_item, read_columns, read_histograms
from simlab.engine.guards import begin_on_order, check_block, fits, report
from simlab.engine.kernel_types import (
    Cells,
    Clock,
    ItemArrays,
    LevelArrays,
    Reach,
    Rule,
    Schedule,
    Sums,
    Work,
)
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
from simlab.engine.rules import is_simple, order_row
from simlab.engine.streams import start_offset
from simlab.engine.tallies import (
    COLUMN,
    COLUMNS,
    FLUSH,
    MARKS,
    NET,
    NET_START,
    ONE_ORDER,
    POSITION,
    POSITION_START,
    RECEIPTS,
    SUM_AFTER,
    SUM_BEFORE,
    SUM_DEMAND,
    SUM_EVENTS,
    SUM_NET,
    SUM_POSITION,
    T_READY,
    T_RECEIPTS,
    T_SHORT,
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


@step
def sell_and_mark(
    state: Cells, lane: int, net: Any, arrived: Any, flag: Any, d: Any, bins: tuple[Any, Any]
) -> tuple[Any, Any]:
    """Demand d of one lane; marks of the net stock before the arrival (`flag` lifts it) and before demand."""
    cast = state.dtype.type
    lowest, last = bins
    zero, bin_, plane = cast(0), cast(2 * COLUMNS), cast(COLUMNS)
    column = state[COLUMN + lane]
    after_mark = cast(cast(min(max(cast(net - lowest), zero), last) * bin_) + cast(column + flag))
    before = cast(net + arrived)
    above = max(cast(before - lowest), zero)
    cell = min(above, last)
    before_mark = cast(cast(cell * bin_) + cast(column + (plane if d == zero else zero)))
    after = cast(before - d)
    state[NET + lane] = after
    state[SUM_BEFORE + lane] = cast(state[SUM_BEFORE + lane] + cast(above - cell))
    state[SUM_NET + lane] = cast(state[SUM_NET + lane] + after)
    excess = max(cast(cast(after - lowest) - last), zero)
    state[SUM_AFTER + lane] = cast(state[SUM_AFTER + lane] + excess)
    state[SUM_DEMAND + lane] = cast(state[SUM_DEMAND + lane] + d)
    return after_mark, before_mark


@step
def order_receive_and_mark(
    t: int, rule: Rule, placed: int, due: int, bins: tuple[Any, Any], row: int, n: int, work: Work
) -> None:
    """One period with a review in row `placed` and the arrival of row `due`, in one pass."""
    state, orders, demand = work.state, work.orders, work.demand
    before_mark, after_mark = work.before_mark, work.after_mark
    cast = state.dtype.type
    gap, moq, zero, one = cast(rule.gap), cast(rule.moq), cast(0), cast(1)
    ordered, plane = cast(ONE_ORDER), cast(COLUMNS)
    for lane in range(n):
        deficit = cast(-state[POSITION + lane])
        size = max(deficit, moq) if deficit >= gap else zero
        arrived, d = orders[due, lane], demand[t, lane]
        orders[placed, lane] = size
        received = arrived > zero
        after, before = sell_and_mark(
            state, lane, state[NET + lane], arrived, plane if received else zero, d, bins
        )
        after_mark[row, lane] = after
        before_mark[row, lane] = before
        events = cast((ordered if size > zero else zero) + (one if received else zero))
        state[SUM_EVENTS + lane] = cast(state[SUM_EVENTS + lane] + events)
        state[POSITION + lane] = cast(cast(size - deficit) - d)


@step
def receive_and_mark(t: int, due: int, bins: tuple[Any, Any], row: int, n: int, work: Work) -> None:
    """One period in which all of one review's orders arrive."""
    state, orders, demand = work.state, work.orders, work.demand
    before_mark, after_mark = work.before_mark, work.after_mark
    cast = state.dtype.type
    zero, one, plane = cast(0), cast(1), cast(COLUMNS)
    for lane in range(n):
        arrived, d = orders[due, lane], demand[t, lane]
        received = arrived > zero
        after, before = sell_and_mark(
            state, lane, state[NET + lane], arrived, plane if received else zero, d, bins
        )
        after_mark[row, lane] = after
        before_mark[row, lane] = before
        state[SUM_EVENTS + lane] = cast(state[SUM_EVENTS + lane] + (one if received else zero))
        state[POSITION + lane] = cast(state[POSITION + lane] - d)


@step
def wait_and_mark(t: int, bins: tuple[Any, Any], row: int, n: int, work: Work) -> None:
    """One period in which nothing arrives."""
    state, demand, before_mark, after_mark = work.state, work.demand, work.before_mark, work.after_mark
    cast = state.dtype.type
    zero = cast(0)
    for lane in range(n):
        d = demand[t, lane]
        after, before = sell_and_mark(state, lane, state[NET + lane], zero, zero, d, bins)
        after_mark[row, lane] = after
        before_mark[row, lane] = before
        state[POSITION + lane] = cast(state[POSITION + lane] - d)


@step
def collect_and_mark(t: int, bins: tuple[Any, Any], row: int, n: int, work: Work) -> None:
    """One period in which the lanes' rows of units and receipts arrive; several orders may."""
    state, demand, before_mark, after_mark = work.state, work.demand, work.before_mark, work.after_mark
    arrivals = work.arrivals
    cast = state.dtype.type
    zero = cast(0)
    for lane in range(n):
        d, receipts = demand[t, lane], state[RECEIPTS + lane]
        after, before = sell_and_mark(state, lane, state[NET + lane], state[UNITS + lane], zero, d, bins)
        after_mark[row, lane] = after
        before_mark[row, lane] = before
        arrivals[row, lane] = receipts
        position = cast(state[POSITION + lane] - d)
        state[POSITION + lane] = position
        state[SUM_POSITION + lane] = cast(state[SUM_POSITION + lane] + position)
        state[SUM_EVENTS + lane] = cast(state[SUM_EVENTS + lane] + receipts)


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
    state, orders, delays, tally = work.state, work.orders, work.delays, work.tally
    cast = state.dtype.type
    edges = (cast(bins[0]), cast(bins[1]))
    review, mask = items.review[item], orders.shape[0] - 1
    reviewed, epoch = items.phase[item] - review, -1
    arrival, due = items.phase[item] + reach.least, 0
    n, end = run.width, run.warmup + run.periods
    quiet, one_pass = False, reach.constant and is_simple(rule) and reach.least > 0
    for t in range(end):
        if t == run.warmup:
            for lane in range(n):
                state[NET_START + lane] = state[NET + lane]
                state[POSITION_START + lane] = state[POSITION + lane]
            clear_sums(state, tally)
            begin_on_order(items, item, t, reach, n, work)
        row, reviews = (t - run.warmup) % MARKS, t == reviewed + review
        if reviews:
            reviewed = t
            epoch += 1
        if one_pass and reviews and t == arrival:
            order_receive_and_mark(t, rule, epoch & mask, due & mask, edges, row, n, work)
        else:
            if reviews:
                order_row(rule, state, orders, epoch & mask, n)
            if reach.constant:
                if t == arrival:
                    receive_and_mark(t, due & mask, edges, row, n, work)
                else:
                    wait_and_mark(t, edges, row, n, work)
            else:
                clock = Clock(review, reviewed, epoch, arrival, due)
                quiet = arrive(t, clock, reach, state, orders, delays, n, quiet)
                collect_and_mark(t, edges, row, n, work)
        if t == arrival:
            arrival += review
            due += 1
        if t >= run.warmup and (row == MARKS - 1 or t == end - 1):
            count_rows(row + 1, n_real, work)
            if not reach.constant:
                count_arrivals(row + 1, n_real, work)
        if t % FLUSH == FLUSH - 1 or t == end - 1:
            flush(state, tally, n)
    shift_window(edges, n_real, work)
    for lane in range(n_real):
        tally[T_RECEIPTS, lane] = tally[T_READY, lane] + 256 * tally[T_SHORT, lane]


@inner
def count_rows(n_rows: int, n_real: int, work: Work) -> None:
    """Enter the marks of some periods into both histograms."""
    before, after, before_mark, after_mark = work.before, work.after, work.before_mark, work.after_mark
    one = before.dtype.type(1)
    for row in range(n_rows):
        for lane in range(n_real):
            before[before_mark[row, lane]] += one
            after[after_mark[row, lane]] += one


@inner
def count_arrivals(n_rows: int, n_real: int, work: Work) -> None:
    """Enter the receipts of some periods beside the periods themselves."""
    after, after_mark, arrivals = work.after, work.after_mark, work.arrivals
    word = after.dtype.type
    for row in range(n_rows):
        for lane in range(n_real):
            after[after_mark[row, lane] + COLUMNS] += word(arrivals[row, lane])


@inner
def shift_window(bins: tuple[Any, Any], n_real: int, work: Work) -> None:
    """Marks before an arrival tell of the period before: leave out the first, add the last."""
    state, after = work.state, work.after
    cast = state.dtype.type
    for lane in range(n_real):
        column = state[COLUMN + lane]
        first = min(max(cast(state[NET_START + lane] - bins[0]), cast(0)), bins[1])
        last = min(max(cast(state[NET + lane] - bins[0]), cast(0)), bins[1])
        add(after, last * 2 * COLUMNS + column, 1)
        add(after, first * 2 * COLUMNS + column, -1)


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
                read_histograms(item, run, group, levels, ranks, bins, reach.constant, work, out)
        close_item(item, out)
