"""Histories whose laws are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

WEEKS = 160
EACH = 250
START = np.datetime64("2019-01-07")


def classes(rng: np.random.Generator) -> tuple[IntArray, FloatArray, FloatArray, list[str]]:
    """(n, WEEKS) demand of four classes, true mean and variance of each item, and its class."""
    drawn, means, variances, names = [], [], [], []
    for name in ("smooth", "erratic", "intermittent", "lumpy"):
        for _ in range(EACH):
            line, mean, variance = _line(name, rng)
            drawn.append(line)
            means.append(mean)
            variances.append(variance)
            names.append(name)
    return np.array(drawn), np.array(means), np.array(variances), names


def _line(name: str, rng: np.random.Generator) -> tuple[IntArray, float, float]:
    if name in ("smooth", "erratic"):
        mean = rng.uniform(5, 25)
        variance = mean * rng.uniform(1.1, 2.0) if name == "smooth" else mean**2 * rng.uniform(0.6, 1.2)
        size = mean**2 / (variance - mean)
        return rng.negative_binomial(size, mean / variance, WEEKS), mean, variance
    share = rng.uniform(0.1, 0.5)
    sold = rng.random(WEEKS) < share
    if name == "intermittent":
        more = rng.uniform(1, 6)
        size, spread = 1 + more, more
        units = 1 + rng.poisson(more, WEEKS)
    else:
        chance = rng.uniform(0.1, 0.3)
        size, spread = 1 / chance, (1 - chance) / chance**2
        units = rng.geometric(chance, WEEKS)
    variance = share * (spread + size**2) - (share * size) ** 2
    return np.where(sold, units, 0), share * size, variance


def seasonal(rng: np.random.Generator, n: int = 120, years: int = 6) -> tuple[IntArray, FloatArray]:
    """(n, months) negative binomial demand with one season of ±60 %, and the true multipliers."""
    season = 1 + 0.6 * np.sin(2 * np.pi * np.arange(12) / 12)
    level = rng.uniform(2, 15, n)[:, None] * np.tile(season, years)
    return rng.negative_binomial(3, 3 / (3 + level)), season


def chains(rng: np.random.Generator, n: int = 60, weeks: int = 300) -> IntArray:
    """(n, weeks) demand that lasts: chance 0.1 after a week without, 0.6 after one with demand."""
    busy = np.zeros((n, weeks), np.bool_)
    for t in range(1, weeks):
        busy[:, t] = rng.random(n) < np.where(busy[:, t - 1], 0.6, 0.1)
    return np.where(busy, 1 + rng.poisson(9, (n, weeks)), 0)


def lasting(rng: np.random.Generator, n: int = 40, weeks: int = 300) -> IntArray:
    """(n, weeks) negative binomial demand whose latent normal is an AR(1) of 0.7."""
    from scipy.stats import nbinom, norm

    y = np.zeros((n, weeks))
    y[:, 0] = rng.normal(size=n)
    for t in range(1, weeks):
        y[:, t] = 0.7 * y[:, t - 1] + np.sqrt(1 - 0.49) * rng.normal(size=n)
    return nbinom.ppf(norm.cdf(y), 2.0, 0.2).astype(np.int64)


def together(
    rng: np.random.Generator, weeks: int, n: int = 150, groups: int = 5
) -> tuple[IntArray, FloatArray, FloatArray, list[str]]:
    """(n, weeks) demand under a Gaussian copula; true loadings on the market and on the item's group."""
    from scipy.stats import nbinom, norm

    own = np.random.default_rng(5)
    market, group = own.uniform(0.2, 0.6, n), own.uniform(0.1, 0.5, n)
    mean, ratio = own.uniform(0.3, 8.0, n), own.uniform(1.3, 3.0, n)
    member = np.arange(n) % groups
    y = market[:, None] * rng.normal(size=weeks) + group[:, None] * rng.normal(size=(groups, weeks))[member]
    y += np.sqrt(1 - market**2 - group**2)[:, None] * rng.normal(size=(n, weeks))
    size = (mean / (ratio - 1))[:, None]
    drawn = nbinom.ppf(norm.cdf(y), size, (1 / ratio)[:, None]).astype(np.int64)
    return drawn, market, group, [f"g{k}" for k in member.tolist()]
