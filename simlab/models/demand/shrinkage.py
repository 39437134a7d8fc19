"""How much the sizes of demands vary: each history's own variation, shrunk towards its group's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray, mean_of, sum_of, sums_by
from simlab.errors import InvalidInputError
from simlab.models.grouping import no_such_column
from simlab.models.shared import Sharing

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.models.history.history import History


USUAL_STRENGTH = 5.0
"""Demands that a group's variation is worth where too few items tell how far items differ."""
_LENDING = 8  # demands from which an item tells how far items differ
_ENOUGH_ITEMS = 10
_STRONGEST = 50.0
_FEW, _MANY = 10.0, 30.0  # demands up to which an item is like its class, and from which it stands alone
_INTERVALS = (1.32, 4.0)  # mean intervals between demands, in periods, where the classes are cut
_DEMANDS_BORROWED = 20.0  # demands that a class of all groups is worth in a group's class
_WILDEST = 20.0
_HALF = 0.5


@dataclass(frozen=True, eq=False)
class SizePrior:
    """What a history of few demands borrows.

    Attributes
    ----------
    variation : (n,) float
        Squared coefficient of variation of non-zero demands in the group (`pool_by`) of each item, of few
        demands in its class of intermittence there.
    strength : float
        Demands that the group's value is worth against an item's own.
    """

    variation: FloatArray
    strength: float

    def weight(self, n_positive: IntArray | FloatArray) -> FloatArray:
        """(n,) share of the group's value in the shrunk one."""
        return np.asarray(self.strength / (n_positive + self.strength))


@dataclass(frozen=True, eq=False)
class _Pool:
    """(g,) variation of each group, (g, classes) of its classes (NaN where none lends), and strength."""

    pooled: FloatArray
    alike: FloatArray
    strength: float


def size_prior(
    catalog: Catalog, history: History, lends: BoolArray, sharing: Sharing | None = None
) -> SizePrior:
    """Pooled variation of sizes by group, and how strongly it counts.

    Parameters
    ----------
    catalog : Catalog
        Gives the column `models.pool_by`.
    history : History
        Demand per period.
    lends : (n,) bool
        Items whose history counts.
    sharing : Sharing, optional
        Pools of all items; these are all if left out.

    Notes
    -----
    Pooled J = Σ nᵢ·Jᵢ ÷ Σ (nᵢ − 1) over items with two demands or more, Jᵢ = variance/mean² of the nᵢ
    non-zero demands. Strength k = c/B: c the mean sampling variance of log J per demand, B the variance
    of log J between items beyond it (method of moments), at most 50.

    Items of few demands borrow from those of their group with intervals like theirs (cuts 1.32 and 4
    periods), the same class of all groups being worth 20 demands there; from 30 demands on from the whole
    group.

    References
    ----------
    Efron & Morris (1975), Data analysis using Stein's estimator and its generalizations.
    """
    sharing = sharing or Sharing()
    column = catalog.study.models.pool_by
    group, names = sharing.groups(column, catalog.texts.get(column), catalog.n_items)
    band = _bands(history)
    pool = sharing.of("sizes", _Pool, lambda: _pool(history, lends, group, band, len(names)))
    pooled, alike = pool.pooled[group], pool.alike[group, band]
    few = few_demands(history.weight_positive)
    return SizePrior(few * np.where(np.isnan(alike), pooled, alike) + (1 - few) * pooled, pool.strength)


def _pool(history: History, lends: BoolArray, group: IntArray, band: IntArray, n_groups: int) -> _Pool:
    count = np.where(lends, history.weight_positive, 0.0)
    own, fourth = history.size_moments
    several = count >= 2
    lent, worth = np.where(several, count * own, 0.0), np.where(several, count - 1, 0.0)
    above, below = (sums_by(group, one, n_groups) for one in (lent, worth))
    overall = sum_of(above) / sum_of(below) if sum_of(below) > 0 else 0.0
    pooled = np.where(below > 0, above / np.where(below > 0, below, 1.0), overall)
    return _Pool(
        pooled, _by_class(group, band, lent, worth, n_groups), _strength(count, own, fourth, pooled[group])
    )


def few_demands(n_positive: IntArray | FloatArray) -> FloatArray:
    """1 up to 10 periods with demand, 0 from 30 on, straight between."""
    return np.asarray(np.clip((_MANY - n_positive) / (_MANY - _FEW), 0.0, 1.0))


def shrunk_variation(history: History, prior: SizePrior) -> FloatArray:
    """(n,) squared variation of the sizes of demands, own and pooled; 0 without demand."""
    own, _ = history.size_moments
    count = history.weight_positive
    shrunk = _shrunk(own, np.maximum(count, 1e-9), prior.variation, prior.strength)
    return np.asarray(np.where(count > 0, shrunk, 0.0))


def _bands(history: History) -> IntArray:
    """(n,) class of intermittence, by the mean interval between demands."""
    positive = history.weight_positive
    interval = history.n_effective / np.where(positive > 0, positive, 1.0)
    return np.searchsorted(_INTERVALS, interval, side="right")


def _by_class(
    group: IntArray, band: IntArray, above: FloatArray, below: FloatArray, n_groups: int
) -> FloatArray:
    """(g, classes) pooled variation of the classes of intermittence within groups; NaN where none lends."""
    n_bands = len(_INTERVALS) + 1
    high, low = (sums_by(band, one, n_bands) for one in (above, below))
    usual = np.where(low > 0, high / np.maximum(low, 1e-300), np.nan)
    key, shape = group * n_bands + band, (n_groups, n_bands)
    mine, weight = (sums_by(key, one, n_groups * n_bands).reshape(shape) for one in (above, below))
    return np.asarray((mine + _DEMANDS_BORROWED * usual) / (weight + _DEMANDS_BORROWED))


def shrunk_variance(
    n: FloatArray, n_positive: FloatArray, total: FloatArray, squares: FloatArray, prior: FloatArray, k: float
) -> FloatArray:
    """Variance per period with the variation of sizes shrunk; mean and share of zeros are kept.

    Parameters
    ----------
    n, n_positive : (m,) float
        Periods, and those with demand.
    total, squares : (m,) float
        Sum of demands and of their squares.
    prior : (m,) float
        Squared coefficient of variation to shrink to.
    k : float
        Demands it is worth; 0 gives the unbiased sample variance.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        size = total / n_positive
        variation = shrunk_sizes(n_positive, total, squares, prior, k)
        share = n_positive / n
        variance = n / (n - 1) * share * size**2 * (1 + variation - share)
    return np.asarray(np.where((n_positive > 0) & (n > 1), np.maximum(variance, 0.0), 0.0))


def shrunk_sizes(
    n_positive: FloatArray, total: FloatArray, squares: FloatArray, prior: FloatArray, k: float
) -> FloatArray:
    """(m,) squared variation of sizes, shrunk; arguments as for `shrunk_variance`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.maximum(squares / n_positive / (total / n_positive) ** 2 - 1, 0.0)
        return _shrunk(own, n_positive, prior, k)


def _shrunk(own: FloatArray, count: FloatArray, prior: FloatArray, k: float) -> FloatArray:
    """Geometric mean of own and pooled variation, weights n and k; sizes all alike borrow half a demand."""
    if k == 0:
        return own
    weight = k / (count + k)
    with np.errstate(divide="ignore", invalid="ignore"):
        log = (1 - weight) * np.log(_not_zero(own, count, prior)) + weight * np.log(prior)
    return np.asarray(np.where(prior > 0, np.exp(log), own))


def _not_zero(own: FloatArray, count: FloatArray, prior: FloatArray) -> FloatArray:
    return np.asarray((count * own + _HALF * prior) / (count + _HALF))


def _strength(count: FloatArray, own: FloatArray, fourth: FloatArray, pooled: FloatArray) -> float:
    rows = (count >= _LENDING) & (own > 0) & (pooled > 0)
    if int(rows.sum()) < _ENOUGH_ITEMS:
        return USUAL_STRENGTH
    noise = mean_of(np.clip(fourth[rows] / own[rows] ** 2 - 1, 0.0, _WILDEST))
    away = np.log(_not_zero(own[rows], count[rows], pooled[rows]) / pooled[rows])
    between = mean_of(away**2) - noise * mean_of(1 / count[rows])
    return min(noise / between, _STRONGEST) if between > 0 else _STRONGEST


def check_pools(catalog: Catalog) -> None:
    """Refuse a `models.pool_by` that names no column of items.

    Raises
    ------
    InvalidInputError
    """
    column = catalog.study.models.pool_by
    if column not in catalog.texts and "pool_by" in catalog.study.models.model_fields_set:
        raise InvalidInputError([no_such_column(catalog, column, "models.pool_by")])
