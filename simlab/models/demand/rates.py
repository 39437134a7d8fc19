"""How often a rare item sells: gamma priors from comparable items, and what few demands make of them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.models.demand.beliefs import DEPTH, add_beliefs
from simlab.models.shared import Sharing

SHAPE = 10.0
"""Shape of each gamma class: the rates of comparable items vary by about a third."""
_STEP = 1.4  # ratio of the means of neighbouring classes
_LEAST, _LEAST_TRUNCATED = 0.1, 0.5  # demands in the longest exposure of the rarest class
_ITEMS_BORROWED = 10.0  # items that the classes of all groups together are worth in a group
_EIGHTHS = 8.0
_ROUNDS, _CLOSE = 400, 1e-7


@dataclass(frozen=True, eq=False)
class Rates:
    """Demands (periods with demand) per period.

    Attributes
    ----------
    mean, variance : (n,) float
        Posterior moments of the rate of every item.
    prior : (n,) float
        Mean rate of its group before its own history is seen.
    truncated : (n,) bool
        The group's table has no item that never sold: the prior was fitted given one demand at least.
    """

    mean: FloatArray
    variance: FloatArray
    prior: FloatArray
    truncated: BoolArray

    def take(self, rows: IntArray) -> Rates:
        """Of some items."""
        return Rates(*(getattr(self, one.name)[rows] for one in fields(self)))


@dataclass(frozen=True, eq=False)
class _Classes:
    """(k,) mean rates of the classes, and (g,) whether a group has no item that never sold."""

    means: FloatArray
    truncated: BoolArray


@dataclass(frozen=True, eq=False)
class _Shares:
    """(g, k) shares of the classes in each group."""

    shares: FloatArray


def rates(
    count: IntArray | FloatArray,
    exposure: IntArray | FloatArray,
    group: IntArray,
    usable: BoolArray,
    seen: IntArray | None = None,
    sharing: Sharing | None = None,
) -> Rates:
    """Rates of all items, each shrunk towards comparable items of its group.

    Parameters
    ----------
    count, exposure : (n,) int64 or float
        Periods with demand, and observed periods; items never demanded belong here, too. Weighted ones are
        what they are worth (`History.n_effective`); counts are taken to an eighth.
    group : (n,) int64
        Group of each item.
    usable : (n,) bool
        Items that the prior is fitted to.
    seen : (n,) int64, optional
        Observed periods where `exposure` is what they are worth: in so many an item of the table sold.
    sharing : Sharing, optional
        Pools of all items; these are all if left out.

    Notes
    -----
    Items of one group fall into classes of rates, a factor 1.4 apart, each with a gamma prior of shape 10;
    the shares of the classes are fitted by maximum likelihood (EM) of negative binomial counts, in a group
    with the shares of all groups together worth ten items. One gamma prior for a whole group would let its
    fast movers raise its rare ones. Where no item of a group was never demanded, the likelihood is that of
    counts above zero.

    References
    ----------
    Kiefer & Wolfowitz (1956), Consistency of the maximum likelihood estimator in the presence of infinitely
    many incidental parameters. Efron & Morris (1975), Data analysis using Stein's estimator. Syntetos &
    Boylan (2021), Intermittent Demand Forecasting, ch. 13 (Bayesian rates).
    """
    sharing = sharing or Sharing()
    fits = usable & (exposure > 0)
    known = exposure if seen is None else seen
    counted, worth = (np.rint(one * _EIGHTHS).astype(np.int64) for one in (count, exposure))
    classes = sharing.of("rates", _Classes, lambda: _classes(count, exposure, group, fits))
    means, truncated = classes.means, classes.truncated
    place, (code, *cells) = _cells(group, counted, worth, np.rint(known).astype(np.int64))
    n, t, whole = (one / scale for one, scale in zip(cells, (_EIGHTHS, _EIGHTHS, 1.0), strict=True))
    log = _log_likelihood(n, t, means)

    def found() -> _Shares:
        silent = np.minimum(np.exp(_log_likelihood(np.zeros(n.size), whole, means)), 1 - 1e-9)
        given = np.where(truncated[code][:, None], log - np.log1p(-silent), log)
        weight = np.bincount(place[fits], minlength=code.size).astype(np.float64)
        return _Shares(_shares(given, weight, code, truncated.size))

    shares = sharing.of("rate shares", _Shares, found).shares
    belief = _belief(log, np.log(np.maximum(shares[code], 1e-300)))
    mean, variance = _moments(n, t, means, belief)
    prior = (shares * means).sum(axis=1)
    return Rates(mean[place], variance[place], prior[group], truncated[group])


def _cells(*columns: IntArray) -> tuple[IntArray, tuple[IntArray, ...]]:
    """(n,) cell of each row, and the distinct values of its columns."""
    key = np.zeros(columns[0].size, np.int64)
    for column in columns:
        key = key * (int(column.max(initial=0)) + 1) + column
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    return place.ravel(), tuple(column[first] for column in columns)


def _classes(
    count: IntArray | FloatArray, exposure: IntArray | FloatArray, group: IntArray, fits: BoolArray
) -> _Classes:
    """From rare to one demand in every period."""
    n_groups = int(group.max()) + 1 if group.size else 1
    truncated = np.bincount(group[fits & (count == 0)], minlength=n_groups) == 0
    longest = max(float(exposure[fits].max(initial=1)), 1.0)
    least = (_LEAST_TRUNCATED if truncated.all() else _LEAST) / longest
    n = max(int(np.ceil(np.log(1 / least) / np.log(_STEP))), 1)
    return _Classes(np.asarray(_STEP ** -np.arange(n, -1, -1.0)), truncated)


def _log_likelihood(count: FloatArray, exposure: FloatArray, means: FloatArray) -> FloatArray:
    """(cells, classes) log probability of the count."""
    from scipy.special import gammaln

    n, t = count[:, None], exposure[:, None]
    rate = SHAPE / means[None, :]
    stay = rate / (rate + np.maximum(t, 1e-9))
    log = gammaln(n + SHAPE) - gammaln(SHAPE) - gammaln(n + 1) + SHAPE * np.log(stay)
    return np.asarray(log + n * np.log1p(-stay))


def _shares(log: FloatArray, weight: FloatArray, group: IntArray, n_groups: int) -> FloatArray:
    """(groups, classes) shares of the classes, those of few items near those of all."""
    everyone = _em(log, weight, np.zeros_like(group), np.zeros((1, log.shape[1])))
    if n_groups == 1:
        return everyone
    return _em(log, weight, group, np.repeat(_ITEMS_BORROWED * everyone, n_groups, axis=0))


def _em(log: FloatArray, weight: FloatArray, group: IntArray, borrowed: FloatArray) -> FloatArray:
    """(groups, classes) shares of greatest likelihood, `borrowed` items of each class added."""
    n_groups, n_classes = borrowed.shape
    likelihood = np.exp(log - log.max(axis=1, keepdims=True))
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(n_groups))
    likelihood, weight = likelihood[order], weight[order].astype(np.float64)
    ends = np.append(starts, group.size)
    shares = np.full((n_groups, n_classes), 1.0 / n_classes)
    room = np.empty(n_classes), np.empty((8, n_classes)), np.empty((DEPTH, 3), np.int64)
    held = np.empty((DEPTH + 1, n_classes))
    for _ in range(_ROUNDS):
        total = np.zeros((n_groups, n_classes))
        add_beliefs(likelihood, weight, shares, ends, *room, held, total)
        total += borrowed
        whole = total.sum(axis=1, keepdims=True)
        new = np.where(whole > 0, total / np.maximum(whole, 1e-300), shares)
        moved = float(np.abs(new - shares).max())
        shares = new
        if moved < _CLOSE:
            break
    return shares


def _belief(log: FloatArray, log_shares: FloatArray) -> FloatArray:
    """(cells, classes) probability of each class given the count."""
    joint = log + log_shares
    joint = np.exp(joint - joint.max(axis=1, keepdims=True))
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


def _moments(
    count: FloatArray, exposure: FloatArray, means: FloatArray, belief: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(cells,) mean and variance of the mixture of the classes' gamma posteriors."""
    shape = SHAPE + count[:, None]
    rate = SHAPE / means[None, :] + exposure[:, None]
    own = shape / rate
    mean = (belief * own).sum(axis=1)
    square = (belief * (own**2 + shape / rate**2)).sum(axis=1)
    return mean, np.maximum(square - mean**2, 0.0)
