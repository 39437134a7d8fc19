"""Intervals must cover what they promise and never claim certainty that the sums do not give."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlab import measures as m
from simlab.errors import UsageError
from simlab.measures.student import binomial_uppers


@pytest.mark.parametrize(
    ("p", "df", "published"),
    [(0.975, 1, 12.7062), (0.975, 19, 2.0930), (0.95, 5, 2.0150), (0.995, 199, 2.6008), (0.9, 2, 1.8856)],
)
def test_t_quantiles_are_the_published_ones(p, df, published):
    assert m.t_quantile(p, df) == pytest.approx(published, abs=6e-5)
    assert m.t_quantile(1 - p, df) == pytest.approx(-published, abs=6e-5)


def test_the_interval_of_a_mean_is_student_s_of_its_replications():
    """1, 2, 6: mean 3, deviation √7, t of 2 degrees at 0.95 is 2.919986."""
    found = m.mean_estimate([1.0, 2.0, 6.0], 0.9)
    half = 2.919986 * math.sqrt(7.0 / 3.0)
    assert (found.value, found.low, found.high) == pytest.approx((3.0, 3.0 - half, 3.0 + half))
    difference = m.paired_difference([4.0, 4.0, 9.0], [3.0, 2.0, 3.0], 0.9)
    assert (difference.value, difference.high) == pytest.approx((3.0, 3.0 + half))


def test_binomial_bound_without_events_is_the_rule_of_three():
    assert m.binomial_upper(0, 200, 0.95) == pytest.approx(1 - 0.05 ** (1 / 200), rel=1e-10)
    assert m.binomial_upper(3, 3, 0.95) == 1.0


def test_ratio_is_the_ratio_of_exact_sums():
    served, demanded = np.array([2**53, 1, 1]), np.array([2**53, 3, 3])
    assert m.ratio_estimate(served, demanded).value == float(2**53 + 2) / float(2**53 + 6)


def test_nothing_demanded_is_nan_and_shown_as_a_dash():
    estimate = m.ratio_estimate([0, 0, 0], [0, 0, 0])
    assert math.isnan(estimate.value)
    assert str(estimate) == "–"
    assert estimate.note == "nothing demanded"


def test_an_estimate_shows_itself_in_a_notebook():
    html = m.Estimate(0.95, 0.94, 0.96, 0.95, "simulation", 200)._repr_html_()
    assert html == "<strong>0.950 [0.940, 0.960]</strong> (95% simulation interval, n = 200)"


def test_no_shortage_gives_a_bound_never_zero_width():
    estimate = m.ratio_estimate([50] * 200, [50] * 200)
    assert (estimate.value, estimate.high) == (1.0, 1.0)
    assert estimate.low == pytest.approx(0.05 ** (1 / 200), rel=1e-9)
    assert "conservative" in estimate.note


def test_equal_replications_with_shortages_are_not_taken_as_certain():
    estimate = m.ratio_estimate([45] * 100, [50] * 100)
    assert estimate.low < 0.9 < estimate.high
    assert "same ratio" in estimate.note


@pytest.mark.parametrize("n", [1, 2, 9, 10, 32])
@pytest.mark.parametrize("short", [0, 1, 9, 10])
def test_width_is_positive_and_limits_stay_in_range(n, short):
    demanded = np.arange(20, 20 + n)
    served = demanded - (np.arange(n) < short)
    estimate = m.ratio_estimate(served, demanded)
    assert 0.0 <= estimate.low < estimate.high <= 1.0
    assert estimate.low <= estimate.value <= estimate.high


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_many_rows_at_once_equal_one_by_one(data):
    n, rows = data.draw(st.integers(2, 15)), data.draw(st.integers(1, 4))
    numbers = st.lists(st.integers(0, 9), min_size=n * rows, max_size=n * rows)
    demanded = np.array(data.draw(numbers)).reshape(rows, n)
    served = np.minimum(np.array(data.draw(numbers)).reshape(rows, n), demanded)
    many = m.ratio_interval(served, demanded)
    for row in range(rows):
        one = m.ratio_estimate(served[row], demanded[row])
        both = ((many.value[row], one.value), (many.low[row], one.low), (many.high[row], one.high))
        assert all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in both)
        assert math.isnan(one.value) or one.low <= one.value <= one.high
        assert math.isnan(one.value) or one.low < one.high


def test_a_part_may_not_exceed_the_whole():
    with pytest.raises(UsageError, match="numerator"):
        m.ratio_estimate([3, 2], [2, 2])
    assert m.ratio_estimate([3, 2], [2, 2], proportion=False).value == 1.25


@pytest.mark.parametrize("n", [20, 200])
def test_ratio_interval_covers_at_its_level(n):
    """Short form of the coverage experiment: within 4 standard errors of 0.95, or above where stated."""
    rng, trials = np.random.default_rng(11), 1500
    demanded = rng.poisson(60, (trials, n))
    served = demanded - rng.binomial(demanded, rng.beta(1.0, 9.0, (trials, n)))
    many = m.ratio_interval(served, demanded)
    covered = ((many.low <= 0.9) & (many.high >= 0.9)).mean()
    assert abs(covered - 0.95) <= 4 * math.sqrt(0.95 * 0.05 / trials)


@pytest.mark.parametrize("probability", [0.0005, 0.005, 0.03])
def test_rare_shortages_are_covered_at_least_at_the_level(probability):
    rng, trials, n = np.random.default_rng(5), 1500, 100
    demanded = rng.poisson(40, (trials, n))
    short = (rng.random((trials, n)) < probability) * rng.integers(1, 41, (trials, n))
    served = np.maximum(demanded - short, 0)
    truth = 1.0 - probability * np.minimum(rng.integers(1, 41, 400_000), rng.poisson(40, 400_000)).mean() / 40
    many = m.ratio_interval(served, demanded)
    few = many.conservative
    assert few.any()
    assert (many.low[few] <= truth).mean() >= 0.95 - 4 * math.sqrt(0.05 * 0.95 / few.sum())


def test_means_and_pairs():
    rng = np.random.default_rng(1)
    common = rng.normal(100, 20, 400)
    a, b = common + rng.normal(0, 1, 400), common + rng.normal(3, 1, 400)
    difference = m.paired_difference(a, b)
    assert difference.low < -3 < difference.high
    assert difference.half_width < 0.1 * m.mean_estimate(a).half_width
    percent = m.paired_percent(a, b)
    assert percent.low < -3 / 103 < percent.high
    assert m.mean_estimate([4.0, 4.0]).note == "no variation between replications"
    assert math.isnan(m.mean_estimate([4.0]).low)
    assert math.isnan(m.mean_estimate([4.0, math.nan]).value)


def test_paired_ratios_gain_from_common_randomness():
    rng = np.random.default_rng(2)
    demanded = rng.poisson(100, 300)
    short = rng.binomial(demanded, rng.beta(2, 18, 300))
    difference = m.paired_ratio_difference(demanded - short // 2, demanded, demanded - short, demanded)
    assert difference.value == pytest.approx((short - short // 2).sum() / demanded.sum())
    assert difference.low < difference.value < difference.high


def test_formats():
    assert m.format_money(1234567.8, "GBP") == "GBP 1,234,568"
    assert m.format_money(12.5, "EUR") == "EUR 12.50"
    assert m.format_money(math.nan, "EUR") == "–"
    assert m.format_money(-0.001) == "0.00"
    assert m.format_rate(0.953) == "95.3%"
    assert m.format_rate(0.99996) == "99.996%"
    assert m.format_rate(1.0) == "100.0%"
    assert m.format_rate(math.nan) == "–"
    assert m.format_percent(-0.0312) == "-3.1%"
    assert m.format_number(math.nan) == "–"
    estimate = m.Estimate(0.953, 0.951, 0.955)
    assert str(estimate) == "0.953 [0.951, 0.955]"
    assert f"{estimate.scaled(-1000):,.0f}" == "-953 [-955, -951]"
    assert m.format_estimate(m.Estimate(1200.4, 1150, 1250), "holding_cost", "GBP") == (
        "GBP 1,200 [1,150, 1,250]"
    )
    assert m.MEASURES["holding_cost"].heading("GBP") == "Holding cost (GBP per year)"
    assert set(m.MEASURES) >= {"fill_rate", "turns", "stockout_periods", "inventory_value", "ready_rate"}


def frontier_sums(rng, n, shift=0.0):
    """Three plans on n replications: fill 0.8, 0.9, 0.95 at cost 100, 130, 170 (times 1 + shift)."""
    demanded = rng.poisson(1000, n)
    noise = rng.normal(0, 10, n)
    served = np.array([np.floor(demanded * f + noise) for f in (0.80, 0.90, 0.95)])
    cost = np.array([(c - 0.05 * noise) * (1 + shift) for c in (100.0, 130.0, 170.0)])
    return cost, served, demanded


def test_equal_fill_reads_between_neighbours_and_covers_the_truth():
    truth = 0.1 * (130 + 0.5 * 40)
    covered = 0
    for seed in range(300):
        cost, served, demanded = frontier_sums(np.random.default_rng(seed), 60)
        result = m.equal_fill_difference(cost * 1.1, served, cost, served, demanded, 0.925)
        covered += result.difference.low <= truth <= result.difference.high
        assert result.percent.value == pytest.approx(0.1)
    assert covered >= 300 * 0.95 - 4 * math.sqrt(300 * 0.05 * 0.95)


def test_equal_fill_outside_the_range_gives_no_number():
    cost, served, demanded = frontier_sums(np.random.default_rng(0), 40)
    for at in (0.7, 0.99):
        result = m.equal_fill_difference(cost, served, cost[1:], served[1:], demanded, at)
        assert math.isnan(result.difference.value)
        assert "no number" in result.difference.note
    single = m.equal_fill_difference(cost[:1], served[:1], cost, served, demanded, 0.85)
    assert math.isnan(single.difference.value)


def test_a_beaten_plan_does_not_move_the_curve():
    cost, served, demanded = frontier_sums(np.random.default_rng(3), 40)
    worse_cost, worse_served = np.vstack([cost, [cost[1] + 5]]), np.vstack([served, [served[1] - 1]])
    worse_cost, worse_served = worse_cost[[0, 1, 3, 2]], worse_served[[0, 1, 3, 2]]
    for at in (0.88, 0.92):
        with_it = m.equal_fill_difference(worse_cost, worse_served, cost, served, demanded, at)
        assert with_it.difference.value == 0.0


def test_equal_cost_reads_the_fill():
    cost, served, demanded = frontier_sums(np.random.default_rng(4), 80)
    result = m.equal_cost_difference(cost, served, 1.1 * cost, served, demanded, 140.0)
    assert result.difference.value > 0
    assert result.difference.low > 0


def test_jackknife_equals_the_spelled_out_loop():
    """The whole reading, repeated by hand without each replication."""
    cost, served, demanded = frontier_sums(np.random.default_rng(6), 25)
    other = cost * np.linspace(1.0, 1.3, 3)[:, None]
    result = m.equal_fill_difference(other, served, cost, served, demanded, 0.87)

    def reading(rows):
        fill = served[:, rows].sum(axis=1) / demanded[rows].sum()
        a, b = other[:, rows].mean(axis=1), cost[:, rows].mean(axis=1)
        return np.interp(0.87, fill, a) - np.interp(0.87, fill, b)

    left = np.array([reading(np.arange(25) != r) for r in range(25)])
    by_hand = m.jackknife(reading(np.arange(25)), left)
    assert result.difference.value == pytest.approx(by_hand.value)
    assert result.difference.low == pytest.approx(by_hand.low)


def test_a_point_is_compared_at_its_own_fill_and_the_interval_knows_that_it_moves():
    rng = np.random.default_rng(5)
    demanded = rng.integers(900, 1100, 200)
    noise = rng.normal(0, 10, 200)
    served = np.stack([0.8 * demanded + noise, 0.9 * demanded + noise, 0.99 * demanded])
    cost = np.stack([np.full(200, value) for value in (10.0, 20.0, 40.0)])
    point_served = 0.95 * demanded + rng.normal(0, 10, 200)
    point_cost = np.full(200, 30.0)
    found = m.equal_fill_to_point(cost, served, point_cost, point_served, demanded)
    assert found.at == pytest.approx(point_served.sum() / demanded.sum())
    fixed = m.equal_fill_difference(cost, served, point_cost[None], point_served[None], demanded, found.at)
    assert found.difference.value == pytest.approx(fixed.difference.value)
    assert found.difference.half_width > 1.1 * fixed.difference.half_width
    assert found.a == pytest.approx(found.b + found.difference.value)


def test_all_binomial_bounds_at_once_are_those_of_each():
    for n, level in ((1, 0.95), (20, 0.95), (150, 0.975)):
        each = [m.binomial_upper(j, n, level) for j in range(n + 1)]
        assert binomial_uppers(n, level) == pytest.approx(each, abs=1e-11)


def test_a_narrow_interval_is_shown_with_the_digits_that_tell_its_ends_apart():
    narrow = m.Estimate(0.95001, 0.94994, 0.95008)
    assert m.format_estimate(narrow, "fill_rate") == "95.00% [94.99%, 95.01%]"
    assert m.format_estimate(m.Estimate(0.9, 0.88, 0.92), "fill_rate") == "90.0% [88.0%, 92.0%]"
    assert m.format_estimate(m.Estimate(1.0, 1.0, 1.0), "fill_rate") == "100.0% [100.0%, 100.0%]"
