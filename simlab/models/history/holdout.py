"""The last periods of a history, kept from fitting so that the past can be asked what it knew of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab import mapped
from simlab.arrays import BoolArray, DateArray, IntArray, narrow
from simlab.catalog.calendar.periods import first_day
from simlab.catalog.catalog import Dates
from simlab.catalog.forecasts.at_cut import forecast_then
from simlab.catalog.quality import QualityRow
from simlab.errors import InvalidInputError, Problem
from simlab.models.grouping import only_known
from simlab.models.history.calendar import whole_periods
from simlab.models.shared import Shared, Sharing
from simlab.study import closed_days

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.study import Study


HELD_OUT = "held out for the replay"


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What really happened in the periods after the cut.

    Attributes
    ----------
    quantity : (n, N) int64
        Demand per SKU-location and period.
    is_open : (N,) bool
        False where every day of the period was closed.
    days : (N,) datetime64[D]
        First day of each period.
    """

    quantity: IntArray
    is_open: BoolArray
    days: DateArray

    @property
    def n_periods(self) -> int:
        return int(self.days.size)

    @property
    def n_open(self) -> int:
        """Periods that were not closed."""
        return int(self.is_open.sum())


def split(catalog: Catalog, holdout: int, skipped: int = 0) -> tuple[Catalog, HeldOut]:
    """The catalogue as it was known before its last whole periods, and those periods.

    Parameters
    ----------
    catalog : Catalog
        With a demand table.
    holdout : int
        Periods held out.
    skipped : int
        Whole periods at the end that are left out of both: an earlier origin.

    Raises
    ------
    InvalidInputError
        The history is not longer than the hold-out.

    Notes
    -----
    Demand from the cut on and receipts that arrived from then on are not in the past; purchase orders
    placed before and received after it are, with their receipts unknown. Weekdays that a daily study
    closes are no periods (`Study.days_per_period`): the hold-out then has fewer than it has days.
    """
    table, dates = catalog.demand, catalog.dates
    if table is None or dates is None:
        raise InvalidInputError([_too_short(catalog, holdout, 0)])
    as_of = np.datetime64(catalog.as_of, "D")
    calendar = whole_periods(catalog.study, dates.distinct, dates.first, as_of)
    known = calendar.n_periods - holdout - skipped
    if known < 2:
        raise InvalidInputError([_too_short(catalog, holdout, calendar.n_periods)])
    numbers = calendar.first + known + np.arange(holdout)
    days = np.array([first_day(int(k), calendar.period, calendar.week_starts) for k in numbers])
    quantity = np.zeros((catalog.n_items, holdout), np.int64)
    for rows in table.blocks():
        place = calendar.index(table.dates(rows)) - known
        inside = (place >= 0) & (place < holdout)
        np.add.at(quantity, (table.item[rows][inside], place[inside]), table.quantity[rows][inside])
    days = days.astype("datetime64[D]")
    kept = _simulated(catalog.study, days)
    if not kept.any():
        raise InvalidInputError([_too_short(catalog, holdout, calendar.n_periods)])
    held = HeldOut(quantity[:, kept], calendar.open[known : known + holdout][kept], days[kept])
    return _before(catalog, days[0]), held


def _simulated(study: Study, days: DateArray) -> BoolArray:
    """(N,) which periods the simulation knows: all but the closed weekdays of a daily study."""
    if study.period != "day":
        return np.ones(days.size, np.bool_)
    return ~closed_days(days, (), study.demand.weekdays)


def refuse_long_holdout(catalog: Catalog) -> None:
    """Raise where the study's [replay] would leave no past to fit to."""
    spec = catalog.study.replay
    if spec is not None:
        split(catalog, spec.holdout)


def known_past(catalog: Catalog) -> tuple[Catalog, tuple[QualityRow, ...]]:
    """The catalogue that laws are fitted to: without its `held_out` periods, which are booked.

    Where demand follows a forecast, with the one that was made right before them, if it covers them.
    """
    if catalog.held_out == 0:
        return catalog, ()
    past, held = split(catalog, catalog.held_out)
    if catalog.forecast is not None:
        then = forecast_then(catalog, held.days[0], held.n_periods)
        past = replace(past, forecast=then.forecast, forecast_errors=then.errors)
    table = catalog.demand
    assert table is not None
    assert past.demand is not None
    later = ~table.until(held.days[0])
    cost = catalog.unit_cost[table.item[later]] * catalog.study.data.cost_resolution
    units = table.quantity[later]
    note = f"{held.n_periods} {catalog.study.period}s from {held.days[0]}: no law has seen them"
    row = QualityRow(
        "demand",
        HELD_OUT,
        "dropped",
        int(later.sum()),
        float(units.sum()),
        float((units * cost).sum()),
        note,
        "as asked",
    )
    arrived = 0
    if catalog.receipts is not None:
        arrived = int((catalog.receipts.receipt_date >= held.days[0]).sum())
    if arrived == 0:
        return past, (row,)
    note = (
        f"{arrived} receipts from {held.days[0]} on are not known to the laws; ordered before, they are open"
    )
    return past, (row, QualityRow("receipts", HELD_OUT, "used", 0, note=note))


def take(catalog: Catalog, rows: IntArray) -> Catalog:
    """Some of the items, with their demand and dated orders, as if they were all; receipts stay whole."""
    number = np.full(catalog.n_items, -1)
    number[rows] = np.arange(rows.size)
    demand = catalog.demand
    if demand is not None:
        kept = np.zeros(demand.n_rows, np.bool_)
        for some in demand.blocks():
            kept[some] = number[demand.item[some]] >= 0
        demand = demand.take(kept)
        demand = replace(demand, item=mapped.taken(narrow(number), demand.item))
        if (np.diff(rows) < 0).any():
            demand = demand.take(np.argsort(demand.item, kind="stable"))
    due = catalog.due
    if due is not None:
        kept = number[due.item] >= 0
        due = replace(due, item=number[due.item][kept], due=due.due[kept], quantity=due.quantity[kept])
    return replace(
        catalog,
        due=due,
        forecast=None if catalog.forecast is None else catalog.forecast.take(rows),
        forecast_errors=None if catalog.forecast_errors is None else catalog.forecast_errors.take(rows),
        sku=tuple(catalog.sku[row] for row in rows),
        location=tuple(catalog.location[row] for row in rows),
        unit_cost=catalog.unit_cost[rows],
        numbers={name: values[rows] for name, values in catalog.numbers.items()},
        texts={name: values[rows] for name, values in catalog.texts.items()},
        demand=demand,
        segment=None if catalog.segment is None else catalog.segment[rows],
    )


def part_of(catalog: Catalog, rows: IntArray, dates: Dates | None) -> Catalog:
    """Some rows of a catalogue whose demand covers these dates, under the options that speak of them."""
    return only_known(replace(take(catalog, rows), without_history=None, whole=dates))


@dataclass(frozen=True, eq=False)
class _Dates:
    """(k,) days since 1970 on which any row of demand lies, and the first and last one."""

    distinct: IntArray
    first: int
    last: int


def keep_dates(catalog: Catalog, sharing: Sharing) -> None:
    """Let a fit of all items keep what their demand covers."""
    dates = catalog.dates
    if dates is not None and sharing.whole:
        first, last = (int(day.astype(np.int64)) for day in (dates.first, dates.last))
        sharing.of("dates", _Dates, lambda: _Dates(dates.distinct.astype(np.int64), first, last))


def dates_of(shared: Shared) -> Dates | None:
    """What was kept; None of a catalogue without demand."""
    if "dates" not in shared.found:
        return None
    kept = Sharing(shared).taken("dates", _Dates)
    first, last = (np.datetime64(day, "D") for day in (kept.first, kept.last))
    return Dates(kept.distinct.astype("datetime64[D]"), first, last)


def _before(catalog: Catalog, cut: np.datetime64) -> Catalog:
    """Everything that was known on the day before the cut."""
    demand, receipts = catalog.demand, catalog.receipts
    assert demand is not None
    kept = demand.until(cut)
    yesterday = (cut - np.timedelta64(1, "D")).astype("datetime64[D]")
    past = demand.take(kept)
    under_way = catalog.open_orders
    if receipts is not None:
        later = receipts.take(receipts.receipt_date >= cut)
        under_way = later if under_way is None else later.joined(under_way)
        under_way = under_way.take(under_way.order_date < cut)
        under_way = replace(under_way, receipt_date=np.full(under_way.n_rows, yesterday))
        receipts = receipts.take(receipts.receipt_date < cut)
    study = catalog.study.model_copy(update={"as_of": yesterday.item()})
    whole = catalog.whole
    if whole is not None:
        known = whole.distinct[whole.distinct < cut]
        whole = whole._replace(distinct=known, last=known[-1])
    return replace(
        catalog,
        study=study,
        whole=whole,
        demand=past,
        receipts=receipts,
        open_orders=under_way,
        held_out=0,
        forecast=None,
        forecast_errors=None,
    )


def _too_short(catalog: Catalog, holdout: int, n_periods: int) -> Problem:
    period = catalog.study.period
    why = f"{n_periods} whole {period}s of history leave no past to fit to"
    fix = "hold out fewer periods, or leave [replay] out"
    return Problem("E-MOD-006", why, catalog.study.file, column=f"replay.holdout = {holdout}", fix=fix)
