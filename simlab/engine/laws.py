"""Weights of the demand laws in compiled code, by recursion outward from the mode.

Only + − × ÷ are used, in a fixed order, so that every CPU computes the same bits. A recursion
stops where a geometric bound on the mass beyond is below `TAIL` of the total.
"""

from __future__ import annotations

import numpy as np

from simlab.engine._jit import jit
from simlab.engine.types import FloatArray, IntArray, LawKind, WordArray

TAIL = 2.0**-34
MOST_POINTS = 1 << 20
WORDS = 4294967296.0

POISSON = int(LawKind.POISSON)
NEGATIVE_BINOMIAL = int(LawKind.NEGATIVE_BINOMIAL)
GEOMETRIC = int(LawKind.GEOMETRIC)
BINOMIAL = int(LawKind.BINOMIAL)
STUTTERING_POISSON = int(LawKind.STUTTERING_POISSON)
_HUGE = 2.0**500


@jit
def _ratio(a: float, b: float, c: float, k: float) -> float:
    """P(k+1)/P(k) of the Panjer class: (a + b·k)·c/(k + 1)."""
    return (a + b * k) * c / (k + 1.0)


@jit
def recursion(a: float, b: float, c: float, mode: int) -> tuple[int, FloatArray]:
    """Unnormalised weights around the mode of the law with P(k+1)/P(k) = (a + b·k)·c/(k+1).

    Poisson: a = mean, b = 0, c = 1. Negative binomial: a = r, b = 1, c = 1 − p. Binomial of n
    trials: a = n, b = −1, c = p/(1 − p).

    Returns
    -------
    first : int
        Value of the first weight; too many points give −1.
    weights : (n,) float
    """
    limit = max(b * c, 0.0)
    above = np.empty(64)
    n_above, total, weight, k = 0, 1.0, 1.0, mode
    while True:
        ratio = _ratio(a, b, c, float(k))
        if ratio <= 0.0:
            break
        bound = max(ratio, limit)
        if bound < 1.0 and weight * bound <= TAIL * total * (1.0 - bound):
            break
        weight *= ratio
        k += 1
        if n_above == above.size:
            if n_above >= MOST_POINTS:
                return -1, above
            larger = np.empty(2 * n_above)
            larger[:n_above] = above
            above = larger
        above[n_above] = weight
        n_above += 1
        total += weight
    below = np.empty(mode)
    n_below, weight, k = 0, 1.0, mode
    while k > 0:
        ratio = 1.0 / _ratio(a, b, c, float(k - 1))
        if ratio < 1.0 and weight * ratio <= TAIL * total * (1.0 - ratio):
            break
        weight *= ratio
        k -= 1
        below[n_below] = weight
        n_below += 1
        total += weight
    weights = np.empty(n_below + 1 + n_above)
    for i in range(n_below):
        weights[i] = below[n_below - 1 - i]
    weights[n_below] = 1.0
    for i in range(n_above):
        weights[n_below + 1 + i] = above[i]
    return k, weights


@jit
def stuttering(mean: float, variance: float) -> tuple[int, FloatArray]:
    """Weights of a Poisson number of geometric sizes 1, 2, … (Pólya–Aeppli), from 0 upward.

    Recursion n·P(n) = (2ρ(n−1) + λ(1−ρ))·P(n−1) − ρ²(n−2)·P(n−2), with ρ from
    variance/mean = (1+ρ)/(1−ρ) and λ = mean·(1−ρ).

    References
    ----------
    Evans (1953), Experimental evidence concerning contagious distributions in ecology, eq. for
    the Pólya–Aeppli law; Panjer (1981), Recursive evaluation of a family of compound distributions.
    """
    rho = (variance - mean) / (variance + mean)
    rate = mean * (1.0 - rho)
    weights = np.empty(256)
    weights[0] = 1.0
    total, n = 1.0, 1
    while True:
        weight = (2.0 * rho * (n - 1) + rate * (1.0 - rho)) * weights[n - 1]
        if n >= 2:
            weight -= rho * rho * (n - 2) * weights[n - 2]
        weight = max(weight / n, 0.0)
        if weight > _HUGE:
            for i in range(n):
                weights[i] /= _HUGE
            weight /= _HUGE
            total /= _HUGE
        if n > mean and weight <= TAIL * total * (1.0 - rho) * 0.25:
            bound = (2.0 * rho * n + rate * (1.0 - rho)) / (n + 1.0)
            if bound < 1.0 and weight * bound <= TAIL * total * (1.0 - bound):
                break
            if weight * n <= TAIL * total * (1.0 - rho) * 0.01:
                break
        if n == weights.size:
            if n >= MOST_POINTS:
                return -1, weights
            larger = np.empty(2 * n)
            larger[:n] = weights
            weights = larger
        weights[n] = weight
        total += weight
        n += 1
    return 0, weights[:n].copy()


@jit
def law_weights(kind: int, mean: float, variance: float) -> tuple[int, FloatArray]:
    """First value and unnormalised weights of one parametric law on the integers ≥ 0."""
    if mean <= 0.0:
        return 0, np.ones(1)
    if kind == STUTTERING_POISSON and variance > mean:
        return stuttering(mean, variance)
    if kind == GEOMETRIC:
        return recursion(1.0, 1.0, mean / (1.0 + mean), 0)
    if kind == NEGATIVE_BINOMIAL and variance > mean:
        spread = variance - mean
        size = mean * mean / spread
        share = spread / variance
        mode = int((size - 1.0) * share / (1.0 - share)) if size > 1.0 else 0
        return recursion(size, 1.0, share, mode)
    if kind == BINOMIAL and variance < mean:
        trials = max(np.floor(mean * mean / (mean - variance) + 0.5), np.ceil(mean))
        chance = mean / trials
        if chance >= 1.0:
            return int(trials), np.ones(1)
        return recursion(trials, -1.0, chance / (1.0 - chance), int((trials + 1.0) * chance))
    return recursion(mean, 0.0, 1.0, int(mean))


@jit
def to_thresholds(first: int, weights: FloatArray) -> tuple[int, WordArray]:
    """Cumulated weights as 32-bit thresholds; values that no word can draw are dropped.

    Returns
    -------
    first : int
        Smallest value that can be drawn.
    thresholds : (n,) uint32
        Value ``first + i`` is drawn by words in [thresholds[i−1], thresholds[i]); the last
        threshold stands for 2**32 and is stored as 2**32 − 1.
    """
    total = 0.0
    for weight in weights:
        total += weight
    scale = WORDS / total
    out = np.empty(weights.size, np.uint32)
    n, running, skipped = 0, 0.0, 0
    for weight in weights:
        running += weight
        threshold = np.floor(running * scale + 0.5)
        if threshold >= WORDS:
            break
        if n == 0 and threshold == 0.0:
            skipped += 1
            continue
        out[n] = np.uint32(np.uint64(threshold))
        n += 1
    if n == weights.size - skipped:
        n -= 1
    out[n] = np.uint32(0xFFFFFFFF)
    return first + skipped, out[: n + 1].copy()


@jit
def counted_thresholds(weights: IntArray) -> WordArray:
    """Thresholds of an empirical law: exact integer shares of 2**32 (sum of weights < 2**31)."""
    total = weights.sum()
    out = np.empty(weights.size, np.uint32)
    running = np.int64(0)
    for i in range(weights.size - 1):
        running += weights[i]
        out[i] = np.uint32((running << 32) // total) if running < total else np.uint32(0xFFFFFFFF)
    out[weights.size - 1] = np.uint32(0xFFFFFFFF)
    return out
