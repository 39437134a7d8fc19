"""A path written down says in every period what the plain simulator says, and adds up to the sums."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from worlds.engine import (
    mixed_world,
    plain,
    reference_item,
    settled,
    special_instances,
    start_of,
    world_of,
)

from simlab.engine import run
from simlab.engine.recorder.ledger import ledger
from simlab.engine.world.world import Horizon, Start
from simlab.errors import EngineFaultError
from simlab.selfcheck import reference

HORIZON = Horizon(periods=40, warmup=7, replications=6, slots=6, seed=3)


@settled(60, derandomize=True)
@given(special_instances())
def test_every_period_is_that_of_the_reference(x):
    world, levels = world_of(x)
    h = x["horizon"]
    path = h.first_replication + h.replications - 1
    got = ledger(world, levels, h, 0, path, 1, start=start_of(x))
    seen = list(reference.history(reference_item(x, world, 1), h.seed, path, h.warmup + h.periods))
    for measure in reference.MEASURES:
        assert got.periods[measure].tolist() == [period[measure] for period in seen], measure


def test_the_ledger_adds_up_to_the_sums_of_sweep_and_lanes():
    world, levels = mixed_world()
    curves = run.simulate_items(world, levels, HORIZON)
    for item in range(0, world.n_items, 3):
        for column in (0, 4):
            book = ledger(world, levels, HORIZON, item, 5, column)
            for measure in reference.MEASURES:
                sums = getattr(curves, measure)[item]
                expected = sums[5] if sums.ndim == 1 else sums[column, 5]
                assert book.total(measure) == expected, (item, column, measure)


def test_orders_are_listed_one_by_one():
    world, levels = mixed_world()
    book = ledger(world, levels, HORIZON, 2, 0)
    orders, periods = book.orders, book.periods
    assert orders["units"].sum() == periods["ordered"].sum()
    assert (periods["ordered"][orders["placed"]] == orders["units"]).all()
    assert (orders["on_time"] == orders["units"]).all()
    assert (orders["left"] == orders["placed"]).all()
    arrived = orders["arrival"] < periods["period"].size
    assert np.array_equal(
        np.bincount(orders["arrival"][arrived], orders["units"][arrived], periods["period"].size),
        periods["received"],
    )


def test_a_given_pipeline_is_the_first_order():
    world, levels = world_of(plain())
    start = Start(np.array([12]), np.array([30]))
    book = ledger(world, levels, replace(HORIZON, warmup=0), 0, 2, start=start)
    assert [int(book.orders[name][0]) for name in ("placed", "units", "on_time")] == [-1, 30, 30]
    assert book.orders["arrival"][0] in (1, 3)
    assert book.periods["on_hand_start"][0] == 12
    assert book.periods["position_at_review"][0] == 42


def test_held_back_orders_leave_when_the_supplier_works_again():
    said = {"shared_delay": False, "fails": 2**29, "recovers": 2**30, "on_time": 600_000, "rest_delay": 2}
    world, levels = world_of(plain() | {"supplier": said})
    orders = ledger(world, levels, replace(HORIZON, periods=300), 0, 0).orders
    assert (orders["left"] > orders["placed"]).any()
    assert (orders["left"] >= orders["placed"]).all()
    assert (orders["on_time"] + orders["rest"] == orders["units"]).all()
    assert orders["on_time"].sum() == orders["units"].sum() * 600_000 // 1_000_000
    some = orders["rest"] > 0
    assert (orders["rest_arrival"][some] == orders["arrival"][some] + 2).all()


@pytest.mark.parametrize("wrong", [{"item": 40}, {"replication": 6}, {"column": -1}])
def test_what_is_not_there_is_said(wrong):
    world, levels = mixed_world()
    with pytest.raises(EngineFaultError, match=f"no {next(iter(wrong))}"):
        ledger(world, levels, HORIZON, **({"item": 0, "replication": 0, "column": 0} | wrong))
