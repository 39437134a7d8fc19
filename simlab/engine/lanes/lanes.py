"""Replications side by side, one column after the other over the same draws.

For everything that the shift argument does not cover: lost or partly waiting demand, highest positions,
a given start, and columns whose Q or S − s differ. Demands and lead times are drawn once per block and
shared by all columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simlab.arrays import IntArray
from simlab.engine._jit import inner, kernel
from simlab.engine.kernels.draws import draw_demand, make_guide
from simlab.engine.kernels.guards import begin_counting, check_block, fits, report, sums_positions
from simlab.engine.kernels.joint_phases import (
    begin_turns,
    draw_phases,
    draws_phase,
    reviews_of,
    step_aside,
    step_back,
)
from simlab.engine.kernels.layout import (
    BAD,
    FLUSH,
    LEAD_TIMES,
    NET,
    PART,
    POSITION,
    T_AFTER,
    T_BEFORE,
    T_DEMAND,
    T_MISSED,
    T_NET,
    T_ON_ORDER,
    T_ORDERED,
    T_ORDERS,
    T_READY,
    T_RECEIPTS,
    T_RECEIVED,
    T_SHORT,
    UNITS,
)
from simlab.engine.kernels.memory import Work
from simlab.engine.kernels.paths import (
    add_positions,
    collect,
    draw_delays,
    draw_starts,
    drawn_position,
    first_stock,
    five_reviews,
    flush,
    load_block,
    opens,
    rule_of,
    sequenced,
)
from simlab.engine.kernels.rules import forgive_undershoot, is_simple, order_row
from simlab.engine.kernels.sequences import begin_sequence, keep_sequence
from simlab.engine.kernels.types import Clock, ItemArrays, LevelArrays, Reach, Rule, Schedule, Sums
from simlab.engine.lanes.fours import in_fours, order_receive_and_sell, rows_of, sell_fours, takes_fours
from simlab.engine.lanes.histograms import close_item
from simlab.engine.lanes.selling import (
    BACKORDER,
    LOST,
    PARTLY,
    collect_and_sell,
    receive,
    receive_and_sell,
    receive_and_sell_apart,
    sell,
)
from simlab.engine.lanes.twos import in_twos, pair_rows, sell_twos, takes_twos


@inner
def start_lanes(items: ItemArrays, item: int, run: Schedule, levels: LevelArrays, k: int, work: Work) -> None:
    """Stock and pipeline as given, else positions of the long run as far as it is known, all on the shelf.

    The position is kept relative to S, net stock is not.
    """
    draw_starts(items, item, levels, k, run, work)
    cast = work.state.dtype.type
    top, under_way = levels.top[item, k], items.opening.on_order[item]
    for lane in range(run.width):
        drawn, earlier = work.cells[0, lane], work.earlier[lane]
        shelf = first_stock(items, item, top + drawn_position(item, levels, k, drawn, earlier))
        work.state[NET + lane] = cast(shelf)
        work.state[POSITION + lane] = cast(shelf + under_way - top)
        work.state[BAD + lane] = cast(0)
        work.state[PART + lane] = cast(0)


@inner
def run_column(items: ItemArrays, item: int, rule: Rule, run: Schedule, reach: Reach, work: Work) -> None:
    """One column of one item on a block of lanes, arrive → order → demand → count.

    An order never changes the position through its arrival, so orders of this period may be
    written down before the arrivals (which then include those without delay) are put on the shelf.
    """
    state, demand, orders, delays, tally = work.state, work.demand, work.orders, work.delays, work.tally
    review, phase = reviews_of(items, item)
    mask, apart = orders.shape[0] - 1, draws_phase(items, item)
    begin_turns(items, item, run.width, work)
    zero: Any = np.int64(0)  # literals would compile all that takes them a second time
    reviewed, epoch = phase - review, zero - 1
    arrival, due = phase + reach.least, zero
    n, end = run.width, run.warmup + run.periods
    lost, partly = items.unmet[item] == LOST, items.unmet[item] == PARTLY
    opened = reach.most if opens(items, item) else zero - 1
    tracked = sums_positions(items, reach)
    one_pass = not tracked and is_simple(rule) and reach.least > 0 and not apart and not partly
    by_fours = not tracked and takes_fours(rule, review, reach) and not apart and not partly
    in_sequence = sequenced(items, item)
    if in_sequence:
        begin_sequence(items, item, run, work)
    by_twos = takes_twos(items, rule, review, reach, work) and not apart and not partly and not in_sequence
    few = not reach.constant and reach.most - reach.least < LEAD_TIMES * review
    t = zero
    while t < end:
        if t == run.warmup:
            begin_counting(items, item, t, reach, n, work)
        span = in_fours(t, arrival, run) if by_fours and t > opened else 0
        if span > 0:
            sell_fours(t, span, rule, due, lost, n, rows_of(work))
            t += span
            reviewed += span
            epoch += span
            arrival += span
            due += span
            continue
        span = in_twos(t, reach, run) if by_twos and t > opened else 0
        if span > 0:
            sell_twos(t, span, rule, reach.least, lost, n, pair_rows(work))
            t += span
            reviewed += span
            epoch += span
            continue
        if t % FLUSH == 0:
            flush(state, tally, n)
        if one_pass and t > opened and t == reviewed + review and t == arrival:
            reviewed = t
            epoch += 1
            order_receive_and_sell(t, rule, epoch & mask, due & mask, lost, n, work)
            arrival += review
            due += 1
            t += 1
            continue
        if t == reviewed + review:
            reviewed = t
            epoch += 1
            if apart:
                step_aside(t, state, work.turns, n)
            if items.exact_hit == 1:
                forgive_undershoot(rule, state, n)
            order_row(rule, state, orders, epoch & mask, n)
            if apart:
                step_back(t, items.review[item], state, work.turns, n)
            if in_sequence:
                keep_sequence(items, item, t, epoch, n, work)
        if partly or t <= opened:
            clock = Clock(review, reviewed, epoch, arrival, due)
            receive_and_sell_apart(items, item, t, clock, reach, t <= opened, n, work)
            if t == arrival:
                arrival += review
                due += 1
        elif reach.constant and t == arrival:
            receive_and_sell(t, due & mask, state, orders, demand, lost, n)
            arrival += review
            due += 1
        elif few and epoch >= 0:
            skipped = max(reach.least - (t - reviewed) + review - 1, 0) // review
            if epoch >= skipped:
                of = five_reviews(t - reviewed + skipped * review, epoch - skipped, mask, review, state)
                collect_and_sell(t, of, state, orders, demand, delays, lost, n)
            else:
                sell(t, state, demand, lost, n)
                add_positions(state, n)
        else:
            if not reach.constant and not collect(
                t - reviewed, epoch, reach, review, state, orders, delays, n
            ):
                receive(state, n)
            sell(t, state, demand, lost, n)
            if tracked and not reach.constant:
                add_positions(state, n)
        if tracked and reach.constant:
            add_positions(state, n)
        t += 1
    flush(state, tally, n)


@inner
def count_demand(run: Schedule, work: Work) -> None:
    """Counted demand of every lane, the same at all columns."""
    demand, demanded = work.demand, work.demanded
    for lane in range(run.width):
        demanded[lane] = 0
    state = work.state
    cast = state.dtype.type
    end = run.warmup + run.periods
    for first in range(run.warmup, end, FLUSH):
        for lane in range(run.width):
            state[UNITS + lane] = cast(0)
        last = min(first + FLUSH, end)
        for t in range(first, last - 3, 4):
            for lane in range(run.width):
                a, b = (
                    cast(demand[t, lane] + demand[t + 1, lane]),
                    cast(demand[t + 2, lane] + demand[t + 3, lane]),
                )
                state[UNITS + lane] = cast(state[UNITS + lane] + cast(a + b))
        for t in range(last - (last - first) % 4, last):
            for lane in range(run.width):
                state[UNITS + lane] = cast(state[UNITS + lane] + demand[t, lane])
        for lane in range(run.width):
            demanded[lane] += state[UNITS + lane]


@inner
def read_lanes(item: int, k: int, run: Schedule, block: int, work: Work, out: Sums) -> None:
    """Add the lanes' tallies of one column to the slots."""
    start, tally = run.block_start[block], work.tally
    for lane in range(run.block_size[block]):
        slot = np.uintp(run.slots[start + lane])
        if k == 0:
            out.demanded[item, slot] += work.demanded[lane]
        out.on_hand[item, k, slot] += tally[T_AFTER, lane]
        out.on_hand_start[item, k, slot] += tally[T_BEFORE, lane]
        out.ready[item, k, slot] += tally[T_READY, lane]
        out.short[item, k, slot] += tally[T_SHORT, lane]
        out.receipts[item, k, slot] += tally[T_RECEIPTS, lane]
        out.good_receipts[item, k, slot] += tally[T_RECEIPTS, lane] - tally[T_MISSED, lane]
        out.orders[item, k, slot] += tally[T_ORDERS, lane]
        out.ordered[item, k, slot] += tally[T_ORDERED, lane]
        out.received[item, k, slot] += tally[T_RECEIVED, lane]
        out.backorders[item, k, slot] -= tally[T_NET, lane]
        out.lost[item, k, slot] += work.demanded[lane] - tally[T_DEMAND, lane]
        out.on_order[item, k, slot] += tally[T_ON_ORDER, lane]


@kernel
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
    narrow = work.state.itemsize == 4
    total = run.warmup + run.periods
    for item in range(items.keys.size):
        code = fits(items, item, levels, total, narrow)
        if code:
            report(faults, item, code, 0, 0)
            continue
        guided = make_guide(items, item, work)
        unmet = items.unmet[item]
        for block in range(run.block_start.size):
            n_real = load_block(run, block, work)
            draw_demand(items, item, run, guided, work)
            draw_phases(items, item, run, work)
            reach = draw_delays(items, item, run, work)
            count_demand(run, work)
            for k in range(levels.top.shape[1]):
                top = levels.top[item, k]
                rule = rule_of(items, item, levels, k)
                start_lanes(items, item, run, levels, k, work)
                run_column(items, item, rule, run, reach, work)
                for lane in range(run.width):
                    if unmet == BACKORDER:
                        work.tally[T_DEMAND, lane] = work.demanded[lane]
                    elif unmet == LOST:
                        work.tally[T_DEMAND, lane] = work.tally[T_BEFORE, lane] - work.tally[T_AFTER, lane]
                        work.tally[T_NET, lane] = work.tally[T_AFTER, lane]
                code, lane = check_block(items, item, run, reach, n_real, top, work)
                if code:
                    report(faults, item, code, work.paths[lane], total)
                read_lanes(item, k, run, block, work, out)
        close_item(item, out)
