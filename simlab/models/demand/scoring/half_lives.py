"""How long histories are remembered: half-lives by group, those that predict sums over R + L better."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray, KeyArray, sums_by
from simlab.engine.world.demand_law import Seasons
from simlab.models.demand.rare import rate_weight
from simlab.models.demand.rates import rates
from simlab.models.demand.seasons.laws import factors_of
from simlab.models.demand.shrinkage import SizePrior, shrunk_sizes, shrunk_variance
from simlab.models.history.history import (
    History,
    effective_periods,
    places_of,
    side_by_side,
    total_weight,
)
from simlab.models.keys import keys_of
from simlab.models.shared import Sharing
from simlab.models.statistics import benjamini_hochberg, log_negative_binomial, log_poisson, normal_p

if TYPE_CHECKING:
    from simlab.catalog import Catalog


HALF_LIVES = (13.0, 26.0, 52.0, 104.0)
"""Periods; compared with a memory of the whole history."""
_TRIED = np.array([np.inf, *HALF_LIVES])
_MOST_ITEMS = 2000  # of a group
_MOST_IN_ALL, _FEWEST_EACH = 16_000, 200  # items of all groups together, unless groups are very many
_ERRORS = 2.0  # standard errors by which a half-life has to be better
_FALSE_SHARE = 0.05  # of the half-lives that are believed to be better
_SCORED_SHARE = 3  # sums within the last third of a history are predicted
_FIRST = 8  # periods known at the first origin, at least
_MOST_ORIGINS = 6
_LEAST_SUMS, _MANY_SUMS = 20, 100
"""Predicted sums from which a group may have a half-life, and from which two standard errors are enough: of
fewer the error itself is unsure, and it takes four."""
_INTERVALS = (1.32, 4.0)  # mean intervals between demands, in periods, where groups are cut
_FEWEST_DEMANDS = 5.0  # that a memory holds
_OFTEN = ("often", "now and then", "rarely")
_OTHERS = "(others)"
_FEW_ITEMS = 50  # a group of fewer is taken together with other such groups
_BLOCK = 1 << 22


@dataclass(frozen=True, eq=False)
class Remembered:
    """Groups and how long their histories are remembered.

    Attributes
    ----------
    half_life : (n,) float
        Of each item, in observed periods; infinite: all.
    group : tuple of (str, str)
        Value of `models.pool_by` (empty: all items) and how often there is demand.
    n_items, n_sums : (g,) int64
        Items, and sums over R + L that were predicted.
    chosen : (g,) float
        Half-life of the group.
    gain, error : (g, 4) float
        Mean log score of a sum minus that of the whole history, for each of `HALF_LIVES`, and its standard
        error over SKU × origin; NaN where nothing was predicted.
    """

    half_life: FloatArray
    group: tuple[tuple[str, str], ...]
    n_items: IntArray
    n_sums: IntArray
    chosen: FloatArray
    gain: FloatArray
    error: FloatArray


@dataclass(frozen=True, eq=False)
class _Pool:
    """Half-lives of all groups, and as `Remembered` of those with items.

    Attributes
    ----------
    few : (g,) bool
        Groups that are taken together with others.
    best : (g + others,) float
    shown : (s,) int64
        Groups with items.
    n_items, n_sums : (s,) int64
    gain, error : (s, 4) float
    """

    few: BoolArray
    best: FloatArray
    shown: IntArray
    n_items: IntArray
    n_sums: IntArray
    gain: FloatArray
    error: FloatArray


def named(half_life: float, n: int) -> Remembered:
    """One half-life for all n items."""
    nothing = np.zeros(0)
    none = np.zeros(0, np.int64)
    empty = np.zeros((0, len(HALF_LIVES)))
    return Remembered(np.full(n, half_life), (), none, none, nothing, empty, empty)


def remembered(
    catalog: Catalog,
    history: History,
    prior: SizePrior,
    span: FloatArray,
    usable: BoolArray,
    seasons: Seasons | None = None,
    sharing: Sharing | None = None,
) -> Remembered:
    """Half-life of every group's histories; infinite unless a finite one predicts better beyond chance.

    Parameters
    ----------
    catalog : Catalog
        Gives the groups: `models.pool_by` by how often there is demand.
    history : History
        Complete periods; all alike.
    prior : SizePrior
        Variation of sizes, from before the first origin.
    span : (n,) float
        R + L, periods.
    usable : (n,) bool
        Items whose history counts.
    seasons : Seasons, optional
        Profiles from before the first origin: what a season makes is no change.
    sharing : Sharing, optional
        Pools of all items; these are all if left out.

    Notes
    -----
    At origins in the last third of a history, at least 2 (R + L) apart, the demand of the next R + L periods
    is predicted for every half-life: nothing, or 1 + a negative binomial, with chance of demand, mean and
    variance as they would be fitted to all periods before (rates of rare items shrunk towards comparable
    ones). Items count from their first demand on. A half-life is taken where its mean log score beats that
    of the whole history by more than two standard errors, at most 5 % falsely over all groups
    (Benjamini–Hochberg), and where it misses the units of the whole group at these origins by no more; of
    several the best. What moves all items of a group at once (a peak, a promotion) would else look like
    as many findings as there are items. Items too rare to be known from what it holds keep all.
    Errors are over SKU × origin: locations of one SKU share what moves them. Gneiting & Raftery (2007).
    """
    sharing = sharing or Sharing()
    column = catalog.study.models.pool_by
    pool, pools = sharing.groups(column, catalog.texts.get(column), catalog.n_items)
    interval = history.n_observed / np.maximum(history.n_positive, 1)
    often = np.searchsorted(_INTERVALS, interval, side="right")
    counts = usable & (history.n_positive > 0)
    found = sharing.of(
        "memory",
        _Pool,
        lambda: _pool(catalog, history, prior, span, seasons, (pool, often, len(pools)), counts),
    )
    names = [(name, how) for name in (*pools, _OTHERS) for how in _OFTEN]
    own = found.best[_together(pool, often, found.few)]
    return Remembered(
        np.where(_remembers_demands(history, own), own, np.inf),
        tuple(names[k] for k in found.shown.tolist()),
        found.n_items,
        found.n_sums,
        found.best[found.shown],
        found.gain,
        found.error,
    )


def _pool(
    catalog: Catalog,
    history: History,
    prior: SizePrior,
    span: FloatArray,
    seasons: Seasons | None,
    groups: tuple[IntArray, IntArray, int],
    counts: BoolArray,
) -> _Pool:
    few = _few(*groups, counts)
    group, n_groups = _together(*groups[:2], few), few.size + len(_OFTEN) * (groups[2] > 1)
    rows = _sample(keys_of(catalog), group, counts)
    item, age, gain, totals = _gains(history, prior, span, rows, seasons)
    of_sku = np.unique(np.array(catalog.sku, dtype=object), return_inverse=True)[1].ravel()
    cluster = of_sku[item] * (age.max(initial=0) + 1) + age
    mean, error, n_sums = _by_group(group[item], gain, cluster, n_groups)
    believed = _beyond_chance(mean, error, n_sums) & _as_near(group[item], age, totals, n_groups)
    better = np.where(believed, mean, 0.0)
    best = np.where(better.max(axis=1) > 0, np.take(HALF_LIVES, better.argmax(axis=1)), np.inf)
    size = np.bincount(group[counts], minlength=n_groups)
    shown = np.flatnonzero(size > 0)
    return _Pool(few, best, shown, size[shown], n_sums[shown], mean[shown], error[shown])


def _remembers_demands(history: History, half_life: FloatArray) -> BoolArray:
    """(n,) whether a memory holds so many demands, at the rate of the whole history, that it can know one.

    A sale on the last day counts for as many days as the memory is worth: one in a year, remembered with a
    half-life of 13 days, would be one in 19.
    """
    worth = effective_periods(history.n_observed, half_life)
    held = worth * history.n_positive / np.maximum(history.n_observed, 1)
    return np.asarray(held >= _FEWEST_DEMANDS)


def _beyond_chance(mean: FloatArray, error: FloatArray, n_sums: IntArray) -> BoolArray:
    """(groups, half-lives) better by two standard errors, and not because one looked at so many groups."""
    errors = np.where(n_sums >= _MANY_SUMS, 1.0, 2.0)[:, None] * error
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where((n_sums >= _LEAST_SUMS)[:, None], mean / errors, np.nan)
    p = np.where(z > 0, normal_p(z) / 2, 1 - normal_p(z) / 2)
    believed = benjamini_hochberg(p.ravel(), _FALSE_SHARE).reshape(p.shape)
    return np.asarray(believed & (z > _ERRORS))


def _as_near(group: IntArray, age: IntArray, totals: FloatArray, n_groups: int) -> BoolArray:
    """(groups, half-lives) whether Σ over origins |units expected − units| is no larger than of all periods.

    totals : (m, 1 + half-lives tried) units that came, then those expected by each.
    """
    key, place = np.unique(group * (age.max(initial=0) + 1) + age, return_inverse=True)
    of = key // (age.max(initial=0) + 1)
    sums = np.array([sums_by(place.ravel(), line, key.size) for line in totals.T])
    missed = np.array([sums_by(of, np.abs(line - sums[0]), n_groups) for line in sums[1:]]).T
    return np.asarray(missed[:, 1:] <= missed[:, :1] * (1 + 1e-9))


def _few(pool: IntArray, often: IntArray, n_pools: int, counts: BoolArray) -> BoolArray:
    """(pools × often,) groups of few items, which are taken together; none where there is one pool."""
    size = np.bincount((pool * len(_OFTEN) + often)[counts], minlength=n_pools * len(_OFTEN))
    return np.asarray((size < _FEW_ITEMS) & (n_pools > 1))


def _together(pool: IntArray, often: IntArray, few: BoolArray) -> IntArray:
    """(n,) group of each item: pool by how often there is demand; small ones together, behind the others."""
    group = pool * len(_OFTEN) + often
    return np.where(few[group], few.size + often, group)


def _sample(keys: KeyArray, group: IntArray, counts: BoolArray) -> IntArray:
    """Rows of at most 2,000 items of each group (fewer of many), whatever the order of rows."""
    rows = np.flatnonzero(counts)
    rows = rows[np.lexsort((keys[rows], group[rows]))]
    begin = np.searchsorted(group[rows], group[rows])
    each = min(_MOST_ITEMS, max(_MOST_IN_ALL // max(np.unique(group[rows]).size, 1), _FEWEST_EACH))
    return np.sort(rows[np.arange(rows.size) - begin < each])


def _by_group(
    group: IntArray, gain: FloatArray, cluster: IntArray, n_groups: int
) -> tuple[FloatArray, FloatArray, IntArray]:
    """(groups, half-lives) mean gain and its standard error over clusters, and (groups,) sums."""
    n = np.bincount(group, minlength=n_groups)
    count = np.maximum(n, 1)[:, None]
    mean = np.array([sums_by(group, line, n_groups) for line in gain.T]).T / count
    _, first, place = np.unique(group * (cluster.max(initial=0) + 1) + cluster, True, True)
    of_cluster = group[first]
    away = np.array([sums_by(place, line, first.size) for line in (gain - mean[group]).T]).T
    squares = np.array([sums_by(of_cluster, line**2, n_groups) for line in away.T]).T
    clusters = np.bincount(of_cluster, minlength=n_groups)[:, None]
    error = np.sqrt(squares * clusters / np.maximum(clusters - 1, 1)) / count
    none = (n == 0)[:, None]
    return np.where(none, np.nan, mean), np.where(none, np.nan, error), n


def _gains(
    history: History, prior: SizePrior, span: FloatArray, rows: IntArray, seasons: Seasons | None
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Item and origin of every sum; (m, half-lives) log score minus that of the whole history; `totals`."""
    periods = np.maximum(np.rint(span), 1).astype(np.int64)
    longest = history.n_observed // _SCORED_SHARE
    rows = rows[(longest >= periods)[rows] & (history.n_observed - periods >= _FIRST)[rows]]
    parts = [
        _sums(ages, horizon)
        for horizon in np.unique(periods[rows]).tolist()
        for ages in _tables(history, rows[periods[rows] == horizon], seasons)
    ]
    if not parts:
        none, empty = np.zeros(0, np.int64), np.zeros((0, len(HALF_LIVES)))
        return none, none, empty, np.zeros((0, 1 + _TRIED.size))
    every = _Sums(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    found = side_by_side(lambda column: _scores(every, prior, column), range(_TRIED.size), history.threads)
    scores, expected = (np.array(columns).T for columns in zip(*found, strict=True))
    totals = np.column_stack([every.happened, expected])
    return every.item, every.age, scores[:, 1:] - scores[:, :1], totals


class _Ages(NamedTuple):
    """Demand by age: column 0 is the last observed period of each row."""

    item: IntArray
    n: IntArray
    table: FloatArray
    factor: FloatArray | None


class _Sums(NamedTuple):
    """Predicted sums of m items × origins.

    Attributes
    ----------
    item, age, known : (m,) int64
        Row of the history, age of the origin, and periods before it.
    horizon : (m,) float
        Periods summed, each times its multiplier of the season.
    happened : (m,) float
        Units.
    positive, total, squares : (m, half-lives tried) float
        Periods with demand before, units, units², weighted.
    """

    item: IntArray
    age: IntArray
    known: IntArray
    horizon: FloatArray
    happened: FloatArray
    positive: FloatArray
    total: FloatArray
    squares: FloatArray


def _tables(history: History, rows: IntArray, seasons: Seasons | None) -> Iterator[_Ages]:
    bounds = history.bounds
    size = max(1, _BLOCK // max(history.calendar.n_periods, 1))
    for begin in range(0, rows.size, size):
        own = rows[begin : begin + size]
        n = history.n_observed[own]
        length = np.diff(bounds)[own]
        row = np.repeat(np.arange(own.size), length)
        cell = np.arange(length.sum()) + np.repeat(bounds[own] - (np.cumsum(length) - length), length)
        place = places_of(history, history.item[cell], history.period[cell])
        table = np.zeros((own.size, int(n.max(initial=1))))
        table[row, n[row] - 1 - place] = history.quantity[cell]
        factor = None
        if seasons is not None:
            width = table.shape[1]
            forward = factors_of(history, own, width, seasons)
            age = np.maximum(n[:, None] - 1 - np.arange(width), 0)
            factor = np.take_along_axis(forward, age, axis=1)
        yield _Ages(own, n, table, factor)


def _origins(longest: int, horizon: int) -> IntArray:
    """Ages at which a sum begins, at least twice its length apart, at most 6 over the last third."""
    step = max(2 * horizon, -(-longest // (_SCORED_SHARE * _MOST_ORIGINS)))
    return np.arange(horizon, longest // _SCORED_SHARE + 1, step)


def _sums(ages: _Ages, horizon: int) -> _Sums:
    """Sums at every origin of items that had sold before it."""
    width = ages.table.shape[1]
    origins = _origins(width, horizon)
    later = np.arange(width)[:, None] - origins
    inside = (later < 0) & (later >= -horizon)
    raw = np.where(later >= 0, 0.5 ** (np.maximum(later, 0) / _TRIED[:, None, None]), 0.0)
    weight = raw.transpose(1, 2, 0).reshape(width, -1)
    shape = ages.n.size, origins.size, _TRIED.size
    positive, total, squares = (
        (table @ weight).reshape(shape)
        for table in ((ages.table > 0).astype(np.float64), ages.table, ages.table**2)
    )
    early = (origins <= ages.n[:, None] // _SCORED_SHARE) & (ages.n[:, None] - origins >= _FIRST)
    row, at = np.nonzero(early & (positive[:, :, 0] > 0))
    known = ages.n[row] - origins[at]
    worth = effective_periods(known[:, None], _TRIED)
    scale = worth / total_weight(known[:, None], _TRIED)
    found = [one[row, at] * scale for one in (positive, total, squares)]
    ahead = np.full(row.size, float(horizon))
    if ages.factor is not None:
        ahead = (ages.factor @ inside.astype(np.float64))[row, at]
        lived = np.where(np.arange(width) < ages.n[:, None], ages.factor, 0.0)
        first, second = (((lived**power) @ weight).reshape(shape)[row, at] * scale for power in (1, 2))
        found = _without_season(worth, first, second, *found)
    happened = (ages.table @ inside.astype(np.float64))[row, at]
    return _Sums(ages.item[row], origins[at], known, ahead, happened, *found)


def _without_season(
    n: FloatArray,
    first: FloatArray,
    second: FloatArray,
    positive: FloatArray,
    total: FloatArray,
    squares: FloatArray,
) -> list[FloatArray]:
    """Periods with demand, units and units² as they would be at multiplier 1; first, second: Σm, Σm²."""
    times = n / np.maximum(first, 1e-12)
    mean = total / n
    left = np.maximum(squares / n - mean**2 - (second * times**2 / n - 1) * mean**2, 0.0)
    at_one = mean * times
    return [np.minimum(positive * times, n), n * at_one, n * (left * times + at_one**2)]


def _scores(sums: _Sums, prior: SizePrior, column: int) -> tuple[FloatArray, FloatArray]:
    """(m,) log score and (m,) mean of every sum under one half-life, with the moments of `rare.composed`."""
    positive, total, squares = sums.positive[:, column], sums.total[:, column], sums.squares[:, column]
    n = effective_periods(sums.known, _TRIED[column])
    variation = prior.variation[sums.item]
    own = np.minimum(positive / n, 1.0)
    weight = rate_weight(positive, own)
    size = total / np.maximum(positive, 1e-300)
    share, doubt = own.copy(), np.zeros(own.size)
    rare = np.flatnonzero(weight > 0)
    found = rates(
        positive[rare],
        n[rare],
        np.zeros(rare.size, np.int64),
        np.ones(rare.size, np.bool_),
        seen=sums.known[rare],
    )
    share[rare] += weight[rare] * (found.mean - own[rare])
    doubt[rare] = weight[rare] * found.variance
    spread = shrunk_sizes(positive, total, squares, variation, prior.strength)
    pooled = np.maximum(share * (1 + spread - share) + sums.horizon * doubt, 0.0) * size**2
    alone = shrunk_variance(n, positive, total, squares, variation, prior.strength)
    variance = weight * pooled + (1 - weight) * alone
    silent = _silent(share, doubt, sums.horizon)
    mean = sums.horizon * share * size
    return _log_sums(sums.happened, silent, mean, sums.horizon * variance), mean


def _silent(share: FloatArray, doubt: FloatArray, horizon: FloatArray) -> FloatArray:
    """(m,) chance of no demand at all; with a gamma law of the rate where it is in doubt."""
    share = np.minimum(share, 1 - 1e-9)
    time = -horizon * np.log1p(-share)
    some = doubt > 0
    spread = np.where(some, doubt, 1.0) / np.maximum(share, 1e-12) ** 2
    return np.asarray(np.exp(np.where(some, -np.log1p(time * spread) / spread, -time)))


def _log_sums(happened: FloatArray, silent: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """(m,) log probability of what happened: nothing, or 1 + a negative binomial with the moments left.

    A Poisson law where these vary too little. One law of all values would be judged by how badly it fits
    the zeros, and the widest half-life would win.
    """
    silent = np.clip(silent, 1e-12, 1 - 1e-12)
    size = np.maximum(mean / (1 - silent), 1.0)
    spread = np.maximum((variance + mean**2) / (1 - silent) - size**2, 0.0)
    more = np.maximum(size - 1, 1e-9)
    out = np.log(silent)
    some = np.flatnonzero(happened > 0)
    left, mid, var = happened[some] - 1, more[some], spread[some]
    found = log_poisson(left, mid)
    wide = var > mid * (1 + 1e-9)
    found[wide] = log_negative_binomial(left[wide], mid[wide], var[wide])
    out[some] = np.log1p(-silent[some]) + found
    return out
