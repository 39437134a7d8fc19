"""p-values and the guard against finding something because one looked often."""

from __future__ import annotations

import hashlib

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray, KeyArray


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

    References
    ----------
    Mann & Whitney (1947); the variance with ties: Lehmann (1975), Nonparametrics, eq. (1.27).
    """
    from scipy.special import ndtr  # the test of scipy.stats itself takes a second to import

    both = np.concatenate([older, newer])
    if older.size == 0 or newer.size == 0 or np.ptp(both) == 0:
        return float("nan")
    _, code, ties = np.unique(both, return_inverse=True, return_counts=True)
    rank = (np.cumsum(ties) - (ties - 1) / 2)[code]
    n, m, every = older.size, newer.size, both.size
    below = float(rank[:n].sum()) - n * (n + 1) / 2
    tied = float((ties.astype(np.float64) ** 3 - ties).sum()) / (every * (every - 1))
    spread = np.sqrt(n * m / 12 * (every + 1 - tied))
    return float(np.clip(2 * ndtr(-(max(below, n * m - below) - n * m / 2) / spread), 0.0, 1.0))


def kruskal_p(values: FloatArray, group: IntArray) -> float:
    """p-value of the Kruskal–Wallis test that all groups are alike, with ties, χ² approximation.

    Parameters
    ----------
    values : (n,) float
    group : (n,) int64
        0 … k − 1; groups without values do not count. NaN with fewer than two groups, or where all
        values are equal.

    References
    ----------
    Kruskal & Wallis (1952), Use of ranks in one-criterion variance analysis, eq. (1.4).
    """
    from scipy.special import chdtrc  # the test of scipy.stats itself takes a second to import

    groups = [values[group == code] for code in np.unique(group)]
    if len(groups) < 2 or np.ptp(values) == 0:
        return float("nan")
    sizes, every = [one.size for one in groups], values.size
    _, code, ties = np.unique(np.concatenate(groups), return_inverse=True, return_counts=True)
    rank = (np.cumsum(ties) - (ties - 1) / 2)[code]
    shares = [part.sum() ** 2 / part.size for part in np.split(rank, np.cumsum(sizes)[:-1])]
    tied = 1 - float((ties.astype(np.float64) ** 3 - ties).sum()) / (every**3 - every)
    statistic = 12.0 / (every * (every + 1)) * sum(shares) - 3 * (every + 1)
    return float(chdtrc(len(groups) - 1, statistic / tied))


def f_p(ratio: float, above: int, below: int) -> float:
    """Upper-tail p-value of an F statistic."""
    from scipy.special import fdtrc

    return float(fdtrc(above, below, ratio))


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


_STEP, _FIRST, SECOND = (
    np.uint64(one) for one in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)


def start_of(seed: int, number: int, purpose: int) -> int:
    """Where the stream of a purpose begins in one draw of the parameters."""
    text = f"parameters:{seed}:{number}:{purpose}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


def uniform_of(keys: KeyArray, start: int | KeyArray) -> FloatArray:
    """(…, m) numbers inside (0, 1): SplitMix64 of key and start, the upper 53 bits (Steele et al. 2014).

    Parameters
    ----------
    keys : (m,) uint64
    start : int or (k, 1) uint64
    """
    words = mixed(mixed(keys ^ np.asarray(start, np.uint64)) + _STEP)
    return np.asarray(((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53)


def mixed(x: KeyArray) -> KeyArray:
    """SplitMix64's finaliser."""
    x = (x ^ (x >> np.uint64(30))) * _FIRST
    x = (x ^ (x >> np.uint64(27))) * SECOND
    return np.asarray(x ^ (x >> np.uint64(31)))


def gamma_of(shape: FloatArray, u: FloatArray) -> FloatArray:
    """Gamma variates of mean 1; Wilson & Hilferty's cube far from the origin, where it is exact enough."""
    from scipy.special import gammaincinv, ndtri

    out = np.empty(shape.size)
    single, large = shape == 1, shape > 200
    out[single] = -np.log1p(-u[single])
    a = shape[large]
    out[large] = np.maximum(1 - 1 / (9 * a) + ndtri(u[large]) / np.sqrt(9 * a), 0.0) ** 3
    rest = ~single & ~large
    out[rest] = gammaincinv(shape[rest], u[rest]) / shape[rest]
    return out


def beta_of(a: FloatArray, b: FloatArray, u: FloatArray) -> FloatArray:
    """Beta variates; without a failure the share is 1."""
    from scipy.special import betaincinv

    out = np.ones(a.size)
    some = b > 0
    out[some] = np.maximum(betaincinv(a[some], b[some], u[some]), 1e-9)
    return out


def normal_of(u: FloatArray) -> FloatArray:
    """Standard normal variates."""
    from scipy.special import ndtri

    return np.asarray(ndtri(u))


_TEST_LEVEL = 0.05  # two-sided


def dispersion_bounds(n: IntArray) -> tuple[FloatArray, FloatArray]:
    """Central 95 % range of variance/mean over n periods of Poisson demand.

    Notes
    -----
    (n − 1)·variance/mean is χ² with n − 1 degrees of freedom (Fisher 1950, The significance of
    deviations from expectation in a Poisson series).
    """
    from scipy.special import chdtri

    distinct, place = np.unique(np.maximum(n - 1, 1), return_inverse=True)
    freedom = distinct.astype(np.float64)
    low = chdtri(freedom, 1 - _TEST_LEVEL / 2) / freedom
    high = chdtri(freedom, _TEST_LEVEL / 2) / freedom
    return np.asarray(low[place]), np.asarray(high[place])
