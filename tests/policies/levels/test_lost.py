"""Where demand is lost, planned levels achieve what was asked: exact chains, own streams, labels."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from worlds.exact_losses import any_rule, base_stock_every_period, geometric, poisson

from simlab.engine.kernels.streams import phase_seed
from simlab.engine.run import simulate_items
from simlab.engine.world.demand_law import LawKind
from simlab.engine.world.world import Unmet
from simlab.policies import plan
from simlab.policies.levels import lost as room

_GOAL = 0.0005
_LAWS = {"poisson": poisson, "geometric": geometric}
OWN = [
    ("poisson", 2.0, 0, 0.7), ("geometric", 1.0, 0, 0.9),
    ("poisson", 0.5, 0, 0.99), ("geometric", 3.0, 0, 0.8),
    ("poisson", 2.0, 1, 0.7), ("poisson", 1.0, 1, 0.9), ("poisson", 1.5, 1, 0.95), ("poisson", 0.5, 1, 0.99),
    ("geometric", 2.0, 1, 0.7), ("geometric", 1.0, 1, 0.9), ("geometric", 3.0, 1, 0.8),
    ("poisson", 2.0, 2, 0.7), ("poisson", 1.0, 2, 0.9), ("poisson", 3.0, 2, 0.8),
    ("geometric", 2.0, 2, 0.7), ("geometric", 3.0, 2, 0.8), ("geometric", 0.5, 2, 0.99),
    ("poisson", 2.0, 3, 0.7), ("poisson", 3.0, 3, 0.8), ("geometric", 1.0, 3, 0.9),
    ("poisson", 0.2, 4, 0.99), ("poisson", 1.0, 4, 0.9),
    ("geometric", 1.2, 4, 0.8), ("geometric", 0.5, 4, 0.95),
]  # fmt: skip
"""Law, mean, lead time, target of 24 instances of (R,S), R = 1."""


def losing(models, unmet=Unmet.LOST, waits=None):
    """The same items, whose unmet demand is lost."""
    n = models.n_items
    terms = replace(models.world.terms, unmet=np.full(n, unmet, np.int8), waits=waits)
    return replace(models, world=replace(models.world, terms=terms))


def law(name, mean):
    if name == "poisson":
        return LawKind.POISSON, mean, mean
    return LawKind.NEGATIVE_BINOMIAL, mean, mean + mean**2


@pytest.fixture(scope="module")
def own(item, make_models):
    """All instances planned in one call."""
    models = losing(make_models(*[item(law(name, mean), {L: 1}, 1) for name, mean, L, _ in OWN]))
    return plan(models, np.array([[target] for *_, target in OWN]))


def right_or_next_to_it(fill, target, level, sure=3 * _GOAL):
    """The least level that reaches the target, or one beside it where a fill is too close to the target."""
    if fill(level) >= target and fill(level - 1) < target:
        return True
    near = level if fill(level) < target else level - 1
    beside = fill(level + 1) >= target if near == level else fill(level - 2) < target
    return beside and abs(fill(near) - target) <= sure


@pytest.mark.parametrize("number", range(len(OWN)))
def test_levels_are_those_of_the_exact_chain(number, own) -> None:
    name, mean, L, target = OWN[number]
    demand = _LAWS[name](mean)

    def fill(level):
        return base_stock_every_period(demand, level, L) if level > 0 else 0.0

    assert right_or_next_to_it(fill, target, int(own.levels.order_up_to[number, 0]))


def test_the_four_cases_with_published_values_are_planned(item, make_models) -> None:
    """Zipkin (2008), L = 0, (R,s,S), and R = 4: the exact fill of a level, asked for, gives the level."""
    zipkin, at_once = item((LawKind.POISSON, 5, 5), {2: 1}, 1), item((LawKind.POISSON, 3, 3), {0: 1}, 1)
    weekly = item((LawKind.POISSON, 1.5, 1.5), {1: 1}, 4)
    found = plan(
        losing(make_models(zipkin, at_once, weekly)),
        np.array([[0.9613956 - 2 * _GOAL], [0.8935475], [0.9289158 - 2 * _GOAL]]),
    )
    assert found.levels.order_up_to[:, 0].tolist() == [19, 4, 9]
    lots = losing(make_models(item((LawKind.POISSON, 2, 2), {2: 1}, 1, order_quantity=7)))
    found = plan(lots, [0.898182 - 2 * _GOAL], family="reorder_up_to")
    assert found.levels.reorder_point[0, 0] == 5


def test_lots_and_lead_times_longer_than_the_review_period(item, make_models) -> None:
    """(R,s,nQ) with Q = 4, R = 2, L = 3 against the chain of any rule."""
    models = losing(make_models(item((LawKind.POISSON, 0.8, 0.8), {3: 1}, 2, order_quantity=4)))
    s = int(plan(models, [0.92], family="reorder_quantity").levels.reorder_point[0, 0])

    def fill(level):
        def order(position):
            return 0 if position > level else 4 * ((level - position) // 4 + 1)

        return any_rule(poisson(0.8, 40), order, 2, 3, level + 4)

    assert right_or_next_to_it(fill, 0.92, s)


def test_the_formula_stays_where_nothing_is_on_order(item, make_models) -> None:
    """L = 0: what is lost and what would wait are the same units; packs and smallest orders end that."""
    here, packed = item(lead={0: 1}), item(lead={0: 1}, pack=6)
    models = make_models(here, packed, item())
    found = plan(losing(models), [0.9, 0.95])
    assert found.method == ("exact", "simulated with lost sales", "simulated with lost sales")
    np.testing.assert_array_equal(
        found.levels.order_up_to[0], plan(models, [0.9, 0.95]).levels.order_up_to[0]
    )


def test_other_plannings_say_that_they_plan_as_if_all_waited(item, make_models) -> None:
    models = losing(make_models(item(order_quantity=10, order_cost=5.0)))
    optimal = plan(models, [0.9], family="reorder_up_to", planning="optimal")
    assert "lost sales planned as backorders" in optimal.method[0]
    assert plan(models, [0.9], planning="normal").method == ("normal, lost sales planned as backorders",)


def test_a_share_that_waits_lies_between_none_and_all(item, make_models) -> None:
    one = make_models(item((LawKind.POISSON, 5, 5), {4: 1}, 1))
    targets = [0.7, 0.9, 0.97]
    half = losing(one, Unmet.PARTLY, np.array([500_000]))
    none = losing(one, Unmet.PARTLY, np.array([0]))
    found = {
        name: plan(models, targets)
        for name, models in (("half", half), ("none", none), ("lost", losing(one)))
    }
    assert found["half"].method == ("simulated with partly waiting demand",)
    top = {name: planned.levels.order_up_to[0] for name, planned in found.items()}
    assert top["none"].tolist() == top["lost"].tolist()
    assert (top["lost"] <= top["half"]).all()
    assert (top["half"] <= plan(one, targets).levels.order_up_to[0]).all()
    assert top["lost"][0] < plan(one, targets).levels.order_up_to[0, 0]


def test_what_an_item_gets_depends_on_its_own_row_alone(item, make_models, monkeypatch) -> None:
    rows = [item(law("geometric", mean), {2: 1}, R) for mean, R in ((0.3, 1), (2.0, 2), (9.0, 1), (4.0, 5))]
    models = losing(make_models(*rows))
    every = plan(models, [0.8, 0.95]).levels.order_up_to
    monkeypatch.setattr(room, "_CHUNK", 1)
    np.testing.assert_array_equal(plan(models, [0.8, 0.95]).levels.order_up_to, every)


def test_planning_never_sees_the_draws_that_choose_or_judge(item, make_models, monkeypatch) -> None:
    """Its seed is that of its own purpose, and every round has replications of its own."""
    seen = []

    def noted(world, levels, horizon, *more):
        seen.append((horizon.seed, horizon.first_replication, horizon.replications))
        return simulate_items(world, levels, horizon, *more)

    monkeypatch.setattr("simlab.engine.run.simulate_items", noted)
    plan(losing(make_models(item(law("geometric", 3.0), {3: 1}, 1))), [0.7, 0.8, 0.9], seed=77)
    assert {seed for seed, *_ in seen} == {phase_seed(77, "planning")}
    others = {phase_seed(77, phase) for phase in ("search", "selection", "verdict")}
    assert phase_seed(77, "planning") not in others
    rounds = sorted({(first, size) for _, first, size in seen})
    assert len(rounds) > 1
    assert all(a + n <= b for (a, n), (b, _) in pairwise(rounds))


def test_a_target_that_no_level_reaches_is_said(item, make_models) -> None:
    """Orders of at most 3 where 5 are asked for: three fifths are served at most."""
    models = losing(make_models(item((LawKind.POISSON, 5, 5), {1: 1}, 1)))
    terms = replace(models.world.terms, max_order=np.array([3]))
    models = replace(models, world=replace(models.world, terms=terms))
    found = plan(models, [0.5, 0.9])
    assert found.method == ("simulated with lost sales, not every target is reached by any level",)
    assert 0 < found.levels.order_up_to[0, 0] <= found.levels.order_up_to[0, 1]


def by_days(mean, lead_time, level, review=7, days=60_000, seed=5):
    """Fill of (R,S) by a plain day after day: arrive, order on review days, sell what is there."""
    demand = np.random.default_rng(seed).poisson(mean, days).tolist()
    due, on_hand, on_order, served, asked = [0] * (days + lead_time), level, 0, 0, 0
    for day, wanted in enumerate(demand):
        on_hand, on_order = on_hand + due[day], on_order - due[day]
        if day % review == 0:
            ordered = level - on_hand - on_order
            due[day + lead_time] += ordered
            on_order += ordered
        sold = min(on_hand, wanted)
        on_hand -= sold
        if day > 2000:
            served, asked = served + sold, asked + wanted
    return served / asked


@pytest.mark.parametrize(("mean", "lead_time"), [(1.0, 45), (0.3, 120)])
def test_long_lead_times_of_daily_studies_are_planned(mean, lead_time, item, make_models) -> None:
    """Under the 27 targets of a grid their long windows had no work left: the plan ended as a fault."""
    models = losing(make_models(item((LawKind.POISSON, mean, mean), {lead_time: 1}, 7)))
    targets = np.linspace(0.8, 0.99, 27)
    level = int(plan(models, targets).levels.order_up_to[0, np.abs(targets - 0.95).argmin()])
    target = float(targets[np.abs(targets - 0.95).argmin()])
    assert by_days(mean, lead_time, level + 1) >= target - 0.001
    assert by_days(mean, lead_time, level - 1) < target + 0.001


@pytest.mark.slow
def test_estimates_are_right_by_their_own_errors(item, make_models) -> None:
    """Over 60 seeds the errors of what a search has measured have a mean of 0 and a spread near 1."""
    models = losing(make_models(item((LawKind.POISSON, 2, 2), {2: 1}, 1)))
    exact = {level: base_stock_every_period(poisson(2.0), level, 2) for level in range(1, 16)}
    off = []

    class Watched(room._Search):
        def run(self):
            found = super().run()
            service, error = self.evidence.estimate(self.expected, np.arange(self.high.size))
            for place in range(int(self.evidence.used[0])):
                level = int(self.evidence.levels[0, place])
                if self.evidence.seen[0, place] and 0.6 < exact[level] < 0.985:
                    off.append((service[0, place] - exact[level]) / error[0, place])
            return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "_Search", Watched)
        for seed in range(60):
            plan(models, [0.8, 0.9, 0.95], seed=seed)
    off = np.array(off)
    assert abs(off.mean()) < 0.35
    assert 0.8 < off.std() < 1.25
