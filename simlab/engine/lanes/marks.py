"""One period, or four, of a block of lanes: where each lane's net stock is to be counted."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simlab.engine._jit import inner, step
from simlab.engine.kernels.layout import (
    COLUMN,
    COLUMNS,
    DUE,
    FLUSH,
    NET,
    ONE_ORDER,
    PERIODS,
    POSITION,
    RECEIPTS,
    STRIDE,
    SUM_AFTER,
    SUM_BEFORE,
    SUM_DEMAND,
    SUM_EVENTS,
    SUM_NET,
    SUM_POSITION,
    UNITS,
)
from simlab.engine.kernels.memory import Cells, Work
from simlab.engine.kernels.paths import flush
from simlab.engine.kernels.rules import simple_size
from simlab.engine.kernels.types import Rule
from simlab.engine.lanes.fours import Rows, stage


class Counters(NamedTuple):
    """Marks and histograms of a work space, see `Work`."""

    before_mark: Cells
    after_mark: Cells
    before: Cells
    after: Cells


@step
def counters_of(work: Work) -> Counters:
    """The counters of a work space."""
    return Counters(work.before_mark, work.after_mark, work.before, work.after)


@inner
def count_rows(first: int, last: int, n_counted: int, counters: Counters) -> None:
    """Enter the marks of some rows into both histograms; no mark is negative."""
    before_mark, after_mark, before, after = counters
    one = before.dtype.type(1)
    for row in range(first, last):
        for at in range(row * STRIDE, row * STRIDE + n_counted):
            before[np.uintp(before_mark[at])] += one
            after[np.uintp(after_mark[at])] += one


@step
def mark(net: Any, arrived: Any, flag: Any, d: Any, column: Any, bins: tuple[Any, Any], state: Cells) -> Any:
    """One period of one lane in which `arrived` units come and d are demanded.

    Returns
    -------
    after : int
        Net stock left.
    after_mark, before_mark : int
        Cells of the net stock before the arrival (`flag` lifts it) and before demand.
    above, excess : int
        Units of the net stock before and after demand that lie above the bins.
    """
    cast = state.dtype.type
    lowest, last = bins
    zero, bin_, plane = cast(0), cast(2 * COLUMNS), cast(COLUMNS)
    shelf = min(max(cast(net - lowest), zero), last)
    after_mark = cast(cast(shelf * bin_) + cast(column + flag))
    before = cast(net + arrived)
    lifted = max(cast(before - lowest), zero)
    cell = min(lifted, last)
    before_mark = cast(cast(cell * bin_) + cast(column + (plane if d == zero else zero)))
    after = cast(before - d)
    raised = max(cast(after - lowest), zero)
    return after, after_mark, before_mark, cast(lifted - cell), cast(raised - min(raised, last))


@step
def sell_and_mark(
    lane: int, arrived: Any, flag: Any, d: Any, bins: tuple[Any, Any], row: int, work: Work
) -> None:
    """`mark` of one lane in the marks' row, and its sums."""
    state, at = work.state, np.uintp(row * STRIDE) + np.uintp(lane)
    cast = state.dtype.type
    net = state[NET + lane]
    after, after_mark, before_mark, above, excess = mark(
        net, arrived, flag, d, state[COLUMN + lane], bins, state
    )
    work.after_mark[at] = after_mark
    work.before_mark[at] = before_mark
    state[NET + lane] = after
    state[SUM_BEFORE + lane] = cast(state[SUM_BEFORE + lane] + above)
    state[SUM_NET + lane] = cast(state[SUM_NET + lane] + after)
    state[SUM_AFTER + lane] = cast(state[SUM_AFTER + lane] + excess)
    state[SUM_DEMAND + lane] = cast(state[SUM_DEMAND + lane] + d)


@step
def order_receive_and_mark(
    t: int, rule: Rule, placed: int, due: int, bins: tuple[Any, Any], row: int, n: int, work: Work
) -> None:
    """One period with a review in row `placed` and the arrival of row `due`, in one pass."""
    state, orders, demand = work.state, work.orders, work.demand
    cast = state.dtype.type
    zero, one, ordered, plane = cast(0), cast(1), cast(ONE_ORDER), cast(COLUMNS)
    for lane in range(n):
        position, arrived, d = state[POSITION + lane], orders[due, lane], demand[t, lane]
        size, orders_now = simple_size(position, rule, state)
        orders[placed, lane] = size
        received = arrived > zero
        sell_and_mark(lane, arrived, plane if received else zero, d, bins, row, work)
        events = cast((ordered if orders_now else zero) + (one if received else zero))
        state[SUM_EVENTS + lane] = cast(state[SUM_EVENTS + lane] + events)
        state[POSITION + lane] = cast(cast(position + size) - d)


@step
def pass_on(
    live: tuple[Any, ...], arrived: Any, d: Any, column: Any, rule: Rule, bins: tuple[Any, Any], state: Cells
) -> tuple[tuple[Any, ...], Any, Any, Any]:
    """The same for one lane, its net stock, position and sums in `live`; with the order and both marks."""
    cast = state.dtype.type
    zero, plane = cast(0), cast(COLUMNS)
    net, position, before, nets, after, demanded, events = live
    size, orders = simple_size(position, rule, state)
    received = arrived > zero
    flag = plane if received else zero
    left, after_mark, before_mark, above, excess = mark(net, arrived, flag, d, column, bins, state)
    events = cast(events + (cast(1) if received else zero))
    events = cast(events + (cast(ONE_ORDER) if orders else zero))
    position, before, nets = cast(cast(position + size) - d), cast(before + above), cast(nets + left)
    live = (left, position, before, nets, cast(after + excess), cast(demanded + d), events)
    return live, size, after_mark, before_mark


@inner
def mark_fours(
    t: int,
    span: int,
    rule: Rule,
    due: int,
    bins: tuple[Any, Any],
    n: int,
    n_counted: int,
    rows: Rows,
    counters: Counters,
) -> None:
    """`span` periods from t on, the first arrival being that of review `due`; some lanes are counted."""
    for first in range(t, t + span, PERIODS):
        if first % FLUSH == 0:
            flush(rows.state, rows.tally, n)
        stage(due + first - t, rows, n)
        mark_four(first, rule, bins, n, rows, counters)
        count_rows(0, PERIODS, n_counted, counters)


@step
def mark_four(t: int, rule: Rule, bins: tuple[Any, Any], n: int, rows: Rows, counters: Counters) -> None:
    """Four periods from t on, their arrivals staged, into the first four rows of marks."""
    state, orders, demand = rows.state, rows.orders_line, rows.demand_line
    after, before = counters.after_mark, counters.before_mark
    placed, step_ = t & (rows.orders.shape[0] - 1), np.uintp(STRIDE)
    first, begin = np.uintp(placed * STRIDE), np.uintp(t * STRIDE)
    for lane in range(n):
        at, day, m = first + np.uintp(lane), begin + np.uintp(lane), np.uintp(lane)
        column = state[COLUMN + lane]
        live: tuple[Any, ...] = (
            state[NET + lane],
            state[POSITION + lane],
            state[SUM_BEFORE + lane],
            state[SUM_NET + lane],
            state[SUM_AFTER + lane],
            state[SUM_DEMAND + lane],
            state[SUM_EVENTS + lane],
        )
        live, orders[at], after[m], before[m] = pass_on(
            live, state[DUE + lane], demand[day], column, rule, bins, state
        )
        at, day, m = at + step_, day + step_, m + step_
        live, orders[at], after[m], before[m] = pass_on(
            live, state[DUE + STRIDE + lane], demand[day], column, rule, bins, state
        )
        at, day, m = at + step_, day + step_, m + step_
        live, orders[at], after[m], before[m] = pass_on(
            live, state[DUE + 2 * STRIDE + lane], demand[day], column, rule, bins, state
        )
        at, day, m = at + step_, day + step_, m + step_
        live, orders[at], after[m], before[m] = pass_on(
            live, state[DUE + 3 * STRIDE + lane], demand[day], column, rule, bins, state
        )
        state[NET + lane] = live[0]
        state[POSITION + lane] = live[1]
        state[SUM_BEFORE + lane] = live[2]
        state[SUM_NET + lane] = live[3]
        state[SUM_AFTER + lane] = live[4]
        state[SUM_DEMAND + lane] = live[5]
        state[SUM_EVENTS + lane] = live[6]


@step
def receive_and_mark(t: int, due: int, bins: tuple[Any, Any], row: int, n: int, work: Work) -> None:
    """One period in which all of one review's orders arrive."""
    state, orders, demand = work.state, work.orders, work.demand
    cast = state.dtype.type
    zero, one, plane = cast(0), cast(1), cast(COLUMNS)
    for lane in range(n):
        arrived, d = orders[due, lane], demand[t, lane]
        received = arrived > zero
        sell_and_mark(lane, arrived, plane if received else zero, d, bins, row, work)
        state[SUM_EVENTS + lane] = cast(state[SUM_EVENTS + lane] + (one if received else zero))
        state[POSITION + lane] = cast(state[POSITION + lane] - d)


@step
def wait_and_mark(t: int, bins: tuple[Any, Any], row: int, n: int, work: Work) -> None:
    """One period in which nothing arrives."""
    state, demand = work.state, work.demand
    cast = state.dtype.type
    zero = cast(0)
    for lane in range(n):
        d = demand[t, lane]
        sell_and_mark(lane, zero, zero, d, bins, row, work)
        state[POSITION + lane] = cast(state[POSITION + lane] - d)


@step
def collect_and_mark(t: int, bins: tuple[Any, Any], row: int, n: int, work: Work) -> None:
    """One period in which the lanes' rows of units and receipts arrive; several orders may."""
    state, demand, arrivals = work.state, work.demand, work.arrivals
    cast = state.dtype.type
    zero = cast(0)
    for lane in range(n):
        d, receipts = demand[t, lane], state[RECEIPTS + lane]
        sell_and_mark(lane, state[UNITS + lane], zero, d, bins, row, work)
        arrivals[row, lane] = receipts
        position = cast(state[POSITION + lane] - d)
        state[POSITION + lane] = position
        state[SUM_POSITION + lane] = cast(state[SUM_POSITION + lane] + position)
        state[SUM_EVENTS + lane] = cast(state[SUM_EVENTS + lane] + receipts)
