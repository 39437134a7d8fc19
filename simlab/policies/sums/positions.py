"""Where reviews leave the inventory position, counted from the lowest position up."""

from __future__ import annotations

import numpy as np

from simlab.arrays import FloatArray, IntArray

_SERIES = 1 << 22  # numbers in work at a time
_LEAST = 1e-12  # chance of any demand in a review period


def renewal_weights(review_demand: FloatArray, gap: IntArray, pack: IntArray) -> FloatArray:
    """Shares of reviews that leave the position of (R,s,S) at s + 1, s + 2, ….

    Parameters
    ----------
    review_demand : (rows, m) float
        Probabilities of the demand of a review period, 0, 1, … lattice steps; that of 0 below 1.
    gap : (rows,) int64
        S − s, lattice steps, ≥ 1.
    pack : (rows,) int64
        Orders are rounded up to multiples of it, ≥ 1: the position after an order is then taken as
        uniform on S … S + pack − 1.

    Returns
    -------
    (rows, max(gap + pack) − 1) float
        Each row sums to 1.

    Notes
    -----
    Reviews between two orders are a renewal process: the expected number that find j units taken since
    the order is m(j) = Σ_n P(n reviews take j), the power series 1 / (1 − Σ p(i)·xⁱ) (Zheng & Federgruen
    1991, equation 3).
    """
    length = gap + pack - 1
    out = np.zeros((gap.size, int(length.max())))
    order = np.argsort(length, kind="stable")
    first = 0
    while first < order.size:
        last = first + 1
        while last < order.size and (last + 1 - first) * int(length[order[last]]) <= _SERIES:
            last += 1
        rows = order[first:last]
        n = int(length[rows].max())
        visits = np.zeros((rows.size, n + 1))
        np.cumsum(renewal_density(review_demand[rows], n), axis=1, out=visits[:, 1:])
        taken = (gap[rows] - 1)[:, None] - np.arange(n)
        upper = np.clip(taken + pack[rows][:, None], 0, n)
        lower = np.clip(taken, 0, n)
        found = np.take_along_axis(visits, upper, axis=1) - np.take_along_axis(visits, lower, axis=1)
        out[rows, :n] = found / found.sum(axis=1, keepdims=True)
        first = last
    return out


def renewal_density(probabilities: FloatArray, n: int) -> FloatArray:
    """(rows, n) first terms of 1 / (1 − Σ p(i)·xⁱ), by Newton's iteration on power series."""
    series = np.zeros((probabilities.shape[0], n))
    shown = min(n, probabilities.shape[1])
    series[:, :shown] = -probabilities[:, :shown]
    series[:, 0] = np.maximum(series[:, 0] + 1.0, _LEAST)
    out = 1.0 / series[:, :1]
    while out.shape[1] < n:
        have = min(2 * out.shape[1], n)
        size = 1 << (2 * have - 1).bit_length()
        known = np.fft.rfft(out, size)
        rest = -np.fft.irfft(np.fft.rfft(series[:, :have], size) * known, size)[:, :have]
        rest[:, 0] += 2.0
        out = np.fft.irfft(np.fft.rfft(rest, size) * known, size)[:, :have]
    return np.asarray(np.maximum(out, 0.0))


def averaged_over(curve: FloatArray, weights: FloatArray) -> FloatArray:
    """(rows, m) Σ_i weights[:, i]·curve[:, x + i] for every x; the curve is 0 beyond its end."""
    m = curve.shape[1]
    used = weights[:, :m]
    size = 1 << (m + used.shape[1] - 1).bit_length()
    both = np.fft.rfft(curve, size) * np.conj(np.fft.rfft(used, size))
    return np.asarray(np.fft.irfft(both, size)[:, :m])
