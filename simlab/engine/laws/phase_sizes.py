"""Counted laws at another multiplier: sizes and share of demand that keep a stated mean and variance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simlab.arrays import FloatArray, IntArray

_ROUNDS = 12
_TINY = 1e-300


class Counted(NamedTuple):
    """Laws by their values.

    Attributes
    ----------
    table : (m,) int64
        Number of the law that each entry belongs to.
    value : (m,) int64
        Units; a value may come twice.
    share : (m,) float
        Its probability; those of a law sum to 1.
    """

    table: IntArray
    value: IntArray
    share: FloatArray


def season_moments(
    mean: FloatArray, variance: FloatArray, frequency: FloatArray, factor: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean, variance and growth of sizes at a multiplier.

    Parameters
    ----------
    mean, variance : (m,) float
        Per period at multiplier 1.
    frequency : (m,) float
        ψ of `Seasons.frequency`, 0 … 1.
    factor : (m,) float
        Multiplier.

    Notes
    -----
    Sizes grow as g = ψ + (1 − ψ)·m and the chance of demand as m/g, so that E(X²) grows as m·g: the
    variance is a·m + (variance − a)·m² with a = ψ·(variance + mean²).
    """
    growth = frequency + (1 - frequency) * factor
    square = (variance + mean**2) * factor * growth
    return mean * factor, np.maximum(square - (mean * factor) ** 2, 0.0), growth


def possible_shares(
    mean: FloatArray, variance: FloatArray, share: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Share of periods with demand and variance that sizes of whole units, 1 or more, can have.

    Parameters
    ----------
    mean, variance, share : (m,) float
        Wanted; a share above min(1, mean) becomes that, and a variance too small for it takes more periods
        with demand, then the least variance there is.
    """
    most = np.minimum(mean, 1.0)
    first = np.minimum(share, most)
    share = np.where(variance < _least_variance(mean, first), most, first)
    return share, np.maximum(variance, _least_variance(mean, share))


def _least_variance(mean: FloatArray, share: FloatArray) -> FloatArray:
    size = np.where(share > 0, mean / np.where(share > 0, share, 1.0), 0.0)
    rest = size - np.floor(size)
    return np.asarray(share * (size**2 + rest * (1 - rest)) - mean**2)


def counted_at(
    table: IntArray, size: FloatArray, weight: FloatArray, mean: FloatArray, variance: FloatArray
) -> Counted:
    """Laws with a stated mean and variance, whose sizes are those given, stretched.

    Parameters
    ----------
    table : (m,) int64
        Number of the law of each size, 0 … k − 1.
    size, weight : (m,) float
        Sizes > 0, and how often each was seen.
    mean, variance : (k,) float
        To be had, mean > 0.

    Notes
    -----
    Sizes times c, with the share of periods with demand that gives the mean: E(X²) is then mean·c·E(s²)/E(s),
    which gives c. Where every period would need demand, sizes are mean + c·(s − E(s)). What is no whole
    number is split over its two neighbours, which keeps the mean; what that adds to the variance is taken
    back by repeating (the nearest of 12 rounds counts). A variance below that of whole numbers with this mean
    cannot be had.
    """
    k = mean.size

    def by_law(values: FloatArray) -> FloatArray:
        return np.bincount(table, weights=values, minlength=k).astype(np.float64)

    part = weight / by_law(weight)[table]
    first, second = by_law(part * size), by_law(part * size**2)
    spread = np.maximum(second - first**2, 0.0)
    wanted = variance + mean**2
    target, error = wanted, np.full(k, np.inf)
    best_share, best_scale, best_shift = np.ones(k), np.zeros(k), np.zeros(k)
    for _ in range(_ROUNDS):
        scale = np.maximum(target, _TINY) * first / (mean * second)
        share = mean / (scale * first)
        full = share > 1
        tight = np.sqrt(np.maximum(target - mean**2, 0.0) / np.maximum(spread, _TINY))
        tight = np.where(spread > 0, np.minimum(tight, mean / first), 0.0)
        scale = np.where(full, tight, scale)
        share = np.where(full, 1.0, share)
        shift = np.where(full, mean - scale * first, 0.0)
        point = scale[table] * size + shift[table]
        rest = point - np.floor(point)
        reached = share * by_law(part * (point**2 + rest * (1 - rest)))
        away = np.abs(reached - wanted)
        better = away < error
        error = np.where(better, away, error)
        best_share, best_scale = np.where(better, share, best_share), np.where(better, scale, best_scale)
        best_shift = np.where(better, shift, best_shift)
        target = target + 0.7 * (wanted - reached)
    point = best_scale[table] * size + best_shift[table]
    whole = np.floor(point)
    rest = point - whole
    part = part * best_share[table]
    below = whole.astype(np.int64)
    laws = np.arange(k)
    return Counted(
        np.concatenate([laws, table, table]),
        np.concatenate([np.zeros(k, np.int64), below, below + 1]),
        np.concatenate([1 - best_share, part * (1 - rest), part * rest]),
    )
