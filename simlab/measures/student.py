"""Quantiles of Student's t and of the beta law without scipy, so that importing stays quick."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

_TINY = 1e-300
_HALVINGS = 200
_ENOUGH_HALVINGS = 42


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function I_x(a, b), 0 ≤ x ≤ 1.

    Notes
    -----
    Continued fraction by Lentz's method, about 1e-14 relative.

    References
    ----------
    Press et al. (2007), Numerical Recipes, 3rd ed., section 6.4.
    """
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - incomplete_beta(b, a, 1.0 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) * _fraction(a, b, x) / a


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, 1000):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        for term in (even, odd):
            d = 1.0 / _away_from_zero(1.0 + term * d)
            c = _away_from_zero(1.0 + term / c)
            value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return value


def _away_from_zero(x: float) -> float:
    return x if abs(x) > _TINY else _TINY


@lru_cache(maxsize=4096)
def beta_quantile(p: float, a: float, b: float) -> float:
    """Point x with I_x(a, b) = p."""
    return _bisect(lambda x: incomplete_beta(a, b, x), p, 0.0, 1.0)


@lru_cache(maxsize=4096)
def t_quantile(p: float, df: float) -> float:
    """Quantile of Student's t with `df` degrees of freedom, 0 < p < 1.

    Parameters
    ----------
    p : float
        Probability to the left; 0.975 gives the half-width factor of a 95 % interval.
    df : float
        Degrees of freedom, > 0.
    """
    if p == 0.5:
        return 0.0
    if p < 0.5:
        return -t_quantile(1.0 - p, df)
    # P(T ≤ t) = 1 − I_{df/(df+t²)}(df/2, 1/2) / 2
    x = beta_quantile(2.0 * (1.0 - p), df / 2.0, 0.5)
    return math.sqrt(df * (1.0 - x) / x)


@lru_cache(maxsize=4096)
def binomial_upper(successes: int, n: int, level: float) -> float:
    """Clopper–Pearson upper confidence bound of a probability seen `successes` times in n."""
    if successes >= n:
        return 1.0
    return beta_quantile(level, successes + 1.0, float(n - successes))


@lru_cache(maxsize=64)
def binomial_uppers(n: int, level: float) -> npt.NDArray[np.float64]:
    """(n + 1,) `binomial_upper` of every number of successes at once, within 1e-12."""
    j = np.arange(n + 1)
    log_choose = np.array([math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in j])
    below = np.tri(n + 1, dtype=np.bool_)
    low, high = np.zeros(n + 1), np.ones(n + 1)
    for _ in range(_ENOUGH_HALVINGS):
        middle = 0.5 * (low + high)
        log_p = log_choose + j * np.log(middle)[:, None] + (n - j) * np.log1p(-middle)[:, None]
        too_low = np.where(below, np.exp(log_p), 0.0).sum(axis=1) > 1.0 - level
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    upper = 0.5 * (low + high)
    upper[n] = 1.0
    upper.setflags(write=False)
    return upper


def _bisect(cdf: Callable[[float], float], p: float, low: float, high: float) -> float:
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if cdf(middle) < p:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
