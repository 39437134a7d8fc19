"""Segments grown on the arena's search seed: what each target costs each SKU-location decides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simlab.arrays import FloatArray
from simlab.frontier import Frontier, free_classes
from simlab.segments import Segmentation, combine
from simlab.verdict.growing import first_price, grow_at_floor
from simlab.verdict.tournament.arena import Arena


def grow_in(arena: Arena, grow: Callable[[FloatArray], Segmentation]) -> Segmentation:
    """The segments that cost least at the deciding floor on the search seed.

    Parameters
    ----------
    arena : Arena
        Its search seed is learned from, its verdict seed is not looked at.
    grow : callable
        (n, k) cost − price × service of every SKU-location at every target, in integer cost units →
        segments that lose little.
    """
    stock = arena.search.stock.sum(axis=-1).astype(np.float64) * arena.holding[:, None]
    part = arena.service.part_of(arena.search).sum(axis=-1) * arena.service.weights[:, None]

    def priced(price: float) -> Segmentation:
        return grow(np.asarray(stock - price * part.astype(np.float64)))

    def frontier(one: Segmentation) -> Frontier:
        return arena.frontier(one.codes, one.names)

    floor = arena.fills[0]
    return grow_at_floor(priced, frontier, floor, first_price(arena.per_item(), floor))[0]


def free_in(arena: Arena, classes: int, name: str) -> Segmentation:
    """Free assignment to at most so many targets at the deciding floor: no rule, a list."""
    cost, part, need = arena.item_tables()
    (plan,) = free_classes(cost, part, need[arena.fills[0]], [classes])
    names = tuple(f"F{number + 1}" for number in range(plan.columns.size))
    rule = f"{name}, free: every SKU-location at the cheapest of {len(names)} targets, see the list"
    return combine([(name, names, np.searchsorted(plan.columns, plan.choice))], rule)
