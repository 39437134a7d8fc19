"""How many periods an order must last for: weights that add up and agree where they must."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlab.policies.sums.protection import Protection, crossing, in_sequence, independent

LAWS = st.dictionaries(st.integers(0, 9), st.integers(1, 9), min_size=1, max_size=5)


def weights_of(make, law: dict[int, int], review: int) -> Protection:
    periods = np.array(sorted(law))
    return make(periods, np.array([law[period] for period in sorted(law)], dtype=float), review)


@settings(max_examples=60, deadline=None)
@given(LAWS, st.integers(1, 5))
def test_weights_add_up_and_keep_the_mean_of_a_review_period(law: dict[int, int], review: int) -> None:
    for make in (in_sequence, crossing, independent):
        found = weights_of(make, law, review)
        n = np.arange(found.short.size)
        assert found.short.sum() == pytest.approx(0, abs=1e-12)
        assert (found.short * n).sum() == pytest.approx(review)
        assert found.cycle.sum() == pytest.approx(1)
        assert not found.cycle[:review].any()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 9), st.integers(1, 5))
def test_a_constant_lead_time_cannot_cross(lead: int, review: int) -> None:
    ordered, crossed = (weights_of(make, {lead: 1}, review) for make in (in_sequence, crossing))
    np.testing.assert_allclose(ordered.short, crossed.short, atol=1e-15)
    np.testing.assert_allclose(ordered.cycle, crossed.cycle, atol=1e-15)


@pytest.mark.parametrize("review", [1, 2, 3])
@pytest.mark.parametrize("law", [{0: 4, 1: 3, 2: 2, 3: 1}, {1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1}])
def test_weights_equal_a_plain_simulation_of_arrivals(law: dict[int, int], review: int) -> None:
    """The age of the youngest order arrived, and what a receipt finds, counted on a long path.

    Drawn is what in sequence becomes the law: F(a) = G(a) / G(a + R), by hand.
    """
    rng = np.random.default_rng(5)
    periods = np.array(sorted(law))
    shares = np.array([law[period] for period in sorted(law)]) / sum(law.values())
    until = np.array([shares[periods <= a].sum() for a in range(20)])
    drawn = np.maximum.accumulate(until[:10] / np.maximum(until[review : 10 + review], 1e-9))
    orders = np.arange(0, 120_000, review)
    lead = np.searchsorted(drawn, rng.random(orders.size), side="right")
    arrival = np.maximum.accumulate(orders + lead)
    np.testing.assert_allclose((arrival - orders).mean(), shares @ periods, rtol=0.01)
    youngest = np.searchsorted(arrival, orders[200:-200] + review - 1, side="right") - 1
    age = orders[200:-200] + review - 1 - orders[youngest]
    found = in_sequence(periods, shares, review)
    shares_of_ages = -np.cumsum(found.short)[review - 1 :: review]
    counted = np.bincount(age // review, minlength=shares_of_ages.size) / age.size
    np.testing.assert_allclose(shares_of_ages, counted[: shares_of_ages.size], atol=0.02)
    before = np.searchsorted(arrival, arrival[200:-200] - 1, side="right") - 1
    periods_short = arrival[200:-200] - orders[before]
    counted_cycle = np.bincount(periods_short, minlength=found.cycle.size) / periods_short.size
    np.testing.assert_allclose(found.cycle, counted_cycle[: found.cycle.size], atol=0.02)
