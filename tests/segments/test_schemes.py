"""Schemes one by one: published numbers, definitions on small tables, invariance, refusals."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import linprog
from worlds.places import TESTS

from simlab.errors import InvalidInputError
from simlab.segments import SchemeInput, assign_input, known_schemes, random_like
from simlab.segments.criteria import best_scores, pareto_front, worst_scores
from simlab.segments.schemes.clusters import _points
from simlab.segments.schemes.edas import edas_parts, edas_scores
from simlab.segments.schemes.ng import ng_scores
from simlab.segments.schemes.zhou_fan import zhou_fan_scores

FLORES = pd.read_csv(TESTS / "published" / "flores47.csv", comment="#")


def catalogue(n=60, seed=1):
    """A made-up table with every column that some scheme needs."""
    rng = np.random.default_rng(seed)
    units, cost = rng.lognormal(4, 1.5, n).round(), rng.lognormal(2, 1, n).round(2)
    numbers = {
        "annual_units": units,
        "annual_value": units * cost,
        "unit_cost": cost,
        "price": cost * 1.5,
        "lines_per_unit": rng.uniform(0.3, 1, n),
        "cv": rng.uniform(0.1, 3, n),
        "holding_cost": cost * 0.2,
        "holding_rate": np.full(n, 0.2),
        "mean_demand": units / 52,
        "review_periods": np.ones(n),
        "mean_lead_time": rng.integers(1, 6, n).astype(float),
        "cv_lead_time": rng.uniform(0, 0.8, n),
        "adi": rng.uniform(1, 3, n),
        "cv2_size": rng.uniform(0, 1, n),
        "order_size": np.maximum(units / 12, 1),
    }
    texts = {"criticality": np.array(["A", "B", "C"] * n, dtype=object)[:n]}
    return SchemeInput(
        tuple(f"S{row:03d}" for row in range(n)),
        ("EAST", "WEST") * (n // 2) + ("EAST",) * (n % 2),
        numbers,
        texts,
    )


def take(data, rows):
    return replace(
        data,
        sku=tuple(data.sku[row] for row in rows),
        location=tuple(data.location[row] for row in rows),
        numbers={name: column[rows] for name, column in data.numbers.items()},
        texts={name: column[rows] for name, column in data.texts.items()},
    )


def labels(data, by, **options):
    seg = assign_input(data, by, options={by: options} if options else None)
    return [seg.names[code] for code in seg.codes]


RULES = ({"name": "dear", "where": "unit_cost > 8"}, {"name": "cheap", "where": "not unit_cost > 8"})
EVERY = sorted(set(known_schemes()) - {"rules"})


@pytest.mark.parametrize("name", [*EVERY, "rules"])
def test_every_scheme_is_invariant_to_row_order_and_says_its_rule(name):
    if name in ("kmeans", "hierarchical"):
        pytest.importorskip("sklearn")
    data = catalogue()
    order = np.random.default_rng(2).permutation(data.n_items)
    options = {"rules": {"rules": RULES}} if name == "rules" else {}
    straight = assign_input(data, name, options=options)
    mixed = assign_input(take(data, order), name, options=options)
    assert [mixed.names[code] for code in mixed.codes] == [
        straight.names[straight.codes[row]] for row in order
    ]
    assert straight.rule.startswith(name)
    assert straight.sizes.min() > 0


@pytest.mark.parametrize("name", EVERY)
def test_unknown_options_are_refused_by_every_scheme(name):
    with pytest.raises(InvalidInputError, match="no option"):
        labels(catalogue(), name, colour="red")


# -- published ---------------------------------------------------------------------------------------


def half_up(values, digits):
    step = Decimal(1).scaleb(-digits)
    return [Decimal(repr(float(value))).quantize(step, ROUND_HALF_UP) for value in values]


def test_edas_agrees_with_the_published_scores_to_the_printed_decimals():
    """The paper averages NSP and NSN as it prints them, with three decimals: all 47 scores agree."""
    table = FLORES[["unit_cost", "dollar_usage", "lead_time"]].to_numpy(dtype=float)
    good, bad = edas_parts(table, np.full(3, 1 / 3))
    pairs = zip(half_up(good, 3), half_up(bad, 3), strict=True)
    printed = half_up([(one + other) / 2 for one, other in pairs], 2)
    assert [float(score) for score in printed] == FLORES["edas"].tolist()


def test_edas_without_that_rounding_is_within_a_hair_of_the_printed_score():
    table = FLORES[["unit_cost", "dollar_usage", "lead_time"]].to_numpy(dtype=float)
    away = np.abs(edas_scores(table, np.full(3, 1 / 3)) - FLORES["edas"].to_numpy())
    assert away.max() < 0.0052
    assert (away > 0.005).sum() <= 2  # S11 and S36 lie at a rounding edge


def test_abc_by_dollar_usage_gives_the_published_classes():
    """The published classes hold 10, 14 and 23 items, ranked by dollar usage."""
    usage = FLORES["dollar_usage"].to_numpy(dtype=float)
    data = SchemeInput(tuple(FLORES["sku"]), ("X",) * 47, {"score": usage, "unit_cost": usage})
    found = labels(data, "hml", sizes=(10, 14, 23))
    assert found == FLORES["abc"].map({"A": "H", "B": "M", "C": "L"}).tolist()


def test_ng_on_the_benchmark_puts_the_largest_usage_first_and_stays_in_range():
    score = ng_scores(FLORES[["dollar_usage", "unit_cost", "lead_time"]].to_numpy(dtype=float))
    assert score[0] == 1.0
    assert score.min() >= 0
    assert score.max() == 1.0


# -- linear optimisation -----------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(float, st.tuples(st.integers(2, 12), st.integers(1, 3)), elements=st.integers(1, 9)))
def test_best_and_worst_scores_equal_the_linear_programs(table):
    ones = np.ones(table.shape[0])
    best = [-linprog(-row, A_ub=table, b_ub=ones).fun for row in table]
    worst = [linprog(row, A_ub=-table, b_ub=-ones).fun for row in table]
    np.testing.assert_allclose(best_scores(table), best, rtol=1e-7)
    np.testing.assert_allclose(worst_scores(table), worst, rtol=1e-7)


def test_long_fronts_fall_back_to_linear_programs_with_the_same_scores(monkeypatch):
    table = FLORES[["dollar_usage", "unit_cost", "lead_time"]].to_numpy(dtype=float)
    corners = best_scores(table), worst_scores(table)
    monkeypatch.setattr("simlab.segments.criteria._MOST_COMBINATIONS", 0)
    np.testing.assert_allclose(best_scores(table), corners[0], rtol=1e-7)
    np.testing.assert_allclose(worst_scores(table), corners[1], rtol=1e-7)


@pytest.mark.parametrize("most", [2_000_000, 0])
def test_the_least_favourable_weights_are_found_for_skewed_criteria_too(monkeypatch, most):
    """Small items beside one huge item: the common point of their planes must not be taken for none."""
    monkeypatch.setattr("simlab.segments.criteria._MOST_COMBINATIONS", most)
    table = np.array([[1e10, 1e10], [1, 2], [2, 1]])
    np.testing.assert_allclose(worst_scores(table), [2e10 / 3, 1, 1], rtol=1e-9)


def test_zhou_fan_score_lies_between_zero_and_one():
    score = zhou_fan_scores(FLORES[["dollar_usage", "unit_cost", "lead_time"]].to_numpy(dtype=float))
    assert 0 <= score.min() < score.max() <= 1


def test_the_front_holds_exactly_the_undominated_rows():
    front = pareto_front(np.array([[1, 3], [2, 2], [1, 2], [2, 2], [3, 1], [0, 0]], dtype=float))
    assert sorted(front.tolist()) == [[1, 3], [2, 2], [3, 1]]


# -- definitions -------------------------------------------------------------------------------------


def small(**columns):
    n = len(next(iter(columns.values())))
    numbers = {name: np.array(values, dtype=float) for name, values in columns.items()}
    return SchemeInput(tuple("abcdefgh"[:n]), ("X",) * n, numbers)


def test_fsn_goes_by_units_and_what_does_not_sell_is_n():
    assert labels(small(annual_units=[60, 20, 15, 5, 0]), "fsn") == ["F", "F", "S", "N", "N"]


def test_hml_by_share_and_by_threshold():
    data = small(unit_cost=[1, 2, 3, 4, 50])
    assert labels(data, "hml", sizes=(0.2, 0.4, 0.4)) == ["L", "L", "M", "M", "H"]
    assert labels(data, "hml", thresholds=(10, 3)) == ["L", "L", "M", "M", "H"]


def test_ved_takes_words_as_they_stand_and_cuts_numbers():
    assert labels(small(criticality=[1, 0.5, 0.01]), "ved") == ["V", "E", "D"]
    assert set(labels(catalogue(), "ved")) == {"A", "B", "C"}


def test_adi_cv2_gives_the_four_patterns():
    data = small(adi=[1.0, 1.0, 2.0, 2.0, np.nan], cv2_size=[0.4, 0.6, 0.4, 0.6, np.nan])
    assert labels(data, "adi_cv2") == ["smooth", "erratic", "intermittent", "lumpy", "lumpy"]


def test_equal_lead_times_stay_together():
    found = labels(small(mean_lead_time=[1, 1, 1, 1, 2, 5]), "lead_time_class")
    assert found[:4] == ["short"] * 4


def test_unreliable_suppliers_are_poor():
    assert labels(small(cv_lead_time=[0.1, 0.3, 0.9]), "supplier_reliability") == ["reliable", "fair", "poor"]


def test_tbs_follows_its_ratio_and_names_its_shortage_cost():
    data = small(
        annual_units=[100, 100, 100],
        holding_cost=[1, 1, 1],
        order_size=[10, 10, 10],
        shortage_cost=[1, 3, 2],
        unit_cost=[5, 6, 7],
    )
    seg = assign_input(data, "tbs", options={"tbs": {"sizes": (1, 1, 1)}})
    assert [seg.names[code] for code in seg.codes] == ["C", "A", "B"]
    assert "by shortage cost" in seg.rule
    cheap = assign_input(
        replace(data, numbers=dict(data.numbers) | {"price": data.numbers["unit_cost"] + 1}), "tbs"
    )
    assert "by shortage cost" in cheap.rule
    without = {name: column for name, column in data.numbers.items() if name != "shortage_cost"}
    more = dict(without) | {"annual_units": np.array([100.0, 200.0, 300.0])}
    plain = assign_input(replace(data, numbers=more), "tbs", options={"tbs": {"sizes": (1, 1, 1)}})
    assert "by service weight (units)" in plain.rule
    assert [plain.names[code] for code in plain.codes] == ["C", "B", "A"]


def test_zhs_prefers_cheap_to_hold_over_large_demand():
    data = small(annual_units=[100, 50], mean_lead_time=[2, 2], holding_cost=[2, 1])
    assert labels(data, "zhs", sizes=(1, 1)) == ["B", "A"]


def test_low_cost_first_puts_the_cheapest_in_a():
    assert labels(small(unit_cost=[3, 1, 2]), "low_cost_first", sizes=(1, 1, 1)) == ["C", "A", "B"]


def test_six_classes_have_the_published_sizes():
    data = catalogue(100)
    seg = assign_input(data, "tbs", options={"tbs": {"sizes": (0.04, 0.07, 0.10, 0.16, 0.25, 0.38)}})
    assert seg.sizes.tolist() == [4, 7, 10, 16, 25, 38]


def test_random_partitions_differ_by_seed_and_keep_their_sizes():
    data = catalogue()
    draws = {tuple(labels(data, "random", seed=seed)) for seed in range(20)}
    assert len(draws) == 20
    assert {tuple(sorted(draw)) for draw in draws} == {tuple("A" * 12 + "B" * 18 + "C" * 30)}


def test_controls_have_the_sizes_of_what_they_are_compared_with():
    data = catalogue()
    seg = assign_input(data, ["abc", "xyz"])
    draws = list(random_like(seg, data.sku, data.location))
    assert len(draws) == 20
    assert all(sorted(draw.sizes.tolist()) == sorted(seg.sizes.tolist()) for draw in draws)
    assert len({tuple(draw.codes.tolist()) for draw in draws}) == 20


def test_clusters_find_planted_groups_and_name_the_largest_first():
    pytest.importorskip("sklearn")
    size = np.repeat([1.0, 10.0, 1000.0], 2)
    data = small(annual_value=size + np.tile([0, 0.1], 3), unit_cost=size)
    for name in ("kmeans", "hierarchical"):
        found = labels(data, name, classes=3, attributes=("annual_value", "unit_cost"))
        assert found == ["K3", "K3", "K2", "K2", "K1", "K1"]


# -- bad input ---------------------------------------------------------------------------------------


def refusal(data, by, **options):
    with pytest.raises(InvalidInputError) as caught:
        labels(data, by, **options)
    return caught.value.problems[0]


def test_missing_constant_and_gappy_columns_are_named():
    data = catalogue()
    gaps = dict(data.numbers) | {"unit_cost": np.where(np.arange(60) < 2, np.nan, 1.0)}
    assert "2 of 60" in refusal(replace(data, numbers=gaps), "hml").message
    assert "'colour'" in refusal(data, "edas", criteria=("colour",)).message
    constant = replace(data, numbers=dict(data.numbers) | {"flat": np.ones(60)})
    assert "everywhere" in refusal(constant, "weighted_sum", criteria=("flat",)).message
    assert "constant" in refusal(constant, "kmeans", attributes=("flat",)).message


@pytest.mark.parametrize("name", ["low_cost_first", "hml", "tbs"])
def test_a_score_that_is_the_same_everywhere_is_refused(name):
    """Its classes would follow the names of the SKUs, and look like a scheme."""
    columns = ("unit_cost", "price", "annual_units", "holding_cost", "order_size")
    flat = replace(
        catalogue(), numbers=dict(catalogue().numbers) | {one: np.full(60, 3.0) for one in columns}
    )
    more = {"shortage": "cost"} if name == "tbs" else {}
    assert "everywhere" in refusal(flat, name, **more).message
    assert set(labels(flat, name, **more, thresholds=(2000.0, -2000.0))) <= set("HMLABC")


def test_more_classes_than_items_and_bad_sizes_are_refused():
    tiny = take(catalogue(), np.arange(2))
    assert refusal(tiny, "tbs").code == "E-SEG-012"
    assert refusal(tiny, "kmeans", classes=5).code == "E-SEG-012"
    assert refusal(catalogue(), "random", sizes=(0.5, 0.0)).code == "E-SEG-011"
    assert refusal(catalogue(), "tbs", thresholds=(1.0, 2.0)).code == "E-SEG-011"
    assert refusal(catalogue(), "edas", weights=(1.0, -1.0, 1.0)).code == "E-SEG-010"
    assert refusal(catalogue(), "random", seed=-1).code == "E-SEG-010"


def test_an_item_without_any_criterion_has_no_worst_score():
    data = small(annual_value=[0, 1, 2], unit_cost=[0, 1, 3], mean_lead_time=[0, 1, 1])
    assert refusal(data, "zhou_fan").code == "E-SEG-013"


def test_averages_over_all_items_have_the_same_bits_in_any_order():
    rng = np.random.default_rng(3)
    table, order = rng.lognormal(size=(1001, 3)), rng.permutation(1001)
    for straight, mixed in zip(
        edas_parts(table, np.full(3, 1 / 3)), edas_parts(table[order], np.full(3, 1 / 3)), strict=True
    ):
        assert (straight[order] == mixed).all()


def test_what_clusters_are_made_of_has_the_same_bits_in_any_order():
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(3)
    values, order = rng.lognormal(size=1001), rng.permutation(1001)
    sku = tuple(f"S{row:04d}" for row in range(1001))
    options = {"attributes": ("cv",), "classes": 3}
    straight = SchemeInput(sku, ("",) * 1001, {"cv": values}, options=options)
    mixed = SchemeInput(
        tuple(sku[row] for row in order), ("",) * 1001, {"cv": values[order]}, options=options
    )
    assert (_points(straight)[0] == _points(mixed)[0]).all()
