"""Review phases drawn per replication: all evaluators agree to the unit, and joint reviews stay joint."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds.against_reference import PER_TEST, differing
from worlds.engine import (
    demanding_instances,
    instances,
    plain,
    reference_sequence,
    settled,
    side_by_side_instances,
    special_instances,
    world_of,
)

from simlab.engine import run
from simlab.engine.kernels.streams import location_keys, supplier_keys
from simlab.engine.prepare.arrays import draws_phases
from simlab.engine.recorder.periods import time_profile
from simlab.engine.world.levels import Family
from simlab.engine.world.world import Horizon, Start, Unmet

ANY = st.one_of(instances(), special_instances(), side_by_side_instances(), demanding_instances())


@st.composite
def drawn_phases(draw):
    """Any instance, its phase drawn in steps of some cycle; often one that windows seldom hold."""
    x = draw(ANY)
    review = draw(st.one_of(st.just(x["R"]), st.integers(2, 40)))
    x |= {
        "R": review,
        "phase": x["phase"] % review,
        "phase_cycle": draw(st.sampled_from([1, 1, 2, 3, 7, 12])),
    }
    return x


@settled(PER_TEST // 2, derandomize=True)
@given(drawn_phases())
def test_drawn_phases_equal_the_reference_unit_for_unit(x):
    """Sweep, lanes and recorder, whatever the item: constant and random lead times, all features."""
    assert differing(x) == []


@st.composite
def drawn_or_given_in_sequence(draw):
    """Lead times in sequence, spread over far more than a review period, phases drawn or given."""
    x = draw(drawn_phases())
    times = sorted(draw(st.sets(st.integers(0, 30), min_size=2, max_size=5)))
    review = draw(st.sampled_from([2, 3, 4, 5, 7, 9]))
    more = {"waits": 300_000} if x["unmet"] == Unmet.PARTLY else {}
    return (
        x
        | {"crossing": False, "lead_times": times, "lead_weights": [draw(st.integers(1, 5)) for _ in times]}
        | {"R": review, "phase": draw(st.integers(0, review - 1))}
        | {"phase_cycle": draw(st.sampled_from([0, 1, 1, 2, 3]))}
        | more
    )


@settled(PER_TEST // 2, derandomize=True)
@given(drawn_or_given_in_sequence())
def test_phases_and_lead_times_in_sequence_equal_the_reference_unit_for_unit(x):
    """Both kinds of sequence (every review holds back, or orders alone), phases drawn or given."""
    assert differing(x) == []


def test_instances_let_drawn_phases_meet_both_kinds_of_sequence():
    seen = set()

    @settled(60, derandomize=True)
    @given(drawn_or_given_in_sequence())
    def look(x):
        drawn = x["phase_cycle"] > 0 and x["start"] is None and x["horizon"].periods % x["R"] != 0
        seen.add((drawn, reference_sequence(x) is not None))

    look()
    assert seen == {(True, True), (True, False), (False, True), (False, False)}


@pytest.mark.slow
@settled(10_000)
@given(drawn_or_given_in_sequence())
def test_phases_and_sequences_equal_the_reference_on_ten_thousand_instances(x):
    assert differing(x) == []


@pytest.mark.slow
@settled(10_000)
@given(drawn_phases())
def test_drawn_phases_equal_the_reference_on_ten_thousand_instances(x):
    assert differing(x) == []


H = Horizon(periods=50, warmup=40, replications=40, slots=40, seed=11)


def drawn(review, cycle, names, phase=0, seasons=1):
    """One plain item per name, with phases to be drawn, its level, and the purchases by path and period."""
    world, levels = world_of(plain() | {"R": review, "phase": phase, "lead_times": [1], "lead_weights": [1]})
    rows = np.zeros(len(names), np.int64)
    world, levels = world.take(rows), levels.take(rows).columns(np.array([1]))
    terms = replace(
        world.terms,
        phase_cycle=np.array([cycle] * len(names)),
        phase_keys=np.concatenate([supplier_keys([name]) for name in names]),
    )
    keys = np.arange(1, len(names) + 1, dtype=np.uint64)
    world = replace(world, terms=terms, keys=keys)
    one = np.ones(len(names), np.int64)
    return world, levels, time_profile(world, levels, H, np.arange(len(names)), one).purchases_value[0]


def test_one_supplier_is_reviewed_on_the_same_days_and_another_on_others():
    """Key of the draw: supplier and review period. Demand is never zero here, so every review orders."""
    _, _, bought = drawn(8, 1, ["ACME", "ACME", "OTHER"])
    days = bought > 0
    assert (days[0] == days[1]).all()
    assert not (days[0] == days[2]).all()
    assert (np.diff(np.nonzero(days[0][3])[0]) == 8).all()


def test_a_phase_is_drawn_in_steps_that_keep_the_weekday():
    """R = 14 under weekdays: 14 · k + 2 or 14 · k + 9, and both occur."""
    _, _, bought = drawn(14, 7, ["ACME"], phase=2)
    first = {int(np.nonzero(path > 0)[0][0] + H.warmup) % 14 for path in bought[0]}
    assert first == {2, 9}


def test_every_phase_occurs():
    _, _, bought = drawn(8, 1, ["ACME"])
    assert {int(np.nonzero(path > 0)[0][0] + H.warmup) % 8 for path in bought[0]} == set(range(8))


def test_phases_are_common_to_all_columns_and_evaluators():
    """Orders of (R,S) are the demand since the last review, whatever S: equal at all levels."""
    world, levels, _ = drawn(8, 1, ["ACME"])
    two = replace(levels, order_up_to=np.array([[40, 60]]), reorder_point=np.array([[39, 59]]))
    two = replace(two, order_quantity=np.zeros((1, 2), np.int64))
    curves = run.simulate_items(world, two, H)
    assert (curves.ordered[0, 0] == curves.ordered[0, 1]).all()
    assert np.unique(curves.orders[0, 0]).tolist() == [6, 7]


def test_nothing_is_drawn_where_reviews_divide_the_window_where_phases_are_given_and_from_today():
    world, _, _ = drawn(8, 1, ["ACME"])
    assert draws_phases(world, H).tolist() == [True]
    assert draws_phases(world, replace(H, periods=48)).tolist() == [False]
    given_phase = replace(world, terms=replace(world.terms, phase_cycle=np.array([0])))
    assert draws_phases(given_phase, H).tolist() == [False]
    today = world.starting(Start(np.array([5]), np.array([0])))
    assert draws_phases(today, H).tolist() == [False]


def test_keys_of_suppliers_and_locations_differ():
    assert supplier_keys(["EAST"])[0] != location_keys(["EAST"])[0]


def slow_mover(review):
    """(R,s,S) of an item that sells 0.05 a period, gap 12, and what a drawn phase may not disturb."""
    from simlab.engine.world.demand_law import LawKind

    x = plain() | {"family": Family.REORDER_UP_TO, "s": [2] * 3, "S": [14] * 3, "R": review}
    x |= {"demand": (LawKind.POISSON, 0.05, 0.05, [], []), "lead_times": [4], "lead_weights": [1]}
    world, levels = world_of(x | {"phase_cycle": 1})
    return world, levels.columns(np.array([0]))


def test_slow_movers_begin_in_the_long_run_whatever_the_phase():
    """Mean stock from the chain of positions after a review, by plain numbers; warm-up L + R − 1."""
    review, lead, mean = 20, 4, 0.05
    p = np.exp(-mean * review) * np.cumprod([1.0] + [mean * review / k for k in range(1, 60)])
    chain = np.zeros((12, 12))
    for below in range(12):
        for d, chance in enumerate(p):
            chain[below, below + d if below + d < 12 else 0] += chance
    after = np.linalg.matrix_power(chain, 1 << 20)[0]
    expected = 0.0
    for ahead in range(
        review
    ):  # net stock at the count: the position `lead` periods ago less lead + 1 demands
        m = mean * (ahead + lead + 1)
        q = np.exp(-m) * np.cumprod([1.0] + [m / k for k in range(1, 60)])
        for below, chance in enumerate(after):
            expected += chance * sum(w * max(14 - below - d, 0) for d, w in enumerate(q)) / review
    world, levels = slow_mover(review)
    h = Horizon(periods=30, warmup=lead + review - 1, replications=20_000, slots=20, seed=3)
    curves = run.simulate_items(world, levels, h)
    means = curves.on_hand[0, 0] / (h.periods * h.replications / h.slots)
    error = means.std(ddof=1) / np.sqrt(h.slots)
    assert abs(means.mean() - expected) < 4 * error
