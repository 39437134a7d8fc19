"""Service as a variable: plans made for one definition, judged by every other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.frontier import integer_weights
from simlab.measures import Estimate, equal_fill_to_point, ratio_estimate
from simlab.verdict.tournament.arena import Arena
from simlab.verdict.tournament.entry import Entry, Judged, Service

if TYPE_CHECKING:
    from simlab.verdict.tournament.contest import Tournament

_RESOLUTION = 0.0001

OF_WEIGHT = {
    "units": "fill_rate",
    "value": "value_fill_rate",
    "margin": "margin_fill_rate",
    "items": "item_fill_rate",
    "lines_per_unit": "line_fill_rate",
}
"""Definition of service by the weight of a unit, as `optimize.service.weight` names it."""

WEIGHTED = tuple(OF_WEIGHT.values())
"""Definitions that weigh the units served; cycles and periods are other measures."""

NOUNS = {
    "fill_rate": "units served",
    "value_fill_rate": "value served",
    "margin_fill_rate": "margin served",
    "item_fill_rate": "items served, each once",
    "line_fill_rate": "lines served",
    "cycle_service_level": "cycle service level",
    "ready_rate": "ready rate",
}
"""Definitions of service, and what they count."""


def definitions(
    unit_cost: IntArray,
    margin: IntArray | None = None,
    lines: FloatArray | None = None,
    items: IntArray | None = None,
) -> tuple[Service, ...]:
    """Every definition of service that the items allow.

    Parameters
    ----------
    unit_cost : (n,) int64
        In multiples of the cost resolution.
    margin : (n,) int64, optional
        Weight of a unit by its margin, 0 where that is negative.
    lines : (n,) float, optional
        Order lines of a unit.
    items : (n,) int64, optional
        Weight of a unit where every SKU-location counts once: in proportion to one ÷ its units a year.
    """
    ones = np.ones(unit_cost.size, dtype=np.int64)
    found = [Service("fill_rate", "served", ones)]
    if unit_cost.any():
        found.append(Service("value_fill_rate", "served", unit_cost))
    if margin is not None:
        found.append(Service("margin_fill_rate", "served", margin))
    if items is not None and items.any():
        found.append(Service("item_fill_rate", "served", items))
    if lines is not None and np.isfinite(lines).all() and (lines > 0).any():
        weights = integer_weights(lines, _RESOLUTION, "line_fill_rate")
        found.append(Service("line_fill_rate", "served", weights))
    found.append(Service("cycle_service_level", "good_receipts", ones))
    found.append(Service("ready_rate", "ready", ones))
    return tuple(found)


@dataclass(frozen=True)
class Beside:
    """A scheme's plans, held fixed, read by a definition of service that did not choose them.

    Attributes
    ----------
    scheme, judged_by : str
    achieved : Estimate
        What the plan of the deciding floor reaches by this definition.
    percent : Estimate
        (scheme − one class) ÷ one class: holding cost at the service that the one class's plan of that
        floor reaches; NaN where the scheme's plans do not span it.
    """

    scheme: str
    judged_by: str
    achieved: Estimate
    percent: Estimate


def beside(held: Tournament, services: Sequence[Service]) -> tuple[Beside, ...]:
    """Every scheme's plans by definitions of service that did not choose them.

    Notes
    -----
    Plans are those of the deciding service. Of them such as another beats in cost and in the service read
    are left out; between neighbours cost is linear (`measures.comparison`). Paired jackknife intervals.
    """
    one_class = np.zeros(held.arena.n_items, dtype=np.int64)
    codes = {one.name: one.segmentation.codes for one in held.entrants}
    asked = held.entries[held.names[-1]].asked.get(held.fill)
    if asked is None:
        return ()
    found = []
    for service in services:
        arena = replace(held.arena, service=service, redraw=False)
        last = codes.get(held.names[-1], one_class)
        point = arena.judge(last, asked.size, asked[None].astype(np.int16))
        for name, entry in held.entries.items():
            found.append(_read(arena, entry, codes.get(name, one_class), point, held))
    return tuple(found)


def _read(arena: Arena, entry: Entry, codes: IntArray, point: Judged, held: Tournament) -> Beside:
    plans = arena.judge(codes, entry.n_segments, entry.choice)
    equal = equal_fill_to_point(
        plans.cost,
        plans.part,
        point.cost[0],
        point.part[0],
        plans.whole,
        held.level,
        demanded_b=point.whole[0],
    )
    own = entry.asked.get(held.fill)
    reached = Estimate(math.nan, math.nan, math.nan, held.level, "simulation", 0)
    if own is not None:
        plan = arena.judge(codes, entry.n_segments, own[None].astype(np.int16))
        reached = ratio_estimate(plan.part[0], plan.whole[0], held.level)
    return Beside(entry.name, arena.service.name, reached, equal.percent)


@dataclass(frozen=True)
class Regret:
    """A plan made for one definition of service, judged by another.

    Attributes
    ----------
    made_for, judged_by : str
        Names of definitions.
    cost : float
        Holding cost per year of the plan on the verdict seed.
    achieved : Estimate
        What the plan reaches by the definition that judges.
    regret : Estimate
        Share of the plan's holding cost that the plan made for that definition saves at the same
        achieved level; NaN where its plans do not span the level.
    """

    made_for: str
    judged_by: str
    cost: float
    achieved: Estimate
    regret: Estimate


def regret_matrix(
    arena: Arena, codes: IntArray, names: Sequence[str], services: Sequence[Service], level: float
) -> tuple[Regret, ...]:
    """Every definition against every other, for one segmentation, at the deciding floor.

    Parameters
    ----------
    arena : Arena
        Its floor is set on each definition in turn.
    codes, names
        The segmentation.
    services : sequence of Service
        From `definitions`.
    level : float
        Of the intervals (jackknife over batches of the verdict seed).
    """
    arenas = {service.name: replace(arena, service=service, redraw=False) for service in services}
    entries = {name: one.enter(name, codes, names) for name, one in arenas.items()}
    found = []
    for made_for, entry in entries.items():
        asked = entry.asked.get(arena.fills[0])
        if asked is None:
            continue
        choice = asked[None].astype(np.int16)
        for judged_by, judge in arenas.items():
            plan = judge.judge(codes, len(names), choice)
            best = entries[judged_by]
            equal = equal_fill_to_point(
                best.cost, best.part, plan.cost[0], plan.part[0], best.whole, level, demanded_b=plan.whole[0]
            )
            saved = equal.percent
            regret = replace(saved, value=-saved.value, low=-saved.high, high=-saved.low)
            reached = ratio_estimate(plan.part[0], plan.whole[0], level)
            found.append(Regret(made_for, judged_by, float(plan.cost[0].mean()), reached, regret))
    return tuple(found)
