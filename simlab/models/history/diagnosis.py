"""What a history looks like: demand classes, trend, season, autocorrelation, new and dying items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.catalog.calendar.periods import first_day
from simlab.models.history.history import History, opened, places, tables
from simlab.models.history.lives import is_new
from simlab.models.statistics import benjamini_hochberg, chi_square_p, normal_p

if TYPE_CHECKING:
    import pandas as pd

    from simlab.catalog import Catalog


INTERVAL_CUT = 1.32
SIZE_CUT = 0.49

FALSE_SHARE = 0.05
"""Share of flagged items that may be flagged by chance, per test (Benjamini–Hochberg)."""
_LEAST_PERIODS = 12
_SILENCE = 0.01


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Per SKU-location; NaN and "unknown" where the history is too short or has no demand.

    Attributes
    ----------
    interval : (n,) float
        Average inter-demand interval, periods.
    size_cv2 : (n,) float
        Squared coefficient of variation of the demand of periods with demand.
    demand_class : (n,) object
        smooth, erratic, intermittent, lumpy (Syntetos, Boylan & Croston 2005, cuts 1.32 and 0.49).
    stage : (n,) object
        new (the silence before the first demand is longer than chance explains, see `lives.is_new`), dying
        (the silence at the end is longer than its usual intervals explain, at 1 %), steady.
    trend, season, autocorrelation : (n,) float
        Slope per period relative to the mean; share of variance between seasons; correlation of
        neighbouring periods.
    trend_p, season_p, autocorrelation_p : (n,) float
        Two-sided p-values under exchangeable periods.
    has_trend, has_season, has_autocorrelation : (n,) bool
        Flagged so that at most 5 % of the flagged ones are expected to be false.
    """

    interval: FloatArray
    size_cv2: FloatArray
    demand_class: npt.NDArray[np.object_]
    stage: npt.NDArray[np.object_]
    trend: FloatArray
    season: FloatArray
    autocorrelation: FloatArray
    trend_p: FloatArray
    season_p: FloatArray
    autocorrelation_p: FloatArray
    has_trend: BoolArray
    has_season: BoolArray
    has_autocorrelation: BoolArray

    def to_frame(self, catalog: Catalog) -> pd.DataFrame:
        """One row per SKU-location."""
        import pandas as pd

        columns = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return pd.DataFrame({"sku": list(catalog.sku), "location": list(catalog.location), **columns})


def diagnose(history: History) -> Diagnosis:
    """Classes, stages and tests of every history.

    Parameters
    ----------
    history : History
        From `read_history`; without complete periods (`absent_dates = "unknown"`) nothing is tested.

    Notes
    -----
    All tests treat the observed periods of an item as exchangeable: trend z = Σ (t − t̄)·x /
    √(s²·Σ (t − t̄)²); season Σ n_g·(x̄_g − x̄)²/s² against χ² with (groups − 1) degrees of freedom, where
    two years were observed (weekdays for daily data: two weeks), groups being months of the year or
    weekdays; autocorrelation √n·(r₁ + 1/n).
    """
    interval, size_cv2 = intermittence(history)
    phase, cycle = _phases(history)
    trend, trend_p, season, season_p, r1, r1_p = history.by_item(
        lambda block: np.array([*_trend(block), *_season(block, phase, cycle), *_autocorrelation(block)])
    )
    return Diagnosis(
        interval,
        size_cv2,
        _classes(interval, size_cv2),
        _stages(history, interval),
        trend,
        season,
        r1,
        trend_p,
        season_p,
        r1_p,
        benjamini_hochberg(trend_p, FALSE_SHARE),
        benjamini_hochberg(season_p, FALSE_SHARE),
        benjamini_hochberg(r1_p, FALSE_SHARE),
    )


def intermittence(history: History) -> tuple[FloatArray, FloatArray]:
    """(n,) average inter-demand interval and squared variation of non-zero sizes; NaN without demand."""
    interval, cv2 = history.by_item(_intermittence)
    return interval, cv2


def _intermittence(history: History) -> FloatArray:
    count = history.n_positive
    mean = _per_item(history, history.quantity) / np.maximum(count, 1)
    away = _per_item(history, (history.quantity - mean[history.item]) ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        interval = np.where(count > 0, history.n_observed / count, np.nan)
        cv2 = np.where(count > 0, away / count / mean**2, np.nan)
    return np.array([interval, cv2])


def variance_ratio(history: History, span: IntArray) -> FloatArray:
    """How much sums over `span` periods vary against those of independent periods (1 = as much).

    Parameters
    ----------
    history : History
        n items.
    span : (n,) int64
        Periods, such as R + L rounded up.

    Returns
    -------
    (n,) float
        Variance of overlapping sums ÷ (span × variance), corrected for overlap and the estimated mean;
        NaN with fewer than 3 spans of history, or a constant one.

    References
    ----------
    Lo & MacKinlay (1988), Stock market prices do not follow random walks, eq. 9 (overlapping sums).
    """
    out = np.full(history.n_items, np.nan)
    if not history.is_complete:
        return out
    for items, table in tables(history):
        size = np.column_stack([history.n_observed[items], span[items]])
        kinds, code = np.unique(size, axis=0, return_inverse=True)
        for number, (n, periods) in enumerate(kinds.tolist()):
            rows = np.flatnonzero(code.ravel() == number)
            out[items[rows]] = _ratio_of_sums(np.ascontiguousarray(table[rows, :n]), periods)
    return out


def _ratio_of_sums(lines: FloatArray, span: int) -> FloatArray:
    """(rows,) of histories of one length, one a row."""
    n = lines.shape[1]
    out = np.full(lines.shape[0], np.nan)
    if n < 3 * span or n < 2:
        return out
    variance = lines.var(axis=1, ddof=1)
    total = np.cumsum(lines - lines.mean(axis=1, keepdims=True), axis=1)
    total = np.concatenate([np.zeros((lines.shape[0], 1)), total], axis=1)
    sums = total[:, span:] - total[:, : n + 1 - span]
    count = span * (n - span + 1) * (1 - span / n)
    varies = variance > 0
    out[varies] = (sums[varies] ** 2).sum(axis=1) / count / variance[varies]
    return out


def _per_item(history: History, values: npt.NDArray[np.generic]) -> FloatArray:
    weights = values.astype(np.float64)
    return np.bincount(history.item, weights=weights, minlength=history.n_items).astype(np.float64)


def _usable(history: History) -> BoolArray:
    varies = np.nan_to_num(history.variance) > 0
    return np.asarray(varies & (history.n_observed >= _LEAST_PERIODS) & history.is_complete)


def _trend(history: History) -> tuple[FloatArray, FloatArray]:
    n = history.n_observed.astype(np.float64)
    middle = (n - 1) / 2
    moment = _per_item(history, (places(history) - middle[history.item]) * history.quantity)
    spread = n * (n * n - 1) / 12
    usable = _usable(history)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = moment / np.sqrt(history.variance * spread)
        slope = moment / spread / history.mean
    return np.where(usable, slope, np.nan), normal_p(np.where(usable, z, np.nan))


def common_season(history: History, *, weekdays: bool = False) -> tuple[BoolArray, FloatArray]:
    """Items whose demand depends on the month of the year (or the weekday), and their common profile.

    Parameters
    ----------
    history : History
        Without complete periods nothing is tested.
    weekdays : bool
        Of daily histories.

    Returns
    -------
    ((n,) bool, (2, p) float)
        Flagged so that at most 5 % of them are expected to be false, where two cycles were observed; means by
        month or weekday relative to the whole, over the older and the newer half. Each item counts once.
    """
    calendar = history.calendar
    year = {"day": 365.0, "week": 365 / 7, "month": 12.0}[calendar.period]
    phase, cycle = _phases(history) if weekdays else (_months(history), year)
    p_values = history.by_item(lambda block: np.array([*_season(block, phase, cycle)]))[1]
    flagged = benjamini_hochberg(p_values, FALSE_SHARE)
    n, p = calendar.n_periods, 7 if weekdays else 12
    own = flagged[history.item]
    amount = history.quantity[own] / history.mean[history.item[own]]
    series = np.bincount(history.period[own], weights=amount, minlength=n)
    later = np.arange(n) >= n // 2
    profile = np.ones((2, p))
    for number, part in enumerate((~later & calendar.open, later & calendar.open)):
        count = np.bincount(phase[part], minlength=p)
        mean = np.bincount(phase[part], weights=series[part], minlength=p) / np.maximum(count, 1)
        if mean.any():
            profile[number] = np.where(count > 0, mean / mean[count > 0].mean(), 1.0)
    return flagged, profile


def _season(history: History, phase: IntArray, cycle: float) -> tuple[FloatArray, FloatArray]:
    """Share of variance between phases and its p-value, where two cycles of so many periods were seen."""
    calendar = history.calendar
    n_phases = int(phase.max()) + 1 if phase.size else 1
    code = history.item.astype(np.int64) * n_phases + phase[history.period]
    shape = (history.n_items, n_phases)
    sums = np.bincount(code, weights=history.quantity, minlength=shape[0] * shape[1]).reshape(shape)
    is_open = (phase[:, None] == np.arange(n_phases)) & calendar.open[:, None]
    by_phase = np.vstack([np.zeros(n_phases, np.int64), np.cumsum(is_open, axis=0)])
    first = np.minimum(history.first, calendar.n_periods)
    count = np.maximum(by_phase[history.last + 1] - by_phase[first], 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.where(count > 0, sums / count, 0.0)
        between = (count * (means - history.mean[:, None]) ** 2).sum(axis=1) / history.variance
    groups = (count > 0).sum(axis=1)
    usable = _usable(history) & (history.n_observed >= 2 * cycle) & (groups > 1)
    share = between / np.maximum(history.n_observed - 1, 1)
    p = chi_square_p(np.where(usable, between, np.nan), np.maximum(groups - 1, 1))
    return np.where(usable, share, np.nan), p


def _phases(history: History) -> tuple[IntArray, float]:
    """(n_periods,) weekday or month of each period, and the length of a cycle in periods."""
    calendar = history.calendar
    if calendar.period == "day":
        return (calendar.first + np.arange(calendar.n_periods) + 3) % 7, 7.0
    return _months(history), 12.0 if calendar.period == "month" else 365 / 7


def _months(history: History) -> IntArray:
    """(n_periods,) month of the year in which each period begins, from 0."""
    calendar = history.calendar
    numbers = calendar.first + np.arange(calendar.n_periods)
    days = np.array([first_day(int(k), calendar.period, calendar.week_starts) for k in numbers])
    return np.asarray(days.astype("datetime64[M]").astype(np.int64) % 12)


def _autocorrelation(history: History) -> tuple[FloatArray, FloatArray]:
    n, mean = history.n_observed.astype(np.float64), np.nan_to_num(history.mean)
    place, quantity = places(history), history.quantity.astype(np.float64)
    follows = (np.diff(history.item) == 0) & (np.diff(place) == 1)
    products = np.where(follows, quantity[1:] * quantity[:-1], 0.0)
    together = np.bincount(history.item[1:], weights=products, minlength=n.size) if n.size else n
    ends = quantity * ((place == 0).astype(np.float64) + (place == n[history.item] - 1))
    total = 2 * mean * n - _per_item(history, ends)
    covariance = together - mean * total + (n - 1) * mean**2
    usable = _usable(history)
    with np.errstate(divide="ignore", invalid="ignore"):
        r1 = covariance / ((n - 1) * history.variance)
        z = np.sqrt(n) * (r1 + 1 / n)
    return np.where(usable, r1, np.nan), normal_p(np.where(usable, z, np.nan))


def _classes(interval: FloatArray, cv2: FloatArray) -> npt.NDArray[np.object_]:
    rare, varied = interval >= INTERVAL_CUT, cv2 >= SIZE_CUT
    names = np.array([["smooth", "erratic"], ["intermittent", "lumpy"]], dtype=object)
    out: npt.NDArray[np.object_] = names[rare.astype(np.int64), varied.astype(np.int64)]
    out[np.isnan(interval)] = "unknown"
    return out


def _stages(history: History, interval: FloatArray) -> npt.NDArray[np.object_]:
    """new by evidence; (1 − 1/interval)^silence < 1 % counts as dying; else steady."""
    before = opened(history)
    sold = history.n_positive > 0
    latest = np.full(history.n_items, -1)
    latest[sold] = history.period[history.bounds[1:][sold] - 1]
    end = before[np.maximum(history.last + 1, 0)]
    silence = end - before[latest + 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = np.power(1 - 1 / np.maximum(interval, 1.0), silence)
    out = np.full(history.n_items, "steady", dtype=object)
    out[np.nan_to_num(chance, nan=1.0) < _SILENCE] = "dying"
    new = history.new if history.new is not None and history.new.any() else _late(history, before)
    out[new] = "new"
    out[history.n_positive == 0] = "unknown"
    return out


def _late(history: History, before: IntArray) -> BoolArray:
    """(n,) new by the same evidence, of lives that begin with the first demand."""
    total = np.full(history.n_items, before[-1])
    return is_new(total, before[np.minimum(history.first, history.calendar.n_periods)], history.n_positive)
