"""What lanes write down by period agrees with the recorder, and so with the plain simulator, to the unit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from worlds.engine import demanding_instances, mixed_world, special_instances, start_of, world_of
from worlds.small import small_levels, small_world

from simlab.engine.recorder.periods import stock_by_period, time_profile
from simlab.engine.world.world import Horizon, Start, Unmet
from simlab.errors import EngineFaultError
from simlab.execution.by_period.lanes import covered
from simlab.execution.by_period.sums import profile_of, stock_of

HORIZON = Horizon(periods=40, warmup=6, replications=5, slots=5, seed=3, first_replication=50)


def assert_same(world, levels, horizon, start=None, n_groups=3):
    n = world.n_items
    groups, value = np.arange(n) % n_groups, np.arange(1, n + 1) * 7
    of = (world, levels, horizon, groups, value)
    found, expected = (f(*of, n_groups=n_groups, start=start) for f in (profile_of, time_profile))
    for name in vars(expected):
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name
    of = (world.starting(start), *of[1:])
    assert np.array_equal(stock_of(*of, n_groups=n_groups), stock_by_period(*of, n_groups=n_groups))
    return found


@settings(deadline=None, max_examples=120)
@given(special_instances())
def test_random_items_with_every_feature(x):
    assert_same(*world_of(x), x["horizon"], start_of(x), n_groups=1)


@settings(deadline=None, max_examples=60)
@given(demanding_instances())
def test_random_items_with_demand_of_every_kind(x):
    assert_same(*world_of(x), x["horizon"], start_of(x), n_groups=1)


@pytest.mark.parametrize("start", [None, Start(np.arange(40) + 3, np.arange(40) * 2)])
def test_items_of_all_families_together(start):
    world, levels = mixed_world()
    assert covered(world.starting(start), levels).all()
    found = assert_same(world, levels, HORIZON, start)
    assert found.lost.any()
    assert found.backorders.any()


def test_orders_on_the_way_that_have_a_date():
    """Several an item, some on one day, some of nothing, one after the end, and stock below nothing."""
    world, levels = mixed_world()
    item, period = np.array([1, 1, 1, 4, 6, 6, 9]), np.array([3, 3, 7, 0, 12, 45, 500])
    shelf = np.where(world.terms.unmet == Unmet.LOST, 4, np.arange(40) - 5)
    dated = Start(shelf, np.arange(40) % 3, item, period, np.array([5, 2, 30, 11, 0, 9, 8]))
    started = world.starting(dated)
    assert dated.has_dates().any()
    assert covered(started, levels).all()
    assert_same(world, levels, replace(HORIZON, warmup=0), dated)
    huge = replace(dated, due_units=np.array([5, 2, 30, 1 << 25, 0, 9, 8]))
    assert np.flatnonzero(~covered(world.starting(huge), levels)).tolist() == [4]


def test_more_replications_than_share_a_block_and_what_the_recorder_is_left():
    """A warm-up of 2,000 periods: 64 lanes a block; partly waiting items and numbers beyond 32 bits."""
    world = small_world(9)
    unmet = np.where(np.arange(9) % 3 == 0, Unmet.PARTLY, Unmet.BACKORDER).astype(np.int8)
    world = replace(world, terms=replace(world.terms, unmet=unmet, waits=np.full(9, 400_000)))
    levels = small_levels(world)
    tall = np.where(np.arange(9) == 4, 1 << 30, 0)[:, None]
    levels = replace(levels, reorder_point=levels.reorder_point + tall, order_up_to=levels.order_up_to + tall)
    assert covered(world, levels).sum() == 6
    assert_same(world, levels, replace(HORIZON, replications=150, slots=5, warmup=2_000, periods=9))


def test_wrong_groups_and_money_beyond_64_bits_are_refused():
    world, levels = mixed_world(7)
    groups, value = np.arange(7) % 2, np.arange(1, 8)
    with pytest.raises(EngineFaultError, match="64 bits"):
        profile_of(world, levels, HORIZON, groups, value * 2**58, n_groups=2)
    with pytest.raises(EngineFaultError, match="groups lie"):
        profile_of(world, levels, HORIZON, groups + 1, value, n_groups=2)
    with pytest.raises(EngineFaultError, match="one entry"):
        stock_of(world, levels, HORIZON, groups[:2], value, n_groups=2)
