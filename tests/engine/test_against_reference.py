"""Sweep and lanes agree to the unit with the plain-Python simulator, whatever the item."""

import os

import pytest
import reference
from engine_worlds import (
    instances,
    plain,
    reference_item,
    settled,
    special_instances,
    start_of,
    world_of,
)
from hypothesis import given

from simlab.engine import run
from simlab.engine.types import Family, Unmet
from simlab.errors import EngineFaultError

PER_TEST = int(os.environ.get("SIMLAB_REFERENCE_INSTANCES", "500"))


def reference_sums(x, world, column):
    """Sums by slot from the plain simulator."""
    item, h = reference_item(x, world, column), x["horizon"]
    sums = {measure: [0] * h.slots for measure in reference.MEASURES}
    for path in range(h.first_replication, h.first_replication + h.replications):
        got = reference.simulate(item, h.seed, path, h.warmup, h.periods)
        for measure in reference.MEASURES:
            sums[measure][path % h.slots] += got[measure]
    return sums


def assert_equal(x, curves, world):
    for column in range(3):
        expected = reference_sums(x, world, column)
        for measure in reference.MEASURES:
            array = getattr(curves, measure)
            got = array[0] if array.ndim == 2 else array[0, column]
            assert got.tolist() == expected[measure], (measure, column)


def check(x):
    world, levels = world_of(x)
    assert_equal(x, run.simulate_items(world, levels, x["horizon"]), world)
    others = ["lanes", "ledger"] if run.evaluator_of(world, levels) == "sweep" else ["ledger"]
    for evaluator in others:
        assert_equal(x, run.evaluate(evaluator, world, levels, x["horizon"]), world)


def check_special(x):
    world, levels = world_of(x)
    assert_equal(x, run.simulate_items(world, levels, x["horizon"], start_of(x)), world)


@settled(PER_TEST, derandomize=True)
@given(instances())
def test_engine_equals_the_reference_unit_for_unit(x):
    check(x)


@settled(PER_TEST, derandomize=True)
@given(special_instances())
def test_every_feature_equals_the_reference_unit_for_unit(x):
    """Partly waiting demand, highest positions, outages, shared delays, partial receipts, given starts."""
    check_special(x)


@pytest.mark.slow
@settled(10_000)
@given(instances())
def test_engine_equals_the_reference_on_ten_thousand_instances(x):
    check(x)


@pytest.mark.slow
@settled(10_000)
@given(special_instances())
def test_every_feature_equals_the_reference_on_ten_thousand_instances(x):
    check_special(x)


@pytest.mark.parametrize(
    "feature",
    [
        {"unmet": Unmet.PARTLY, "waits": 500_000},
        {"max_position": 42},
        {"supplier": {"shared_delay": True, "fails": 0, "recovers": 0, "on_time": 10**6, "rest_delay": -1}},
        {"supplier": {"shared_delay": False, "fails": 1, "recovers": 1, "on_time": 10**6, "rest_delay": -1}},
        {"supplier": {"shared_delay": False, "fails": 0, "recovers": 0, "on_time": 10**5, "rest_delay": 2}},
    ],
)
def test_what_only_the_ledger_knows_is_refused_by_the_others(feature):
    x = plain() | feature
    world, levels = world_of(x)
    assert run.evaluator_of(world, levels) == "ledger"
    for evaluator in ("sweep", "lanes"):
        with pytest.raises(EngineFaultError, match=f"not covered by the {evaluator}"):
            run.evaluate(evaluator, world, levels, x["horizon"])


@pytest.mark.parametrize(
    "feature",
    [
        {"unmet": Unmet.LOST},
        {"unmet": Unmet.PARTLY, "waits": 300_000},
        {"max_position": 42},
        {"Q": [20, 25, 30], "family": Family.REORDER_QUANTITY},
        {"s": [20, 28, 29], "family": Family.REORDER_UP_TO},
        {"start": (30, 5)},
    ],
)
def test_the_shift_argument_fails_where_the_sweep_is_refused(feature):
    """Orders differ between levels: no single path could have served them all."""
    x = plain() | feature
    world, _ = world_of(x)
    history = [
        tuple(seen["ordered"] for seen in reference.history(reference_item(x, world, column), 7, 0, 60))
        for column in range(3)
    ]
    assert len(set(history)) > 1
