"""The simulator's doors: a world, levels and a horizon in, integer sums out."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.arrays import BoolArray, IntArray
from simlab.engine.kernels.guards import WIDE
from simlab.engine.kernels.layout import LEAD_TIMES
from simlab.engine.kernels.types import Sums
from simlab.engine.lanes.lanes import lanes
from simlab.engine.lanes.sweep import sweep
from simlab.engine.prepare.arrays import check, item_arrays, level_arrays
from simlab.engine.prepare.evaluators import (
    _recorded_once,
    _sweeps,
    followed_alone,
    needs_recorder,
    shifting,
)
from simlab.engine.prepare.on_grid import among, groups, together
from simlab.engine.prepare.overflow import SAFE, prove
from simlab.engine.prepare.starts import with_starts
from simlab.engine.prepare.workspace import histograms_beside, make_work, needs_long_counters, schedule
from simlab.engine.recorder.sums import raise_faults, record, record_levels, zeros
from simlab.engine.world.curves import Curves
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import Horizon, Start, World
from simlab.errors import EngineFaultError, OutOfRangeError
from simlab.register.families import by_lot

if TYPE_CHECKING:
    from simlab.engine.prepare.evaluators import Evaluator


def simulate_items(world: World, levels: Levels, horizon: Horizon, start: Start | None = None) -> Curves:
    """Simulate every item at every column of levels, in one thread.

    Parameters
    ----------
    world : World
        n items.
    levels : Levels
        (n, k) levels. An order is max(deficit, MOQ) rounded up to packs and capped at the largest
        order (rounded down to packs). The deficit is S − position where the position is below S
        for (R,S), or at or below s for (R,s,S). (R,s,nQ) raises Q to the MOQ, rounds it up to
        packs and orders the least n·Q that lifts the position above s.
    horizon : Horizon
        Periods, replications, slots and the seed of this phase.
    start : Start, optional
        Stock and pipeline to begin with (the transient question); usually with a warm-up of 0. Default:
        the world's own.

    Returns
    -------
    Curves
        Sums that depend on nothing but the item's own row, its levels and the horizon. With a working grid
        those over periods (`on_grid.PER_PERIOD`) are counted in its parts, of all items. All
        measures but `demanded` have shape (n, k, slots); where columns cannot differ, they are
        read-only views of one column.

    Raises
    ------
    EngineFaultError
        Inputs that make no sense, or a breached guard: the message names item, replication and
        period.

    Notes
    -----
    Start: nothing on order, and on the shelf a position of the long run as far as it is known (see
    `starts`), drawn by the same word at every column: S for (R,S), with packs up to a pack more;
    uniform on s + 1 … s + Q for (R,s,nQ); by the renewal density for (R,s,S).
    """
    world = world.starting(start)
    if world.grid is not None:
        return _simulate_groups(world, levels, horizon)
    check(world, levels, horizon)
    if horizon.scale > 1:
        return _by_windows(world, levels, horizon)
    n, k, slots = world.n_items, levels.n_columns, horizon.slots
    recorded, once = needs_recorder(world, levels), _recorded_once(world, levels)
    swept = _sweeps(world, levels) & ~recorded
    shares: tuple[tuple[Evaluator, BoolArray], ...] = (
        ("sweep", swept),
        ("recorded sweep", once),
        ("lanes", ~swept & ~recorded),
        ("ledger", followed_alone(world, levels)),
    )
    for evaluator, mask in shares:
        if n and bool(mask.all()):
            return curves_of(_evaluate(evaluator, world, levels, horizon, np.arange(n)), k)
    sums = zeros(n, k, slots, 1 if bool((swept | once).all()) else k)
    for evaluator, mask in shares:
        rows = np.flatnonzero(mask)
        if rows.size:
            part = _evaluate(evaluator, world.take(rows), levels.take(rows), horizon, rows)
            for name, total in zip(Sums._fields, sums, strict=True):
                total[rows] = getattr(part, name)
    return curves_of(sums, k)


def _simulate_groups(world: World, levels: Levels, horizon: Horizon) -> Curves:
    """Items that go by periods and items that go by parts, each through the same doors."""
    found = [
        (one, among(one, world, partial(simulate_items, one.world, one.levels, one.horizon)))
        for one in groups(world, levels, horizon)
    ]
    return together(found, world.n_items)


def _by_windows(world: World, levels: Levels, horizon: Horizon) -> Curves:
    """Every item counted for its own window, and sums that speak of one number of periods; see `Horizon`."""
    window = np.full(world.n_items, horizon.periods)
    own = world.terms.window
    if own is not None and world.start is None:
        window = np.where(own > 0, own, window)
    lengths = np.unique(window).tolist()
    parts = {}
    for length in lengths:
        rows = np.flatnonzero(window == length)
        some = replace(horizon, periods=int(length), scale=1)
        part = simulate_items(world.take(rows), levels.take(rows), some)
        parts[length] = rows, _scaled(part, horizon.exposure, int(length))
    if len(lengths) == 1:
        return parts[lengths[0]][1]
    whole = {}
    for field in fields(Curves):
        tables = {length: getattr(part, field.name) for length, (_, part) in parts.items()}
        alike = all(_same_columns(table) for table in tables.values())
        some = tables[lengths[0]]
        shape = (world.n_items, 1, some.shape[-1]) if alike else (world.n_items, *some.shape[1:])
        out = np.empty(shape, np.int64)
        for length, (rows, _) in parts.items():
            out[rows] = tables[length][:, :1] if alike else tables[length]
        whole[field.name] = np.broadcast_to(out, (out.shape[0], *some.shape[1:])) if alike else out
    return Curves(**whole)


def _same_columns(table: IntArray) -> bool:
    """Whether a measure is a view of one column, for no column can differ from another."""
    return table.ndim == 3 and table.strides[1] == 0


def _scaled(curves: Curves, exposure: int, length: int) -> Curves:
    """Sums over `length` periods brought to others: exact where one divides the other, else the nearest."""
    common = math.gcd(exposure, length)
    times, over = exposure // common, length // common
    scaled = {}
    for field in fields(Curves):
        table = getattr(curves, field.name)
        own = table[:, :1] if _same_columns(table) else table
        if int(np.abs(own).max(initial=0)) * times >= SAFE:
            raise OutOfRangeError("sums over windows of their own could leave 64 bits: run fewer periods")
        scaled[field.name] = np.broadcast_to((own * times + over // 2) // over, table.shape)
    return Curves(**scaled)


def every_level(
    world: World, horizon: Horizon, item: int, lo: int, hi: int, levels: Levels | None = None
) -> Curves:
    """Sums of one item at every integer level lo … hi, by one path.

    Parameters
    ----------
    world, horizon
        As in `simulate_items`.
    item : int
        Row of the item.
    lo, hi : int
        First and last level, units: order-up-to level S of (R,S) and (R,s,S), reorder point s of
        (R,s,nQ).
    levels : Levels, optional
        The item's family, Q, S − s and movement are taken from their first column; default (R,S).

    Returns
    -------
    Curves
        One item, hi − lo + 1 columns.
    """
    rows = np.array([item])
    steps = np.arange(lo, hi + 1)[None, :]
    if levels is None:
        family = np.full(1, Family.ORDER_UP_TO, np.int8)
        every = Levels(family, steps - 1, steps, np.zeros_like(steps))
    else:
        own = levels.take(rows)
        gap = own.order_up_to[:, :1] - own.reorder_point[:, :1]
        by_s = by_lot(own.family)[0]
        top = steps + gap if by_s else steps
        quantity = np.repeat(own.order_quantity[:, :1], steps.size, axis=1)
        every = replace(
            own.columns(np.zeros((1, steps.size), np.int64)),
            reorder_point=top - gap,
            order_up_to=top,
            order_quantity=quantity,
        )
    return simulate_items(world.take(rows), every, horizon)


def evaluate(evaluator: Evaluator, world: World, levels: Levels, horizon: Horizon) -> Curves:
    """`simulate_items` by one evaluator, whichever is cheaper; it must cover all items.

    Raises
    ------
    EngineFaultError
        The evaluator would be wrong for an item.
    """
    check(world, levels, horizon)
    uncovered = np.zeros(world.n_items, np.bool_)
    if evaluator in ("sweep", "lanes"):
        uncovered = needs_recorder(world, levels)
    if evaluator in ("sweep", "recorded sweep"):
        uncovered = uncovered | ~shifting(world, levels)
    if uncovered.any():
        raise EngineFaultError(f"item {int(np.argmax(uncovered))}: not covered by the {evaluator}")
    sums = _evaluate(evaluator, world, levels, horizon, np.arange(world.n_items))
    return curves_of(sums, levels.n_columns)


def _evaluate(evaluator: Evaluator, world: World, levels: Levels, horizon: Horizon, names: IntArray) -> Sums:
    """Run one evaluator with 32-bit lanes, then with 64 bits where a bound does not allow them."""
    if evaluator == "ledger":
        return record(world, levels, horizon, names)
    if evaluator == "recorded sweep":
        return record_levels(world, levels, horizon, names)
    long = evaluator == "sweep" and needs_long_counters(horizon)  # only the sweep counts in half words
    dtype = np.dtype(np.int64 if long else np.int32)
    sums = _run(evaluator, world, levels, horizon, dtype)
    faults = sums[1]
    wide = np.flatnonzero(faults[:, 0] == WIDE)
    if wide.size:
        again = _run(evaluator, world.take(wide), levels.take(wide), horizon, np.dtype(np.int64))
        faults[wide] = again[1]
        for total, part in zip(sums[0], again[0], strict=True):
            total[wide] = part
    for row in np.flatnonzero(faults[:, 0])[:1]:
        rows = np.array([row])
        kinds = (np.dtype(np.int64), dtype)
        exact = _name_period(evaluator, world.take(rows), levels.take(rows), horizon, kinds, faults[row])
        raise_faults(faults, names, exact=exact)
    return sums[0]


def _name_period(
    evaluator: str,
    world: World,
    levels: Levels,
    horizon: Horizon,
    kinds: tuple[np.dtype[Any], ...],
    fault: IntArray,
) -> bool:
    """Enter the period of a breach that lanes noticed at the end of a run; False if it does not come again.

    A longer run contains the shorter one, so that halving finds the period. The item's replication is run
    alone, with each kind of lanes; then, where the breach needs its neighbours, beside them.
    """
    alone = replace(horizon, replications=1, slots=1, first_replication=int(fault[1]))
    for part in (alone, horizon):
        for dtype in kinds:
            low, high = 0, horizon.warmup + horizon.periods
            last = _breach(evaluator, world, levels, replace(part, warmup=0, periods=high), dtype)
            if not last[0]:
                continue
            while high - low > 1:
                middle = (low + high) // 2
                seen = _breach(evaluator, world, levels, replace(part, warmup=0, periods=middle), dtype)
                low, high, last = (low, middle, seen) if seen[0] else (middle, high, last)
            fault[:] = last[0], last[1], high - 1
            return True
    return False


def _breach(evaluator: str, world: World, levels: Levels, horizon: Horizon, dtype: np.dtype[Any]) -> IntArray:
    """Code, replication and period of the first breach of the only item; code 0 if there is none."""
    fault: IntArray = _run(evaluator, world, levels, horizon, dtype)[1][0]
    return np.where(fault[0] == WIDE, 0, fault)


def _run(
    evaluator: str, world: World, levels: Levels, horizon: Horizon, dtype: np.dtype[Any]
) -> tuple[Sums, IntArray]:
    items = item_arrays(world, horizon)
    forms = with_starts(level_arrays(world.terms, levels), world, levels, items)
    prove(world, items, forms, horizon)
    n, k = world.n_items, levels.n_columns
    faults = np.zeros((n, 3), np.int64)
    sums = zeros(n, k, horizon.slots, 1 if evaluator == "sweep" else k)
    swept = evaluator == "sweep"
    bins = int(np.ptp(forms.top, axis=1).max()) + 3 if swept else 1
    run = schedule(horizon, grouped=swept, most_beside=histograms_beside(bins, dtype))
    longest = world.lead_time.longest()
    review = np.where(items.n_phases > 0, 1, world.terms.review_period)
    varies = items.lead_length > 1
    by_two = np.where(varies & (review == 1), items.lead_periods[items.lead_start] + LEAD_TIMES + 1, 0)
    work = make_work(
        run,
        dtype,
        world,
        bins=bins,
        rows_kept=int(np.maximum(longest // review + 2, by_two).max()),
        epochs=-(-(run.warmup + run.periods) // int(review.min())) if varies.any() else 0,
        sequence=items.sequence,
    )
    if swept:
        sweep(items, forms, np.argsort(-forms.top, axis=1, kind="stable"), run, work, sums, faults)
    else:
        lanes(items, forms, run, work, sums, faults)
    return sums, faults


def curves_of(sums: Sums, k: int) -> Curves:
    """As `Curves`; measures alike at all columns become views."""
    parts: dict[str, IntArray] = {}
    for field in fields(Curves):
        array = getattr(sums, field.name)
        if array.ndim == 3 and array.shape[1] != k:
            array = np.broadcast_to(array, (array.shape[0], k, array.shape[2]))
        parts[field.name] = array
    return Curves(**parts)


def merge(first: Curves, second: Curves) -> Curves:
    """Sums of disjoint replications with the same slots, added up."""
    return replace(
        first, **{f.name: getattr(first, f.name) + getattr(second, f.name) for f in fields(Curves)}
    )


def pilot_series(world: World, levels: Levels, horizon: Horizon, step: int = 1) -> IntArray:
    """On-hand stock at the count by steps of periods, summed over items and replications.

    Parameters
    ----------
    world, levels : World, Levels
        n items, k columns.
    horizon : Horizon
        A few replications are enough; `warmup` is taken as 0.
    step : int
        Periods summed together; a last incomplete step is left out.

    Returns
    -------
    (k, periods // step) int64
        Unit sums, from the very first period on, as MSER wants them.

    Notes
    -----
    A longer run contains the shorter one, so the series comes from the same kernels as every other
    sum: one run per step, with the periods before it as warm-up. The work grows with the square of
    the number of steps: keep the pilot small.
    """
    n_steps = horizon.periods // step
    series = np.zeros((levels.n_columns, n_steps), np.int64)
    for place in range(n_steps):
        one = replace(horizon, warmup=place * step, periods=step, slots=1)
        series[:, place] = simulate_items(world, levels, one).on_hand.sum(axis=(0, 2))
    return series
