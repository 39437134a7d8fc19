"""When the history of a SKU-location begins and ends; a life begins late only by evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simlab.arrays import AnyArray, BoolArray, FloatArray, IntArray
from simlab.catalog.quality import QualityRow
from simlab.models.grouping import per_item
from simlab.models.history.calendar import Calendar
from simlab.models.history.history import side_by_side

if TYPE_CHECKING:
    from simlab.catalog import Catalog


LEAST_DEMANDS = 3
"""Periods with demand from which a late beginning can be told from chance."""

CHANCE = 0.01
"""A silence before the first demand that is less likely than this is evidence of a new item."""
NEW_ITEMS = "new items: the period of their first demand"
_NAMES_SHOWN = 5
_ITEMS = 4096  # whose rows are looked at together


@dataclass(frozen=True, eq=False)
class Lives:
    """Life of every SKU-location, in periods of the calendar.

    Attributes
    ----------
    first, last : (n,) int64
        First and last period observed; last < first where there is none.
    new : (n,) bool
        By evidence: the life begins after the period of the first demand.
    by_chance : float
        SKU-locations that would be called new if none were.
    """

    first: IntArray
    last: IntArray
    new: BoolArray
    by_chance: float


def chance_of_silence(n_periods: IntArray, silent: IntArray, n_positive: IntArray) -> FloatArray:
    """Probability that none of m periods with demand lies in the first n0 of T, all placements alike.

    Parameters
    ----------
    n_periods, silent, n_positive : (n,) int64
        T, n0 and m.

    Notes
    -----
    C(T − n0, m) ÷ C(T, m); 0 where m periods do not fit into T − n0.
    """
    from scipy.special import gammaln

    t, rest, m = (np.asarray(x, np.float64) for x in (n_periods, n_periods - silent, n_positive))
    fits = rest >= m
    rest = np.where(fits, rest, m)
    log = gammaln(rest + 1) - gammaln(rest - m + 1) - gammaln(t + 1) + gammaln(np.maximum(t - m, 0) + 1)
    return np.asarray(np.where(fits, np.exp(np.minimum(log, 0.0)), 0.0))


def is_new(n_periods: IntArray, silent: IntArray, n_positive: IntArray) -> BoolArray:
    """(n,) whether the silence before the first demand is longer than chance explains, at 1 %."""
    late = chance_of_silence(n_periods, silent, n_positive) < CHANCE
    return np.asarray(late & (n_positive >= LEAST_DEMANDS))


def lives_of(
    catalog: Catalog,
    calendar: Calendar,
    item: IntArray,
    period: IntArray,
    quantity: IntArray,
    threads: int = 1,
) -> Lives:
    """Lives by `demand.life`, from the rows of the demand table.

    Parameters
    ----------
    catalog : Catalog
        Gives `demand.life` and its overrides.
    calendar : Calendar
    item, period, quantity : (m,) int
        Rows, ascending by item; periods may lie outside the calendar.
    threads : int
        That read some rows each at the same time.

    Notes
    -----
    ``evidence``: all periods, unless the item is new (`is_new`) and no row, one of zero included, lies
    before its first demand; then the periods after its first demand. Where absent dates are unknown: from
    the first row on. ``first_sale``, ``first_to_last``: from the period of the first demand to the end, or
    to the last demand; rows of zero count only where nothing ever sold. ``window``: all periods.
    """
    n, end = catalog.n_items, calendar.n_periods - 1
    life = per_item(catalog, "life")
    seen = _seen(calendar, (item, period, quantity), n, threads)
    never, begins, latest, earliest = seen.never, seen.begins, seen.latest, seen.earliest
    every, nothing = life == "window", np.zeros(n, np.bool_)
    evidence = life == "evidence"
    first = np.where(every | evidence, 0, np.maximum(begins, 0))
    last = np.where(life == "first_to_last", np.minimum(latest, end), end)
    if catalog.study.demand.absent_dates == "unknown":
        first = np.where(evidence, np.maximum(earliest, 0), first)
        return Lives(first, last, nothing, 0.0)
    n_open = np.concatenate([[0], np.cumsum(calendar.open)])
    m = seen.n_sold
    silent = n_open[np.clip(begins, 0, calendar.n_periods)]
    total = np.full(n, n_open[-1])
    new = evidence & ~never & (earliest >= begins) & (begins >= 0) & is_new(total, silent, m)
    first = np.where(new, begins + 1, first)
    return Lives(first, last, new, _expected(total, m, evidence & ~never))


def new_items_note(catalog: Catalog, lives: Lives, item: IntArray, quantity: IntArray) -> QualityRow:
    """How many items are new, beside the number by chance, and the units of their first periods.

    Parameters
    ----------
    item, quantity : (m,) int64
        Rows that are left out of units and exposure.
    """
    names = [f"{catalog.sku[row]}@{catalog.location[row]}" for row in np.flatnonzero(lives.new)]
    dots = ", …" if len(names) > _NAMES_SHOWN else ""
    note = (
        f"{len(names):,} SKU-locations are new by evidence (chance alone gives {lives.by_chance:.2g}): "
        f"{', '.join(names[:_NAMES_SHOWN])}{dots}; the {catalog.study.period} of the first demand and the "
        "silence before it are left out of the demand laws"
    )
    cost = catalog.unit_cost[item] * catalog.study.data.cost_resolution
    units, value = float(quantity.sum()), float((quantity * cost).sum())
    return QualityRow("demand", NEW_ITEMS, "dropped", int(item.size), units, value, note)


class _Seen(NamedTuple):
    """What the rows of every item show, (n,) each.

    Attributes
    ----------
    never : bool
        Nothing was sold.
    begins, latest : int64
        First and last period of a sale (of a row where nothing was ever sold); n_periods and −1 without.
    earliest : int64
        First period with a row; n_periods without.
    n_sold : int64
        Open periods of the calendar with a sale.
    """

    never: BoolArray
    begins: IntArray
    latest: IntArray
    earliest: IntArray
    n_sold: IntArray


def _seen(calendar: Calendar, table: tuple[AnyArray, AnyArray, AnyArray], n: int, threads: int) -> _Seen:
    """Read the rows (item, period, units), some items after the other."""
    item, period, quantity = table
    none = calendar.n_periods
    seen = _Seen(
        np.ones(n, np.bool_), np.full(n, none), np.full(n, -1), np.full(n, none), np.zeros(n, np.int64)
    )

    def see(low: int) -> None:
        ends = np.searchsorted(item, np.array([low, low + _ITEMS], item.dtype))
        rows = slice(*ends.tolist())
        _see(seen, calendar, slice(low, min(low + _ITEMS, n)), item[rows] - low, period[rows], quantity[rows])

    side_by_side(see, range(0, n, _ITEMS), threads)
    return seen


def _see(
    seen: _Seen, calendar: Calendar, items: slice, item: AnyArray, period: AnyArray, quantity: AnyArray
) -> None:
    """Write down what the rows of some items show; `item` counts from the first of them."""
    sold = quantity > 0
    never, n_sold = seen.never[items], seen.n_sold[items]
    begins, latest, earliest = seen.begins[items], seen.latest[items], seen.earliest[items]
    never[item[sold]] = False
    shown = sold | never[item]
    of, when = item[shown], period[shown]
    _extreme(np.minimum, begins, of, when)
    _extreme(np.maximum, latest, of, when)
    _extreme(np.minimum, earliest, item, period)
    inside = sold & (period >= 0) & (period < calendar.n_periods)
    inside[inside] = calendar.open[period[inside]]
    marked = np.zeros((never.size, calendar.n_periods), np.bool_)
    marked[item[inside], period[inside]] = True
    n_sold[:] = marked.sum(axis=1)


def _extreme(which: np.ufunc, out: IntArray, item: AnyArray, values: AnyArray) -> None:
    """Least or largest of what `out` has and the values of each item, which ascend by item."""
    starts = np.flatnonzero(np.diff(item, prepend=-1))
    if starts.size:
        own = item[starts]
        out[own] = which(out[own], which.reduceat(values, starts))


def _expected(total: IntArray, n_positive: IntArray, rows: BoolArray) -> float:
    """Items that the test calls new if every placement of their demands is equally likely."""
    found = 0.0
    rows = rows & (n_positive >= LEAST_DEMANDS)
    pairs, count = np.unique(np.column_stack([total[rows], n_positive[rows]]), axis=0, return_counts=True)
    for (t, m), times in zip(pairs.tolist(), count.tolist(), strict=True):
        chance = chance_of_silence(np.full(t + 1, t), np.arange(t + 1), np.full(t + 1, m))
        found += times * float(chance[chance < CHANCE].max(initial=0.0))
    return found
