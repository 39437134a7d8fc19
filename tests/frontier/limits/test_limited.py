"""The bound on plans per item under limits of groups: below every plan there is, and near the best."""

import itertools

import numpy as np
import pytest

from simlab.frontier import Limit
from simlab.frontier.bounds.steps import hull_bound, hull_steps
from simlab.frontier.limits.limited import MAX_CHOICES, limited_bound

N, K = 5, 4


@pytest.mark.parametrize("seed", range(40))
def test_no_plan_that_keeps_the_limits_is_cheaper(seed):
    """Against all plans; never below the bound that sees the floor alone."""
    rng = np.random.default_rng(seed)
    cost = np.cumsum(rng.integers(1, 4000, (N, K)), axis=1)
    served = np.cumsum(rng.integers(0, 3000, (N, K)), axis=1)
    group = np.array([1, 1, 0, 0, 0])[:, None]
    need = int(0.7 * served[:, -1].sum())
    limits = (
        Limit("floor", served, at_least=need),
        Limit("group", served * group, at_least=int(0.9 * (served * group)[:, -1].sum())),
        Limit("money", cost * (1 - group), at_most=int(0.9 * (cost * (1 - group))[:, -1].sum())),
    )
    rows = np.arange(N)
    plans = [np.array(plan) for plan in itertools.product(range(K), repeat=N)]
    able = [int(cost[rows, plan].sum()) for plan in plans if all(limit.met(plan) for limit in limits)]
    found = limited_bound(cost, limits)
    if able:
        assert found <= min(able)
        assert (
            found
            >= float(hull_bound(hull_steps(cost, served).sorted(), np.array([need]))[0]) * (1 - 1e-6) - 2
        )


def test_too_many_choices_and_limits_without_a_plan_give_no_number():
    one = np.ones((2, 2), dtype=np.int64)
    assert np.isnan(limited_bound(one, [Limit("never", one, at_least=5)]))
    many = np.ones((MAX_CHOICES + 1, 1), dtype=np.int64)
    assert np.isnan(limited_bound(many, [Limit("floor", many, at_least=1)]))
