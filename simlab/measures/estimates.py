"""From sums per replication to a value with an interval.

NaN rule: a ratio over nothing (denominator 0 in total) is NaN and so are its limits; a
replication with denominator 0 adds nothing; a NaN among the replications makes the result NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from simlab.arrays import BoolArray, FloatArray
from simlab.errors import UsageError
from simlab.measures.shown import Public
from simlab.measures.student import binomial_uppers, t_quantile

Kind: TypeAlias = Literal["simulation", "model", "history"]

MIN_EVENTS = 10
"""Fewer replications with a shortage than this: no normal interval but a conservative bound."""
CONSERVATIVE_NOTE = (
    f"fewer than {MIN_EVENTS} replications with a shortage: conservative one-sided bound (Stringer)"
)
FEW_SERVED_NOTE = f"fewer than {MIN_EVENTS} replications served anything: conservative one-sided bound"
NO_SPREAD_NOTE = "every replication gave the same ratio: conservative bounds on both sides (Stringer)"
ONE_NOTE = "fewer than two replications: no interval"
SAME_NOTE = "no variation between replications"
NOTHING_NOTE = "nothing demanded"


@dataclass(frozen=True, repr=False)
class Estimate(Public):
    """A number and how sure we are of it.

    Attributes
    ----------
    value, low, high : float
        Point estimate and interval; NaN where there is none.
    level : float
        Confidence of the interval.
    kind : {"simulation", "model", "history"}
        What the interval covers: the law taken as true, redrawn parameters, or a replay.
    n : int
        Replications or batches behind it.
    note : str
        What a reader must know about the interval; empty for the usual one.

    Examples
    --------
    >>> Estimate(0.953, 0.951, 0.955, n=200)
    0.953 [0.951, 0.955] (95 % simulation interval, n = 200)
    >>> f"{Estimate(12_345.6, 12_000, 12_700):,.0f}"
    '12,346 [12,000, 12,700]'
    """

    value: float
    low: float
    high: float
    level: float = 0.95
    kind: Kind = "simulation"
    n: int = 0
    note: str = ""

    def _repr_html_(self) -> str:
        interval = f"{100 * self.level:g}% {self.kind} interval, n = {self.n:,}"
        return f"<strong>{self}</strong> ({'; '.join(filter(None, (interval, self.note)))})"

    @property
    def half_width(self) -> float:
        """Half the length of the interval."""
        return 0.5 * (self.high - self.low)

    def scaled(self, factor: float) -> Estimate:
        """The same estimate in another unit (sums → money per year)."""
        low, high = (
            sorted((self.low * factor, self.high * factor))
            if factor < 0
            else (
                self.low * factor,
                self.high * factor,
            )
        )
        return replace(self, value=self.value * factor, low=low, high=high)

    def __format__(self, spec: str) -> str:
        """``0.953 [0.951, 0.955]``; the spec applies to each number, NaN is ``–``."""
        spec = spec or (".3f" if abs(self.value) < 100 or math.isnan(self.value) else ",.0f")
        value, low, high = (
            "–" if math.isnan(number) else format(number, spec)
            for number in (self.value, self.low, self.high)
        )
        return value if low == "–" and high == "–" else f"{value} [{low}, {high}]"

    def __str__(self) -> str:
        return format(self, "")

    def __repr__(self) -> str:
        return f"{self} ({100 * self.level:g}% {self.kind} interval, n = {self.n:,})"


@dataclass(frozen=True, eq=False)
class Intervals:
    """Many estimates at once: arrays of the shape of the leading axes.

    Attributes
    ----------
    value, low, high : (…,) float
        As in `Estimate`.
    conservative : (…,) bool
        Where the limits are the stated conservative bound instead of a t interval.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    conservative: BoolArray
    level: float
    kind: Kind
    n: int


def ratio_interval(
    numerator: npt.ArrayLike,
    denominator: npt.ArrayLike,
    level: float = 0.95,
    *,
    proportion: bool = True,
    kind: Kind = "simulation",
) -> Intervals:
    """Ratio of sums with an interval over replications or batches, for many rows at once.

    Parameters
    ----------
    numerator, denominator : (…, n) int or float
        Sums per replication (or batch) of one measure: served and demanded, good and all receipts.
    level : float
        Confidence, 0 < level < 1.
    proportion : bool
        The numerator is a part of the denominator: limits stay in [0, 1] and few shortages give a
        conservative bound. False for ratios such as turns.

    Returns
    -------
    Intervals

    Raises
    ------
    UsageError
        If a proportion's numerator exceeds its denominator, or the shapes differ.

    Notes
    -----
    Delta method with Student's t on n − 1 degrees of freedom; for proportions on the logit scale,
    where shortages are less skewed: on 20 batches both tails then miss about equally often instead
    of the upper one three times as often, and limits stay between 0 and 1. With fewer than `MIN_EVENTS`
    replications with a shortage the lower limit is Stringer's bound on the mean shortage per
    replication, which needs no law (a shortage is at most the largest demand seen), and the upper
    limit is 1; the same mirrored if fewer replications served anything.

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd ed., chapter 6 (ratio estimator).
    Stringer (1963), Practical aspects of statistical sampling in auditing; Bickel (1992),
    Inference and auditing: the Stringer bound, Int. Statist. Rev. 60.
    """
    num, den = np.broadcast_arrays(np.asarray(numerator), np.asarray(denominator))
    if num.ndim == 0:
        raise UsageError("a ratio needs sums per replication, not a single number")
    shape, n = num.shape[:-1], num.shape[-1]
    num, den = num.reshape(-1, n), den.reshape(-1, n)
    total = _sum(den)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(total != 0, _sum(num) / total, np.nan)
    x, d = num.astype(np.float64), den.astype(np.float64)
    half = _delta_half_width(x, d, value, total, level)
    low, high = value - half, value + half
    conservative = np.zeros(value.shape, np.bool_)
    if proportion:
        if (x > d).any():
            raise UsageError("a proportion's numerator may not exceed its denominator")
        low, high = _logit_limits(value, half)
        low, high, conservative = _conservative(x, d, low, high, half, level)
    empty = np.isnan(value)
    low, high = np.where(empty, np.nan, low), np.where(empty, np.nan, high)
    conservative &= ~empty
    value, low, high = value.reshape(shape), low.reshape(shape), high.reshape(shape)
    return Intervals(value, low, high, conservative.reshape(shape), level, kind, n)


def _sum(values: npt.NDArray[Any]) -> FloatArray:
    """Sum over the last axis, exact for integers before it becomes a float."""
    return np.asarray(values.sum(axis=-1)).astype(np.float64)


def _delta_half_width(
    x: FloatArray, d: FloatArray, value: FloatArray, total: FloatArray, level: float
) -> FloatArray:
    n = x.shape[-1]
    if n < 2:
        return np.full(value.shape, np.nan)
    residual = x - np.nan_to_num(value)[..., None] * d
    spread = np.sqrt(n / (n - 1.0) * np.square(residual).sum(axis=-1))
    safe = np.where(total == 0, np.nan, np.abs(total))
    half: FloatArray = t_quantile(0.5 + 0.5 * level, n - 1.0) * spread / safe
    return half


def _logit_limits(value: FloatArray, half: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Limits whose logits lie symmetrically around that of the value."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        factor = np.exp(half / (value * (1.0 - value)))
        odds = value / (1.0 - value)
        low, high = 1.0 / (1.0 + factor / odds), 1.0 / (1.0 + 1.0 / (factor * odds))
    return np.asarray(low), np.asarray(high)


def _conservative(
    x: FloatArray, d: FloatArray, low: FloatArray, high: FloatArray, half: FloatArray, level: float
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Replace limits that rest on too few events by Stringer's bound."""
    shortage = d - x
    few_short = (shortage > 0).sum(axis=-1) < MIN_EVENTS
    few_served = (x > 0).sum(axis=-1) < MIN_EVENTS
    flat = ~few_short & ~few_served & (half <= 1e-12)
    both_sides = 0.5 + 0.5 * level
    for rows, side, confidence in (
        (few_short, "low", level),
        (few_served, "high", level),
        (flat | (few_short & few_served), "both", both_sides),
    ):
        if not rows.any():
            continue
        bound_low = 1.0 - _stringer(shortage[rows], d[rows], confidence)
        bound_high = _stringer(x[rows], d[rows], confidence)
        low[rows] = bound_low if side in ("low", "both") else 0.0
        high[rows] = bound_high if side in ("high", "both") else 1.0
    return low, high, few_short | few_served | flat


def _stringer(part: FloatArray, whole: FloatArray, level: float) -> FloatArray:
    """Upper bound of mean(part) ÷ mean(whole), parts between 0 and the largest whole."""
    n = part.shape[-1]
    largest = np.maximum(whole.max(axis=-1), 1e-300)
    taint = -np.sort(-part / largest[..., None], axis=-1)
    upper = binomial_uppers(n, level)
    mean_bound = upper[0] + (taint * np.diff(upper)).sum(axis=-1)
    scale = largest / np.maximum(whole.mean(axis=-1), 1e-300)
    return np.asarray(np.minimum(mean_bound * scale, 1.0))


def ratio_estimate(
    numerator: npt.ArrayLike,
    denominator: npt.ArrayLike,
    level: float = 0.95,
    *,
    proportion: bool = True,
    kind: Kind = "simulation",
) -> Estimate:
    """One ratio of sums with its interval; see `ratio_interval`.

    Parameters
    ----------
    numerator, denominator : (…, n) int or float
        Sums per replication; leading axes (items, segments) are added up first.
    """
    num, den = _add_up(numerator), _add_up(denominator)
    many = ratio_interval(num, den, level, proportion=proportion, kind=kind)
    value, low, high = float(many.value), float(many.low), float(many.high)
    note = _ratio_note(value, num, den, bool(many.conservative), many.n)
    return Estimate(value, low, high, level, kind, many.n, note)


def _ratio_note(
    value: float, num: npt.NDArray[Any], den: npt.NDArray[Any], conservative: bool, n: int
) -> str:
    if math.isnan(value):
        return NOTHING_NOTE
    if conservative:
        if int((den > num).sum()) < MIN_EVENTS:
            return CONSERVATIVE_NOTE
        return FEW_SERVED_NOTE if int((num > 0).sum()) < MIN_EVENTS else NO_SPREAD_NOTE
    return ONE_NOTE if n < 2 else ""


def _add_up(values: npt.ArrayLike) -> npt.NDArray[Any]:
    array = np.asarray(values)
    return array.reshape(-1, array.shape[-1]).sum(axis=0) if array.ndim > 1 else array


def mean_interval(values: npt.ArrayLike, level: float = 0.95, *, kind: Kind = "simulation") -> Intervals:
    """Means over replications with t intervals, for many rows at once.

    Parameters
    ----------
    values : (…, n) int or float
        One number per replication, in any unit.
    """
    array = np.asarray(values)
    if array.ndim == 0:
        raise UsageError("a mean needs one number per replication, not a single number")
    n = array.shape[-1]
    value = _sum(array) / n if n else np.full(array.shape[:-1], np.nan)
    half = np.full(value.shape, np.nan)
    if n > 1:
        spread = np.sqrt(np.square(array.astype(np.float64) - value[..., None]).sum(axis=-1) / (n - 1.0))
        half = t_quantile(0.5 + 0.5 * level, n - 1.0) * spread / math.sqrt(n)
    return Intervals(value, value - half, value + half, np.zeros(value.shape, np.bool_), level, kind, n)


def mean_estimate(values: npt.ArrayLike, level: float = 0.95, *, kind: Kind = "simulation") -> Estimate:
    """Mean over replications with a t interval; leading axes are added up first."""
    many = mean_interval(_add_up(values), level, kind=kind)
    value, low, high = float(many.value), float(many.low), float(many.high)
    note = ONE_NOTE if many.n < 2 else SAME_NOTE if low == high else ""
    return Estimate(value, low, high, level, kind, many.n, note)


def paired_difference(
    a: npt.ArrayLike, b: npt.ArrayLike, level: float = 0.95, *, kind: Kind = "simulation"
) -> Estimate:
    """Mean of a − b over replications that share their randomness.

    Parameters
    ----------
    a, b : (…, n) int or float
        The same measure of two plans in the same replications; leading axes are added up first.
    """
    return mean_estimate(_add_up(a) - _add_up(b), level, kind=kind)


def paired_percent(
    a: npt.ArrayLike, b: npt.ArrayLike, level: float = 0.95, *, kind: Kind = "simulation"
) -> Estimate:
    """Relative difference (a − b) ÷ b, paired over replications: -0.031 means 3.1 % less."""
    base = _add_up(b)
    return ratio_estimate(_add_up(a) - base, base, level, proportion=False, kind=kind)


def paired_ratio_difference(
    numerator_a: npt.ArrayLike,
    denominator_a: npt.ArrayLike,
    numerator_b: npt.ArrayLike,
    denominator_b: npt.ArrayLike,
    level: float = 0.95,
    *,
    kind: Kind = "simulation",
) -> Estimate:
    """Difference of two ratios of sums (fill of a − fill of b), paired by a jackknife."""
    sums = [_add_up(v).astype(np.float64) for v in (numerator_a, denominator_a, numerator_b, denominator_b)]

    def difference(s: list[FloatArray]) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(s[0] / s[1] - s[2] / s[3])

    value = float(difference([np.asarray(s.sum()) for s in sums]))
    return jackknife(value, difference([s.sum() - s for s in sums]), level, kind=kind)


def jackknife(
    value: float, left_out: npt.ArrayLike, level: float = 0.95, *, kind: Kind = "simulation"
) -> Estimate:
    """Interval from the statistic recomputed with each replication left out.

    Parameters
    ----------
    value : float
        The statistic on all replications.
    left_out : (n,) float
        The statistic without replication r.
    """
    leave = np.asarray(left_out, dtype=np.float64)
    n = leave.size
    if n < 2 or math.isnan(value) or not np.isfinite(leave).all():
        return Estimate(value, math.nan, math.nan, level, kind, n, ONE_NOTE if n < 2 else NOTHING_NOTE)
    error = math.sqrt((n - 1.0) / n * float(np.square(leave - leave.mean()).sum()))
    half = t_quantile(0.5 + 0.5 * level, n - 1.0) * error
    return Estimate(value, value - half, value + half, level, kind, n, "" if half > 0 else SAME_NOTE)
