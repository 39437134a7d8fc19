"""Five products, one target each from five points, their mean at least 0.90: the least cost is known.

Costs per unit of safety stock and the five points are those of the published example; each product counts
once, as with ``weight = "items"``: a unit of a product weighs one ÷ its units.
"""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from simlab.execution.sums import ONE_ITEM, item_weights
from simlab.frontier import SegmentCurves, solve, uniform

STOCK = np.array([22.0, 27.0, 34.0, 43.0, 50.0])
SERVICE = np.array([0.75, 0.83, 0.90, 0.96, 0.98])
COST = np.array([111.7808, 8.38356, 55.89041, 5.03014, 4.47123]) / 34
UNITS = np.array([200, 40_000, 1_000, 500_000, 8_000_000])


def _curves(points: int) -> SegmentCurves:
    """The five points with so many more between each two, evenly along the straight line."""
    at = np.linspace(0, 4, 4 * (points + 1) + 1)
    stock, service = (np.interp(at, np.arange(5), one) for one in (STOCK, SERVICE))
    weight = item_weights(UNITS[:, None])
    served = np.rint(service[None] * UNITS[:, None] * weight[:, None]).astype(np.int64)
    cost = np.rint(COST[:, None] * stock[None] * 1e6).astype(np.int64)
    names = ("one", "two", "three", "four", "five")
    return SegmentCurves(cost, cost, served, UNITS * weight, service, names, cost_unit=Fraction(1, 10**6))


def test_the_cheapest_plan_is_the_published_one_and_far_below_one_target_for_all():
    curves = _curves(0)
    plan = solve(curves, fill_rate=0.90).chosen
    assert plan.cost_money == pytest.approx(141.2877, abs=1e-3)
    assert curves.targets[plan.choice].tolist() == [0.75, 0.96, 0.83, 0.98, 0.98]
    assert uniform(curves).at(fill_rate=0.90).cost_money == pytest.approx(185.5561, abs=1e-3)
    assert plan.fill_rate == pytest.approx(np.mean([0.75, 0.96, 0.83, 0.98, 0.98]), abs=1e-9)


def test_with_points_between_the_cost_falls_towards_the_straight_line_and_never_below():
    costs = [solve(_curves(points), fill_rate=0.90).chosen.cost_money for points in (0, 1, 4, 19)]
    assert all(a >= b - 1e-9 for a, b in itertools.pairwise(costs))
    assert costs[-1] >= 140.9589 - 1e-3
    assert costs[-1] == pytest.approx(140.9589, abs=0.05)


def test_each_product_weighs_the_same_whatever_it_sells():
    weight = item_weights(UNITS[:, None]) * UNITS
    assert np.allclose(weight / ONE_ITEM, 1, atol=1e-5)
