"""The continuous ranked probability score of the laws on rolling origins."""

from __future__ import annotations

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.models.demand.shrinkage import SizePrior, shrunk_variance

_ORIGINS = 4
_POINTS = 96


def crps_of(table: FloatArray, first: IntArray, n: IntArray, prior: SizePrior) -> tuple[IntArray, FloatArray]:
    """Row of each predicted period, and (laws, periods) negative scores ÷ mean demand.

    Parameters
    ----------
    table : (rows, periods) float
        Demand of the observed periods of each row.
    first, n : (rows,) int64
        First predicted period, and periods of each row.
    prior : SizePrior
        Of these rows.

    Notes
    -----
    ∫ (F(x) − 1{x ≥ y})² dx over a grid of 96 points up to twice the largest value seen or predicted;
    laws are fitted at four origins and kept for the periods up to the next.
    """
    rows, scores = [], []
    for step in range(_ORIGINS):
        begin = first + (n - first) * step // _ORIGINS
        end = first + (n - first) * (step + 1) // _ORIGINS
        periods = np.arange(table.shape[1])
        row, at = np.nonzero((periods >= begin[:, None]) & (periods < end[:, None]))
        if row.size == 0:
            continue
        past = np.where(periods < begin[:, None], table, 0.0)
        grid, cumulated = _laws(past, begin.astype(np.float64), prior)
        rows.append(row)
        scores.append(_integrals(grid, cumulated, row, table[row, at], past.sum(axis=1) / begin))
    if not rows:
        return np.zeros(0, np.int64), np.zeros((4, 0))
    return np.concatenate(rows), np.concatenate(scores, axis=1)


def _laws(past: FloatArray, known: FloatArray, prior: SizePrior) -> tuple[FloatArray, FloatArray]:
    """(rows, points) values, and (laws, rows, points) cumulated probabilities there."""
    positive = (past > 0).sum(axis=1).astype(np.float64)
    total, squares = past.sum(axis=1), (past**2).sum(axis=1)
    mean = (total + 0.5) / known
    variance = shrunk_variance(known, positive, total, squares, prior.variation, prior.strength)
    top = np.maximum(2 * past.max(axis=1), mean + 6 * np.sqrt(np.maximum(variance, mean))) + 2
    step = np.maximum(np.ceil(top / (_POINTS - 1)), 1.0)
    grid = step[:, None] * np.arange(_POINTS)
    poisson = _poisson(grid, mean)
    binomial = _binomial(grid, mean, variance)
    share = (positive + 0.5) / (known + 1)
    size = np.maximum(total, 1.0) / np.maximum(positive, 0.5)
    part = np.maximum(positive / known, 1e-300)
    spread = np.where(positive > 0, variance / part - (1 - part) * size**2, 0.0)
    more = np.maximum(size - 1, 1e-9)
    above = np.where(grid >= 1, _binomial(np.maximum(grid - 1, 0), more, spread), 0.0)
    intermittent = 1 - share[:, None] + share[:, None] * above
    outside = known[:, None] - past.shape[1]  # zeros that stand for periods not yet known
    counted = np.array(
        [np.searchsorted(np.sort(line), x, side="right") for line, x in zip(past, grid, strict=True)]
    )
    empirical = (counted + outside + binomial) / (known[:, None] + 1)
    return grid, np.array([poisson, binomial, intermittent, empirical])


def _poisson(grid: FloatArray, mean: FloatArray) -> FloatArray:
    from scipy.special import pdtr

    return np.asarray(pdtr(grid, mean[:, None]))


def _binomial(grid: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """Negative binomial where the variance exceeds the mean, else Poisson."""
    from scipy.special import betainc

    out = _poisson(grid, mean)
    wide = variance > mean * (1 + 1e-9)
    m, v = mean[wide, None], variance[wide, None]
    out[wide] = betainc(m**2 / (v - m), grid[wide] + 1, m / v)
    return out


def _integrals(
    grid: FloatArray, cumulated: FloatArray, row: IntArray, value: FloatArray, mean: FloatArray
) -> FloatArray:
    """(laws, m) −CRPS ÷ mean of each value, from running integrals of F² and (1 − F)²."""
    step = grid[:, 1]
    below = np.cumsum(cumulated**2, axis=2) - cumulated**2
    above = np.cumsum((1 - cumulated) ** 2, axis=2)
    above = above[:, :, -1:] - above + (1 - cumulated) ** 2
    place = np.minimum(value / step[row], grid.shape[1] - 1)
    at = place.astype(np.int64)
    score = (below[:, row, at] + above[:, row, at]) * step[row]
    beyond = np.maximum(value - grid[row, -1], 0.0)
    return np.asarray(-(score + beyond) / np.maximum(mean[row], 0.5 / grid.shape[1]))
