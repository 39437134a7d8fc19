"""Bound ≤ optimum ≤ plan, always, when every SKU-location may have its own target."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlab.errors import UsageError
from simlab.frontier import NoPlanError, aggregate, per_item_bound, solve


def items(rng, n, k, top=30):
    cost = np.sort(rng.integers(1, top, (n, k)), axis=1) * rng.integers(1, 4, (n, 1))
    served = np.sort(rng.integers(0, top, (n, k)), axis=1)
    return cost, served


def best_of_all(cost, served, need):
    n, k = cost.shape
    rows = np.arange(n)
    plans = [np.array(plan) for plan in itertools.product(range(k), repeat=n)]
    totals = [(int(cost[rows, plan].sum()), int(served[rows, plan].sum())) for plan in plans]
    return min(c for c, s in totals if s >= need)


@pytest.mark.parametrize("seed", range(25))
def test_bound_optimum_plan_in_this_order(seed):
    rng = np.random.default_rng(seed)
    cost, served = items(rng, 4, 5)
    frontier = per_item_bound(cost, served, demanded=served[:, -1], n_points=int(rng.integers(2, 40)))
    for point in range(frontier.cost.size):
        assert frontier.cost[point] == best_of_all(cost, served, frontier.served[point])
    for need in range(int(frontier.served[0]), int(frontier.served[-1]) + 1, 3):
        plan, best = frontier.serving(need), best_of_all(cost, served, need)
        assert plan.served >= need
        assert plan.bound <= best <= plan.cost
        assert plan.gap >= 0.0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_segments_never_beat_items(seed):
    rng = np.random.default_rng(seed)
    cost, served = items(rng, 20, 6, top=10**6)
    demanded = served[:, -1]
    per_item = per_item_bound(cost, served, demanded=demanded)
    segmented = solve(
        aggregate(
            rng.integers(0, 3, 20),
            3,
            cost=cost,
            value=cost,
            served=served,
            demanded=demanded,
            targets=np.linspace(0.5, 0.9, 6),
            names=("A", "B", "C"),
        )
    )
    for point in range(0, segmented.n_points, 7):
        assert per_item.lower_bound(int(segmented.served[point])) <= segmented.cost[point]


def test_blocks_change_nothing(monkeypatch):
    rng = np.random.default_rng(4)
    cost, served = items(rng, 50, 8, top=10**9)
    whole = per_item_bound(cost, served)
    monkeypatch.setattr("simlab.frontier.bounds.items.BLOCK_ITEMS", 7)
    parts = per_item_bound(cost, served)
    assert whole.multipliers == parts.multipliers
    assert (whole.choice == parts.choice).all()
    assert whole.minimum.tolist() == parts.minimum.tolist()


def test_large_numbers_stay_exact():
    rng = np.random.default_rng(9)
    cost, served = items(rng, 6, 5)
    small = per_item_bound(cost, served)
    large = per_item_bound(cost.astype(object) * 2**66, served)
    need = int(served.sum(axis=0)[3])
    assert large.serving(need).cost == small.serving(need).cost * 2**66
    assert large.serving(need).bound <= large.serving(need).cost


def test_unreachable_floor_and_bad_shapes():
    cost, served = items(np.random.default_rng(1), 5, 4)
    frontier = per_item_bound(cost, served, demanded=served[:, -1] * 2)
    with pytest.raises(NoPlanError, match=r"no per-item plan .* highest reachable is 5"):
        frontier.at(fill_rate=0.9)
    with pytest.raises(UsageError):
        per_item_bound(cost, served[:2])
