"""Levels that targets share are simulated once; every sum is what it was column by column."""

from dataclasses import fields, replace

import numpy as np
import pytest
from worlds.small import HORIZON, small_levels, small_world

from simlab.engine.run import simulate_items
from simlab.engine.world.levels import Levels
from simlab.execution import PlanRequest, PlanSums, Weights, Workers, run_plans
from simlab.execution.adding import reduce_items
from simlab.execution.blocks import plan_blocks
from simlab.execution.columns import n_different, without_repeats
from simlab.execution.held import HeldCurves

REPEATED = np.array([0, 1, 1, 1, 2, 0, 3, 3, 3, 2])
TABLES = ("reorder_point", "order_up_to", "order_quantity")


def with_repeats(world):
    """Ten columns, four of them different, for each item in another order."""
    order = np.stack([np.roll(REPEATED, item) for item in range(world.n_items)])
    return small_levels(world).columns(order)


def test_every_column_is_one_of_the_different_ones():
    levels = with_repeats(small_world())
    different, number = without_repeats(levels)
    assert different.n_columns == 4
    assert (n_different(levels) == 4).all()
    for name in TABLES:
        again = np.take_along_axis(getattr(different, name), number.astype(np.int64), axis=1)
        assert np.array_equal(again, getattr(levels, name)), name


def test_columns_that_differ_in_one_number_alone_are_kept_apart():
    one = np.array([[5, 5, 5, 7]])
    levels = Levels(np.zeros(1, np.int8), np.array([[4, 4, 3, 4]]), one, np.array([[0, 9, 0, 0]]))
    assert n_different(levels)[0] == 4
    assert sorted(without_repeats(levels)[1][0].tolist()) == [0, 1, 2, 3]


def test_a_wide_range_keeps_columns_enough_for_its_histograms():
    top = np.array([[0, 1_500, 1_500, 1_500, 1_500, 1_500, 1_500, 1_500, 1_500, 1_500]])
    levels = Levels(np.zeros(1, np.int8), top - 1, top, np.zeros_like(top))
    assert without_repeats(levels)[0].n_columns == 8


def test_sums_are_those_of_all_columns():
    world = small_world()
    levels = with_repeats(world)
    every = np.tile(np.arange(10, dtype=np.int16), (world.n_items, 1))
    weights = Weights(np.arange(3, 10), np.arange(6, 13))
    request = PlanRequest(every, np.arange(7) % 2, 2)
    curves = simulate_items(world, levels, replace(HORIZON, slots=HORIZON.replications))
    wanted = reduce_items(curves, [request], weights)[0]
    for workers in (Workers(1, 512), Workers(2, 2)):
        found = run_plans(world, levels, [request], weights, HORIZON, workers=workers)[0]
        for name in PlanSums.names():
            assert np.array_equal(getattr(found, name), getattr(wanted, name)), name


def test_blocks_hold_every_item_once_and_those_of_like_width_together():
    rng = np.random.default_rng(4)
    top = np.cumsum(rng.integers(0, 2, (300, 20)) * (np.arange(300) % 3 == 0)[:, None], axis=1)
    levels = Levels(np.zeros(300, np.int8), top - 1, top, np.zeros_like(top))
    blocks = plan_blocks(levels, 1_000, Workers(2, 64))
    assert np.array_equal(np.sort(np.concatenate(blocks)), np.arange(300))
    width = n_different(levels)
    for rows in blocks:
        assert rows.size == 1 or rows.size * width[rows].max() * 1_000 <= 400_000
    assert [width[rows].max() for rows in blocks] == sorted(width[rows].max() for rows in blocks)


@pytest.mark.parametrize("size", [2, 7])
def test_items_that_come_in_another_order_are_found_again(size):
    world = small_world()
    curves = simulate_items(world, small_levels(world), HORIZON)
    shapes = {field.name: getattr(curves, field.name).shape[1:] for field in fields(curves)}
    order = np.array([3, 0, 6, 1, 5, 2, 4])
    held = HeldCurves(shapes, 7, order=order)
    for first in range(0, 7, size):
        rows = order[first : first + size]
        held.put(rows, type(curves)(**{name: getattr(curves, name)[rows] for name in shapes}))
    for name in shapes:
        assert np.array_equal(getattr(held, name), getattr(curves, name)), name
        assert np.array_equal(getattr(held.take(np.array([5, 1])), name), getattr(curves, name)[[5, 1]]), name
