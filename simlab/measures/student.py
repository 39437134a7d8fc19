"""Quantiles of Student's t and bounds of binomial probabilities; scipy comes when first needed."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from simlab.arrays import FloatArray


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
    from scipy.special import stdtrit

    return 0.0 if p == 0.5 else float(stdtrit(df, p))


def binomial_upper(successes: int, n: int, level: float) -> float:
    """Clopper–Pearson upper confidence bound of a probability seen `successes` times in n."""
    return 1.0 if successes >= n else float(binomial_uppers(n, level)[successes])


@lru_cache(maxsize=64)
def binomial_uppers(n: int, level: float) -> FloatArray:
    """(n + 1,) `binomial_upper` of every number of successes at once."""
    from scipy.special import betaincinv

    seen = np.arange(n, dtype=np.float64)
    upper = np.append(betaincinv(seen + 1.0, n - seen, level), 1.0)
    upper.setflags(write=False)
    return upper
