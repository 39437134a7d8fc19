"""Order terms, costs, assumptions, and all problems at once."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.engine.world.world import Unmet
from simlab.errors import InvalidInputError
from simlab.models import fit

GIVEN = {"demand_law": "poisson", "demand_mean": 2.0}


def test_review_periods_become_whole_periods(make_catalog) -> None:
    """Where lead times are random; constant ones go by parts of a week."""
    items = {**GIVEN, "review_period": [7.0, 10.0, 4.0, None], "lead_time_sd": 5.0}
    catalog = make_catalog(
        {f"P{i}": {} for i in range(4)}, None, items, period="week", policy={"review_period": 14.0}
    )
    models = fit(catalog)
    assert models.world.terms.review_period.tolist() == [1, 1, 1, 2]
    note = next(note for note in models.notes if "review periods" in note.what)
    assert note.note.startswith("2 SKU-locations")
    assert "1.43 → 1" in note.note


def test_packs_smallest_and_largest_orders_and_unmet_demand(make_catalog) -> None:
    items = {
        **GIVEN,
        "pack_size": [6, None],
        "moq": [None, 20],
        "max_order": [60, None],
        "unmet": ["lost", None],
    }
    models = fit(make_catalog({"P0": {}, "P1": {}}, None, items, period="week"))
    terms = models.world.terms
    assert terms.pack_size.tolist() == [6, 1]
    assert terms.moq.tolist() == [0, 20]
    assert terms.max_order.tolist() == [60, 0]
    assert terms.unmet.tolist() == [Unmet.LOST, Unmet.BACKORDER]


def test_holding_costs_are_whole_hundredths_and_a_missing_rate_is_said(make_catalog) -> None:
    items = {**GIVEN, "unit_cost": [9.99, 10.0], "holding_rate": [0.255, None], "order_cost": [25.0, None]}
    models = fit(make_catalog({"P0": {}, "P1": {}}, None, items, period="week"))
    costs = models.costs
    assert costs.unit_cost.tolist() == [99_900, 100_000]
    assert costs.holding.tolist() == [round(99_900 * 25.5), 2_000_000]
    assert costs.holding_rate.tolist() == [0.255, 0.2]
    assert np.isnan(costs.order_cost[1])
    assert "missing for 1 of 2" in models.assumptions[0]


def test_a_largest_order_below_the_smallest_is_refused(make_catalog) -> None:
    items = {**GIVEN, "moq": 20, "pack_size": 12, "max_order": 20}
    with pytest.raises(InvalidInputError, match="below the smallest order 24"):
        fit(make_catalog({"P0": {}}, None, items, period="week"))


def test_all_problems_come_at_once(make_catalog, weekly) -> None:
    items = {"lead_time": [None, 14.0], "moq": 20, "max_order": 10}
    demand = {"P0": weekly("2022-01-03", [1, 2, 3]), "P1": {}}
    with pytest.raises(InvalidInputError) as refused:
        fit(make_catalog(demand, None, items, period="week", demand={"life": "first_sale"}))
    codes = {problem.code for problem in refused.value.problems}
    assert codes == {"E-MOD-001", "E-MOD-003", "E-MOD-004"}


def test_todays_levels_are_carried(make_catalog) -> None:
    items = {**GIVEN, "current_order_up_to": [30, None]}
    models = fit(make_catalog({"P0": {}, "P1": {}}, None, items, period="week"))
    np.testing.assert_array_equal(models.current["current_order_up_to"], [30, np.nan])
    assert np.isnan(models.current["current_reorder_point"]).all()


def test_a_highest_position_below_the_smallest_order_is_refused_by_name(make_catalog) -> None:
    """Such an item could not order while it owes nothing, and with lost sales never."""
    items = {**GIVEN, "moq": [20, 20, None], "pack_size": [12, 12, 6], "max_position": [23, 24, 5]}
    with pytest.raises(InvalidInputError) as refused:
        fit(make_catalog({"P0": {}, "P1": {}, "P2": {}}, None, items, period="week"))
    assert [(one.column, one.message) for one in refused.value.problems] == [
        ("max_position", "P0@EAST: 23 is below the smallest order 24"),
        ("max_position", "P2@EAST: 5 is below the smallest order 6"),
    ]


def test_a_backlog_of_today_needs_demand_that_waits(make_catalog) -> None:
    """Negative stock is what is owed to customers; where demand is lost nobody is owed anything."""
    items = {**GIVEN, "on_hand": [-4, -4, -4, 0], "unmet": ["backorder", "lost", "0.3", "lost"]}
    frames = {f"P{i}": {} for i in range(4)}
    with pytest.raises(InvalidInputError) as refused:
        fit(make_catalog(frames, None, items, period="week"))
    assert [(one.column, one.message) for one in refused.value.problems] == [
        ("on_hand", "P1@EAST: -4 units cannot be owed: unmet demand is lost"),
        ("on_hand", "P2@EAST: -4 units cannot be owed: unmet demand is lost in part"),
    ]
    waiting = {**items, "unmet": "backorder", "on_order": 0}
    catalog = make_catalog(frames, None, waiting, period="week", policy={"start": "today"})
    assert fit(catalog).world.start.on_hand.tolist() == [-4, -4, -4, 0]
    assert catalog.quality.units("items", "used") == 0
