"""The two limits of `Frontier.at` handed to the solver, where the exact search would be too large."""

from __future__ import annotations

from simlab.errors import EngineFaultError
from simlab.frontier.core import solve_exactly
from simlab.frontier.curves import SegmentCurves
from simlab.frontier.plan import BOUND, EXACT, SOLVER, Plan
from simlab.frontier.program import Limit, Program


def solver_plan(curves: SegmentCurves, need: int, limit: int) -> Plan:
    """Least cost with at least `need` served and at most `limit` of value; both can be met."""
    limits = (
        Limit("units served", curves.served, at_least=need),
        Limit("inventory value", curves.value, at_most=limit),
    )
    solution = solve_exactly(Program(curves.cost, limits))
    if solution.choice is None:
        raise EngineFaultError("the solver found no plan under a budget that is known to work")
    label = EXACT if solution.exact else SOLVER if solution.status == "optimal" else BOUND
    return Plan(curves, curves.canonical(solution.choice), label, min(solution.bound, float(solution.cost)))
