"""How wrong past forecasts were: bias, spread by horizon, and the variance of sums over R + L."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.catalog.coming import ForecastErrors
from simlab.models.shared import Sharing

FEWEST = 8
"""Independent origins below which the correlation of an item's errors is that of all items."""
_LEAST = 2
_MOST = 0.95  # of a correlation between neighbouring periods
_BIASED = 2.0  # standard errors


@dataclass(frozen=True, eq=False)
class ErrorEstimates:
    """Errors (actual − forecast) of every SKU-location over its protection interval, R + L.

    Attributes
    ----------
    span : (n,) int64
        Periods that sums go over: R + L to the nearest whole one.
    n_origins : (n,) int64
        Origins with every horizon up to `span`.
    n_independent : (n,) float
        Independent sums that they are worth: intervals of neighbouring origins overlap.
    bias, bias_se : (n,) float
        Mean error of a period, units, and its standard error.
    sd : (n,) float
        Root of the mean variance of a period's error over the horizons, units.
    sum_variance : (n,) float
        Variance of the error of a sum over R + L, units².
    pooled : (n,) bool
        Fewer than `FEWEST` independent sums: `sum_variance` is the item's variances × the ratio of all items.
    horizon_item, horizon, horizon_n : (k,) int64; horizon_bias, horizon_sd : (k,) float
        Item by item and horizon: origins, mean and standard deviation of the errors.
    correlation : float
        Of the errors of neighbouring horizons of one origin, over all items.
    ratio : float
        Variance of sums ÷ sum of the variances, over all items; 1 where errors are independent.
    """

    span: IntArray
    n_origins: IntArray
    n_independent: FloatArray
    bias: FloatArray
    bias_se: FloatArray
    sd: FloatArray
    sum_variance: FloatArray
    pooled: BoolArray
    horizon_item: IntArray
    horizon: IntArray
    horizon_n: IntArray
    horizon_bias: FloatArray
    horizon_sd: FloatArray
    correlation: float
    ratio: float

    @property
    def known(self) -> BoolArray:
        """(n,) items whose errors say how much a sum varies."""
        return np.asarray(np.isfinite(self.sum_variance))

    @property
    def biased(self) -> BoolArray:
        """(n,) items whose bias is more than twice its standard error."""
        return np.asarray(self.known & (np.abs(self.bias) > _BIASED * self.bias_se))


@dataclass(frozen=True, eq=False)
class _Matrix:
    """Complete origins of one item: (o,) their numbers, (o, span) errors of the horizons 1 … span."""

    origin: IntArray
    error: FloatArray


@dataclass(frozen=True)
class _Correlation:
    """As `ErrorEstimates.correlation`, and between the spans of neighbouring origins."""

    neighbours: float
    between: float


@dataclass(frozen=True)
class _Ratio:
    """As `ErrorEstimates.ratio`."""

    ratio: float


def error_estimates(
    table: ForecastErrors, span: FloatArray, sharing: Sharing | None = None
) -> ErrorEstimates:
    """Estimate from past forecasts.

    Parameters
    ----------
    table : ForecastErrors
    span : (n,) float
        R + L in periods.
    sharing : Sharing, optional
        Pools of all items; these are all if left out.

    Notes
    -----
    With E the sums of errors over R + L by origin and n origins, the variance is Σ(E − Ē)² ÷ (n − c/n) and
    that of Ē is the variance × c/n², c = Σ of the correlations between all pairs of sums: intervals of
    neighbouring origins share periods. Correlations are those of errors with φ^|lag| between periods (an
    AR(1) in time); φ is that of the last horizon of an origin and the first of the one made R + L later,
    over all items, so that errors of separate origins that have nothing in common leave the overlap alone.
    The variance itself is not the model's: it is that of the sums as they were, whatever their correlation,
    shrunk towards the item's variances × the ratio of all items, which weighs as `FEWEST` sums (an empirical
    Bayes variance): of 15 sums alone it is uncertain by a third.

    References
    ----------
    Prak, Teunter & Syntetos (2017), On the calculation of safety stocks when demand is forecasted. Silver,
    Pyke & Thomas (2017), Inventory and production management in supply chains, ch. 3. Kendall (1954), Note on
    bias in the estimation of autocorrelation. Smyth (2004), Linear models and empirical Bayes methods
    (moderated variances).
    """
    n, whole = span.size, np.maximum(np.rint(span).astype(np.int64), 1)
    bounds = np.searchsorted(table.item, np.arange(n + 1))
    found = [_complete(table, slice(bounds[k], bounds[k + 1]), int(whole[k])) for k in range(n)]
    sharing = (sharing or Sharing()).under("forecast errors")
    pool = sharing.of("correlation", _Correlation, lambda: _correlations(found))
    phi, between = pool.neighbours, pool.between
    count, worth = np.array([one.origin.size for one in found], np.int64), np.zeros(n)
    bias, error, sd, total = (np.full(n, np.nan) for _ in range(4))
    for k, one in enumerate(found):
        if one.origin.size < _LEAST:
            continue
        c = _shared(one.origin, int(whole[k]), between)
        sums, size = one.error.sum(axis=1), one.origin.size
        worth[k] = size**2 / c
        variance = float(((sums - sums.mean()) ** 2).sum()) / max(size - c / size, 0.5)
        bias[k], error[k] = sums.mean() / whole[k], np.sqrt(variance * c) / size / whole[k]
        sd[k], total[k] = np.sqrt(one.error.var(axis=0, ddof=1).mean()), variance
    own = whole * sd**2
    sure = worth >= FEWEST
    ratio = sharing.of("ratio", _Ratio, lambda: _ratio(total, own, sure)).ratio
    freedom = np.maximum(worth - 1.0, 0.0)
    shrunk = (freedom * np.nan_to_num(total) + FEWEST * own * ratio) / (freedom + FEWEST)
    total = np.where(sure, shrunk, own * ratio)
    total *= span / whole
    return ErrorEstimates(
        whole,
        count,
        worth,
        bias,
        error,
        sd,
        total,
        ~sure & np.isfinite(total),
        *_by_horizon(table),
        phi,
        ratio,
    )


def _correlations(found: list[_Matrix]) -> _Correlation:
    phi, between = _correlation(found), _between(found)
    return _Correlation(phi, phi if between is None else between)


def _ratio(total: FloatArray, own: FloatArray, sure: BoolArray) -> _Ratio:
    some = sure if sure.any() else np.isfinite(total)
    return _Ratio(float(total[some].sum() / own[some].sum()) if own[some].sum() > 0 else 1.0)


@dataclass(frozen=True, eq=False)
class PastSums:
    """Sums over R + L of past forecasts, by SKU-location, then origin.

    Attributes
    ----------
    item, origin : (k,) int64
        Origins with every horizon.
    forecast, actual : (k,) float
        Units.
    """

    item: IntArray
    origin: IntArray
    forecast: FloatArray
    actual: FloatArray


def past_sums(table: ForecastErrors, span: IntArray) -> PastSums:
    """Sums of forecasts and of what came over the first `span` (n,) horizons of every origin."""
    inside = table.horizon <= span[table.item]
    keys = np.stack([table.item[inside], table.origin[inside]], axis=1)
    distinct, place, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    place = place.ravel()
    sums = [np.bincount(place, weights=one[inside]) for one in (table.forecast, table.actual)]
    whole = counts == span[distinct[:, 0]]
    return PastSums(distinct[whole, 0], distinct[whole, 1], sums[0][whole], sums[1][whole])


def _complete(table: ForecastErrors, rows: slice, span: int) -> _Matrix:
    """Origins that have every horizon up to the span."""
    origin, horizon = table.origin[rows], table.horizon[rows]
    error = (table.actual - table.forecast)[rows] if origin.size else np.zeros(0)
    inside = horizon <= span
    origin, error = origin[inside], error[inside]
    numbers, first, counts = np.unique(origin, return_index=True, return_counts=True)
    whole = counts == span
    at = first[whole][:, None] + np.arange(span)
    return _Matrix(numbers[whole], error[at] if at.size else np.zeros((0, span)))


def _correlation(found: list[_Matrix]) -> float:
    """φ: correlation of neighbouring horizons, about the mean of each item's horizons, over all items."""
    both, square = 0.0, 0.0
    for one in found:
        if one.origin.size >= _LEAST and one.error.shape[1] > 1:
            apart = one.error - one.error.mean(axis=0)
            both += float((apart[:, 1:] * apart[:, :-1]).sum())
            square += float((apart[:, 1:] ** 2).sum() + (apart[:, :-1] ** 2).sum()) / 2
    return float(np.clip(both / square, 0.0, _MOST)) if square > 0 else 0.0


def _between(found: list[_Matrix]) -> float | None:
    """Correlation of the last horizon of an origin and the first of the one a span later; None without."""
    both, square, n, origins = 0.0, 0.0, 0, []
    for one in found:
        span = one.error.shape[1]
        later = np.searchsorted(one.origin, one.origin + span)
        pairs = np.flatnonzero(later < one.origin.size)
        pairs = pairs[one.origin[later[pairs]] == one.origin[pairs] + span]
        if pairs.size < _LEAST:
            continue
        apart = one.error - one.error.mean(axis=0)
        last, first = apart[pairs, -1], apart[later[pairs], 0]
        both += float((last * first).sum())
        square += float((last**2).sum() + (first**2).sum()) / 2
        n += pairs.size
        origins.append(one.origin.size)
    if n < FEWEST or square == 0:
        return None
    length = float(np.mean(origins))
    found_phi = both / square  # about the mean of a short series: too low by (1 + 3 φ) ÷ its length (Kendall)
    return float(np.clip((found_phi + 1 / length) / max(1 - 3 / length, 0.5), 0.0, _MOST))


def _shared(origin: IntArray, span: int, phi: float) -> float:
    """Σ of the correlations between all pairs of sums over the spans that begin after the origins."""
    apart = np.abs(origin[:, None] - origin[None, :])
    lags = np.arange(-span + 1, span)
    weight = span - np.abs(lags)  # pairs of periods of two spans, by their lag
    distinct, place = np.unique(apart, return_inverse=True)
    power = np.abs(distinct[:, None] + lags[None, :]).astype(np.float64)
    shared = (weight * np.where(power == 0, 1.0, phi**power)).sum(axis=1)
    base = float((weight * np.where(lags == 0, 1.0, phi ** np.abs(lags).astype(np.float64))).sum())
    return float((shared / base)[place.ravel()].sum())


def _by_horizon(table: ForecastErrors) -> tuple[IntArray, IntArray, IntArray, FloatArray, FloatArray]:
    """Item, horizon, origins, mean and standard deviation (NaN of one origin) of the errors."""
    none = np.zeros(0, np.int64)
    if table.item.size == 0:
        return none, none, none, np.zeros(0), np.zeros(0)
    keys = np.stack([table.item, table.horizon], axis=1)
    distinct, place = np.unique(keys, axis=0, return_inverse=True)
    place = place.ravel()
    error = table.actual - table.forecast
    count = np.bincount(place)
    mean = np.bincount(place, weights=error) / count
    square = np.bincount(place, weights=(error - mean[place]) ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        sd = np.sqrt(np.where(count > 1, square / (count - 1), np.nan))
    return distinct[:, 0], distinct[:, 1], count.astype(np.int64), mean, sd
