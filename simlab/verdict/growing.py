"""Segments grown on what service costs: the price of service and the segments are found in turns."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

from simlab.frontier import Frontier, ItemFrontier
from simlab.segments import Segmentation

Grow: TypeAlias = Callable[[float], Segmentation]
"""Price of a unit of service, in integer cost units → the segments that lose least at it."""
_ROUNDS = 4
_NEAR = 0.15


def first_price(items: ItemFrontier, floor: float) -> float:
    """Price of a unit of service at the floor when every SKU-location has its own target."""
    fills = items.fill_rate
    at = min(int(fills.searchsorted(floor)), fills.size - 1)
    return float(items.multipliers.numerators[at] / items.multipliers.denominator)


def grow_at_floor(
    grow: Grow, frontier_of: Callable[[Segmentation], Frontier], floor: float, price: float
) -> tuple[Segmentation, float]:
    """The segments whose cheapest plan at the floor costs least, and the price they were grown at.

    Parameters
    ----------
    grow : callable
    frontier_of : callable
        Segments → every efficient plan of them on the search seed.
    floor : float
        Share of service.
    price : float
        To begin with, of a unit of service in integer cost units.

    Notes
    -----
    Segments minimise cost − price × service. The price is replaced by the slope of their own frontier
    around the floor until that no longer makes the plan cheaper, at most four times.
    """
    segmentation = grow(price)
    cost, following = _around(frontier_of(segmentation), floor)
    best = cost, segmentation, price
    for _ in range(_ROUNDS - 1):
        price = following
        segmentation = grow(price)
        cost, following = _around(frontier_of(segmentation), floor)
        if cost >= best[0]:
            break
        best = cost, segmentation, price
    return best[1], best[2]


def _around(frontier: Frontier, floor: float) -> tuple[float, float]:
    """Cost of the cheapest plan at the floor (inf out of reach), and the price of service around it."""
    miss = 1.0 - floor
    floors = (1.0 - miss * (1 + _NEAR), floor, 1.0 - miss * (1 - _NEAR))
    last = frontier.n_points - 1
    low, mid, high = (
        min(int(frontier.served.searchsorted(frontier.curves.needed(one))), last) for one in floors
    )
    gained = float(frontier.served[high] - frontier.served[low])
    price = float(frontier.cost[high] - frontier.cost[low]) / gained if gained > 0 else 0.0
    reached = float(frontier.fill_rate[mid]) >= floor
    return (float(frontier.cost[mid]) if reached else math.inf), price
