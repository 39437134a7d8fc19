"""A scenario as the study asks for plans: its objective and service, its limits, in changed circumstances."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab import mapped
from simlab.api.data.data import Data
from simlab.api.plans.sums import ItemTables, segment_curves
from simlab.api.plans.tails import bounds_tails
from simlab.api.requirements.limits import limits_on_means
from simlab.api.requirements.refusals import BASE
from simlab.arrays import IntArray
from simlab.engine.kernels.streams import supplier_keys
from simlab.engine.world.world import Supply, World
from simlab.execution import Curves, Weights, in_parts
from simlab.frontier import Plan, Problem
from simlab.models.suppliers.supply import outage_chances
from simlab.verdict.stress import Change, changed

if TYPE_CHECKING:
    from simlab.api.plans.outcome import Outcome


def scenario_problem(opt: Outcome, curves: Curves, price: float) -> Problem:
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
    usual = replace(usual, cost=_held(curves, costs.holding))
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


def _held(curves: Curves, holding: IntArray) -> IntArray:
    """(n, k) stock at what it costs to hold."""
    cost = mapped.room((curves.n_items, curves.n_columns))
    for rows, part in in_parts(curves):
        cost[rows] = (part.on_hand + part.on_hand_start).sum(axis=-1) * holding[rows, None]
    return cost


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


def regret_notes(opt: Outcome) -> list[str]:
    """What regret is counted in, and which limits are asked of it, where the study counts or limits."""
    notes = []
    if not opt.accounting.plain:
        counted = opt.accounting
        notes.append(f"regret is counted in {counted.objective}, the floor is on the {counted.service}")
    if opt.solved.problem.limits or opt.rules.ordered:
        notes.append(
            "floors, ceilings and order of targets hold in every scenario, for the plan of least regret and "
            "for the cheapest plan it is compared with"
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


@dataclass(frozen=True, eq=False)
class _Scene:
    """One scenario: the world of all items, or of those it touches, and what money is worth in it."""

    name: str
    world: World
    rows: IntArray
    price: float


def _scenes(opt: Outcome) -> list[_Scene]:
    data, found = opt.data, []
    world = data.models.world
    for name, spec in data.study.scenarios.items():
        rows, scene = _all(opt), world
        if spec.supplier is not None and spec.weeks is not None:
            rows = np.flatnonzero(data.catalog.texts["supplier"] == spec.supplier)
            periods = spec.weeks * 7.0 / data.study.period_days
            scene = outages(world.take(rows), spec.supplier, periods, data.study.periods_per_year)
        factors = Change(spec.demand or 1.0, spec.variance or 1.0, spec.lead_time or 1.0)
        found.append(_Scene(name, changed(scene, factors), rows, spec.price or 1.0))
    return found


def outages(world: World, supplier: str, periods: float, periods_per_year: float) -> World:
    """The world of items that all come from one supplier, which stops once a year on average.

    Parameters
    ----------
    world : World
        Items of that supplier.
    supplier : str
        Its name: the streams of its outages depend on it.
    periods : float
        Mean length of an outage. Orders placed meanwhile leave when it is over.
    periods_per_year : float
        Of 365 days.
    """
    chances = outage_chances(periods, periods_per_year)
    often, back = (np.array([chance], dtype=np.int64) for chance in chances)
    if world.supply is not None:
        n = world.supply.keys.size
        return replace(
            world, supply=replace(world.supply, fails=np.repeat(often, n), recovers=np.repeat(back, n))
        )
    one = np.ones(1, dtype=np.int64)
    supply = Supply(
        supplier=np.zeros(world.n_items, dtype=np.int64),
        keys=supplier_keys([supplier]),
        shared_delay=np.zeros(1, dtype=np.bool_),
        fails=often,
        recovers=back,
        on_time=1_000_000 * one,
        rest_delay=-one,
    )
    return replace(world, supply=supply)


def _whole(opt: Outcome) -> _Scene:
    return _Scene(BASE, opt.data.models.world, _all(opt), 1.0)


def _all(opt: Outcome) -> IntArray:
    return np.arange(opt.segmentation.codes.size, dtype=np.int64)


def _outage_notes(data: Data) -> list[str]:
    return [
        f"scenario '{name}': {spec.supplier} stops once a year on average, for {spec.weeks:g} weeks on "
        "average, at random"
        for name, spec in data.study.scenarios.items()
        if spec.supplier is not None
    ]
