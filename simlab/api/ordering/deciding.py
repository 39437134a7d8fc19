"""Which SKU-locations are reviewed on a day, what their rule orders, when that is due and what it changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.api.ordering.calendar import Calendar
from simlab.api.ordering.source import Source
from simlab.api.ordering.state import State
from simlab.engine.kernels.streams import phase_seed
from simlab.engine.world.world import Start, World
from simlab.execution import Workers
from simlab.execution.shortage import run_shortage
from simlab.policies.ordering import order_sizes

if TYPE_CHECKING:
    from simlab.arrays import BoolArray, DateArray, FloatArray, IntArray
    from simlab.engine.recorder.shortage import Shortage


_EPSILON = 1e-9


@dataclass(frozen=True, eq=False)
class Review:
    """What the day is for every SKU-location.

    Attributes
    ----------
    day : datetime64[D]
    today : (n,) bool
        Whether an order may be placed.
    next_review : (n,) int64
        Periods (parts, of items that are split) until the review after this day.
    next_day : (n,) datetime64[D]
        The day of it.
    due : (n,) datetime64[D]
        When an order placed on the day is expected.
    """

    day: np.datetime64
    today: BoolArray
    next_review: IntArray
    next_day: DateArray
    due: DateArray


def review_of(source: Source, day: np.datetime64, *, every_item: bool = False) -> Review:
    """Reviews as the study states them: (t − phase) mod R = 0, t counted from the day after `as_of`.

    Items of suppliers with `order_weekdays` are reviewed on these weekdays instead.

    Parameters
    ----------
    every_item : bool
        Review everything on this day, whatever its review days are.
    """
    calendar, world = source.calendar(day), source.ordering.world
    review, phase, now, parts = _clock(source, calendar, day)
    rest = np.mod(phase - now, review)
    today, ahead = rest == 0, np.where(rest == 0, review, rest)
    for rows, names in _weekdays(source):
        today[rows] = calendar.is_order_day(day, names)
        ahead[rows] = calendar.next_order_day(day, names) * parts[rows]
    if every_item:
        today = np.ones(today.size, np.bool_)
    lead = _lead_periods(world)
    due = _days_later(calendar, day, lead)
    return Review(day, today, ahead, _days_later(calendar, day, ahead / parts), due)


def _clock(
    source: Source, calendar: Calendar, day: np.datetime64
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """(n,) review period, phase and the number of the day's period, in each item's own steps; their parts."""
    world = source.ordering.world
    n = source.ordering.n_items
    period = int(calendar.period_of(np.array([day]))[0])
    review, phase = world.terms.review_period.copy(), world.terms.review_phase.copy()
    now, parts = np.full(n, period), np.ones(n, np.int64)
    if world.grid is None or not world.grid.split.any():
        return review, phase, now, parts
    grid, split = world.grid, world.grid.split
    passed = float((day - calendar.begin_of(day)).astype(np.int64)) / source.study.period_days
    inside = min(int(passed * grid.parts + _EPSILON), grid.parts - 1)
    review[split], phase[split] = grid.review_period[split], grid.review_phase[split]
    now[split], parts[split] = period * grid.parts + inside, grid.parts
    return review, phase, now, parts


def _weekdays(source: Source) -> list[tuple[IntArray, tuple[str, ...]]]:
    """Rows with order weekdays, and these: those of items, else those of [[suppliers]]."""
    names = np.array(source.ordering.supplier, dtype=object)
    own = np.array(source.ordering.order_weekday or ("",) * names.size, dtype=object)
    found = [(np.flatnonzero((names == spec.name) & (own == "")), spec) for spec in source.study.suppliers]
    out = [(rows, tuple(spec.order_weekdays)) for rows, spec in found if spec.order_weekdays and rows.size]
    return out + [(np.flatnonzero(own == day), (str(day),)) for day in sorted(set(own) - {""})]


def _lead_periods(world: World) -> FloatArray:
    """(n,) mean lead time in periods."""
    law = world.lead_time
    means = np.zeros(law.start.size)
    for number, (begin, length) in enumerate(zip(law.start.tolist(), law.length.tolist(), strict=True)):
        weights = law.weights[begin : begin + length].astype(np.float64)
        means[number] = float(np.dot(law.periods[begin : begin + length], weights) / weights.sum())
    lead = means[law.law]
    if world.grid is not None:
        lead = np.where(world.grid.split, world.grid.lead_time_exact * world.grid.in_periods, lead)
    return np.asarray(lead)


def _days_later(calendar: Calendar, day: np.datetime64, periods: FloatArray) -> DateArray:
    """(n,) the day after so many periods, each distinct number counted once."""
    distinct, place = np.unique(np.round(periods, 6), return_inverse=True)
    days = np.array([calendar.later(day, float(one)) for one in distinct], "datetime64[D]")
    return days[place.ravel()]


def sizes(source: Source, state: State, review: Review) -> IntArray:
    """(n,) units that the rule orders on the day."""
    size = order_sizes(
        source.ordering.world.terms,
        source.family,
        source.reorder_point,
        source.order_up_to,
        source.order_quantity,
        state.position,
    )
    return np.where(review.today, size, 0)


def ahead(
    source: Source,
    state: State,
    review: Review,
    quantity: IntArray,
    rows: IntArray,
    *,
    windows: bool = False,
    workers: int | None = None,
) -> Shortage:
    """What happens to some items until the order of their next review arrives, with and without the order."""
    calendar = source.calendar(review.day)
    world = _from(source.ordering.world, int(calendar.period_of(np.array([review.day]))[0]))
    start = Start(
        state.net,
        state.undated,
        state.due_item,
        np.maximum(calendar.period_of(state.due_day) - calendar.period_of(np.array([review.day]))[0], 0),
        state.due_units,
    )
    spec = source.study.run
    return run_shortage(
        world.take(rows),
        start.take(rows),
        quantity[rows],
        review.next_review[rows],
        paths=source.study.orders.paths,
        seed=phase_seed(int(source.folder.manifest["seeds"]["study"]), "orders"),
        windows=windows,
        workers=Workers(workers or spec.workers, spec.block_items, "threads"),
    )


def _from(world: World, period: int) -> World:
    """The world whose period 0 is so many periods later: seasons and holidays go on."""
    law = world.demand
    if period == 0:
        return world
    seasons, past = law.seasons, law.past
    if seasons is not None:
        seasons = replace(seasons, phase=(seasons.phase + period) % seasons.cycle)
    if past is not None:
        past = replace(past, phase=(past.phase + period) % past.cycle)
    supply = world.supply
    if supply is not None and supply.closed is not None:
        supply = replace(supply, closed=np.roll(supply.closed, -period, axis=1))
    return replace(world, demand=replace(law, seasons=seasons, past=past), supply=supply)
