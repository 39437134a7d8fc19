"""Periods stocked out: which they were, and the demand that was not seen in them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.catalog.quality import QualityRow
from simlab.errors import InvalidInputError, Problem
from simlab.models.history.calendar import Calendar
from simlab.models.history.history import Changes, History, unit_cost
from simlab.models.keys import keys_of
from simlab.models.statistics import log_negative_binomial, log_poisson

if TYPE_CHECKING:
    from simlab.catalog import Catalog


_ROUNDS = 40
_NAMES_SHOWN = 5
_HARDLY_SEEN, _FEW_FLAGGED = 0.8, 20
_FAR = 12.0  # standard deviations beyond which a law is cut


def alive(first: IntArray, last: IntArray, item: IntArray, period: IntArray) -> BoolArray:
    """(m,) whether a period lies inside the life of its item."""
    return np.asarray((period >= first[item]) & (period <= last[item]))


def empty_shelves(
    catalog: Catalog, calendar: Calendar, first: IntArray, last: IntArray
) -> tuple[IntArray, IntArray]:
    """Items and open periods of their lives in which the shelf was empty at the end of a date.

    Notes
    -----
    By `on_hand` of the demand table, with `censoring = "on_hand"`. A date without a row has the stock of
    the row before it; with `absent_dates = "unknown"` only dates with rows are looked at.
    """
    table, spec = catalog.demand, catalog.study.demand
    none = np.zeros(0, np.int64)
    if table is None or table.on_hand is None or spec.censoring != "on_hand":
        return none, none
    rows = np.flatnonzero(table.on_hand <= 0)
    begin = calendar.index(table.date)
    end = begin.copy()
    if spec.absent_dates == "zero":
        same = np.append(np.diff(table.item) == 0, False)
        follows = np.append(table.date[1:], table.date[-1:]) - np.timedelta64(1, "D")
        end = np.where(same, calendar.index(follows), calendar.n_periods - 1)
    low = np.maximum(begin[rows], first[table.item[rows]])
    high = np.minimum(
        np.maximum(end, begin)[rows], np.minimum(last[table.item[rows]], calendar.n_periods - 1)
    )
    length = np.maximum(high - low + 1, 0)
    item = np.repeat(table.item[rows], length)
    starts = np.cumsum(length) - length
    period = np.repeat(low - starts, length) + np.arange(length.sum())
    is_open = calendar.open[period]
    return item[is_open], period[is_open]


def without_stock(catalog: Catalog) -> tuple[QualityRow, ...]:
    """A remark on SKU-locations of which no row says a stock: their stock-outs are not seen."""
    table, spec = catalog.demand, catalog.study.demand
    if table is None or table.on_hand is None or spec.censoring != "on_hand":
        return ()
    sold = np.bincount(table.item, minlength=catalog.n_items) > 0
    known = np.bincount(table.item[~np.isnan(table.on_hand)], minlength=catalog.n_items) > 0
    blind = np.flatnonzero(sold & ~known)
    if blind.size == 0:
        return ()
    named = ", ".join(f"{catalog.sku[k]}@{catalog.location[k]}" for k in blind[:_NAMES_SHOWN].tolist())
    more = f" and {blind.size - _NAMES_SHOWN:,} more" if blind.size > _NAMES_SHOWN else ""
    note = f"{blind.size:,} SKU-locations have no on_hand in any row, so that their stock-outs are not seen: "
    note += f"sales are taken for their demand ({named}{more})"
    return (QualityRow("demand", "stock not known", "used", 0, note=note),)


def refuse_hardly_seen(catalog: Catalog, history: History, short: BoolArray) -> None:
    """Refuse stock-outs in nearly every period: a flag turned round would make a multiple of all sales.

    Raises
    ------
    InvalidInputError
        More than `_HARDLY_SEEN` of all observed periods are stocked out.
    """
    study, total, n = catalog.study, int(history.n_observed.sum()), int(short.sum())
    if n < _FEW_FLAGGED or n <= _HARDLY_SEEN * total:
        return
    flag = study.demand.censoring == "stockout_column"
    message = (
        f"{n:,} of {total:,} observed SKU-location × {study.period}s are said to be stocked out: demand is "
    )
    message += "hardly ever seen whole, so that it cannot be estimated"
    fix = (
        "is the flag turned round (1 where the shelf was empty)? Else"
        if flag
        else "fill on_hand of demand, or"
    )
    source = study.data.demand
    file = "demand" if source is None or source.path is None else source.path
    fix += ' say censoring = "none" under [demand]'
    column = "stockout" if flag else "on_hand"
    label = column if source is None else source.columns.get(column, column)
    raise InvalidInputError([Problem("E-MOD-062", message, file, column=label, fix=fix)])


def unconstrained(
    catalog: Catalog, history: History, short: BoolArray
) -> tuple[History, tuple[QualityRow, ...]]:
    """Sales of periods stocked out → a draw of the demand that they may have been the visible part of."""
    if not short.any():
        note = f"none: no {catalog.study.period} of a life is said to be stocked out"
        return history, (QualityRow("demand", "demand unseen in stock-outs", "used", 0, note=note),)
    keys = keys_of(catalog)
    quantity = history.quantity.astype(np.int64)
    bounds = history.bounds
    error, unsure = 0.0, []
    for item in np.unique(history.item[short]).tolist():
        rows = np.arange(bounds[item], bounds[item + 1])
        cut = short[rows]
        seen = int(history.n_observed[item]) - int(cut.sum())
        if seen < catalog.study.models.min_periods:
            unsure.append(f"{catalog.sku[item]}@{catalog.location[item]}: {seen}")
        weight = history.weight[rows]
        worth = float(history.n_effective[item] - weight[cut].sum())
        mean, variance = censored_moments(
            quantity[rows][~cut], worth, quantity[rows][cut], weight[~cut], weight[cut]
        )
        error += variance / max(seen, 1) * int(cut.sum()) ** 2
        stream = np.random.Generator(np.random.Philox(key=np.array([1, keys[item]], dtype=np.uint64)))
        for row in rows[cut]:
            quantity[row] = _draw_above(int(quantity[row]), mean, variance, stream.random())
    more_units = (quantity - history.quantity).astype(np.float64)
    added, value = float(more_units.sum()), float((more_units * unit_cost(catalog)[history.item]).sum())
    changes = Changes(
        history.item[short],
        history.period[short],
        np.full(int(short.sum()), "stocked out", dtype=object),
        history.quantity[short],
        quantity[short],
    )
    note = (
        f"{int(short.sum()):,} SKU-location × {catalog.study.period}s were stocked out: their sales are "
        f"least values; {added:,.0f} units of unseen demand are added (standard error about "
        f"{np.sqrt(error):,.0f}), drawn from the law above the sales, so that their spread stays in the law"
    )
    if unsure:
        more = ", …" if len(unsure) > _NAMES_SHOWN else ""
        note += (
            f"; {len(unsure):,} SKU-locations show few {catalog.study.period}s whole, their demand is hardly "
            f"more than a guess ({', '.join(unsure[:_NAMES_SHOWN])}{more})"
        )
    row = QualityRow("demand", "demand unseen in stock-outs", "repaired", 0, added, value, note=note)
    joined = changes if history.changes is None else history.changes.joined(changes)
    return replace(history, quantity=quantity, changes=joined), (row,)


def censored_moments(
    sold: IntArray,
    n_seen: float,
    least: IntArray,
    weight: FloatArray | None = None,
    least_weight: FloatArray | None = None,
) -> tuple[float, float]:
    """Mean and variance per period when some periods only say "at least".

    Parameters
    ----------
    sold : (m,) int64
        Non-zero demands of the periods seen whole.
    n_seen : float
        Periods seen whole, zeros included; what they are worth where older ones count less.
    least : (c,) int64
        Sales of the periods stocked out.
    weight, least_weight : (m,), (c,) float, optional
        Of these periods; 1 if left out.

    Notes
    -----
    Expectation–maximisation with a negative binomial (Poisson where variance ≤ mean): mean and second
    moment of a censored period are those of the law given D ≥ least.

    References
    ----------
    Dempster, Laird & Rubin (1977); for sales: Nahmias (1994), Demand estimation in lost sales systems.
    """
    own = np.ones(sold.size) if weight is None else weight
    cut = np.ones(least.size) if least_weight is None else least_weight
    n = n_seen + float(cut.sum())
    total, squares = float((own * sold).sum()), float((own * sold.astype(np.float64) ** 2).sum())
    some = n_seen > 1e-9
    mean = total / n_seen if some else float(least.mean()) + 1.0
    variance = max(squares / n_seen - mean**2, mean) if some else 2 * mean
    for _ in range(_ROUNDS):
        above = [_above(int(x), mean, variance) for x in least]
        first = total + sum(w * float((v * p).sum()) for (v, p), w in zip(above, cut.tolist(), strict=True))
        second = squares + sum(
            w * float((v**2 * p).sum()) for (v, p), w in zip(above, cut.tolist(), strict=True)
        )
        before = mean
        mean = first / n
        variance = max(second / n - mean**2, 1e-9)
        if abs(mean - before) < 1e-6 * max(mean, 1e-9):
            break
    return mean, variance


def _above(least: int, mean: float, variance: float) -> tuple[FloatArray, FloatArray]:
    """Values ≥ least and their probabilities given that the demand is at least that."""
    if mean <= 0:
        return np.array([float(least)]), np.ones(1)
    last = int(max(mean, least) + _FAR * np.sqrt(max(variance, mean)) + _FAR)
    values = np.arange(least, last + 1, dtype=np.float64)
    means = np.full(values.size, mean)
    if variance > mean * (1 + 1e-9):
        log = log_negative_binomial(values, means, np.full(values.size, variance))
    else:
        log = log_poisson(values, means)
    weights = np.exp(log - log.max())
    return values, weights / weights.sum()


def _draw_above(least: int, mean: float, variance: float, u: float) -> int:
    values, shares = _above(least, mean, variance)
    return int(values[min(int(np.searchsorted(np.cumsum(shares), u)), values.size - 1)])
