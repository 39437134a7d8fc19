"""Plans that hold up in several scenarios: regret tables and the least maximum regret."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from simlab.errors import UsageError
from simlab.frontier.curves import SegmentCurves
from simlab.frontier.frontier import solve
from simlab.frontier.limits.core import solve_exactly
from simlab.frontier.limits.program import ROW_SCALE, Limit, Program, Solution, matrix_rows
from simlab.frontier.plan import NoPlanError, Plan, rate_down
from simlab.frontier.problem import Problem
from simlab.frontier.solvers.model import Mixed, choice_model
from simlab.frontier.solvers.session import Session
from simlab.measures import format_rate

TIME_LIMIT = 60.0
_MARGIN = 1e-5  # of costs scaled to ROW_SCALE: ten times the solver's tolerance


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


def least_regret(
    scenarios: Mapping[str, SegmentCurves | Problem], fill_rate: float, *, time_limit: float = TIME_LIMIT
) -> Robust:
    """The plan that reaches the fill rate in every scenario with the least maximum regret.

    Parameters
    ----------
    scenarios : mapping of name to SegmentCurves or Problem
        Sums of the same segments and targets on the same random numbers; the first is the base. The
        limits of a `Problem` hold in its scenario, for the plan and for the best plan it is held
        against; pins, ranges and order of targets are those of the first.
    fill_rate : float
        Floor that must hold in each scenario.
    time_limit : float
        Seconds, once every scenario's own best plan is known; then the best plan so far and its gap.

    Raises
    ------
    NoPlanError
        If one scenario cannot reach the floor under its limits, or no single plan does in all.

    Notes
    -----
    One integer program makes the largest regret as small as its tolerance allows. Whether any plan does
    better by a unit of cost is then asked of an exact solve with a ceiling per scenario, until none does.
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
    choice, low, high = _least_worst(curves, best, everywhere, first.choice, time_limit)
    regret = _regrets(curves, best, choice)
    unit = curves[0].cost_unit
    plan = Plan(curves[0], choice, "solver" if low >= high else "bound", float(best[0].cost))
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


def _least_worst(
    curves: tuple[SegmentCurves, ...],
    best: tuple[Plan, ...],
    everywhere: Program,
    choice: npt.NDArray[np.int64],
    time_limit: float,
) -> tuple[npt.NDArray[np.int64], int, int]:
    """Plan, lower limit and reached value of the largest regret."""
    session, end = Session(), time.monotonic() + time_limit
    found, low, near = _nearly_least(curves, best, everywhere, time_limit / 2, session)
    if found is not None and max(_regrets(curves, best, found)) < max(_regrets(curves, best, choice)):
        choice = found
    high = max(_regrets(curves, best, choice))
    while low < high and (left := end - time.monotonic()) > 0:
        most = high - 1 if near else (low + high) // 2
        within = _within(curves, best, everywhere, most, session, left)
        if within.choice is not None:
            choice = within.choice
            high = max(_regrets(curves, best, choice))
        elif within.status == "infeasible":
            low = most + 1
        else:
            break
    return choice, low, high


def _nearly_least(
    curves: tuple[SegmentCurves, ...],
    best: tuple[Plan, ...],
    everywhere: Program,
    time_limit: float,
    session: Session,
) -> tuple[npt.NDArray[np.int64] | None, int, bool]:
    """A plan of nearly the least largest regret, the solver's lower limit, and whether it was in time."""
    model, scale = _worst_model(curves, best, everywhere)
    answer = session.whole.solve(model, time_limit)
    low = max(0, math.floor((answer.bound - _MARGIN) / scale)) if math.isfinite(answer.bound) else 0
    if answer.x is None:
        return None, low, False
    choice = np.asarray(answer.x[:-1].reshape(everywhere.cost.shape).argmax(axis=1), dtype=np.int64)
    good = everywhere.shaped(choice) and not everywhere.broken(choice)
    return (choice if good else None), low, good and answer.status == "optimal"


def _worst_model(
    curves: tuple[SegmentCurves, ...], best: tuple[Plan, ...], everywhere: Program
) -> tuple[Mixed, float]:
    """Least z ≥ every scenario's regret over whole plans; z and the regrets are in units of 1 ÷ scale."""
    from scipy.sparse import csr_array, hstack, vstack

    rows = matrix_rows(everywhere, ROW_SCALE)
    plans = choice_model(
        np.zeros(everywhere.cost.shape), everywhere.mask, rows.coefficients, rows.low, whole=True
    )
    least = [[int(x) for x in c.cost.min(axis=1)] for c in curves]
    above = [
        (c.cost - np.array(low, dtype=object)[:, None]).astype(np.float64)
        for c, low in zip(curves, least, strict=True)
    ]
    scale = ROW_SCALE / max(1.0, *(float(one.max()) for one in above))
    regret = -scale * np.vstack([one.ravel() for one in above])
    floor = scale * np.array([float(sum(low) - b.cost) for low, b in zip(least, best, strict=True)])
    free = csr_array((plans.low.size, 1))
    matrix = vstack(
        [hstack([plans.matrix, free]), hstack([csr_array(regret), csr_array(np.ones((len(best), 1)))])],
        format="csr",
    )
    model = Mixed(
        cost=np.append(plans.cost, 1.0),
        matrix=matrix,
        low=np.concatenate([plans.low, floor]),
        high=np.concatenate([plans.high, np.full(len(best), np.inf)]),
        least=np.append(plans.least, 0.0),
        most=np.append(plans.most, np.inf),
        whole=np.append(plans.whole, False),
    )
    return model, scale


def _within(
    curves: tuple[SegmentCurves, ...],
    best: tuple[Plan, ...],
    everywhere: Program,
    most: int,
    session: Session,
    time_limit: float,
) -> Solution:
    """A plan whose regret is at most so much everywhere."""
    ceilings = tuple(
        Limit("regret", c.cost, at_most=least.cost + most) for c, least in zip(curves, best, strict=True)
    )
    program = replace(everywhere, limits=everywhere.limits + ceilings)
    return solve_exactly(program, time_limit=time_limit, session=session)
