"""Service as a variable: plans made for one definition, judged by every other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from simlab.arrays import IntArray
from simlab.frontier import integer_weights
from simlab.measures import Estimate, equal_fill_to_point, ratio_estimate
from simlab.verdict.tournament.arena import Arena
from simlab.verdict.tournament.entry import Service

_RESOLUTION = 0.0001

NAMES = {
    "fill_rate": "unit fill rate",
    "value_fill_rate": "fill rate weighted by unit cost",
    "margin_fill_rate": "fill rate weighted by margin",
    "line_fill_rate": "line-weighted fill",
    "cycle_service_level": "cycle service level",
    "ready_rate": "ready rate",
}
"""Definitions of service, and how they are called."""


def definitions(unit_cost: IntArray, numbers: Mapping[str, npt.ArrayLike]) -> tuple[Service, ...]:
    """Every definition of service that the items allow.

    Parameters
    ----------
    unit_cost : (n,) int64
        In multiples of the cost resolution.
    numbers : mapping
        Numeric columns; ``price`` allows margins (those below 0 count 0; ``unit_cost`` in study
        currency is needed too), ``lines_per_unit`` lines.
    """
    ones = np.ones(unit_cost.size, dtype=np.int64)
    found = [Service("fill_rate", "served", ones), Service("value_fill_rate", "served", unit_cost)]
    price, cost = (np.asarray(numbers.get(name, np.nan), dtype=np.float64) for name in ("price", "unit_cost"))
    weights = {
        "margin_fill_rate": np.maximum(price - cost, 0.0),
        "line_fill_rate": np.asarray(numbers.get("lines_per_unit", np.nan), dtype=np.float64),
    }
    for name, weight in weights.items():
        if weight.size == unit_cost.size and np.isfinite(weight).all() and (weight > 0).any():
            found.append(Service(name, "served", integer_weights(weight, _RESOLUTION, name)))
    found.append(Service("cycle_service_level", "good_receipts", ones))
    found.append(Service("ready_rate", "ready", ones))
    return tuple(found)


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
