"""Cost and late margin at equal service, the break-even share and its limits, marks."""

import numpy as np
import pytest

from simlab.measures.weights import (
    WeighedPlans,
    agreed,
    break_even,
    equal_service,
    left_out_means,
    mark_of,
)


def _plans(cost, late, good, asked, rng, noise=0.0, n=40):
    """Plans with the same means in each replication, a little noise common to all."""
    wave = rng.normal(0, noise, n)
    rows = [np.asarray(one, dtype=np.float64)[:, None] * (1 + wave) for one in (cost, late, good)]
    return WeighedPlans(*rows, np.full(n, float(asked)) * (1 + wave))


def test_cost_and_late_margin_are_read_between_the_same_neighbours():
    rng = np.random.default_rng(3)
    a = _plans([10, 20, 40], [9, 6, 2], [80, 90, 98], 100, rng)
    b = _plans([30, 50], [4, 1], [85, 99], 100, rng)
    found = equal_service(a, b, 0.94, 0.95, 4)
    assert found.cost_a == pytest.approx(30)
    assert found.cost_b == pytest.approx(30 + 20 * 9 / 14)
    assert found.late.value == pytest.approx(4 - (4 - 3 * 9 / 14))
    saved, further = found.cost_b - found.cost_a, found.late.value
    assert found.break_even.value == pytest.approx(saved / further)
    assert found.mark == "less"


def test_a_single_plan_is_met_at_its_own_service_and_none_outside_the_range_has_a_number():
    rng = np.random.default_rng(4)
    a = _plans([10, 20, 40], [9, 6, 2], [80, 90, 98], 100, rng)
    one = _plans([50], [1], [94], 100, rng)
    assert equal_service(a, one, None, 0.95, 4).cost_a == pytest.approx(30)
    outside = equal_service(a, _plans([50], [1], [99], 100, rng), None, 0.95, 4)
    assert outside.mark == "none"
    assert np.isnan(outside.difference.value)


def test_a_plan_beaten_in_one_weight_is_left_out_in_that_weight():
    rng = np.random.default_rng(5)
    a = _plans([10, 20, 40], [9, 99, 2], [80, 79, 98], 100, rng)
    found = equal_service(a, _plans([50], [1], [89], 100, rng), None, 0.95, 4)
    assert found.cost_a == pytest.approx(25)
    assert found.late.value == pytest.approx(5.5 - 1)


def test_fiellers_limits_hold_the_share_as_often_as_they_say():
    rng, hits, n = np.random.default_rng(6), 0, 60
    for _ in range(400):
        common = rng.normal(0, 2.0, n)
        saving, further = 3 + common + rng.normal(0, 2, n), 20 - 2 * common + rng.normal(0, 8, n)
        found = break_even(left_out_means(saving), left_out_means(further), 0.95)
        hits += found.low <= 3 / 20 <= found.high
    assert 0.92 <= hits / 400 <= 0.98


def test_there_is_no_break_even_share_where_nothing_is_saved_or_risked_or_it_is_not_sure():
    rng, n = np.random.default_rng(7), 50
    sure, unsure = 5 + rng.normal(0, 1, n), 0.01 + rng.normal(0, 5, n)
    for saving, further in ((-sure, sure), (sure, -sure), (sure, unsure), (unsure, sure)):
        assert np.isnan(break_even(left_out_means(saving), left_out_means(further), 0.95).value)


def test_joint_intervals_are_wider_and_decide_the_mark():
    rng, n = np.random.default_rng(8), 30
    good = np.array([[80.0], [98.0]]) + np.zeros(n)
    cost = np.array([[10.0], [40.0]]) + rng.normal(0, 3, n)
    a = WeighedPlans(cost, cost, good, np.full(n, 100.0))
    b = WeighedPlans(np.full((1, n), 26.2), np.ones((1, n)), np.full((1, n), 89.0), np.full(n, 100.0))
    one, four = (equal_service(a, b, None, 0.95, weights) for weights in (1, 4))
    assert four.joint.low < one.joint.low
    assert four.joint.high > one.joint.high
    assert one.difference == four.difference
    assert mark_of(four.joint, four.joint_percent) == four.mark


def test_a_pair_is_called_cheaper_only_if_it_is_in_every_weight():
    assert agreed(["less", "less", "less", "less"])
    assert not agreed(["less", "less", "open", "less"])
    assert not agreed(["less", "none"])
    assert not agreed([])
