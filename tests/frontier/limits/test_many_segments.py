"""Frontiers of many segments under limits: within a stated ε, found fast, and the gaps between points."""

from fractions import Fraction

import numpy as np
import pytest

from simlab.frontier import Frontier, Limit, Problem, SegmentCurves, solve
from simlab.frontier import problem as module
from simlab.frontier.limits import core
from simlab.frontier.limits.limits import ratio_floor
from simlab.frontier.limits.program import Program, Solution
from simlab.frontier.solvers.session import Session


def curves_of(n, k=8, seed=3):
    rng = np.random.default_rng(seed)
    targets = 1 - np.exp(-np.linspace(-np.log(0.5), -np.log(0.001), k))
    demanded = rng.integers(10**4, 10**6, n)
    served = (demanded[:, None] * (1 - (1 - targets) ** rng.uniform(0.7, 1.4, (n, 1)))).astype(np.int64)
    stock = np.cumsum(rng.integers(1000, 10**6, (n, k)), axis=1)
    names = tuple(str(i) for i in range(n))
    return SegmentCurves(stock * 20, stock * 100, served, demanded, targets, names)


def floor_of_half(curves):
    half = (np.arange(curves.n_segments) % 2 == 0)[:, None]
    whole = np.repeat(curves.demanded[:, None], curves.n_targets, axis=1)
    return ratio_floor("fill rate of half ≥ 0.96", curves.served * half, whole * half, Fraction(96, 100))


def test_points_of_many_segments_are_within_their_stated_distance_of_the_proven_best(monkeypatch):
    """ε points keep every limit, and the proven best lies between bound and cost."""
    curves = curves_of(12)
    problem = Problem(curves, (floor_of_half(curves),))
    proven = problem.points(30)
    monkeypatch.setattr(module, "MANY", 4)
    near = problem.points(30)
    assert "epsilon" in near.certificate.tolist()
    for point in range(near.n_points):
        plan = near.plan(point)
        assert not problem.program().broken(plan.choice)
        assert plan.gap <= 1e-3
        at = int(np.searchsorted(proven.served, plan.served))
        if plan.certificate == "epsilon" and at < proven.n_points:
            best = problem.at(fill_rate=Fraction(plan.served, curves.total_demanded))
            assert plan.bound <= best.cost
            assert best.cost <= plan.cost * (1 + 1e-12)


def test_gap_between_neighbours_covers_every_plan_left_out():
    """No plan of the whole frontier between two listed ones saves more than is stated."""
    whole = solve(curves_of(6))
    part: Frontier = whole.take(np.linspace(0, whole.n_points - 1, 12).astype(int))
    gaps = part.gap_between
    for place in range(1, part.n_points):
        inside = (whole.served > part.served[place - 1]) & (whole.served <= part.served[place])
        saving = 1 - whole.cost[inside].min() / part.cost[place]
        assert saving <= gaps[place]
    assert gaps.max() < 1


@pytest.mark.slow
def test_a_hundred_points_of_600_segments_under_a_floor():
    """It took twelve minutes with an integer program per point."""
    import time

    curves = curves_of(600, k=24)
    problem = Problem(curves, (floor_of_half(curves),))
    started = time.perf_counter()
    frontier = problem.points(100)
    assert time.perf_counter() - started < 60
    assert frontier.gap.max() <= 1e-3
    assert frontier.n_points >= 90


@pytest.mark.parametrize("seed", [0, 8, 17])
def test_where_no_plan_lies_beside_the_relaxation_one_beside_a_tighter_one_is_found(seed):
    """Six floors on halves of forty segments: what is found keeps them as they are."""
    rng = np.random.default_rng(seed)
    n, k = 40, 12
    cost, limits = np.sort(rng.integers(1, 10**6, (n, k)), axis=1), []
    for number in range(6):
        table = np.sort(rng.integers(0, 10**6, (n, k)), axis=1) * (rng.random(n) < 0.5)[:, None]
        limits.append(Limit(f"floor {number}", table, at_least=int(table[:, k // 2].sum())))
    program, session = Program(cost, tuple(limits)), Session()
    relaxed = core._relax(program, session)
    found = core._rounded(program, relaxed, session)
    assert core._near(program, relaxed) is None
    assert not program.broken(found)


def test_a_point_that_is_not_found_in_time_is_left_out(monkeypatch):
    """No error ends the run: the gap between its neighbours grows, and the fullest plan stays the last."""
    curves = curves_of(12)
    problem = Problem(curves, (floor_of_half(curves),))
    usual, found = problem.points(6), Problem._solve

    def late(self, cost, limits, session=None):
        nothing = Solution(None, "bounded", 0, -np.inf, 0)
        return nothing if len(limits) > len(self.limits) else found(self, cost, limits, session)

    monkeypatch.setattr(Problem, "_solve", late)
    frontier = problem.points(6)
    assert frontier.n_points == 2
    assert frontier.served[-1] == usual.served[-1]
    assert frontier.certificate[-1] == "bound"
    assert frontier.gap_between[-1] > usual.gap_between.max()
