"""Items sorted into given targets: the plan is feasible and exact in its sums, the bound is one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlab.frontier.classes import assign as classes_assign
from simlab.frontier.classes.assign import assign_items


def by_hand(cost, served, need):
    rows = np.arange(cost.shape[0])
    totals = (
        int(cost[rows, choice].sum())
        for choice in itertools.product(range(cost.shape[1]), repeat=rows.size)
        if served[rows, choice].sum() >= need
    )
    return min(totals, default=None)


@pytest.mark.parametrize(("nodes", "core"), [(60, 24), (0, 1), (0, 2), (3, 1), (60, 1)])
@settings(max_examples=120, deadline=None)
@given(st.integers(0, 10**6))
def test_bound_and_plan_enclose_the_best(nodes, core, seed):
    """With all the work allowed the plan is the best; with little, the bound still holds."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(1, 7)), int(rng.integers(1, 4))
    cost, served = rng.integers(0, 60, (n, k)), rng.integers(0, 40, (n, k))
    if seed % 2:
        cost, served = np.sort(cost, axis=1), np.sort(served, axis=1)
    need = int(rng.integers(0, served.max(axis=1).sum() + 2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classes_assign, "NODES", nodes)
        patch.setattr(classes_assign, "CORE_ITEMS", core)
        found = assign_items(cost, served, np.arange(k), need)
    best = by_hand(cost, served, need)
    if best is None:
        assert found is None
        return
    rows = np.arange(n)
    assert found.bound <= best <= found.cost
    assert (found.cost, found.served) == (
        cost[rows, found.choice].sum(),
        served[rows, found.choice].sum(),
    )
    assert found.served >= need
    assert core < n or found.bound == found.cost


def test_only_the_columns_given_are_used():
    cost = np.array([[1, 5, 9], [1, 5, 9]])
    served = np.array([[0, 5, 9], [0, 5, 9]])
    found = assign_items(cost, served, np.array([0, 2]), 9)
    assert sorted(found.choice.tolist()) == [0, 2]
    assert (found.cost, found.bound) == (10, 10)
