"""Intermittent and empirical laws at multiplier 1: every phase keeps the history's mean and variance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.engine.laws.phase_sizes import counted_at, possible_shares
from simlab.engine.world.demand_law import DemandLaw, LawKind, Seasons
from simlab.models.demand.seasons.moments import (
    LEAST_FACTOR,
    SeasonSums,
    variance_and_frequency,
    without_season,
)
from simlab.models.history.history import History
from simlab.models.shared import Sharing

_SHARES = float(1 << 30)


def phase_counts(history: History, cycle: int) -> FloatArray:
    """(n, cycle) observed periods of every item in each phase, counted from the first period, as weighted."""
    if history.half_life is not None:
        return _weighted_counts(history, cycle)
    n_periods = history.calendar.n_periods
    one = np.eye(cycle)[np.arange(n_periods) % cycle] * history.calendar.open[:, None]
    before = np.concatenate([np.zeros((1, cycle)), np.cumsum(one, axis=0)])
    first = np.clip(history.first, 0, n_periods)
    counts = before[np.maximum(history.last + 1, first)] - before[first]
    np.subtract.at(counts, (history.gap_item, history.gap_period % cycle), 1.0)
    return np.asarray(np.maximum(counts, 0.0))


def _weighted_counts(history: History, cycle: int) -> FloatArray:
    from simlab.models.demand.past.bootstraps import phases_of

    out = np.zeros((history.n_items, cycle))
    for item in np.flatnonzero(history.n_observed > 0).tolist():
        phase = phases_of(history, item, cycle)
        raw = 0.5 ** (np.arange(phase.size - 1, -1, -1) / history.half_life_of(item))
        scale = history.n_effective[item] / raw.sum()
        out[item] = np.bincount(phase, weights=raw * scale, minlength=cycle)
    return out


def factors_of(history: History, items: IntArray, width: int, seasons: Seasons) -> FloatArray:
    """(items, width) multipliers of the observed periods of some items, in the order of `tables`; then 1."""
    from simlab.models.demand.past.bootstraps import phases_of

    out = np.ones((items.size, width))
    for row, item in enumerate(items.tolist()):
        profile = int(seasons.profile[item])
        if profile >= 0:
            phase = phases_of(history, item, seasons.cycle)
            out[row, : phase.size] = seasons.multipliers[profile, phase]
    return out


def season_sums(history: History, seasons: Seasons) -> SeasonSums:
    """Sums over the observed periods of every item, with the multipliers of its profile (1 without one)."""
    cycle = seasons.cycle
    factors = np.vstack([seasons.multipliers, np.ones(cycle)])[seasons.profile]
    floor = np.maximum(factors, LEAST_FACTOR)
    counts = phase_counts(history, cycle)
    x = history.quantity.astype(np.float64)
    m = factors[history.item, history.period % cycle]

    def by_item(values: FloatArray) -> FloatArray:
        return history.sums(values)

    return SeasonSums(
        counts.sum(axis=1),
        (counts * factors).sum(axis=1),
        (counts * factors**2).sum(axis=1),
        (counts / floor).sum(axis=1),
        (counts / floor**2).sum(axis=1),
        by_item(x),
        by_item(x**2),
        by_item(x * m),
        by_item(x**2 / np.maximum(m, LEAST_FACTOR)),
    )


def at_one_by_frequency(
    law: DemandLaw,
    plain: DemandLaw,
    history: History,
    seasons: Seasons,
    has: BoolArray,
    sharing: Sharing | None = None,
) -> tuple[DemandLaw, Seasons]:
    """The laws of `plain` with intermittent and empirical ones as they are at multiplier 1.

    Parameters
    ----------
    law : DemandLaw
        As fitted to all periods alike.
    plain : DemandLaw
        The same, other kinds already at multiplier 1.
    history, seasons
        What they were fitted to, and the profiles.
    has : (n,) bool
        Items with a profile.
    sharing : Sharing, optional
        Pools of all items; these are all if left out.

    Notes
    -----
    Variance and `Seasons.frequency` by `variance_and_frequency`. The share of periods with demand at 1 is
    the one at which shares over the history's phases add up to the periods with demand. Empirical: sizes are
    the history's ÷ their growth g(m), stretched so that mean and variance at 1 are met (`counted_at`).
    """
    sums = season_sums(history, seasons)
    left = without_season(sums, law.variance)
    variance, frequency = variance_and_frequency(sums, left, seasons.profile, sharing)
    mean = np.where(has & (sums.first > 0), law.mean * sums.n / np.maximum(sums.first, 1e-12), law.mean)
    rare = has & (law.kind == LawKind.INTERMITTENT)
    counted = has & (law.kind == LawKind.EMPIRICAL) & (law.mean > 0)
    some = rare | counted
    factors = np.vstack([seasons.multipliers, np.ones(seasons.cycle)])[seasons.profile]
    growth = frequency[:, None] + (1 - frequency[:, None]) * factors
    reached = (phase_counts(history, seasons.cycle) * factors / np.maximum(growth, 1e-12)).sum(axis=1)
    share, spread = possible_shares(mean, variance, history.weight_positive / np.maximum(reached, 1e-12))
    variance = np.where(rare, spread, variance)
    out = replace(
        plain,
        kind=np.where(some, law.kind, plain.kind).astype(np.int8),
        mean=np.where(some, mean, plain.mean),
        variance=np.where(some, variance, plain.variance),
        probability=np.where(rare, share, plain.probability),
    )
    own = replace(seasons, frequency=np.where(some, frequency, 0.0))
    return _recounted(out, history, own, counted), own


def _recounted(law: DemandLaw, history: History, seasons: Seasons, rows: BoolArray) -> DemandLaw:
    """Empirical laws counted again at multiplier 1; the tables of other laws stay."""
    if not rows.any():
        return law
    assert seasons.frequency is not None
    number = np.cumsum(rows) - 1
    cells = rows[history.item]
    item = history.item[cells]
    factor = seasons.multipliers[seasons.profile[item], history.period[cells] % seasons.cycle]
    psi = seasons.frequency[item]
    size = history.quantity[cells] / np.maximum(psi + (1 - psi) * factor, LEAST_FACTOR)
    one = history.weight[cells]
    found = counted_at(number[item], size, one, law.mean[rows], law.variance[rows])
    weight = np.rint(found.share * _SHARES).astype(np.int64)
    counted = _compact(found.table, found.value, weight, int(rows.sum()))
    return _joined(law, np.flatnonzero(rows), counted)


def _compact(
    table: IntArray, value: IntArray, weight: IntArray, n: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Length of each table, and its distinct values, ascending, with their weights > 0."""
    kept = weight > 0
    table, value, weight = table[kept], value[kept], weight[kept]
    order = np.lexsort((value, table))
    table, value, weight = table[order], value[order], weight[order]
    new = np.ones(table.size, np.bool_)
    new[1:] = (np.diff(table) != 0) | (np.diff(value) != 0)
    first = np.flatnonzero(new)
    weight = np.add.reduceat(weight, first) if first.size else weight
    return np.bincount(table[first], minlength=n), value[first], weight


def _joined(law: DemandLaw, rows: IntArray, counted: tuple[IntArray, IntArray, IntArray]) -> DemandLaw:
    """The law with other tables for some rows; tables nobody uses any more are left out."""
    size, value, weight = counted
    others = np.flatnonzero((law.length > 0) & ~np.isin(np.arange(law.n_items), rows))
    length = law.length[others]
    ends = np.cumsum(length)
    total = int(ends[-1]) if ends.size else 0
    at = np.arange(total) + np.repeat(law.start[others] - (ends - length), length)
    start, lengths = np.zeros_like(law.start), np.zeros_like(law.length)
    start[others], lengths[others] = ends - length, length
    start[rows], lengths[rows] = total + np.cumsum(size) - size, size
    return replace(
        law,
        start=start,
        length=lengths,
        values=np.concatenate([law.values[at], value]),
        weights=np.concatenate([law.weights[at], weight]),
    )
