"""How well each law predicts the next period: log scores on rolling origins, never in sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.engine.types import FloatArray, IntArray
from simlab.models.history import History, tables

SCORED = ("poisson", "negative_binomial", "empirical")

_SCORED_SHARE = 1 / 3  # the last third of the periods is predicted
_FIRST = 8  # periods known at the first origin, at least


@dataclass(frozen=True, eq=False)
class Scores:
    """Mean log score per predicted period (natural logarithm, higher is better).

    Attributes
    ----------
    laws : tuple of str
        Columns of `log_score`.
    log_score : (n, 3) float
        NaN where nothing was predicted.
    n_predicted : (n,) int64
        Periods predicted.
    """

    laws: tuple[str, ...]
    log_score: FloatArray
    n_predicted: IntArray


def rolling_scores(history: History) -> Scores:
    """Predict each of the last third of the periods from all periods before it.

    Parameters
    ----------
    history : History
        Complete periods; without them nothing is predicted.

    Notes
    -----
    At origin t: mean (Σx + ½)/t and the variance of the t periods so far; Poisson; negative binomial
    where variance > mean, else Poisson; empirical: counts so far with one pseudo-observation spread by
    the negative binomial, since a law that gives an event no chance scores −∞.

    References
    ----------
    Gneiting & Raftery (2007), Strictly proper scoring rules, prediction, and estimation.
    """
    out = np.full((history.n_items, len(SCORED)), np.nan)
    n = history.n_observed
    first = np.maximum(n - np.floor(n * _SCORED_SHARE).astype(np.int64), _FIRST)
    predicted = np.maximum(n - first, 0) if history.is_complete else np.zeros_like(n)
    if history.is_complete:
        for items, table in tables(history):
            out[items] = _scores(table, first[items], n[items])
    return Scores(SCORED, out, predicted)


def _scores(table: FloatArray, first: IntArray, n: IntArray) -> FloatArray:
    """(rows, laws) mean log scores of the periods first … n − 1 of each row."""
    periods = np.arange(table.shape[1])
    row, at = np.nonzero((periods >= first[:, None]) & (periods < n[:, None]))
    total = np.cumsum(table, axis=1) - table
    squares = np.cumsum(table**2, axis=1) - table**2
    known = at.astype(np.float64)
    mean = (total[row, at] + 0.5) / known
    variance = (squares[row, at] - total[row, at] ** 2 / known) / (known - 1)
    value = table[row, at]
    poisson = _log_poisson(value, mean)
    binomial = np.where(variance > mean, _log_negative_binomial(value, mean, variance), poisson)
    with np.errstate(divide="ignore"):
        seen = np.log(_seen_before(table)[row, at])
    empirical = np.logaddexp(seen, binomial) - np.log(known + 1)
    count = np.bincount(row, minlength=first.size)
    sums = [np.bincount(row, weights=score, minlength=first.size) for score in (poisson, binomial, empirical)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(count > 0, np.array(sums) / count, np.nan).T)


def _seen_before(table: FloatArray) -> IntArray:
    """How many earlier periods of the row had exactly this demand."""
    order = np.argsort(table, axis=1, kind="stable")
    ranked = np.take_along_axis(table, order, axis=1)
    place = np.broadcast_to(np.arange(table.shape[1]), table.shape)
    starts = np.where(np.diff(ranked, axis=1, prepend=-1.0) != 0, place, 0)
    out = np.empty(table.shape, dtype=np.int64)
    np.put_along_axis(out, order, place - np.maximum.accumulate(starts, axis=1), axis=1)
    return out


def _log_poisson(value: FloatArray, mean: FloatArray) -> FloatArray:
    from scipy.special import gammaln

    return np.asarray(value * np.log(mean) - mean - gammaln(value + 1))


def _log_negative_binomial(value: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    from scipy.special import gammaln

    excess = np.maximum(variance - mean, 1e-9 * mean)
    size, ratio = mean**2 / excess, 1 + excess / mean
    ways = gammaln(value + size) - gammaln(size) - gammaln(value + 1)
    return np.asarray(ways - size * np.log(ratio) + value * np.log1p(-1 / ratio))
