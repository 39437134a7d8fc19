"""Least cost under a service floor and a budget on another measure: exact label search.

Labels are totals of the first segments. A label dies when no completion can serve enough within
the budget, or when its Lagrangian bound passes the best plan known; only the bound is computed in
floating point, with a margin far above its rounding, and it decides nothing but what to look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.frontier.curves import SegmentCurves
from simlab.frontier.merge import as_int64, efficient

MAX_SEGMENTS = 24
MAX_LABELS = 2_000_000
MAX_SUFFIX = 400_000
_NEAR = (0.02, 0.2, 1.0)
"""Where a plan is looked for first: shares of the way from the linear bound to a plan that is known."""
_MARGIN = 1e-11


class TooLargeError(Exception):
    """The label search would pass its stated size; a solver has to take over."""


@dataclass(frozen=True, eq=False)
class _Rest:
    """Efficient (price, served) totals of the segments still to come."""

    price: FloatArray
    cost: IntArray
    value: IntArray
    served: IntArray


@dataclass(frozen=True, eq=False)
class _Labels:
    cost: IntArray
    value: IntArray
    served: IntArray
    choice: npt.NDArray[np.int16]

    def take(self, keep: npt.NDArray[np.bool_]) -> _Labels:
        return _Labels(self.cost[keep], self.value[keep], self.served[keep], self.choice[keep])


def least_cost(curves: SegmentCurves, need: int, limit: int) -> IntArray:
    """The cheapest plan that serves at least `need` with at most `limit` of value.

    Parameters
    ----------
    curves : SegmentCurves
        Sums per segment and target.
    need, limit : int
        Floor on units served and ceiling on `value`, in the units of the sums. A plan that meets
        both must exist.

    Returns
    -------
    (n_segments,) int64
        Target numbers. Of equally cheap plans the one that serves most, then ties up least.

    Raises
    ------
    TooLargeError
        If numbers do not fit int64, there are more than `MAX_SEGMENTS` segments, or more labels
        than `MAX_LABELS` survive.
    """
    if curves.n_segments > MAX_SEGMENTS:
        raise TooLargeError
    tables = [as_int64(table) for table in (curves.cost, curves.value, curves.served)]
    if any(table is None for table in tables):
        raise TooLargeError
    cost, value, served = (table for table in tables if table is not None)
    units = [
        _unit(before, after)
        for before, after in zip(
            (curves.cost, curves.value, curves.served), (cost, value, served), strict=True
        )
    ]
    need, limit = -(-need // units[2]), limit // units[1]
    order = np.argsort(-np.ptp(cost, axis=1), kind="stable")
    prices = multipliers(cost, value, served, need, limit)
    known = _least(curves, (cost[order], value[order], served[order]))
    search = _Search((cost[order], value[order], served[order]), prices, need, limit, known)
    choice = np.empty(order.size, dtype=np.int64)
    choice[order] = search.run()
    return choice


def _least(curves: SegmentCurves, tables: tuple[IntArray, IntArray, IntArray]) -> list[_Rest]:
    """What segments still to come tie up at least, kept; that it is too large is found once, too."""
    if curves not in _LEAST:
        _LEAST[curves] = []
        _LEAST[curves] = _suffixes(tables, None)
    if not _LEAST[curves]:
        raise TooLargeError
    return _LEAST[curves]


_LEAST: WeakKeyDictionary[SegmentCurves, list[_Rest]] = WeakKeyDictionary()
"""The same at every floor and budget; empty where it is too large."""


def _unit(before: npt.NDArray[np.int64], after: npt.NDArray[np.int64]) -> int:
    at = int(np.argmax(after != 0))
    return int(before.ravel()[at]) // int(after.ravel()[at]) if after.any() else 1


def multipliers(
    cost: IntArray, value: IntArray, served: IntArray, need: int, limit: int
) -> tuple[float, float]:
    """Shadow prices of budget and floor in the linear relaxation, ≥ 0: cost per unit of value, and served."""
    from scipy.optimize import linprog

    n, k = cost.shape
    scale = [max(1.0, float(np.abs(table).max())) for table in (cost, value, served)]
    rows = np.vstack([value.ravel() / scale[1], -served.ravel() / scale[2]])
    result = linprog(
        cost.ravel() / scale[0],
        A_ub=rows,
        b_ub=[limit / scale[1], -need / scale[2]],
        A_eq=np.kron(np.eye(n), np.ones(k)),
        b_eq=np.ones(n),
        method="highs",
    )
    if not result.success:
        return 0.0, 0.0
    of_value, of_served = (max(0.0, -float(one)) * scale[0] for one in result.ineqlin.marginals)
    return of_value / scale[1], of_served / scale[2]


@dataclass(frozen=True)
class _Within:
    """What a plan of at most `most` asks of the totals of its last segments.

    Attributes
    ----------
    worth : float
        Shadow price of a unit served.
    first : (n,) float
        Least cost, budget and service priced, of the segments before each.
    rest : float
        What the floor's and the budget's own prices add.
    """

    most: float
    worth: float
    first: FloatArray
    rest: float

    def may(self, row: int, price: FloatArray, served: IntArray) -> BoolArray:
        """Which totals of the segments from `row` on can belong to such a plan."""
        gained = self.worth * served
        bound = price - gained + (self.first[row] + self.rest)
        margin = _MARGIN * (np.abs(price) + gained + (abs(self.first[row]) + abs(self.rest)))
        return np.asarray(bound - margin <= self.most)


def _suffixes(
    tables: tuple[IntArray, IntArray, IntArray], price: float | None, within: _Within | None = None
) -> list[_Rest]:
    """Efficient totals of the segments from each on: of served, and of cost with value priced.

    price : float, optional
        Value alone if left out.
    """
    zero = np.zeros(1, np.int64)
    suffixes = [_Rest(np.zeros(1), zero, zero, zero)]
    for row in range(tables[0].shape[0] - 1, -1, -1):
        after = suffixes[-1]
        c, v, s = (
            (table[row][:, None] + rest).ravel()
            for table, rest in zip(tables, (after.cost, after.value, after.served), strict=True)
        )
        weighed = v.astype(np.float64) if price is None else c + price * v
        if within is not None:
            some = np.flatnonzero(within.may(row, weighed, s))
            weighed, c, v, s = (one[some] for one in (weighed, c, v, s))
        if not weighed.size:
            return []
        keep = efficient(weighed, s)
        if keep.size > MAX_SUFFIX:
            raise TooLargeError
        suffixes.append(_Rest(weighed[keep], c[keep], v[keep], s[keep]))
    return suffixes[::-1]


class _Search:
    """One search: tables in processing order, suffix frontiers, best cost known."""

    def __init__(
        self,
        tables: tuple[IntArray, IntArray, IntArray],
        prices: tuple[float, float],
        need: int,
        limit: int,
        least: list[_Rest],
    ) -> None:
        self.tables, self.least = tables, least
        self.price, self.worth = prices
        self.need, self.limit = need, limit
        self.best = np.inf
        self.rest: list[_Rest] = []

    def run(self) -> IntArray:
        """The best plan: looked for near the bound of the linear relaxation first, then further off."""
        cost, value, served = self.tables
        parts = (cost + self.price * value - self.worth * served).min(axis=1)
        rest = self.worth * self.need - self.price * self.limit
        first = np.concatenate(([0.0], np.cumsum(parts)))
        bound = float(first[-1]) + rest
        whole = self.least[0]
        known = float(whole.cost[np.searchsorted(whole.served, self.need)])
        for share in _NEAR:
            most = bound + share * max(known - bound, 0.0) if share < 1 else known
            self.rest = _suffixes(self.tables, self.price, _Within(most, self.worth, first, rest))
            self.best = most
            if self.rest and (found := self._found(most)) is not None:
                return found
        raise TooLargeError  # not reached: the plan that `known` is the cost of comes back

    def _found(self, most: float) -> IntArray | None:
        """The best plan that costs at most so much; None if there is none."""
        zero = np.zeros(1, np.int64)
        labels = _Labels(zero, zero, zero, np.zeros((1, 0), np.int16))
        labels = self._prune(labels, 0)
        for row in range(self.tables[0].shape[0]):
            labels = self._prune(self._extend(labels, row), row + 1)
        labels = labels.take(labels.cost <= most)
        if not labels.cost.size:
            return None
        best = np.lexsort((labels.value, -labels.served, labels.cost))[0]
        return np.asarray(labels.choice[best], dtype=np.int64)

    def _extend(self, labels: _Labels, row: int) -> _Labels:
        n, k = labels.cost.size, self.tables[0].shape[1]
        if n * k > 10 * MAX_LABELS:
            raise TooLargeError
        c, v, s = (
            (own[:, None] + table[row]).ravel()
            for own, table in zip((labels.cost, labels.value, labels.served), self.tables, strict=True)
        )
        choice = np.empty((n, k, row + 1), np.int16)
        choice[:, :, :row] = labels.choice[:, None, :]
        choice[:, :, row] = np.arange(k)
        return _Labels(c, v, s, choice.reshape(n * k, row + 1))

    def _prune(self, labels: _Labels, row: int) -> _Labels:
        """Drop labels that cannot become feasible, then those whose bound passes the best cost."""
        least = self.least[row]
        at = np.searchsorted(least.served, self.need - labels.served)
        fits = at < least.served.size
        at = np.minimum(at, least.served.size - 1)
        labels = labels.take(fits & (labels.value + least.value[at] <= self.limit))
        at = np.searchsorted(least.served, self.need - labels.served)
        self._improve(labels.cost + least.cost[at])
        rest = self.rest[row]
        at = np.searchsorted(rest.served, self.need - labels.served)
        labels, at = labels.take(at < rest.served.size), at[at < rest.served.size]
        whole = labels.value + rest.value[at] <= self.limit
        self._improve((labels.cost + rest.cost[at])[whole])
        own = labels.cost + self.price * labels.value
        bound = own + rest.price[at] - self.price * self.limit
        margin = _MARGIN * (np.abs(own) + np.abs(rest.price[at]) + self.price * self.limit)
        labels = labels.take(bound - margin <= self.best)
        if labels.cost.size > MAX_LABELS:
            raise TooLargeError
        return labels

    def _improve(self, costs: IntArray) -> None:
        if costs.size:
            self.best = min(self.best, float(costs.min()))
