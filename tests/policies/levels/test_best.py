"""Planning for least cost: the published table through `plan`, and no neighbour that costs less."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.engine.run import simulate_items
from simlab.engine.world.demand_law import LawKind
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import Horizon
from simlab.errors import InvalidInputError, UsageError
from simlab.policies import plan


@pytest.mark.parametrize(("mean", "s", "S"), [(10, 6, 40), (20, 14, 62), (40, 33, 87), (70, 62, 81)])
def test_a_critical_ratio_of_nine_tenths_is_the_published_table(mean, s, S, item, make_models) -> None:
    """Zheng and Federgruen (1991), table 1: h = 1, p = 9, K = 64, L = 0; p = h·t/(1 − t) at t = 0.9."""
    models = make_models(item((LawKind.POISSON, float(mean), float(mean)), lead={0: 1}, order_cost=64.0))
    models.costs.holding[:] = round(models.periods_per_year * 1_000_000)  # 1 per unit and period
    planned = plan(models, [0.9, 0.5], family="reorder_up_to", planning="optimal")
    assert planned.levels.reorder_point[0, 0] == s
    assert planned.levels.order_up_to[0, 0] == S
    assert planned.levels.reorder_point[0, 1] < s
    assert planned.method == ("optimal",)


def test_no_neighbouring_levels_cost_less_in_simulation(item, make_models) -> None:
    """Random lead times in sequence, R = 2: sums of the simulator at common random numbers."""
    models = make_models(
        item((LawKind.NEGATIVE_BINOMIAL, 4.0, 12.0), lead={1: 1, 3: 1}, review=2, order_cost=6.0)
    )
    target = 0.92
    planned = plan(models, [target], family="reorder_up_to", planning="optimal").levels
    s, S = int(planned.reorder_point[0, 0]), int(planned.order_up_to[0, 0])
    around = [(s + a, S + b) for a in (-4, 0, 4) for b in (-10, 0, 10)]
    low, top = (np.array([[pair[place] for pair in around]]) for place in (0, 1))
    levels = Levels(np.array([Family.REORDER_UP_TO], np.int8), low, top, top - low)
    sums = simulate_items(models.world, levels, Horizon(4000, 200, 40, 1, 5))
    holding = models.costs.holding[0] * 1e-6 / models.periods_per_year
    owed = holding * target / (1 - target)
    cost = holding * sums.on_hand + owed * sums.backorders + 6.0 * sums.orders
    assert int(np.argmin(cost[0, :, 0])) == around.index((s, S))


def test_prices_that_are_missing_and_other_rules_are_refused(item, make_models) -> None:
    with pytest.raises(InvalidInputError, match="P1@EAST"):
        plan(make_models(item(order_cost=5.0), item()), [0.9], family="reorder_up_to", planning="optimal")
    with pytest.raises(UsageError, match="reorder_up_to"):
        plan(make_models(item(order_cost=5.0)), [0.9], planning="optimal")
