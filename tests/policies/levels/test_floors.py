"""Where demand can be lost, no plan tells an item to wait for an order that never comes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simlab.engine.run import simulate_items
from simlab.engine.world.demand_law import LawKind
from simlab.engine.world.world import Horizon, Unmet
from simlab.errors import InvalidInputError
from simlab.policies import current_levels, plan
from simlab.policies.levels.floors import LIFTED
from simlab.study.sections import ForecastSpec

SLOW = (LawKind.POISSON, 0.1, 0.1)
BIG_LOT = {"demand": SLOW, "order_quantity": 20, "order_cost": 25.0}
TARGETS = [0.5, 0.8, 0.95]
UNMET = (Unmet.BACKORDER, Unmet.LOST, Unmet.PARTLY)
NONE = float("nan")


def with_unmet(models, *unmet: Unmet, max_position: list[int] | None = None):
    """The models whose items treat unmet demand so; of partly waiting, 0.3 waits."""
    codes = np.array(unmet, np.int8)
    waits = np.where(codes == Unmet.PARTLY, 300_000, 0)
    ceiling = None if max_position is None else np.array(max_position)
    terms = replace(models.world.terms, unmet=codes, waits=waits, max_position=ceiling)
    return replace(models, world=replace(models.world, terms=terms))


@pytest.mark.parametrize(
    ("family", "planning"),
    [
        ("reorder_quantity", "exact"),
        ("reorder_quantity", "normal"),
        ("reorder_up_to", "exact"),
        ("reorder_up_to", "normal"),
        ("reorder_up_to", "optimal"),
    ],
)
def test_reorder_points_lie_at_zero_or_above_where_demand_can_be_lost(
    family, planning, item, make_models
) -> None:
    """In every column; items whose demand waits keep their levels, items without demand theirs."""
    items = [item(**BIG_LOT)] * 3 + [item((LawKind.POISSON, 0.0, 0.0), order_quantity=20, order_cost=25.0)]
    models = make_models(*items)
    free = plan(models, TARGETS, family=family, planning=planning)
    bound = plan(with_unmet(models, *UNMET, Unmet.LOST), TARGETS, family=family, planning=planning)
    assert free.levels.reorder_point.min() < 0
    assert (bound.levels.reorder_point[1:3] == np.maximum(free.levels.reorder_point[1:3], 0)).all()
    assert (bound.levels.order_up_to > bound.levels.reorder_point).all()
    assert bound.levels.reorder_point[[0, 3]].tolist() == free.levels.reorder_point[[0, 3]].tolist()
    raised = planning != "exact"  # which never looks below 0
    assert [LIFTED in word for word in bound.method] == [False, raised, raised, False]


def test_order_up_to_levels_are_one_unit_or_more_where_demand_can_be_lost(item, make_models) -> None:
    models = make_models(item(SLOW), item(SLOW), item(SLOW))
    how = {"planning": "normal", "target_measure": "cycle_service_level"}
    free = plan(models, [0.01], **how).levels.order_up_to[:, 0]
    bound = plan(with_unmet(models, *UNMET), [0.01], **how).levels.order_up_to[:, 0]
    assert free.max() < 1
    assert bound.tolist() == [free[0], 1, 1]


def test_levels_from_a_forecast_that_is_not_updated_are_one_unit_or_more(item, make_models) -> None:
    models = make_models(item(SLOW), item(SLOW), item(SLOW))
    how = {"family": "forecast", "planning": "normal", "target_measure": "cycle_service_level"}
    how["forecast"] = ForecastSpec(method="constant")
    free = plan(models, [0.01], **how).levels.order_up_to[:, 0]
    bound = plan(with_unmet(models, *UNMET), [0.01], **how).levels.order_up_to[:, 0]
    assert free.max() < 1
    assert bound.tolist() == [free[0], 1, 1]


def test_what_is_planned_sells_in_the_long_run(item, make_models) -> None:
    """s = −1 under lost sales is an absorbing state: nothing is ever served again."""
    models = with_unmet(make_models(item(**BIG_LOT)), Unmet.LOST)
    planned = plan(models, [0.5], family="reorder_quantity").levels
    below = replace(planned, reorder_point=planned.reorder_point - 1, order_up_to=planned.order_up_to - 1)
    horizon = Horizon(500, 5000, 16, 4, 3)
    served, never = (simulate_items(models.world, one, horizon).served.sum() for one in (planned, below))
    assert served > 0
    assert never == 0


def test_stated_levels_at_which_nothing_would_be_ordered_are_refused_by_name(item, make_models) -> None:
    lots, both = item(SLOW, current=(-1, NONE, 20)), item(SLOW, current=(-1, 19, NONE))
    fine = item(SLOW, current=(0, NONE, 20))
    models = make_models(fine, lots, both)
    assert current_levels(models)[0].reorder_point[:, 0].tolist() == [0, -1, -1]
    with pytest.raises(InvalidInputError, match=r"never reached.*P1@EAST, P2@EAST") as refused:
        current_levels(with_unmet(models, Unmet.LOST, Unmet.LOST, Unmet.LOST))
    assert refused.value.problems[0].column == "current_reorder_point"
    crowded = with_unmet(models, *[Unmet.BACKORDER] * 3, max_position=[20, 19, 19])
    with pytest.raises(InvalidInputError, match=r"above max_position.*P1@EAST"):
        current_levels(crowded)


def test_order_quantities_above_the_highest_position_are_refused_by_name(item, make_models) -> None:
    models = make_models(item(order_quantity=20), item(order_quantity=20))
    models = with_unmet(models, Unmet.LOST, Unmet.BACKORDER, max_position=[19, 20])
    with pytest.raises(InvalidInputError, match=r"below the order quantity of P0@EAST"):
        plan(models, TARGETS, family="reorder_quantity")
    plan(models, TARGETS, family="reorder_up_to")
