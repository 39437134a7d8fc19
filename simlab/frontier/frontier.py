"""The frontier of a segmentation and the plans that are read off it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from simlab.arrays import AnyArray, ChoiceArray, FloatArray
from simlab.errors import UsageError
from simlab.frontier.bounded import TooLargeError, least_cost
from simlab.frontier.bounds.steps import hull_plans, segment_bound
from simlab.frontier.curves import SegmentCurves, Sums, exact_amount, in_money
from simlab.frontier.merge import MAX_CANDIDATES, Merged, efficient, fits_int64, merge, proportional
from simlab.frontier.plan import EPSILON, EXACT, LISTED, NoPlanError, Plan, money_up, rate_down
from simlab.measures import format_money, format_rate
from simlab.measures.shown import Public

Amount: TypeAlias = float | Decimal | Fraction

MAX_HULL_PLANS = 20_000
"""Plans on the Lagrangian hull that join a thinned merge."""


@dataclass(frozen=True, eq=False, repr=False)
class Frontier(Public):
    """Plans in ascending order of cost, none of which another listed plan beats.

    Attributes
    ----------
    curves : SegmentCurves
        What was merged.
    kind : {"segmented", "uniform", "limited"}
        All combinations of targets, one common target, or points solved under further limits.
    choice : (p, n_segments) int16
        Target number of each segment in each plan.
    cost, value, served : (p,) int
        Exact totals of each plan.
    bound : (p,) int
        No plan of this kind that serves as much costs less.
    certificate : (p,) str
        ``exact`` or ``epsilon``; ``listed`` for uniform targets.
    chosen : Plan or None
        The cheapest plan under the limits given to `solve`.
    whole : Frontier or None
        The frontier that these points were taken from; plans are read off that one.
    """

    curves: SegmentCurves
    kind: str
    choice: ChoiceArray
    cost: Sums
    value: Sums
    served: Sums
    bound: Sums
    certificate: AnyArray
    chosen: Plan | None = field(default=None)
    whole: Frontier | None = field(default=None)

    def __repr__(self) -> str:
        if not self.n_points:
            return f"Frontier({self.kind}, no plans)"
        fill, cost = self.fill_rate, self.cost_money
        money = [format_money(float(end), self.curves.currency) for end in (cost[0], cost[-1])]
        return (
            f"Frontier({self.kind}, {self.n_points:,} plans, {self.curves.service_name} "
            f"{format_rate(float(fill[0]))} to {format_rate(float(fill[-1]))}, "
            f"{self.curves.cost_name} {money[0]} to {money[1]}{self.curves.per})"
        )

    @property
    def n_points(self) -> int:
        """Number of plans."""
        return int(self.choice.shape[0])

    @property
    def fill_rate(self) -> FloatArray:
        """(p,) achieved fill rate; NaN if nothing was demanded."""
        demanded = self.curves.total_demanded
        served = self.served.astype(np.float64)
        return served / demanded if demanded else np.full(served.shape, np.nan)

    @property
    def cost_money(self) -> FloatArray:
        """(p,) objective in money (per year)."""
        return in_money(self.cost, self.curves.cost_unit)

    @property
    def value_money(self) -> FloatArray:
        """(p,) value in money."""
        return in_money(self.value, self.curves.value_unit)

    @property
    def gap(self) -> FloatArray:
        """(p,) largest possible saving as a fraction of cost."""
        cost = self.cost.astype(np.float64)
        slack = (self.cost - self.bound).astype(np.float64)
        return np.divide(slack, cost, out=np.zeros_like(cost), where=cost > 0)

    @property
    def gap_between(self) -> FloatArray:
        """(p,) largest possible saving below each listed point, as a fraction of its cost.

        A plan that serves more than the point before and no more than this one costs at least
        (1 − this) × the cost of this point, whether it was listed or not.
        """
        cost = self.cost.astype(np.float64)
        below = np.concatenate((self.bound[:1], self.bound[:-1])).astype(np.float64)
        return np.divide(cost - below, cost, out=np.zeros_like(cost), where=cost > 0)

    @property
    def targets(self) -> FloatArray:
        """(p, n_segments) target of each segment in each plan."""
        return np.asarray(self.curves.targets[self.choice])

    def plan(self, point: int) -> Plan:
        """One point as a plan."""
        return Plan(
            self.curves,
            self.choice[point].astype(np.int64),
            str(self.certificate[point]),
            float(self.bound[point]),
        )

    def take(self, points: npt.ArrayLike) -> Frontier:
        """Some of the points, in the given order."""
        at = np.asarray(points, dtype=np.int64)
        tables = (self.choice, self.cost, self.value, self.served, self.bound, self.certificate)
        choice, cost, value, served, bound, certificate = (table[at] for table in tables)
        part = Frontier(self.curves, self.kind, choice, cost, value, served, bound, certificate)
        return replace(part, chosen=self.chosen, whole=self.whole or self)

    def at(self, *, fill_rate: float | None = None, budget: Amount | None = None) -> Plan:
        """The plan at a floor, at a budget, or at both.

        Parameters
        ----------
        fill_rate : float, optional
            Floor: the cheapest plan that reaches it.
        budget : money, optional
            Ceiling on `value`: alone, the highest fill rate under it (then the least cost);
            together with a floor, the least cost subject to both. Uniform and limited frontiers
            answer with the best of their listed plans.

        Raises
        ------
        NoPlanError
            If nothing on the grid meets the limits; names the smallest budget that works and the
            highest fill rate in reach.
        UsageError
            If neither is given or one makes no sense.
        """
        if fill_rate is None and budget is None:
            raise UsageError("name a fill rate, a budget or both")
        need = None if fill_rate is None else self.curves.needed(fill_rate)
        limit = None if budget is None else self.curves.allowed(budget)
        if self.whole is not None:
            return self.whole.at(fill_rate=fill_rate, budget=budget)
        self._check(need, limit, fill_rate, budget)
        if self.kind != "segmented":
            return self._of_list(need, limit)
        if limit is None:
            return self._cheapest(int(need or 0))
        if need is None:
            value, served = self._value_and_served()
            need = int(served[np.asarray(value <= limit, dtype=np.bool_)].max())
        return self._under_both(need, limit)

    def _of_list(self, need: int | None, limit: int | None) -> Plan:
        """The best of the listed plans; a floor between two points is bounded by the cheaper one."""
        allowed = self._meets(need, limit)
        if need is None:
            allowed &= self.served == self.served[allowed].max()
        point = int(np.flatnonzero(allowed)[np.argmin(self.cost[allowed])])
        plan = self.plan(point)
        if self.kind == "uniform" or need == plan.served:
            return plan
        below = float(self.bound[point - 1]) if point else -math.inf
        return Plan(self.curves, plan.choice, LISTED, below)

    def _meets(self, need: int | None, limit: int | None) -> npt.NDArray[np.bool_]:
        allowed = np.ones(self.n_points, dtype=np.bool_)
        if need is not None:
            allowed &= np.asarray(self.served >= need, dtype=np.bool_)
        if limit is not None:
            allowed &= np.asarray(self.value <= limit, dtype=np.bool_)
        return allowed

    @cached_property
    def _thrifty(self) -> Merged:
        """Efficient totals of (value, served): what a budget can buy."""
        merged = merge(self.curves.value, self.curves.served)
        if not merged.slack:
            return merged
        choice, value, served, _ = _with_hull(replace(self.curves, cost=self.curves.value), merged)
        return Merged(choice, value, served, merged.slack)

    def _cheapest(self, need: int) -> Plan:
        """The first point that serves enough; within ε its bound is that of the floor itself."""
        plan = self.plan(int(np.searchsorted(self.served, need)))
        if plan.certificate != EPSILON:
            return plan
        bound = float(segment_bound(self.curves, np.array([need], dtype=object))[0])
        return Plan(self.curves, plan.choice, EPSILON, min(bound, float(plan.cost)))

    def _under_both(self, need: int, limit: int) -> Plan:
        cheapest = self._cheapest(need)
        if cheapest.value <= limit:
            return cheapest
        if proportional(self.curves.cost, self.curves.value):
            # value follows cost, so a cheapest plan over the budget is only a tie broken the other way
            at = int(np.searchsorted(self._thrifty.served, need))
            choice = self._thrifty.choice[at].astype(np.int64)
            return Plan(self.curves, self.curves.canonical(choice), cheapest.certificate, cheapest.bound)
        try:
            choice = self.curves.canonical(least_cost(self.curves, need, limit))
        except TooLargeError:
            from simlab.frontier.limits.core import solver_plan

            return solver_plan(self.curves, need, limit)
        plan = Plan(self.curves, choice, EXACT, 0.0)
        return Plan(self.curves, choice, EXACT, float(plan.cost))

    def _check(
        self, need: int | None, limit: int | None, fill_rate: float | None, budget: Amount | None
    ) -> None:
        """Raise with what would work when nothing meets the limits."""
        if not self.curves.total_demanded:
            raise NoPlanError("nothing was demanded, so there is no fill rate to reach", None, math.nan)
        value, served = self._value_and_served()
        within = served if limit is None else served[np.asarray(value <= limit, dtype=np.bool_)]
        reach = int(within.max()) if within.size else None
        if reach is not None and (need is None or reach >= need):
            return
        demanded, currency = self.curves.total_demanded, self.curves.currency
        enough = np.asarray(served >= (need or 0), dtype=np.bool_)
        highest = (
            "nothing fits" if reach is None else f"the highest reachable is {rate_down(reach, demanded)}"
        )
        fill = math.nan if reach is None else reach / demanded
        asked = (
            ""
            if fill_rate is None
            else f" reaches {self.curves.service_name} {format_rate(float(fill_rate))}"
        )
        if not enough.any():
            best = int(served.max())
            raise NoPlanError(
                f"no {self._noun}{asked}: the highest reachable is {rate_down(best, demanded)}",
                None,
                best / demanded,
            )
        smallest = Fraction(int(value[enough].min())) * self.curves.value_unit
        text = ("at most " if self._slack_in_value else "") + money_up(smallest, currency)
        money = money_up(exact_amount(budget or 0), currency)
        raise NoPlanError(
            f"no {self._noun}{asked} within a budget of {money}: the smallest budget that works is {text}; "
            f"within the given budget {highest}",
            smallest,
            fill,
        )

    @property
    def _slack_in_value(self) -> bool:
        return self.kind == "segmented" and self._thrifty.slack > 0

    def _value_and_served(self) -> tuple[Sums, Sums]:
        if self.kind != "segmented":
            return self.value, self.served
        thrifty = self._thrifty
        if not thrifty.slack:
            return thrifty.cost, thrifty.served
        # within ε the plans of the frontier itself may be better than those merged for their value
        return np.concatenate((thrifty.cost, self.value)), np.concatenate((thrifty.served, self.served))

    @property
    def _noun(self) -> str:
        nouns = {"uniform": "uniform target", "limited": "listed plan"}
        return nouns.get(self.kind, "plan on the grid")


def solve(
    curves: SegmentCurves,
    *,
    fill_rate: float | None = None,
    budget: Amount | None = None,
    max_candidates: int = MAX_CANDIDATES,
) -> Frontier:
    """Every efficient plan, and the chosen one where limits are given.

    Parameters
    ----------
    curves : SegmentCurves
        Sums per segment and target.
    fill_rate, budget
        As in `Frontier.at`; the plan found becomes `Frontier.chosen`.
    max_candidates : int
        Work limit of the merge; beyond it points are within a stated ε.

    Raises
    ------
    NoPlanError
        If no plan meets the limits.
    """
    merged = merge(curves.cost, curves.served, max_candidates=max_candidates)
    choice, cost, served, bound = merged.choice, merged.cost, merged.served, merged.cost
    if merged.slack:
        choice, cost, served, bound = _with_hull(curves, merged)
    choice = curves.canonical(choice)
    label = np.where(np.asarray(bound == cost, dtype=np.bool_), EXACT, EPSILON)
    value = _total(curves.value, choice)
    frontier = Frontier(curves, "segmented", choice, cost, value, served, bound, label)
    return _with_choice(frontier, fill_rate, budget)


def uniform(curves: SegmentCurves) -> Frontier:
    """One plan per target of the grid, the same target in every segment, in ascending order of cost."""
    choice = np.repeat(np.arange(curves.n_targets, dtype=np.int16)[:, None], curves.n_segments, axis=1)
    choice = curves.canonical(choice)
    cost = _total(curves.cost, choice)
    choice = choice[np.argsort(cost, kind="stable")]
    cost, value, served = (_total(table, choice) for table in (curves.cost, curves.value, curves.served))
    label = np.full(curves.n_targets, LISTED)
    return Frontier(curves, "uniform", choice, cost, value, served, cost, label)


def _with_choice(frontier: Frontier, fill_rate: float | None, budget: Amount | None) -> Frontier:
    if fill_rate is None and budget is None:
        return frontier
    return replace(frontier, chosen=frontier.at(fill_rate=fill_rate, budget=budget))


def _with_hull(curves: SegmentCurves, merged: Merged) -> tuple[ChoiceArray, Sums, Sums, Sums]:
    """Thinned merge joined with the plans on the Lagrangian hull, and a lower bound for each."""
    choice = np.concatenate((merged.choice, hull_plans(curves.cost, curves.served, MAX_HULL_PLANS)))
    cost, served = _total(curves.cost, choice), _total(curves.served, choice)
    kept = efficient(cost, served)
    cost, served = cost[kept], served[kept]
    match = np.searchsorted(merged.served, served)  # the merged point that serves as much
    reach = merged.cost[np.minimum(match, merged.cost.size - 1)] - merged.slack
    bound = np.maximum(reach, segment_bound(curves, served))
    return choice[kept], cost, served, np.minimum(bound, cost)


def _total(table: Sums, choice: ChoiceArray) -> Sums:
    """(p,) totals of each plan, exact."""
    safe = table if fits_int64(table) else table.astype(object)
    total: Sums = safe[0][choice[:, 0]]
    for row in range(1, table.shape[0]):
        total = total + safe[row][choice[:, row]]
    return total
