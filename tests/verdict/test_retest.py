"""Groups of plans share one simulation, and none of them notices."""

from dataclasses import fields

import numpy as np
from worlds.small import HORIZON, small_levels, small_world

from simlab.engine.world.levels import Family, Levels
from simlab.execution import Weights, Workers
from simlab.verdict.retest import PlanGroup, retest


def test_groups_together_give_the_same_bits_as_each_alone():
    world = small_world()
    n = world.n_items
    grid = small_levels(world)
    columns = (grid.reorder_point + 3, grid.order_up_to + 3, grid.order_quantity)
    other = Levels(grid.family, *(column[:, 1:2] for column in columns))  # no column of the grid
    quantity = np.full((n, 1), 5)
    lots = Levels(
        np.full(n, Family.REORDER_QUANTITY, dtype=np.int8),
        grid.reorder_point[:, :1],
        grid.order_up_to[:, :1] + 4,
        quantity,
    )
    groups = [
        PlanGroup("grid", grid, np.tile(np.arange(4, dtype=np.int16), (n, 1)), whole=False),
        PlanGroup("chosen", grid, np.full((n, 1), 2, dtype=np.int16)),
        PlanGroup("other", other, np.zeros((n, 1), dtype=np.int16)),
        PlanGroup("lots", lots, np.zeros((n, 1), dtype=np.int16)),
    ]
    weights = Weights(np.arange(1, n + 1), np.arange(1, n + 1) * 3)
    cell = np.arange(n) % 2
    together = retest(world, groups, cell, weights, HORIZON, workers=Workers(2, 3))
    assert set(together) == {"grid", "chosen", "other", "lots"}
    for group in groups:
        alone = retest(world, [group], cell, weights, HORIZON)[group.kind]
        for field in fields(alone):
            ours, theirs = getattr(together[group.kind], field.name), getattr(alone, field.name)
            assert np.array_equal(ours, theirs), (group.kind, field.name)
    assert not np.array_equal(together["other"].served, together["lots"].served)
