"""A scenario as the study asks for plans: its objective and service, its limits, in changed circumstances."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.api.grids import ItemTables, segment_curves
from simlab.api.limits import limits_on_means
from simlab.api.tails import bounds_tails
from simlab.engine.types import IntArray
from simlab.execution import Curves, Weights
from simlab.frontier import Plan, Problem

if TYPE_CHECKING:
    from simlab.api.optimization import Optimization


def scenario_problem(opt: Optimization, curves: Curves, price: float) -> Problem:
    """Objective against service by segment in a scenario, under the study's floors, ceilings and order.

    Parameters
    ----------
    curves : Curves
        Of every item at every target, in that scenario.
    price : float
        What unit cost and holding cost are multiplied by; cost of orders and shortages stays.

    Raises
    ------
    InvalidInputError
        The service measure or a floor makes no sense in that scenario.
    """
    data, settings, rules = opt.data, opt.settings, opt.rules
    accounting = replace(opt.accounting, weights=priced_weights(opt.accounting.weights, price))
    costs = data.models.costs
    costs = replace(costs, holding=priced(costs.holding, price), unit_cost=priced(costs.unit_cost, price))
    usual = ItemTables.of(curves, data.models)
    usual = replace(usual, cost=(curves.on_hand + curves.on_hand_start).sum(axis=-1) * costs.holding[:, None])
    tables = usual.counted(curves, data, accounting, settings.replications)
    grid = segment_curves(
        tables.pinned(rules),
        data,
        opt.segmentation,
        opt.targets,
        settings,
        accounting=accounting,
        rules=rules,
    )
    limits, _ = limits_on_means(data, opt.segmentation, rules, curves, settings, costs=costs)
    return Problem(grid, limits, rules.ordered, data.study.optimize.time_limit)


def keeps(problem: Problem, plan: Plan) -> bool:
    """Whether a plan keeps the limits of a scenario besides the floor, in exact sums."""
    program = problem.program()
    return not program.broken(plan.choice) and program.shaped(plan.choice)


def priced_weights(weights: Weights, price: float) -> Weights:
    """Weights where unit costs have changed; a budget still speaks of value at today's cost."""
    if price == 1.0:
        return weights
    account = weights.account
    if account is not None:
        account = replace(account, stock=priced(account.stock, price))
    return replace(weights, holding=priced(weights.holding, price), account=account)


def priced(amount: IntArray, price: float) -> IntArray:
    """Whole amounts of money per unit at a multiple of the price."""
    return amount if price == 1.0 else np.rint(amount * price).astype(np.int64)


def regret_notes(opt: Optimization) -> list[str]:
    """What regret is counted in, and which limits are asked of it, where the study counts or limits."""
    notes = []
    if not opt.accounting.plain:
        counted = opt.accounting
        notes.append(f"regret is counted in {counted.objective}, the floor is on the {counted.service}")
    if opt.solved.problem.limits or opt.rules.ordered:
        notes.append(
            "floors, ceilings and order of targets hold in every scenario, for the plan of least regret and "
            "for the cheapest plan it is held against"
        )
    names = {
        "the budget": opt.solved.budget is not None,
        "limits on single replications": bool(opt.rules.chances),
        "limits on P95 or peak of stock value": bounds_tails(opt.data.study.optimize),
    }
    left = [name for name, asked in names.items() if asked]
    if left:
        notes.append(f"not asked of the plan of least regret: {', '.join(left)}")
    return notes
