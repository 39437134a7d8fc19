"""Sweep and lanes agree to the unit with the plain-Python simulator, whatever the item."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds.against_reference import PER_TEST, differing, unlike
from worlds.engine import (
    FORECAST,
    demanding_instances,
    instances,
    plain,
    reference_item,
    settled,
    side_by_side_instances,
    special_instances,
    start_of,
    world_of,
)

from simlab.engine import run
from simlab.engine.kernels.layout import LEAD_TIMES, PERIODS, TWO
from simlab.engine.prepare.evaluators import evaluator_of
from simlab.engine.world.demand_law import LawKind
from simlab.engine.world.levels import Family
from simlab.engine.world.world import Unmet
from simlab.errors import EngineFaultError
from simlab.selfcheck import reference


@settled(PER_TEST, derandomize=True)
@given(instances())
def test_engine_equals_the_reference_unit_for_unit(x):
    assert differing(x) == []


@settled(PER_TEST, derandomize=True)
@given(special_instances())
def test_every_feature_equals_the_reference_unit_for_unit(x):
    """Partly waiting demand, highest positions, outages, shared delays, partial receipts, given starts."""
    assert differing(x) == []


@settled(PER_TEST, derandomize=True)
@given(side_by_side_instances())
def test_what_shares_no_path_equals_the_reference_unit_for_unit(x):
    """Lost and partly waiting demand, highest positions and given starts, in lanes and in the ledger."""
    assert differing(x) == []


@settled(PER_TEST // 2, derandomize=True)
@given(demanding_instances())
def test_every_kind_of_demand_equals_the_reference_unit_for_unit(x):
    """Phases, blocks of a series, chains and common factors, in every evaluator that covers the item."""
    assert differing(x) == []


@st.composite
def reviewed_daily(draw):
    """Instances that go by fours of periods, and some whose orders arrive too soon for it."""
    x, lead_time = draw(instances()), draw(st.integers(PERIODS - 1, 13))
    daily = {"R": 1, "phase": 0, "pack": 1, "max_order": 0, "lead_times": [lead_time], "lead_weights": [1]}
    if x["family"] == Family.REORDER_QUANTITY:
        daily |= {"family": Family.REORDER_UP_TO, "Q": [0] * 3}
    warmup = draw(st.sampled_from([0, 1, 2, 3, 4, 6, 11, 64, 65]))
    horizon = dataclasses.replace(x["horizon"], warmup=warmup, periods=draw(st.integers(1, 100)))
    return x | daily | {"horizon": horizon}


@settled(PER_TEST // 5, derandomize=True)
@given(reviewed_daily())
def test_four_periods_in_one_go_equal_the_reference_unit_for_unit(x):
    """Wherever counting, arrivals and the end of the run fall."""
    assert differing(x) == []


@st.composite
def varying_daily(draw):
    """Instances that go by twos of periods, and some whose orders arrive too soon or too far apart for it."""
    x, least, spread = draw(reviewed_daily()), draw(st.integers(TWO - 1, 9)), draw(st.integers(1, LEAD_TIMES))
    between = draw(st.sets(st.integers(least, least + spread), max_size=3))
    periods = sorted({least, least + spread} | between)
    weights = [draw(st.integers(1, 3)) for _ in periods]
    unmet = draw(st.sampled_from([Unmet.LOST, Unmet.LOST, Unmet.BACKORDER]))
    start = draw(st.sampled_from([None, None, (7, 12)]))
    return x | {
        "lead_times": periods,
        "lead_weights": weights,
        "crossing": draw(st.sampled_from([True, True, False])),
        "unmet": unmet,
        "start": start,
    }


@settled(PER_TEST // 2, derandomize=True)
@given(varying_daily())
def test_two_periods_in_one_go_equal_the_reference_unit_for_unit(x):
    """Wherever counting, arrivals and the end of the run fall, and whatever was on order before."""
    assert differing(x) == []


WIDE_LANES = {"demand": (LawKind.EMPIRICAL, 0.0, 0.0, [0, 4_000, 900_000], [4, 5, 3])}


@pytest.mark.parametrize("unmet", [Unmet.LOST, Unmet.BACKORDER])
def test_two_periods_in_one_go_hold_units_that_need_64_bits(unmet):
    """Orders of millions of units, five of which may arrive together beside their number."""
    x = (
        plain()
        | WIDE_LANES
        | {"R": 1, "lead_times": [2, 3, 4, 5, 6], "lead_weights": [1] * 5, "crossing": True}
    )
    x |= {"unmet": unmet, "family": Family.REORDER_UP_TO, "s": [10**6, 3 * 10**6, 7 * 10**6]}
    x["S"] = [10**6 + 1, 5 * 10**6, 9 * 10**6]
    assert differing(x) == []


@pytest.mark.slow
@settled(10_000)
@given(varying_daily())
def test_two_periods_in_one_go_equal_the_reference_on_ten_thousand_instances(x):
    assert differing(x) == []


@pytest.mark.slow
@settled(10_000)
@given(demanding_instances())
def test_every_kind_of_demand_equals_the_reference_on_ten_thousand_instances(x):
    assert differing(x) == []


@pytest.mark.slow
@settled(10_000)
@given(instances())
def test_engine_equals_the_reference_on_ten_thousand_instances(x):
    assert differing(x) == []


@pytest.mark.slow
@settled(10_000)
@given(special_instances())
def test_every_feature_equals_the_reference_on_ten_thousand_instances(x):
    assert differing(x) == []


@pytest.mark.slow
@settled(10_000)
@given(side_by_side_instances())
def test_what_shares_no_path_equals_the_reference_on_ten_thousand_instances(x):
    assert differing(x) == []


SUPPLIER = {"shared_delay": False, "fails": 0, "recovers": 0, "on_time": 10**6, "rest_delay": -1}
ONE_PATH = [
    {"supplier": SUPPLIER | {"shared_delay": True}},
    {"supplier": SUPPLIER | {"fails": 2**30, "recovers": 2**30}},
    {"supplier": SUPPLIER | {"on_time": 10**5, "rest_delay": 2}},
    {"supplier": SUPPLIER | {"on_time": 700_000}},
    {"offset": [[0, 9, -7]], "phase0": 1},
    {"forecast": FORECAST},
]
ONE_PATH_EACH = [
    {"offset": [[0, 0, 0], [4, -4, 0], [9, 0, 2]]},
    {"forecast": FORECAST | {"factor": [0.5, 1.0, 2.0]}},
]


SIDE_BY_SIDE = [
    {"unmet": Unmet.LOST},
    {"unmet": Unmet.PARTLY, "waits": 500_000},
    {"max_position": 42},
    {"start": (60, 31)},
    {"start": (-7, 5)},
    {"start": (0, 40), "unmet": Unmet.PARTLY, "waits": 300_000, "max_position": 50},
]


@pytest.mark.parametrize("lead_times", [[4], [1, 3, 6]])
@pytest.mark.parametrize("feature", SIDE_BY_SIDE)
def test_replications_run_side_by_side_where_levels_cannot_share_a_path(feature, lead_times):
    """Lost and partly waiting demand, highest positions and given starts: lanes equal the ledger."""
    x = plain() | {"lead_times": lead_times, "lead_weights": [1] * len(lead_times)} | feature
    world, levels = world_of(x)
    world = world.starting(start_of(x))
    assert evaluator_of(world, levels) == "lanes"
    ways = {way: run.evaluate(way, world, levels, x["horizon"]) for way in ("lanes", "ledger")}
    assert unlike(x, ways, world) == []
    with pytest.raises(EngineFaultError, match="not covered by the sweep"):
        run.evaluate("sweep", world, levels, x["horizon"])


@pytest.mark.parametrize("feature", ONE_PATH)
def test_one_recorded_path_serves_every_level(feature):
    """Outages, shared delays, partial receipts and common movements lift the net stock and nothing else."""
    x = plain() | feature
    world, levels = world_of(x)
    assert evaluator_of(world, levels) == "recorded sweep"
    ways = {way: run.evaluate(way, world, levels, x["horizon"]) for way in ("recorded sweep", "ledger")}
    assert unlike(x, ways, world) == []


@pytest.mark.parametrize("feature", ONE_PATH + ONE_PATH_EACH)
def test_what_only_the_recorder_knows_is_refused_by_the_lanes(feature):
    x = plain() | feature
    world, levels = world_of(x)
    for evaluator in ("sweep", "lanes"):
        with pytest.raises(EngineFaultError, match=f"not covered by the {evaluator}"):
            run.evaluate(evaluator, world, levels, x["horizon"])


@pytest.mark.parametrize("feature", ONE_PATH_EACH)
def test_what_needs_a_path_for_every_level_goes_to_the_ledger(feature):
    x = plain() | feature
    world, levels = world_of(x)
    assert evaluator_of(world, levels) == "ledger"
    assert differing(x) == []


NO_SHIFT = [
    {"unmet": Unmet.LOST},
    {"unmet": Unmet.PARTLY, "waits": 300_000},
    {"max_position": 42},
    {"Q": [20, 25, 30], "family": Family.REORDER_QUANTITY},
    {"s": [20, 28, 29], "family": Family.REORDER_UP_TO},
    {"offset": [[0, 0, 0], [4, -4, 0], [9, 0, 2]]},
    {"forecast": FORECAST | {"factor": [0.5, 1.0, 2.0]}},
    {"start": (30, 5)},
]


@pytest.mark.parametrize("feature", NO_SHIFT)
def test_the_shift_argument_fails_where_the_sweep_is_refused(feature):
    """Orders differ between levels: no single path could have served them all."""
    x = plain() | feature
    world, levels = world_of(x)
    history = [
        tuple(seen["ordered"] for seen in reference.history(reference_item(x, world, column), 7, 0, 60))
        for column in range(3)
    ]
    assert len(set(history)) > 1
    if x["start"] is None:
        with pytest.raises(EngineFaultError, match="not covered by the recorded sweep"):
            run.evaluate("recorded sweep", world, levels, x["horizon"])


def test_a_world_without_undershoot_is_not_swept():
    """What is forgiven at a review is no order: no sweep tells it apart from a receipt."""
    x = plain() | {"family": Family.REORDER_UP_TO, "undershoot": False, "s": [20, 24, 29]}
    world, levels = world_of(x)
    for evaluator in ("sweep", "recorded sweep"):
        with pytest.raises(EngineFaultError, match="not covered"):
            run.evaluate(evaluator, world, levels, x["horizon"])
