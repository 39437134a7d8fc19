"""Limits on means, single replications, quantiles and peaks at once: equal to trying every plan."""

import numpy as np
import pytest
from worlds import frontier as cases
from worlds.seeds import some_of

from simlab.frontier import Asked, Limit, MeanPeak, NoPlanError, Problem, QuantileOfTotal, TailLimit, solve
from simlab.frontier.limits.chance import service_chance
from simlab.frontier.limits.conflict import chance_ceiling, explain
from simlab.frontier.limits.program import Program

SEEDS = some_of(60, by_default=10)


def instance(seed):
    """Three segments × four targets × twelve replications with a floor, a chance, a quantile and a peak."""
    rng = np.random.default_rng(seed)
    n, k, r = 3, 4, 12
    curves = cases.instance(rng, n, k, top=60)
    demanded = rng.integers(50, 100, (n, r))
    served = np.floor(np.sort(rng.uniform(0.5, 1, (n, k, r)), axis=1) * demanded[:, None]).astype(np.int64)
    amount = np.sort(rng.integers(0, 90, (n, k, r, 2)), axis=1)
    chances = (service_chance(served, demanded, float(rng.choice([0.7, 0.8, 0.9])), 0.75),)
    quantile, peak = QuantileOfTotal(amount.reshape(n, k, -1), 0.9), MeanPeak(amount)
    some = rng.integers(0, k, n)
    tails = (
        TailLimit(quantile, quantile.value(some), "P90"),
        TailLimit(peak, peak.value(some) + 5, "peak"),
    )
    table = rng.integers(0, 30, (n, k))
    limits = (Limit("floor", table, at_least=int(table[np.arange(n), some].sum())),)
    which = rng.integers(0, 3)
    return curves, limits, chances if which < 2 else (), tails if which else (), quantile


def plans_of(curves, limits):
    """Every plan that meets all of these limits, as an array, with its totals."""
    for choice, totals in cases.every_plan(curves):
        plan = np.array(choice)
        if all(limit.met(plan) for limit in limits):
            yield plan, totals


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.usefixtures("solver")
def test_plans_at_floors_and_budgets(seed):
    curves, limits, chances, tails, quantile = instance(seed)
    rng = np.random.default_rng(10_000 + seed)
    fill = float(rng.choice([0.3, 0.6, 0.8]))
    budget = int(rng.integers(1, curves.value.max(axis=1).sum() + 2))
    for objective in (None, quantile) if tails else (None,):
        asked = Asked(Problem(curves, limits), solve(curves), chances, tails, objective)
        for options in ({"fill_rate": fill}, {"budget": budget}, {"fill_rate": fill, "budget": budget}):
            able = [
                (plan, totals)
                for plan, totals in plans_of(curves, (*limits, *chances, *tails))
                if totals[2] >= curves.needed(options.get("fill_rate", 0.0))
                and totals[1] <= options.get("budget", 10**9)
            ]
            if not able:
                with pytest.raises(NoPlanError, match="no plan on the grid"):
                    asked.at(**options)
                continue
            if "fill_rate" not in options:
                most = max(totals[2] for _, totals in able)
                able = [(plan, totals) for plan, totals in able if totals[2] == most]
            found = asked.at(**options)
            if objective is None:
                assert found.cost == min(totals[0] for _, totals in able)
            else:
                assert quantile.value(found.choice) == min(quantile.value(plan) for plan, _ in able)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.usefixtures("solver")
def test_conflicts_are_minimal_and_relaxations_the_least(seed):
    curves, limits, chances, tails, _ = instance(seed)
    floor = Limit("served", curves.served, at_least=int(curves.served[:, -1].sum()))
    every = (*limits, floor, *chances, *tails)
    reason = explain(Program(curves.cost, (*limits, floor)), chances=chances, tails=tails)
    assert (reason is None) == any(True for _ in plans_of(curves, every))
    if reason is None:
        return
    assert not list(plans_of(curves, reason.conflict))
    for way in reason.relaxations:
        assert list(plans_of(curves, [one for one in reason.conflict if one is not way.limit]))
        able = [plan for plan, _ in plans_of(curves, [one for one in every if one is not way.limit])]
        assert (way.choice is None) == (not able)
        if way.choice is None:
            continue
        assert any((way.choice == plan).all() for plan in able)
        if way.limit in chances:
            kept = [int(way.limit.kept(plan[None])[0]) for plan in able]
            assert int(way.limit.kept(way.choice[None])[0]) == max(kept)
        elif way.limit in tails:
            assert way.limit.tail.value(way.choice) == min(way.limit.tail.value(plan) for plan in able)
        else:
            assert way.limit.total(way.choice) == max(way.limit.total(plan) for plan in able)
    assert all(f"'{one.name}'" in str(reason) for one in reason.conflict)
    if reason.further is not None:
        assert not any(one in reason.conflict for one in reason.further.conflict)
        assert not list(plans_of(curves, reason.further.conflict))
        assert all(f"'{one.name}'" in str(reason) for one in reason.further.conflict)


@pytest.mark.parametrize("replications", range(1, 40))
def test_a_chance_as_a_quantile_is_met_by_the_same_plans(replications):
    """Whatever the number of replications wanted: no rounding of a share moves it."""
    rng = np.random.default_rng(replications)
    demanded = rng.integers(50, 100, (2, replications))
    served = np.floor(rng.uniform(0.5, 1, (2, 3, replications)) * demanded[:, None]).astype(np.int64)
    for share in rng.uniform(0.01, 1.0, 5):
        chance = service_chance(served, demanded, 0.8, float(share))
        for plan in np.ndindex(3, 3):
            assert chance_ceiling(chance).met(np.array(plan)) == chance.met(np.array(plan))


def test_an_explanation_that_runs_out_of_time_claims_no_more_than_it_knows(monkeypatch):
    """The conflict is true, but not called minimal, nor is it said that no single change is enough."""
    for seed in range(40):
        curves, limits, chances, tails, _ = instance(seed)
        program = Program(curves.cost, (*limits, Limit("all", curves.served, at_least=10**6)))
        usual = explain(program, chances=chances, tails=tails)
        assert usual.complete
        questions = iter([60.0, *[0.0] * 100])
        with monkeypatch.context() as late:
            late.setattr(
                "simlab.frontier.limits.conflict._Clock.seconds", lambda _, left=questions: next(left)
            )
            reason = explain(program, chances=chances, tails=tails)
        assert not reason.complete
        assert set(usual.conflict) <= set(reason.conflict)
        assert str(reason).endswith("; what would work was not found in time")
