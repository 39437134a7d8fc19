"""The best k targets with free assignment: no scheme with k classes can do better.

Which targets, and which item at which target, is chosen at once, so that the plan is the best that any
segmentation into k classes could find, whatever its rule. It says how much is lost by having few targets,
and, against a rule, how much is lost by the rule.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.errors import UsageError
from simlab.frontier.bounds.items import choose_multipliers
from simlab.frontier.bounds.steps import Stairs, hull_bound, hull_steps
from simlab.frontier.classes.assign import Assigned, assign_items
from simlab.frontier.classes.intervals import Intervals, interval_sums, promising_sets
from simlab.frontier.curves import exact_sum
from simlab.frontier.plan import BOUND, EXACT, NoPlanError

MOST_SETS = 100_000
"""Sets of targets kept while the promising ones are listed."""

MOST_TRIED = 60
"""Sets of targets whose best plan is found."""
SIX = tuple(range(1, 7))
_ROUNDS = 14
_PRICES = 8
_ENOUGH = 1e-7


@dataclass(frozen=True, eq=False)
class ClassPlan:
    """A target per item, of at most k different ones, with exact sums and a bound.

    Attributes
    ----------
    classes : int
        k, the most different targets allowed.
    columns : (≤ k,) int64
        The targets, ascending.
    choice : (n,) int64
        Column of each item.
    cost, served : int
        Exact totals.
    bound : int
        No plan with k targets that serves as much costs less, however items are sorted.
    unimodal : float
        Share of items whose penalty falls and then rises along the grid, at the price that bounds best.
    """

    classes: int
    columns: IntArray
    choice: IntArray
    cost: int
    served: int
    bound: int
    unimodal: float

    @property
    def certificate(self) -> str:
        """``exact``: proven best; ``bound``: within `gap` of the best."""
        return EXACT if self.bound >= self.cost else BOUND

    @property
    def gap(self) -> float:
        """Largest possible saving as a fraction of cost."""
        return max(0, self.cost - self.bound) / self.cost if self.cost > 0 else 0.0

    def __repr__(self) -> str:
        return (
            f"ClassPlan({self.classes} classes, targets {self.columns.tolist()}, cost {self.cost:,}, "
            f"{self.certificate}, gap {self.gap:.2g})"
        )


def free_classes(
    cost: IntArray,
    served: IntArray,
    need: int,
    classes: Iterable[int] = SIX,
    *,
    known: Sequence[IntArray] = (),
) -> tuple[ClassPlan, ...]:
    """The cheapest plans with at most k different targets that serve enough, for several k.

    Parameters
    ----------
    cost, served : (n, k) int64
        Sums of each item at each target of the grid, over replications.
    need : int
        Units to be served in total.
    classes : iterable of int
        Numbers of classes, each at least 1.
    known : sequence of (n,) int
        Columns per item of plans already known, say of schemes: no plan returned costs more than a
        known one that serves enough with as few targets.

    Returns
    -------
    tuple of ClassPlan
        In ascending order of k; cost and bound never rise with k, and no bound lies below that of
        plans with a target for every item.

    Raises
    ------
    NoPlanError
        So few targets cannot serve enough.

    Notes
    -----
    For every price λ, Σᵢ min over the targets of (cost − λ · served) + λ · need bounds all plans from
    below. The best set of targets at a price is a shortest path over neighbouring targets
    (`simlab.frontier.classes.intervals`). Sets that several prices together cannot rule out are
    solved one by one. Bounds are floating point with a margin above its rounding; plans are summed exactly.

    References
    ----------
    Everett (1963), Generalized Lagrange multiplier method, Operations Research 11; Hassin and Tamir
    (1991), Improved complexity bounds for location problems on the real line, OR Letters 10.
    """
    search = _Search(cost, served)
    plans: list[ClassPlan] = []
    others = [np.asarray(one, dtype=np.int64) for one in known]
    for k in sorted(set(classes)):
        plans.append(search.solve(k, need, [*others, *(plan.choice for plan in plans)]))
    least = int(hull_bound(hull_steps(cost, served).sorted(), np.array([need]))[0])
    bounds = np.maximum.accumulate([least, *(plan.bound for plan in reversed(plans))], dtype=object)[1:]
    return tuple(replace(plan, bound=int(bound)) for plan, bound in zip(plans, reversed(bounds), strict=True))


@dataclass(frozen=True, eq=False)
class ClassFrontier:
    """Plans with at most k targets along the whole range of service.

    Attributes
    ----------
    classes : int
    choice : (p, n) int16
        Column of each item.
    cost, served : (p,) int64
        Exact totals, ascending.
    bound : (p,) float
        No plan with k targets that serves as much costs less.
    """

    classes: int
    choice: IntArray
    cost: IntArray
    served: IntArray
    bound: FloatArray


def class_frontiers(
    cost: IntArray, served: IntArray, classes: Iterable[int] = SIX, *, n_points: int = 40
) -> dict[int, ClassFrontier]:
    """The plans that prices per unit served lead to, for each k: what to judge on other replications.

    Parameters
    ----------
    cost, served, classes
        As in `free_classes`.
    n_points : int
        Prices, spread evenly in cost (log) and service along the curve of per-item plans.
    """
    search = _Search(cost, served)
    tables = [search.table(price) for price in search.prices(n_points)]
    found = {}
    for k in sorted(set(classes)):
        lists = [search.at_price(k, table) for table in tables]
        choice = np.unique(np.array([choice for choice, _, _ in lists], dtype=np.int16), axis=0)
        totals = np.array([search.totals(one.astype(np.int64)) for one in choice])
        order = np.lexsort((-totals[:, 1], totals[:, 0]))
        keep = order[np.append(True, np.diff(np.maximum.accumulate(totals[order, 1])) > 0)]
        bounds = [max(search.bounded(k, table, int(units)) for table in tables) for units in totals[keep, 1]]
        found[k] = ClassFrontier(
            k, choice[keep].astype(np.int64), totals[keep, 0], totals[keep, 1], np.array(bounds)
        )
    return found


@dataclass(frozen=True, eq=False)
class _Search:
    """Tables of sums at the prices looked at so far, shared by all k."""

    cost: IntArray
    served: IntArray
    tables: dict[float, Intervals] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.cost.shape != self.served.shape or self.cost.ndim != 2 or not self.cost.size:
            shapes = f"cost has shape {self.cost.shape}, served {self.served.shape}"
            raise UsageError(f"{shapes}; one row per item expected")

    @cached_property
    def base(self) -> tuple[IntArray, IntArray]:
        """(n,) least cost and least served of each item, set aside so that numbers stay small."""
        return self.cost.min(axis=1), self.served.min(axis=1)

    @cached_property
    def over(self) -> tuple[FloatArray, FloatArray]:
        """(k, n) cost and served over the base."""
        tables = zip((self.cost, self.served), self.base, strict=True)
        cost, served = (
            np.ascontiguousarray((table - base[:, None]).T).astype(np.float64) for table, base in tables
        )
        return cost, served

    @cached_property
    def sizes(self) -> tuple[float, float]:
        """Sums of the largest absolute values, for margins."""
        cost, served = self.over
        return float(cost.max(axis=0).sum()), float(served.max(axis=0).sum())

    def table(self, price: float) -> Intervals:
        """Interval sums at a price, made once."""
        if price not in self.tables:
            self.tables[price] = interval_sums(*self.over, price)
        return self.tables[price]

    def totals(self, choice: IntArray) -> tuple[int, int]:
        """Exact cost and served of a plan."""
        rows = np.arange(choice.size)
        return exact_sum(self.cost[rows, choice]), exact_sum(self.served[rows, choice])

    def margin(self, price: float, need: float) -> float:
        """More than floating point can be wrong by in a bound."""
        cost, served = self.sizes
        relative = math.ldexp(self.cost.shape[0] + 64, -52)
        return relative * (cost + price * (served + abs(need)))

    def bounded(self, k: int, table: Intervals, need: int) -> float:
        """Lower bound on the cost of every plan with k targets, from one price."""
        units = need - exact_sum(self.base[1])
        total, _ = table.best(k)
        over: float = total + table.price * units - self.margin(table.price, units)
        return exact_sum(self.base[0]) + over

    def at_price(self, k: int, table: Intervals) -> tuple[IntArray, float, float]:
        """The plan that a price leads to, with its cost and served over the base."""
        _, columns = table.best(k)
        cost, served = self.over
        choice = columns[(cost[columns] - table.price * served[columns]).argmin(axis=0)]
        rows = np.arange(choice.size)
        return choice, float(cost[choice, rows].sum()), float(served[choice, rows].sum())

    def prices(self, n: int) -> FloatArray:
        """Prices spread along the curve of plans with a target for every item."""
        stairs = Stairs.of([hull_steps(self.cost, self.served)])
        prices = choose_multipliers(stairs, n, int(self.cost.max()), int(self.served.max()))
        return np.array([numerator / prices.denominator for numerator in prices.numerators])

    def solve(self, k: int, need: int, known: list[IntArray]) -> ClassPlan:
        """The best plan found with k targets, and the bound on all of them."""
        if k < 1:
            raise UsageError(f"{k} classes: at least one is needed")
        asked, k = k, min(k, self.cost.shape[1])
        tables, first = self._priced(k, need)
        tried = {tuple(columns.tolist()): self._tried(columns, need) for columns in first}
        best = self._cheapest([*tried.values(), *self._known(known, k, need)]) or self._highest(k, need)
        rest = best.cost
        for columns, bound in self._promising(k, need, tables, best.cost):
            if bound >= best.cost or not columns or len(tried) >= MOST_TRIED:
                rest = min(rest, bound)
                break
            if tuple(columns) not in tried:
                found = tried[tuple(columns)] = self._tried(np.array(columns), need)
                best = self._cheapest([best, found]) or best
        bounds = [one.bound for one in tried.values() if one is not None]
        top = max(tables, key=lambda table: self.bounded(k, table, need))
        bound = min([rest, best.cost, *bounds])
        used = np.unique(best.choice)
        return ClassPlan(asked, used, best.choice, best.cost, best.served, bound, top.unimodal)

    def _promising(
        self, k: int, need: int, tables: list[Intervals], ceiling: int
    ) -> Iterator[tuple[list[int], int]]:
        """Sets of targets that may beat the ceiling, bounds ascending; last, the bound of all others."""
        base, units = exact_sum(self.base[0]), float(need - exact_sum(self.base[1]))
        margin = self.margin(max(table.price for table in tables), units)
        sets = promising_sets(tables, k, units, ceiling - base + margin, MOST_SETS)
        others = math.ceil(base + sets.rest - margin) if math.isfinite(sets.rest) else ceiling
        for columns, over in zip(sets.columns.tolist(), sets.bound.tolist(), strict=True):
            bound = math.ceil(base + over - margin)
            if bound >= others:
                break
            yield columns, bound
        yield [], others

    def _priced(self, k: int, need: int) -> tuple[list[Intervals], list[IntArray]]:
        """Prices around the one that bounds best, by cutting planes, and the sets of targets there."""
        cost, served = self.over
        units = float(need - exact_sum(self.base[1]))
        low = (
            float(cost.min(axis=0).sum()),
            float(served[cost.argmin(axis=0), np.arange(cost.shape[1])].sum()),
        )
        top = served.argmax(axis=0)
        high = (float(cost[top, np.arange(cost.shape[1])].sum()), self.sizes[1])
        found: list[tuple[float, Intervals]] = []
        sets: list[IntArray] = []
        for _ in range(_ROUNDS):
            price = max(0.0, (high[0] - low[0]) / (high[1] - low[1])) if high[1] > low[1] else 0.0
            if any(table.price == price for _, table in found):
                break
            table = self.table(price)
            total, columns = table.best(k)
            found.append((total + price * units, table))
            sets.append(columns)
            _, paid, reached = self.at_price(k, table)
            upper = low[0] + price * (units - low[1])
            if reached >= units:
                high = (paid, reached)
            else:
                low = (paid, reached)
            if upper - (total + price * units) <= _ENOUGH * abs(upper):
                break
        found.sort(key=lambda pair: -pair[0])
        nearest = {tuple(columns.tolist()): columns for columns in sets[-4:]}
        return [table for _, table in found[:_PRICES]], list(nearest.values())

    def _tried(self, columns: IntArray, need: int) -> Assigned | None:
        return assign_items(self.cost, self.served, np.asarray(columns), need)

    def _known(self, known: list[IntArray], k: int, need: int) -> Iterator[Assigned]:
        """Known plans that serve enough with as few targets."""
        for choice in known:
            cost, served = self.totals(choice)
            if served >= need and np.unique(choice).size <= k:
                yield Assigned(choice, cost, served, cost)

    @staticmethod
    def _cheapest(plans: Iterable[Assigned | None]) -> Assigned | None:
        found = [plan for plan in plans if plan is not None]
        return min(found, key=lambda plan: (plan.cost, -plan.served)) if found else None

    def _highest(self, k: int, need: int) -> Assigned:
        """A plan that serves as much as k targets can; refused where that is not enough."""
        served = self.over[1]
        _, columns = interval_sums(np.zeros_like(served), served, 1.0).best(k)
        single = int(np.argmax([exact_sum(column) for column in self.served.T]))
        sets = [columns, np.array([single])]
        best = self._cheapest(self._tried(one, need) for one in sets)
        if best is None:
            reach = max(exact_sum(self.served[:, one].max(axis=1)) for one in sets)
            classes = "one class serves" if k == 1 else f"{k} classes serve"
            raise NoPlanError(f"{classes} at most {reach:,} units, {need:,} are needed", None, math.nan)
        return best
