"""Files of exact cases: what is accepted, and what is refused with every reason at once."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from simlab.errors import InvalidInputError
from simlab.selfcheck.cases_schema import Case, LeadTime, parse_cases, published_cases, read_cases
from simlab.selfcheck.cases_world import exact_pmf, set_up

GOOD: dict[str, object] = {
    "id": "mine",
    "kind": "evaluate",
    "demand": {"kind": "poisson", "mean": 5},
    "lead_time": {"kind": "deterministic", "value": 2},
    "policy": {"kind": "base_stock", "S": 18},
}


def parse(*entries: object) -> tuple[Case, ...]:
    return parse_cases(json.dumps(entries), "cases.json")


def refused(*entries: object) -> str:
    with pytest.raises(InvalidInputError) as error:
        parse(*entries)
    return str(error.value)


def test_published_cases_have_sources() -> None:
    cases = published_cases()
    assert {case.kind for case in cases} == {
        "evaluate",
        "finite_horizon",
        "transient",
        "optimise_sS",
        "ci_calibration",
    } - {"transient"}
    assert all(case.source for case in cases)
    assert not {"fill_naive", "mean_ratio_fill"} & {name for case in cases for name in case.exact}


def test_defaults() -> None:
    """What may be left out: review 1, backorders, the event order of simlab, values."""
    case = parse(GOOD)[0]
    assert (case.review, case.lost, dict(case.exact)) == (1, False, {})
    assert parse(GOOD | {"metrics": {"fill": None}})[0].exact == {"fill": None}
    assert parse(GOOD | {"metrics": ["fill"]})[0].exact == {"fill": None}


def test_every_demand_of_the_schema() -> None:
    laws = [
        {"kind": "poisson", "mean": 4},
        {"kind": "negbin", "mean": 4, "var": 12},
        {"kind": "geometric0", "mean": 4},
        {"kind": "pmf", "pmf": {"0": 0.5, "8": 0.5}},
        {"kind": "gamma", "mean": 4, "cv": 0.5},
        {"kind": "normal", "mean": 4, "sd": 0.5},
        {"kind": "normal_rounded", "mean": 4, "sd": 1},
    ]
    cases = parse(*(GOOD | {"id": str(i), "demand": law} for i, law in enumerate(laws)))
    assert [case.demand.variance for case in cases] == [4, 12, 20, 16, 4, 0.25, 1]
    assert {case.demand.mean for case in cases} == {4}


@pytest.mark.parametrize(
    "law",
    [
        {"kind": "poisson", "mean": 4},
        {"kind": "negbin", "mean": 4, "var": 12},
        {"kind": "geometric0", "mean": 4},
        {"kind": "normal_rounded", "mean": 40, "sd": 5},
    ],
)
def test_exact_probabilities_have_the_moments(law: dict[str, object]) -> None:
    demand = parse(GOOD | {"demand": law})[0].demand
    shares = exact_pmf(demand)
    points = np.arange(shares.size)
    mean = points @ shares
    assert mean == pytest.approx(demand.mean, rel=1e-9)
    sheppard = 1 / 12 if demand.kind == "normal_rounded" else 0.0
    assert points**2 @ shares - mean**2 == pytest.approx(demand.variance + sheppard, rel=1e-9)


def test_lead_times() -> None:
    kinds = [
        {"kind": "iid", "crossing": True, "pmf": {"3": 0.5, "1": 0.5}},
        {"kind": "iid", "crossing": False, "pmf": {"1": 0.5, "3": 0.5}},
        {"kind": "iid_maxrule", "crossing": False, "pmf": {"1": 0.5, "3": 0.5}},
        {"kind": "iid_maxrule", "pmf": {"1": 0.5, "3": 0.5}},
    ]
    cases = parse(*(GOOD | {"id": str(i), "lead_time": lead} for i, lead in enumerate(kinds)))
    points = ((1, 0.5), (3, 0.5))
    assert [case.lead_time for case in cases] == [LeadTime(points, i == 0) for i in range(4)]


def test_fractions_become_steps() -> None:
    """Levels and demands of half a unit are simulated in half units."""
    setup = set_up(
        parse(
            GOOD
            | {
                "demand": {"kind": "pmf", "pmf": {"0.5": 0.4, "2": 0.6}},
                "policy": {"kind": "sS", "s": 1.25, "S": 9},
            }
        )[0]
    )
    assert (setup.scale, setup.s, setup.S) == (4, 5, 36)
    assert setup.world.demand.values.tolist() == [2, 8]


def test_continuous_laws_are_fine_grained() -> None:
    """Thousands of steps to the standard deviation, and levels on a step."""
    for law in ({"kind": "gamma", "mean": 10, "cv": 2}, {"kind": "normal", "mean": 1e6, "sd": 2e5}):
        setup = set_up(parse(GOOD | {"demand": law, "policy": {"kind": "base_stock", "S": 60.25}})[0])
        sd = float(np.sqrt(setup.world.demand.variance[0]))
        assert sd >= 1000 or setup.scale == 4
        assert 60.25 * setup.scale == setup.S
        assert setup.note


@pytest.mark.parametrize(
    "initial",
    [
        "on hand = S",
        "on hand = S, nothing on order",
        "nothing on order, on_hand = S",
        "full shelf",
        "S",
        {},
        None,
    ],
)
def test_starts_from_a_full_shelf(initial: object) -> None:
    case = parse(GOOD | {"kind": "transient", "horizon": 52, "initial": initial})[0]
    assert case.start is None


def test_other_starts_are_read() -> None:
    words = ("on_hand = 7, nothing on order", "on hand = 7; on_order = 0", "7 on hand and nothing owed")
    for initial in (7, "7", "on hand = 7", {"on_hand": 7}, *words):
        assert parse(GOOD | {"kind": "transient", "horizon": 52, "initial": initial})[0].start == Fraction(7)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "simulate"}, "mine.kind: 'simulate' is not known"),
        ({"event_order": "ADOC"}, "mine.event_order"),
        ({"unmet": "partial"}, "mine.unmet"),
        ({"review": 0}, "mine.review: 0 is no whole number of at least 1"),
        ({"review": 1.5}, "mine.review"),
        ({"demand": {"kind": "weibull", "mean": 5}}, "mine.demand.kind: 'weibull' is not known"),
        ({"demand": {"kind": "poisson", "mean": -1}}, "mine.demand.mean"),
        ({"demand": {"kind": "poisson"}}, "mine.demand.mean: missing"),
        ({"demand": {"kind": "negbin", "mean": 4, "var": 4}}, "needs var > mean"),
        ({"demand": {"kind": "gamma", "mean": 4, "cv": 0}}, "mine.demand.cv"),
        ({"demand": {"kind": "pmf", "pmf": {"0": 0.5, "1": 0.4}}}, "the probabilities sum to 0.9"),
        ({"demand": {"kind": "pmf", "pmf": {"-1": 1.0}}}, "-1: 1.0 is no probability of a value ≥ 0"),
        ({"lead_time": {"kind": "deterministic", "value": 1.5}}, "mine.lead_time.value"),
        ({"lead_time": {"kind": "iid", "pmf": {"1": 0.5, "3": 0.5}}}, "say true or false"),
        ({"lead_time": {"kind": "iid_maxrule", "pmf": {"1.5": 1.0}}}, "3/2 is no whole number of periods"),
        ({"policy": {"kind": "sS", "s": 5, "S": 5}}, "s must lie below S"),
        ({"policy": {"kind": "nQ", "s": 5, "Q": 0}}, "mine.policy.Q"),
        ({"policy": {"kind": "base_stock", "S": "many"}}, "mine.policy.S: 'many' is no number"),
        ({"kind": "finite_horizon"}, "mine.horizon: missing"),
        ({"kind": "transient", "horizon": 5, "initial": {"on_order": 3}}, "nothing on order"),
        ({"kind": "transient", "horizon": 5, "initial": "on hand = S, on order = 3"}, "nothing on order"),
        ({"kind": "transient", "horizon": 5, "initial": "on_hand = 4, on_order = 3"}, "nothing on order"),
        ({"kind": "transient", "horizon": 5, "initial": "on hand = S + 2"}, "mine.initial: 'S + 2'"),
        ({"kind": "optimise_sS"}, "mine.costs: missing"),
        ({"costs": {"h": 1}}, "mine.costs.p: missing"),
        ({"metrics": {"fill": "high"}}, "mine.metrics.fill: 'high' is no number"),
        ({"metrics": {"fill": 10**400}}, "mine.metrics.fill: numbers up to 1e+18"),
        ({"demand": {"kind": "poisson", "mean": 10**400}}, "mine.demand.mean: numbers up to"),
        ({"policy": {"kind": "base_stock", "S": 10**400}}, "mine.policy.S: numbers up to"),
        ({"policy": {"kind": "base_stock", "S": "1e999999999"}}, "mine.policy.S: '1e999999999'"),
        ({"review": 1e300}, "mine.review: numbers up to"),
        ({"metrics": {"fill": float("nan")}}, "mine.metrics.fill: nan is no number"),
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, object], words: str) -> None:
    assert words in refused(GOOD | fields)


def test_numbers_that_floats_cannot_hold_are_the_nearest_of_a_million() -> None:
    """0.1 + 0.2 must not make a lattice of 10^17 steps to the unit."""
    case = parse(GOOD | {"policy": {"kind": "base_stock", "S": 0.1 + 0.2}})[0]
    assert case.rule is not None
    assert Fraction(3, 10) == case.rule.S


def test_all_problems_come_at_once() -> None:
    text = refused(GOOD, GOOD | {"id": "b", "review": -1}, GOOD, {"id": "c"})
    assert "mine.id: this id occurs twice" in text
    assert "b.review" in text
    assert "c.kind: missing" in text
    assert "3 problems" in text


@pytest.mark.parametrize("text", ["", "{", "{}", "[1]", '"x"', "[" * 100_000, "[" + "9" * 5_000 + "]"])
def test_what_is_no_list_of_cases_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    path.write_text(text, "utf-8")
    with pytest.raises(InvalidInputError, match="E-CAS-001"):
        read_cases(path)


def test_a_missing_file_is_a_problem_of_the_input(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"cannot be read: No such file"):
        read_cases(tmp_path / "none.json")
