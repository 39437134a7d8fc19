"""Time profiles are the same bits however the items are spread over workers."""

import numpy as np
import pytest
from worlds.engine import mixed_world

from simlab.engine.recorder.periods import time_profile
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon, Start
from simlab.errors import EngineFaultError
from simlab.execution import Workers
from simlab.execution.by_period.profiles import run_profile

HORIZON = Horizon(periods=15, warmup=3, replications=4, slots=4, seed=8)


def seven():
    """Seven items of all families at two columns."""
    world, levels = mixed_world(7)
    return world, Levels(
        levels.family, *(a[:, :2] for a in (levels.reorder_point, levels.order_up_to, levels.order_quantity))
    )


@pytest.mark.parametrize("workers", [Workers(1, 512), Workers(2, 2), Workers(2, 1)])
@pytest.mark.parametrize("start", [None, Start(np.arange(7) + 3, np.arange(7) * 2)])
def test_blocks_and_threads_change_nothing(workers, start):
    world, levels = seven()
    groups, value = np.arange(7) % 2, np.arange(1, 8)
    alone = time_profile(world, levels, HORIZON, groups, value, n_groups=3, start=start)
    spread = run_profile(world, levels, HORIZON, groups, value, n_groups=3, start=start, workers=workers)
    for name in vars(alone):
        assert np.array_equal(getattr(alone, name), getattr(spread, name)), name
    assert not alone.served[:, 2].any()


def test_money_that_leaves_64_bits_between_blocks_fails_the_run():
    world, levels = seven()
    with pytest.raises(EngineFaultError, match="64 bits"):
        run_profile(
            world,
            levels,
            HORIZON,
            np.zeros(7, int),
            np.full(7, 2**55),
            n_groups=1,
            workers=Workers(1, 1),
        )
