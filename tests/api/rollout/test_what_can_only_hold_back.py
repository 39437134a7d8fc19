"""The way from today and the replay of the real last periods add hold-backs, and never a go."""

import numpy as np
import pandas as pd
import pytest
from worlds.gates import base_stock_data, plan_file
from worlds.study import STUDY, write_study

import simlab as sl
from simlab.api.rollout.settle import ON_THE_WAY, REPLAYED, below_replay_limit, hold_back
from simlab.api.rollout.sides import Proposed
from simlab.engine.world.levels import Levels
from simlab.verdict.gate.decisions import in_words, no_reasons

N = 8


def test_a_dip_on_the_way_from_today_holds_back(tmp_path):
    """As good as planned in the long run, but today's shelf is nearly empty and lots of 60 come late."""
    data = base_stock_data(N, [30] * N, on_hand=6, on_order=0, tolerance=0.002)
    plan = plan_file(
        tmp_path,
        data,
        [65] * N,
        family="reorder_quantity",
        reorder_point=5,
        order_quantity=60,
        stock_value=900.0,
    )
    found = sl.gate(data, proposed=plan, release=["(all)"])
    assert found.table["reason"].str.contains(ON_THE_WAY).all()
    assert found.go.empty
    full = base_stock_data(N, [30] * N, on_hand=60, on_order=0, tolerance=0.002)
    assert not sl.gate(full, proposed=plan, release=["(all)"]).table["reason"].str.contains(ON_THE_WAY).any()


def test_nothing_is_said_of_the_way_where_today_is_not_known(tmp_path):
    data = base_stock_data(N, [9] * N)
    found = sl.gate(data, proposed=plan_file(tmp_path, data, [9] * N))
    assert any("way from today is not judged" in line for line in found.statements)


def test_hold_backs_keep_their_first_reasons_and_spare_what_does_not_change():
    decision = np.array(["go", "hold back", "unchanged", "undecided"], dtype=object)
    reasons = no_reasons(4)
    reasons[1], reasons[3] = ("serves less",), ("serves less",)
    hold_back(decision, reasons, np.ones(4, np.bool_), "why")
    assert decision.tolist() == ["hold back", "hold back", "unchanged", "hold back"]
    assert in_words(decision, reasons).tolist() == ["why", "serves less, why", "", "why"]


@pytest.fixture(scope="module")
def surprised(tmp_path_factory):
    """Sixty days of triple demand at two SKU-locations, kept from fitting."""
    folder = tmp_path_factory.mktemp("replay")
    study = write_study(folder, STUDY + "[replay]\nholdout = 60\n")
    demand = pd.read_csv(folder / "demand.csv")
    last = demand["date"] >= sorted(demand["date"].unique())[-60]
    odd = demand["sku"].eq("P-1004")
    demand.loc[last & odd, "quantity"] *= 3
    demand.to_csv(folder / "demand.csv", index=False)
    return sl.load(study)


def test_a_real_past_far_below_what_was_expected_is_seen(surprised):
    names = np.array(surprised.catalog.sku)
    top = np.array([[160 if name < "P-1004" else 90] for name in names], np.int64)
    plan = Levels(np.zeros(names.size, np.int8), top - 1, top, np.zeros_like(top))
    unknown = np.full(names.size, np.nan)
    segment = np.full(names.size, "all", object)
    below = below_replay_limit(surprised, Proposed(plan, segment, unknown, unknown, unknown, "a plan"))
    assert below[names == "P-1004"].all()
    assert below[names != "P-1004"].sum() <= 1
    assert REPLAYED.startswith("replay")
    nothing = Levels(np.zeros(names.size, np.int8), 0 * top - 1, 0 * top, 0 * top)
    asked = np.full(names.size, 0.95)
    again = below_replay_limit(surprised, Proposed(nothing, segment, unknown, unknown, asked, "a run"))
    assert again[names == "P-1004"].all()  # planned again before the cut: levels of the run are not looked at
    assert again[names != "P-1004"].sum() <= 1
