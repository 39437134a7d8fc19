"""Everything that is asked of a plan at once: on means, on single replications, on quantiles and peaks."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from simlab.frontier.frontier import Amount, Frontier
from simlab.frontier.limits.chance import Chance, search_chance
from simlab.frontier.limits.conflict import Explanation, chance_ceiling, explain
from simlab.frontier.limits.program import Limit, Program, Solution
from simlab.frontier.limits.tail import Tail
from simlab.frontier.limits.tail_solve import TailLimit, TailSolution, solve_tails
from simlab.frontier.plan import BOUND, SOLVER, NoPlanError, Plan
from simlab.frontier.problem import Problem

_PER_QUESTION = 0.25


@dataclass(frozen=True, eq=False)
class Asked:
    """A problem with limits that are no sums over segments, or such an objective.

    Attributes
    ----------
    problem : Problem
        Additive objective, service and limits on means.
    frontier : Frontier
        Its plans, from which searches start and which answer where nothing else is asked.
    chances : tuple of Chance
    tails : tuple of TailLimit
    objective : Tail or None
        A quantile or peak to be made small in place of the problem's objective.
    """

    problem: Problem
    frontier: Frontier
    chances: tuple[Chance, ...] = ()
    tails: tuple[TailLimit, ...] = ()
    objective: Tail | None = None

    def at(self, *, fill_rate: float | None = None, budget: Amount | None = None) -> Plan:
        """The plan at a floor, a budget or both under everything asked; as `Frontier.at`.

        Raises
        ------
        NoPlanError
            If no plan meets all limits; the message names what conflicts and what would work.
        """
        if self.tails or self.objective is not None:
            return self.with_tails(fill_rate=fill_rate, budget=budget)[0]
        if self.chances:
            return self._under_chance(fill_rate, budget)
        source = self.problem if self.frontier.kind == "limited" else self.frontier
        return source.at(fill_rate=fill_rate, budget=budget)

    def why_infeasible(
        self, *, fill_rate: float | None = None, budget: Amount | None = None
    ) -> Explanation | None:
        """Which limits conflict and the smallest change of each that works; None if a plan exists."""
        program = self.problem.program(fill_rate=fill_rate, budget=budget)
        seconds = self.problem.time_limit
        seconds = seconds * _PER_QUESTION if self.chances or self.tails else seconds
        return explain(program, chances=self.chances, tails=self.tails, time_limit=seconds)

    def with_tails(
        self, *, fill_rate: float | None = None, budget: Amount | None = None
    ) -> tuple[Plan, TailSolution]:
        """The plan under ceilings on, or with the least, quantile or peak; chance limits among them.

        A floor: the least objective. Ceilings alone: the highest service they allow, then the least
        objective.
        """
        problem, starts = self.problem, self.frontier.choice
        program = problem.program(fill_rate=fill_rate, budget=budget)
        limits = (*self.tails, *(chance_ceiling(chance) for chance in self.chances))
        seconds = problem.time_limit
        try:
            if fill_rate is None:
                seconds /= 2
                served = replace(program, cost=-problem.curves.served)
                most = solve_tails(served, limits, starts=starts[::-1], time_limit=seconds)
                program = self._serving(program, -most.value)
            found = solve_tails(program, limits, objective=self.objective, starts=starts, time_limit=seconds)
        except NoPlanError as error:
            raise self._no_plan(fill_rate, budget, error) from None
        choice = problem.curves.canonical(found.choice)
        found = replace(found, choice=choice)
        if self.objective is None:
            return Plan(problem.curves, choice, found.certificate, found.bound), found
        return _beside_frontier(problem, choice), found

    def _under_chance(self, fill_rate: float | None, budget: Amount | None) -> Plan:
        problem, starts = self.problem, self.frontier.choice
        program, seconds = problem.program(fill_rate=fill_rate, budget=budget), problem.time_limit
        if fill_rate is None and budget is not None:
            seconds /= 2
            served = replace(program, cost=-problem.curves.served)
            most = self._searched(served, starts, seconds, fill_rate, budget)
            assert most.choice is not None
            program, starts = self._serving(program, -most.cost), np.vstack([starts, most.choice])
        found = self._searched(program, starts, seconds, fill_rate, budget)
        assert found.choice is not None
        label = SOLVER if found.status == "optimal" else BOUND
        return Plan(problem.curves, problem.curves.canonical(found.choice), label, found.bound)

    def _searched(
        self,
        program: Program,
        starts: npt.NDArray[np.int16],
        seconds: float,
        fill_rate: float | None,
        budget: Amount | None,
    ) -> Solution:
        found = search_chance(program, self.chances, starts, time_limit=seconds)
        if found.choice is None:
            names = " and ".join(f"'{chance.name}'" for chance in self.chances)
            reason = (
                "no plan on the grid meets" if found.status == "infeasible" else "none was found in time for"
            )
            proven = found.status == "infeasible"
            raise self._no_plan(
                fill_rate, budget, NoPlanError(f"{reason} {names}", None, math.nan, proven=proven)
            )
        return found

    def _serving(self, program: Program, need: int) -> Program:
        floor = Limit("units served", self.problem.curves.served, at_least=need)
        return replace(program, limits=(*program.limits, floor))

    def _no_plan(self, fill_rate: float | None, budget: Amount | None, error: NoPlanError) -> NoPlanError:
        """What conflicts and what would work; the error as it was where that is not known."""
        reason = self.why_infeasible(fill_rate=fill_rate, budget=budget) if error.proven else None
        if reason is None:
            return error
        smallest = None if budget is None else reason.relaxed(self.problem.budget_name(budget))
        amount = None if smallest is None else Fraction(smallest) * self.problem.curves.value_unit
        return NoPlanError(str(reason), amount, math.nan)


def _beside_frontier(problem: Problem, choice: npt.NDArray[np.int64]) -> Plan:
    """The plan with what it can exceed the least additive objective of the same service by."""
    plan = Plan(problem.curves, choice, "bound", 0.0)
    try:
        least = problem.at(fill_rate=None if not plan.served else float(plan.fill_rate))
    except NoPlanError:
        return plan
    return replace(plan, bound=min(float(least.bound), float(plan.cost)))
