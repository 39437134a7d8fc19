"""Stock, pipeline and purchases period by period, replications side by side.

The sums are those of the recorder (`engine.recorder.periods`), to the unit; it follows one path at a time
and knows every feature, at ten times the time. What lanes do not cover is left to it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from simlab.arrays import BoolArray, IntArray
from simlab.engine._jit import inner, kernel, step
from simlab.engine.kernels.draws import draw_demand, make_guide
from simlab.engine.kernels.guards import NARROW, POSITION_IDENTITY, fits, report, still_under_way
from simlab.engine.kernels.joint_phases import (
    begin_turns,
    draw_phases,
    draws_phase,
    reviews_of,
    step_aside,
    step_back,
)
from simlab.engine.kernels.layout import FLUSH, NET, POSITION, SUM_EVENTS, UNITS
from simlab.engine.kernels.memory import Cells, Work
from simlab.engine.kernels.paths import (
    add_opening,
    arrive,
    draw_delays,
    load_block,
    opens,
    rule_of,
    sequenced,
)
from simlab.engine.kernels.rules import order_row
from simlab.engine.kernels.sequences import begin_sequence, keep_sequence
from simlab.engine.kernels.types import Clock, Groups, ItemArrays, LevelArrays, Reach, Rule, Schedule
from simlab.engine.lanes.lanes import start_lanes
from simlab.engine.lanes.selling import LOST
from simlab.engine.prepare.evaluators import needs_recorder
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Unmet, World

BEFORE, AFTER, ON_ORDER, ORDERED, RECEIVED = range(5)
"""Rows of a block's book: net stock before and after demand, then units."""
N_STOCK, N_ROWS = 2, 5
SHELF_START, SHELF, UNDER_WAY, BOUGHT, CAME, ASKED, SERVED, OWED, GONE = range(9)
"""Sums in the order of `TimeProfile`: five at unit value, four in units."""


def covered(world: World, levels: Levels) -> BoolArray:
    """(n,) items that lanes can follow: nothing of what only the recorder knows, all unmet demand one way."""
    plain = ~needs_recorder(replace(world, start=None), levels) & (world.terms.unmet != Unmet.PARTLY)
    if world.start is not None:
        item, _, units = world.start.orders_due()
        plain &= np.bincount(item, units, world.n_items) < NARROW
    return np.asarray(plain & world.undershoot & (world.grid is None))


@kernel
def follow_by_period(
    items: ItemArrays,
    levels: LevelArrays,
    shared: IntArray,
    run: Schedule,
    groups: Groups,
    work: Work,
    book: Cells,
    out: IntArray,
    peaks: IntArray,
    faults: IntArray,
) -> None:
    """Sums by column, group, counted period and replication over all items: a profile, or stock alone.

    Parameters
    ----------
    shared : (n,) int64, 0 or 1
        For stock alone: items whose net stock at any column is that of the first column plus the difference
        of levels.
    groups : Groups
        Group and unit value of every item.
    book : (N_ROWS or N_STOCK, periods, lanes) int32
        Work space.
    out : (9 or 1, k, g, periods, r) int64
        Zeros, filled: sums as numbered above, or stock after ordering plus stock at the count at unit value.
    peaks : (n,) int64
        Largest quantity that any path of an item shows.
    faults : (n, 3) int64
        First breach of each item; items that want 64 bits are left out.

    Notes
    -----
    One kernel for both: linking what draws takes as long to compile as all of the rest.
    """
    for item in range(items.keys.size):
        if wide(items, item, levels, run, faults):
            continue
        guided = make_guide(items, item, work)
        g, value = groups.group[item], groups.unit_value[item]
        whole = out.shape[0] > 1
        for block in range(run.block_start.size):
            n, reach = begin(items, item, run, block, guided, work)
            first = run.block_start[block]
            for k in range(levels.top.shape[1]):
                moves = whole or not shared[item]
                if k == 0 or moves:
                    follow_lanes(items, item, levels, k, run, reach, n, work, book, faults)
                before, after = book[BEFORE], book[AFTER]
                if not whole:
                    raised = 0 if moves else levels.top[item, k] - levels.top[item, 0]
                    peaks[item] = max(peaks[item], 2 * (largest(book, n) + max(raised, 0)))
                    add(before, raised, value, first, n, out[0, k, g])
                    add(after, raised, value, first, n, out[0, k, g])
                    continue
                asked = work.demand[run.warmup :]
                peaks[item] = max(peaks[item], largest(book, n))
                add(before, 0, value, first, n, out[SHELF_START, k, g])
                add(after, 0, value, first, n, out[SHELF, k, g])
                add(book[ON_ORDER], 0, value, first, n, out[UNDER_WAY, k, g])
                add(book[ORDERED], 0, value, first, n, out[BOUGHT, k, g])
                add(book[RECEIVED], 0, value, first, n, out[CAME, k, g])
                add(asked, 0, 1, first, n, out[ASKED, k, g])
                add_served(before, after, first, n, out[SERVED, k, g])
                if items.unmet[item] == LOST:
                    add_lost(asked, before, after, first, n, out[GONE, k, g])
                else:
                    add_owed(after, first, n, out[OWED, k, g])


@step
def wide(items: ItemArrays, item: int, levels: LevelArrays, run: Schedule, faults: IntArray) -> bool:
    """Whether an item's quantities might leave 32 bits."""
    code = fits(items, item, levels, run.warmup + run.periods, True)
    if code:
        report(faults, item, code, 0, 0)
    return bool(code != 0)


@inner
def begin(
    items: ItemArrays, item: int, run: Schedule, block: int, guided: Any, work: Work
) -> tuple[Any, Reach]:
    """Demand, review phases and lead times of the replications that run together; how many there are."""
    n = load_block(run, block, work)
    draw_demand(items, item, run, guided, work)
    draw_phases(items, item, run, work)
    return n, draw_delays(items, item, run, work)


@inner
def follow_lanes(
    items: ItemArrays,
    item: int,
    levels: LevelArrays,
    k: int,
    run: Schedule,
    reach: Reach,
    n_real: int,
    work: Work,
    book: Cells,
    faults: IntArray,
) -> None:
    """One column on a block of lanes, arrive → order → demand → count, into the book.

    An order never changes the position through its arrival, so orders of this period may be written down
    before the arrivals (which then include those without delay) are put on the shelf.
    """
    rule, top = rule_of(items, item, levels, k), levels.top[item, k]
    start_lanes(items, item, run, levels, k, work)
    put_on_order(items, item, run.width, work)
    state, orders, delays = work.state, work.orders, work.delays
    review, phase = reviews_of(items, item)
    mask, n, end = orders.shape[0] - 1, run.width, run.warmup + run.periods
    begin_turns(items, item, n, work)
    zero: Any = np.int64(0)  # literals would compile all that takes them a second time
    reviewed, epoch = phase - review, zero - 1
    arrival, due = phase + reach.least, zero
    lost = items.unmet[item] == LOST
    opened = reach.most if opens(items, item) else zero - 1
    in_sequence = sequenced(items, item)
    if in_sequence:
        begin_sequence(items, item, run, work)
    t = zero
    while t < end:
        reviews = t == reviewed + review
        if reviews:
            reviewed = t
            epoch += 1
            place(items, item, t, epoch, rule, in_sequence, n, work)
        clock = Clock(review, reviewed, epoch, arrival, due)
        arrive(t, clock, reach, state, orders, delays, n, False)
        if t <= opened:
            add_opening(t, items.opening.on_order[item], state, work.opening, n)
        add_due(items, item, t, n, work)
        if t == arrival:
            arrival += review
            due += 1
        if t < run.warmup:
            sell(t, state, work.demand, lost, n)
        else:
            row = t - run.warmup
            write(row, t, state, work.demand, lost, n, book)
            if book.shape[0] > N_STOCK:
                write_orders(row, epoch & mask if reviews else zero - 1, top, state, orders, n, book)
        t += 1
    still_under_way(items, item, end, reach, n_real, work)
    later = due_from(items, item, end)
    for lane in range(n_real):
        apart = np.int64(state[POSITION + lane]) + top - np.int64(state[NET + lane])
        if apart != work.mixing.common[lane] + later:
            report(faults, item, POSITION_IDENTITY, work.paths[lane], end)


@step
def due_from(items: ItemArrays, item: int, t: int) -> Any:
    """Units of a given start's orders with a date that arrive in period t or later."""
    opening, units = items.opening, np.int64(0)
    for at in range(opening.due_begin[item], opening.due_begin[item] + opening.due_count[item]):
        if opening.due_period[at] >= t:
            units += max(opening.due_units[at], np.int64(0))
    return units


@step
def put_on_order(items: ItemArrays, item: int, n: int, work: Work) -> None:
    """Count a given start's orders with a date into the positions."""
    cast = work.state.dtype.type
    if items.opening.due_count[item] > 0:
        units = due_from(items, item, 0)
        for lane in range(n):
            work.state[POSITION + lane] = cast(work.state[POSITION + lane] + units)


@step
def add_due(items: ItemArrays, item: int, t: int, n: int, work: Work) -> None:
    """What arrives in period t of a given start's orders with a date, whole and in every lane."""
    cast, opening = work.state.dtype.type, items.opening
    for at in range(opening.due_begin[item], opening.due_begin[item] + opening.due_count[item]):
        if opening.due_period[at] == t and opening.due_units[at] > 0:
            units = cast(opening.due_units[at])
            for lane in range(n):
                work.state[UNITS + lane] = cast(work.state[UNITS + lane] + units)


@step
def place(
    items: ItemArrays, item: int, t: int, epoch: int, rule: Rule, in_sequence: Any, n: int, work: Work
) -> None:
    """What the review of period t orders."""
    state, orders, apart = work.state, work.orders, draws_phase(items, item)
    if epoch % FLUSH == 0:  # the orders counted here are not read
        for lane in range(n):
            state[SUM_EVENTS + lane] = state.dtype.type(0)
    if apart:
        step_aside(t, state, work.turns, n)
    order_row(rule, state, orders, epoch & (orders.shape[0] - 1), n)
    if apart:
        step_back(t, items.review[item], state, work.turns, n)
    if in_sequence:
        keep_sequence(items, item, t, epoch, n, work)


@step
def sell(t: int, state: Cells, demand: Cells, lost: bool, n: int) -> None:
    """A period before the count: what arrived goes on the shelf, demand takes from it."""
    cast = state.dtype.type
    for lane in range(n):
        before, d = cast(state[NET + lane] + state[UNITS + lane]), demand[t, lane]
        gone = min(d, max(before, cast(0))) if lost else d
        state[NET + lane] = cast(before - gone)
        state[POSITION + lane] = cast(state[POSITION + lane] - gone)


@step
def write(row: int, t: int, state: Cells, demand: Cells, lost: bool, n: int, book: Cells) -> None:
    """As `sell`, with net stock before and after demand written down."""
    cast = state.dtype.type
    for lane in range(n):
        before, d = cast(state[NET + lane] + state[UNITS + lane]), demand[t, lane]
        gone = min(d, max(before, cast(0))) if lost else d
        after = cast(before - gone)
        state[NET + lane] = after
        state[POSITION + lane] = cast(state[POSITION + lane] - gone)
        book[BEFORE, row, lane] = before
        book[AFTER, row, lane] = after


@step
def write_orders(row: int, placed: int, top: int, state: Cells, orders: Cells, n: int, book: Cells) -> None:
    """Units on order at the count, ordered (in row `placed`, −1: no review) and received."""
    cast = state.dtype.type
    level = cast(top)
    for lane in range(n):
        book[ON_ORDER, row, lane] = cast(state[POSITION + lane] + level - state[NET + lane])
        book[RECEIVED, row, lane] = state[UNITS + lane]
    for lane in range(n):
        book[ORDERED, row, lane] = orders[placed, lane] if placed >= 0 else cast(0)


@inner
def largest(book: Cells, n: int) -> Any:
    """Largest quantity of a book."""
    most = book.dtype.type(0)
    for row in range(book.shape[0]):
        for t in range(book.shape[1]):
            for lane in range(n):
                most = max(most, book[row, t, lane])
    return np.int64(most)


@inner
def add(rows: Cells, raised: int, value: int, first: int, n: int, out: IntArray) -> None:
    """Add max(x + raised, 0) × value of every period and lane."""
    for t in range(out.shape[0]):
        for lane in range(n):
            out[t, first + lane] += max(np.int64(rows[t, lane]) + raised, np.int64(0)) * value


@inner
def add_served(before: Cells, after: Cells, first: int, n: int, out: IntArray) -> None:
    """Units served at once: what demand took from the shelf."""
    zero = before.dtype.type(0)
    for t in range(out.shape[0]):
        for lane in range(n):
            out[t, first + lane] += max(before[t, lane], zero) - max(after[t, lane], zero)


@inner
def add_owed(after: Cells, first: int, n: int, out: IntArray) -> None:
    """Units owed at the count."""
    for t in range(out.shape[0]):
        for lane in range(n):
            out[t, first + lane] += max(-np.int64(after[t, lane]), np.int64(0))


@inner
def add_lost(asked: Cells, before: Cells, after: Cells, first: int, n: int, out: IntArray) -> None:
    """Units lost: asked for, and not on the shelf."""
    for t in range(out.shape[0]):
        for lane in range(n):
            out[t, first + lane] += np.int64(asked[t, lane]) - np.int64(before[t, lane] - after[t, lane])
