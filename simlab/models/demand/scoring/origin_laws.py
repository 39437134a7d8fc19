"""The laws that are scored, as they are fitted at one origin, by row and phase of the season."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.engine.laws.phase_sizes import season_moments
from simlab.models.demand.scoring.counted import counted_laws
from simlab.models.demand.seasons.moments import (
    LEAST_FACTOR,
    SeasonSums,
    overdispersion,
    variance_and_frequency,
    without_season,
)
from simlab.models.demand.shrinkage import SizePrior, shrunk_variance


@dataclass(frozen=True, eq=False)
class OriginLaws:
    """Laws of k pairs of a row and a multiplier.

    Attributes
    ----------
    mean : (k,) float
        Units per period.
    variance : (k,) float
        Of the negative binomial; at most the mean: Poisson.
    share, size, spread : (k,) float
        Intermittent: chance of demand; mean and variance of a size.
    seen : (k,) float
        Demands behind them.
    known : (k,) float
        Periods behind them.
    start : (k + 1,) int64
        Where each pair's counted values begin.
    value, count : (c,)
        Empirical: values, ascending and distinct within a pair, and in how many of the known periods.
    """

    mean: FloatArray
    variance: FloatArray
    share: FloatArray
    size: FloatArray
    spread: FloatArray
    seen: FloatArray
    known: FloatArray
    start: IntArray
    value: IntArray
    count: FloatArray


def origin_laws(
    past: FloatArray,
    factor: FloatArray | None,
    weight: FloatArray,
    prior: SizePrior,
    row: IntArray,
    multiplier: FloatArray,
) -> OriginLaws:
    """Laws fitted to the periods known at an origin.

    Parameters
    ----------
    past : (rows, periods) float
        Demand of the known periods of each row, then zeros.
    factor : (rows, periods) float or None
        Multipliers of these periods; None: no row has a season.
    weight : (rows, periods) float
        Of the known periods, 1 where all count alike; 0 of later ones.
    prior : SizePrior
        Of the rows.
    row, multiplier : (k,)
        The pairs wanted.

    Notes
    -----
    Mean (Σx + ½)/Σm; variance shrunk, less what the season makes; see `season_moments` for how it grows with
    the multiplier.
    """
    n = weight.sum(axis=1)
    sums = _sums(past, factor, weight)
    positive = ((past > 0) * weight).sum(axis=1)
    mean = (sums.total + 0.5) / np.maximum(sums.first, LEAST_FACTOR)
    variance = shrunk_variance(n, positive, sums.total, sums.squares, prior.variation, prior.strength)
    if factor is None:
        at_one, psi, reached = variance, np.ones(n.size), n
        over = variance - mean
    else:
        left = without_season(sums, variance)
        over = overdispersion(sums, left)
        at_one, psi = variance_and_frequency(sums, left)
        growth = psi[:, None] + (1 - psi[:, None]) * factor
        reached = (weight * factor / np.maximum(growth, 1e-12)).sum(axis=1)
    plain = sums.mean()
    _, _, growth = season_moments(plain[row], at_one[row], psi[row], multiplier)
    share, part = _shares(positive, n, reached, row, multiplier, growth)
    first = ((positive + 0.5) / (n + 1) * n / np.maximum(reached, 1e-12))[row]
    size = (np.maximum(sums.total, 1.0) / np.maximum(positive, 0.5))[row] * multiplier * first / share
    square = (at_one + plain**2)[row] * multiplier * growth
    spread = np.where(positive[row] > 0, square / np.maximum(part, 1e-300) - size**2, 0.0)
    start, value, count = _counted(past, factor, weight, psi, row, multiplier, plain, at_one)
    return OriginLaws(
        mean[row] * multiplier,
        mean[row] * multiplier + over[row] * multiplier**2,
        share,
        np.maximum(size, 1.0),
        np.maximum(spread, 0.0),
        np.maximum(positive, 0.5)[row],
        n[row],
        start,
        value,
        count,
    )


def _shares(
    positive: FloatArray,
    n: FloatArray,
    reached: FloatArray,
    row: IntArray,
    multiplier: FloatArray,
    growth: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """(k,) chance of demand, never 0 or 1, and the plain share of the known periods."""
    times = (n / np.maximum(reached, 1e-12))[row] * multiplier / np.maximum(growth, 1e-12)
    share = ((positive + 0.5) / (n + 1))[row] * times
    least = 0.5 / (n[row] + 1)
    part = np.minimum((positive / n)[row] * times, 1.0)
    return np.clip(share, least * np.minimum(multiplier, 1.0) + 1e-12, 1 - least), part


def _sums(past: FloatArray, factor: FloatArray | None, weight: FloatArray) -> SeasonSums:
    n = weight.sum(axis=1)
    total, squares = (past * weight).sum(axis=1), (past**2 * weight).sum(axis=1)
    if factor is None:
        return SeasonSums(n, n, n, n, n, total, squares, total, squares)
    floor = np.maximum(factor, LEAST_FACTOR)
    return SeasonSums(
        n,
        (weight * factor).sum(axis=1),
        (weight * factor**2).sum(axis=1),
        (weight / floor).sum(axis=1),
        (weight / floor**2).sum(axis=1),
        total,
        squares,
        (weight * past * factor).sum(axis=1),
        (weight * past**2 / floor).sum(axis=1),
    )


def _counted(
    past: FloatArray,
    factor: FloatArray | None,
    weight: FloatArray,
    psi: FloatArray,
    row: IntArray,
    multiplier: FloatArray,
    mean: FloatArray,
    variance: FloatArray,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Values of every pair, and the known periods that they stand for; zeros are one of them."""
    of_row, at = np.nonzero(past > 0)
    demand, own_weight = past[of_row, at], weight[of_row, at]
    n = weight.sum(axis=1)
    length = np.bincount(of_row, minlength=n.size)
    begin = np.cumsum(length) - length
    if factor is None:
        positive = np.asarray(np.bincount(of_row, weights=own_weight, minlength=n.size), np.float64)
        return _as_seen(demand, own_weight, length, begin, np.maximum(n - positive, 0.0), row)
    growth = psi[of_row] + (1 - psi[of_row]) * factor[of_row, at]
    size = demand / np.maximum(growth, LEAST_FACTOR)
    wanted, spread, _ = season_moments(mean[row], variance[row], psi[row], multiplier)
    by_size = np.lexsort((size, of_row)) - begin[of_row]
    room = int((2 * length[row] + 1).sum())
    start, value, count = np.empty(row.size + 1, np.int64), np.empty(room, np.int64), np.empty(room)
    sizes = begin.astype(np.int64), length.astype(np.int64), size, own_weight, by_size.astype(np.int64)
    counted_laws(*sizes, row.astype(np.int64), wanted, spread, n, start, value, count)
    used = int(start[-1])
    return start, value[:used], count[:used]


def _as_seen(
    demand: FloatArray,
    weight: FloatArray,
    length: IntArray,
    begin: IntArray,
    zeros: FloatArray,
    row: IntArray,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Without a season: the values that were seen, and how often."""
    k = row.size
    ends = np.cumsum(length[row])
    table = np.repeat(np.arange(k), length[row])
    place = np.arange(table.size) + np.repeat(begin[row] - (ends - length[row]), length[row])
    tables = np.concatenate([np.arange(k), table])
    values = np.concatenate([np.zeros(k, np.int64), demand[place].astype(np.int64)])
    counts = np.concatenate([zeros[row], weight[place]])
    order = np.lexsort((values, tables))
    tables, values, counts = tables[order], values[order], counts[order]
    new = np.ones(tables.size, np.bool_)
    new[1:] = (np.diff(tables) != 0) | (np.diff(values) != 0)
    first = np.flatnonzero(new)
    counts = np.add.reduceat(counts, first) if first.size else counts
    start = np.searchsorted(tables[first], np.arange(k + 1))
    return start.astype(np.int64), values[first], counts
