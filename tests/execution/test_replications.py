"""What the search holds by replication gives every plan's sums, without simulating it again."""

from dataclasses import fields, replace

import numpy as np
import pytest
from worlds.small import HORIZON, small_levels, small_world

from simlab.engine.world.curves import Curves
from simlab.engine.world.levels import Family
from simlab.engine.world.world import Unmet
from simlab.errors import EngineFaultError
from simlab.execution import (
    CellSums,
    PlanRequest,
    PlanSums,
    Replications,
    Weights,
    Workers,
    replications,
    room_for,
    run_curves_and_replications,
    run_held_curves,
    run_plans,
)
from simlab.execution.held import narrow

CELL = np.array([2, 0, 2, 1, 0, 2, 1])
CHOICE = np.array(
    [[0, 3, 4], [3, 3, 4], [1, 0, 4], [2, 1, 4], [0, 0, 4], [3, 2, 4], [3, 3, 4]], dtype=np.int16
)
WEIGHTS = Weights(np.arange(3, 10), np.arange(6, 13), order=np.arange(7), margin=np.arange(-2, 5))
EVERY_ITEM = np.arange(7)


def today(levels):
    """A table of one column that is none of the search's."""
    return replace(levels.columns(np.array([1])), order_up_to=levels.order_up_to[:, :1] + 1)


def today_alike(levels):
    up_to = levels.order_up_to[:, :1] + 1
    return replace(levels.columns(np.array([0])), order_up_to=up_to, reorder_point=up_to - 1)


def searched(workers, unmet=Unmet.BACKORDER, by_slot=("demanded", "served")):
    world = small_world(unmet=unmet)
    levels = small_levels(world)
    kept = room_for(world, levels, [today_alike(levels)], HORIZON.replications)
    assert kept is not None
    how = {"slots": True, "by_slot": by_slot, "workers": workers}
    curves = run_curves_and_replications(world, levels, HORIZON, CellSums(CELL, 3), kept, **how)
    plain = run_held_curves(world, levels, HORIZON, CellSums(CELL, 3), **how)
    return world, kept, curves, plain


@pytest.mark.parametrize("workers", [Workers(1, 7), Workers(2, 2)])
@pytest.mark.parametrize("unmet", [Unmet.BACKORDER, Unmet.LOST])
def test_plans_of_these_levels_have_the_sums_that_a_run_of_their_own_gives(workers, unmet):
    world, kept, curves, plain = searched(workers, unmet)
    for field in fields(Curves):
        assert np.array_equal(getattr(curves, field.name), getattr(plain, field.name)), field.name
    for name, table in plain.cells.tables.items():
        assert np.array_equal(curves.cells.tables[name], table), name
    request = PlanRequest(CHOICE, CELL, 3)
    found = kept.plans(world, request, WEIGHTS, HORIZON, EVERY_ITEM)
    (again,) = run_plans(world, kept.levels, [request], WEIGHTS, HORIZON, workers=workers)
    for name in PlanSums.names():
        assert np.array_equal(getattr(found, name), getattr(again, name)), name


def test_a_table_of_one_column_is_found_among_those_held():
    _, kept, _, _ = searched(Workers(1, 7))
    levels = small_levels(small_world())
    own = levels.columns(CHOICE[:, :1].astype(np.int64))
    assert kept.column_of(own).tolist() == CHOICE[:, 0].tolist()
    assert kept.column_of(today_alike(levels)).tolist() == [4] * 7
    assert kept.column_of(today(levels)) is None
    other = replace(own, family=np.full(7, Family.REORDER_UP_TO, np.int8))
    assert kept.column_of(other) is None


def test_plans_that_would_cost_paths_of_their_own_are_not_simulated_beside():
    world = small_world()
    levels = replace(small_levels(world), family=np.full(7, Family.REORDER_UP_TO, np.int8))
    kept = room_for(world, levels, [today(levels)], HORIZON.replications)  # another S − s
    assert kept.levels is levels


def test_one_other_number_of_one_item_ends_the_run_by_its_name():
    world, kept, _, _ = searched(Workers(1, 3))
    block = kept._blocks[sorted(kept._blocks)[-1]]
    served = np.array(block.tables["served"], np.int64)
    served[-1] += 1
    block.tables["served"] = narrow(served)
    item = int(block.rows[-1])
    with pytest.raises(EngineFaultError, match=f"SKU-location {item + 1}: another 'served'"):
        kept.plans(world, PlanRequest(CHOICE, CELL, 3), WEIGHTS, HORIZON, EVERY_ITEM)
    others = np.delete(EVERY_ITEM, item)
    assert kept.plans(world, PlanRequest(CHOICE, CELL, 3), WEIGHTS, HORIZON, others) is not None


def test_what_is_too_large_is_not_held(monkeypatch):
    world = small_world()
    levels = small_levels(world)
    monkeypatch.setattr(replications, "MOST_IN_MEMORY", 1000)
    assert room_for(world, levels, [], HORIZON.replications) is None
    kept = Replications(levels, 1000)  # thought to be smaller than it is
    run_curves_and_replications(
        world, levels, HORIZON, CellSums(CELL, 3), kept, slots=True, by_slot=(), workers=Workers(1, 2)
    )
    assert not kept.complete
    assert kept.plans(world, PlanRequest(CHOICE, CELL, 3), WEIGHTS, HORIZON, EVERY_ITEM) is None
