"""The optimal (R,s,S) levels of one item under holding, shortage and fixed ordering costs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simlab.arrays import FloatArray
from simlab.errors import UsageError
from simlab.policies.sums.protection import Protection

_MOST_LEVELS = 1 << 20


@dataclass(frozen=True)
class PeriodCosts:
    """What a period costs, in any one currency.

    Attributes
    ----------
    holding : float
        Per unit on the shelf at the count, > 0.
    shortage : float
        Per unit owed at the count, > 0.
    ordering : float
        Per order of positive size, ≥ 0.
    """

    holding: float
    shortage: float
    ordering: float

    def __post_init__(self) -> None:
        numbers = (self.holding, self.shortage, self.ordering)
        if not all(map(math.isfinite, numbers)) or min(self.holding, self.shortage) <= 0 or self.ordering < 0:
            raise UsageError("holding and shortage costs must be > 0 and the cost of an order ≥ 0")


@dataclass(frozen=True)
class OptimalLevels:
    """Best levels: order up to S when the position is at or below s; `cost` is the mean per period."""

    reorder_point: int
    order_up_to: int
    cost: float


def optimal_levels(probabilities: FloatArray, protection: Protection, costs: PeriodCosts) -> OptimalLevels:
    """Levels (s, S) of least average cost where all unmet demand waits.

    Parameters
    ----------
    probabilities : (m,) float
        Probabilities of a period's demand of 0, 1, … units.
    protection : Protection
        Lead times and review period; orders must arrive in sequence (`protection.in_sequence`).
    costs : PeriodCosts

    Returns
    -------
    OptimalLevels
        Of several optima the one whose S the search meets first, the smallest from the
        cheapest base stock upward.

    Raises
    ------
    UsageError
        Probabilities that are none, or no demand at all.

    Notes
    -----
    A review that leaves the position at y costs G(y) = Σ_n w(n)·E[h(y − D_n)⁺ + p(D_n − y)⁺], w(n)
    the expected number of counts that see n periods of demand since it. Reviews between orders
    form a renewal process with density m(j) of the demand of R periods, so that
    c(s, S) = (K + Σ_j m(j)·G(S − j)) / Σ_j m(j), j = 0 … S − s − 1.

    References
    ----------
    Zheng, Federgruen (1991), Finding optimal (s, S) policies is about as simple as evaluating a
    single policy. Operations Research 39(4), 654–665.
    """
    p = np.asarray(probabilities, np.float64)
    if p.ndim != 1 or p.size == 0 or not (p >= 0).all() or not 0.999 < p.sum() < 1.001 or p[0] >= 1.0:
        raise UsageError("optimal levels need probabilities of demand that sum to 1, and some demand")
    p = p / p.sum()
    search = _Search(_review_demand(p, protection.review_period), _Losses(p, protection, costs), costs)
    s, S, cost = search.best()
    return OptimalLevels(s, S, cost / protection.review_period)


def _review_demand(p: FloatArray, review_period: int) -> FloatArray:
    """Law of the demand between two reviews."""
    total = np.ones(1)
    for _ in range(review_period):
        total = np.convolve(total, p)
    return total


class _Losses:
    """G(y): expected holding and shortage cost of a review that leaves the position at y."""

    def __init__(self, p: FloatArray, protection: Protection, costs: PeriodCosts) -> None:
        counts = np.cumsum(protection.short[::-1])[::-1]
        counts = np.where(np.arange(counts.size) > 0, np.maximum(counts, 0.0), 0.0)
        mean = float(np.arange(p.size) @ p)
        self._weight = float(counts.sum())
        self._mean = mean * float(np.arange(counts.size) @ counts)
        self._holding, self._shortage = costs.holding, costs.shortage
        mixture, total = np.zeros(0), np.ones(1)
        for n, weight in enumerate(counts.tolist()):
            if n:
                total = np.convolve(total, p)
            if weight > 0:
                grown = np.zeros(max(mixture.size, total.size))
                grown[: mixture.size] = mixture
                grown[: total.size] += weight * total
                mixture = grown
        below = np.cumsum(mixture)
        # E[(y − D)⁺] summed over the counts, y = 0, 1, …
        self._shelf = np.concatenate([[0.0], np.cumsum(below)])
        self.start = int(
            np.searchsorted(below, self._weight * costs.shortage / (costs.holding + costs.shortage))
        )

    def __call__(self, y: int) -> float:
        last = self._shelf.size - 1
        shelf = 0.0
        if y > 0:
            shelf = float(self._shelf[min(y, last)]) + self._weight * max(y - last, 0)
        owed = shelf - (self._weight * y - self._mean)
        return self._holding * shelf + self._shortage * max(owed, 0.0)


class _Search:
    """The algorithm of Zheng and Federgruen, with the renewal function grown as it is needed."""

    def __init__(self, demand: FloatArray, losses: _Losses, costs: PeriodCosts) -> None:
        self._demand, self._losses, self._ordering = demand, losses, costs.ordering
        self._density = np.array([1.0 / (1.0 - demand[0])])
        self._first, self._known = 0, np.zeros(0)  # losses of y = _first, _first + 1, …

    def best(self) -> tuple[int, int, float]:
        """s, S and the cost of a review period."""
        best_S = s = self._cheapest()
        while True:
            s -= 1
            best = self._cost(s, best_S)
            if best <= self._loss(s):
                break
            if best_S - s > _MOST_LEVELS:
                raise UsageError(f"the best S − s exceeds {_MOST_LEVELS} units; use a coarser unit")
        S = best_S + 1
        while self._loss(S) <= best:
            if self._cost(s, S) < best:
                best_S, best = S, self._cost(s, S)
                while self._cost(s, best_S) <= self._loss(s + 1):
                    s += 1
                best = self._cost(s, best_S)
            S += 1
        return s, best_S, best

    def _cheapest(self) -> int:
        """The smallest y of least G (convex), from the newsvendor's quantile."""
        y = self._losses.start
        while self._loss(y - 1) <= self._loss(y):
            y -= 1
        while self._loss(y + 1) < self._loss(y):
            y += 1
        return y

    def _cost(self, s: int, S: int) -> float:
        """c(s, S) per review."""
        n = S - s
        while self._density.size < n:
            self._grow()
        density = self._density[:n]
        losses = self._losses_of(s + 1, S)[::-1]
        return float((self._ordering + density @ losses) / density.sum())

    def _grow(self) -> None:
        """m(j) = Σ_i p(i)·m(j − i) / (1 − p(0)), doubling the number of terms."""
        have = self._density.size
        density = np.concatenate([self._density, np.zeros(have)])
        demand = self._demand
        for j in range(have, density.size):
            reach = min(j, demand.size - 1)
            density[j] = demand[1 : reach + 1] @ density[j - reach : j][::-1] / (1.0 - demand[0])
        self._density = density

    def _loss(self, y: int) -> float:
        return float(self._losses_of(y, y)[0])

    def _losses_of(self, low: int, high: int) -> FloatArray:
        """G of low … high; what is known grows on both sides as it is needed."""
        first, last = self._first, self._first + self._known.size - 1
        if low < first or high > last:
            if self._known.size == 0:
                first, last = low, low - 1
            room = max(16, self._known.size)
            begin = min(first, low - room) if low < first or last < first else first
            end = max(last, high + room) if high > last else last
            below = [self._losses(y) for y in range(begin, first)]
            above = [self._losses(y) for y in range(last + 1, end + 1)]
            self._first, self._known = begin, np.concatenate([below, self._known, above])
        return self._known[low - self._first : high + 1 - self._first]
