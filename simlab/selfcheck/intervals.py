"""Estimates of exact cases: ratios of sums over batches, symmetric, never of zero width by luck."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simlab.arrays import FloatArray
from simlab.measures import binomial_upper, ratio_interval, t_quantile

LEVEL = 0.95
_EQUAL = 1e-9
_NO_SPREAD = 1e-13
_FEW = 30


@dataclass(frozen=True)
class Interval:
    """An estimate ± half width at a level; `n_periods` behind it where that is asked for."""

    est: float
    half_width: float
    level: float = LEVEL
    n_periods: int | None = None

    def z(self, exact: float) -> float:
        """Distance from the exact value in standard errors; values equal to 1e-9 are equal."""
        distance = self.est - exact
        if abs(distance) <= _EQUAL * max(1.0, abs(exact)):
            return 0.0
        if self.half_width == 0.0:
            return math.copysign(math.inf, distance)
        return distance / self.half_width * t_quantile(0.5 + 0.5 * self.level, 1e6)

    def as_dict(self) -> dict[str, float]:
        """The entry of an ``--out`` file."""
        entry = {"est": self.est, "half_width": self.half_width, "level": self.level}
        return entry if self.n_periods is None else entry | {"n_periods": self.n_periods}


def constant(value: float) -> Interval:
    """A value that does not come from chance."""
    return Interval(value, 0.0)


def ratio(
    numerator: FloatArray, denominator: FloatArray, stretches: float, event: float = 1.0
) -> Interval | None:
    """Ratio of sums with Student's t over batches; None if the denominators are all zero.

    Parameters
    ----------
    numerator, denominator : (batches,) float
        Sums of independent batches.
    stretches : float
        Nearly independent stretches of time in all batches together.
    event : float
        What the ratio would be off by if every stretch held the rarest event.

    Notes
    -----
    Where k < 30 batches differ from the usual one, their number is Poisson with a mean that k tells
    little of: the variance counts k + 4 of them (Agresti and Coull 1998 in the limit of rare events).
    If none differs, an event may be too rare to have been seen: the half width is the upper bound of
    a probability of which no case was seen in `stretches` trials.
    """
    many = ratio_interval(numerator, denominator, LEVEL, proportion=False)
    value, half = float(many.value), 0.5 * float(many.high - many.low)
    if math.isnan(value):
        return None
    unusual = _unusual_batches(numerator, denominator)
    if 0 < unusual < min(_FEW, numerator.size // 2):
        half *= math.sqrt((unusual + 4) / unusual)
    if not half > _NO_SPREAD * max(1.0, abs(value)):
        half = event * binomial_upper(0, max(1, round(stretches)), LEVEL)
    return Interval(value, half)


def _unusual_batches(numerator: FloatArray, denominator: FloatArray) -> int:
    """Batches whose ratio is not the median one."""
    some = denominator != 0
    ratios = numerator[some] / denominator[some]
    return int((np.abs(ratios - np.median(ratios)) > _EQUAL * np.abs(ratios)).sum())


def asymptotic_variance(numerator: FloatArray, denominator: FloatArray, periods: int) -> Interval:
    """Periods × variance of a ratio of sums over them, from batches of so many periods each."""
    n = numerator.size
    residual = (numerator - numerator.sum() / denominator.sum() * denominator) / denominator.mean()
    squares = np.square(residual) * periods * n / (n - 1.0)
    half = t_quantile(0.5 + 0.5 * LEVEL, n - 1.0) * float(squares.std(ddof=1)) / math.sqrt(n)
    return Interval(float(squares.mean()), half)
