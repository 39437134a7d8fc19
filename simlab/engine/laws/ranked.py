"""The continuous ranked probability score of whole-number laws, summed over every integer.

A law is a mixture: counted values, and one parametric part built by recursion from its mode outward. Between
two of its points F is constant, so that sums over integers are sums over points; below the first one and
beyond the last one F is 0 and 1, and what an observation adds there is closed: its distance.
"""

from __future__ import annotations

import numpy as np

from simlab.arrays import CodeArray, FloatArray, IntArray
from simlab.engine._jit import jit
from simlab.engine.laws.weights import law_weights


@jit
def _ranked_sums(places: IntArray, weights: FloatArray, value: IntArray, out: FloatArray) -> None:
    """Σ_k (F(k) − 1{k ≥ y})² over all integers k, for every y of `value`.

    Parameters
    ----------
    places, weights : (p,)
        Points of the law, ascending, and their weights (unnormalised).
    """
    p = places.size
    upto = np.empty(p)
    running = 0.0
    for i in range(p):
        running += weights[i]
        upto[i] = running
    beyond = np.empty(p)  # 1 − F from the upper tail, so that nothing cancels
    running = 0.0
    for i in range(p - 1, -1, -1):
        beyond[i] = running
        running += weights[i]
    for i in range(p):
        upto[i] /= running
        beyond[i] /= running
    below = np.empty(p)  # Σ F² over the integers before point i
    above = np.empty(p)  # Σ (1 − F)² over the integers from point i on
    below[0], above[p - 1] = 0.0, 0.0
    for i in range(1, p):
        below[i] = below[i - 1] + upto[i - 1] * upto[i - 1] * (places[i] - places[i - 1])
    for i in range(p - 2, -1, -1):
        above[i] = above[i + 1] + beyond[i] * beyond[i] * (places[i + 1] - places[i])
    for j in range(value.size):
        y = value[j]
        if y < places[0]:
            out[j] = above[0] + (places[0] - y)
            continue
        i = np.searchsorted(places, y, side="right") - 1
        further = y - places[i]
        out[j] = below[i] + above[i] + (upto[i] * upto[i] - beyond[i] * beyond[i]) * further


@jit
def ranked_scores(
    kind: CodeArray,
    mean: FloatArray,
    variance: FloatArray,
    shift: IntArray,
    share: FloatArray,
    start: IntArray,
    places: IntArray,
    weights: FloatArray,
    begin: IntArray,
    value: IntArray,
    out: FloatArray,
) -> None:
    """Score of many observations under many laws.

    Parameters
    ----------
    kind, mean, variance : (m,)
        Parametric part of each law: its `LawKind` (Poisson, negative binomial, geometric, binomial) and
        moments.
    shift : (m,) int64
        Added to the parametric part: the least value that it gives.
    share : (m,) float
        Weight of the parametric part, beside the counted values' own; 0: none.
    start : (m + 1,) int64
        Where each law's counted values begin in `places` and `weights`.
    places, weights : (c,)
        Counted values, ascending within a law, and their weights ≥ 0.
    begin : (m + 1,) int64
        Where each law's observations begin in `value`.
    value : (v,) int64
        What happened, ≥ 0.
    out : (v,) float
        Filled; NaN where the parametric part spreads over too many values (`MOST_POINTS`).

    References
    ----------
    Gneiting & Raftery (2007), eq. 20, of a law on whole numbers.
    """
    for law in range(kind.size):
        own = slice(begin[law], begin[law + 1])
        if begin[law] == begin[law + 1]:
            continue
        first, part = 0, np.empty(0)
        if share[law] > 0.0:
            first, part = law_weights(kind[law], mean[law], variance[law])
            if first < 0:
                out[own] = np.nan
                continue
            total = 0.0
            for k in range(part.size):
                total += part[k]
            for k in range(part.size):
                part[k] *= share[law] / total
            first += shift[law]
        i, end = start[law], start[law + 1]
        at = np.empty(end - i + part.size, np.int64)
        weight = np.empty(at.size)
        n, k = 0, 0
        while i < end or k < part.size:
            counted = i < end and (k == part.size or places[i] <= first + k)
            here = places[i] if counted else first + k
            if n > 0 and at[n - 1] == here:
                weight[n - 1] += weights[i] if counted else part[k]
            else:
                at[n] = here
                weight[n] = weights[i] if counted else part[k]
                n += 1
            if counted:
                i += 1
            else:
                k += 1
        _ranked_sums(at[:n], weight[:n], value[own], out[own])
