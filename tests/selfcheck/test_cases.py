"""Exact cases: the installed simulator meets them, and would be caught if it did not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, stats

from simlab.errors import UsageError
from simlab.policies.sums.protection import Protection, crossing, in_sequence
from simlab.selfcheck.cases import run_case, run_cases, write_results
from simlab.selfcheck.cases_measures import Effort
from simlab.selfcheck.cases_schema import Case, parse_cases, published_cases

QUICK = Effort(periods=600_000, slots=512, shortest=400)
PUBLISHED = {case.id: case for case in published_cases()}


def read(**fields: object) -> Case:
    """One case of Poisson demand under base stock, with some fields of its own."""
    entry = {
        "id": "mine",
        "kind": "evaluate",
        "unmet": "backorder",
        "demand": {"kind": "poisson", "mean": 0.3},
        "lead_time": {"kind": "deterministic", "value": 2},
        "review": 1,
        "policy": {"kind": "base_stock", "S": 2},
        "event_order": "AODC",
    }
    return parse_cases(json.dumps([entry | fields]), "cases.json")[0]


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_cases_agree_within_4_standard_errors(name: str) -> None:
    """Every kind of case, every measure with an exact value."""
    result = run_case(PUBLISHED[name], QUICK)
    distances = {measure: result.z(measure) for measure in result.measures}
    assert len(distances) == len(PUBLISHED[name].exact)
    assert all(z is not None and abs(z) <= 4 for z in distances.values()), distances
    assert not result.missing


@pytest.mark.slow
def test_published_cases_agree_at_the_effort_of_the_command() -> None:
    results = run_cases(published_cases(), workers=2)
    assert max(abs(result.z(name) or 0.0) for result in results for name in result.measures) <= 4


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("bs-poisson", {"S": 19}),
        ("nQ-poisson", {"s": 17}),
        ("ls-sS", {"s": 4}),
        ("bs-R4-L1", {"review": 3}),
        ("cross-uniform", {"crossing": False}),
    ],
)
def test_a_simulator_that_counts_something_else_is_caught(name: str, fields: dict[str, object]) -> None:
    """A level, the review period or the overtaking of orders wrong by one: far from the exact values."""
    case = PUBLISHED[name]
    assert case.rule is not None
    if "review" in fields:
        wrong = replace(case, review=3)
    elif "crossing" in fields:
        wrong = replace(case, lead_time=replace(case.lead_time, crossing=False))
    else:
        wrong = replace(case, rule=replace(case.rule, **fields))
    result = run_case(wrong, QUICK)
    assert result.is_far
    assert abs(result.z("fill") or 0.0) > 5


def test_without_values_the_same_estimates_come() -> None:
    """A file may leave out what is to be found."""
    case = PUBLISHED["bs-R4-L1"]
    with_values, without = (run_case(c, QUICK) for c in (case, replace(case, exact={})))
    assert with_values.estimates == without.estimates
    assert set(case.exact) <= set(without.measures)
    assert not without.is_far


def test_workers_do_not_change_the_estimates() -> None:
    some = [PUBLISHED[name] for name in ("bs-slow", "ls-L0", "fh-T4", "opt-zf-21")]
    one, two = (run_cases(some, effort=QUICK, workers=n) for n in (1, 2))
    assert [r.estimates for r in one] == [r.estimates for r in two]


def test_wrong_definitions_are_not_measures() -> None:
    """Files list two mistakes by name; they are neither estimated nor compared."""
    result = run_case(read(metrics={"fill": None, "fill_naive": 0.1, "mean_ratio_fill": 0.2}), QUICK)
    assert result.measures == ("fill",)
    assert not result.is_far


def test_an_unknown_measure_is_named(tmp_path: Path) -> None:
    """It has a row that says so, and does not stop the others."""
    result = run_case(read(metrics={"fill": 0.8, "turns": 3.0}), QUICK)
    turns = next(row for row in result.rows() if row["measure"] == "turns")
    assert (turns["estimate"], turns["note"]) == (None, "not a measure of this kind")


@pytest.mark.parametrize("metrics", [None, {"fill": 0.9, "on_hand": 3.0}])
def test_a_case_that_cannot_be_run_does_not_stop_the_others(metrics: object) -> None:
    """A level whose sums could leave 64 bits: named, counted as far off, the other case answered."""
    huge = {"id": "huge", "policy": {"kind": "base_stock", "S": 1e18}, "metrics": metrics}
    fine = huge | {"demand": {"kind": "gamma", "mean": 4, "cv": 0.5}}
    *both, good = run_cases([read(**huge), read(**fine), read()], effort=QUICK)
    for failed in both:
        assert failed.is_far
        assert not failed.estimates
        assert all("could leave 64 bits" in str(row["note"]) for row in failed.rows())
        assert [row["measure"] for row in failed.rows()] == list(metrics or ["every measure"])
    assert "fill" in good.estimates
    assert not good.is_far


def test_half_width_follows_the_asymptotic_variance() -> None:
    """95 % half width over n periods ≈ 1.96·sqrt(av/n), with n beside it (12 %: 4 standard errors)."""
    case = PUBLISHED["var-poisson"]
    fill = run_case(case, QUICK).estimates["fill"]
    assert fill.n_periods is not None
    expected = 1.96 * np.sqrt((case.exact["asymptotic_variance"] or 0.0) / fill.n_periods)
    assert fill.half_width == pytest.approx(expected, rel=0.12)


def test_estimates_are_written_once(tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    results = run_cases([PUBLISHED["opt-zf-21"], PUBLISHED["var-poisson"]], effort=QUICK)
    write_results(results, path)
    document = json.loads(path.read_text("utf-8"))
    assert document["opt-zf-21"]["s"] == {"est": 15, "half_width": 0.0, "level": 0.95}
    assert document["var-poisson"]["fill"]["n_periods"] > 100_000
    with pytest.raises(UsageError, match="exists and is not replaced"):
        write_results(results, path)
    assert json.loads(path.read_text("utf-8")) == document


# --- csl_review: what the engine does not count by itself -------------------------------------


def by_review(protection: Protection, mean: float, S: int) -> float:
    """P(net stock just before an arrival ≥ 0), (R,S): a mixture of Poisson laws."""
    n = np.arange(protection.cycle.size)
    return float(protection.cycle @ stats.poisson.cdf(S, n * mean))


LEADS = {"0": 0.3, "2": 0.3, "5": 0.4}


@pytest.mark.parametrize("overtaking", [True, False])
@pytest.mark.parametrize("review", [1, 2, 3])
def test_csl_review_with_random_lead_times(review: int, overtaking: bool) -> None:
    """A world where every review orders, scaled so that only the original shortages count."""
    kind = "iid" if overtaking else "iid_maxrule"
    case = read(lead_time={"kind": kind, "crossing": overtaking, "pmf": LEADS}, review=review)
    table = crossing if overtaking else in_sequence
    exact = by_review(table(np.array([0, 2, 5]), np.array([0.3, 0.3, 0.4]), review), 0.3, 2)
    found = run_case(case, QUICK).estimates
    assert abs(found["csl_review"].z(exact)) < 4
    assert found["csl_review"].est > found["csl"].est


def test_csl_review_between_reviews_of_batch_orders() -> None:
    """(R,s,nQ), R = 3, L = 1: four periods of demand from a position uniform on s + 1 … s + Q."""
    case = read(
        demand={"kind": "poisson", "mean": 3},
        lead_time={"kind": "deterministic", "value": 1},
        review=3,
        policy={"kind": "nQ", "s": 8, "Q": 6},
    )
    exact = float(stats.poisson.cdf(np.arange(9, 15), 12).mean())
    assert abs(run_case(case, QUICK).estimates["csl_review"].z(exact)) < 4


def test_csl_review_of_lost_sales() -> None:
    """L = 0, R = 2, S = 4: nothing lost in two periods that begin with a full shelf."""
    case = read(
        unmet="lost",
        demand={"kind": "poisson", "mean": 2},
        lead_time={"kind": "deterministic", "value": 0},
        review=2,
        policy={"kind": "base_stock", "S": 4},
    )
    exact = float(stats.poisson.cdf(4, 4))
    assert abs(run_case(case, QUICK).estimates["csl_review"].z(exact)) < 4


def test_csl_review_of_batch_orders_with_random_lead_times() -> None:
    """(R,s,nQ), R = 3, L = 1 or 2 (no two orders meet): 3 + L periods of demand from a uniform position."""
    case = read(
        demand={"kind": "poisson", "mean": 3},
        lead_time={"kind": "iid", "crossing": True, "pmf": {"1": 0.5, "2": 0.5}},
        review=3,
        policy={"kind": "nQ", "s": 10, "Q": 7},
    )
    after = np.arange(11, 18)
    exact = 0.5 * float(stats.poisson.cdf(after, 12).mean() + stats.poisson.cdf(after, 15).mean())
    found = run_case(case, QUICK).estimates["csl_review"]
    assert abs(found.z(exact)) < 4
    assert found.half_width < 0.02


def lost_cycles(S: int, mean: float) -> float:
    """(R,S) with R = 2, L = 0 or 1 equally likely, lost sales: the chain of shelf and loss at reviews."""
    demand = stats.poisson.pmf(np.arange(60), mean)
    states = [(x, f) for x in range(S + 1) for f in (0, 1)]
    number = {state: i for i, state in enumerate(states)}
    chain, good = np.zeros((len(states), len(states))), np.zeros(len(states))
    for (x, f), i in number.items():
        good[i] += 0.5 * (1 - f)
        for d, p in enumerate(demand):
            good[i] += 0.5 * p * (1 - f) * (d <= x)
            for late, (lost, shelf) in enumerate([(d > S, max(S - d, 0)), (False, max(x - d, 0) + S - x)]):
                for e, q in enumerate(demand):
                    end = max(shelf - e, 0), int((lost and not late) or e > shelf)
                    chain[i, number[end]] += 0.5 * p * q
    return float((np.linalg.matrix_power(chain, 512)[0] * good).sum())


def test_csl_review_of_lost_sales_with_random_lead_times() -> None:
    """A review that orders nothing ends a cycle too: nothing lost since the arrival before."""
    case = read(
        unmet="lost",
        demand={"kind": "poisson", "mean": 2},
        lead_time={"kind": "iid", "crossing": True, "pmf": {"0": 0.5, "1": 0.5}},
        review=2,
        policy={"kind": "base_stock", "S": 4},
    )
    found = run_case(case, QUICK).estimates
    assert abs(found["csl_review"].z(lost_cycles(4, 2.0))) < 4


def test_csl_review_counts_reviews_that_order_nothing() -> None:
    """(s,S) that rarely orders: most cycles end without a receipt, and in good order."""
    lead = {"kind": "iid_maxrule", "crossing": False, "pmf": {"1": 0.5, "3": 0.5}}
    found = run_case(read(lead_time=lead, policy={"kind": "sS", "s": 1, "S": 9}), QUICK).estimates
    assert found["csl_review"].est > found["csl"].est + 0.01


@pytest.mark.parametrize(("cv", "S"), [(0.5, 6), (1.2, 7)])
def test_orders_of_a_continuous_law_with_lost_sales(cv: float, S: int) -> None:
    """L = 0: every period starts at S and sells something, however fine or coarse the lattice near zero."""
    fields = {
        "unmet": "lost",
        "demand": {"kind": "gamma", "mean": 4.0, "cv": cv},
        "lead_time": {"kind": "deterministic", "value": 0},
        "policy": {"kind": "base_stock", "S": S},
    }
    found = run_case(read(**fields), QUICK).estimates
    law = stats.gamma(cv**-2, scale=4.0 * cv**2)
    sold = 4.0 * stats.gamma(cv**-2 + 1, scale=4.0 * cv**2).cdf(S) + S * law.sf(S)
    for name, exact in (("orders", 1.0), ("csl", law.cdf(S)), ("mean_order", sold), ("order_rate", sold)):
        assert abs(found[name].z(float(exact))) < 4, name
        assert found[name].half_width < 0.01 * exact, name


@pytest.mark.parametrize(("mean", "sd"), [(9.0, 3.0), (100.0, 20.0), (5.0, 2.5), (3000.0, 900.0)])
def test_a_normal_law_may_be_below_zero_and_order_nothing(mean: float, sd: float) -> None:
    """Whether such a review counts is a matter of definition: neither answer is far off."""
    law = {"kind": "normal", "mean": mean, "sd": sd}
    lead = {"kind": "deterministic", "value": 1}
    policy = {"kind": "base_stock", "S": 2 * mean + sd}
    result = run_case(read(demand=law, lead_time=lead, policy=policy, metrics={"orders": 1.0}), QUICK)
    orders = result.estimates["orders"]
    assert orders.est == pytest.approx(stats.norm.cdf(mean / sd), rel=1e-12)
    assert orders.half_width == pytest.approx(stats.norm.sf(mean / sd), rel=1e-9)
    assert abs(result.z("orders")) < 2
    assert not result.is_far


def test_a_law_that_is_never_below_zero_orders_at_every_review() -> None:
    law = {"kind": "gamma", "mean": 9.0, "cv": 0.5}
    found = run_case(read(demand=law, review=2, policy={"kind": "base_stock", "S": 40}), QUICK).estimates
    assert (found["orders"].est, found["orders"].half_width) == (0.5, 0.0)


# --- short horizons ---------------------------------------------------------------------------


def test_horizons_without_demand_are_left_out() -> None:
    """A fill rate of nothing is none: with S = 0 nothing is served, whatever is never asked."""
    fields = {
        "kind": "finite_horizon",
        "demand": {"kind": "pmf", "pmf": {"0": 0.5, "1": 0.5}},
        "lead_time": {"kind": "deterministic", "value": 0},
        "policy": {"kind": "base_stock", "S": 0},
        "horizon": 1,
        "target": 0.9,
        "initial": "on hand = S",
    }
    found = run_case(read(**fields), QUICK).estimates
    assert (found["fill_T"].est, found["p_reach"].est, found["fill_inf"].est) == (0.0, 0.0, 0.0)


def test_a_start_is_not_removed() -> None:
    """From a full shelf with L = 3 nothing can be short in the first period: S = 3, demand 1 a period."""
    fields = {
        "kind": "transient",
        "demand": {"kind": "pmf", "pmf": {"1": 1.0}},
        "lead_time": {"kind": "deterministic", "value": 3},
        "policy": {"kind": "base_stock", "S": 3},
        "horizon": 4,
        "initial": "on hand = S",
    }
    found = run_case(read(**fields), QUICK).estimates
    assert found["fill"].est == 0.0
    assert found["on_hand"].est == 0.0
    assert found["fill_no_warmup"].est == 0.75
    assert found["on_hand_no_warmup"].est == 0.75


@pytest.mark.parametrize(
    ("fields", "fill", "on_hand"),
    [
        ({"policy": {"kind": "nQ", "s": 3, "Q": 5}}, 1.0, 5.5),
        ({"policy": {"kind": "nQ", "s": 3, "Q": 5}, "initial": {"on_hand": 2}}, 0.75, 1.0),
        ({"policy": {"kind": "base_stock", "S": 3}, "initial": {"on_hand": 1}}, 0.25, 0.0),
        ({"policy": {"kind": "sS", "s": 3, "S": 8}, "initial": "on hand = 7"}, 1.0, 4.5),
        ({"policy": {"kind": "base_stock", "S": 3}, "initial": "on hand = 1.5"}, 0.375, 0.125),
    ],
)
def test_any_shelf_to_begin_with_is_followed(fields: dict[str, object], fill: float, on_hand: float) -> None:
    """Demand 1 a period, L = 3, four periods counted by hand; S of (R,s,nQ) is s + Q."""
    world = {
        "demand": {"kind": "pmf", "pmf": {"1": 1.0}},
        "lead_time": {"kind": "deterministic", "value": 3},
        "horizon": 4,
    }
    found = run_case(read(kind="transient", **world, **fields), QUICK)
    assert not found.missing
    assert found.estimates["fill_no_warmup"].est == fill
    assert found.estimates["on_hand_no_warmup"].est == on_hand
    short = run_case(read(kind="finite_horizon", target=0.9, **world, **fields), QUICK)
    assert not short.missing
    assert (short.estimates["fill_T"].est, short.estimates["p_reach"].est) == (fill, float(fill >= 0.9))


BEST = {"kind": "optimise_sS", "lead_time": {"kind": "deterministic", "value": 0}}


@pytest.mark.parametrize("unmet", ["backorder", "lost"])
def test_best_levels_of_exponential_demand_are_those_of_calculus(unmet: str) -> None:
    """Demand between orders is a Poisson process on the units: c(s, S) in closed form, its least found."""
    mean, h, p, K = 10.0, 1.0, 9.0, 50.0

    def loss(y: float) -> float:
        return float(h * (y - mean) + (h + p) * mean * np.exp(-y / mean))

    def whole(y: float) -> float:
        return float(h * (y * y / 2 - mean * y) - (h + p) * mean * mean * np.exp(-y / mean))

    def cost(levels: tuple[float, float]) -> float:
        s, S = levels
        return (K + loss(S) + (whole(S) - whole(s)) / mean) / (1 + (S - s) / mean)

    least = optimize.minimize(
        cost, (9.0, 40.0), method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-12}
    )
    law = {"kind": "gamma", "mean": mean, "cv": 1}
    result = run_case(read(**BEST, unmet=unmet, demand=law, costs={"h": h, "p": p, "K": K}), QUICK)
    for name, exact in (("s", least.x[0]), ("S", least.x[1]), ("cost", least.fun)):
        assert abs(result.estimates[name].z(float(exact))) < 2, name
    assert result.estimates["cost"].half_width < 1e-4 * least.fun
    assert result.estimates["s"].half_width < 0.05 * mean


def test_best_levels_of_lost_sales_cost_what_their_simulation_does() -> None:
    law, costs = {"kind": "poisson", "mean": 21}, {"h": 1, "p": 9, "K": 64}
    best = run_case(read(**BEST, unmet="lost", demand=law, costs=costs), QUICK).estimates
    policy = {"kind": "sS", "s": best["s"].est, "S": best["S"].est}
    played = read(unmet="lost", demand=law, costs=costs, policy=policy, lead_time=BEST["lead_time"])
    assert abs(run_case(played, QUICK).estimates["cost"].z(best["cost"].est)) < 4


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"unmet": "lost", "lead_time": {"kind": "deterministic", "value": 1}}, "with lost sales"),
        ({"unmet": "lost", "costs": {"h": 1, "p": 0.1, "K": 64}}, "never to order"),
        ({"demand": {"kind": "pmf", "pmf": {"0.5": 1.0}}}, "no whole number of units"),
        ({"costs": {"h": 1, "p": 0, "K": 64}}, "above 0"),
    ],
)
def test_what_is_not_computed_says_so_and_counts_as_off(fields: dict[str, object], words: str) -> None:
    """Silence would look like agreement: the exit code is 1."""
    given = {"demand": {"kind": "poisson", "mean": 5}, "costs": {"h": 1, "p": 9, "K": 64}}
    result = run_case(read(**BEST | given | fields), QUICK)
    assert not result.estimates
    assert words in result.missing["cost"]
    assert result.is_far


# --- intervals --------------------------------------------------------------------------------

BOTH_SIDES = float(stats.norm.ppf(0.975))
COVERED = ("bs-poisson", "sS-ss-4.7", "ls-sS")


def coverage(name: str, seeds: range) -> dict[str, float]:
    """Share of seeds whose 95 % interval holds the exact value, by measure."""
    case = PUBLISHED[name]
    hits = dict.fromkeys(case.exact, 0)
    for seed in seeds:
        found = run_case(case, Effort(periods=100_000, slots=64, shortest=400, seed=seed)).estimates
        for measure, exact in case.exact.items():
            hits[measure] += abs(found[measure].z(exact or 0.0)) <= BOTH_SIDES
    return {measure: n / len(seeds) for measure, n in hits.items()}


@pytest.mark.parametrize("name", COVERED)
def test_intervals_cover_as_often_as_they_say(name: str) -> None:
    """The short form: 60 seeds, within 4 standard errors of 0.95."""
    n = 60
    margin = 4 * np.sqrt(0.95 * 0.05 / n)
    assert min(coverage(name, range(1, n + 1)).values()) >= 0.95 - margin


@pytest.mark.slow
@pytest.mark.parametrize("name", COVERED)
def test_intervals_cover_over_a_thousand_seeds(name: str) -> None:
    """The long form: ``pytest -m slow tests/selfcheck/test_cases.py -k thousand``."""
    found = coverage(name, range(1, 1001))
    assert all(0.92 <= share <= 0.98 for share in found.values()), found


@pytest.mark.parametrize(
    ("mean", "cv", "level"),
    [
        (50.0, 0.4, 52.345678),
        (1000.0, 0.2, 1100.000123),
        (20.0, 0.25, 25.00012345),
        (0.8, 0.6, 1.2345678),
    ],
)
def test_levels_of_published_optima_have_many_decimals(mean: float, cv: float, level: float) -> None:
    """Found: a lattice fine enough for 52.345678 exploded ("mean 1.05234e+07"). It is rounded to the law's.

    Nothing on order, review every period: what is served of D is min(D, S), as in the test of lost sales.
    """
    fields = {
        "demand": {"kind": "gamma", "mean": mean, "cv": cv},
        "lead_time": {"kind": "deterministic", "value": 0},
        "policy": {"kind": "base_stock", "S": level},
    }
    case = read(**fields)
    found = run_case(case, QUICK).estimates
    law = stats.gamma(cv**-2, scale=mean * cv**2)
    sold = mean * stats.gamma(cv**-2 + 1, scale=mean * cv**2).cdf(level) + level * law.sf(level)
    assert abs(found["fill"].z(float(sold / mean))) < 4
    assert abs(found["csl"].z(float(law.cdf(level)))) < 4
