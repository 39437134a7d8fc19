"""Sums over time: groups of items, replication by replication, add up to every other sum."""

from dataclasses import replace

import numpy as np
import pytest
from worlds.engine import mixed_world, plain, world_of

from simlab.engine import run
from simlab.engine.recorder.ledger import ledger
from simlab.engine.recorder.periods import TimeProfile, time_profile
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon, Start
from simlab.errors import EngineFaultError

HORIZON = Horizon(periods=26, warmup=6, replications=5, slots=5, seed=3, first_replication=50)


def two_columns():
    world, levels = mixed_world()
    few = Levels(
        levels.family, *(a[:, :2] for a in (levels.reorder_point, levels.order_up_to, levels.order_quantity))
    )
    n = world.n_items
    return world, few, np.arange(n) % 3, np.arange(1, n + 1) * 7


def test_periods_add_up_to_the_totals_of_the_evaluators():
    world, levels, groups, value = two_columns()
    profile = time_profile(world, levels, HORIZON, groups, value)
    curves = run.simulate_items(world, levels, HORIZON)
    assert profile.shape == (2, 3, 5, 26)
    pairs = {
        "stock_value": curves.on_hand * value[:, None, None],
        "stock_start_value": curves.on_hand_start * value[:, None, None],
        "on_order_value": curves.on_order * value[:, None, None],
        "purchases_value": curves.ordered * value[:, None, None],
        "received_value": curves.received * value[:, None, None],
        "demanded": np.broadcast_to(curves.demanded[:, None], curves.served.shape),
        "served": curves.served,
        "backorders": curves.backorders,
        "lost": curves.lost,
    }
    for name, items in pairs.items():
        for group in range(3):
            expected = items[groups == group].sum(axis=0)
            assert np.array_equal(getattr(profile, name)[:, group].sum(axis=-1), expected), name


def test_one_item_in_a_group_is_its_ledger():
    world, levels, groups, value = two_columns()
    rows = np.array([11])
    start = Start(np.array([4]), np.array([9]))
    horizon = replace(HORIZON, warmup=0)
    one = time_profile(world.take(rows), levels.take(rows), horizon, groups[:1], value[rows], start=start)
    book = ledger(world.take(rows), levels.take(rows), horizon, 0, 53, 1, start=start)
    assert (one.stock_value[1, 0, 3] == book.periods["on_hand"] * value[11]).all()
    assert (one.served[1, 0, 3] == book.periods["served"]).all()


def test_blocks_of_items_add_up():
    world, levels, groups, value = two_columns()
    whole = time_profile(world, levels, HORIZON, groups, value)
    sums = TimeProfile.zeros(2, 3, HORIZON)
    for rows in (np.arange(0, 13), np.arange(13, world.n_items)):
        part = world.take(rows), levels.take(rows), HORIZON, groups[rows], value[rows]
        sums.add(time_profile(*part, n_groups=3))
    for name in vars(whole):
        assert np.array_equal(getattr(whole, name), getattr(sums, name)), name
    assert np.array_equal(whole.total().served[:, 0], whole.served.sum(axis=1))


def test_from_todays_stock_the_first_period_shows_it():
    world, levels = world_of(plain())
    start = Start(np.array([100]), np.array([0]))
    profile = time_profile(
        world, levels, replace(HORIZON, warmup=0), np.array([0]), np.array([3]), start=start
    )
    assert (profile.stock_start_value[..., 0] == 300).all()
    assert (profile.purchases_value[..., 0] == 0).all()


def test_sums_of_money_beyond_64_bits_fail_the_run():
    world, levels, groups, value = two_columns()
    with pytest.raises(EngineFaultError, match="64 bits"):
        time_profile(world, levels, HORIZON, groups, value * 2**52)


def test_a_start_that_cannot_be_is_refused():
    world, levels = world_of(plain())
    with pytest.raises(EngineFaultError, match="at least 0"):
        time_profile(
            world, levels, HORIZON, np.array([0]), np.array([1]), start=Start(np.array([1]), np.array([-1]))
        )
