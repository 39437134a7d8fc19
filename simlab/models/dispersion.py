"""Is a history a Poisson one, and does a negative binomial describe it? Vectorised over items."""

from __future__ import annotations

import numpy as np

from simlab.engine.types import FloatArray, IntArray

_TEST_LEVEL = 0.05  # two-sided


def dispersion_bounds(n: IntArray) -> tuple[FloatArray, FloatArray]:
    """Central 95 % range of variance/mean over n periods of Poisson demand.

    Notes
    -----
    (n − 1)·variance/mean is χ² with n − 1 degrees of freedom (Fisher 1950, The significance of
    deviations from expectation in a Poisson series).
    """
    from scipy.special import chdtri

    freedom = np.maximum(n - 1, 1).astype(np.float64)
    low = chdtri(freedom, 1 - _TEST_LEVEL / 2) / freedom
    high = chdtri(freedom, _TEST_LEVEL / 2) / freedom
    return np.asarray(low), np.asarray(high)


def largest_gap(
    item: IntArray, value: IntArray, weight: IntArray, mean: FloatArray, variance: FloatArray
) -> FloatArray:
    """(n,) largest difference between cumulated histogram and negative binomial (0 for absent items).

    Parameters
    ----------
    item, value, weight : (m,) int64
        Histograms: distinct values, ascending within an item, and their counts.
    mean, variance : (n,) float
        Moments of the negative binomial; variance > mean for every item present.
    """
    from scipy.special import betainc

    out = np.zeros(mean.size)
    if item.size == 0:
        return out
    starts = np.flatnonzero(np.diff(item, prepend=-1))
    present = item[starts]
    running = np.cumsum(weight)
    before = np.repeat(running[starts] - weight[starts], np.diff(starts, append=item.size))
    total = np.add.reduceat(weight, starts)
    share = (running - before) / np.repeat(total, np.diff(starts, append=item.size))
    excess = (variance - mean)[item]
    size, chance = mean[item] ** 2 / excess, mean[item] / variance[item]
    upper = betainc(size, value + 1.0, chance)
    below = np.where(value > 0, betainc(size, np.maximum(value, 1), chance), 0.0)
    previous = share - weight / np.repeat(total, np.diff(starts, append=item.size))
    gap = np.maximum(np.abs(share - upper), np.abs(previous - below))
    out[present] = np.maximum.reduceat(gap, starts)
    return out
