"""Exchange rates, moves, noise and robust plans mean what their names say."""

import itertools
import math

import numpy as np
import pytest
from worlds import frontier as cases

from simlab.errors import UsageError
from simlab.frontier import NoPlanError, SegmentCurves, solve
from simlab.frontier.bounds.noise import cheapest_meeting, simultaneous_band, statistical_gap, tie_groups
from simlab.frontier.exchange import (
    budget_sweep,
    exchange_rates,
    knee,
    next_moves,
    release,
    release_moves,
    share_by_segment,
    slope_estimate,
)
from simlab.frontier.limits.program import Limit
from simlab.frontier.problem import Problem
from simlab.frontier.robust import least_regret, regret_table
from simlab.frontier.thin import thin


def smooth(seed=0, n=4, k=10):
    """Diminishing returns in every segment, unequal holding rates."""
    rng = np.random.default_rng(seed)
    targets = np.linspace(0.6, 0.99, k)
    demanded = rng.integers(10**4, 10**6, n)
    served = np.floor(demanded[:, None] * targets).astype(np.int64)
    stock = np.floor(-np.log(1 - targets) * rng.integers(10**5, 10**7, (n, 1))).astype(np.int64)
    rate = rng.integers(15, 35, (n, 1))
    return SegmentCurves(stock * rate, stock * 100, served, demanded, targets, tuple("ABCDEFGH"[:n]))


def test_slopes_join_the_ends_and_follow_the_hull():
    thinned = thin(solve(smooth()), 60).frontier
    rates = exchange_rates(thinned)
    points = 100 * np.diff(rates.fill_rate, axis=1)[:, 0]
    assert (rates.cost_per_point * points).sum() == pytest.approx(
        thinned.cost_money[-1] - thinned.cost_money[0]
    )
    assert (rates.value_per_point * points).sum() == pytest.approx(
        thinned.value_money[-1] - thinned.value_money[0]
    )
    assert (np.diff(rates.hull_per_point) >= 0).all()
    assert np.median(np.abs(np.log(rates.cost_per_point / rates.hull_per_point))) < 0.5


def test_the_knee_lies_farthest_from_the_chord():
    frontier = solve(smooth(2))
    at = knee(frontier)
    cost, served = frontier.cost.astype(float), frontier.served.astype(float)
    chord = cost[0] + (served - served[0]) / (served[-1] - served[0]) * (cost[-1] - cost[0])
    assert (chord - cost)[at] == pytest.approx((chord - cost).max())
    assert knee(solve(smooth(2, n=1, k=2))) == 0


def test_moves_are_ranked_by_what_money_buys():
    frontier = solve(smooth(1))
    plan = frontier.at(fill_rate=0.9)
    up, down = next_moves(plan), release_moves(plan)
    assert [move.per_value for move in up] == sorted((move.per_value for move in up), reverse=True)
    assert [move.per_value for move in down] == sorted(move.per_value for move in down)
    for move in up:
        row = plan.curves.names.index(move.segment)
        to = int(np.flatnonzero(plan.curves.targets == move.to_target)[0])
        assert move.value == plan.curves.value[row, to] - plan.curves.value[row, plan.choice[row]]
        assert move.fill > 0
    top = solve(smooth(1)).plan(frontier.n_points - 1)
    assert next_moves(top) == ()
    assert share_by_segment(plan).sum() == pytest.approx(plan.value_money)


@pytest.mark.parametrize("seed", range(4))
def test_each_segment_moves_where_a_unit_of_money_buys_most_or_costs_least(seed):
    """Of all its targets, some of which cost no money or give no service."""
    curves = cases.instance(np.random.default_rng(seed), 4, 6, monotone=seed > 1)
    frontier = solve(curves)
    plan = frontier.plan(frontier.n_points // 2)
    moves = (next_moves(plan), release_moves(plan))
    assert all(moves)
    for upward, found in zip((True, False), moves, strict=True):
        said = {move.segment: move for move in found}
        for row, name in enumerate(curves.names):
            now = int(plan.choice[row])
            value = (curves.value[row] - curves.value[row, now]).tolist()
            served = (curves.served[row] - curves.served[row, now]).tolist()
            able = [k for k, more in enumerate(value) if (more > 0 < served[k] if upward else more < 0)]
            assert (name in said) == bool(able)
            if able:
                ratios = [served[k] / value[k] for k in able]
                best = (max if upward else min)(ratios)
                to = able[ratios.index(best)]
                move = said[name]
                assert (move.to_target, move.value) == (curves.targets[to], value[to])
                assert move.per_value * curves.total_demanded == pytest.approx(best)


def test_releasing_money_costs_least_service():
    frontier = solve(smooth(3))
    plan = frontier.at(fill_rate=0.95)
    amount = plan.value // 10
    result = release(frontier, plan, amount)
    assert result.after.value <= plan.value - amount
    change = sum(move.value for move in result.by_segment)
    assert change == pytest.approx(result.after.value_money - plan.value_money)
    best = max(
        served for _, (_, value, served) in cases.every_plan(plan.curves) if value <= plan.value - amount
    )
    assert result.after.served == best
    with pytest.raises(UsageError, match="cannot be released"):
        release(frontier, plan, plan.value + 1)


def test_a_larger_budget_never_serves_less():
    plans = budget_sweep(solve(smooth(4)), 12)
    assert len(plans) == 12
    assert (np.diff([plan.served for plan in plans]) >= 0).all()


def test_the_largest_budget_of_a_sweep_buys_all_that_can_be_served_and_the_smallest_the_least():
    frontier = solve(smooth(5))
    plans = budget_sweep(frontier, 7)
    assert plans[-1].served == frontier.served[-1]
    assert plans[0].value == frontier.curves.value.min(axis=1).sum()
    steps = np.diff([plan.value for plan in plans])
    assert steps.min() > 0.5 * steps.max()


def test_the_interval_of_a_slope_covers_it():
    covered = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        demanded = rng.poisson(10_000, 50)
        low = demanded * 0.90 + rng.normal(0, 30, 50)
        high = low + demanded * 0.02 + rng.normal(0, 5, 50)
        slope = slope_estimate((1000 + 0 * low, 1100 + rng.normal(0, 2, 50)), (low, high), demanded)
        covered += slope.low <= 50 <= slope.high
    assert covered >= 200 * 0.95 - 4 * math.sqrt(200 * 0.95 * 0.05)


def test_the_band_holds_for_all_points_at_once():
    inside, trials = 0, 40
    for seed in range(trials):
        rng = np.random.default_rng(seed)
        demanded = rng.poisson(200, 200)
        common = rng.normal(0, 3, 200)
        served = np.linspace(0.8, 0.95, 12)[:, None] * demanded + common + rng.normal(0, 3, (12, 200))
        band = simultaneous_band(served, demanded, seed=seed, draws=250)
        truth = np.linspace(0.8, 0.95, 12)
        inside += bool(((band.low <= truth) & (truth <= band.high)).all())
        assert band.factor > 1.9
    assert inside >= trials * 0.95 - 4 * math.sqrt(trials * 0.95 * 0.05)
    assert "only 200" not in band.note
    assert "advised" in simultaneous_band(served[:, :50], demanded[:50]).note


def test_tie_groups_separate_what_noise_can_separate():
    rng = np.random.default_rng(1)
    demanded = rng.poisson(1000, 200)
    level = np.repeat([0.8, 0.9, 0.95], 3)[:, None]
    served = level * demanded + rng.normal(0, 5, (9, 200))
    assert tie_groups(served, demanded).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert tie_groups(np.vstack([demanded, demanded]), demanded).tolist() == [0, 0]


def test_the_limit_of_a_statistical_gap_has_one_side():
    """Two targets, three batches: gaps 1, 2, 6; mean 3, deviation √7, t of 2 degrees at 0.90 is 1.8856."""
    cost = np.array([[[5.0, 5.0, 5.0], [4.0, 3.0, -1.0]]])
    gap = statistical_gap(cost, 0 * cost, np.array([0]), 1.0, level=0.9)
    assert gap.value == pytest.approx(3.0)
    assert gap.high == pytest.approx(3.0 + 1.885618 * math.sqrt(7.0 / 3.0))


def test_statistical_gap_bounds_the_true_distance():
    """Plans chosen by noise: the upper limit covers their true distance from the optimum."""
    rng = np.random.default_rng(5)
    base = rng.uniform(10, 20, (3, 6))
    covered = 0
    for _ in range(200):
        choice = rng.integers(0, 6, 3)
        cost = base[:, :, None] + rng.normal(0, 1, (3, 6, 20))
        truth = base[np.arange(3), choice].sum() - base.min(axis=1).sum()
        gap = statistical_gap(cost, 0 * cost, choice, 1.0)
        covered += truth <= gap.high
        assert gap.low == 0.0
    assert covered >= 200 * 0.95 - 4 * math.sqrt(200 * 0.95 * 0.05)
    with pytest.raises(UsageError):
        statistical_gap(cost[:, :, :1], cost[:, :, :1], choice, 1.0)


def scenarios(seed):
    rng = np.random.default_rng(seed)
    result = {}
    for name in ("base", "late", "surge"):
        curves = cases.instance(rng, 3, 5)
        result[name] = curves
    return result


@pytest.mark.parametrize("seed", range(20))
def test_least_regret_equals_brute_force(seed):
    worlds = scenarios(seed)
    fill = 0.8
    plans = list(itertools.product(range(5), repeat=3))
    totals = {name: [c.totals(np.array(plan)) for plan in plans] for name, c in worlds.items()}
    meets = {
        name: [served >= worlds[name].needed(fill) for *_, served in sums] for name, sums in totals.items()
    }
    good = [i for i in range(len(plans)) if all(meets[name][i] for name in worlds)]
    if not good:
        with pytest.raises(NoPlanError):
            least_regret(worlds, fill)
        return
    best = {n: min(t[0] for t, ok in zip(totals[n], meets[n], strict=True) if ok) for n in worlds}
    expected = min(max(totals[n][i][0] - best[n] for n in worlds) for i in good)
    robust = least_regret(worlds, fill)
    assert robust.regret.max() == expected
    assert robust.gap == 0.0
    assert robust.price == robust.regret[0] >= 0
    table = regret_table(worlds, {"robust": robust.plan.choice}, fill)
    assert [table["robust"][name][0] for name in worlds] == robust.regret.tolist()


def test_a_scenario_out_of_reach_is_named():
    worlds = scenarios(1)
    with pytest.raises(NoPlanError, match=r"scenario '.*' cannot reach fill rate|in all scenarios"):
        least_regret(worlds, 1.0)


def test_the_cheapest_plan_that_surely_meets_the_target():
    rng = np.random.default_rng(3)
    demanded = rng.poisson(1000, 100)
    served = np.array([rng.binomial(demanded, p) for p in (0.90, 0.9495, 0.955, 0.99)])
    assert cheapest_meeting(served, demanded, 0.95) == 2
    assert cheapest_meeting(served, demanded, 0.999) is None


def test_least_regret_of_many_segments_and_limits_ends_in_time_and_says_what_is_open():
    """One program instead of halvings: a study of usual size under floors in every scenario is solved."""
    names = ("base", "late", "surge", "outage", "dear")
    worlds = {name: cases.instance(np.random.default_rng(at), 9, 24) for at, name in enumerate(names)}
    problems = {}
    for name, curves in worlds.items():
        part = curves.served[:4]
        floor = Limit(
            "first four", np.vstack([part, 0 * curves.served[4:]]), at_least=int(0.8 * part[:, -1].sum())
        )
        problems[name] = Problem(curves, limits=(floor,))
    robust = least_regret(problems, 0.9, time_limit=40.0)
    assert robust.gap == 0.0
    assert not any(one.program().broken(robust.plan.choice) for one in problems.values())
    hurried = least_regret(problems, 0.9, time_limit=0.0)
    assert hurried.regret.max() - hurried.gap <= robust.regret.max() <= hurried.regret.max()
