"""p-values and the guard against finding something because one looked often."""

from __future__ import annotations

import numpy as np

from simlab.engine.types import FloatArray, IntArray
from simlab.models.calendar import BoolArray


def normal_p(z: FloatArray) -> FloatArray:
    """(n,) two-sided p-value of a standard normal statistic; NaN stays."""
    from scipy.special import ndtr

    return np.asarray(2 * ndtr(-np.abs(z)))


def chi_square_p(statistic: FloatArray, freedom: IntArray) -> FloatArray:
    """(n,) upper-tail p-value of a χ² statistic; NaN stays."""
    from scipy.special import chdtrc

    return np.asarray(chdtrc(freedom.astype(np.float64), statistic))


def benjamini_hochberg(p: FloatArray, false_share: float) -> BoolArray:
    """(n,) which of the tests may be believed if this share of the believed ones may be false.

    Parameters
    ----------
    p : (n,) float
        p-values; NaN is no test.
    false_share : float
        Expected share of false discoveries allowed.

    References
    ----------
    Benjamini & Hochberg (1995), Controlling the false discovery rate.
    """
    out = np.zeros(p.size, dtype=np.bool_)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    passed = np.flatnonzero(p[order] <= false_share * np.arange(1, order.size + 1) / order.size)
    if passed.size:
        out[order[: passed[-1] + 1]] = True
    return out


def rank_sum_p(older: FloatArray, newer: FloatArray) -> float:
    """Two-sided p-value of the Mann–Whitney test with ties, normal approximation.

    NaN where either sample is empty or all values are equal.
    """
    m, n = older.size, newer.size
    values, code, count = np.unique(np.concatenate([older, newer]), return_inverse=True, return_counts=True)
    if m == 0 or n == 0 or values.size == 1:
        return float("nan")
    rank = np.cumsum(count) - (count - 1) / 2
    statistic = rank[code[m:]].sum() - n * (m + n + 1) / 2
    ties = float((count.astype(np.float64) ** 3 - count).sum())
    total = m + n
    variance = m * n / 12 * (total + 1 - ties / (total * (total - 1)))
    return float(normal_p(np.array([statistic / np.sqrt(variance)]))[0])


def kruskal_p(values: FloatArray, group: IntArray) -> float:
    """p-value of the Kruskal–Wallis test that all groups are alike, with ties, χ² approximation.

    Parameters
    ----------
    values : (n,) float
    group : (n,) int64
        0 … k − 1; groups without values do not count. NaN with fewer than two groups, or where all
        values are equal.
    """
    n = values.size
    distinct, code, count = np.unique(values, return_inverse=True, return_counts=True)
    size = np.bincount(group)
    if distinct.size < 2 or (size > 0).sum() < 2:
        return float("nan")
    rank = (np.cumsum(count) - (count - 1) / 2)[code]
    total = np.bincount(group, weights=rank)[size > 0]
    size = size[size > 0]
    statistic = 12 / (n * (n + 1)) * (total**2 / size).sum() - 3 * (n + 1)
    ties = float((count.astype(np.float64) ** 3 - count).sum()) / (float(n) ** 3 - n)
    return float(chi_square_p(np.array([statistic / (1 - ties)]), np.array([size.size - 1]))[0])


def f_p(ratio: float, above: int, below: int) -> float:
    """Upper-tail p-value of an F statistic."""
    from scipy.special import fdtrc

    return float(fdtrc(above, below, ratio))
