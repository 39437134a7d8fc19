"""What the compiled loops take, made from what callers give; and the refusal of what makes no sense."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, IntArray, KeyArray
from simlab.engine.kernels.draws import draw_arrays, wrong_dependence
from simlab.engine.kernels.streams import Purpose, stream_key
from simlab.engine.kernels.types import DetailArrays, ItemArrays, LevelArrays, MovingArrays, Opening, Starts
from simlab.engine.laws.tables import prepare
from simlab.engine.prepare.sequence import delays_of
from simlab.engine.world.levels import Levels
from simlab.engine.world.policy import OrderPolicy, compiled
from simlab.engine.world.world import MILLION, NOTHING, Horizon, OrderTerms, Start, Supply, Unmet, World
from simlab.errors import EngineFaultError
from simlab.register.families import by_lot, fills_up, has_point

if TYPE_CHECKING:
    from simlab.arrays import FloatArray


CERTAIN = 1 << 32
"""Chances are counted in 2**-32."""
_ORDERED = 1 << 58
_DIVIDED = 1 << 51
_MILLIONTHS = 1 << 61


def item_arrays(world: World, horizon: Horizon | None = None) -> ItemArrays:
    """The world as the kernels want it, its start included; phases are drawn by what the horizon counts."""
    terms, lead = world.terms, world.lead_time
    delays = delays_of(lead, terms.review_period)
    none = np.zeros(world.n_items, np.int64)
    pack = terms.pack_size.astype(np.int64)
    return ItemArrays(
        world.keys.astype(np.uint64),
        prepare(world.demand),
        delays.start,
        delays.length,
        delays.periods,
        delays.thresholds,
        terms.review_period.astype(np.int64),
        terms.review_phase.astype(np.int64),
        pack,
        terms.moq.astype(np.int64),
        terms.max_order.astype(np.int64) // pack * pack,
        terms.unmet.astype(np.int64),
        none if terms.waits is None else terms.waits.astype(np.int64),
        none if terms.max_position is None else terms.max_position.astype(np.int64),
        int(lead.crossing),
        delays.sequence,
        int(not world.undershoot),
        draw_arrays(world),
        _opening(world),
        *_phases(world, horizon),
    )


def draws_phases(world: World, horizon: Horizon) -> BoolArray:
    """(n,) items whose review phase is drawn per replication; see `OrderTerms`."""
    cycle = world.terms.phase_cycle
    if cycle is None or world.start is not None:
        return np.zeros(world.n_items, np.bool_)
    return np.asarray((cycle > 0) & (horizon.periods % world.terms.review_period != 0))


def _phases(world: World, horizon: Horizon | None) -> tuple[IntArray, IntArray, KeyArray]:
    """(n,) number of phases to draw from, their distance, and the keys."""
    terms, none = world.terms, np.zeros(world.n_items, np.int64)
    if horizon is None or terms.phase_cycle is None or terms.phase_keys is None:
        return none, none + 1, none.astype(np.uint64)
    drawn = draws_phases(world, horizon)
    step = np.gcd(np.maximum(terms.phase_cycle, 1), terms.review_period).astype(np.int64)
    return (
        np.where(drawn, terms.review_period // step, 0).astype(np.int64),
        step,
        terms.phase_keys.astype(np.uint64),
    )


def _opening(world: World) -> Opening:
    """The start, orders with a date in the order of items."""
    lead, start = world.lead_time, world.start
    none = np.zeros(world.n_items, np.int64)
    held = Start(none, none) if start is None else start
    item, period, units = held.orders_due()
    order = np.argsort(item, kind="stable")
    count = np.bincount(item, minlength=world.n_items).astype(np.int64)
    return Opening(
        int(start is not None),
        held.on_hand.astype(np.int64),
        held.on_order.astype(np.int64),
        lead.start[lead.law].astype(np.int64),
        lead.length[lead.law].astype(np.int64),
        np.cumsum(count) - count,
        count,
        period[order].astype(np.int64),
        units[order].astype(np.int64),
    )


def level_arrays(terms: OrderTerms, levels: Levels) -> LevelArrays:
    """S, S − s and Q as the kernels want them: Q raised to MOQ and packs, S = s + Q for (R,s,nQ).

    Paths begin at S unless `starts.with_starts` says more.
    """
    family = levels.family[:, None]
    pack, moq = terms.pack_size[:, None], terms.moq[:, None]
    by_batch = by_lot(family)
    batch = np.maximum(np.maximum(levels.order_quantity, moq), 1)
    batch = -(-batch // pack) * pack
    quantity = np.where(by_batch, batch, 0).astype(np.int64)
    s = np.where(has_point(family), levels.reorder_point, levels.order_up_to - 1)
    top = np.where(by_batch, s + quantity, levels.order_up_to).astype(np.int64)
    none = np.zeros_like(top)
    full = Starts(none + 1, none, none, np.zeros(0, np.uint32))
    return LevelArrays(np.ascontiguousarray(top), np.ascontiguousarray(top - s), quantity, full)


def detail_arrays(world: World, horizon: Horizon, policy: OrderPolicy | None) -> DetailArrays:
    """What the recorder alone knows of every item; plain suppliers where nothing is said."""
    supply, n = world.supply, world.n_items
    none = np.zeros(n, np.int64)
    if supply is None:
        keys, of = np.zeros(n, np.uint64), dict.fromkeys(("shared_delay", "fails", "recovers"), none)
        of |= {"on_time": none + MILLION, "rest_delay": none}
        calendar, waits = none - 1, np.zeros((1, 1), np.int64)
    else:
        keys = supply.keys[supply.supplier].astype(np.uint64)
        names = ("shared_delay", "fails", "recovers", "on_time", "rest_delay")
        of = {name: getattr(supply, name)[supply.supplier].astype(np.int64) for name in names}
        calendar = np.where(supply.closes[supply.supplier], supply.supplier, -1).astype(np.int64)
        waits = supply.until_open()
    return DetailArrays(
        keys,
        of["shared_delay"],
        of["fails"],
        of["recovers"],
        of["on_time"],
        of["rest_delay"],
        calendar,
        waits,
        int((of["fails"] > 0).any()),
        stream_key(horizon.seed, Purpose.OUTAGE),
        stream_key(horizon.seed, Purpose.SHARED_DELAY),
        most_ordered(horizon, in_parts=bool((of["on_time"] < MILLION).any())),
        None if policy is None else compiled(policy),
    )


def most_ordered(horizon: Horizon, *, in_parts: bool) -> int:
    """Units that a user's policy may order at once.

    Sums of the run stay within 64 bits, and so do millionths of an order that may come `in_parts`; packs
    divide exactly.
    """
    total = horizon.warmup + horizon.periods
    most = min(_ORDERED // (total * total * horizon.replications), _DIVIDED)
    return max(min(most, (_MILLIONTHS // MILLION) if in_parts else most), 1)


def check(world: World, levels: Levels, horizon: Horizon) -> None:
    """Refuse what the kernels could not survive; earlier rooms should have caught it."""
    terms, n = world.terms, world.n_items
    if levels.n_items != n or levels.n_columns < 1:
        raise EngineFaultError(f"levels of {levels.n_items} items × {levels.n_columns} columns for {n} items")
    if horizon.periods < 1 or horizon.warmup < 0 or horizon.replications < 1 or horizon.slots < 1:
        raise EngineFaultError("periods, replications and slots are at least 1, the warm-up at least 0")
    check_moves(levels)
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
        "the MOQ is at least 0, the largest order too, or says that nothing is ordered": (terms.moq < 0)
        | (terms.max_order < NOTHING),
        "the largest order must hold a pack": (terms.max_order > 0) & (terms.max_order < terms.pack_size),
        "(R,s,S) needs s < S": (fills_up(levels.family)[:, None] & (gap < 1)).any(axis=1),
        "the lead time needs points ≥ 0": (lead.length[lead.law] < 1)
        | (lead.periods[lead.start[lead.law]] < 0),
    }
    partly = terms.unmet == Unmet.PARTLY
    waits = np.full(n, -1) if terms.waits is None else terms.waits
    wrong["the share that waits lies in 0 … 1,000,000"] = partly & ((waits < 0) | (waits > MILLION))
    if terms.phase_cycle is not None:
        keyless = np.full(n, terms.phase_keys is None)
        wrong["a phase to be drawn needs a cycle of demand and a key"] = keyless | (terms.phase_cycle < 0)
    if terms.max_position is not None:
        wrong["the highest position is at least 0"] = terms.max_position < 0
    if world.dependence is not None:
        wrong |= wrong_dependence(world.dependence, world.demand)
    if world.supply is not None:
        wrong |= _wrong_supply(world.supply)
    if world.start is not None:
        if world.start.on_hand.size != n or world.start.on_order.size != n:
            raise EngineFaultError(f"a start of {world.start.on_hand.size} items for {n}")
        owed = (world.start.on_hand < 0) & (terms.unmet != Unmet.BACKORDER)
        item, period, units = world.start.orders_due()
        if ((item < 0) | (item >= n) | (period < 0) | (units < 0)).any():
            raise EngineFaultError("orders with a date are of items of the world, in periods and units ≥ 0")
        wrong["units on order, and stock where demand may be lost, are at least 0"] = owed | (
            world.start.on_order < 0
        )
    for text, bad in wrong.items():
        if bad.any():
            raise EngineFaultError(f"item {int(np.argmax(bad))}: {text}")


def _wrong_supply(supply: Supply) -> dict[str, BoolArray]:
    """What makes no sense, by item."""
    of = supply.supplier
    outside = {
        "chances of stopping and of coming back lie in 0 … 2**32": (supply.fails < 0)
        | (supply.fails > CERTAIN)
        | (supply.recovers < 0)
        | (supply.recovers > CERTAIN),
        "a supplier that stops must come back": (supply.fails > 0) & (supply.recovers == 0),
        "the share on time lies in 0 … 1,000,000": (supply.on_time < 0) | (supply.on_time > MILLION),
        "the rest follows after 0 or more periods, or never (-1)": supply.rest_delay < -1,
        "a supplier is open at times": np.zeros_like(supply.closes)
        if supply.closed is None
        else supply.closed.all(axis=1),
    }
    return {text: np.asarray(bad[of]) for text, bad in outside.items()}


def moving_arrays(levels: Levels) -> MovingArrays:
    """What the recorder adds to the levels, period by period."""
    n, k = levels.n_items, levels.n_columns
    offset = levels.offset
    if offset is None:
        offset = np.zeros((n, 1, 1), np.int64)
    offset = np.ascontiguousarray(np.broadcast_to(offset, (n, k, offset.shape[2])).astype(np.int64))
    forecast = levels.forecast
    if forecast is None:
        none, zero, one = np.zeros(n, np.int64), np.zeros(n), np.ones((n, 1))
        plain = (none, none, none, *(zero,) * 8, one, one, one, np.zeros((n, k)))
        return MovingArrays(offset, levels.phase, *plain)
    season = np.ones((n, 1)) if forecast.season is None else forecast.season.astype(np.float64)
    span = np.maximum(np.rint(forecast.interval), 1.0).astype(np.int64)
    return MovingArrays(
        offset,
        levels.phase,
        forecast.method.astype(np.int64),
        forecast.window.astype(np.int64),
        span,
        forecast.alpha.astype(np.float64),
        forecast.beta.astype(np.float64),
        forecast.error_alpha.astype(np.float64),
        forecast.interval / span,
        forecast.lead_variance.astype(np.float64),
        forecast.level.astype(np.float64),
        forecast.share.astype(np.float64),
        forecast.error * forecast.error * (span / forecast.interval),
        np.ascontiguousarray(season),
        ahead(season, forecast.interval),
        ahead(season, span.astype(np.float64)),
        np.ascontiguousarray(forecast.factor.astype(np.float64)),
    )


def ahead(season: FloatArray, interval: FloatArray) -> FloatArray:
    """(n, c) indices added up over the interval that begins in each phase, a last part period in part."""
    n, cycle = season.shape
    out = np.zeros((n, cycle))
    whole = np.floor(interval).astype(np.int64)
    for step in range(int(whole.max(initial=0)) + 1):
        share = np.clip(interval - step, 0.0, 1.0)
        out += share[:, None] * np.roll(season, -(step % cycle), axis=1)
    return out


def check_moves(levels: Levels) -> None:
    """Refuse movements that cannot be."""
    n, k = levels.n_items, levels.n_columns
    cycles = set()
    if levels.offset is not None:
        if levels.offset.ndim != 3 or levels.offset.shape[0] != n or levels.offset.shape[1] not in (1, k):
            raise EngineFaultError("offsets of levels have shape (items, 1 or columns, cycle)")
        cycles |= {levels.offset.shape[2]} - {1}  # one that never changes fits any calendar
    if levels.forecast is not None:
        levels.forecast.check(n, k)
        if levels.forecast.season is not None:
            cycles.add(levels.forecast.season.shape[1])
    if any(not 0 <= levels.phase < cycle for cycle in cycles) or (not cycles and levels.phase != 0):
        raise EngineFaultError("the phase of period 0 lies in 0 … cycle - 1")
