"""Declared treatment of histories: outliers listed or clipped, periods stocked out made whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.catalog.quality import QualityRow
from simlab.engine import streams
from simlab.engine.types import FloatArray, IntArray
from simlab.models.calendar import BoolArray
from simlab.models.history import History
from simlab.models.logs import log_negative_binomial, log_poisson

if TYPE_CHECKING:
    from simlab.catalog import Catalog

_TO_SIGMA = 1.4826  # median absolute deviation → standard deviation of a normal law
_LEAST_DEMANDS = 8
_ROUNDS = 40
_SHOWN = 5
_FAR = 12.0  # standard deviations beyond which a law is cut


def prepared(catalog: Catalog, history: History, short: BoolArray) -> History:
    """The history with outliers and stock-outs treated, and notes of what was done.

    Parameters
    ----------
    catalog : Catalog
        `demand.outliers` and `demand.censoring` of its study; names and costs for the notes.
    history : History
        As counted; periods stocked out without sales have a row of 0.
    short : (c,) bool
        Periods in which the shelf was empty at some time.
    """
    history, noted = _outliers(catalog, history)
    if catalog.study.demand.censoring == "stockout_column":
        history, more = _unconstrained(catalog, history, short)
        noted += more
    kept = history.quantity > 0
    return replace(
        history,
        item=history.item[kept],
        period=history.period[kept],
        quantity=history.quantity[kept],
        notes=(*history.notes, *noted),
    )


def outlier_bounds(history: History, k: float) -> FloatArray:
    """(n,) demand of a period above which it is an outlier: median + k · 1.4826 · MAD of the demands.

    Of periods with demand; infinite below 8 of them or where more than half are alike.
    """
    out = np.full(history.n_items, np.inf)
    bounds = np.searchsorted(history.item, np.arange(history.n_items + 1))
    for item in np.flatnonzero(np.diff(bounds) >= _LEAST_DEMANDS).tolist():
        line = history.quantity[bounds[item] : bounds[item + 1]]
        middle = float(np.median(line))
        spread = float(np.median(np.abs(line - middle)))
        if spread > 0:
            out[item] = middle + k * _TO_SIGMA * spread
    return out


def _outliers(catalog: Catalog, history: History) -> tuple[History, tuple[QualityRow, ...]]:
    spec = catalog.study.demand.outliers
    if spec.rule == "none":
        return history, ()
    bound = outlier_bounds(history, spec.k)[history.item]
    found = history.quantity > bound
    if not found.any():
        return history, (QualityRow("demand", f"outliers beyond {spec.k:g} MAD", "used", 0, note="none"),)
    names = [
        f"{catalog.sku[item]}@{catalog.location[item]}: {quantity:,}"
        for item, quantity in zip(history.item[found][:_SHOWN], history.quantity[found], strict=False)
    ]
    more = f" and {int(found.sum()) - _SHOWN:,} more" if found.sum() > _SHOWN else ""
    did = "listed, not changed" if spec.action == "list" else "clipped to the bound"
    note = f"{int(found.sum()):,} SKU-location × {catalog.study.period}s {did}: {', '.join(names)}{more}"
    quantity = history.quantity
    if spec.action == "clip":
        quantity = np.where(found, np.floor(np.where(found, bound, 0.0)), quantity).astype(np.int64)
    removed = float((history.quantity - quantity).sum())
    row = QualityRow("demand", f"outliers beyond {spec.k:g} MAD", "repaired", 0, removed, note=note)
    return replace(history, quantity=quantity), (row,)


def _unconstrained(
    catalog: Catalog, history: History, short: BoolArray
) -> tuple[History, tuple[QualityRow, ...]]:
    """Sales of periods stocked out → a draw of the demand that they may have been the visible part of."""
    if not short.any():
        return history, ()
    keys = streams.item_keys(catalog.sku, catalog.location)
    quantity = history.quantity.copy()
    bounds = np.searchsorted(history.item, np.arange(history.n_items + 1))
    error = 0.0
    for item in np.unique(history.item[short]).tolist():
        rows = np.arange(bounds[item], bounds[item + 1])
        cut = short[rows]
        seen = int(history.n_observed[item]) - int(cut.sum())
        mean, variance = censored_moments(quantity[rows][~cut], seen, quantity[rows][cut])
        error += variance / max(seen, 1) * int(cut.sum()) ** 2
        stream = np.random.Generator(np.random.Philox(key=np.array([1, keys[item]], dtype=np.uint64)))
        for row in rows[cut]:
            quantity[row] = _draw_above(int(quantity[row]), mean, variance, stream.random())
    added = float((quantity - history.quantity).sum())
    note = (
        f"{int(short.sum()):,} SKU-location × {catalog.study.period}s were stocked out: their sales are "
        f"least values; {added:,.0f} units of unseen demand are added (standard error about "
        f"{np.sqrt(error):,.0f}), drawn from the law above the sales, so that their spread stays in the law"
    )
    row = QualityRow("demand", "demand unseen in stock-outs", "repaired", 0, added, note=note)
    return replace(history, quantity=quantity), (row,)


def censored_moments(sold: IntArray, n_seen: int, least: IntArray) -> tuple[float, float]:
    """Mean and variance per period when some periods only say "at least".

    Parameters
    ----------
    sold : (m,) int64
        Non-zero demands of the periods seen whole.
    n_seen : int
        Periods seen whole, zeros included.
    least : (c,) int64
        Sales of the periods stocked out.

    Notes
    -----
    Expectation–maximisation with a negative binomial (Poisson where variance ≤ mean): mean and second
    moment of a censored period are those of the law given D ≥ least.

    References
    ----------
    Dempster, Laird & Rubin (1977); for sales: Nahmias (1994), Demand estimation in lost sales systems.
    """
    n = n_seen + least.size
    total, squares = float(sold.sum()), float((sold.astype(np.float64) ** 2).sum())
    mean = total / n_seen if n_seen else float(least.mean()) + 1.0
    variance = max(squares / n_seen - mean**2, mean) if n_seen else 2 * mean
    for _ in range(_ROUNDS):
        above = [_above(int(x), mean, variance) for x in least]
        first = total + sum(float((v * p).sum()) for v, p in above)
        second = squares + sum(float((v**2 * p).sum()) for v, p in above)
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
