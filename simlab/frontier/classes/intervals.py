"""Sums between neighbouring targets: what any set of targets costs at one price per unit served.

At a price λ the penalty of an item at a target is cost − λ · served, and with a set of targets every item
takes the one of least penalty. Where the penalty falls and then rises along the grid, that one is next to
the item's own best, below or above, so the total is a sum over neighbouring targets of the set, and the best
set is a shortest path. Where it does not, the penalty is replaced by the largest one below it that does:
totals then are lower bounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Intervals:
    """Sums at one price, from which the total of any set of targets is added up.

    Attributes
    ----------
    price : float
        λ, cost per unit served.
    head : (k,) float
        Items whose own best target lies before j, all at j.
    between : (k, k) float
        Items whose own best lies from a up to, not including, b, each at the better of a and b; inf
        unless a < b.
    tail : (k,) float
        Items whose own best is j or lies after it, all at j.
    unimodal : float
        Share of items whose penalty falls and then rises; 1: totals are exact, else lower bounds.
    """

    price: float
    head: FloatArray
    between: FloatArray
    tail: FloatArray
    unimodal: float

    def to_go(self, classes: int) -> FloatArray:
        """(classes, k): least sum from target j on, with at most r further targets after it."""
        left = np.empty((classes, self.tail.size))
        left[0] = self.tail
        for more in range(1, classes):
            left[more] = np.minimum(self.tail, (self.between + left[more - 1]).min(axis=1))
        return left

    def best(self, classes: int) -> tuple[float, IntArray]:
        """Least total over all sets of at most so many targets, and the set."""
        left = self.to_go(classes)
        at = int(np.argmin(self.head + left[-1]))
        total, columns = float(self.head[at] + left[-1, at]), [at]
        for more in range(classes - 1, 0, -1):
            if left[more, at] == self.tail[at]:
                break
            at = int(np.argmin(self.between[at] + left[more - 1]))
            columns.append(at)
        return total, np.array(columns, dtype=np.int64)


def interval_sums(cost: FloatArray, served: FloatArray, price: float) -> Intervals:
    """Sums at one price.

    Parameters
    ----------
    cost, served : (k, n) float
        One row per target, in the order of the grid.
    price : float
    """
    penalty = cost - price * served
    k = penalty.shape[0]
    best = penalty.argmin(axis=0)
    before = np.minimum.accumulate(penalty, axis=0)
    after = np.minimum.accumulate(penalty[::-1], axis=0)[::-1]
    below = np.where(np.arange(k)[:, None] <= best, before, after)
    unimodal = float((below == penalty).all(axis=0).mean())
    order = np.argsort(best, kind="stable")
    below = below[:, order]
    start = np.searchsorted(best[order], np.arange(k))
    between = np.full((k, k), np.inf)
    for a in range(k):
        for b in range(a + 1, k):
            rows = slice(start[a], start[b])
            between[a, b] = np.minimum(below[a, rows], below[b, rows]).sum()
    head = np.array([below[j, : start[j]].sum() for j in range(k)])
    tail = np.array([below[j, start[j] :].sum() for j in range(k)])
    return Intervals(price, head, between, tail, unimodal)


@dataclass(frozen=True, eq=False)
class Sets:
    """Sets of targets that may hold the best plan, most promising first.

    Attributes
    ----------
    columns : (m, classes) int
        Ascending within a set.
    bound : (m,) float
        Least cost of any plan on the set, by the prices given; ascending.
    rest : float
        The same for every set that was looked at and left out; inf: none could beat the ceiling.
    """

    columns: IntArray
    bound: FloatArray
    rest: float


def promising_sets(tables: list[Intervals], classes: int, need: float, ceiling: float, most: int) -> Sets:
    """All sets of exactly `classes` targets whose bound stays below a ceiling.

    Parameters
    ----------
    tables : list of Intervals
        At several prices; each bounds the cost of a set from below, the largest counts.
    classes : int
        At most the number of targets.
    need : float
        Units to be served, over those at the least served target of every item.
    ceiling : float
        Cost of a known plan.
    most : int
        Sets kept in any round; the least bound of what is dropped becomes `Sets.rest`.
    """
    k = tables[0].tail.size
    lift = np.array([table.price * need for table in tables])
    go = np.stack([table.to_go(classes) for table in tables])  # (price, more, k)
    between = np.stack([table.between for table in tables])
    columns = np.arange(k)[:, None]
    value = np.stack([table.head for table in tables], axis=1)  # (sets, price)
    bound = (value + go[:, classes - 1].T + lift).max(axis=1)
    columns, value, bound, rest = _kept(columns, value, bound, ceiling, most, np.inf)
    for size in range(2, classes + 1):
        last = columns[:, -1]
        row, to = np.nonzero(np.arange(k)[None, :] > last[:, None])
        value = value[row] + between[:, last[row], to].T
        bound = np.maximum((value + go[:, classes - size][:, to].T + lift).max(axis=1), bound[row])
        columns = np.concatenate([columns[row], to[:, None]], axis=1)
        columns, value, bound, rest = _kept(columns, value, bound, ceiling, most, rest)
    order = np.argsort(bound, kind="stable")
    return Sets(columns[order].astype(np.int64), bound[order], rest)


def _kept(
    columns: IntArray, value: FloatArray, bound: FloatArray, ceiling: float, most: int, rest: float
) -> tuple[npt.NDArray[np.int64], FloatArray, FloatArray, float]:
    keep = np.flatnonzero(bound < ceiling)
    if keep.size > most:
        order = keep[np.argsort(bound[keep], kind="stable")]
        keep, rest = order[:most], min(rest, float(bound[order[most]]))
    return columns[keep], value[keep], bound[keep], rest
