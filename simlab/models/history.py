"""Demand rows → counts per SKU-location and whole period, kept only where something was sold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simlab.catalog.quality import QualityRow
from simlab.engine.types import FloatArray, IntArray
from simlab.errors import InvalidInputError, Problem
from simlab.models.calendar import BoolArray, Calendar, whole_periods
from simlab.models.overriding import per_item

if TYPE_CHECKING:
    from simlab.catalog import Catalog

_BLOCK = 1 << 22


@dataclass(frozen=True, eq=False)
class Changes:
    """Demands of periods that preparation changed, in the order of its steps.

    Attributes
    ----------
    item, period : (k,) int64
    what : (k,) object
        outlier, stocked out, promotion, price or promotion and price.
    before, after : (k,) int64
        Units; after is −1 where the period was dropped.
    """

    item: IntArray
    period: IntArray
    what: npt.NDArray[np.object_]
    before: IntArray
    after: IntArray

    def joined(self, other: Changes | None) -> Changes:
        """These, then the others."""
        if other is None:
            return self
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Changes(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True)
class Uplift:
    """Effect of one driver on the demand of one group.

    Attributes
    ----------
    driver : str
        promotion or price.
    group : str
        Value of `models.pool_by`; empty: all items.
    factor, low, high : float
        Promotion: demand ÷ demand without it. Price: demand at a price 10 % lower ÷ demand at the usual
        price. With the 95 % interval of the estimate.
    n_items, n_periods : int
        SKU-locations and item-periods that show the effect.
    borrowed : float
        Weight of all groups together in this one's value.
    """

    driver: str
    group: str
    factor: float
    low: float
    high: float
    n_items: int
    n_periods: int
    borrowed: float


@dataclass(frozen=True, eq=False)
class History:
    """Demand per SKU-location and period.

    Attributes
    ----------
    calendar : Calendar
        The whole periods.
    n_observed : (n,) int64
        Open periods inside the life of each SKU-location, those without demand included.
    first, last : (n,) int64
        First and last period of its life; last < first where there is none.
    item, period, quantity : (c,) int64
        Periods with demand (units > 0), ascending by item, then period.
    is_complete : bool
        Every open period of a life was observed; False with `absent_dates = "unknown"`.
    notes : tuple of QualityRow
        What was left out or repaired, for the quality account.
    gap_item, gap_period : (g,) int64
        Periods inside a life that are no observation of that item (outliers dropped), ascending.
    changes : Changes or None
        Cells that were changed or dropped, one by one.
    uplift : tuple of Uplift
        Estimated effects of promotions and prices.
    """

    calendar: Calendar
    n_observed: IntArray
    first: IntArray
    last: IntArray
    item: IntArray
    period: IntArray
    quantity: IntArray
    is_complete: bool = True
    notes: tuple[QualityRow, ...] = ()
    gap_item: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    gap_period: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    changes: Changes | None = None
    uplift: tuple[Uplift, ...] = ()

    @property
    def n_items(self) -> int:
        return int(self.n_observed.size)

    @cached_property
    def n_positive(self) -> IntArray:
        """(n,) periods with demand."""
        return np.bincount(self.item, minlength=self.n_items)

    @cached_property
    def mean(self) -> FloatArray:
        """(n,) units per period; NaN without a period."""
        return _ratio(_sums(self.item, self.quantity.astype(np.float64), self.n_items), self.n_observed)

    @cached_property
    def variance(self) -> FloatArray:
        """(n,) units² per period, unbiased; NaN below two periods."""
        mean = np.nan_to_num(self.mean)
        away = (self.quantity - mean[self.item]) ** 2
        at_zero = (self.n_observed - self.n_positive) * mean**2
        return _ratio(_sums(self.item, away, self.n_items) + at_zero, self.n_observed - 1)


def opened(history: History) -> IntArray:
    """(n_periods + 1,) open periods before each period."""
    return np.concatenate([[0], np.cumsum(history.calendar.open)]).astype(np.int64)


def places(history: History) -> IntArray:
    """(c,) number of each period with demand among the observed periods of its item, from 0.

    Gaps are closed: the period after a dropped one follows the one before it.
    """
    before = opened(history)
    found = np.asarray(before[history.period] - before[history.first[history.item]])
    if history.gap_item.size == 0:
        return found
    width = history.calendar.n_periods + 1
    gaps = history.gap_item * width + history.gap_period
    starts = np.searchsorted(gaps, history.item * width)
    return np.asarray(found - (np.searchsorted(gaps, history.item * width + history.period) - starts))


def tables(history: History) -> Iterator[tuple[IntArray, FloatArray]]:
    """Observed periods as dense rows, block by block: item numbers and (rows, most periods) units.

    Row r holds the periods of its life in order, `n_observed` of them; what follows is 0. Needs
    `is_complete`.
    """
    place = places(history)
    bounds = np.searchsorted(history.item, np.arange(history.n_items + 1))
    size = max(1, _BLOCK // max(history.calendar.n_periods, 1))
    for begin in range(0, history.n_items, size):
        items = np.arange(begin, min(begin + size, history.n_items))
        cells = slice(int(bounds[begin]), int(bounds[items[-1] + 1]))
        table = np.zeros((items.size, int(history.n_observed[items].max(initial=0))))
        table[history.item[cells] - begin, place[cells]] = history.quantity[cells]
        yield items, table


def check_history_asked(catalog: Catalog) -> None:
    """Refuse options that only a history can answer, of a catalogue without one.

    Raises
    ------
    InvalidInputError
        Common factors, seasons, or a treatment of histories: all of them at once.
    """
    models, demand = catalog.study.models, catalog.study.demand
    asked = {
        "models.dependence": models.dependence is not None,
        "models.seasonality": models.seasonality is not None,
        "demand.censoring": demand.censoring != "none",
        "demand.outliers": demand.outliers.rule != "none",
        "demand.uplift": demand.uplift is not None,
    }
    why, file = "is estimated from histories, and there is no demand table", catalog.study.file
    fix = "give a demand table under [data.demand], or leave the option out: given laws stand as they are"
    found = [Problem("E-STU-008", why, file, column=name, fix=fix) for name, said in asked.items() if said]
    if found:
        raise InvalidInputError(found)


def read_history(catalog: Catalog) -> History | None:
    """Counts per period from the demand table; None if there is none.

    Parameters
    ----------
    catalog : Catalog
        Tables and study.

    Notes
    -----
    Outliers and periods stocked out are treated as the study says (`preparation`).

    With `censoring = "on_hand"` a period is stocked out where the shelf was empty at the end of one of
    its dates; the stock of a date stands until the next row of its SKU-location.

    A SKU-location's life: from the first period in which it sold to `as_of` (`life = first_sale`),
    to the last in which it sold (`first_to_last`), or all periods (`window`). Inside, a period
    without rows is zero demand, or no observation with `absent_dates = "unknown"`. Rows of zero
    begin a life only where a SKU-location never sold.
    """
    from simlab.models.censoring import alive, empty_shelves
    from simlab.models.closed import closed_notes
    from simlab.models.preparation import prepared

    table, study = catalog.demand, catalog.study
    if table is None or table.item.size == 0:
        return None
    item, date, quantity = table.item, table.date, table.quantity
    as_of = np.datetime64(catalog.as_of, "D")
    calendar = whole_periods(study, date, date.min(), as_of)
    period = calendar.index(date)
    first, last = _lives(catalog, calendar, item, period, quantity)
    counted = (period >= 0) & (period < calendar.n_periods)
    what = f"in a part {study.period} at an end of the history"
    notes = [_left_out(catalog, what, item, quantity, ~counted)]
    short = table.stockout if table.stockout is not None else np.zeros(item.size, np.bool_)
    item, period, quantity, short = item[counted], period[counted], quantity[counted], short[counted]
    is_open = calendar.open[period]
    notes.append(_left_out(catalog, f"in a closed {study.period}", item, quantity, ~is_open))
    item, period, short, quantity = item[is_open], period[is_open], short[is_open], quantity[is_open]
    if study.demand.censoring != "none":
        empty = empty_shelves(catalog, calendar, first, last)
        nothing = np.zeros(empty[0].size, np.int64)
        item, period = np.concatenate([item, empty[0]]), np.concatenate([period, empty[1]])
        quantity = np.concatenate([quantity, nothing])
        short = np.concatenate(
            [short & alive(first, last, item[: short.size], period[: short.size]), nothing == 0]
        )
    item, period, (quantity, n_short) = _cells(item, period, quantity, short.astype(np.int64))
    n_observed = _observed(catalog, calendar, item, first, last)
    sold = (quantity > 0) | (n_short > 0)
    history = History(
        calendar,
        n_observed,
        first,
        last,
        item[sold],
        period[sold],
        quantity[sold],
        study.demand.absent_dates == "zero",
        (*(note for note in notes if note.rows), *closed_notes(catalog, calendar)),
    )
    return prepared(catalog, history, n_short[sold] > 0)


def _lives(
    catalog: Catalog, calendar: Calendar, item: IntArray, period: IntArray, quantity: IntArray
) -> tuple[IntArray, IntArray]:
    """(n,) first and last period of each life; an item without rows has none, unless life = window."""
    n, end = catalog.n_items, calendar.n_periods - 1
    life = per_item(catalog, "life")
    if (life == "window").all():
        return np.zeros(n, np.int64), np.full(n, end)
    never = np.bincount(item, weights=quantity > 0, minlength=n) == 0
    counts = (quantity > 0) | never[item]
    first = np.full(n, end + 1)
    np.minimum.at(first, item[counts], period[counts])
    latest = np.full(n, -1)
    np.maximum.at(latest, item[counts], period[counts])
    last = np.where(life == "first_to_last", latest, end)
    first, last = np.maximum(first, 0), np.minimum(last, end)
    return np.where(life == "window", 0, first), np.where(life == "window", end, last)


def _cells(
    item: IntArray, period: IntArray, *values: IntArray
) -> tuple[IntArray, IntArray, tuple[IntArray, ...]]:
    """One row per item and period, ascending, with the sums of its values."""
    width = int(period.max()) + 1 if period.size else 1
    key = item * width + period
    order = np.argsort(key, kind="stable")
    key = key[order]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    totals = tuple(np.add.reduceat(one[order], starts) if starts.size else one[:0] for one in values)
    key = key[starts]
    return key // width, key % width, totals


def _observed(
    catalog: Catalog, calendar: Calendar, item: IntArray, first: IntArray, last: IntArray
) -> IntArray:
    """(n,) observed periods: the open ones of a life, or only those with rows."""
    if catalog.study.demand.absent_dates == "unknown":
        return np.bincount(item, minlength=catalog.n_items)
    opened = np.concatenate([[0], np.cumsum(calendar.open)])
    lived = opened[np.maximum(last + 1, 0)] - opened[np.minimum(first, calendar.n_periods)]
    return np.asarray(np.maximum(lived, 0))


def _ratio(total: FloatArray, count: IntArray) -> FloatArray:
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _sums(item: IntArray, weight: FloatArray, n: int) -> FloatArray:
    return np.bincount(item, weights=weight, minlength=n).astype(np.float64)


def unit_cost(catalog: Catalog) -> FloatArray:
    """(n,) unit cost, study currency."""
    return np.asarray(catalog.unit_cost * catalog.study.data.cost_resolution, dtype=np.float64)


def _left_out(catalog: Catalog, what: str, item: IntArray, quantity: IntArray, out: BoolArray) -> QualityRow:
    cost = catalog.unit_cost[item[out]] * catalog.study.data.cost_resolution
    units, value = float(quantity[out].sum()), float((quantity[out] * cost).sum())
    return QualityRow("demand", what, "dropped", int(out.sum()), units, value, "left out of the demand laws")
