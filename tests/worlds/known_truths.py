"""Histories of which the truth is known: 200 a kind, of 26 to 730 periods, and paths of the same truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

LENGTHS = (26, 52, 104, 156, 260, 365, 520, 730)
ITEMS = 25
MONTHS = (36, 48, 60, 84, 96, 108, 120, 132)
WAVE = 1 + 0.5 * np.sin(2 * np.pi * np.arange(12) / 12)


@dataclass(frozen=True, eq=False)
class Truth:
    """One catalogue.

    Attributes
    ----------
    counts : (n, periods) int64
    mean, error : (n,) float
        Units per period in the long run, and standard error of the mean of `counts`.
    draw : callable
        From a generator and a number of periods to (n, periods) of the same truth.
    period : str
    options : dict
        Of the study.
    """

    counts: np.ndarray
    mean: np.ndarray
    error: np.ndarray
    draw: Callable[[np.random.Generator, int], np.ndarray]
    period: str = "day"
    options: dict | None = None


def rates(rng: np.random.Generator, low: float = 0.003, high: float = 50.0) -> np.ndarray:
    return np.exp(rng.uniform(np.log(low), np.log(high), ITEMS))


def poisson(rng, n, rate=None, size=None) -> Truth:
    rate = rates(rng) if rate is None else rate
    size = np.ones(ITEMS, np.int64) if size is None else size

    def draw(rng, periods):
        return rng.poisson(np.repeat(rate[:, None], periods, axis=1)) * size[:, None]

    return Truth(draw(rng, n), rate * size, np.sqrt(rate * size**2 / n), draw)


def slow(rng, n) -> Truth:
    return poisson(rng, n, rate=np.maximum(rng.gamma(0.5, 0.02, ITEMS), 0.003))


def sizes(rng, n) -> Truth:
    """Compound Poisson with geometric sizes of mean 2 to 8."""
    mean_size = rng.uniform(2, 8, ITEMS)
    rate = rates(rng, high=20.0)

    def draw(rng, periods):
        orders = rng.poisson(np.repeat(rate[:, None], periods, axis=1))
        beyond = np.where(orders > 0, rng.negative_binomial(np.maximum(orders, 1), 1 / mean_size[:, None]), 0)
        return orders + beyond

    square = mean_size * (2 * mean_size - 1)  # E(size²) of geometric sizes from 1
    return Truth(draw(rng, n), rate * mean_size, np.sqrt(rate * square / n), draw)


def new_items(rng, n) -> Truth:
    """One in seven enters on a random day."""
    truth = poisson(rng, n)
    enters = np.where(rng.random(ITEMS) < 1 / 7, rng.integers(1, n - 3, ITEMS), 0)
    counts = np.where(np.arange(n) < enters[:, None], 0, truth.counts)
    error = truth.error * np.sqrt(n / (n - enters))
    return Truth(counts, truth.mean, error, truth.draw)


def closed_days(rng, n) -> Truth:
    """Nothing is sold at weekends: the days of the history are the open ones."""
    truth = poisson(rng, n)
    options = {"demand": {"weekdays": ["saturday", "sunday"]}}
    return Truth(truth.counts, truth.mean, truth.error, truth.draw, "day", options)


def seasons(rng, n) -> Truth:
    """Months with a season shared by all, that of the study's profile."""
    rate = rates(rng, low=0.3)

    def draw(rng, periods):
        return rng.poisson(rate[:, None] * WAVE[np.arange(periods) % 12])

    months = MONTHS[LENGTHS.index(n)]
    options = {"models": {"seasonality": {"profile_by": ""}}}
    error = np.sqrt(rate / months)
    return Truth(draw(rng, months), rate, error, draw, "month", options)


def rhythms(rng, n) -> Truth:
    """A demand every 4 to 12 days, a day more or less; sizes of 1 to 30."""
    every, size = rng.integers(4, 13, ITEMS), rng.integers(1, 31, ITEMS)

    def draw(rng, periods):
        out = np.zeros((ITEMS, periods), np.int64)
        for row in range(ITEMS):
            steps = every[row] + rng.integers(-1, 2, periods // 3 + 2)
            at = np.cumsum(steps) - rng.integers(0, every[row])
            out[row, at[(at >= 0) & (at < periods)]] = size[row]
        return out

    # renewal counts: n·σ²/μ³ and the random phase at both ends
    variance = n * (2 / 3) / every.astype(float) ** 3 + 1 / 6
    return Truth(draw(rng, n), size / every, size * np.sqrt(variance) / n, draw)


KINDS = {
    "every rate": poisson,
    "slow": slow,
    "sizes": sizes,
    "new items": new_items,
    "closed days": closed_days,
    "seasons": seasons,
    "rhythms": rhythms,
}
