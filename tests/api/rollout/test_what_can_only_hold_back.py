"""The way from today and the replay of the real last periods add hold-backs, and never a go."""

import numpy as np
import pandas as pd
import pytest
from worlds.gates import base_stock_data, plan_file
from worlds.study import STUDY, write_study

import simlab as sl
from simlab.api.rollout.settle import MISFIT, ON_THE_WAY, REPLAYED, below_replay_limit, hold_back
from simlab.api.rollout.sides import Proposed
from simlab.engine.world.levels import Levels
from simlab.errors import UsageError
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


def test_a_segment_whose_law_is_flagged_says_what_it_misses_and_may_be_accepted(tmp_path):
    """Demand of one of two segments rose in the last third: held back, until somebody says that it may go."""
    n, weeks = 12, 120
    rng = np.random.default_rng(3)
    sold = rng.negative_binomial(2, 1 / 3, (n, weeks))
    sold[n // 2 :, 80:] += 4
    names = [f"s{row:03d}" for row in range(n)]
    items = pd.DataFrame({"sku": names, "location": "EAST", "unit_cost": 10.0, "lead_time": 7})
    items["current_order_up_to"], items["tolerance"] = 60, 0.2
    days = (np.datetime64("2023-01-02") + 7 * np.arange(weeks)).astype(str)
    sales = pd.DataFrame(
        {
            "sku": np.repeat(names, weeks),
            "location": "EAST",
            "date": np.tile(days, n),
            "quantity": sold.ravel(),
        }
    )
    sales["quantity"] = sold.ravel()
    data = sl.load_frames(items, sales, study={"study": {"period": "week", "name": "small"}})
    plan = plan_file(tmp_path, data, [55] * n, segment=["calm"] * (n // 2) + ["moved"] * (n // 2))
    found = sl.gate(data, proposed=plan)
    held = found.table.set_index("segment")["reason"] == MISFIT
    assert held["moved"].all()
    assert not held["calm"].any()
    told = " ".join(found.statements)
    assert "moved: more demand than the laws say (a period lies at" in told
    assert "--accept-misfit moved" in told
    assert "growth or a season" in told
    accepted = sl.gate(data, proposed=plan, accept_misfit=["moved"])
    assert accepted.hold_back.empty
    assert "Flagged by the fit test and accepted: moved:" in " ".join(accepted.statements)
    assert accepted.facts["accept_misfit"] == ["moved"]
    with pytest.raises(UsageError, match="no segment"):
        sl.gate(data, proposed=plan, accept_misfit=["nobody"])
