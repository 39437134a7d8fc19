"""Audit of targets: the account closes exactly, and each planted cause shows in its own line."""

from __future__ import annotations

import hashlib
import time
from dataclasses import fields, replace
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest

from simlab.engine.kernels.streams import item_keys
from simlab.engine.laws.pmfs import pmf_of
from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.engine.world.world import LeadTimeLaw, OrderTerms, World
from simlab.errors import UsageError
from simlab.execution import Horizon, Workers, run_curves
from simlab.models import Costs, Models
from simlab.policies import plan
from simlab.segments import Segmentation
from simlab.verdict.audit import (
    FORMULA,
    AuditCase,
    Beliefs,
    Switch,
    audit_case,
    audit_warmup,
    plan_as,
    shapley,
    statement,
)
from simlab.verdict.audit.demand import normal_demand, planned_law
from simlab.verdict.audit.shapley import attribute, drawn_orders, worlds_needed
from simlab.verdict.audit.switches import code_of

SLOTS = 10


def models_of(
    n: int = 8,
    *,
    lead: dict[int, int] | None = None,
    crossing: bool = False,
    review: int = 1,
    pack: int = 1,
    moq: int = 0,
    max_order: int = 0,
    lost: bool = False,
    dispersion: float = 1.0,
    order_quantity: float = float("nan"),
) -> Models:
    """n SKU-locations alike but for their mean demand."""
    mean = np.linspace(3.0, 9.0, n)
    none = np.zeros(n, dtype=np.int64)
    kind = LawKind.POISSON if dispersion == 1.0 else LawKind.NEGATIVE_BINOMIAL
    empty = np.zeros(0, np.int64)
    demand = DemandLaw(
        np.full(n, kind, np.int8), mean, mean * dispersion, np.zeros(n), none, none, empty, empty
    )
    points = lead or {3: 1}
    law = LeadTimeLaw(
        none,
        np.zeros(1, np.int64),
        np.array([len(points)]),
        np.array(list(points)),
        np.array(list(points.values())),
        crossing,
    )
    terms = OrderTerms(
        none + review, none, none + pack, none + moq, none + max_order, np.full(n, int(lost), np.int8)
    )
    sku, location = tuple(f"P{row}" for row in range(n)), ("EAST",) * n
    nan = np.full(n, np.nan)
    costs = Costs(none + 10_000, none + 200_000, np.full(n, 0.2), nan, np.full(n, order_quantity), 0.0001)
    return Models(
        world=World(item_keys(sku, location), demand, law, terms),
        demand_reason=("",) * n,
        lead_time_reason=("",) * n,
        n_observed=none,
        costs=costs,
        annual_units=mean * 52,
        annual_value=mean * 52,
        cv=np.ones(n),
        current={},
        periods_per_year=52.0,
        assumptions=(),
        notes=(),
        sku=sku,
        location=location,
    )


def halves(n: int) -> Segmentation:
    codes = (np.arange(n) >= n // 2).astype(np.int64)
    return Segmentation(codes, ("A", "B"), "halves", (("A",), ("B",)), ("half",))


def audited(
    models,
    beliefs,
    target=0.95,
    *,
    family="order_up_to",
    measure="fill_rate",
    replications=60,
    segmentation=None,
    workers=None,
):
    n = models.n_items
    asked = np.full(n, target)
    plan = plan_as(models, asked, family=family, target_measure=measure, beliefs=beliefs)
    horizon = Horizon(periods=60, warmup=0, replications=replications, slots=SLOTS, seed=11)
    horizon = replace(horizon, warmup=audit_warmup(plan, horizon)[0])
    case = AuditCase("targets", measure, asked, plan)
    return audit_case(case, segmentation or halves(n), horizon, workers=workers or Workers(1))


def exact(**kwargs):
    return Beliefs(planning="exact", **kwargs)


PLANTED = {
    "shape": ({"dispersion": 25.0}, {"ignores": ["shape"]}, 0.98),
    "parameters": ({}, {"demand_mean": np.linspace(3.0, 9.0, 8) * 0.8}, 0.85),
    "lead_time": ({"lead": {1: 1, 6: 1}}, {"ignores": ["lead_time"]}, 0.85),
    "crossing": ({"lead": {0: 1, 6: 1}, "crossing": True}, {"ignores": ["crossing"]}, 0.85),
    "review": ({"review": 4}, {"review_period": 0}, 0.85),
    "packs": ({"pack": 40}, {"ignores": ["packs"]}, 0.85),
    "unmet": ({"lost": True}, {}, 0.85),
}


def causes(account):
    return [line.cause for line in account.lines]


def everything(n: int = 8, **changes) -> Models:
    """A world in which all eight switches change something for a (R,s,nQ) formula of R = 2."""
    facts = {"lead": {1: 2, 3: 1, 7: 1}, "crossing": True, "pack": 6, "max_order": 24, "lost": True}
    return models_of(n, **{**facts, "dispersion": 4.0, "order_quantity": 30.0, **changes})


def all_eight(**changes):
    models = everything(**changes)
    believed = Beliefs(review_period=2, demand_mean=models.world.demand.mean * 0.9)
    return models, believed


@pytest.mark.parametrize("cause", list(PLANTED))
def test_a_planted_cause_takes_the_gap_into_its_own_line(cause):
    """Exact planning in a world that differs in one respect: at least 90 % of the gap is in that line."""
    facts, believed, target = PLANTED[cause]
    result = audited(models_of(**facts), exact(**believed), target, replications=600)
    for account in result.accounts:
        assert causes(account) == [cause, FORMULA]
        assert abs(account.gap) > Fraction(account.demanded, 100)
        assert account.line(cause).units / account.gap >= Fraction(9, 10)


def test_undershoot_shows_up_in_its_own_line():
    """A formula that is right in its world without undershoot: the whole gap is undershoot."""
    models = models_of(dispersion=8.0, review=4, order_quantity=200.0)
    beliefs = exact(ignores=["undershoot"])
    asked = np.full(8, 0.9)
    plan = plan_as(models, asked, family="reorder_quantity", target_measure="fill_rate", beliefs=beliefs)
    horizon = Horizon(periods=200, warmup=20, replications=400, slots=SLOTS, seed=5)
    own = run_curves(plan.worlds.own, plan.levels, horizon, workers=Workers(1))
    fill = own.served.sum(axis=(1, 2)) / own.demanded.sum(axis=1)
    right = replace(plan, fill_rate=fill)
    result = audit_case(AuditCase("targets", "fill_rate", asked, right), halves(8), replace(horizon, seed=6))
    for account in result.accounts:
        assert causes(account) == ["undershoot", FORMULA]
        assert account.gap > Fraction(account.demanded, 50)
        assert account.line("undershoot").units / account.gap >= Fraction(9, 10)


@pytest.mark.parametrize("measure", ["fill_rate", "cycle_service_level"])
def test_lines_add_up_to_the_gap_exactly(measure):
    """Whatever is switched: planned − served is the sum of the lines, in exact arithmetic."""
    cases = [
        (models_of(lost=True, lead={2: 1, 5: 2}), Beliefs(), "order_up_to"),
        (models_of(review=2, pack=5, moq=15, dispersion=3.0), exact(), "order_up_to"),
        (everything(order_quantity=20.0), Beliefs(), "reorder_quantity"),
    ]
    for models, beliefs, family in cases:
        result = audited(models, beliefs, 0.9, family=family, measure=measure, replications=20)
        for account in result.accounts:
            assert sum((line.units for line in account.lines), Fraction()) == account.gap
            shown = account.planned_fill - account.achieved.value
            assert sum(line.points.value for line in account.lines) == pytest.approx(shown, abs=1e-9)
        whole = sum((account.gap for account in result.segments), Fraction())
        assert whole == result.total.gap


def test_eight_switches_are_drawn_with_their_error():
    """More than seven active: 200 orders, a standard error, and still exact sums."""
    models, believed = all_eight(n=4)
    result = audited(models, believed, 0.95, family="reorder_quantity", replications=SLOTS)
    for account in result.segments:
        assert causes(account) == [*map(str, Switch), FORMULA]
        assert sum((line.units for line in account.lines), Fraction()) == account.gap
        drawn = [line for line in account.lines if line.cause != FORMULA]
        assert all(line.sampling_error > 0 for line in drawn)
        assert all(line.sampling_error < 0.02 for line in drawn)


def test_inactive_switches_are_absent():
    """A switch that changes nothing in a segment has no line there, though it has one in another."""
    models = models_of(lead={3: 1}, crossing=True, pack=1)
    assert causes(audited(models, Beliefs(), replications=SLOTS).total) == ["shape", FORMULA]
    terms = models.world.terms
    lost = replace(terms, unmet=(np.arange(8) < 2).astype(np.int8))
    mixed = replace(models, world=replace(models.world, terms=lost))
    first, second = audited(mixed, exact(), replications=SLOTS).segments
    assert causes(first) == ["unmet", FORMULA]
    assert causes(second) == [FORMULA]


def test_neighbouring_lead_times_are_no_cause():
    """Lead times of 3 or 4 periods in sequence are their own mean, and cannot overtake at R = 1."""
    models = models_of(lead={3: 1, 4: 1}, crossing=True)
    assert causes(audited(models, Beliefs(), replications=SLOTS).total) == ["shape", FORMULA]


@pytest.mark.parametrize("workers", [Workers(2, 3), Workers(3, 1)])
def test_same_fractions_for_any_number_of_workers(workers):
    """Threads and blocks change no fraction."""
    models = everything(n=4, max_order=0, lost=False)
    kwargs = {"family": "reorder_quantity", "replications": SLOTS}
    alone = audited(models, Beliefs(), **kwargs)
    assert audited(models, Beliefs(), workers=workers, **kwargs) == alone


def test_every_switch_on_is_the_real_world_and_none_is_the_formulas():
    models, believed = all_eight()
    plan = plan_as(
        models, np.full(8, 0.9), family="reorder_quantity", target_measure="fill_rate", beliefs=believed
    )
    real, own = plan.worlds.world(frozenset(Switch)), plan.worlds.own
    for part in ("demand", "lead_time", "terms"):
        for field in fields(getattr(real, part)):
            got, wanted = (getattr(getattr(w, part), field.name) for w in (real, models.world))
            assert np.array_equal(got, wanted), (part, field.name)
    assert real.undershoot
    assert not own.undershoot
    assert not own.lead_time.crossing
    assert (own.terms.review_period == 2).all()
    assert (own.terms.pack_size == 1).all()
    assert (own.terms.unmet == 0).all()
    points, shares = own.lead_time.support(0)
    assert points.tolist() == [3]
    assert shares.tolist() == [1.0]


def test_a_formula_for_the_lead_time_alone_orders_one_event_earlier():
    """R = 0 is a review right after demand: R = 1 with every lead time shorter by one."""
    models = models_of(lead={0: 1, 1: 1, 4: 2}, review=3)
    worlds = plan_as(
        models,
        np.full(8, 0.9),
        family="order_up_to",
        target_measure="fill_rate",
        beliefs=exact(review_period=np.array([0] * 4 + [3] * 4)),
    ).worlds
    assert worlds.own.terms.review_period.tolist() == [1] * 4 + [3] * 4
    assert worlds.own.lead_time.support(0)[0].tolist() == [0, 3]
    assert worlds.own.lead_time.support(0)[1].tolist() == [0.5, 0.5]
    assert worlds.own.lead_time.support(7)[0].tolist() == [0, 1, 4]
    assert (worlds.active() == [code_of([Switch.REVIEW])] * 4 + [0] * 4).all()


@pytest.mark.parametrize(
    ("mean", "variance"),
    [(0.05, 0.2), (0.4, 0.3), (1.0, 4.0), (7.3, 7.3), (12.0, 900.0), (0.05, 1.0), (250.0, 400.0)],
)
def test_normal_demand_has_the_mean_and_the_variance(mean, variance):
    law = normal_demand(np.array([mean]), np.array([variance]))
    first, shares = pmf_of(law, 0)
    values = first + np.arange(shares.size)
    assert shares @ values == pytest.approx(mean, rel=2e-5)
    assert shares @ values**2 - (shares @ values) ** 2 == pytest.approx(variance, rel=5e-3)


def test_normal_demand_gives_the_least_variance_where_less_is_asked():
    law = normal_demand(np.array([0.3, 0.0, 4.0]), np.array([0.01, 3.0, 0.0]))
    for item, (mean, variance) in enumerate([(0.3, 0.21), (0.0, 0.0), (4.0, 0.0)]):
        first, shares = pmf_of(law, item)
        values = first + np.arange(shares.size)
        assert shares @ values == pytest.approx(mean, abs=1e-6)
        assert shares @ values**2 - (shares @ values) ** 2 == pytest.approx(variance, abs=1e-5)


def test_planned_parameters_keep_the_shape_where_it_allows_them():
    """Other means and variances of every kind of law; an unchanged law stays untouched."""
    kinds = [LawKind.POISSON, LawKind.NEGATIVE_BINOMIAL, LawKind.EMPIRICAL, LawKind.NEGATIVE_BINOMIAL]
    law = DemandLaw(
        np.array(kinds, np.int8),
        np.array([4.0, 4.0, 3.0, 4.0]),
        np.array([4.0, 9.0, 6.0, 9.0]),
        np.zeros(4),
        np.zeros(4, np.int64),
        np.array([0, 0, 3, 0]),
        np.array([0, 2, 6]),
        np.array([1, 1, 2]),
    )
    law = replace(law, mean=np.array([4.0, 4.0, 3.5, 4.0]))
    made = planned_law(law, np.array([6.0, 5.0, 7.0, 4.0]), np.array([6.0, 3.0, 24.0, 9.0]))
    assert made.kind.tolist() == [LawKind.POISSON, LawKind.BINOMIAL, LawKind.EMPIRICAL, kinds[3]]
    first, shares = pmf_of(made, 2)
    assert shares @ (first + np.arange(shares.size)) == pytest.approx(7.0)
    assert made.variance[3] == 9.0


def hash_of(code):
    """A game without any structure."""
    return int.from_bytes(hashlib.blake2b(str(code).encode(), digest_size=4).digest(), "big")


def brute_force(active, value):
    """Shapley's value by walking through every allowed order."""
    total, n = dict.fromkeys(active, Fraction()), 0
    for order in permutations(active):
        late = Switch.CROSSING in order and Switch.LEAD_TIME in order
        if late and order.index(Switch.LEAD_TIME) > order.index(Switch.CROSSING):
            continue
        n += 1
        for place, switch in enumerate(order):
            total[switch] += value(order[: place + 1]) - value(order[:place])
    return {switch: units / n for switch, units in total.items()}


@pytest.mark.parametrize(
    "active",
    [
        (Switch.LEAD_TIME, Switch.CROSSING, Switch.PACKS, Switch.UNMET),
        (Switch.SHAPE, Switch.CROSSING, Switch.UNMET),
        (Switch.LEAD_TIME,),
        (),
    ],
)
def test_shares_are_those_of_all_allowed_orders(active):
    found = attribute(active, lambda code: np.array([hash_of(code)], dtype=object), seed=1)
    shares = {switch: Fraction(int(n[0]), found.n_orders) for switch, n in found.numerator.items()}
    assert shares == brute_force(active, lambda order: hash_of(code_of(order)))
    assert worlds_needed(active, 1) >= {0, code_of(active)}


def test_drawn_orders_are_allowed_and_balanced():
    orders = drawn_orders(tuple(Switch), seed=3)
    assert all(len(set(order)) == 8 for order in orders)
    assert all(order.index(Switch.LEAD_TIME) < order.index(Switch.CROSSING) for order in orders)
    first = [order[0] for order in orders]
    assert {Switch.SHAPE, Switch.UNMET, Switch.LEAD_TIME} <= set(first)
    assert Switch.CROSSING not in first


def test_sentences_name_the_largest_cause():
    result = audited(models_of(lead={1: 1, 6: 1}), exact(ignores=["lead_time"]), 0.9)
    text = statement(result.segments[0], result)
    assert text.startswith("A (targets): asked for 90.0% fill rate, the exact formula expects 9")
    assert "points less: it loses" in text
    assert "because lead times are random" in text


def test_beliefs_that_make_no_sense_are_refused():
    with pytest.raises(UsageError, match="is no switch"):
        Beliefs(ignores=["weather"])
    with pytest.raises(UsageError, match="review_period"):
        Beliefs(review_period=-1)


def test_drawn_shares_lie_near_the_exact_ones(monkeypatch):
    """The same game, counted and drawn: within four standard errors, and the same sum."""
    active = tuple(Switch)[:7]

    def value(code):
        return np.array([hash_of(code)], dtype=object)

    counted = attribute(active, value, seed=1)
    monkeypatch.setattr(shapley, "MOST_EXACT", 3)
    drawn = attribute(active, value, seed=1)
    assert drawn.n_orders == 200
    for switch in active:
        a, b = (float(one.numerator[switch][0]) / one.n_orders for one in (counted, drawn))
        assert abs(a - b) < 4 * drawn.error[switch]
    sums = [
        Fraction(sum(int(n[0]) for n in one.numerator.values()), one.n_orders) for one in (counted, drawn)
    ]
    assert sums[0] == sums[1] == hash_of(code_of(active)) - hash_of(0)


def test_units_short_of_planned_demand_count_at_real_volume():
    """A formula that is right in its world keeps a small closing line, though half the demand was planned."""
    models = models_of()
    believed = exact(demand_mean=models.world.demand.mean / 2)
    result = audited(models, believed, 0.6, replications=200)
    assert causes(result.total) == ["parameters", FORMULA]
    assert abs(result.total.line(FORMULA).points.value) < 0.02
    assert result.total.line("parameters").points.value > 0.3


def test_the_textbook_is_right_where_its_assumptions_hold():
    """Smooth demand, constant lead time, R + L: the closing line is small at a high target."""
    result = audited(models_of(), Beliefs(), 0.98, replications=200)
    assert abs(result.total.line(FORMULA).points.value) < 0.004
    assert abs(result.total.line("shape").points.value) < 0.004


def waiting(models):
    """The same items, whose unmet demand waits: what the formula plans, and what is audited."""
    terms = replace(models.world.terms, unmet=np.zeros(models.n_items, np.int8))
    return replace(models, world=replace(models.world, terms=terms))


def test_without_other_beliefs_levels_are_those_of_planning():
    """Where demand is lost those of the formula, as if all waited: planning itself measures there."""
    for models, family, planning in (
        (models_of(lost=True, pack=7, moq=9), "order_up_to", "exact"),
        (models_of(lead={1: 1, 4: 1}, review=2), "order_up_to", "normal"),
        (everything(), "reorder_quantity", "normal"),
    ):
        asked = np.full(8, 0.93)
        kwargs = {"family": family, "target_measure": "fill_rate"}
        audited_levels = plan_as(models, asked, beliefs=Beliefs(planning=planning), **kwargs).levels
        levels = plan(waiting(models), asked[:, None], planning=planning, **kwargs).levels
        for field in fields(levels):
            assert np.array_equal(getattr(audited_levels, field.name), getattr(levels, field.name))


@pytest.mark.bench
def test_eight_switches_on_3500_items_take_less_than_two_minutes():
    """At the default 200 replications of 52 periods, with two threads."""
    n, rng = 3500, np.random.default_rng(1)
    models = everything(n=n)
    mean = np.exp(rng.normal(1.5, 1.0, n))
    demand = replace(models.world.demand, mean=mean, variance=mean * (1 + rng.exponential(4.0, n)))
    lot = np.maximum(np.rint(mean * 5 / 6), 1) * 6
    terms = replace(models.world.terms, max_order=np.maximum(lot // 12 * 6, 6).astype(np.int64))
    models = replace(
        models,
        world=replace(models.world, demand=demand, terms=terms),
        costs=replace(models.costs, order_quantity=lot),
    )
    started = time.perf_counter()
    asked = np.full(n, 0.95)
    believed = Beliefs(review_period=2, demand_mean=mean * 0.9)
    made = plan_as(models, asked, family="reorder_quantity", target_measure="fill_rate", beliefs=believed)
    horizon = Horizon(periods=52, warmup=0, replications=200, slots=20, seed=3)
    horizon = replace(horizon, warmup=audit_warmup(made, horizon)[0])
    case = AuditCase("targets", "fill_rate", asked, made)
    result = audit_case(case, halves(n), horizon, workers=Workers(2))
    seconds = time.perf_counter() - started
    print(f"{result.n_worlds} worlds, warm-up {horizon.warmup}: {seconds:.1f} s")
    assert causes(result.total) == [*map(str, Switch), FORMULA]
    assert seconds < 120
