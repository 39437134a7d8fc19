"""Mean and variance of the demand of consecutive periods, for the textbook's formula."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.engine.world.demand_law import LawKind
from simlab.models import in_chunks, marginal
from simlab.policies.sums.consecutive import Consecutive
from simlab.policies.sums.serial import series_of

if TYPE_CHECKING:
    from simlab.models import Models


_CHANCE = 2.0**32


def interval_moments(
    models: Models, consecutive: Consecutive, rows: IntArray, review_period: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of demand over `review_period` + L from a review on, L as the lead-time law has it.

    Parameters
    ----------
    rows : (m,) int64
        Items.
    review_period : (m,) int64
        Periods.

    Returns
    -------
    mean, variance : (m,) float
        By the law of total variance over lead times and the reviews of a cycle.
    """
    lengths = [models.world.lead_time.support(item) for item in rows.tolist()]
    lengths = [(n + more, shares) for (n, shares), more in zip(lengths, review_period.tolist(), strict=True)]
    longest = np.array([int(n.max()) for n, _ in lengths], np.int64)
    out, spread = np.zeros(rows.size), np.zeros(rows.size)
    for at, (mean, variance) in enumerate(sum_moments(consecutive, rows, longest)):
        n, shares = lengths[at]
        whole = out[at] = float((shares * mean[n]).sum())
        spread[at] = float((shares * (variance[n] + (mean[n] - whole) ** 2)).sum())
    return out, spread


def sum_moments(
    consecutive: Consecutive, rows: IntArray, longest: IntArray
) -> list[tuple[FloatArray, FloatArray]]:
    """Of every row: (longest + 1,) mean and variance of the demand of 0, 1, … periods from a review on."""
    found: dict[int, tuple[FloatArray, FloatArray]] = {}
    serial = consecutive.in_series[rows]
    for at in np.flatnonzero(serial).tolist():
        found[at] = _in_series(consecutive, int(rows[at]), int(longest[at]))
    by_phase = np.flatnonzero(~serial)
    for places, laws in in_chunks(consecutive.law, rows[by_phase]):
        for place, at in enumerate(by_phase[places].tolist()):
            law, value, share = laws.of(place)
            means = np.asarray(np.bincount(law, weights=share * value), np.float64)
            squares = np.asarray(np.bincount(law, weights=share * value.astype(np.float64) ** 2), np.float64)
            which = consecutive.by_review(int(rows[at]), laws.which[place])
            found[at] = _phases(means[which], (squares - means**2)[which], int(longest[at]))
    return [found[at] for at in range(rows.size)]


def _in_series(consecutive: Consecutive, item: int, longest: int) -> tuple[FloatArray, FloatArray]:
    """`sum_moments` of blocks of a series and of chains.

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


def _phases(means: FloatArray, variances: FloatArray, longest: int) -> tuple[FloatArray, FloatArray]:
    """From those of single periods, (reviews, gap) from each review of a cycle up to the next."""
    reviews, gap = means.shape
    first = np.zeros((reviews, longest + 1))
    spread = np.zeros((reviews, longest + 1))
    at = (gap * np.arange(reviews)[:, None] + np.arange(longest)) % means.size
    np.cumsum(means.ravel()[at], axis=1, out=first[:, 1:])
    np.cumsum(variances.ravel()[at], axis=1, out=spread[:, 1:])
    mean: FloatArray = np.average(first, axis=0)
    variance: FloatArray = np.average(spread + (first - mean) ** 2, axis=0)
    return mean, variance
