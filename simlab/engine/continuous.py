"""Continuous demand laws on the integers, the mean kept exactly.

A demand between k and k + 1 is split over both so that its mean stays: P(D > k) = ∫ P(X > x) dx
over [k, k + 1], a difference of limited expected values E[min(X, x)]. The variance grows by at
most 1/4.
"""

from __future__ import annotations

import math

import numpy as np

from simlab.engine.types import FloatArray, LawKind
from simlab.errors import EngineFaultError

_MOST_POINTS = 1 << 20
_TAIL = 1e-10


def continuous_table(kind: LawKind, mean: float, variance: float) -> tuple[int, FloatArray]:
    """First value and probabilities of a gamma, lognormal or normal law on the integers.

    Parameters
    ----------
    kind : LawKind
        GAMMA, LOGNORMAL or NORMAL (cut at zero; its mean is then moved back to `mean`).
    mean, variance : float
        Units and units² per period.
    """
    if mean <= 0.0:
        return 0, np.ones(1)
    if variance <= 0.0:
        low = math.floor(mean)
        share = mean - low
        return low, np.array([1.0 - share, share]) if share > 0 else np.ones(1)
    limited = {LawKind.GAMMA: _gamma, LawKind.LOGNORMAL: _lognormal, LawKind.NORMAL: _normal}[kind]
    first, last = _extent(kind, mean, variance)
    if last - first > _MOST_POINTS:
        raise EngineFaultError(f"demand with mean {mean:g} and variance {variance:g} spreads too far")
    edges = np.arange(first, last + 2, dtype=np.float64)
    survival = np.clip(np.diff(limited(edges, mean, variance)), 0.0, 1.0)
    survival = np.minimum.accumulate(survival)
    weights = -np.diff(np.concatenate(([1.0], survival, [0.0])))
    return first, weights


def _extent(kind: LawKind, mean: float, variance: float) -> tuple[int, int]:
    """Values below and above which less than `_TAIL` lies."""
    from scipy import special

    sd = math.sqrt(variance)
    if kind == LawKind.NORMAL:
        location, scale = _cut_normal(mean, sd)
        low, high = location - 6.5 * scale, location + 6.5 * scale
    elif kind == LawKind.GAMMA:
        shape = mean * mean / variance
        high = float(special.gammainccinv(shape, _TAIL)) * variance / mean
        low = float(special.gammaincinv(shape, _TAIL)) * variance / mean
    else:
        sigma = math.sqrt(math.log1p(variance / mean**2))
        centre = math.log(mean) - sigma**2 / 2
        low, high = math.exp(centre - 6.5 * sigma), math.exp(centre + 6.5 * sigma)
    return max(math.floor(low), 0), math.ceil(high)


def _gamma(x: FloatArray, mean: float, variance: float) -> FloatArray:
    """E[min(X, x)] of the gamma law."""
    from scipy import special

    shape, scale = mean * mean / variance, variance / mean
    result: FloatArray = mean * special.gammainc(shape + 1, x / scale) + x * special.gammaincc(
        shape, x / scale
    )
    return result


def _lognormal(x: FloatArray, mean: float, variance: float) -> FloatArray:
    """E[min(X, x)] of the lognormal law."""
    from scipy import special

    sigma = math.sqrt(math.log1p(variance / mean**2))
    z = (np.log(np.maximum(x, 1e-300)) - math.log(mean) + sigma**2 / 2) / sigma
    result: FloatArray = mean * special.ndtr(z - sigma) + x * special.ndtr(-z)
    return result


def _normal(x: FloatArray, mean: float, variance: float) -> FloatArray:
    """E[min(X⁺, x)] of a normal law cut at zero, moved so that E[X⁺] is the mean asked for."""
    location, scale = _cut_normal(mean, math.sqrt(variance))
    result: FloatArray = _excess(0.0, location, scale) - _excess(x, location, scale)
    return result


def _excess(x: float | FloatArray, location: float, scale: float) -> FloatArray:
    """E[(X − x)⁺] of the normal law."""
    from scipy import special

    z = (np.asarray(x, np.float64) - location) / scale
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    result: FloatArray = scale * (density - z * special.ndtr(-z))
    return result


def _cut_normal(mean: float, sd: float) -> tuple[float, float]:
    """Location and scale of a normal X with E[X⁺] = mean (scale kept, location lowered)."""
    location = mean
    for _ in range(60):
        from scipy import special

        gap = float(_excess(0.0, location, sd)) - mean
        if abs(gap) < 1e-13 * mean:
            break
        location -= gap / max(float(special.ndtr(location / sd)), 1e-6)
    return location, sd
