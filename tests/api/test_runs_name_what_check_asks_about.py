"""What `check` would ask a planner to look at first stands on the first screen of a run, too."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.api.output.writing import looks_first
from simlab.api.remarks.remarks import inputs_to_look_at
from simlab.run.statements import Statement

MONTHS = pd.date_range("2021-01-01", periods=48, freq="MS").strftime("%Y-%m-%d")


def loaded(means: list[float], **columns) -> sl.Data:
    """Four SKUs with these monthly means, no lead time from receipts."""
    rng = np.random.default_rng(5)
    sales = pd.DataFrame(
        {
            "sku": np.repeat(list("ABCD"), len(MONTHS)),
            "location": "X",
            "date": np.tile(MONTHS, 4),
            "quantity": rng.poisson(np.tile(means, 4)),
        }
    )
    items = pd.DataFrame(
        {"sku": list("ABCD"), "location": "X", "unit_cost": 10.0, "lead_time": 30.0, **columns}
    )
    study = {
        "study": {"period": "month"},
        "models": {"memory": "all"},
        "segments": {"by": ["abc"]},
        "simulation": {"replications": 20},
        "optimize": {"fill_rate": 0.95},
        "run": {"workers": 1},
    }
    return sl.load_frames(items, demand=sales, study=study)


def test_steady_demand_without_slips_says_nothing() -> None:
    assert inputs_to_look_at(loaded([100.0] * 48)) == ()


def test_demand_that_fell_to_a_third_is_named_with_its_size() -> None:
    """100 a month for three years, 30 for one: laws of 48 months expect 82.5, 2.75 times the last year."""
    (said,) = inputs_to_look_at(loaded([100.0] * 36 + [30.0] * 12))
    assert said.group == "look"
    assert said.title.startswith("check names 1 thing first: laws expect +1")
    percent = int(said.title.split("+")[1].split("%")[0])
    assert percent == pytest.approx(175, abs=8)
    assert "against the last 12 months" in said.title


def test_several_slips_are_named_the_most_costly_first() -> None:
    data = loaded([100.0] * 48, on_hand=[50_000.0, 100, 100, 100], max_order=[np.nan, np.nan, np.nan, 0])
    (said,) = inputs_to_look_at(data)
    assert said.title.startswith("check names 2 things first: years of on_hand, max_order = 0")
    assert "A@X 50,000" in said.text
    served = float(said.text.split("serves more than ")[1].split("% of value (optimize.fill_rate = 0.95)")[0])
    assert served == pytest.approx(75, abs=1)  # three of four that sell alike


def test_items_left_out_are_one_thing_to_look_at_not_two() -> None:
    """Their stock is told among dead stock."""
    items = pd.DataFrame(
        {"sku": [*"ABCDE"], "location": "X", "unit_cost": 10.0, "lead_time": 30.0, "on_hand": 50}
    )
    study = {"study": {"period": "month"}, "models": {"memory": "all"}}
    sales = pd.DataFrame({"sku": "A", "location": "X", "date": MONTHS, "quantity": 100})
    sales = pd.concat([sales.assign(sku=sku) for sku in "ABCD"])
    data = sl.load_frames(items, demand=sales, study=study)
    (said,) = inputs_to_look_at(data)
    assert said.title == "check names 1 thing first: dead stock"


def test_what_inputs_ask_comes_before_what_the_plan_does() -> None:
    decided = (
        Statement("good", "Less stock.", "", "headline", "headline"),
        Statement("open", "x", "", "dip", "look"),
    )
    asked = (Statement("open", "check names", "", "inputs", "look"),)
    assert [one.key for one in looks_first(decided, asked)] == ["headline", "inputs", "dip"]
    assert [one.key for one in looks_first(decided[:1], asked)] == ["headline", "inputs"]


def test_an_optimised_run_names_it(tmp_path) -> None:
    data = loaded([100.0] * 36 + [30.0] * 12)
    opt = sl.optimize(data, sl.segment(data), fill_rate=0.95)
    folder = opt.save(tmp_path / "run")
    told = pd.read_parquet(folder / "results" / "statements.parquet")
    looks = told[told["group"] == "look"]
    assert looks["title"].iloc[0].startswith("check names 1 thing first: laws expect +")
