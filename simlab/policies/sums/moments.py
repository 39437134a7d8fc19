"""Mean and variance of the demand of consecutive periods, for the textbook's formula."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.engine.laws.pmfs import pmfs_of_cycle
from simlab.engine.world.demand_law import LawKind
from simlab.models import marginal
from simlab.policies.sums.consecutive import Consecutive
from simlab.policies.sums.serial import series_of

if TYPE_CHECKING:
    from simlab.models import Models


_CHANCE = 2.0**32


def interval_moments(
    models: Models, consecutive: Consecutive, item: int, review_period: int
) -> tuple[float, float]:
    """Mean and variance of demand over `review_period` + L from a review on, L as the lead-time law has it.

    By the law of total variance over lead times and the reviews of a cycle.
    """
    periods, shares = models.world.lead_time.support(item)
    n = periods + review_period
    mean, variance = sum_moments(consecutive, item, int(n.max()))
    whole = float((shares * mean[n]).sum())
    return whole, float((shares * (variance[n] + (mean[n] - whole) ** 2)).sum())


def sum_moments(consecutive: Consecutive, item: int, longest: int) -> tuple[FloatArray, FloatArray]:
    """(longest + 1,) mean and variance of the demand of 0, 1, … periods from a review on.

    Notes
    -----
    Where periods are alike: Var = Σ_(i,j ≤ n) γ(|i − j|). Stationary blocks of mean length b have
    γ(k) = (1 − 1/b)^k·c(k), c the autocovariance of the series wrapped around (Politis and Romano 1994);
    chains γ(k) = (mean size)²·π·(1 − π)·λ^k, λ the chance of demand after demand less that after none.
    """
    one = consecutive.law.take(np.array([item]))
    kind = int(one.kind[0])
    if kind == LawKind.MOVING_BLOCKS:
        series, block = series_of(one)
        return _moving(series, block, consecutive.starts(item, block), longest)
    if kind not in (LawKind.STATIONARY_BLOCKS, LawKind.MARKOV):
        which, laws = pmfs_of_cycle(one, 0)
        means = np.array([_moment(first, shares, 1) for first, shares in laws])
        spreads = np.array([_moment(first, shares, 2) for first, shares in laws]) - means**2
        return _phases(means[which], spreads[which], consecutive.starts(item, which.size), longest)
    lags = np.arange(longest + 1)
    bare = marginal(one)
    mean, variance = float(bare.mean[0]), float(bare.variance[0])
    if kind == LawKind.MARKOV:
        assert one.chain is not None
        keeps = float(one.chain.after_demand[0] - one.chain.after_none[0]) / _CHANCE
        share = float(bare.weights[bare.values > 0].sum() / bare.weights.sum())
        gamma = mean**2 * (1 - share) / max(share, 1e-300) * keeps**lags
    else:
        series, block = series_of(one)
        away = series - series.mean()
        gamma = np.array([(away * np.roll(away, -k)).mean() for k in lags.tolist()]) * (1 - 1 / block) ** lags
    gamma[0] = variance
    spread = [float(n * gamma[0] + 2 * ((n - lags[1:n]) * gamma[1:n]).sum()) for n in lags.tolist()]
    return np.array(lags * mean, dtype=np.float64), np.array(spread, dtype=np.float64)


def _moment(first: int, shares: FloatArray, power: int) -> float:
    return float(((first + np.arange(shares.size)) ** power * shares).sum())


def _moving(series: IntArray, block: int, starts: IntArray, longest: int) -> tuple[FloatArray, FloatArray]:
    total, window = np.zeros(series.size), [0.0]
    for k in range(min(block, longest)):
        total = total + np.roll(series, -k)
        window.append(float(total.var()))
    n = np.arange(longest + 1)
    out = np.zeros(longest + 1)
    for left in (block - starts).tolist():
        head = np.minimum(left, n)
        full, rest = np.divmod(n - head, block)
        out += (
            np.array(window)[head] + full * window[min(block, longest)] + np.array(window)[rest]
        ) / starts.size
    return np.array(n * float(series.mean()), dtype=np.float64), out


def _phases(
    means: FloatArray, variances: FloatArray, starts: IntArray, longest: int
) -> tuple[FloatArray, FloatArray]:
    at = (starts[:, None] + np.arange(longest)) % means.size
    first = np.zeros((starts.size, longest + 1))
    spread = np.zeros((starts.size, longest + 1))
    np.cumsum(means[at], axis=1, out=first[:, 1:])
    np.cumsum(variances[at], axis=1, out=spread[:, 1:])
    mean: FloatArray = np.average(first, axis=0)
    variance: FloatArray = np.average(spread + (first - mean) ** 2, axis=0)
    return mean, variance
