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

from simlab.arrays import IntArray
from simlab.engine._jit import inner, kernel
from simlab.engine.kernels.draws import draw_demand, make_guide
from simlab.engine.kernels.guards import begin_counting, check_block, fits, report
from simlab.engine.kernels.joint_phases import (
    begin_turns,
    draw_phases,
    draws_phase,
    reviews_of,
    step_aside,
    step_back,
)
from simlab.engine.kernels.layout import (
    COLUMN,
    COLUMNS,
    FLUSH,
    MARKS,
    NET,
    NET_START,
    POSITION,
    STRIDE,
    T_READY,
    T_RECEIPTS,
    T_SHORT,
)
from simlab.engine.kernels.memory import Work
from simlab.engine.kernels.paths import (
    arrive,
    draw_delays,
    draw_starts,
    drawn_position,
    flush,
    load_block,
    rule_of,
    sequenced,
)
from simlab.engine.kernels.rules import is_simple, order_row
from simlab.engine.kernels.sequences import begin_sequence, keep_sequence
from simlab.engine.kernels.types import Clock, ItemArrays, LevelArrays, Reach, Rule, Schedule, Sums
from simlab.engine.lanes.fours import in_fours, rows_of, takes_fours
from simlab.engine.lanes.histograms import (
    add,
    add_by_column,
    close_item,
    read_columns,
    read_histograms,
    set_columns,
)
from simlab.engine.lanes.marks import (
    collect_and_mark,
    count_rows,
    counters_of,
    mark_fours,
    order_receive_and_mark,
    receive_and_mark,
    wait_and_mark,
)


@inner
def start_lanes(items: ItemArrays, item: int, run: Schedule, levels: LevelArrays, work: Work) -> None:
    """Positions of the long run as far as it is known, all on the shelf."""
    draw_starts(items, item, levels, 0, run, work)
    cast = work.state.dtype.type
    for lane in range(run.width):
        position = drawn_position(item, levels, 0, work.cells[0, lane], work.earlier[lane])
        work.state[POSITION + lane] = cast(position)
        work.state[NET + lane] = cast(position)


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
    review, phase = reviews_of(items, item)
    mask, apart = orders.shape[0] - 1, draws_phase(items, item)
    begin_turns(items, item, run.width, work)
    zero: Any = np.int64(0)  # literals would compile all that takes them a second time
    reviewed, epoch = phase - review, zero - 1
    arrival, due = phase + reach.least, zero
    n, end = run.width, run.warmup + run.periods
    quiet, one_pass = False, reach.constant and is_simple(rule) and reach.least > 0 and not apart
    by_fours = takes_fours(rule, review, reach) and not apart
    in_sequence = sequenced(items, item)
    if in_sequence:
        begin_sequence(items, item, run, work)
    counters = counters_of(work)
    t = first = zero
    while t < end:
        if t == run.warmup:
            begin_counting(items, item, t, reach, n, work)
            first = t % MARKS
        row, reviews = t % MARKS, t == reviewed + review
        span = in_fours(t, arrival, run) if by_fours else 0
        if span > 0:
            counted = n_real if t >= run.warmup else 0
            count_rows(first, max(row, first), counted, counters)
            mark_fours(t, span, rule, due, edges, n, counted, rows_of(work), counters)
            t += span
            reviewed += span
            epoch += span
            arrival += span
            due += span
            first = t % MARKS
            continue
        if t % FLUSH == 0:
            flush(state, tally, n)
        if reviews:
            reviewed = t
            epoch += 1
        if one_pass and reviews and t == arrival:
            order_receive_and_mark(t, rule, epoch & mask, due & mask, edges, row, n, work)
        else:
            if reviews:
                if apart:
                    step_aside(t, state, work.turns, n)
                order_row(rule, state, orders, epoch & mask, n)
                if apart:
                    step_back(t, items.review[item], state, work.turns, n)
                if in_sequence:
                    keep_sequence(items, item, t, epoch, n, work)
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
        t += 1
        if t > run.warmup and (t % MARKS == 0 or t == end):
            last = (t - 1) % MARKS + 1
            count_rows(first, last, n_real, counters)
            if not reach.constant:
                count_arrivals(first, last, n_real, work)
            first = 0
    flush(state, tally, n)
    shift_window(edges, n_real, work)
    for lane in range(n_real):
        tally[T_RECEIPTS, lane] = tally[T_READY, lane] + 256 * tally[T_SHORT, lane]


@inner
def count_arrivals(first: int, last: int, n_real: int, work: Work) -> None:
    """Enter the receipts of some periods beside the periods themselves."""
    after, after_mark, arrivals = work.after, work.after_mark, work.arrivals
    word = after.dtype.type
    for row in range(first, last):
        for lane in range(n_real):
            after[after_mark[row * STRIDE + lane] + COLUMNS] += word(arrivals[row, lane])


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
            set_columns(run, block, bins, work)
            draw_demand(items, item, run, guided, work)
            draw_phases(items, item, run, work)
            reach = draw_delays(items, item, run, work)
            start_lanes(items, item, run, levels, work)
            run_paths(items, item, rule, run, reach, bins, n_real, work)
            code, lane = check_block(items, item, run, reach, n_real, 0, work)
            if code:
                report(faults, item, code, work.paths[lane], total)
            add_by_column(run, block, n_real, work)
            if run.block_last[block]:
                group = run.block_group[block]
                read_columns(item, group, run.beside, levels, work, out)
                for number in range(run.beside):
                    read_histograms(
                        item, group, number, run.beside, levels, ranks, bins, reach.constant, work, out
                    )
        close_item(item, out)
