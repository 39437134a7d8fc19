"""Least maximum regret under limits: every plan there is, on small random instances."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from simlab.frontier import Limit, NoPlanError, Problem, SegmentCurves, least_regret

SEGMENTS, TARGETS = 3, 4
FLOOR = 0.6


def scenario(rng, squeeze):
    """Curves of one scenario, a floor on part of the service and a ceiling on money."""
    cost = np.cumsum(rng.integers(1, 40, (SEGMENTS, TARGETS)), axis=1)
    served = np.cumsum(rng.integers(1, 25, (SEGMENTS, TARGETS)), axis=1)
    curves = SegmentCurves(
        cost=cost,
        value=cost,
        served=served,
        demanded=served[:, -1] + 2,
        targets=np.array([0.8, 0.9, 0.95, 0.99]),
        names=("A", "B", "C"),
        cost_unit=Fraction(1),
        value_unit=Fraction(1),
    )
    part = served * rng.integers(0, 2, (SEGMENTS, 1))
    limits = (
        Limit("part", part, at_least=int(squeeze * part[:, -1].sum())),
        Limit("money", cost, at_most=int((1.4 - squeeze) * cost[:, -1].sum())),
    )
    return Problem(curves, limits, ((0, 1),))


def able(problem):
    """All plans that keep floor, limits and order in one scenario."""
    need = problem.curves.needed(FLOOR)
    return {
        plan
        for plan in itertools.product(range(TARGETS), repeat=SEGMENTS)
        if plan[0] >= plan[1]
        and problem.curves.totals(np.array(plan))[2] >= need
        and all(limit.met(np.array(plan)) for limit in problem.limits)
    }


@pytest.mark.parametrize("seed", range(24))
def test_no_plan_under_the_limits_has_a_smaller_largest_regret(seed):
    """Limits and order hold in every scenario, for the plan and for what it is compared with."""
    rng = np.random.default_rng(seed)
    problems = {name: scenario(rng, 0.5) for name in ("base", "late", "busy")}
    plans = {name: able(one) for name, one in problems.items()}
    everywhere = set.intersection(*plans.values())
    if not everywhere:
        with pytest.raises(NoPlanError):
            least_regret(problems, FLOOR)
        return

    def cost(name, plan):
        return problems[name].curves.totals(np.array(plan))[0]

    least = {name: min(cost(name, plan) for plan in own) for name, own in plans.items()}
    worst = min(max(cost(name, plan) - least[name] for name in problems) for plan in everywhere)
    found = least_regret(problems, FLOOR)
    assert tuple(found.plan.choice.tolist()) in everywhere
    assert found.regret.max() == worst
    assert found.gap == 0


def test_enough_instances_have_a_plan_and_limits_that_bind():
    """The cases above are not all trivial: most have plans, and limits often move the answer."""
    answered = moved = 0
    for seed in range(24):
        rng = np.random.default_rng(seed)
        problems = {name: scenario(rng, 0.5) for name in ("base", "late", "busy")}
        free = {name: one.curves for name, one in problems.items()}
        try:
            found = least_regret(problems, FLOOR)
        except NoPlanError:
            continue
        answered += 1
        moved += found.plan.choice.tolist() != least_regret(free, FLOOR).plan.choice.tolist()
    assert answered >= 5
    assert moved >= 2
