"""Correlation of what demand shows, as a series in the correlation of the normal scores behind it."""

from __future__ import annotations

import numpy as np

from simlab.arrays import FloatArray

ORDERS = 30
"""Terms of the series."""
_HALVINGS = 40


def coefficients(edges: FloatArray) -> FloatArray:
    """(ORDERS,) h of the normal score that a period's demand shows, s(x) = E(y | x).

    Parameters
    ----------
    edges : (m + 1,) float
        Cumulated probabilities of the law: 0, P(X ≤ 0), …, 1.

    Notes
    -----
    For two items whose scores y, y' have correlation ρ: cov(s, s') = Σ_k h_k·h'_k·ρ^k (Mehler), with h_k =
    E(s·He_k(y)) ÷ √k!. Between the quantiles of a demand ∫ He_k·φ = He_(k−1)·φ at the lower less at the
    upper one; h₁ is the variance of s.

    References
    ----------
    Mehler (1866); Cario & Nelson (1997), Modeling and generating random vectors with arbitrary marginals.
    """
    from scipy.special import ndtri

    shares = np.diff(edges)
    q = ndtri(edges[1:-1])
    density = np.exp(-0.5 * np.minimum(q**2, 1400.0)) / np.sqrt(2 * np.pi)
    kept = shares > 0
    q = np.where(np.isfinite(q), q, 0.0)
    before, now = np.zeros_like(q), np.ones_like(q)
    shown: FloatArray = np.zeros(0)
    out = np.empty(ORDERS)
    for k in range(1, ORDERS + 1):
        ends = np.concatenate([[0.0], now * density / np.sqrt(k), [0.0]])
        part = -np.diff(ends)[kept]
        if k == 1:
            shown = part / shares[kept]
        out[k - 1] = float((shown * part).sum())
        before, now = now, (q * now - np.sqrt(k - 1.0) * before) / np.sqrt(k)
    return out


def covariance(terms: FloatArray, rho: FloatArray) -> FloatArray:
    """(n,) Σ_k terms[k − 1]·ρ^k, for terms (ORDERS, n)."""
    out = np.zeros_like(rho)
    for line in terms[::-1]:
        out = (out + line) * rho
    return np.asarray(out)


def slope(terms: FloatArray, rho: FloatArray) -> FloatArray:
    """(n,) derivative of `covariance` in ρ."""
    times = np.arange(1, terms.shape[0] + 1)[:, None] * terms
    out = np.zeros_like(rho)
    for line in times[:0:-1]:
        out = (out + line) * rho
    return np.asarray(out + times[0])


def correlation(terms: FloatArray, value: FloatArray, low: float, high: float) -> FloatArray:
    """(n,) ρ between `low` and `high` whose covariance is `value`, by halving; the nearer end outside."""
    a, b = np.full(value.shape, low), np.full(value.shape, high)
    for _ in range(_HALVINGS):
        middle = (a + b) / 2
        over = covariance(terms, middle) > value
        a, b = np.where(over, a, middle), np.where(over, middle, b)
    return np.asarray((a + b) / 2)
