"""Moments of demand with a season in it: what a period has at multiplier 1, and how that grows with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.models.shared import Sharing

LEAST_FACTOR = 0.05
"""Smallest multiplier that demand is divided by."""
_DOUBT = 20.0


@dataclass(frozen=True, eq=False)
class SeasonSums:
    """Sums over observed periods t with demand x and multiplier m.

    Attributes
    ----------
    n, first, second, inverse, inverse_square : (k,) float
        Σ 1, Σ m, Σ m², Σ 1/m, Σ 1/m² (m at least `LEAST_FACTOR` where it divides).
    total, squares, product, weighted : (k,) float
        Σ x, Σ x², Σ x·m, Σ x²/m.
    """

    n: FloatArray
    first: FloatArray
    second: FloatArray
    inverse: FloatArray
    inverse_square: FloatArray
    total: FloatArray
    squares: FloatArray
    product: FloatArray
    weighted: FloatArray

    def mean(self) -> FloatArray:
        """(k,) units per period at multiplier 1: Σ x ÷ Σ m."""
        return self.total / np.maximum(self.first, 1e-12)


@dataclass(frozen=True, eq=False)
class _Typical:
    """(g,) ratio of each group."""

    ratio: FloatArray


def without_season(sums: SeasonSums, variance: FloatArray) -> FloatArray:
    """(k,) variance per period less what the season itself makes, m·mean of an average period."""
    mean = sums.total / np.maximum(sums.n, 1.0)
    ratio = sums.second * sums.n / np.maximum(sums.first, 1e-12) ** 2
    return np.asarray(np.maximum(variance - (ratio - 1) * mean**2, 0.0))


def overdispersion(sums: SeasonSums, left: FloatArray) -> FloatArray:
    """(k,) θ of variance = mean·m + θ·m², from the variance `left` by the season (below 0: tighter)."""
    mean = sums.mean()
    return np.asarray((left * sums.n - mean * sums.first) / np.maximum(sums.second, 1e-12))


def variance_and_frequency(
    sums: SeasonSums,
    left: FloatArray,
    group: IntArray | None = None,
    sharing: Sharing | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Variance at multiplier 1, and ψ: how far the season is one of how often there is demand.

    Parameters
    ----------
    sums : SeasonSums
    left : (k,) float
        Variance per period around the season, mean over the observed periods.
    group : (k,) int64, optional
        Histories that tell of each other; −1: alone. All alone if left out.
    sharing : Sharing, optional
        Pools of all items; these are all if left out.

    Notes
    -----
    A period's variance is a·m + b·m². Its mean over the periods is `left`; the mean of squared residuals ÷ m
    gives the second equation. Its a, relative to that of b = 0 (arrivals that grow with the season, each of
    the same sizes: compound Poisson), has weight w = 1/(1 + 20·Σc²), c the weights of the squared residuals
    in a: mild seasons and short histories say little of it. It is shrunk towards the mean of the group, that
    one towards b = 0 by one history's worth. a lies in 0 … E(X²), which is ψ = a ÷ E(X²) in 0 … 1.
    """
    mean = sums.mean()
    residual = sums.squares - 2 * mean * sums.product + mean**2 * sums.second
    weighted = sums.weighted - 2 * mean * sums.total + mean**2 * sums.first
    whole = left * sums.n
    weighted = weighted * whole / np.maximum(residual, 1e-300)
    det = sums.n * sums.second - sums.first**2
    some = det > 1e-9 * sums.n * sums.second
    safe = np.where(some, det, 1.0)
    solved = (weighted * sums.second - whole * sums.first) / safe
    doubt = sums.second**2 * sums.inverse_square - 2 * sums.first * sums.second * sums.inverse
    doubt = np.maximum(doubt + sums.n * sums.first**2, 0.0) / safe**2
    usual = whole / np.maximum(sums.first, 1e-12)
    belief = np.where(some & (residual > 0), 1 / (1 + _DOUBT * doubt), 0.0)
    ratio = np.where(belief > 0, solved / np.maximum(usual, 1e-300), 1.0)
    typical: FloatArray = np.ones(ratio.size)
    if group is not None and (group >= 0).any():
        near = np.clip(ratio, 0.0, 2.0)
        pool = (sharing or Sharing()).of("typical ratios", _Typical, lambda: _typical(near, belief, group))
        typical = np.where(group >= 0, pool.ratio[np.maximum(group, 0)], 1.0)
    linear = usual * (typical + belief * (ratio - typical))
    most = (whole + mean**2 * sums.second) / np.maximum(sums.first, 1e-12)
    linear = np.clip(linear, 0.0, most)
    variance = linear + (whole - linear * sums.first) / np.maximum(sums.second, 1e-12)
    variance = np.maximum(variance, 0.0)
    square = variance + mean**2
    with np.errstate(divide="ignore", invalid="ignore"):
        frequency = np.where(square > 0, linear / square, 1.0)
    return variance, np.clip(frequency, 0.0, 1.0)


def _typical(ratio: FloatArray, belief: FloatArray, group: IntArray) -> _Typical:
    """Weighted mean of each group, with one of weight 1 at the ratio 1."""
    rows, n = group >= 0, int(group.max()) + 1
    total = np.bincount(group[rows], weights=(belief * ratio)[rows], minlength=n) + 1.0
    weight = np.bincount(group[rows], weights=belief[rows], minlength=n) + 1.0
    return _Typical(total / weight)
