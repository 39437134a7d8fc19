"""Weights of the demand laws in compiled code, by recursion outward from the mode.

Only + − × ÷ are used, in a fixed order, so that every CPU computes the same bits. A recursion
stops where a geometric bound on the mass beyond is below `TAIL` of the total.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simlab.arrays import FloatArray, IntArray, WordArray
from simlab.engine._jit import jit, kernel
from simlab.register.laws import LawKind

TAIL = 2.0**-34
MOST_POINTS = 1 << 20
WORDS = 4294967296.0
NEGATIVE_BINOMIAL = int(LawKind.NEGATIVE_BINOMIAL)
GEOMETRIC = int(LawKind.GEOMETRIC)
BINOMIAL = int(LawKind.BINOMIAL)
_HUGE = 2.0**500
MOST_WEIGHT = 1 << 31
BAD_VALUES, BAD_WEIGHTS = 1, 2


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
            for i in range(n_above):
                larger[i] = above[i]
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
            for i in range(n):
                larger[i] = weights[i]
            weights = larger
        weights[n] = weight
        total += weight
        n += 1
    return 0, weights[:n]


ONE_BY_ONE: dict[LawKind, Callable[[float, float], tuple[int, FloatArray]]] = {
    LawKind.STUTTERING_POISSON: stuttering,
}
"""Laws whose weights are made item by item, from mean > 0 and variance: first value (−1: too many values)
and unnormalised weights of it and what follows. Those of `law_weights`, and gamma, lognormal and normal
laws (`continuous`), are made for all items in one compiled call."""


@jit
def law_weights(kind: int, mean: float, variance: float) -> tuple[int, FloatArray]:
    """First value and unnormalised weights of a Poisson, negative binomial, geometric or binomial law."""
    if mean <= 0.0:
        return 0, np.ones(1)
    a, b, c, mode = mean, 0.0, 1.0, int(mean)
    if kind == GEOMETRIC:
        a, b, c, mode = 1.0, 1.0, mean / (1.0 + mean), 0
    elif kind == NEGATIVE_BINOMIAL and variance > mean:
        a, b, c = mean * mean / (variance - mean), 1.0, (variance - mean) / variance
        mode = int((a - 1.0) * c / (1.0 - c)) if a > 1.0 else 0
    elif kind == BINOMIAL and variance < mean:
        trials = max(np.floor(mean * mean / (mean - variance) + 0.5), np.ceil(mean))
        chance = mean / trials
        if chance >= 1.0:
            return int(trials), np.ones(1)
        a, b, c, mode = trials, -1.0, chance / (1.0 - chance), int((trials + 1.0) * chance)
    return recursion(a, b, c, mode)


@jit
def to_thresholds(first: int, weights: FloatArray, out: WordArray) -> tuple[int, int]:
    """Cumulated weights as 32-bit thresholds; values that no word can draw are dropped.

    Parameters
    ----------
    first : int
        Value of the first weight.
    out : (≥ weights.size,) uint32
        Value ``first + i`` is drawn by words in [out[i−1], out[i]); the last threshold stands for
        2**32 and is stored as 2**32 − 1.

    Returns
    -------
    first, n : int
        Smallest value that can be drawn, and the number of values.
    """
    total = 0.0
    for i in range(weights.size):
        total += weights[i]
    scale = WORDS / total
    n, running, skipped = 0, 0.0, 0
    for i in range(weights.size):
        running += weights[i]
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
    return first + skipped, n + 1


@kernel
def first_bad_counts(
    start: IntArray, length: IntArray, values: IntArray, weights: IntArray
) -> tuple[int, int]:
    """First item whose counted values make no sense, and why; −1 and 0 if all do."""
    for item in range(start.size):
        total, begin, end = 0, start[item], start[item] + length[item]
        for i in range(begin, end):
            if values[i] < 0 or (i > begin and values[i] <= values[i - 1]):
                return item, BAD_VALUES
        for i in range(begin, end):
            if weights[i] < 0 or weights[i] >= MOST_WEIGHT:
                return item, BAD_WEIGHTS
            total += weights[i]
        if end > begin and (total <= 0 or total >= MOST_WEIGHT or weights[end - 1] == 0):
            return item, BAD_WEIGHTS
    return -1, 0


@jit
def fill_tables(
    kind: IntArray, mean: FloatArray, variance: FloatArray, first: IntArray, length: IntArray
) -> WordArray:
    """Thresholds of many parametric laws, one after the other.

    Parameters
    ----------
    kind, mean, variance : (n,)
        The laws; an item whose `length` is not −1 is passed over.
    first, length : (n,) int64
        Filled; length 0 where a law spreads over more than `MOST_POINTS` values.

    Returns
    -------
    (m,) uint32
    """
    out = np.empty(256, np.uint32)
    part = np.empty(256, np.uint32)
    used = 0
    for item in range(kind.size):
        if length[item] != -1:
            continue
        value, weights = law_weights(kind[item], mean[item], variance[item])
        if value < 0:
            length[item] = 0
            continue
        if weights.size > part.size:
            part = np.empty(2 * weights.size, np.uint32)
        first[item], n = to_thresholds(value, weights, part)
        length[item] = n
        if used + n > out.size:
            larger = np.empty(2 * (used + n), np.uint32)
            for i in range(used):
                larger[i] = out[i]
            out = larger
        for i in range(n):
            out[used + i] = part[i]
        used += n
    return out[:used]
