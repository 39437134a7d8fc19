"""The price of a floor, and of a point more of it, is the difference of two best plans."""

import numpy as np
import pytest
from worlds.limits import every_plan, run

FLOORS = [{"by": "segment", "at_least": {"slow": 0.9}}]


def _best(opt, floor, slow):
    """Least cost of all plans that meet both floors on the search seed."""
    curves, plain = opt.frontier.curves, opt.solved.plain
    at, costs = curves.names.index("slow"), []
    for choice in every_plan(opt):
        cost, _, served = curves.totals(choice)
        meets = served >= floor * curves.total_demanded
        if meets and plain.served[at, choice[at]] >= slow * plain.demanded[at]:
            costs.append(float(cost * curves.cost_unit))
    return min(costs) if costs else np.nan


def test_each_floor_is_priced_with_the_others_kept():
    opt = run({"fill_rate": 0.85, "floors": FLOORS})
    frame = opt.price_of_floor()
    usual = _best(opt, 0.85, 0.9)
    first, second = frame.to_dict("records")
    assert first["cost"] == pytest.approx(usual - _best(opt, 0.0, 0.9), rel=1e-9)
    assert first["cost_of_point"] == pytest.approx(_best(opt, 0.86, 0.9) - usual, rel=1e-9)
    assert second["cost"] == pytest.approx(usual - _best(opt, 0.85, 0.0), rel=1e-9)
    assert second["cost_of_point"] == pytest.approx(_best(opt, 0.85, 0.91) - usual, rel=1e-9)
    assert "slow" in second["floor"]
    assert second["reached"] >= 0.9


def test_a_single_floor_is_priced_against_the_cheapest_plan_of_all():
    opt = run({"fill_rate": 0.9})
    row = opt.price_of_floor().iloc[0]
    cheapest = float(opt.frontier.cost_money.min())
    assert row["cost"] == pytest.approx(opt.chosen.cost_money - cheapest)
    point = opt.at(fill_rate=0.91).cost_money - opt.chosen.cost_money
    assert row["cost_of_point"] == pytest.approx(point)


def test_a_point_beyond_the_grid_is_out_of_reach():
    opt = run({"fill_rate": 0.9})
    highest = float(np.floor(opt.frontier.fill_rate[-1] * 1e6) / 1e6)
    row = run({"fill_rate": highest}).price_of_floor().iloc[0]
    assert np.isnan(row["cost_of_point"])
