"""Chance constraints, other measures of service and every integer level, against trying everything."""

import itertools

import numpy as np
import pytest
from worlds import frontier as cases

from simlab.errors import UsageError
from simlab.frontier import NoPlanError, Problem, SegmentCurves, per_item_bound
from simlab.frontier.bounds.levels import level_hull, split_gap
from simlab.frontier.bounds.steps import Stairs, hull_bound, hull_steps
from simlab.frontier.limits.chance import Chance, _switched, ceiling_chance, service_chance, solve_chance
from simlab.frontier.limits.program import Limit, Program
from simlab.frontier.service import integer_weights, ratio_points, weighted
from simlab.frontier.solvers.model import Answer
from simlab.frontier.solvers.session import ScipySolver


def noisy(seed, n=3, k=4, r=20):
    rng = np.random.default_rng(seed)
    demanded = rng.integers(50, 100, (n, r))
    share = np.sort(rng.uniform(0.5, 1.0, (n, k, r)), axis=1)
    served = np.floor(share * demanded[:, None, :]).astype(np.int64)
    cost = np.sort(rng.integers(1, 200, (n, k)), axis=1)
    names = tuple("ABCDEF"[:n])
    curves = SegmentCurves(
        cost, cost, served.sum(axis=2), demanded.sum(axis=1), np.linspace(0.5, 0.9, k), names
    )
    return curves, served, demanded


def best_with_chance(curves, served, demanded, level, probability):
    best = None
    for choice, (cost, _, _) in cases.every_plan(curves):
        got = served[np.arange(len(choice)), list(choice)].sum(axis=0)
        share = (got >= level * demanded.sum(axis=0)).mean()
        if share >= probability - 1e-12 and (best is None or cost < best):
            best = cost
    return best


@pytest.mark.usefixtures("solver")
@pytest.mark.parametrize("seed", range(15))
def test_chance_plans_equal_brute_force(seed):
    rng = np.random.default_rng(1000 + seed)
    curves, served, demanded = noisy(seed)
    level, probability = float(rng.choice([0.7, 0.75, 0.8, 0.85])), float(rng.choice([0.5, 0.9, 1.0]))
    chance = service_chance(served, demanded, level, probability)
    best = best_with_chance(curves, served, demanded, level, probability)
    if best is None:
        with pytest.raises(NoPlanError, match=r"in .* of replications"):
            solve_chance(curves, (chance,))
        return
    found = solve_chance(curves, (chance,))
    assert found.plan.cost == best
    assert found.kept[0] >= chance.wanted
    assert found.plan.certificate == "solver"
    assert found.plan.bound <= best


@pytest.mark.parametrize("seed", range(10))
def test_a_search_stopped_early_still_has_a_bound(seed, monkeypatch):
    """No plan is cheaper than what is stated, even where the solver found neither plan nor bound."""
    curves, served, demanded = noisy(seed, n=4, r=40)
    chance = service_chance(served, demanded, 0.75, 0.9)
    best = best_with_chance(curves, served, demanded, 0.75, 0.9)
    nothing = Answer("bounded", None, -np.inf)
    monkeypatch.setattr(ScipySolver, "_whole", lambda *_: nothing)
    monkeypatch.setattr("simlab.frontier.solvers.session.has_highspy", lambda: False)
    plan = solve_chance(curves, (chance,)).plan
    assert plan.certificate == "bound"
    assert int(curves.cost.min(axis=1).sum()) < plan.bound <= best <= plan.cost


@pytest.mark.parametrize("seed", range(30))
def test_strengthened_rows_hold_in_every_plan_that_meets_the_limit(seed):
    """What each replication adds up to in any case: in all plans that meet the limit, by trying them."""
    curves, served, demanded = noisy(seed, r=30)
    chance = service_chance(served, demanded, 0.75, 0.8)
    matrix, _, always = _switched(chance, 0, 30)
    above = matrix[:, : curves.cost.size].toarray().reshape(30, *curves.cost.shape)
    met = [np.array(c) for c, _ in cases.every_plan(curves) if chance.met(np.array(c))]
    assert met
    for choice in met:
        assert (above[:, np.arange(choice.size), choice].sum(axis=1) >= always).all()
    assert (always > 0).any()


@pytest.mark.usefixtures("solver")
@pytest.mark.parametrize("seed", range(10))
def test_a_chance_missed_by_one_unit_in_billions_is_missed(seed):
    """Inside the solver's tolerance: only counting in integers tells the plans apart."""
    rng = np.random.default_rng(seed)
    amount = np.sort(rng.integers(10**13, 10**14, (3, 4, 5)), axis=1)
    cost = np.sort(rng.integers(1, 1000, (3, 4)), axis=1)
    curves = SegmentCurves(cost, cost, cost, cost[:, -1], np.linspace(0.5, 0.9, 4), ("A", "B", "C"))
    wanted = amount[np.arange(3), rng.integers(1, 3, 3)].sum(axis=0)
    surplus = amount.copy()
    surplus[0] -= wanted + 1
    chance = Chance("hair", surplus, 0.6)
    plans = ((choice, t[0]) for choice, t in cases.every_plan(curves))
    best = min(c for choice, c in plans if chance.met(np.array(choice)))
    found = solve_chance(curves, (chance,))
    assert found.plan.cost == best
    assert chance.met(found.plan.choice)


def test_chance_with_limits_and_without_time():
    curves, served, demanded = noisy(3)
    chance = service_chance(served, demanded, 0.7, 0.6)
    allowed = np.ones(curves.cost.shape, dtype=bool)
    allowed[0, :2] = False
    found = solve_chance(curves, (chance,), Program(curves.cost, allowed=allowed))
    assert found.plan.choice[0] >= 2
    hurried = solve_chance(curves, (chance,), time_limit=0.0)
    assert hurried.plan.certificate == "bound"
    assert hurried.plan.bound == -np.inf or hurried.plan.bound <= hurried.plan.cost
    fresh = service_chance(served[:, :, ::-1], demanded[:, ::-1], 0.7, 0.6)
    violation = fresh.violation(found.plan.choice)
    assert violation.low <= violation.value <= violation.high
    assert violation.value <= 0.4


def test_wrong_chances_are_refused():
    _, served, demanded = noisy(1)
    with pytest.raises(UsageError, match="probability"):
        service_chance(served, demanded, 0.9, 1.5)
    with pytest.raises(UsageError, match="shape"):
        service_chance(served, demanded[:, :3], 0.9, 0.5)
    with pytest.raises(UsageError, match="too many"):
        service_chance(served * 2**50, demanded, 0.9999999, 0.5)
    with pytest.raises(UsageError, match="too large"):
        ceiling_chance(served, 2**62, 0.5)
    assert Chance("any", served - 10**6, 0.5).kept(np.zeros((1, 3), int)).tolist() == [0]


@pytest.mark.parametrize("seed", range(8))
def test_a_quantile_of_the_total_is_not_the_sum_of_quantiles(seed):
    """P90 of stock value over all weeks, together with a fill floor, against trying everything."""
    curves, served, _ = noisy(seed)
    amount = np.random.default_rng(seed).integers(10, 50, served.shape) * np.arange(1, 5)[None, :, None]
    totals = {
        choice: amount[np.arange(3), list(choice)].sum(axis=0) for choice, _ in cases.every_plan(curves)
    }
    ceiling = int(np.median([np.quantile(total, 0.9) for total in totals.values()]))
    need = int(np.median(curves.served.sum(axis=0)))
    floor = Limit("units", curves.served, at_least=need)
    best = min(
        (
            cost
            for choice, (cost, _, got) in cases.every_plan(curves)
            if got >= need and (totals[choice] <= ceiling).mean() >= 0.9
        ),
        default=None,
    )
    chance = ceiling_chance(amount, ceiling, 0.9)
    program = Program(curves.cost, (floor,))
    if best is None:
        with pytest.raises(NoPlanError, match="inventory value"):
            solve_chance(curves, (chance,), program)
    else:
        assert solve_chance(curves, (chance,), program).plan.cost == best


@pytest.mark.parametrize("seed", range(10))
def test_cycle_service_is_solved_level_by_level(seed):
    rng = np.random.default_rng(seed)
    curves = cases.instance(rng, 3, 4)
    whole = rng.integers(5, 20, (3, 4))
    part = np.minimum(np.sort(rng.integers(0, 20, (3, 4)), axis=1), whole)
    plans = list(cases.every_plan(curves))
    rows = np.arange(3)
    ratio = [part[rows, list(choice)].sum() / whole[rows, list(choice)].sum() for choice, _ in plans]
    levels = [0.3, 0.5, 0.7, 0.9]
    reachable = [level for level in levels if max(ratio) >= level]
    if not reachable:
        with pytest.raises(NoPlanError, match="ready rate"):
            ratio_points(Problem(curves), part, whole, levels, what="ready rate")
        return
    found = ratio_points(Problem(curves), part, whole, levels, what="cycle service level")
    assert [level for level, _ in found] == reachable
    for level, plan in found:
        best = min(t[0] for (_, t), r in zip(plans, ratio, strict=True) if r >= level)
        assert plan.cost == best


def test_weights_are_whole_numbers_and_exact():
    weights = integer_weights([0.0001, 12.5, 3.33333], 0.0001, "margin")
    assert weights.tolist() == [1, 125000, 33333]
    sums = np.array([[2**50, 1], [3, 4], [5, 6]])
    assert weighted(sums, weights).tolist() == [[2**50, 1], [375000, 500000], [166665, 199998]]
    big = weighted(sums, weights * 2**20)
    assert big.dtype == object
    assert big[0, 0] == 2**70
    with pytest.raises(UsageError, match="margin is negative for 1 item:"):
        integer_weights([1.0, -2.0], 0.01, "margin")
    with pytest.raises(UsageError, match="missing for 2 items"):
        integer_weights([np.nan, np.nan], 0.01, "price")


@pytest.mark.parametrize("seed", range(20))
def test_every_level_bounds_the_grid(seed):
    """The hull over all levels is that of the dense routine and undercuts every plan."""
    rng = np.random.default_rng(seed)
    n, k = 4, 6
    cost = np.cumsum(rng.integers(0, 9, (n, k)), axis=1)
    served = np.cumsum(rng.integers(0, 9, (n, k)), axis=1)
    start = np.arange(n + 1) * k
    ragged, dense = level_hull(start, cost.ravel(), served.ravel()), hull_steps(cost, served)
    assert (ragged.base_cost, ragged.base_served) == (dense.base_cost, dense.base_served)
    totals = [
        (int(cost[np.arange(n), plan].sum()), int(served[np.arange(n), plan].sum()))
        for plan in itertools.product(range(k), repeat=n)
    ]
    needs = np.arange(ragged.base_served, served.max(axis=1).sum() + 1)
    bounds = hull_bound(ragged.sorted(), needs)
    same = hull_bound(dense.sorted(), needs)
    for need, bound, other in zip(needs, bounds, same, strict=True):
        best = min(c for c, s in totals if s >= need)
        assert bound <= best
        assert abs(bound - other) <= 1
    grid = per_item_bound(cost[:, ::2], served[:, ::2])
    if grid.served[-1] >= needs[-1] - 3:
        assert bounds[-4] <= grid.serving(int(needs[-4])).cost


def test_levels_may_be_ragged_unordered_and_in_blocks():
    start = np.array([0, 3, 4, 8])
    cost = np.array([5, 1, 9, 7, 4, 0, 8, 2])
    served = np.array([6, 2, 7, 3, 5, 0, 6, 4])
    whole = level_hull(start, cost, served)
    parts = Stairs.of([level_hull(start[:3], cost[:4], served[:4]), level_hull([0, 4], cost[4:], served[4:])])
    assert whole.start.tolist() == [1, 0, 1]
    assert parts.start.tolist() == whole.start.tolist()
    flights = [parts.flight(number).cost.tolist() for number in range(parts.ends[0].size)]
    assert list(itertools.chain(*flights)) == whole.sorted().cost.tolist()
    with pytest.raises(UsageError):
        level_hull([0, 3, 3, 8], cost, served)


def test_the_gap_is_split_without_a_rest():
    split = split_gap(120, 105, 104.0, 102.0, 101.0)
    assert (split.segment, split.open, split.grid, split.formula) == (15, 1, 2, 1)
