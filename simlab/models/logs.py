"""Logarithms of probabilities, vectorised over laws and values."""

from __future__ import annotations

import numpy as np

from simlab.engine.types import FloatArray


def log_poisson(value: FloatArray, mean: FloatArray) -> FloatArray:
    """(m,) log P(X = value), mean > 0."""
    from scipy.special import gammaln

    return np.asarray(value * np.log(mean) - mean - gammaln(value + 1))


def log_negative_binomial(value: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """(m,) log P(X = value), variance > mean > 0; zeros, the most frequent value, cost one logarithm."""
    from scipy.special import gammaln

    excess = np.maximum(variance - mean, 1e-9 * mean)
    size, ratio = mean**2 / excess, 1 + excess / mean
    out = -size * np.log(ratio)
    some = value > 0
    x, r = value[some], size[some]
    ways = gammaln(x + r) - gammaln(r) - gammaln(x + 1)
    out[some] += ways + x * np.log1p(-1 / ratio[some])
    return np.asarray(out)


def log_intermittent(
    value: FloatArray, known: FloatArray, positive: FloatArray, total: FloatArray, variance: FloatArray
) -> FloatArray:
    """(m,) log P(X = value): nothing, or 1 + a negative binomial (Poisson if the sizes vary less).

    Parameters
    ----------
    value : (m,) float
        Units.
    known, positive, total : (m,) float
        Periods, those with demand, and units so far.
    variance : (m,) float
        Per period; what the share of zeros leaves of it is the variance of the sizes.
    """
    share = (positive + 0.5) / (known + 1)
    out = np.log1p(-share)
    some = value > 0
    seen = np.maximum(positive[some], 0.5)
    size = np.maximum(total[some], 1.0) / seen
    part = np.minimum(positive[some] / known[some], 1.0)
    spread = np.where(part > 0, variance[some] / np.maximum(part, 1e-300) - (1 - part) * size**2, 0.0)
    more = np.maximum(size - 1, 0.5 / (seen + 1))
    least = value[some] - 1
    wide = spread > more
    log_size = log_poisson(least, more)
    log_size[wide] = log_negative_binomial(least[wide], more[wide], spread[wide])
    out[some] = np.log(share[some]) + log_size
    return np.asarray(out)
