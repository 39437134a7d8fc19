"""Plans that hold up in several scenarios: regret tables and the least maximum regret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from simlab.errors import UsageError
from simlab.frontier.core import solve_exactly
from simlab.frontier.curves import SegmentCurves
from simlab.frontier.plan import NoPlanError, Plan, rate_down
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


def least_regret(scenarios: Mapping[str, SegmentCurves], fill_rate: float) -> Robust:
    """The plan that reaches the fill rate in every scenario with the least maximum regret.

    Parameters
    ----------
    scenarios : mapping of name to SegmentCurves
        Sums of the same segments and targets on the same random numbers; the first is the base.
    fill_rate : float
        Floor that must hold in each scenario.

    Raises
    ------
    NoPlanError
        If one scenario cannot reach the floor, or no single plan reaches it in all.

    Notes
    -----
    The largest regret allowed is halved in whole units of cost: "is there a plan whose regret is at
    most r everywhere" is one exact solve with a ceiling per scenario.
    """
    names, curves = tuple(scenarios), tuple(scenarios.values())
    if len({(c.names, c.cost_unit, c.n_targets) for c in curves}) != 1:
        raise UsageError("scenarios must have the same segments, targets and units of cost")
    best = tuple(_best(name, c, fill_rate) for name, c in scenarios.items())
    floors = tuple(
        Limit(f"fill rate ≥ {format_rate(fill_rate)} if '{name}'", c.served, at_least=c.needed(fill_rate))
        for name, c in scenarios.items()
    )
    first = solve_exactly(Program(curves[0].cost, floors))
    if first.choice is None:
        raise NoPlanError(
            f"no plan on the grid reaches fill rate {format_rate(fill_rate)} in all scenarios",
            None,
            float("nan"),
        )
    choice, low, high = _halve(curves, best, floors, first.choice)
    regret = _regrets(curves, best, choice)
    unit = curves[0].cost_unit
    plan = Plan(curves[0], choice, "exact" if low >= high else "bound", float(best[0].cost))
    money = np.array([float(r * unit) for r in regret])
    return Robust(plan, names, money, best, float(money[0]), float(Fraction(max(0, high - low)) * unit))


def _best(name: str, curves: SegmentCurves, fill_rate: float) -> Plan:
    reach = int(curves.served.max(axis=1).sum())
    if reach < curves.needed(fill_rate):
        raise NoPlanError(
            f"scenario '{name}' cannot reach fill rate {format_rate(fill_rate)}: the highest is "
            f"{rate_down(reach, curves.total_demanded)}",
            None,
            reach / max(1, curves.total_demanded),
        )
    chosen = solve(curves, fill_rate=fill_rate).chosen
    assert chosen is not None
    return chosen


def _regrets(
    curves: tuple[SegmentCurves, ...], best: tuple[Plan, ...], choice: npt.NDArray[np.int64]
) -> list[int]:
    return [c.totals(choice)[0] - least.cost for c, least in zip(curves, best, strict=True)]


def _halve(
    curves: tuple[SegmentCurves, ...],
    best: tuple[Plan, ...],
    floors: tuple[Limit, ...],
    choice: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], int, int]:
    """Plan, proven lower limit and reached value of the largest regret."""
    low, high = 0, max(_regrets(curves, best, choice))
    while low < high:
        middle = (low + high) // 2
        found = _within(curves, best, floors, middle)
        if found.choice is not None:
            choice = found.choice
            high = max(_regrets(curves, best, choice))
        elif found.status == "infeasible":
            low = middle + 1
        else:
            break
    return choice, low, high


def _within(
    curves: tuple[SegmentCurves, ...], best: tuple[Plan, ...], floors: tuple[Limit, ...], most: int
) -> Solution:
    ceilings = tuple(
        Limit("regret", c.cost, at_most=least.cost + most) for c, least in zip(curves, best, strict=True)
    )
    return solve_exactly(Program(curves[0].cost, floors + ceilings))
