"""Least cost under a service floor and a budget on another measure: exact label search.

Labels are totals of the first segments. A label dies when no completion can serve enough within
the budget, or when its Lagrangian bound passes the best plan known; only the bound is computed in
floating point, with a margin far above its rounding, and it decides nothing but what to look at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray, IntArray
from simlab.frontier.curves import SegmentCurves
from simlab.frontier.merge import as_int64, efficient

MAX_SEGMENTS = 24
MAX_LABELS = 2_000_000
MAX_SUFFIX = 400_000
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
    price = multiplier(cost, value, served, need, limit)
    search = _Search(cost[order], value[order], served[order], price, need, limit)
    choice = np.empty(order.size, dtype=np.int64)
    choice[order] = search.run()
    return choice


def _unit(before: npt.NDArray[np.int64], after: npt.NDArray[np.int64]) -> int:
    at = int(np.argmax(after != 0))
    return int(before.ravel()[at]) // int(after.ravel()[at]) if after.any() else 1


def multiplier(cost: IntArray, value: IntArray, served: IntArray, need: int, limit: int) -> float:
    """Shadow price of the budget in the linear relaxation, ≥ 0, in cost per unit of value."""
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
        return 0.0
    return max(0.0, -float(result.ineqlin.marginals[0])) * scale[0] / scale[1]


class _Search:
    """One search: tables in processing order, suffix frontiers, best cost known."""

    def __init__(
        self, cost: IntArray, value: IntArray, served: IntArray, price: float, need: int, limit: int
    ) -> None:
        self.tables = (cost, value, served)
        self.price, self.need, self.limit = price, need, limit
        self.best = np.inf
        self.rest = self._suffixes(lambda c, v: c + price * v)
        self.least = self._suffixes(lambda c, v: v.astype(np.float64))

    def _suffixes(self, weigh: object) -> list[_Rest]:
        assert callable(weigh)
        zero = np.zeros(1, np.int64)
        suffixes = [_Rest(np.zeros(1), zero, zero, zero)]
        for cost, value, served in zip(*(table[::-1] for table in self.tables), strict=True):
            after = suffixes[-1]
            c, v, s = (
                (own[:, None] + rest).ravel()
                for own, rest in ((cost, after.cost), (value, after.value), (served, after.served))
            )
            price = weigh(c, v)
            keep = efficient(price, s)
            if keep.size > MAX_SUFFIX:
                raise TooLargeError
            suffixes.append(_Rest(price[keep], c[keep], v[keep], s[keep]))
        return suffixes[::-1]

    def run(self) -> IntArray:
        zero = np.zeros(1, np.int64)
        labels = _Labels(zero, zero, zero, np.zeros((1, 0), np.int16))
        labels = self._prune(labels, 0)
        for row in range(self.tables[0].shape[0]):
            labels = self._prune(self._extend(labels, row), row + 1)
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
