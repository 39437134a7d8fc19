"""Segment targets under limits of every kind: single plans, whole frontiers, reasons why none works."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from simlab.errors import EngineFaultError, UsageError
from simlab.frontier.curves import SegmentCurves, Sums, exact_amount, exact_rate
from simlab.frontier.frontier import Amount, Frontier
from simlab.frontier.limits.conflict import Explanation, explain
from simlab.frontier.limits.core import solve_exactly, solve_nearly
from simlab.frontier.limits.program import Limit, Program, Solution
from simlab.frontier.merge import efficient
from simlab.frontier.plan import BOUND, EPSILON, EXACT, SOLVER, NoPlanError, Plan, money_up
from simlab.frontier.solvers.session import Session
from simlab.measures import format_rate
from simlab.measures.shown import Public

MANY = 100
"""Segments beyond which the points of a frontier under limits are within ε instead of proven best."""
_LABEL = {"optimal": SOLVER, "nearly": EPSILON}


@dataclass(frozen=True, eq=False, repr=False)
class Problem(Public):
    """What to choose targets for and under which limits.

    Attributes
    ----------
    curves : SegmentCurves
        Objective, value and service; `restrict`ed where targets are barred.
    limits : tuple of Limit
        Floors and ceilings over any grouping of items.
    ordered : tuple of (int, int)
        Pairs (a, b): the target of segment a is at least that of b.
    time_limit : float
        Seconds for one solve; beyond it the best plan is returned with its gap.
    """

    curves: SegmentCurves
    limits: tuple[Limit, ...] = ()
    ordered: tuple[tuple[int, int], ...] = ()
    time_limit: float = field(default=60.0)

    def at(self, *, fill_rate: float | None = None, budget: Amount | None = None) -> Plan:
        """The plan at a floor, a budget or both, under all limits; as `Frontier.at`.

        Raises
        ------
        NoPlanError
            If no plan meets all limits; the message names what conflicts and what would work.
        """
        if fill_rate is None and budget is not None:
            best = self._solve(-self.curves.served, self._asked(None, budget))
            if best.choice is None:
                raise self.no_plan(fill_rate, budget)
            fill = Fraction(self.curves.totals(best.choice)[2], max(1, self.curves.total_demanded))
            return self._plan(self._solve(self.curves.cost, self._asked(fill, budget)))
        solution = self._solve(self.curves.cost, self._asked(fill_rate, budget))
        if solution.choice is None:
            raise self.no_plan(fill_rate, budget)
        return self._plan(solution)

    def points(self, n_points: int = 100) -> Frontier:
        """The frontier under all limits at `n_points` floors evenly spread in service.

        Each point is solved on its own and re-checked in exact sums. With more than `MANY` segments
        points are within ε of their bound (certificate ``epsilon``), both stated.
        """
        if n_points < 2:
            raise UsageError(f"a frontier is shown by at least 2 points, not {n_points}")
        session, many = Session(), self.curves.n_segments > MANY
        solve = self._nearly if many else self._solve
        cheapest = solve(self.curves.cost, self.limits, session)
        fullest = solve(-self.curves.served, self.limits)
        if cheapest.choice is None or fullest.choice is None:
            raise self.no_plan(None, None)
        low, high = (self.curves.totals(choice)[2] for choice in (cheapest.choice, fullest.choice))
        plans = [self._plan(cheapest)]
        for step in range(1, n_points):
            need = low + -(-(high - low) * step // (n_points - 1))
            if plans[-1].served < need:
                floor = Limit("units served", self.curves.served, at_least=need)
                found = solve(self.curves.cost, (*self.limits, floor), session)
                if found.choice is None and step == n_points - 1:
                    found = replace(fullest, cost=self.curves.totals(fullest.choice)[0], status="bounded")
                    found = replace(found, bound=plans[-1].bound, exact=False)
                if found.choice is not None:  # else time ran out: the gap between its neighbours says so
                    plans.append(self._plan(found))
        return _frontier_of(self.curves, plans)

    def why_infeasible(
        self, *, fill_rate: float | None = None, budget: Amount | None = None
    ) -> Explanation | None:
        """Which limits conflict and the smallest change of each that works; None if a plan exists."""
        return explain(self.program(fill_rate=fill_rate, budget=budget), time_limit=self.time_limit)

    def program(self, *, fill_rate: float | None = None, budget: Amount | None = None) -> Program:
        """Objective and all limits, floor and budget among them, as the solvers take them."""
        return Program(self.curves.cost, self._asked(fill_rate, budget), self._allowed, self.ordered)

    def constants(self) -> tuple[tuple[Limit, bool], ...]:
        """Limits that no choice of targets can move, and whether they are met."""
        choice = np.zeros(self.curves.n_segments, dtype=np.int64)
        return tuple((limit, limit.met(choice)) for limit in self.limits if limit.constant)

    def no_plan(self, fill_rate: float | None, budget: Amount | None) -> NoPlanError:
        """The error that says which limits conflict and what would work."""
        found = self.why_infeasible(fill_rate=fill_rate, budget=budget)
        if found is None:
            return NoPlanError("no plan was found within the time limit", None, float("nan"))
        smallest = found.relaxed(self.budget_name(budget)) if budget is not None else None
        amount = None if smallest is None else Fraction(smallest) * self.curves.value_unit
        return NoPlanError(str(found), amount, float("nan"))

    def budget_name(self, budget: Amount | None) -> str:
        """How the budget is called among the limits."""
        return f"budget {money_up(exact_amount(budget or 0), self.curves.currency)}"

    def _asked(self, fill_rate: float | Fraction | None, budget: Amount | None) -> tuple[Limit, ...]:
        limits = list(self.limits)
        if fill_rate is not None:
            rate = exact_rate(fill_rate)
            need = self.curves.needed(rate)
            name = f"{self.curves.service_name} ≥ {format_rate(float(rate))}"
            served = self.curves.served
            whole = np.repeat(self.curves.demanded[:, None], self.curves.n_targets, axis=1)
            limits.append(Limit(name, served, at_least=need, part=served, whole=whole))
        if budget is not None:
            most = self.curves.allowed(budget)
            name, unit, currency = self.budget_name(budget), self.curves.value_unit, self.curves.currency
            limits.append(Limit(name, self.curves.value, at_most=most, unit=unit, currency=currency))
        return tuple(limits)

    def _solve(self, cost: Sums, limits: tuple[Limit, ...], session: Session | None = None) -> Solution:
        program = Program(cost, limits, self._allowed, self.ordered)
        return solve_exactly(program, time_limit=self.time_limit, session=session)

    def _nearly(self, cost: Sums, limits: tuple[Limit, ...], session: Session | None = None) -> Solution:
        program = Program(cost, limits, self._allowed, self.ordered)
        return solve_nearly(program, time_limit=self.time_limit, session=session)

    @cached_property
    def _allowed(self) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]] | None:
        columns = self.curves.columns
        return None if columns is None else np.asarray(columns == np.arange(self.curves.n_targets))

    def _plan(self, solution: Solution) -> Plan:
        if solution.choice is None:
            raise EngineFaultError("the solver found no plan where one is known to exist")
        label = EXACT if solution.exact else _LABEL.get(solution.status, BOUND)
        return Plan(self.curves, solution.choice, label, min(solution.bound, float(solution.cost)))


def _frontier_of(curves: SegmentCurves, plans: list[Plan]) -> Frontier:
    totals = np.array([plan.totals for plan in plans], dtype=curves.cost.dtype).reshape(-1, 3)
    kept = efficient(totals[:, 0], totals[:, 2])
    choice = np.array([plan.choice for plan in plans], dtype=np.int16)[kept]
    cost, value, served = totals[kept].T
    bound = np.array([min(int(plans[i].bound), plans[i].cost) for i in kept], dtype=curves.cost.dtype)
    label = np.array([plans[i].certificate for i in kept])
    return Frontier(curves, "limited", choice, cost, value, served, bound, label)
