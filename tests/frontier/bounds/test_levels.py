"""The gap of a segmented plan: segment, grid, planning formula, against every plan there is."""

import itertools

import numpy as np
import pytest

from simlab.frontier.bounds.levels import level_hull, split_gap
from simlab.frontier.bounds.steps import hull_bound

N, LEVELS = 3, 9


def instance(rng):
    """Sums of each item at levels 0 … 8, the levels of its grid, and units that must be served."""
    cost = np.cumsum(rng.integers(1, 30, (N, LEVELS)), axis=1)
    served = np.cumsum(rng.integers(0, 12, (N, LEVELS)), axis=1)
    grid = np.sort(np.array([rng.choice(np.arange(1, 8), 3, replace=False) for _ in range(N)]), axis=1)
    return cost, served, grid


def cheapest(cost, served, sets, need):
    """Least cost of all plans with a level per item out of its set; None where none serves enough."""
    found = [
        sum(int(cost[i, level]) for i, level in enumerate(plan))
        for plan in itertools.product(*sets)
        if sum(int(served[i, level]) for i, level in enumerate(plan)) >= need
    ]
    return min(found, default=None)


def bound(cost, served, sets, need):
    start = np.cumsum([0, *(len(one) for one in sets)])
    costs = np.concatenate([cost[i, one] for i, one in enumerate(sets)])
    units = np.concatenate([served[i, one] for i, one in enumerate(sets)])
    return float(hull_bound(level_hull(start, costs, units).sorted(), np.array([need], dtype=object))[0])


@pytest.mark.parametrize("seed", range(60))
def test_each_part_is_what_all_plans_show_it_to_be(seed):
    """Bounds lie below the best of all plans of their sets, parts are never negative and add up."""
    cost, served, grid = instance(np.random.default_rng(seed))
    column = seed % 3
    rows = np.arange(N)
    plan_cost, need = int(cost[rows, grid[:, column]].sum()), int(served[rows, grid[:, column]].sum())
    between = [np.arange(one[0], one[-1] + 1) for one in grid]
    every = [np.arange(LEVELS)] * N
    best = [cheapest(cost, served, sets, need) for sets in (grid, between, every)]
    bounds = [bound(cost, served, sets, need) for sets in (grid, between, every)]
    assert all(low <= least for low, least in zip(bounds, best, strict=True))
    split = split_gap(plan_cost, best[0], *bounds)
    parts = (split.segment, split.grid, split.formula, split.open)
    assert min(parts) >= 0
    assert sum(parts) == pytest.approx(plan_cost - min(bounds))
    assert split.segment == plan_cost - best[0]
    assert best[2] <= best[1] <= best[0] <= plan_cost


def test_a_coarse_bound_never_makes_a_part_negative():
    """The bound over the grid may be looser than that over levels; then the part is nothing, not less."""
    split = split_gap(100, 110, 90.0, 92.0, 95.0)
    assert (split.segment, split.grid, split.formula, split.open) == (0, 0, 0, 10)
