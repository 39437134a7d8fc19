"""Segments: ABC, XYZ, columns and products, the same whatever the row order, refusals in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlab.errors import InvalidInputError, UsageError
from simlab.segments import Classes, SchemeInput, assign_input, known_schemes
from simlab.segments.classes import by_share, by_size, ranked
from simlab.segments.scheme import scheme


def table(values, cv=None, **columns):
    n = len(values)
    numbers = {
        "annual_value": np.array(values, dtype=float),
        "annual_units": np.array(values, dtype=float),
        "cv": np.array(cv if cv is not None else np.linspace(0.1, 2.0, n), dtype=float),
    }
    texts = {name: np.array(column, dtype=object) for name, column in columns.items()}
    return SchemeInput(tuple(f"S{i:03d}" for i in range(n)), ("EAST",) * n, numbers, texts)


def shuffled(data, order):
    return replace(
        data,
        sku=tuple(data.sku[i] for i in order),
        location=tuple(data.location[i] for i in order),
        numbers={name: column[order] for name, column in data.numbers.items()},
        texts={name: column[order] for name, column in data.texts.items()},
    )


def labels(segmentation):
    return [segmentation.names[code] for code in segmentation.codes]


def problems(call):
    with pytest.raises(InvalidInputError) as caught:
        call()
    return caught.value.problems


def test_item_that_crosses_a_cut_stays_above_it_and_zero_value_is_last():
    seg = assign_input(table([50, 30, 10, 6, 4, 0]), "abc")
    assert labels(seg) == ["A", "A", "B", "B", "C", "C"]  # 80 % before the third: it is B


def test_one_dominant_item_is_a():
    assert labels(assign_input(table([99, 1, 0]), "abc")) == ["A", "C", "C"]


def test_no_value_anywhere_makes_one_last_class():
    assert assign_input(table([0, 0]), "abc").names == ("C",)


def test_ties_at_a_cut_go_by_sku():
    seg = assign_input(table([10] * 10), "abc")
    assert labels(seg) == ["A"] * 8 + ["B"] * 2


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=40),
    st.randoms(use_true_random=False),
    st.sampled_from(["abc", "xyz", ("abc", "xyz")]),
)
def test_row_order_does_not_matter_even_with_ties(values, random, by):
    data = table([value * 0.1 for value in values], cv=[value / 3 for value in values])
    order = list(range(len(values)))
    random.shuffle(order)
    straight = assign_input(data, by)
    mixed = assign_input(shuffled(data, np.array(order)), by)
    assert labels(mixed) == [labels(straight)[i] for i in order]


def test_xyz_cuts_include_their_bound_and_no_demand_is_z():
    seg = assign_input(table([1] * 5, cv=[0.5, 0.50001, 1.0, 1.1, np.nan]), "xyz")
    assert labels(seg) == ["X", "Y", "Y", "Z", "Z"]


def test_xyz_terciles_put_a_third_in_each_class():
    seg = assign_input(table(range(1, 31)), "xyz", options={"xyz": {"cuts": "terciles"}})
    assert seg.sizes.tolist() == [10, 10, 10]


def test_product_has_only_segments_that_hold_an_item():
    seg = assign_input(table([70, 15, 10, 5], cv=[0.1, 0.1, 2, 2]), ["abc", "xyz"])
    assert seg.names == ("A-X", "B-Z", "C-Z")
    assert seg.attributes == (("A", "X"), ("B", "Z"), ("C", "Z"))
    assert seg.sizes.sum() == 4
    assert seg.rule.count("\n") == 1


def test_a_column_segments_by_its_values():
    seg = assign_input(table([1, 2, 3], category=["tv", "audio", "tv"]), "category")
    assert labels(seg) == ["tv", "audio", "tv"]


def test_a_column_that_is_the_same_everywhere_makes_one_class():
    """A segment code of an ERP that has one value: no reason to stop, and the rule says so."""
    seg = assign_input(table([1, 2, 3], city=["x", "x", "x"]), "city")
    assert labels(seg) == ["x", "x", "x"]
    assert "'x' everywhere" in seg.rule
    both = assign_input(table([90, 5, 5], city=["x", "x", "x"]), ["city", "abc"])
    assert both.names == ("x-A", "x-B", "x-C")
    assert labels(assign_input(table([1, 2], criticality=["V", "V"]), "ved")) == ["V", "V"]


def test_scheme_name_wins_over_a_column_and_column_forces_it():
    data = table([90, 10], abc=["gold", "tin"])
    assert assign_input(data, "abc").names == ("A", "B")
    assert assign_input(data, "column:abc").names == ("gold", "tin")


def test_bad_columns_are_refused_together_with_count_and_first_sku():
    data = table([1, 2, 3], city=["x", "x", "x"], brand=["b", None, ""])
    found = problems(lambda: assign_input(data, ["city", "brand", "colour", "abd"]))
    text = "\n".join(problem.format() for problem in found)
    assert [problem.code for problem in found] == ["E-SEG-002", "E-SEG-004", "E-SEG-004"]
    assert "2 of 3" in text
    assert "S001@EAST" in text
    assert "did you mean 'abc'" in text


def test_margin_needs_a_price():
    assert "'price'" in problems(lambda: assign_input(table([1, 2]), "abc_margin"))[0].message


@pytest.mark.parametrize(
    "cuts", [(0.95, 0.8), (0.8, 0.8), (0.0, 0.5), (0.5, 1.0), (), "many", (0.5, float("nan"))]
)
def test_bad_cuts_are_refused(cuts):
    assert problems(lambda: assign_input(table([1, 2]), "abc", options={"abc": {"cuts": cuts}}))


def test_unknown_option_is_refused():
    assert (
        problems(lambda: assign_input(table([1]), "abc", options={"abc": {"cut": (0.5,)}}))[0].code
        == "E-SEG-010"
    )


def test_more_classes_than_items_is_refused():
    found = problems(lambda: assign_input(table([1, 2]), "xyz", options={"xyz": {"cuts": "terciles"}}))
    assert found[0].code == "E-SEG-012"


def test_nothing_to_segment_by_is_a_usage_error():
    with pytest.raises(UsageError):
        assign_input(table([1]), [])


def test_resolve_takes_segments_and_attribute_values():
    seg = assign_input(table([70, 15, 10, 5], cv=[0.1, 0.1, 2, 2]), ["abc", "xyz"])
    assert seg.resolve({"A-X": 1, "B": 2, "C": 3}, "t") == (1, 2, 3)
    assert seg.resolve({"X": 1, "Z": 2}, "t") == (1, 2, 2)
    assert seg.resolve({"X": 1, "Z": 2, "A-Y": 9, "Y": 5}, "t") == (1, 2, 2)  # empty, yet legal


def test_resolve_refuses_missing_twice_named_unknown_all_at_once():
    seg = assign_input(table([70, 15, 10, 5], cv=[0.1, 0.1, 2, 2]), ["abc", "xyz"])
    found = problems(lambda: seg.resolve({"A": 1, "A-X": 2, "D": 3, "B": 4}, "policy.targets"))
    assert {problem.code for problem in found} == {"E-SEG-020", "E-SEG-021", "E-SEG-022"}
    assert all(problem.column == "policy.targets" for problem in found)


def test_resolve_refuses_a_value_two_attributes_share():
    seg = assign_input(table([90, 10], grade=["A", "B"]), ["abc", "grade"])
    assert problems(lambda: seg.resolve({"A": 1, "B": 2}, "t"))[0].code == "E-SEG-023"
    assert seg.resolve({"A-A": 1, "B-B": 2}, "t") == (1, 2)


def test_two_combinations_with_one_name_are_refused():
    data = table([1, 2], first=["a", "a-b"], second=["b-c", "c"])
    assert problems(lambda: assign_input(data, ["first", "second"]))[0].code == "E-SEG-024"


def test_by_size_rounds_half_up_and_covers_everybody():
    assert by_size(np.arange(10), (0.2, 0.3, 0.5)).tolist() == [0] * 2 + [1] * 3 + [2] * 5
    assert by_size(np.arange(1), (0.5, 0.5)).tolist() == [0]


def test_ranked_puts_missing_last():
    assert ranked(np.array([np.nan, 1.0, 2.0]), list("abc"), list("xxx")).tolist() == [2, 1, 0]


def test_negative_weights_count_as_zero():
    assert by_share(np.array([-5.0, 1.0]), np.array([1, 0]), (0.5,)).tolist() == [1, 0]


def test_every_scheme_says_what_it_is_and_where_it_comes_from():
    for known in known_schemes().values():
        assert known.source
        assert known.summary.endswith(".")


def test_a_name_cannot_be_taken_twice():
    with pytest.raises(UsageError, match="abc"):

        @scheme("abc", source="practice")
        def other(data: SchemeInput) -> Classes:
            """Never reached."""
            raise AssertionError


def test_segmentation_as_a_frame():
    data = table([90, 10], category=["a", "b"])
    frame = assign_input(data, ["abc", "column:category"]).to_frame(data)
    assert frame.to_dict("list") == {
        "sku": ["S000", "S001"],
        "location": ["EAST", "EAST"],
        "segment": ["A-a", "B-b"],
        "abc": ["A", "B"],
        "item_category": ["a", "b"],
    }


def test_a_thousand_segments_work_and_more_are_refused_with_their_number():
    n = 1001
    sku = tuple(f"S{row:04d}" for row in range(n))
    shop = SchemeInput(sku, ("X",) * n, {}, {"bin": np.array(sku, dtype=object)})
    fewer = SchemeInput(sku[1:], ("X",) * (n - 1), {}, {"bin": np.array(sku[1:], dtype=object)})
    assert assign_input(fewer, "bin").n_segments == 1000
    with pytest.raises(InvalidInputError, match="1001 values, at most 1000 segments"):
        assign_input(shop, "bin")
