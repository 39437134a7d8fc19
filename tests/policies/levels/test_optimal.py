"""Optimal (s, S): the published table, and every pair of levels tried one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simlab.errors import UsageError
from simlab.policies.levels.optimal import PeriodCosts, optimal_levels
from simlab.policies.sums.protection import Protection, in_sequence

# Poisson mean, s, S, cost: Zheng and Federgruen (1991), table 1 (h = 1, p = 9, K = 64, L = 0).
PUBLISHED = (
    (10, 6, 40, 35.022),
    (15, 10, 49, 42.698),
    (20, 14, 62, 49.173),
    (21, 15, 65, 50.406),
    (25, 19, 56, 54.262),
    (40, 33, 87, 64.512),
    (60, 52, 129, 77.306),
    (65, 56, 75, 78.518),
    (70, 62, 81, 79.037),
)


def constant_lead(lead_time: int, review: int = 1) -> Protection:
    return in_sequence(np.array([lead_time]), np.ones(1), review)


@pytest.mark.parametrize(("mean", "s", "S", "cost"), PUBLISHED)
def test_published_optima(mean: int, s: int, S: int, cost: float) -> None:
    best = optimal_levels(
        stats.poisson.pmf(np.arange(300), mean), constant_lead(0), PeriodCosts(1.0, 9.0, 64.0)
    )
    assert (best.reorder_point, best.order_up_to) == (s, S)
    assert best.cost == pytest.approx(cost, abs=6e-4)


def test_without_a_cost_of_ordering_it_is_the_newsvendor() -> None:
    """K = 0 and L = 4: base stock at the critical ratio of five periods of demand."""
    law = stats.poisson.pmf(np.arange(200), 18)
    best = optimal_levels(law, constant_lead(4), PeriodCosts(0.08, 1.25, 0.0))
    assert best.order_up_to == int(stats.poisson.ppf(1.25 / 1.33, 90)) == 105
    assert best.reorder_point == 104
    assert best.cost == pytest.approx(1.5450188691551778, rel=1e-9)


def period_costs(law: np.ndarray, leads: dict[int, float], R: int, costs: PeriodCosts, y: int) -> float:
    """Cost of the R counts that a position of y lasts for, one lead time for every cycle's order.

    For lead times that cannot overtake: the counts from this order's arrival to the next one's.
    """
    total, powers = 0.0, [np.ones(1)]
    longest = max(leads) + R
    for _ in range(longest):
        powers.append(np.convolve(powers[-1], law))
    for own, p_own in leads.items():
        for later, p_later in leads.items():
            for n in range(own + 1, later + R + 1):
                net = y - np.arange(powers[n].size)
                loss = np.where(net > 0, costs.holding * net, -costs.shortage * net)
                total += p_own * p_later * float(powers[n] @ loss)
    return total


def cost_of(law: np.ndarray, leads: dict[int, float], R: int, costs: PeriodCosts, s: int, S: int) -> float:
    """Mean cost per period of one pair of levels from the chain of positions after review."""
    drop = np.ones(1)
    for _ in range(R):
        drop = np.convolve(drop, law)
    n = S - s
    chain = np.zeros((n, n))
    for state in range(n):
        for units, share in enumerate(drop):
            after = state + units
            chain[state, after if after < n else 0] += share
    orders = np.array([drop[n - state :].sum() if n - state < drop.size else 0.0 for state in range(n)])
    system = np.vstack([chain.T - np.eye(n), np.ones(n)])
    share = np.linalg.lstsq(system, np.append(np.zeros(n), 1.0), rcond=None)[0]
    losses = [period_costs(law, leads, R, costs, S - state) for state in range(n)]
    return float(share @ (np.array(losses) + costs.ordering * orders)) / R


@pytest.mark.parametrize(
    ("law", "leads", "R", "costs"),
    [
        ([0.5, 0.3, 0.15, 0.05], {0: 1.0}, 1, PeriodCosts(1.0, 5.0, 4.0)),
        ([0.5, 0.3, 0.15, 0.05], {2: 1.0}, 1, PeriodCosts(1.0, 5.0, 4.0)),
        ([0.7, 0.0, 0.0, 0.3], {1: 1.0}, 2, PeriodCosts(0.5, 4.0, 3.0)),
        ([0.2, 0.5, 0.3], {1: 0.25, 2: 0.75}, 2, PeriodCosts(1.0, 3.0, 2.0)),
        ([0.0, 1.0], {0: 1.0}, 1, PeriodCosts(1.0, 1.0, 0.0)),
    ],
)
def test_no_other_levels_cost_less(
    law: list[float], leads: dict[int, float], R: int, costs: PeriodCosts
) -> None:
    """Every s and S of a wide range, by another way of computing the cost."""
    demand = np.array(law)
    protection = in_sequence(np.array(list(leads)), np.array(list(leads.values())), R)
    best = optimal_levels(demand, protection, costs)
    tried = {
        (s, S): cost_of(demand, leads, R, costs, s, S)
        for s in range(best.reorder_point - 3, best.reorder_point + 4)
        for S in range(max(s + 1, best.order_up_to - 3), best.order_up_to + 4)
    }
    assert best.cost == pytest.approx(tried[best.reorder_point, best.order_up_to], rel=1e-10)
    assert best.cost <= min(tried.values()) + 1e-10


def test_of_equal_optima_the_first_met_counts() -> None:
    """One unit a period, K = 1, h = p = 1: S = 1 and S = 2 cost the same, the smaller S is found first."""
    best = optimal_levels(np.array([0.0, 1.0]), constant_lead(0), PeriodCosts(1.0, 1.0, 1.0))
    assert best.cost == pytest.approx(1.0)
    assert best.order_up_to == 1


@pytest.mark.parametrize("law", [[1.0], [0.5, 0.4], [1.2, -0.2], []])
def test_laws_that_are_none_are_refused(law: list[float]) -> None:
    with pytest.raises(UsageError, match="sum to 1"):
        optimal_levels(np.array(law), constant_lead(0), PeriodCosts(1.0, 9.0, 64.0))


@pytest.mark.parametrize("costs", [(0.0, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, -1.0), (1.0, np.nan, 1.0)])
def test_costs_that_make_no_sense_are_refused(costs: tuple[float, float, float]) -> None:
    with pytest.raises(UsageError, match="must be > 0"):
        PeriodCosts(*costs)
