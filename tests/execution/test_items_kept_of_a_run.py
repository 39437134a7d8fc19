"""What a run of plans keeps of its items is what simulating them once more would give."""

from dataclasses import fields, replace

import numpy as np
import pytest
from worlds.small import HORIZON, small_levels, small_world

from simlab.engine.world.curves import Curves
from simlab.execution import (
    Keep,
    PlanRequest,
    Weights,
    Workers,
    in_batches,
    run_curves,
    run_plans,
    run_plans_and_items,
)

COLUMN = np.array([0, 3, 1, 2, 0, 3, 3], dtype=np.int16)
OTHER = np.array([1, 1, 2, 0, 3, 2, 0], dtype=np.int16)
EVERY = np.tile(np.arange(4, dtype=np.int16), (7, 1))
WEIGHTS = Weights(np.arange(3, 10), np.arange(6, 13))


@pytest.mark.parametrize(
    "workers",
    [Workers(1, 3), Workers(2, 2), pytest.param(Workers(2, 2, "loky"), marks=pytest.mark.slow)],
)
def test_items_of_the_same_paths_come_with_the_sums(workers):
    world = small_world()
    levels, request = small_levels(world), PlanRequest(EVERY, np.arange(7) % 2, 2)
    keep = [Keep(COLUMN), Keep(OTHER, by_slot=False)]
    sums, (items, totals) = run_plans_and_items(
        world, levels, [request], WEIGHTS, HORIZON, keep, workers=workers
    )
    alone = run_plans(world, levels, [request], WEIGHTS, HORIZON, workers=workers)
    assert all(np.array_equal(getattr(sums[0], n), getattr(alone[0], n)) for n in type(sums[0]).names())
    own = levels.columns(COLUMN.astype(np.int64)[:, None])
    again = run_curves(world, own, replace(HORIZON, slots=HORIZON.replications), workers=workers)
    for field in fields(Curves):
        assert np.array_equal(getattr(items, field.name), getattr(again, field.name)), field.name
    own = levels.columns(OTHER.astype(np.int64)[:, None])
    whole = run_curves(world, own, replace(HORIZON, slots=1), workers=workers)
    for field in fields(Curves):
        assert np.array_equal(getattr(totals, field.name), getattr(whole, field.name)), field.name


def test_replications_become_the_batches_that_a_run_by_batch_gives():
    world = small_world()
    levels = small_levels(world)
    whole = run_curves(world, levels, replace(HORIZON, slots=HORIZON.replications))
    for batches in (1, 2, 3, HORIZON.replications):
        by_batch = run_curves(world, levels, replace(HORIZON, slots=batches))
        for field in fields(Curves):
            ours, theirs = getattr(in_batches(whole, batches), field.name), getattr(by_batch, field.name)
            assert np.array_equal(ours, theirs), (field.name, batches)
