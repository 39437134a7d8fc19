"""Targets and limits of groups whose SKU-locations were all left out without history: said, not refused."""

from __future__ import annotations

import pandas as pd
import pytest

import simlab as sl
from simlab.api.data.assumptions import without_effect
from simlab.api.requirements.constraints import constraints
from simlab.errors import InvalidInputError


def load(category: str = "C", **study: object) -> sl.Data:
    items = pd.DataFrame(
        {
            "sku": ["a", "b", "new"],
            "location": "X",
            "unit_cost": 2.0,
            "lead_time": 3,
            "category": ["A", "B", category],
        }
    )
    days = pd.date_range("2024-01-01", periods=60).strftime("%Y-%m-%d")
    rows = [{"sku": sku, "location": "X", "date": day, "quantity": 2} for sku in "ab" for day in days]
    asked = {"study": {"period": "day"}, "segments": {"by": ["category"]}, "policy": {"review_period": 1}}
    return sl.load_frames(items, pd.DataFrame(rows), study=asked | study)


def test_targets_of_a_group_left_out_stay_in_the_study() -> None:
    """C has one SKU-location, which never sold: A and B are planned, and that C waits is said."""
    targets = {"A": 0.98, "B": 0.95, "C": 0.9}
    data = load(policy={"review_period": 1, "targets": targets})
    segments = sl.segment(data)
    assert segments.resolve(targets, "policy.targets") == (0.98, 0.95)
    assert [line for line in without_effect(data) if line.startswith("policy.targets of C has no effect")]


def test_floors_and_ceilings_of_it_too() -> None:
    optimize = {
        "floors": [{"measure": "fill_rate", "by": "category", "at_least": {"A": 0.9, "C": 0.9}}],
        "ceilings": [{"measure": "inventory_value", "by": "category", "at_most": {"C": 100.0}}],
    }
    data = load(optimize=optimize)
    rules = constraints(data, sl.segment(data), data.study.targets())
    assert rules.floors[0][0].at_least == {"A": 0.9}
    assert rules.on_means["ceilings"][0][0].at_most == {}
    assert sum("has no effect until there is demand" in line for line in without_effect(data)) == 2


def test_a_name_that_no_item_ever_had_is_still_refused() -> None:
    targets = {"A": 0.98, "B": 0.95, "D": 0.9}
    data = load(policy={"review_period": 1, "targets": targets})
    with pytest.raises(InvalidInputError, match="'D' names no segment"):
        sl.segment(data).resolve(targets, "policy.targets")
    assert not [line for line in without_effect(load("B")) if "until there is demand" in line]
