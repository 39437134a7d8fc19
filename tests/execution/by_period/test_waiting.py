"""One pass over waiting demand counts what the recorder's step by step way counts, to the unit."""

import numpy as np
import pytest
from worlds.engine import mixed_world

from simlab.engine.recorder.shortage import look_ahead
from simlab.engine.world.world import Start, Unmet
from simlab.execution import Workers
from simlab.execution.by_period.waiting import follows, look_past
from simlab.execution.shortage import run_shortage


def case(seed):
    """Random shelves, pipelines, dated orders, quantities and reviews of items of every kind."""
    world, draw = mixed_world()[0], np.random.default_rng(seed)
    n = world.n_items
    lost = world.terms.unmet == Unmet.LOST
    shelf = np.where(lost, draw.integers(0, 9, n), draw.integers(-4, 9, n))
    item = np.sort(draw.integers(0, n, 30))
    start = Start(shelf, draw.integers(0, 4, n), item, draw.integers(0, 9, 30), draw.integers(0, 6, 30))
    return world, start, draw.integers(0, 30, n), draw.integers(1, 9, n)


@pytest.mark.parametrize("seed", range(4))
def test_both_ways_count_alike(seed):
    world, start, quantity, review = case(seed)
    rows = np.flatnonzero(follows(world, start))
    assert 8 < rows.size < world.n_items
    of = (world.take(rows), start.take(rows), quantity[rows], review[rows])
    one, two = (f(*of, paths=300, seed=seed, windows=True) for f in (look_past, look_ahead))
    for name in ("short", "units", "demanded", "windows"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name
    assert (one.short[:, 0] > one.short[:, 1]).any()
    assert one.units.any()


def test_items_go_each_its_way_and_come_back_in_their_rows():
    world, start, quantity, review = case(9)
    found = run_shortage(world, start, quantity, review, paths=200, seed=1, workers=Workers(2, 7, "threads"))
    for row in range(0, world.n_items, 5):
        at = np.array([row])
        alone = look_ahead(world.take(at), start.take(at), quantity[at], review[at], paths=200, seed=1)
        assert (found.short[row].tolist(), found.units[row].tolist()) == (
            alone.short[0].tolist(),
            alone.units[0].tolist(),
        )
