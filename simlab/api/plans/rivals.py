"""What the chosen plan is compared with, under the same limits where that is possible, and said where not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from simlab import mapped
from simlab.api.plans.sums import ItemTables
from simlab.api.requirements.constraints import Constraints
from simlab.arrays import BoolArray, ChoiceArray, IntArray
from simlab.frontier import Chance, Frontier, ItemFrontier, ItemPlan, Problem, SegmentCurves, per_item_bound

_POINTS = 40
_AT_ONCE = 8192


def any_limit(rules: Constraints) -> bool:
    """Whether the study limits plans by more than floor and budget."""
    return bool(rules.any_on_means or rules.chances or rules.allowed is not None or rules.items.size)


def keeps_limits(
    points: Frontier, problem: Problem, chances: tuple[Chance, ...], rules: Constraints
) -> BoolArray:
    """(p,) which plans keep the limits besides floor and budget: pins, order, floors, ceilings, chance."""
    program, choices = problem.program(), points.choice.astype(np.int64)
    able = [
        not program.broken(choice) and program.shaped(choice) and all(one.met(choice) for one in chances)
        for choice in choices
    ]
    return np.array(able, dtype=np.bool_)


def per_sku_frontier(
    tables: ItemTables, rules: Constraints, codes: IntArray, grid: SegmentCurves
) -> ItemFrontier:
    """Per-SKU plans within the ranges and pins of their segments, pinned SKU-locations at their target."""
    cost, value, served = tables.cost, np.broadcast_to(tables.value, tables.cost.shape), tables.served
    stand = stand_in(rules, codes, grid)
    if stand is not None:
        cost, value, served = (_stood(table, stand) for table in (cost, value, served))
    found = per_item_bound(cost, served, value=value, demanded=tables.demanded, n_points=_POINTS)
    return replace(found, choice=_as_planned(found.choice, rules, codes, grid))


def per_sku_plan(
    items: ItemFrontier, need: int, rules: Constraints, codes: IntArray, grid: SegmentCurves
) -> ItemPlan:
    """A per-SKU plan that serves at least `need`, within the same ranges and pins."""
    found = items.serving(need)
    return replace(found, choice=_as_planned(found.choice, rules, codes, grid))


def stand_in(rules: Constraints, codes: IntArray, grid: SegmentCurves) -> ChoiceArray | None:
    """(n, k) the allowed target that stands for each target of each SKU-location; None where all are."""
    return None if grid.columns is None else rules.plans_of_items(codes, grid.columns.T)


def _stood(table: IntArray, stand: ChoiceArray) -> IntArray:
    """(n, k) sums of the targets that stand for those asked."""
    found = mapped.room(table.shape, table.dtype)
    for first in range(0, len(table), _AT_ONCE):
        rows = slice(first, first + _AT_ONCE)
        found[rows] = np.take_along_axis(table[rows], stand[rows].astype(np.int64), axis=1)
    return found


def _as_planned(
    choice: npt.NDArray[np.signedinteger], rules: Constraints, codes: IntArray, grid: SegmentCurves
) -> npt.NDArray[np.signedinteger]:
    """(…, n) the targets that these numbers stand for."""
    stand = stand_in(rules, codes, grid)
    if stand is None and not rules.items.size:
        return choice
    planned, every = mapped.room(choice.shape, choice.dtype), np.arange(codes.size)
    for plan in np.ndindex(choice.shape[:-1]):
        planned[plan] = choice[plan] if stand is None else stand[every, choice[plan]]
    planned[..., rules.items] = rules.columns
    return planned


def rival_words(rules: Constraints, able: BoolArray, tails: bool) -> dict[str, str]:
    """What each rival has to do with the study's limits; empty without limits.

    `tails`: whether P95 or peak of stock value is bounded, which is asked of the chosen plan alone.
    """
    if not any_limit(rules) and not tails:
        return {}
    uniform = "keeps the same limits as the plan"
    if not able.any():
        uniform = "no uniform target keeps the study's limits: it is compared as it is, without them"
    elif not able.all():
        uniform = (
            f"compared over the {int(able.sum())} of {able.size} uniform targets that keep the same limits"
        )
    kept = "keeps pins and target ranges" if rules.allowed is not None or rules.items.size else ""
    if tails:
        uniform += "; limits on P95 and peak are not asked of it"
    free = "floors, ceilings, order and chance limits are not asked of it"
    rest = free if rules.any_on_means or rules.chances or tails else ""
    as_is = "compared as it is: the study's limits are not asked of it"
    return {
        "uniform": uniform,
        "per_sku": "; ".join(part for part in (kept, rest) if part),
        "habit": as_is,
        "today": as_is,
    }
