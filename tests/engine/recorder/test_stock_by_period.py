"""Stock value by period: one path for all plans gives the very sums of a path for each."""

from dataclasses import replace

import numpy as np
import pytest
from worlds.engine import mixed_world
from worlds.small import small_levels, small_world

from simlab.engine.prepare.evaluators import shifting
from simlab.engine.recorder.periods import stock_by_period, time_profile
from simlab.engine.world.world import Horizon, Start, Unmet
from simlab.errors import EngineFaultError
from simlab.execution import Workers
from simlab.execution.by_period.profiles import run_stock

HORIZON = Horizon(periods=26, warmup=6, replications=5, slots=5, seed=3, first_replication=50)


def same(world, levels, groups, value):
    stock = stock_by_period(world, levels, HORIZON, groups, value, n_groups=3)
    profile = time_profile(world, levels, HORIZON, groups, value, n_groups=3)
    assert np.array_equal(stock, profile.stock_start_value + profile.stock_value)
    return stock


@pytest.mark.parametrize("unmet", [Unmet.BACKORDER, Unmet.LOST])
def test_every_family_and_unmet_demand_gives_the_sums_of_the_profile(unmet):
    world = small_world(9, unmet)
    levels = small_levels(world)
    assert shifting(world, levels).any() == (unmet == Unmet.BACKORDER)
    same(world, levels, np.arange(9) % 3, np.arange(1, 10) * 7)


def test_items_of_all_features_and_todays_stock():
    world, levels = mixed_world()
    n = world.n_items
    groups, value = np.arange(n) % 3, np.arange(1, n + 1) * 7
    served = shifting(world, levels)
    assert served.any()
    assert not served.all()
    same(world, levels, groups, value)
    started = replace(world, start=Start(np.arange(n) + 3, np.arange(n) * 2))
    assert not shifting(started, levels).any()
    same(started, levels, groups, value)


def test_blocks_and_threads_change_nothing_and_wrong_input_is_refused():
    world, levels = mixed_world(7)
    groups, value = np.arange(7) % 2, np.arange(1, 8)
    alone = stock_by_period(world, levels, HORIZON, groups, value, n_groups=3)
    for workers in (Workers(1, 512), Workers(2, 2)):
        spread = run_stock(world, levels, HORIZON, groups, value, n_groups=3, workers=workers)
        assert np.array_equal(alone, spread)
    with pytest.raises(EngineFaultError, match="64 bits"):
        stock_by_period(world, levels, HORIZON, groups, value * 2**58, n_groups=3)
    with pytest.raises(EngineFaultError, match="groups lie"):
        stock_by_period(world, levels, HORIZON, groups + 3, value, n_groups=3)
    with pytest.raises(EngineFaultError, match="one entry"):
        stock_by_period(world, levels, HORIZON, groups[:2], value, n_groups=3)
