"""Sums become rates and money with the right denominators, and comparisons say who won."""

from dataclasses import replace

import numpy as np
import pytest

from simlab.execution import PlanSums
from simlab.verdict.compare import compare_all
from simlab.verdict.scores import Scale, score

SCALE = Scale(periods=10, periods_per_year=52.0, cost_resolution=0.01, level=0.95)


def one_plan(reps: int = 40) -> PlanSums:
    rng = np.random.default_rng(1)
    sums = PlanSums.zeros(1, 1, reps)
    sums.demanded[...] = 1000
    sums.served[...] = 950 + rng.integers(-5, 6, reps)
    sums.demanded_value[...] = sums.demanded * 200
    sums.served_value[...] = sums.served * 200
    sums.delivered_value[...] = sums.demanded * 200
    sums.stock_value[...] = 2 * 10 * 300 * 200
    sums.holding[...] = 2 * 10 * 300 * 4000
    sums.ready[...] = 18
    sums.short[...] = 3
    sums.receipts[...] = 20
    sums.good_receipts[...] = 17
    return sums


def test_measures_have_their_definitions_denominators():
    scores = score(one_plan(), 0, 0, n_items=2, scale=SCALE)
    assert scores.fill_rate.value == pytest.approx(0.95, abs=0.003)
    assert scores.fill_rate.low < scores.fill_rate.value < scores.fill_rate.high
    assert scores.cycle_service_level.value == pytest.approx(17 / 20)
    assert scores.ready_rate.value == pytest.approx(18 / 20)
    assert scores.stockout_periods.value == pytest.approx(3 / 20 * 52)
    assert scores.inventory_value.value == pytest.approx(300 * 2.00)  # 300 units of 2.00 each
    assert scores.holding_cost.value == pytest.approx(300 * 0.40)  # 0.40 a unit and year
    assert scores.turns.value == pytest.approx(1000 / 10 * 52 / 300)  # what waits is delivered
    assert set(scores.columns()) >= {"fill_rate", "fill_rate_low", "fill_rate_high", "turns"}


def test_parts_of_periods_count_in_rates_of_periods():
    """Days cut into three parts: 18 of 2 × 10 × 3 parts ready, 3 of them short."""
    scores = score(one_plan(), 0, 0, n_items=2, scale=replace(SCALE, parts=3))
    assert scores.ready_rate.value == pytest.approx(18 / 60)
    assert scores.stockout_periods.value == pytest.approx(3 / 60 * 52)
    assert scores.inventory_value.value == pytest.approx(300 * 2.00 / 3)


@pytest.mark.parametrize("stock", [600, 60_000])
def test_turns_are_a_ratio_however_many_there_are(stock):
    """Limits symmetric around the value and never below zero, above and below one turn of half a period."""
    rng = np.random.default_rng(stock)
    sums = one_plan()
    sums.delivered_value[...] = rng.integers(800, 1100, sums.delivered_value.shape)
    sums.stock_value[...] = rng.integers(stock // 2, stock, sums.stock_value.shape)
    turns = score(sums, 0, 0, n_items=2, scale=SCALE).turns
    assert turns.high - turns.value == pytest.approx(turns.value - turns.low)
    sums.delivered_value[..., 1:] = 0
    assert score(sums, 0, 0, n_items=2, scale=SCALE).turns.low == 0


def test_nothing_demanded_is_not_a_number():
    scores = score(PlanSums.zeros(1, 1, 5), 0, 0, n_items=1, scale=SCALE)
    assert np.isnan(scores.fill_rate.value)
    assert np.isnan(scores.cycle_service_level.value)


def frontier(costs: list[int], fills: list[float], reps: int = 60, seed: int = 0) -> PlanSums:
    rng = np.random.default_rng(seed)
    demanded = np.random.default_rng(9).integers(9000, 11000, reps)
    sums = PlanSums.zeros(len(costs), 1, reps)
    for plan, (cost, fill) in enumerate(zip(costs, fills, strict=True)):
        sums.demanded[plan, 0] = demanded
        sums.served[plan, 0] = (demanded * fill).astype(np.int64) + rng.integers(-20, 21, reps)
        sums.holding[plan, 0] = cost * 1_000_000 + rng.integers(-1000, 1001, reps)
    return sums


def test_a_clear_winner_at_equal_fill_is_called_one():
    sums = {
        "frontier:segmented": frontier([10, 20, 40], [0.90, 0.95, 0.99]),
        "frontier:uniform": frontier([12, 24, 48], [0.90, 0.95, 0.99], seed=1),
        "habit": frontier([30], [0.95], seed=2),
        "segmented": frontier([20], [0.95]),
    }
    found = {one.b: one for one in compare_all(sums, 0.95, SCALE)}
    assert found["uniform"].percent.value == pytest.approx(-1 / 6, abs=0.01)
    assert found["uniform"].decided
    assert "less to hold than the best uniform target" in found["uniform"].statement("EUR")
    assert found["habit"].percent.value == pytest.approx(-1 / 3, abs=0.01)
    assert "EUR" in found["habit"].statement("EUR")


def test_outside_the_range_of_the_plans_there_is_no_number():
    sums = {
        "frontier:segmented": frontier([10, 20], [0.90, 0.95]),
        "frontier:uniform": frontier([12, 24], [0.90, 0.95], seed=1),
    }
    (one,) = compare_all(sums, 0.99, SCALE)
    assert np.isnan(one.difference.value)
    assert not one.decided
    assert "no number" in one.statement("EUR")


def test_a_difference_that_noise_explains_is_not_called_a_win():
    rng = np.random.default_rng(5)
    a, b = frontier([10, 20, 40], [0.90, 0.95, 0.99]), frontier([10, 20, 40], [0.90, 0.95, 0.99], seed=1)
    b.holding[...] += rng.integers(-3_000_000, 3_000_001, b.holding.shape)
    (one,) = compare_all({"frontier:segmented": a, "frontier:uniform": b}, 0.95, SCALE)
    assert not one.decided
    assert "the interval contains zero" in one.statement("EUR")
    assert "too close to" in one.statement("EUR")


def test_equal_plans_are_said_to_cost_the_same():
    same = frontier([10, 20, 40], [0.90, 0.95, 0.99])
    (one,) = compare_all({"frontier:segmented": same, "frontier:uniform": same}, 0.95, SCALE)
    assert "costs as much to hold as the best uniform target" in one.statement("EUR")
