"""Classes do not depend on names or rounding: equal items at a cut, grades, one variation everywhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.errors import InvalidInputError


def classes(by: str, n: int, options: dict[str, object] | None = None, **columns: object) -> list[str]:
    frame = {"sku": [f"s{k:03d}" for k in range(n)], "location": "X", "unit_cost": 10.0, "lead_time": 1}
    law = {"demand_law": "poisson", "demand_mean": 1.0, "supplier": "S"}
    study = {"study": {"period": "week"}, "data": {"time_unit": "periods"}}
    study["segments"] = {"by": [by], **({by: options} if options else {})}
    segmentation = sl.segment(sl.load_frames(pd.DataFrame(frame | law | columns), study=study))
    return [str(name) for name in np.array(segmentation.names)[segmentation.codes]]


@pytest.mark.parametrize("column", ["criticality", "grade"])
def test_grades_are_cut_where_the_study_says(column: str) -> None:
    """Found: numbers in `criticality` were read as words, and the cuts ignored."""
    got = classes("ved", 5, {"cuts": [2, 4], "column": column}, **{column: [1, 2, 3, 4, 5]})
    assert got == ["D", "D", "E", "E", "V"]


@pytest.mark.parametrize(
    ("cuts", "grades", "right"),
    [
        ([1.5, 7.25], [9, 1.5, 0.5, 7.25, 2], "VDDEE"),
        ([0.05, 0.1], [0.01, 0.05, 0.07, 0.1, 0.2], "DDEEV"),
        ([200, 3000], [3001, 200, 10, 201, 3000], "VDDEE"),
    ],
)
def test_other_grades_belong_below_the_cut_that_they_reach(cuts, grades, right) -> None:
    """Parts of a grade, hundredths and thousands, in no order: D at most the first cut, V above both."""
    assert "".join(classes("ved", 5, {"cuts": cuts}, criticality=grades)) == right


def test_shares_are_cut_at_thirds_and_grades_stay_grades() -> None:
    """Without cuts; words as they stand, and cuts of words are refused."""
    assert classes("ved", 3, criticality=[0.2, 0.5, 0.9]) == ["D", "E", "V"]
    assert classes("ved", 3, criticality=[1, 2, 5]) == ["1", "2", "5"]
    assert classes("ved", 3, criticality=["V", "E", "D"]) == ["V", "E", "D"]
    with pytest.raises(InvalidInputError, match="cuts need numbers"):
        classes("ved", 3, {"cuts": [2, 4]}, criticality=["1", "2", "high"])


@pytest.mark.parametrize(("n", "a", "b"), [(5, 4, 5), (10, 8, 10), (15, 12, 15), (40, 32, 38), (60, 48, 57)])
@pytest.mark.parametrize("cost", [10.0, 0.1, 3.3])
def test_equal_items_stop_at_the_cut(n: int, a: int, b: int, cost: float) -> None:
    """A ends with the item that reaches 80 %: exactly 0.8 n of n equal items, B with 0.95 n rounded up."""
    assert a == 0.8 * n
    got = classes("abc", n, unit_cost=cost)
    assert got.count("A") == a
    assert got.count("A") + got.count("B") == b


def test_one_item_more_than_the_cut_still_belongs_above_it() -> None:
    """Four items of 79, 11, 6 and 4 %: the second carries A past 80 %, the third B past 95 %."""
    assert classes("abc", 4, unit_cost=[79.0, 11.0, 6.0, 4.0]) == ["A", "A", "B", "C"]


def test_terciles_of_one_variation_are_refused() -> None:
    """Found: thirds in the order of SKU names. With two values there is something to rank."""
    with pytest.raises(InvalidInputError, match="coefficient of variation: 1 everywhere"):
        classes("xyz", 6, {"cuts": "terciles"})
    assert classes("xyz", 3, {"cuts": "terciles"}, demand_mean=[4.0, 1.0, 2.0]) == ["X", "Z", "Y"]


@pytest.mark.parametrize(
    ("n", "law"),
    [
        (9, {"demand_mean": 4.0, "demand_variance": 8.0}),
        (4, {"demand_mean": [10.0, 20.0, 30.0, 70.0], "demand_variance": [50.0, 200.0, 450.0, 2450.0]}),
        (7, {"demand_mean": 0.3, "demand_variance": 0.7, "unit_cost": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]}),
    ],
    ids=["alike", "means that differ", "slow movers of other costs"],
)
def test_one_variation_is_refused_under_other_laws_and_means(n, law) -> None:
    """Variance = half the squared mean: a variation of 0.7071 whatever the mean, up to the last bit."""
    with pytest.raises(InvalidInputError, match=r"coefficient of variation: .* everywhere"):
        classes("xyz", n, {"cuts": "terciles"}, demand_law="negative_binomial", **law)
