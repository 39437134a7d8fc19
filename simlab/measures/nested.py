"""Intervals when parameters were redrawn: variance between draws beside variance within them.

Replications are grouped in batches; all of a batch share one draw of the parameters. What varies between
batches beyond the noise within them is ignorance of the parameters (`model`), what varies within is chance
with the parameters taken as true (`simulation`).

References
----------
Nelson (2013), Foundations and Methods of Stochastic Simulation, section 7.2 (input uncertainty).
Song, Nelson & Pegden (2014), Advanced tutorial: input uncertainty quantification.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray
from simlab.measures.estimates import MIN_EVENTS, NOTHING_NOTE, Estimate, ratio_interval
from simlab.measures.student import t_quantile

FEW_DRAWS = "fewer than two parameter draws: no interval"
FEW_SHORT = f"fewer than {MIN_EVENTS} replications with a shortage: the lower limit is no higher than theirs"


@dataclass(frozen=True)
class Nested:
    """Where the variance of a measure comes from.

    Attributes
    ----------
    value : float
        Mean over the draws.
    model : float
        Variance between draws beyond the noise within them, at least 0.
    simulation : float
        Variance of a batch's value with its parameters taken as true.
    n : int
        Draws.
    """

    value: float
    model: float
    simulation: float
    n: int

    def half_width(self, level: float) -> float:
        """Half an interval for the measure under the true parameters, taken as one more draw.

        t on n − 1 degrees of freedom × √(model·(1 + 1/n) + simulation/n).
        """
        if self.n < 2:
            return math.nan
        spread = math.sqrt(self.model * (1 + 1 / self.n) + self.simulation / self.n)
        return float(t_quantile(0.5 + 0.5 * level, self.n - 1.0)) * spread


def nested_mean(values: npt.ArrayLike, batch: npt.ArrayLike, level: float = 0.95) -> Estimate:
    """Mean per replication with its model interval.

    Parameters
    ----------
    values : (r,) int or float
        One number per replication, in any unit.
    batch : (r,) int
        Parameter draw of each replication, 0 … n − 1.
    """
    value, group = np.asarray(values, dtype=np.float64), np.asarray(batch)
    return _estimate(_split(value, group), level)


def nested_ratio(
    numerator: npt.ArrayLike,
    denominator: npt.ArrayLike,
    batch: npt.ArrayLike,
    level: float = 0.95,
    *,
    proportion: bool = True,
) -> Estimate:
    """Ratio of sums with its model interval.

    Parameters
    ----------
    numerator, denominator : (r,) int or float
        Sums per replication.
    batch : (r,) int
        Parameter draw of each replication, 0 … n − 1.
    proportion : bool
        The numerator is a part of the denominator: the interval is symmetric in the logit, so that limits
        stay between 0 and 1.

    Notes
    -----
    Value: ratio of the sums over all draws. Proportions are split by variance in the logit of each batch's
    ratio (half a unit added to either part). With few shortages the lower limit is at most Stringer's bound
    of `ratio_interval`.
    """
    num, den = (np.asarray(one, dtype=np.float64) for one in (numerator, denominator))
    group = np.asarray(batch)
    if not den.sum():
        n = int(group.max()) + 1 if group.size else 0
        return Estimate(math.nan, math.nan, math.nan, level, "model", n, NOTHING_NOTE)
    value = float(num.sum() / den.sum())
    if not proportion:
        return replace(_estimate(_split(num, group, den), level), value=value)
    found = _logit_split(num, den, group)
    half = found.half_width(level)
    low, high = (1 / (1 + math.exp(-(found.value + side * half))) for side in (-1, 1))
    low, high = min(low, value), max(high, value)
    note = FEW_DRAWS if found.n < 2 else ""
    if int((den > num).sum()) < MIN_EVENTS:
        plain = ratio_interval(num, den, level)
        low, high, note = min(low, float(plain.low)), 1.0, note or FEW_SHORT
    return Estimate(value, low, high, level, "model", found.n, note)


def nested_variances(
    numerator: npt.ArrayLike, denominator: npt.ArrayLike | None, batch: npt.ArrayLike
) -> Nested:
    """Where the variance of a mean (no denominator) or of a ratio of sums comes from, in its own unit."""
    num = np.asarray(numerator, dtype=np.float64)
    den = None if denominator is None else np.asarray(denominator, dtype=np.float64)
    return _split(num, np.asarray(batch), den)


def _estimate(found: Nested, level: float) -> Estimate:
    half = found.half_width(level)
    note = FEW_DRAWS if found.n < 2 else ""
    return Estimate(found.value, found.value - half, found.value + half, level, "model", found.n, note)


def _split(values: FloatArray, group: npt.NDArray[np.int64], den: FloatArray | None = None) -> Nested:
    """Means or ratios per batch: variance between them, split."""
    count, whole = _per_batch(np.ones(values.size), group), None
    weight = np.ones(values.size) if den is None else den
    whole = _per_batch(weight, group)
    safe = np.where(whole > 0, whole, 1.0)
    each = _per_batch(values, group) / safe
    away = (values - each[group] * weight) * (count / safe)[group]  # of a batch's mean, linearised
    noise = _per_batch(away**2, group) / np.maximum(count - 1, 1) / count
    kept = whole > 0
    return _nested(each[kept], noise[kept])


def _logit_split(num: FloatArray, den: FloatArray, group: npt.NDArray[np.int64]) -> Nested:
    """The same in the logit of each batch's ratio; noise by the ratio of all, which is never 0 or 1 alone."""
    served, asked = _per_batch(num, group), _per_batch(den, group)
    kept = asked > 0
    good, short = served[kept] + 0.5, asked[kept] - served[kept] + 0.5
    each = np.log(good / short)
    ratio = served[kept] / asked[kept]
    count = _per_batch(np.ones(num.size), group)[kept]
    away = num - np.where(kept, served / np.where(kept, asked, 1.0), 0.0)[group] * den
    squares = _per_batch(away**2, group)[kept] / np.maximum(count - 1, 1) * count
    rate = (served.sum() + 0.5) / (asked.sum() + 1.0)
    usual = max(rate * (1 - rate), 1e-12)
    slope = np.maximum(ratio * (1 - ratio), 0.5 * usual)
    noise = squares / asked[kept] ** 2 / slope**2
    return _nested(each, noise)


def _nested(each: FloatArray, noise: FloatArray) -> Nested:
    n = int(each.size)
    if n == 0:
        return Nested(math.nan, math.nan, math.nan, 0)
    within = float(noise.mean())
    between = float(each.var(ddof=1)) if n > 1 else math.nan
    return Nested(float(each.mean()), max(between - within, 0.0), within, n)


def _per_batch(values: FloatArray, group: npt.NDArray[np.int64]) -> FloatArray:
    return np.bincount(group, weights=values).astype(np.float64)
