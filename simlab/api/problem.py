"""From the curves of the search seed to the plans that are kept: chosen, uniform, per SKU."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from simlab.api.data import Data
from simlab.api.references import one_column
from simlab.api.settings import Settings
from simlab.engine.types import IntArray, Levels
from simlab.errors import EngineFaultError, InfeasibleError
from simlab.execution import Curves, PlanSums
from simlab.frontier import (
    Frontier,
    ItemFrontier,
    ItemPlan,
    Plan,
    SegmentCurves,
    Thinned,
    aggregate,
    per_item_bound,
    solve,
    thin,
    uniform,
)
from simlab.models import Models
from simlab.policies import PlannedLevels
from simlab.segments import Segmentation
from simlab.verdict.retest import PlanGroup

FloatArray = npt.NDArray[np.float64]

DEFAULT_FILL_RATE = 0.95
"""Floor where neither the study nor the caller names a floor or a budget."""

_PER_SKU_POINTS = 40


@dataclass(frozen=True, eq=False)
class Solved:
    """What was found on the search seed.

    Attributes
    ----------
    frontier : Frontier
        Every efficient plan of segment targets.
    thinned : Thinned
        Its points that are retested and shown, the chosen one among them.
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
    """

    frontier: Frontier
    thinned: Thinned
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

    def at_fill(self, verdict: dict[str, PlanSums]) -> float:
        """Fill rate at which frontiers are compared: what the chosen plan reaches on the verdict seed."""
        chosen = verdict["segmented"]
        demanded = int(chosen.demanded.sum())
        return int(chosen.served.sum()) / demanded if demanded else float("nan")


@dataclass(frozen=True, eq=False)
class ItemTables:
    """Exact sums per SKU-location × target over all replications: objective, value, service."""

    cost: IntArray
    value: IntArray
    served: IntArray
    demanded: IntArray

    @classmethod
    def of(cls, curves: Curves, models: Models) -> ItemTables:
        """Stock at the holding weight, stock at unit cost, units served, units demanded."""
        stock = (curves.on_hand + curves.on_hand_start).sum(axis=-1)
        weight = np.maximum(models.costs.unit_cost, models.costs.holding)
        if (stock.max(axis=1).astype(np.float64) * weight >= 2.0**62).any():
            raise EngineFaultError(
                "an item's sum of money would leave 64 bits: choose a coarser data.cost_resolution"
            )
        return cls(
            cost=stock * models.costs.holding[:, None],
            value=stock * models.costs.unit_cost[:, None],
            served=curves.served.sum(axis=-1),
            demanded=curves.demanded.sum(axis=-1),
        )


def solve_plans(
    data: Data,
    segmentation: Segmentation,
    planned: PlannedLevels,
    targets: tuple[float, ...],
    curves: Curves,
    settings: Settings,
    *,
    fill_rate: float | None,
    budget: float | None,
) -> Solved:
    """The exact frontier and the plans worth keeping.

    Raises
    ------
    InfeasibleError
        No plan on the grid meets floor and budget.
    """
    notes: list[str] = []
    if fill_rate is None and budget is None:
        fill_rate = DEFAULT_FILL_RATE
        notes.append(f"neither a floor nor a budget was named: fill rate {fill_rate:g} is the floor")
    tables = ItemTables.of(curves, data.models)
    grid = segment_curves(tables, data, segmentation, targets, settings)
    frontier = solve(grid, fill_rate=fill_rate, budget=budget)
    chosen = frontier.at(fill_rate=fill_rate, budget=budget)
    one_target = uniform(grid)
    best_uniform = _best_uniform(one_target, chosen, fill_rate, budget, notes)
    items = per_item_bound(
        tables.cost, tables.served, value=tables.value, demanded=tables.demanded, n_points=_PER_SKU_POINTS
    )
    per_sku = items.serving(chosen.served)
    thinned = _thinned(frontier, chosen, data.study.optimize.points)
    codes = segmentation.codes
    columns = {
        "segmented": chosen.choice[codes],
        "uniform": best_uniform.choice[codes],
        "per_sku": per_sku.choice,
    }
    levels = planned.levels
    return Solved(
        frontier=frontier,
        thinned=thinned,
        uniform=one_target,
        items=items,
        chosen=chosen,
        best_uniform=best_uniform,
        per_sku=per_sku,
        columns=columns,
        kept={kind: one_column(levels, column) for kind, column in columns.items()},
        frontiers=(
            _group("frontier:segmented", levels, _tested(thinned, chosen).T[codes]),
            _group("frontier:uniform", levels, one_target.choice.T[codes]),
            _group("frontier:per_sku", levels, items.choice.T),
        ),
        targets={kind: np.array(targets)[column] for kind, column in columns.items()},
        fill_rate=fill_rate,
        budget=budget,
        notes=tuple(notes),
    )


def segment_curves(
    tables: ItemTables,
    data: Data,
    segmentation: Segmentation,
    targets: tuple[float, ...],
    settings: Settings,
) -> SegmentCurves:
    """Item sums added up by segment, with what turns them into money."""
    resolution = Fraction(repr(data.study.data.cost_resolution))
    exposure = 2 * settings.periods * settings.replications
    return aggregate(
        segmentation.codes,
        segmentation.n_segments,
        cost=tables.cost,
        value=tables.value,
        served=tables.served,
        demanded=tables.demanded,
        targets=targets,
        names=segmentation.names,
        cost_unit=resolution / 100 / exposure,
        value_unit=resolution / exposure,
        currency=data.study.currency,
    )


def _best_uniform(
    one_target: Frontier, chosen: Plan, fill_rate: float | None, budget: float | None, notes: list[str]
) -> Plan:
    """The best single target under the same constraints, else the nearest one to the chosen plan."""
    try:
        return one_target.at(fill_rate=fill_rate, budget=budget)
    except InfeasibleError as error:
        notes.append(f"no uniform target meets the constraints ({error}); the nearest in fill is shown")
    distance = [abs(int(served) - chosen.served) for served in one_target.served]
    return one_target.plan(int(np.argmin(distance)))


def _thinned(frontier: Frontier, chosen: Plan, n_points: int) -> Thinned:
    at = np.flatnonzero((frontier.choice == chosen.choice).all(axis=1))
    return thin(frontier, max(2, n_points), keep=at)


def _tested(thinned: Thinned, chosen: Plan) -> npt.NDArray[np.int16]:
    """Choices to retest: the thinned points, and the chosen plan where it is not one of them."""
    choice = thinned.frontier.choice
    if (choice == chosen.choice).all(axis=1).any():
        return choice
    return np.concatenate([choice, chosen.choice[None].astype(np.int16)])


def _group(kind: str, levels: Levels, choice: npt.ArrayLike) -> PlanGroup:
    return PlanGroup(kind, levels, np.ascontiguousarray(choice, dtype=np.int16), whole=False)
