"""Plans that hold up in several scenarios: regret tables and the least maximum regret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from simlab.errors import UsageError
from simlab.frontier.core import solve_exactly
from simlab.frontier.curves import SegmentCurves
from simlab.frontier.mixed import Session
from simlab.frontier.plan import NoPlanError, Plan, rate_down
from simlab.frontier.problem import Problem
from simlab.frontier.program import Limit, Program, Solution
from simlab.frontier.solve import solve
from simlab.measures import format_rate


@dataclass(frozen=True, eq=False)
class Robust:
    """The plan with the least maximum regret over the scenarios.

    Attributes
    ----------
    plan : Plan
        On the curves of the first scenario.
    scenarios : tuple of str
        Names; the first is the base.
    regret : (n_scenarios,) float
        Money per year by which the plan exceeds each scenario's own best plan.
    best : tuple of Plan
        The best plan of each scenario.
    price : float
        Money per year that the plan costs more than the best one if the base scenario comes true.
    gap : float
        Money by which the largest regret may exceed the least possible; 0 if proven.
    """

    plan: Plan
    scenarios: tuple[str, ...]
    regret: npt.NDArray[np.float64]
    best: tuple[Plan, ...]
    price: float
    gap: float


def regret_table(
    scenarios: Mapping[str, SegmentCurves], choices: Mapping[str, npt.NDArray[np.int64]], fill_rate: float
) -> dict[str, dict[str, tuple[float, float]]]:
    """Regret (money per year) and fill rate of each plan in each scenario: table[plan][scenario]."""
    best = {name: solve(curves, fill_rate=fill_rate).chosen for name, curves in scenarios.items()}
    table: dict[str, dict[str, tuple[float, float]]] = {}
    for plan_name, choice in choices.items():
        table[plan_name] = {}
        for name, curves in scenarios.items():
            plan, least = Plan(curves, choice, "listed", 0.0), best[name]
            assert least is not None
            regret = float((plan.cost - least.cost) * curves.cost_unit)
            table[plan_name][name] = (regret, plan.fill_rate)
    return table


def least_regret(scenarios: Mapping[str, SegmentCurves | Problem], fill_rate: float) -> Robust:
    """The plan that reaches the fill rate in every scenario with the least maximum regret.

    Parameters
    ----------
    scenarios : mapping of name to SegmentCurves or Problem
        Sums of the same segments and targets on the same random numbers; the first is the base. The
        limits of a `Problem` hold in its scenario, for the plan and for the best plan it is held
        against; pins, ranges and order of targets are those of the first.
    fill_rate : float
        Floor that must hold in each scenario.

    Raises
    ------
    NoPlanError
        If one scenario cannot reach the floor under its limits, or no single plan does in all.

    Notes
    -----
    The largest regret allowed is halved in whole units of cost: "is there a plan whose regret is at
    most r everywhere" is one exact solve with a ceiling per scenario.
    """
    problems = {
        name: Problem(one) if isinstance(one, SegmentCurves) else one for name, one in scenarios.items()
    }
    names, curves = tuple(problems), tuple(one.curves for one in problems.values())
    if len({(c.names, c.cost_unit, c.n_targets) for c in curves}) != 1:
        raise UsageError("scenarios must have the same segments, targets and units of cost")
    best = tuple(_best(name, one, fill_rate) for name, one in problems.items())
    everywhere = _everywhere(problems, fill_rate)
    first = solve_exactly(everywhere)
    if first.choice is None:
        more = " under the limits" if any(one.limits or one.ordered for one in problems.values()) else ""
        raise NoPlanError(
            f"no plan on the grid reaches {curves[0].service_name} {format_rate(fill_rate)} in all "
            f"scenarios{more}",
            None,
            float("nan"),
        )
    choice, low, high = _halve(curves, best, everywhere, first.choice)
    regret = _regrets(curves, best, choice)
    unit = curves[0].cost_unit
    plan = Plan(curves[0], choice, "exact" if low >= high else "bound", float(best[0].cost))
    money = np.array([float(r * unit) for r in regret])
    return Robust(plan, names, money, best, float(money[0]), float(Fraction(max(0, high - low)) * unit))


def _everywhere(problems: Mapping[str, Problem], fill_rate: float) -> Program:
    """The base's cost under the floor and the limits of every scenario."""
    limits: list[Limit] = []
    for name, one in problems.items():
        served, need = one.curves.served, one.curves.needed(fill_rate)
        title = f"{one.curves.service_name} ≥ {format_rate(fill_rate)} if '{name}'"
        limits.append(Limit(title, served, at_least=need))
        limits += [replace(limit, name=f"{limit.name} if '{name}'") for limit in one.limits]
    base = next(iter(problems.values())).program()
    return replace(base, limits=tuple(limits))


def _best(name: str, problem: Problem, fill_rate: float) -> Plan:
    curves = problem.curves
    reach = int(curves.served.max(axis=1).sum())
    if reach < curves.needed(fill_rate):
        raise NoPlanError(
            f"scenario '{name}' cannot reach {curves.service_name} {format_rate(fill_rate)}: the highest is "
            f"{rate_down(reach, curves.total_demanded)}",
            None,
            reach / max(1, curves.total_demanded),
        )
    return best_plan(problem, fill_rate)


def best_plan(problem: Problem, fill_rate: float) -> Plan:
    """The cheapest plan of one scenario that reaches the fill rate under its limits.

    Raises
    ------
    NoPlanError
        None does.
    """
    if problem.limits or problem.ordered:
        return problem.at(fill_rate=fill_rate)
    return solve(problem.curves).at(fill_rate=fill_rate)


def _regrets(
    curves: tuple[SegmentCurves, ...], best: tuple[Plan, ...], choice: npt.NDArray[np.int64]
) -> list[int]:
    return [c.totals(choice)[0] - least.cost for c, least in zip(curves, best, strict=True)]


def _halve(
    curves: tuple[SegmentCurves, ...],
    best: tuple[Plan, ...],
    everywhere: Program,
    choice: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], int, int]:
    """Plan, proven lower limit and reached value of the largest regret."""
    session = Session()
    low, high = 0, max(_regrets(curves, best, choice))
    while low < high:
        middle = (low + high) // 2
        found = _within(curves, best, everywhere, middle, session)
        if found.choice is not None:
            choice = found.choice
            high = max(_regrets(curves, best, choice))
        elif found.status == "infeasible":
            low = middle + 1
        else:
            break
    return choice, low, high


def _within(
    curves: tuple[SegmentCurves, ...],
    best: tuple[Plan, ...],
    everywhere: Program,
    most: int,
    session: Session,
) -> Solution:
    ceilings = tuple(
        Limit("regret", c.cost, at_most=least.cost + most) for c, least in zip(curves, best, strict=True)
    )
    return solve_exactly(replace(everywhere, limits=everywhere.limits + ceilings), session=session)
