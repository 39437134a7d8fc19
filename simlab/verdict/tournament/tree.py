"""Explainable classes: a tree of questions grown on what each target costs, priced at the floor asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simlab.segments import SchemeInput, Segmentation
from simlab.segments.learned import learn_rules
from simlab.verdict.tournament.arena import Arena
from simlab.verdict.tournament.sample import FloatArray

ATTRIBUTES = (
    "unit_cost",
    "holding_cost",
    "annual_units",
    "annual_value",
    "cv",
    "mean_lead_time",
    "cv_lead_time",
    "order_size",
)
"""Columns that a tree may ask about unless it is told others."""

_ROUNDS = 4
_NEAR = 0.15


def usable(data: SchemeInput, attributes: Sequence[str] = ATTRIBUTES) -> tuple[str, ...]:
    """Those of the attributes that have no gaps and are not the same everywhere."""
    found = []
    for name in attributes:
        column = data.numbers.get(name)
        if column is not None and np.isfinite(column).all() and np.ptp(column) > 0:
            found.append(name)
    return tuple(found)


def grow_tree(
    arena: Arena, data: SchemeInput, attributes: Sequence[str], *, classes: int, min_size: int
) -> Segmentation:
    """The tree whose classes cost least at the deciding floor on the search seed.

    Parameters
    ----------
    arena : Arena
        Its search seed is learned from, its verdict seed is not looked at.
    data : SchemeInput
        Columns of the same SKU-locations.
    attributes : sequence of str
        Numeric columns without gaps.
    classes, min_size : int
        Most classes, and the least SKU-locations in one.

    Notes
    -----
    A tree minimises cost − price × service. The price starts at that of the per-SKU frontier at the
    floor and is replaced by the slope of the tree's own frontier there; of the trees met on the way
    the cheapest at the floor is kept.
    """
    price = _first_price(arena)
    best: tuple[float, Segmentation] | None = None
    for _ in range(_ROUNDS):
        found = learn_rules(data, _loss(arena, price), attributes, classes=classes, min_size=min_size)
        segmentation = found.segmentation
        cost, price = _at_floor(arena, segmentation)
        if best is None or cost < best[0]:
            best = cost, segmentation
        elif cost >= best[0]:
            break
    assert best is not None
    return best[1]


def _loss(arena: Arena, price: float) -> FloatArray:
    """(n, k) cost − price × service of every SKU-location at every target, in integer cost units."""
    stock = arena.search.stock.sum(axis=-1).astype(np.float64)
    part = arena.service.part_of(arena.search).sum(axis=-1).astype(np.float64)
    return np.asarray(stock * arena.holding[:, None] - price * (part * arena.service.weights[:, None]))


def _first_price(arena: Arena) -> float:
    items = arena.per_item()
    fills = items.fill_rate
    at = min(int(np.searchsorted(fills, arena.fills[0])), fills.size - 1)
    return float(items.multipliers.numerators[at] / items.multipliers.denominator)


def _at_floor(arena: Arena, segmentation: Segmentation) -> tuple[float, float]:
    """Cost of the tree's cheapest plan at the floor, and the price of a unit of service around it."""
    frontier = arena.frontier(segmentation.codes, segmentation.names)
    miss = 1.0 - arena.fills[0]
    floors = (1.0 - miss * (1 + _NEAR), arena.fills[0], 1.0 - miss * (1 - _NEAR))
    last = frontier.n_points - 1
    low, mid, high = (
        min(int(np.searchsorted(frontier.served, frontier.curves.needed(floor))), last) for floor in floors
    )
    gained = float(frontier.served[high] - frontier.served[low])
    price = float(frontier.cost[high] - frontier.cost[low]) / gained if gained > 0 else 0.0
    reached = float(frontier.fill_rate[mid]) >= arena.fills[0]
    return (float(frontier.cost[mid]) if reached else float("inf")), price
