"""Items of few demands: rates from comparable items, sizes without a scale, and the law that predicts."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray, sum_of, sums_by
from simlab.models.demand.rates import Rates, rates
from simlab.models.demand.shrinkage import SizePrior, few_demands, shrunk_variation
from simlab.models.history.history import effective_periods
from simlab.models.shared import Sharing

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.models.history.history import History


_SURE = 5.0  # demands that all groups together are worth in keeping a group's sum of units
_OWN = 2.0  # a share of periods with demand above 1 − 1/2 is increasingly the item's own


@dataclass(frozen=True, eq=False)
class Composed:
    """Demand per period as share of periods with demand × size.

    Attributes
    ----------
    weight : (n,) float
        How far the rate is that of comparable items' posterior: 1 up to 10 demands, 0 from 30 on and where
        demand comes in every period.
    share : (n,) float
        Chance of demand in a period.
    mean, variance : (n,) float
        Units, units² per period. The variance makes sums over R + L vary as the predictive law's do.
    own : (n,) float
        Mean of the history.
    truncated : (n,) bool
        The group has no item that never sold: its prior was fitted given a demand.
    """

    weight: FloatArray
    share: FloatArray
    mean: FloatArray
    variance: FloatArray
    own: FloatArray
    truncated: BoolArray

    def kept(self, rows: BoolArray) -> Composed:
        """Without comparable items for some rows: means and weights of their own."""
        nothing = np.where(rows, 0.0, self.weight)
        mean = np.where(rows, self.own, self.mean)
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return Composed(**{**values, "weight": nothing, "mean": mean})


def composed(
    catalog: Catalog,
    history: History,
    prior: SizePrior,
    usable: BoolArray,
    span: FloatArray,
    *,
    predictive: bool = True,
    sharing: Sharing | None = None,
) -> Composed:
    """Rate and size of every item's demand, each from its own history as far as that says something.

    Parameters
    ----------
    catalog : Catalog
        Gives the groups (`models.pool_by`).
    history : History
    prior : SizePrior
        Variation of sizes.
    usable : (n,) bool
        Items whose history counts.
    span : (n,) float
        R + L in periods: over that many the law has to predict.
    predictive : bool
        Whether the variance contains what is not known of the rate; not where parameters are drawn again.
    sharing : Sharing, optional
        Pools of all items; these are all if left out.

    Notes
    -----
    The posterior mean rate λ (`rates`) times the item's own mean size s; the posteriors of a group's sold
    items are scaled together so that Σ exposure × mean stays Σ units (groups of few demands: as all do).
    Variance per period p·s²·(1 + J − p), J the shrunk squared variation of sizes: it has no scale, so that
    fast movers may lend it to rare ones. Not knowing λ adds H²·s²·Var λ to the variance of a sum over
    H = R + L periods, H·s²·Var λ per period. Items never demanded stay at zero; they are in the prior, those
    that the study leaves out as well.
    """
    sharing = sharing or Sharing()
    n, positive = history.n_effective, history.weight_positive
    group, found = _rates(catalog, history, usable, sharing)
    own_share = positive / np.maximum(n, 1)
    units = history.units
    size = units / np.where(positive > 0, positive, 1.0)
    weight = rate_weight(positive, own_share)
    weight = np.where(usable & (positive > 0), weight, 0.0)
    kept = sharing.of(
        "kept sums", _KeptSums, lambda: _kept_sums(group, weight, n, positive, units, found.mean * size)
    )
    scale = kept.scale[group]
    share = np.minimum((1 - weight) * own_share + weight * scale * found.mean, 1.0)
    variation = shrunk_variation(history, prior)
    varied = share * size**2 * (1 + variation - share)
    if predictive:
        varied = varied + weight * span * (scale * size) ** 2 * found.variance
    own = units / np.maximum(n, 1)
    return Composed(weight, share, share * size, np.maximum(varied, 0.0), own, found.truncated)


def rate_weight(positive: FloatArray, share: FloatArray) -> FloatArray:
    """(k,) how far a rate is that of comparable items, by periods with demand and their share of all."""
    return np.asarray(few_demands(positive) * np.minimum(_OWN * (1 - share), 1.0))


def _rates(catalog: Catalog, history: History, usable: BoolArray, sharing: Sharing) -> tuple[IntArray, Rates]:
    """(n,) group and rates of the items, the prior fitted with those that were left out as never demanded."""
    silent = catalog.without_history
    column, n = catalog.study.models.pool_by, catalog.n_items
    texts, more = catalog.texts.get(column), 0 if silent is None else silent.n_items
    if silent is not None and texts is not None:
        texts = np.concatenate([texts, silent.texts.get(column, np.full(more, None, dtype=object))])
    group, _ = sharing.under("rates").groups(column, texts, n + more)
    window = np.full(more, int(history.calendar.open.sum()))
    exposure = np.concatenate([history.n_observed, window])
    worth = exposure.astype(np.float64)
    if history.half_life is not None:
        worth = effective_periods(exposure, np.concatenate([history.half_life, _usual(history, group)]))
    found = rates(
        np.concatenate([history.weight_positive, np.zeros(more)]),
        worth,
        group,
        np.concatenate([usable, np.ones(more, np.bool_)]),
        seen=exposure,
        sharing=sharing,
    )
    return group[:n], found.take(np.arange(n))


def _usual(history: History, group: IntArray) -> FloatArray:
    """(k,) half-life of the items beyond the history's, never demanded: the most frequent of their group."""
    assert history.half_life is not None
    n = history.n_items
    values, code = np.unique(history.half_life, return_inverse=True)
    width = values.size
    table = np.bincount(group[:n] * width + code, minlength=(int(group.max(initial=0)) + 1) * width)
    often = table.reshape(-1, width)
    often = np.where(often.sum(axis=1, keepdims=True) > 0, often, often.sum(axis=0))
    return np.asarray(values[often.argmax(axis=1)][group[n:]])


@dataclass(frozen=True, eq=False)
class _KeptSums:
    """(g,) factor by which posteriors of a group keep its sum of units; of few demands that of all groups."""

    scale: FloatArray


def _kept_sums(
    group: IntArray,
    weight: FloatArray,
    n: FloatArray,
    positive: FloatArray,
    units: FloatArray,
    mean: FloatArray,
) -> _KeptSums:
    n_groups = int(group.max()) + 1 if group.size else 1
    above, below, demands = (sums_by(group, weight * one, n_groups) for one in (units, n * mean, positive))
    usual = sum_of(above) / sum_of(below) if sum_of(below) > 0 else 1.0
    raw = np.where(below > 0, above / np.maximum(below, 1e-300), usual)
    return _KeptSums(np.asarray((demands * raw + _SURE * usual) / (demands + _SURE)))
