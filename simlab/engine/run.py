"""The simulator's doors: a world, levels and a horizon in, integer sums out."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from simlab.engine.guards import FAULTS, WIDE
from simlab.engine.kernel_types import ItemArrays, LevelArrays, Sums
from simlab.engine.lanes import lanes
from simlab.engine.streams import Purpose, stream_key
from simlab.engine.sweep import sweep
from simlab.engine.tables import counted_thresholds, prepare
from simlab.engine.types import (
    Curves,
    Family,
    Horizon,
    IntArray,
    LeadTimeLaw,
    Levels,
    OrderTerms,
    Unmet,
    World,
)
from simlab.engine.workspace import make_schedule, make_work, needs_long_counters
from simlab.errors import EngineFaultError

Mask = npt.NDArray[np.bool_]

_FEW_COLUMNS = 2
_BINS_PER_COLUMN = 250
_SHARED = ("receipts", "orders", "ordered", "received", "lost", "on_order")


def warmup_periods(world: World) -> int:
    """Periods to run before counting so that the count starts in the long-run regime.

    Exact for (R,S) from a full shelf and for (R,s,nQ) from a uniform position; for other policies
    a common cut is the caller's business (see `pilot.pilot_series`).

    Returns
    -------
    int
        Longest lead time + review period − 1 over the items.
    """
    if world.n_items == 0:
        return 0
    return int((world.lead_time.longest() + world.terms.review_period - 1).max())


def evaluator_of(world: World, levels: Levels) -> Literal["sweep", "lanes"]:
    """How a call is evaluated: "sweep" if one path serves all columns of every item, else "lanes"."""
    return "sweep" if bool(_sweeps(world, levels).all()) else "lanes"


def simulate_items(world: World, levels: Levels, horizon: Horizon) -> Curves:
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

    Returns
    -------
    Curves
        Sums that depend on nothing but the item's own row, its levels and the horizon. All
        measures but `demanded` have shape (n, k, slots); where columns cannot differ, they are
        read-only views of one column.

    Raises
    ------
    EngineFaultError
        Inputs that make no sense, or a breached guard: the message names item, replication and
        period.

    Notes
    -----
    Start: a full shelf at S and nothing on order; (R,s,nQ) with backorders: all of a position
    uniform on s + 1 … s + Q on the shelf, the same draw at every column.
    """
    _check(world, levels, horizon)
    n, k, slots = world.n_items, levels.n_columns, horizon.slots
    swept = _sweeps(world, levels)
    shared = bool(swept.all())
    sums = _zeros(n, k, slots, 1 if shared else k)
    for evaluator, rows in (("sweep", np.flatnonzero(swept)), ("lanes", np.flatnonzero(~swept))):
        if rows.size:
            part = _evaluate(evaluator, world.take(rows), levels.take(rows), horizon, rows)
            for name, total in zip(Sums._fields, sums, strict=True):
                total[rows] = getattr(part, name)
    return _curves(sums, k)


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
        The item's family, Q and S − s are taken from their first column; default (R,S).

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
        by_s = own.family[0] == Family.REORDER_QUANTITY
        top = steps + gap if by_s else steps
        quantity = np.repeat(own.order_quantity[:, :1], steps.size, axis=1)
        every = Levels(own.family, top - gap, top, quantity)
    return simulate_items(world.take(rows), every, horizon)


def evaluate(evaluator: Literal["sweep", "lanes"], world: World, levels: Levels, horizon: Horizon) -> Curves:
    """`simulate_items` by one evaluator, whichever is cheaper; the sweep must cover all items."""
    _check(world, levels, horizon)
    sums = _evaluate(evaluator, world, levels, horizon, np.arange(world.n_items))
    return _curves(sums, levels.n_columns)


def _sweeps(world: World, levels: Levels) -> Mask:
    """(n,) whether the sweep covers an item and is the cheaper way."""
    forms = _level_arrays(world.terms, levels)
    shifts = (forms.gap == forms.gap[:, :1]).all(axis=1) & (forms.quantity == forms.quantity[:, :1]).all(
        axis=1
    )
    k = levels.n_columns
    span = forms.top.max(axis=1) - forms.top.min(axis=1) if k else np.zeros(world.n_items, np.int64)
    cheaper = (k > _FEW_COLUMNS) & (span < _BINS_PER_COLUMN * k)
    return np.asarray((world.terms.unmet == Unmet.BACKORDER) & shifts & cheaper & world.undershoot)


def _evaluate(evaluator: str, world: World, levels: Levels, horizon: Horizon, names: IntArray) -> Sums:
    """Run one evaluator with 32-bit lanes, then with 64 bits where a bound does not allow them."""
    dtype = np.dtype(np.int64 if needs_long_counters(horizon) else np.int32)
    sums = _run(evaluator, world, levels, horizon, dtype)
    faults = sums[1]
    wide = np.flatnonzero(faults[:, 0] == WIDE)
    if wide.size:
        again = _run(evaluator, world.take(wide), levels.take(wide), horizon, np.dtype(np.int64))
        faults[wide] = again[1]
        for total, part in zip(sums[0], again[0], strict=True):
            total[wide] = part
    _raise_faults(faults, names)
    return sums[0]


def _run(
    evaluator: str, world: World, levels: Levels, horizon: Horizon, dtype: np.dtype[Any]
) -> tuple[Sums, IntArray]:
    items, forms = _item_arrays(world), _level_arrays(world.terms, levels)
    n, k = world.n_items, levels.n_columns
    keys = (
        stream_key(horizon.seed, Purpose.DEMAND),
        stream_key(horizon.seed, Purpose.LEAD_TIME),
        stream_key(horizon.seed, Purpose.START),
    )
    run = make_schedule(keys, horizon, grouped=evaluator == "sweep")
    faults = np.zeros((n, 3), np.int64)
    sums = _zeros(n, k, horizon.slots, 1 if evaluator == "sweep" else k)
    swept = evaluator == "sweep"
    longest, review = world.lead_time.longest(), world.terms.review_period
    varies = bool((items.lead_length > 1).any())
    work = make_work(
        run,
        dtype,
        bins=int(np.ptp(forms.top, axis=1).max()) + 3 if swept else 1,
        rows_kept=int((longest // review).max()) + 2,
        epochs=-(-(run.warmup + run.periods) // int(review.min())) if varies else 0,
    )
    if swept:
        sweep(items, forms, np.argsort(-forms.top, axis=1, kind="stable"), run, work, sums, faults)
    else:
        lanes(items, forms, run, work, sums, faults)
    sums.backorders[...] += sums.on_hand
    sums.served[...] = sums.on_hand_start - sums.on_hand
    return sums, faults


def _zeros(n: int, k: int, slots: int, shared: int) -> Sums:
    shapes = {name: (n, shared if name in _SHARED else k, slots) for name in Sums._fields}
    return Sums(
        **{
            name: np.zeros((n, slots) if name == "demanded" else shapes[name], np.int64)
            for name in Sums._fields
        }
    )


def _curves(sums: Sums, k: int) -> Curves:
    """As `Curves`; measures alike at all columns become views."""
    parts: dict[str, IntArray] = {}
    for field in fields(Curves):
        array = getattr(sums, field.name)
        if array.ndim == 3 and array.shape[1] != k:
            array = np.broadcast_to(array, (array.shape[0], k, array.shape[2]))
        parts[field.name] = array
    return Curves(**parts)


def _item_arrays(world: World) -> ItemArrays:
    terms, lead = world.terms, world.lead_time
    pack = terms.pack_size.astype(np.int64)
    return ItemArrays(
        world.keys.astype(np.uint64),
        prepare(world.demand),
        lead.start[lead.law].astype(np.int64),
        lead.length[lead.law].astype(np.int64),
        lead.periods.astype(np.int64),
        _lead_thresholds(lead),
        terms.review_period.astype(np.int64),
        terms.review_phase.astype(np.int64),
        pack,
        terms.moq.astype(np.int64),
        terms.max_order.astype(np.int64) // pack * pack,
        (terms.unmet == Unmet.LOST).astype(np.int64),
        int(lead.crossing),
        int(not world.undershoot),
    )


def _lead_thresholds(lead: LeadTimeLaw) -> npt.NDArray[np.uint32]:
    out = np.zeros(lead.periods.size, np.uint32)
    for start, length in zip(lead.start.tolist(), lead.length.tolist(), strict=True):
        weights = lead.weights[start : start + length].astype(np.int64)
        out[start : start + length] = counted_thresholds(weights, np.array([length]))
    return out


def _level_arrays(terms: OrderTerms, levels: Levels) -> LevelArrays:
    """S, S − s and Q as the kernels want them: Q raised to MOQ and packs, S = s + Q for (R,s,nQ)."""
    family = levels.family[:, None]
    pack, moq = terms.pack_size[:, None], terms.moq[:, None]
    by_batch = family == Family.REORDER_QUANTITY
    batch = np.maximum(np.maximum(levels.order_quantity, moq), 1)
    batch = -(-batch // pack) * pack
    quantity = np.where(by_batch, batch, 0).astype(np.int64)
    s = np.where(family == Family.ORDER_UP_TO, levels.order_up_to - 1, levels.reorder_point)
    top = np.where(by_batch, s + quantity, levels.order_up_to).astype(np.int64)
    return LevelArrays(np.ascontiguousarray(top), np.ascontiguousarray(top - s), quantity)


def _check(world: World, levels: Levels, horizon: Horizon) -> None:
    """Refuse what the kernels could not survive; earlier rooms should have caught it."""
    terms, n = world.terms, world.n_items
    if levels.n_items != n or levels.n_columns < 1:
        raise EngineFaultError(f"levels of {levels.n_items} items × {levels.n_columns} columns for {n} items")
    if horizon.periods < 1 or horizon.warmup < 0 or horizon.replications < 1 or horizon.slots < 1:
        raise EngineFaultError("periods, replications and slots are at least 1, the warm-up at least 0")
    last = horizon.first_replication + horizon.replications
    if horizon.first_replication < 0 or last > 1 << 32:
        raise EngineFaultError("replication numbers lie in 0 … 2**32 − 1")
    gap = levels.order_up_to - levels.reorder_point
    lead = world.lead_time
    wrong = {
        "the review period is at least 1": terms.review_period < 1,
        "the review phase lies in 0 … R − 1": (terms.review_phase < 0)
        | (terms.review_phase >= terms.review_period),
        "the pack size is at least 1": terms.pack_size < 1,
        "MOQ and largest order are at least 0": (terms.moq < 0) | (terms.max_order < 0),
        "the largest order must hold a pack": (terms.max_order > 0) & (terms.max_order < terms.pack_size),
        "(R,s,S) needs s < S": ((levels.family == Family.REORDER_UP_TO)[:, None] & (gap < 1)).any(axis=1),
        "the lead time needs points ≥ 0": (lead.length[lead.law] < 1)
        | (lead.periods[lead.start[lead.law]] < 0),
    }
    for text, bad in wrong.items():
        if bad.any():
            raise EngineFaultError(f"item {int(np.argmax(bad))}: {text}")


def _raise_faults(faults: IntArray, names: IntArray) -> None:
    rows = np.flatnonzero(faults[:, 0])
    if rows.size:
        code, path, period = (int(x) for x in faults[rows[0]])
        raise EngineFaultError(
            f"item {int(names[rows[0]])}, replication {path}, by period {period}: "
            f"{FAULTS.get(code, 'unknown fault')}"
        )


def merge(first: Curves, second: Curves) -> Curves:
    """Sums of disjoint replications with the same slots, added up."""
    return replace(
        first, **{f.name: getattr(first, f.name) + getattr(second, f.name) for f in fields(Curves)}
    )
