"""Intervals of exact cases: symmetric, honest where nothing varied."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simlab.selfcheck.intervals import Interval, asymptotic_variance, constant, ratio


def test_distance_in_standard_errors() -> None:
    interval = Interval(1.0, 0.196)
    assert interval.z(0.9) == pytest.approx(1.0, rel=1e-3)
    assert interval.z(1.1) == pytest.approx(-1.0, rel=1e-3)


def test_computed_values_are_equal_or_infinitely_far() -> None:
    assert constant(50.406).z(50.406 + 1e-9) == 0.0
    assert constant(50.406).z(50.41) == -math.inf


def test_a_ratio_of_sums_with_students_t() -> None:
    """Four batches by hand: residuals 1, -1, 1, -1 over a total of 40."""
    found = ratio(np.array([6.0, 4.0, 6.0, 4.0]), np.full(4, 10.0), 100)
    assert found is not None
    assert found.est == 0.5
    assert found.half_width == pytest.approx(3.182446 * math.sqrt(4 / 3 * 4) / 40, rel=1e-6)


def test_nothing_seen_is_not_certainty() -> None:
    """No shortage in 10,000 stretches: at most 3 in 10,000 at 95 %."""
    found = ratio(np.full(64, 500.0), np.full(64, 500.0), 10_000)
    assert found is not None
    assert found.half_width == pytest.approx(3.0 / 10_000, rel=0.01)


def test_nothing_demanded_has_no_ratio() -> None:
    assert ratio(np.zeros(8), np.zeros(8), 10) is None


def test_asymptotic_variance_of_independent_periods() -> None:
    """Periods without memory: the variance of one period, whatever the batch length."""
    rng = np.random.default_rng(5)
    draws = rng.normal(3.0, 2.0, (4_000, 50)).sum(axis=1)
    found = asymptotic_variance(draws, np.full(4_000, 50.0), 50)
    assert abs(found.est - 4.0) < 2 * found.half_width
    assert found.half_width == pytest.approx(4.0 * 1.96 * math.sqrt(2 / 4_000), rel=0.1)


@pytest.mark.parametrize("expected", [2.0, 5.0, 12.0])
def test_rare_events_do_not_raise_false_alarms(expected: float) -> None:
    """A few events in all batches together: 4 standard errors hold 999 times in 1,000."""
    rng = np.random.default_rng(11)
    periods = np.full(512, 1_000.0)
    far = 0
    for _ in range(2_000):
        events = rng.poisson(expected / periods.size, periods.size)
        found = ratio(periods - events, periods, periods.sum() / 5)
        assert found is not None
        far += abs(found.z(1.0 - expected / periods.sum())) > 4
    assert far <= 6
