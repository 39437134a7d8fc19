"""From the curves of the search seed to the plans that are kept: chosen, uniform, per SKU."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from simlab import mapped
from simlab.api.data.moved_defaults import moved_note
from simlab.api.plans.choosing import Choosing, choose
from simlab.api.plans.rivals import keeps_limits, per_sku_frontier, per_sku_plan, rival_words
from simlab.api.plans.sums import ItemTables, pipeline, segment_curves
from simlab.api.plans.tails import bounds_tails
from simlab.api.requirements.accounting import DEFAULT_FILL_RATE
from simlab.api.requirements.limits import limits_on_means
from simlab.api.requirements.margins import margin_notes
from simlab.api.simulator.levels import approximate_note
from simlab.api.simulator.simulator import Simulator, one_column
from simlab.arrays import FloatArray, IntArray
from simlab.engine.world.levels import Levels
from simlab.errors import InfeasibleError
from simlab.execution import Curves, PlanSums
from simlab.frontier import (
    Frontier,
    ItemFrontier,
    ItemPlan,
    Limit,
    Plan,
    Problem,
    SegmentCurves,
    Thinned,
    solve,
    uniform,
)
from simlab.frontier.thin import thin
from simlab.measures import format_money
from simlab.measures.shown import Public
from simlab.verdict.retest import PlanGroup


@dataclass(frozen=True, eq=False, repr=False)
class Solved(Public):
    """What was found on the search seed.

    Attributes
    ----------
    frontier : Frontier
        Every efficient plan of segment targets.
    thinned : Thinned
        Points of it, well spread, and what lies between them at most.
    shown : Frontier
        These points and the chosen plan: what is retested and shown.
    uniform : Frontier
        One plan per target of the grid.
    items : ItemFrontier
        Per-SKU plans and lower bounds.
    chosen, best_uniform : Plan
        Under the constraints; the uniform one is the nearest where none meets them.
    per_sku : ItemPlan
        A per-SKU plan that serves at least as much as the chosen plan.
    columns : dict of str to (n,) int
        Column of the grid of each SKU-location in each of these three.
    kept : dict of str to Levels
        Levels of these three, one column each.
    frontiers : tuple of PlanGroup
        Whole frontiers, for comparison at equal fill.
    targets : dict of str to (n,) float
        Target asked of each SKU-location by each kept plan.
    fill_rate, budget : float or None
        The constraints in force.
    notes : tuple of str
        What a reader must know.
    problem : Problem
        Objective, service and limits, for further plans.
    plain : SegmentCurves
        Holding cost and units by segment, whatever the study counts.
    tables : ItemTables
        Sums per SKU-location × target as counted, pinned items at their target.
    choosing : Choosing
        How the plan was chosen.
    constants : tuple of Limit
        Ceilings on flows that are the same at every target: reported, met or not, and binding nothing.
    uniform_keeps : (n_targets,) bool
        Which uniform targets keep the study's limits.
    rivals : dict of str to str
        What each kind of plan compared has to do with the study's limits; empty without limits.
    """

    frontier: Frontier
    thinned: Thinned
    shown: Frontier
    uniform: Frontier
    items: ItemFrontier
    chosen: Plan
    best_uniform: Plan
    per_sku: ItemPlan
    columns: dict[str, IntArray]
    kept: dict[str, Levels]
    frontiers: tuple[PlanGroup, ...]
    targets: dict[str, FloatArray]
    fill_rate: float | None
    budget: float | None
    notes: tuple[str, ...]
    problem: Problem
    plain: SegmentCurves
    tables: ItemTables
    choosing: Choosing
    constants: tuple[Limit, ...]
    uniform_keeps: npt.NDArray[np.bool_]
    rivals: dict[str, str]

    def comparable(self, verdict: dict[str, PlanSums]) -> dict[str, PlanSums]:
        """The sums that are compared: of uniform targets those that keep the study's limits, if any do."""
        if self.uniform_keeps.all() or not self.uniform_keeps.any():
            return verdict
        kept = np.flatnonzero(self.uniform_keeps)
        return {**verdict, "frontier:uniform": verdict["frontier:uniform"].plans(kept)}

    def at_fill(self, verdict: dict[str, PlanSums]) -> float:
        """Service at which frontiers are compared: what the chosen plan reaches on the verdict seed."""
        chosen = verdict["segmented"]
        asked = int(chosen.asked.sum())
        return int(chosen.good.sum()) / asked if asked else float("nan")


def solve_plans(
    simulator: Simulator,
    targets: tuple[float, ...],
    curves: Curves,
    *,
    fill_rate: float | None,
    budget: float | None,
) -> Solved:
    """The exact frontier and the plans worth keeping.

    Raises
    ------
    InfeasibleError
        No plan on the grid meets all limits.
    """
    data, segmentation, rules = simulator.data, simulator.segmentation, simulator.rules
    settings, accounting = simulator.settings, simulator.accounting
    fill_rate, notes = floor_of(simulator, fill_rate, budget)
    usual = ItemTables.of(curves, data.models)
    notes += _silent_note(usual) + approximate_note(simulator.planned.method)
    tables = usual.counted(curves, data, accounting, settings.replications).pinned(rules)
    grid = segment_curves(tables, data, segmentation, targets, settings, accounting=accounting, rules=rules)
    plain = segment_curves(usual.pinned(rules), data, segmentation, targets, settings, rules=rules)
    limits, constants = limits_on_means(data, segmentation, rules, curves, settings)
    problem = Problem(grid, limits, rules.ordered, data.study.optimize.time_limit)
    limited = bool(limits or rules.ordered)
    frontier = problem.points(data.study.optimize.points) if limited else solve(grid)
    chosen, choosing = choose(simulator, problem, frontier, fill_rate, budget, plain)
    one_target = uniform(grid)
    able = keeps_limits(one_target, problem, choosing.chances, rules)
    best_uniform = _best_uniform(
        one_target, problem, able, chosen, fill_rate, budget, notes, cheapest=accounting.weighs_service
    )
    items = per_sku_frontier(tables, rules, segmentation.codes, grid)
    per_sku = per_sku_plan(items, chosen.served, rules, segmentation.codes, grid)
    thinned = _thinned(frontier, chosen, data.study.optimize.points)
    shown = with_plan(thinned.frontier, chosen)
    columns = {
        "segmented": rules.choice_of_items(segmentation, chosen.choice),
        "uniform": rules.choice_of_items(segmentation, best_uniform.choice),
        "per_sku": per_sku.choice,
    }
    levels = simulator.planned.levels
    return Solved(
        frontier=frontier,
        thinned=thinned,
        shown=shown,
        uniform=one_target,
        items=items,
        chosen=chosen,
        best_uniform=best_uniform,
        per_sku=per_sku,
        columns=columns,
        kept={kind: one_column(levels, column) for kind, column in columns.items()},
        frontiers=_frontiers(simulator, shown, one_target, items),
        targets={kind: np.array(targets)[column] for kind, column in columns.items()},
        fill_rate=fill_rate,
        budget=budget,
        notes=(*notes, *choosing.notes, *_limit_notes(simulator, curves, constants, chosen)),
        problem=problem,
        plain=plain,
        tables=tables,
        choosing=choosing,
        constants=constants,
        uniform_keeps=able,
        rivals=rival_words(rules, able, bounds_tails(data.study.optimize)),
    )


def floor_of(
    simulator: Simulator, fill_rate: float | None, budget: float | None
) -> tuple[float | None, list[str]]:
    """The floor on service that holds, and what a reader must know where none was named."""
    accounting, free = simulator.accounting, simulator.accounting.weighs_service
    if fill_rate is not None:
        return fill_rate, []
    if free:
        return None, [
            f"no floor was named and none holds: service follows from the {accounting.objective}; "
            "optimize.fill_rate names one"
        ]
    if budget is not None or bounds_tails(simulator.data.study.optimize):
        return None, []
    floor = DEFAULT_FILL_RATE
    return floor, [f"neither a floor nor a budget was named: fill rate {floor:g} is the floor"]


def _silent_note(usual: ItemTables) -> list[str]:
    """That some SKU-locations are asked for nothing, if any are."""
    silent = int((usual.demanded == 0).sum())
    if not silent:
        return []
    return [
        f"{silent:,} SKU-locations are asked for nothing in the simulated periods: left out of "
        "every service, also where each SKU-location counts once"
    ]


def _frontiers(
    simulator: Simulator, shown: Frontier, one_target: Frontier, items: ItemFrontier
) -> tuple[PlanGroup, ...]:
    """Whole frontiers as columns of the grid: by segment, of one target for all, by SKU-location."""
    levels, codes, rules = simulator.planned.levels, simulator.segmentation.codes, simulator.rules
    per_sku = mapped.room(items.choice.T.shape, np.int16)
    per_sku[:] = items.choice.T
    by_segment = rules.plans_of_items(codes, shown.choice)
    alike = rules.plans_of_items(codes, one_target.choice)
    return (
        PlanGroup("frontier:segmented", levels, by_segment, whole=False),
        PlanGroup("frontier:uniform", levels, alike, whole=False),
        PlanGroup("frontier:per_sku", levels, per_sku, whole=False),
    )


def _limit_notes(
    simulator: Simulator, curves: Curves, constants: tuple[Limit, ...], chosen: Plan
) -> list[str]:
    """What a reader must know of objective, service, budget and limits."""
    data, accounting = simulator.data, simulator.accounting
    notes = []
    if not accounting.plain:
        notes.append(
            f"the objective is {accounting.objective}, service is the {accounting.service}: the floor, "
            "the frontier and the comparisons at equal service speak of these"
        )
    if accounting.pipeline:
        lowest, constant = 0, True
        for _, amounts in pipeline(curves, data.models):
            lowest += int(amounts[:, 0].sum())
            constant = constant and bool((amounts == amounts[:, :1]).all())
        exposure = 2 * simulator.settings.counted * simulator.settings.replications
        money = format_money(float(lowest) * data.study.data.cost_resolution / exposure, data.study.currency)
        moves = (
            "the same at every target, so that no target can move it" if constant else "at the lowest target"
        )
        notes.append(f"the budget counts stock on order too: {money}, {moves}")
    return [*moved_note(data.study), *notes, *margin_notes(data), *_constant_notes(constants, chosen)]


def _constant_notes(constants: tuple[Limit, ...], chosen: Plan) -> list[str]:
    """What was asked of flows that no target can move."""
    return [
        f"'{limit.name}' binds nothing, for no target can move it: it is {limit.reading(chosen.choice)} at "
        f"every target, so that it is {'met' if limit.met(chosen.choice) else 'not met'} whatever the plan"
        for limit in constants
    ]


def with_plan(points: Frontier, plan: Plan) -> Frontier:
    """The points with a plan among them, in ascending cost."""
    if (points.choice == plan.choice).all(axis=1).any():
        return points
    at = int(np.searchsorted(points.cost.astype(np.float64), float(plan.cost)))
    cost, value, served = plan.totals
    bound = int(min(plan.bound, cost)) if np.isfinite(plan.bound) else 0
    return replace(
        points,
        choice=np.insert(points.choice, at, plan.choice.astype(np.int16), axis=0),
        cost=np.insert(points.cost, at, cost),
        value=np.insert(points.value, at, value),
        served=np.insert(points.served, at, served),
        bound=np.insert(points.bound, at, bound),
        certificate=np.insert(points.certificate.astype(object), at, plan.certificate),
    )


def _best_uniform(
    one_target: Frontier,
    problem: Problem,
    keeps: npt.NDArray[np.bool_],
    chosen: Plan,
    fill_rate: float | None,
    budget: float | None,
    notes: list[str],
    *,
    cheapest: bool = False,
) -> Plan:
    """The best single target under the same floor, budget and limits, else the nearest in service."""
    program = problem.program(fill_rate=fill_rate, budget=budget)
    choices = one_target.choice.astype(np.int64)
    able = [at for at in np.flatnonzero(keeps).tolist() if not program.broken(choices[at])]
    distance = [abs(int(served) - chosen.served) for served in one_target.served]
    if fill_rate is None and cheapest and able:
        return one_target.plan(min(able, key=lambda at: int(one_target.cost[at])))
    if fill_rate is None and budget is None:
        notes.append("the uniform target shown is the nearest in service to the chosen plan")
        return one_target.plan(int(np.argmin(distance)))
    if able and fill_rate is None and budget is not None:
        most = max(int(one_target.served[at]) for at in able)
        able = [at for at in able if int(one_target.served[at]) == most]
    if able:
        return one_target.plan(able[0])
    try:
        one_target.at(fill_rate=fill_rate, budget=budget)
        reason = "the study's limits stand against it"
    except InfeasibleError as error:
        reason = str(error)
    notes.append(f"no uniform target meets the constraints ({reason}); the nearest in fill is shown")
    return one_target.plan(int(np.argmin(distance)))


def _thinned(frontier: Frontier, chosen: Plan, n_points: int) -> Thinned:
    at = np.flatnonzero((frontier.choice == chosen.choice).all(axis=1))
    return thin(frontier, max(2, n_points), keep=at)
