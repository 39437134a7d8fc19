"""Which law a history gets: named by the user, or the one that predicts it best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simlab.arrays import BoolArray, CodeArray, FloatArray, IntArray, sums_by
from simlab.errors import Problem
from simlab.models.demand.scoring.scores import BASE, Scores
from simlab.models.grouping import rows_of, unknown_selectors
from simlab.models.shared import Sharing
from simlab.models.statistics import dispersion_bounds
from simlab.register.laws import (
    OVER_SPAN_NAMES,
    OVERDISPERSED_KINDS,
    SCORED_NAMES,
    UNDERDISPERSED_KINDS,
    Law,
    LawKind,
    Source,
    Variances,
    law_named,
)

if TYPE_CHECKING:
    from simlab.catalog import Catalog


LONG_HISTORY = 48
"""Periods from which a history may stand for itself (an empirical law): most of a year of weeks, or
four years of months."""

_OF_DEMANDS = (Source.SHARE, Source.CHAIN)
_ENOUGH_DEMANDS = 30  # from which a histogram of periods may be the law by itself
_TAILS, _MOST_VALUES = 25.0, 500_000.0
_LOG_SIGMAS = 6.3  # standard deviations of the logarithm up to which a lognormal table reaches
_MOST_LOGNORMAL = float(1 << 20)  # values of a table, the engine's own limit


@dataclass(frozen=True, eq=False)
class AskedLaws:
    """Laws that the study names.

    Attributes
    ----------
    name : (n,) object
        ``auto`` or the name of a law.
    said : tuple of str
        Who named it, for the reason; empty for ``auto``.
    """

    name: npt.NDArray[np.object_]
    said: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Moments:
    """What the choice rests on.

    Attributes
    ----------
    n_observed, n_positive : (n,) int64
        Periods, and those with demand.
    mean, variance : (n,) float
        Per period; of short histories the variance is pooled.
    best : (n,) int8
        Law with the best score out of sample; −1 where nothing was scored.
    short : (n,) bool
        Fewer than `min_periods`.
    """

    n_observed: IntArray
    n_positive: IntArray
    mean: FloatArray
    variance: FloatArray
    best: CodeArray
    short: BoolArray


def asked_laws(catalog: Catalog) -> tuple[AskedLaws, list[Problem]]:
    """The law that the study names for every item; overrides that name no item are problems.

    Of several overrides of one item the last one counts.
    """
    spec = catalog.study.models
    name = np.full(catalog.n_items, spec.law, dtype=object)
    said = ["" if spec.law == "auto" else f' (law = "{spec.law}")'] * catalog.n_items
    for override in spec.override:
        by = next(key for key in ("segment", "category", "sku", "location") if getattr(override, key))
        for row in rows_of(catalog, override):
            name[row], said[row] = override.law, ""
            if override.law == "auto":
                continue
            said[row] = " (override)" if by == "sku" else f" (override of {by} {getattr(override, by)})"
    return AskedLaws(name, tuple(said)), list(unknown_selectors(catalog))


def law_kinds(asked: AskedLaws, moments: Moments) -> CodeArray:
    """(n,) `LawKind` of the laws fitted to history.

    Notes
    -----
    ``auto``: the law of `best_laws`. Where nothing could be scored, the index of dispersion I =
    variance/mean over n periods decides: (n − 1)·I within the central 95 % of its χ² law under Poisson →
    Poisson; above → negative binomial; below → empirical from `LONG_HISTORY` periods on, else Poisson
    (errs towards more stock).

    A named law whose variance cannot be that of the history (negative binomial and stuttering Poisson
    need variance > mean, binomial variance < mean) becomes Poisson. Where a law would spread over more
    than half a million values, the history itself is the law. Short histories have no histogram
    to count, and no blocks to draw: negative binomial or Poisson by mean and variance.
    """
    over = moments.variance > moments.mean
    by_moments = np.where(over, LawKind.NEGATIVE_BINOMIAL, LawKind.POISSON)
    kind = np.full(over.size, LawKind.POISSON, dtype=np.int8)
    for name in sorted(set(asked.name.tolist())):
        rows = asked.name == name
        if name in ("auto", *OVER_SPAN_NAMES):  # these are compared later, over R + L
            wanted = np.where(moments.short, by_moments, _auto(moments))
        else:
            wanted = _named(law_named(str(name)), moments, by_moments)
        kind[rows] = wanted[rows]
    counted = (moments.mean == 0) | too_wide(moments.mean, moments.variance, kind)
    return np.where(counted, LawKind.EMPIRICAL, kind).astype(np.int8)


def predictive_kinds(kind: CodeArray, moments: Moments) -> CodeArray:
    """(n,) kinds of items whose rate comes from comparable ones.

    Of a Poisson law whose rate has a gamma law the predictive law is negative binomial; a histogram of few
    demands would know one rate alone.
    """
    over = moments.variance > moments.mean
    plain = np.isin(kind, (LawKind.POISSON, LawKind.EMPIRICAL, LawKind.MARKOV)) & (moments.mean > 0)
    plain &= ~too_wide(moments.mean, moments.variance, kind)
    mixed = np.where(over, LawKind.NEGATIVE_BINOMIAL, LawKind.POISSON)
    return np.where(plain, mixed, kind).astype(np.int8)


def too_wide(mean: FloatArray, variance: FloatArray, kind: CodeArray | None = None) -> BoolArray:
    """(n,) whether a law with these moments, of this kind, spreads over more values than a table may have."""
    some = np.where(mean > 0, mean, 1.0)
    ratio = np.maximum(variance / some, 1.0)
    wide = np.asarray(_TAILS * (ratio + np.sqrt(np.maximum(variance, mean))) > _MOST_VALUES)
    if kind is None or not (kind == LawKind.LOGNORMAL).any():
        return wide
    scale = np.sqrt(np.log1p(np.minimum(variance, 1e200) / np.maximum(some, 1e-50) ** 2))
    last = np.log(np.maximum(some, 1e-50)) + _LOG_SIGMAS * scale - scale**2 / 2
    return np.asarray(wide | ((kind == LawKind.LOGNORMAL) & (last > np.log(_MOST_LOGNORMAL))))


def _named(law: Law, moments: Moments, by_moments: IntArray) -> IntArray:
    if law.source in _OF_DEMANDS:
        return np.where(moments.short | (moments.n_positive == 0), by_moments, law.kind)
    if law.source is not Source.MOMENTS:
        return np.where(moments.short, by_moments, law.kind)
    fits = np.ones(moments.mean.size, dtype=np.bool_)
    if law.variances is Variances.ABOVE:
        fits = moments.variance > moments.mean
    elif law.variances is Variances.BELOW:
        fits = (moments.variance > 0) & (moments.variance < moments.mean)
    return np.where(fits, law.kind, LawKind.POISSON)


def best_laws(ranking: Ranking, moments: Moments, laws: tuple[str, ...] = SCORED_NAMES) -> CodeArray:
    """(n,) law with the best score out of sample; −1 where neither the item nor its group was scored."""
    kind = np.array([law_named(name).kind for name in laws])[ranking.best]
    scored = (ranking.gain != 0).any(axis=1) & ~moments.short
    return np.where(scored, kind, -1).astype(np.int8)


def allowed_laws(
    n_observed: IntArray,
    n_positive: IntArray,
    laws: tuple[str, ...] = SCORED_NAMES,
    candidates: tuple[str, ...] = SCORED_NAMES,
) -> BoolArray:
    """(n, l) which of the scored laws an item may get."""
    out = np.repeat(np.isin(laws, candidates)[None, :], n_observed.size, axis=0)
    out[:, laws.index("empirical")] &= (n_observed >= LONG_HISTORY) & (n_positive >= _ENOUGH_DEMANDS)
    rare = (n_positive >= 2) & (n_positive < n_observed)
    for column, name in enumerate(laws):
        if law_named(name).source in _OF_DEMANDS:
            out[:, column] &= rare
    return out


def _auto(moments: Moments) -> IntArray:
    n, mean, variance = moments.n_observed, moments.mean, moments.variance
    low, high = dispersion_bounds(n)
    ratio = np.divide(variance, mean, out=np.ones_like(mean), where=mean > 0)
    over = variance > mean
    below = np.where(n >= LONG_HISTORY, LawKind.EMPIRICAL, LawKind.POISSON)
    tested = np.where(ratio < low, below, LawKind.POISSON)
    tested = np.where((ratio > high) & over, LawKind.NEGATIVE_BINOMIAL, tested)
    best = moments.best.astype(np.int64)
    best = np.where(np.isin(best, OVERDISPERSED_KINDS) & ~over, LawKind.POISSON, best)
    between = (variance > 0) & (variance < mean)
    best = np.where(np.isin(best, UNDERDISPERSED_KINDS) & ~between, LawKind.POISSON, best)
    return np.where(best >= 0, best, tested)


_LEAST_PREDICTED = 4


@dataclass(frozen=True, eq=False)
class Ranking:
    """Scores of each item, shrunk towards its group.

    Attributes
    ----------
    best : (n,) int64
        Column of `Scores.laws` with the highest shrunk score.
    gain : (n, l) float
        Shrunk mean difference to the base law per period.
    """

    best: IntArray
    gain: FloatArray


@dataclass(frozen=True, eq=False)
class _Differences:
    """(g, l) mean difference to the base law, variance between items, noise; (g, 1) one item at most."""

    mean: FloatArray
    between: FloatArray
    usual: FloatArray
    alone: BoolArray


def rank(scores: Scores, group: IntArray, allowed: BoolArray, sharing: Sharing | None = None) -> Ranking:
    """Shrink every item's score differences towards its group and take the best allowed law.

    Parameters
    ----------
    scores : Scores
        n items.
    group : (n,) int64
        Group of each item.
    allowed : (n, l) bool
        Laws that the item may have; the base law always.
    sharing : Sharing, optional
        Pools of all items; these are all if left out.

    Notes
    -----
    Per group and law the difference to the negative binomial has mean D and variance B between items
    beyond the noise (method of moments). An item's shrunk difference is D + B/(B + noise)·(d − D): with
    few or erratic periods the group decides, so that luck in a few periods does not choose laws. Noise
    is the mean of the item's own and its group's: a quiet stretch looks surer than it is.
    """
    own = scores.n_predicted >= _LEAST_PREDICTED
    away = np.where(own[:, None], scores.mean - scores.mean[:, [BASE]], 0.0)
    noise = np.where(own[:, None], scores.noise, 0.0)
    of = (sharing or Sharing()).of("scores", _Differences, lambda: _differences(group, own, away, noise))
    noise = (noise + of.usual[group]) / 2
    belief = of.between[group] / np.maximum(of.between[group] + noise, 1e-300)
    trust = np.where(of.alone[group], 1.0, belief)
    gain = of.mean[group] + trust * np.where(own[:, None], away - of.mean[group], 0.0)
    return Ranking(np.where(allowed, gain, -np.inf).argmax(axis=1), gain)


def _differences(group: IntArray, own: BoolArray, away: FloatArray, noise: FloatArray) -> _Differences:
    n_groups = int(group.max()) + 1 if group.size else 1
    count = np.bincount(group[own], minlength=n_groups)[:, None].astype(np.float64)
    mean = _by_group(group[own], away[own], n_groups) / np.maximum(count, 1)
    spread = _by_group(group[own], (away - mean[group])[own] ** 2, n_groups) / np.maximum(count - 1, 1)
    usual = _by_group(group[own], noise[own], n_groups) / np.maximum(count, 1)
    return _Differences(mean, np.maximum(spread - usual, 0.0), usual, count <= 1)


def _by_group(group: IntArray, values: FloatArray, n_groups: int) -> FloatArray:
    return np.array([sums_by(group, line, n_groups) for line in values.T]).T
