"""Blocks computed where no memory is shared give the same integers, and only their own inputs travel."""

from dataclasses import fields

import numpy as np
import pytest
from worlds.digests import FEATURES, LAWS, of_kind  # noqa: F401
from worlds.elsewhere import Travelling
from worlds.engine import mixed_world, plain, start_of, world_of
from worlds.small import HORIZON, small_levels, small_world

from simlab.arrays import take_rows  # noqa: F401
from simlab.engine.run import simulate_items
from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon, World
from simlab.execution import (
    Keep,
    PlanRequest,
    Weights,
    Workers,
    run_curves,
    run_extremes,
    run_plans_and_items,
)
from simlab.execution.backends import spread
from simlab.execution.backends.compact import compacted
from simlab.execution.by_period.profiles import run_profile, run_stock

SHORT = Horizon(periods=15, warmup=3, replications=4, slots=4, seed=8)
AWAY = Workers(2, 2, "dask")


@pytest.fixture
def pool(monkeypatch):
    found = Travelling()
    monkeypatch.setattr(spread, "_pool", lambda workers, progress: found)
    return found


def same(one, other):
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        assert np.array_equal(a, b), field.name


def test_every_call_that_is_spread_gives_the_same(pool):
    world, levels = small_world(), small_levels(small_world())
    here = Workers(1, 2)
    same(*(run_curves(world, levels, HORIZON, workers=who) for who in (here, AWAY)))
    request = PlanRequest(np.tile(np.arange(4, dtype=np.int16), (7, 1)), np.arange(7) % 3, 3)
    weights = Weights(np.arange(1, 8), np.arange(2, 9))
    column = np.arange(7, dtype=np.int16) % 4
    (one, (kept,)), (other, (also,)) = (
        run_plans_and_items(world, levels, [request], weights, HORIZON, [Keep(column)], workers=who)
        for who in (here, AWAY)
    )
    same(one[0], other[0])
    same(kept, also)
    mixed, several = mixed_world(7)
    some = Levels(
        several.family,
        *(a[:, :2] for a in (several.reorder_point, several.order_up_to, several.order_quantity)),
    )
    groups, value = np.arange(7) % 2, np.arange(1, 8)
    same(*(run_profile(mixed, some, SHORT, groups, value, n_groups=2, workers=who) for who in (here, AWAY)))
    stock = [run_stock(mixed, some, SHORT, groups, value, n_groups=2, workers=who) for who in (here, AWAY)]
    assert np.array_equal(*stock)
    same(*(run_extremes(mixed, some, SHORT, workers=who) for who in (here, AWAY)))
    assert pool.sent


def test_only_a_block_s_own_part_of_shared_tables_travels(pool):
    n, each = 64, 500
    start = np.arange(n) * each
    demand = DemandLaw(
        np.full(n, LawKind.EMPIRICAL, np.int8),
        np.full(n, 4.0),
        np.full(n, 9.0),
        np.zeros(n),
        start,
        np.full(n, each),
        np.tile(np.arange(each), n),
        np.ones(n * each, np.int64),
    )
    few = small_world(n)
    world = World(few.keys, demand, few.lead_time, few.terms)
    levels = small_levels(few)
    same(*(run_curves(world, levels, HORIZON, workers=who) for who in (Workers(1, 4), Workers(2, 4, "dask"))))
    assert max(pool.sent) < 4 * each * 16 * 1.5 < demand.values.nbytes


def test_sums_travel_back_in_as_few_bytes_as_hold_them(pool):
    """Sums are 64 bits wide and mostly small: half a second of blocks is 58 MB, and travels as 15."""
    world = small_world(1024)
    levels, one = small_levels(world), Workers(1, 512)
    here = run_curves(world, levels, HORIZON, workers=one)
    same(here, run_curves(world, levels, HORIZON, workers=Workers(2, 512, "dask")))
    assert all(getattr(here, field.name).dtype == np.int64 for field in fields(here))
    whole = sum(getattr(here, field.name).nbytes for field in fields(here))
    assert sum(pool.returned) < whole / 2


@pytest.mark.parametrize("name", LAWS | FEATURES)
def test_a_compacted_world_is_the_same_world(name):
    """Rows of tables that nobody uses lie in front, as they do in a block from the middle of a catalogue."""
    x = plain() | (LAWS | FEATURES)[name]
    world, levels = world_of(x)
    if start_of(x) is not None or x.get("policy") is not None:
        pytest.skip("its start and rule hold no shared table")
    behind = compacted(_padded(world))
    same(simulate_items(world, levels, SHORT), simulate_items(behind, levels, SHORT))
    assert behind.demand.values.size == world.demand.values.size


def _padded(world):
    from dataclasses import replace

    law, lead = world.demand, world.lead_time
    front = np.full(5, 9, np.int64)
    used = law.length > 0
    padded = replace(
        law,
        start=np.where(used, law.start + 5, law.start),
        values=np.concatenate([front, law.values]),
        weights=np.concatenate([front, law.weights]),
    )
    if law.past is not None:
        past = law.past
        padded = replace(
            padded,
            past=replace(
                past,
                start=np.where(past.length > 0, past.start + 5, past.start),
                series=np.concatenate([front, past.series]),
                phases=None if past.phases is None else np.concatenate([front, past.phases]),
            ),
        )
    later = replace(
        lead,
        law=lead.law + 1,
        start=np.concatenate([[0], lead.start + 5]),
        length=np.concatenate([[5], lead.length]),
        periods=np.concatenate([front, lead.periods]),
        weights=np.concatenate([front, lead.weights]),
    )
    return replace(world, demand=padded, lead_time=later)
