"""Capital over time: it starts at what is there, ends at the plan's mean, and buys what it says."""

import numpy as np
import pandas as pd
import pytest
from worlds.study import BASELINE, write_study

import simlab as sl
from simlab.api.finance.capital import _dip


@pytest.fixture(scope="module")
def opt(tmp_path_factory):
    changes = {
        "[optimize]": "[optimize]\ncosts = { capital_rate = 0.08 }",
        "replications = 30": "replications = 60",
    }
    data = sl.load(write_study(tmp_path_factory.mktemp("capital"), **changes))
    return sl.optimize(data, sl.segment(data), fill_rate=0.93)


def test_the_stock_record_is_where_it_begins_and_the_plan_where_it_ends(opt):
    items = pd.read_csv(BASELINE / "items.csv")
    found = opt.capital
    assert found.from_record
    assert found.start == pytest.approx((items["on_hand"] * items["unit_cost"]).sum())
    assert found.end == pytest.approx(opt.scores("segmented").inventory_value.value, rel=0.1)
    frame = found.to_frame()
    assert (frame["inventory_value_low"] <= frame["inventory_value"]).all()
    assert (frame["inventory_value"] <= frame["inventory_value_high"]).all()
    assert len(frame) == 60


def test_stock_and_pipeline_change_by_what_is_bought_less_what_is_sold(opt):
    """Purchases less demand at cost move the position; nothing else does (backorders)."""
    frame = opt.capital.to_frame()
    position = frame["inventory_value"] + frame["on_order_value"]
    assert frame["purchases"].sum() > 0
    assert opt.capital.peak >= position.max() * (1 - 1e-9)
    assert opt.capital.peak_p95 >= opt.capital.peak
    years = 60 / 365
    assert opt.capital.capital_cost == pytest.approx(0.08 * years * position.mean())


def test_without_a_record_it_begins_where_the_habit_stands(tmp_path):
    path = write_study(tmp_path)
    items = pd.read_csv(tmp_path / "items.csv", dtype=str).drop(columns="on_hand")
    items.to_csv(tmp_path / "items.csv", index=False)
    data = sl.load(path)
    opt = sl.optimize(data, sl.segment(data), fill_rate=0.93)
    assert not opt.capital.from_record
    first = opt.capital.to_frame()["inventory_value"].iloc[0]
    assert first == pytest.approx(opt.scores("habit").inventory_value.value, rel=0.35)
    assert any("no stock record" in line for line in opt.capital.statements())
    assert np.isnan(opt.capital.capital_cost)


def test_a_day_that_is_always_lower_before_a_review_is_no_dip():
    """Every seventh day serves less, for ever; a dip lies below what such days reach at the end."""
    rng = np.random.default_rng(4)
    asked = rng.poisson(400, (60, 84)).astype(float)
    rate = np.where(np.arange(84) % 7 == 6, 0.90, 0.97)
    served = rng.binomial(asked.astype(int), rate).astype(float)
    assert _dip(served, asked) is None
    served[:, 20] = rng.binomial(asked[:, 20].astype(int), 0.8)
    at, fill = _dip(served, asked)
    assert at == 20
    assert fill == pytest.approx(0.8, abs=0.01)
    assert _dip(served, asked, 0.78) is None  # today serves less still
