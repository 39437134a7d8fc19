"""Free k classes: the least cost of any sorting into k targets, a bound that holds, plans that add up."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlab.errors import UsageError
from simlab.frontier import NoPlanError, aggregate, class_frontiers, free_classes, per_item_bound, solve
from simlab.frontier.classes import assign as classes_assign
from simlab.frontier.classes import free as classes
from simlab.frontier.classes.intervals import interval_sums


def tables(rng, n, k, *, ordered):
    cost, served = rng.integers(0, 60, (n, k)), rng.integers(0, 40, (n, k))
    return (np.sort(cost, axis=1), np.sort(served, axis=1)) if ordered else (cost, served)


def shop(n, k=24, seed=0):
    """Curves as a simulation gives them: integer levels, diminishing returns, a few large items."""
    rng = np.random.default_rng(seed)
    targets = 1 - np.exp(-np.linspace(-np.log(0.5), -np.log(0.001), k))
    mean, value = np.exp(rng.normal(2, 1.5, n)), np.exp(rng.normal(3, 1.5, n))
    demanded = np.round(mean * 10_400).astype(np.int64)
    short = rng.uniform(0.1, 0.9, (n, 1)) * (1 - targets) ** rng.uniform(0.7, 1.4, (n, 1))
    served = np.round(demanded[:, None] * (1 - short)).astype(np.int64)
    level = np.round(mean[:, None] * rng.uniform(0.5, 3, (n, 1)) * -np.log(1 - targets))
    cost = level.astype(np.int64) * np.round(value * 25_000).astype(np.int64)[:, None] * 20_800
    return cost, served, demanded


def by_hand(cost, served, need, k):
    """The cheapest of all sortings that use at most k targets."""
    rows, best = np.arange(cost.shape[0]), None
    for choice in itertools.product(range(cost.shape[1]), repeat=cost.shape[0]):
        if len(set(choice)) <= k and served[rows, choice].sum() >= need:
            total = int(cost[rows, choice].sum())
            best = total if best is None else min(best, total)
    return best


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 5), st.booleans())
def test_small_instances_are_solved_as_by_trying_everything(seed, n, k, ordered):
    rng = np.random.default_rng(seed)
    cost, served = tables(rng, n, k, ordered=ordered)
    need = int(rng.integers(0, served.sum(axis=0).max() + 1))
    for plan in free_classes(cost, served, need, range(1, 4)):
        rows = np.arange(n)
        assert plan.cost == plan.bound == by_hand(cost, served, need, plan.classes)
        assert plan.certificate == "exact"
        assert plan.cost == cost[rows, plan.choice].sum()
        assert plan.served == served[rows, plan.choice].sum() >= need
        assert plan.columns.tolist() == sorted(set(plan.choice.tolist()))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_eight_items_on_six_targets(seed):
    """As above at the largest size that trying everything can do."""
    rng = np.random.default_rng(seed)
    cost, served = tables(rng, 8, 5 + seed % 2, ordered=seed % 3 > 0)
    need = int(0.9 * served.sum(axis=0).max())
    for plan in free_classes(cost, served, need, range(1, 4)):
        assert plan.cost == plan.bound == by_hand(cost, served, need, plan.classes)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(20, 120), st.floats(0.75, 0.97), st.integers(1, 5))
def test_per_item_bound_to_one_class_is_a_chain(seed, n, fill, k):
    """Per-item bound ≤ bound of k classes ≤ free plan ≤ any scheme of k classes ≤ one class."""
    cost, served, demanded = shop(n, k=8, seed=seed % 97)
    codes = np.random.default_rng(seed).integers(0, k, n)
    args = {"cost": cost, "value": cost, "served": served, "demanded": demanded, "targets": np.arange(8)}
    scheme = solve(aggregate(codes, k, names=[str(i) for i in range(k)], **args))
    one = solve(aggregate(np.zeros(n, dtype=np.int64), 1, names=["all"], **args))
    need = scheme.curves.needed(fill)
    if max(served.sum(axis=0)) < need:
        return
    chosen = scheme.at(fill_rate=fill)
    (free,) = free_classes(cost, served, need, [k], known=[chosen.choice[codes]])
    least = per_item_bound(cost, served, demanded=demanded, n_points=20).lower_bound(need)
    assert least * (1 - 1e-8) - 1 <= free.bound
    assert free.bound <= free.cost <= chosen.cost <= one.at(fill_rate=fill).cost
    assert free.gap < 0.05


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10**6))
def test_more_classes_never_cost_more(seed):
    cost, served, _ = shop(40, k=8, seed=seed)
    plans = free_classes(cost, served, int(0.9 * served[:, -1].sum()), range(1, 7))
    assert all(more.cost <= fewer.cost for fewer, more in itertools.pairwise(plans))
    assert all(more.bound <= fewer.bound for fewer, more in itertools.pairwise(plans))
    assert plans[-1].gap < 0.01


def test_a_known_plan_is_never_beaten_by_the_one_returned():
    """Even where the search is cut short: what a scheme found is the least that is returned."""
    cost, served, _ = shop(300, seed=3)
    need = int(0.9 * served[:, -1].sum())
    (best,) = free_classes(cost, served, need, [3])
    (again,) = free_classes(cost, served, need, [3], known=[best.choice])
    (worse,) = free_classes(cost, served, need, [3], known=[np.full(300, 23)])
    (cheap,) = free_classes(cost, served, need, [3], known=[np.zeros(300, dtype=np.int64)])
    assert cheap.served >= need
    assert again.cost <= best.cost
    assert worse.cost == best.cost


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 3))
def test_bounds_hold_where_the_search_is_cut_short(seed, most, tried):
    """However little is looked at: no plan costs less than the bound, and none returned is infeasible."""
    rng = np.random.default_rng(seed)
    cost, served = tables(rng, 5, 5, ordered=bool(seed % 2))
    need = int(0.8 * served.sum(axis=0).max())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classes, "MOST_SETS", most)
        patch.setattr(classes, "MOST_TRIED", tried)
        patch.setattr(classes, "_ROUNDS", 1)
        patch.setattr(classes_assign, "NODES", 0)
        patch.setattr(classes_assign, "CORE_ITEMS", 1)
        plans = free_classes(cost, served, need, [2, 3])
    for plan in plans:
        assert plan.bound <= by_hand(cost, served, need, plan.classes) <= plan.cost
        assert plan.served >= need


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_sums_as_large_as_money_gets_are_exact(seed):
    """Totals beyond 2**53, where floating point no longer knows every integer."""
    rng = np.random.default_rng(seed)
    cost = np.sort(rng.integers(1, 10**17, (5, 4)), axis=1)
    served = np.sort(rng.integers(1, 10**6, (5, 4)), axis=1)
    need = int(0.9 * served[:, -1].sum())
    for plan in free_classes(cost, served, need, [1, 2]):
        best = by_hand(cost, served, need, plan.classes)
        assert plan.bound <= best <= plan.cost
        assert plan.cost - best <= 1e-9 * best
        assert plan.cost == sum(int(x) for x in cost[np.arange(5), plan.choice])


def test_row_order_changes_nothing_that_is_proven():
    cost, served, _ = shop(200, seed=5)
    need = int(0.93 * served[:, -1].sum())
    order = np.random.default_rng(1).permutation(200)
    for one, other in zip(
        free_classes(cost, served, need, [1, 2]),
        free_classes(cost[order], served[order], need, [1, 2]),
        strict=True,
    ):
        assert max(one.bound, other.bound) <= min(one.cost, other.cost)
        assert one.columns.tolist() == other.columns.tolist()


def test_penalties_that_are_not_unimodal_are_bounded_from_below():
    """Two valleys: the neighbour of the best target is not the second best, and the bound knows."""
    cost = np.array([[9, 0, 9, 1, 9]] * 3 + [[0, 9, 9, 9, 9]])
    served = np.zeros_like(cost)
    table = interval_sums(cost.T.astype(float), served.T.astype(float), 1.0)
    assert table.unimodal == 0.25
    (plan,) = free_classes(cost, served, 0, [2])
    assert plan.cost == plan.bound == 0
    (single,) = free_classes(cost, served, 0, [1])
    assert single.cost == single.bound == 9


def test_more_classes_than_targets_is_the_per_item_plan():
    cost, served, demanded = shop(40, k=4, seed=2)
    need = int(0.9 * demanded.sum())
    (plan,) = free_classes(cost, served, need, [9])
    assert plan.classes == 9
    assert plan.cost <= per_item_bound(cost, served, demanded=demanded).at(fill_rate=0.9).cost


@pytest.mark.parametrize("k", [1, 3])
def test_too_much_service_is_refused_with_what_can_be_reached(k):
    cost, served, demanded = shop(30, k=5)
    with pytest.raises(NoPlanError, match=f"{served[:, -1].sum():,} units"):
        free_classes(cost, served, int(demanded.sum()) + 1, [k])


def test_nonsense_is_refused():
    cost, served, _ = shop(5, k=3)
    with pytest.raises(UsageError, match="at least one"):
        free_classes(cost, served, 0, [0])
    with pytest.raises(UsageError, match="one row per item"):
        free_classes(cost, served[:3], 0)


def test_points_along_the_range_are_plans_with_their_bounds():
    """What is judged on other replications: few targets in each plan, sums exact, bounds below."""
    cost, served, _ = shop(150, k=12, seed=8)
    found = class_frontiers(cost, served, [1, 2, 4], n_points=25)
    rows = np.arange(150)
    for k, points in found.items():
        assert points.cost.size > 3
        assert (np.diff(points.cost) > 0).all()
        assert (np.diff(points.served) > 0).all()
        for choice, total, units, bound in zip(
            points.choice, points.cost, points.served, points.bound, strict=True
        ):
            assert np.unique(choice).size <= k
            assert (cost[rows, choice].sum(), served[rows, choice].sum()) == (total, units)
            (best,) = free_classes(cost, served, int(units), [k])
            assert bound <= best.cost <= total


@pytest.mark.bench
def test_six_sizes_on_30_000_items_by_24_targets():
    """Bound and plan for k = 1 … 6 within 30 s, and a gap that nobody would argue about."""
    cost, served, demanded = shop(30_000)
    started = time.perf_counter()
    plans = free_classes(cost, served, int(0.9 * demanded.sum()))
    assert time.perf_counter() - started < 30
    assert max(plan.gap for plan in plans) < 1e-4
