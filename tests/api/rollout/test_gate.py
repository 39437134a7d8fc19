"""The gate: right values, what only holds back, the live plan as a run, bad input."""

import json
import sys
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner
from worlds.gates import STUDY, base_stock_data, plan_file, poisson_fill
from worlds.study import write_study

import simlab as sl
from simlab import api
from simlab.api.rollout import pairs
from simlab.cli.app import app
from simlab.errors import InvalidInputError, UsageError
from simlab.run import RunFolder, verify

pytestmark = pytest.mark.pages

N = 12


def test_what_does_not_change_is_unchanged(tmp_path):
    data = base_stock_data(N, [9] * N)
    found = sl.gate(data, proposed=plan_file(tmp_path, data, [9] * N))
    assert len(found.unchanged) == N
    assert found.lists.set_index("decision").loc["(all)", "served_change"] == 0


def test_service_is_the_closed_form(tmp_path):
    """Both sides at equal demand: fill rates within four standard errors of the exact ones."""
    data = base_stock_data(N, [9] * N)
    found = sl.gate(data, proposed=plan_file(tmp_path, data, [7] * N))
    for column, level in (("service_now", 9), ("service", 7)):
        exact = poisson_fill(level, 3.0, 2)
        assert found.table[column].mean() == pytest.approx(exact, abs=4 * 0.35 / np.sqrt(N * 400 * 26))


def test_every_second_item_harmed_by_three_tolerances_never_goes(tmp_path):
    """A pair whose loss of fill is three times the tolerance: harmed items are held back, the others go."""
    loss = poisson_fill(9, 3.0, 2) - poisson_fill(7, 3.0, 2)
    data = base_stock_data(N, [9] * N, tolerance=round(loss / 3, 4))
    proposed = [7 if row % 2 else 9 for row in range(N)]
    found = sl.gate(data, proposed=plan_file(tmp_path, data, proposed, segment=["a", "b"] * (N // 2)))
    table = found.table.set_index("sku")
    harmed = [f"s{row:03d}" for row in range(1, N, 2)]
    assert set(table.loc[harmed, "decision"]) == {"hold back"}
    assert set(table.drop(harmed)["decision"]) == {"unchanged"}
    assert len(found.lowered) == 1
    assert found.lowered[0].startswith("b ")


def test_what_costs_nothing_ties_nothing_up(tmp_path):
    """Samples and consignment: more units on the shelf are no harm where a unit costs nothing."""
    free = [row % 2 for row in range(N)]
    data = base_stock_data(N, [8] * N, unit_cost=[0.0 if one else 10.0 for one in free])
    plan = plan_file(tmp_path, data, [12] * N, stock_value=[0.0 if one else 30.0 for one in free])
    decision = sl.gate(data, proposed=plan).table["decision"].to_numpy()
    assert set(decision[np.array(free) == 1]) == {"go"}
    assert set(decision[np.array(free) == 0]) == {"hold back"}


def test_items_looked_at_some_after_another_are_decided_as_all_at_once(tmp_path, monkeypatch):
    """Sums of every replication are held block by block: no number may depend on where blocks end."""
    data = base_stock_data(N, [9] * N, on_hand=[4] * N, supplier=["x", "y"] * (N // 2))
    plan = plan_file(tmp_path, data, [7, 9, 12] * (N // 3))
    whole = sl.gate(data, proposed=plan, waves=2)
    monkeypatch.setattr(pairs, "_ITEMS_AT_ONCE", 5)
    parts = sl.gate(data, proposed=plan, waves=2)
    pd.testing.assert_frame_equal(parts.table, whole.table, check_exact=True)
    assert parts.statements == whole.statements
    assert len(set(whole.table["decision"])) > 1


def test_replications_that_would_settle_it_do(tmp_path):
    """Stock near both promises: undecided at 400; with as many as named at least two in five are decided."""
    data = base_stock_data(40, [9] * 40)
    probe = sl.gate(data, proposed=plan_file(tmp_path, data, [10] * 40)).table["stock_value"].mean()
    plan = plan_file(tmp_path, data, [10] * 40, "near.csv", stock_value=round(probe / 1.01, 4))
    found = sl.gate(data, proposed=plan)
    open_ = found.table["decision"].eq("undecided").to_numpy()
    assert open_.sum() >= 10
    needed = found.table.loc[open_, "replications_needed"]
    assert needed.gt(400).mean() > 0.5
    told = next(line for line in found.statements if "would be settled by --replications" in line)
    asked = int(told.split("--replications ")[1].split(",")[0])
    again = sl.gate(data, proposed=plan, replications=asked).table["decision"].ne("undecided").to_numpy()
    assert again[open_].mean() >= 0.4


def test_a_run_of_the_same_laws_promises_what_its_levels_do(tmp_path):
    """Few replications of the run: its own noise holds nothing back, and leaves nothing open."""
    study = write_study(tmp_path)
    items = pd.read_csv(tmp_path / "items.csv", dtype=str)
    items["current_order_up_to"] = "40"
    items.to_csv(tmp_path / "items.csv", index=False)
    study.write_text(study.read_text("utf-8").replace("replications", "replications = 8 #", 1), "utf-8")
    run = api.run_simulate(study, out=tmp_path / "run", workers=1).folder
    table = sl.gate(study, proposed=run, workers=1).table
    assert (table["stock_value_change"] > 0).any()
    assert not table["reason"].fillna("").str.contains("ties up more|orders more often").any()


def test_a_segment_lowered_on_purpose_is_held_back_until_released(tmp_path):
    """Measured against the plan's promise every item does what was planned; the segment stands above."""
    data = base_stock_data(N, [10] * N)
    plan = plan_file(tmp_path, data, [8] * N, segment="C")
    held = sl.gate(data, proposed=plan)
    assert set(held.table["decision"]) == {"hold back"}
    assert any("lowered" in reason for reason in held.table["reason"])
    free = sl.gate(data, proposed=plan, release=["C"])
    assert len(free.go) + len(free.undecided) == N
    assert len(free.go) > N // 2
    with pytest.raises(UsageError, match="no segment D"):
        sl.gate(data, proposed=plan, release=["D"])


def test_a_segment_that_there_is_not_is_told_before_anything_is_simulated(tmp_path, monkeypatch):
    data = base_stock_data(2, [10, 10])
    monkeypatch.setattr(
        sys.modules["simlab.api.rollout.gate"], "run_pairs", lambda *_, **__: pytest.fail("simulated first")
    )
    for option in ("release", "accept_misfit"):
        with pytest.raises(UsageError, match="the plan has no segment D: it has C"):
            sl.gate(data, proposed=plan_file(tmp_path, data, [8, 8], segment="C"), **{option: ["D"]})


@pytest.mark.parametrize("side", ["current", "proposed"])
def test_a_file_that_there_is_not_is_bad_input_on_either_side(tmp_path, side):
    """It ended in 2, of `simlab orders --stock` in 3."""
    data = base_stock_data(2, [10, 10])
    sides = {"proposed": plan_file(tmp_path, data, [8, 8])} | {side: tmp_path / "none.csv"}
    with pytest.raises(InvalidInputError, match=r"none\.csv"):
        sl.gate(data, **sides)


def test_stock_beyond_both_promises_is_held_back(tmp_path):
    data = base_stock_data(N, [9] * N)
    found = sl.gate(data, proposed=plan_file(tmp_path, data, [14] * N, stock_value=40.0))
    assert set(found.table["decision"]) == {"hold back"}
    assert set(found.table["reason"]) == {"ties up more"}
    kept = sl.gate(data, proposed=plan_file(tmp_path, data, [14] * N, stock_value=200.0))
    assert set(kept.table["decision"]) == {"go"}


def test_lists_add_up_to_the_comparison(tmp_path):
    data = base_stock_data(N, [9] * N)
    found = sl.gate(data, proposed=plan_file(tmp_path, data, [8, 9, 10] * (N // 3)))
    lists = found.lists.set_index("decision")
    for name in ("n_items", "served_change", "stock_value_change", "purchases_change"):
        assert lists[name].drop("(all)").sum() == pytest.approx(lists.loc["(all)", name], abs=1e-6)
    assert found.plot().axes


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory):
    """A study with today's levels on disk, and a plan that changes some."""
    folder = tmp_path_factory.mktemp("gate")
    study = write_study(folder)
    items = pd.read_csv(folder / "items.csv", dtype=str)
    items["current_order_up_to"] = "150"
    items["on_order"] = "0"
    items.to_csv(folder / "items.csv", index=False)
    plan = items[["sku", "location"]].assign(order_up_to=[150, 90, 60, 152] * (len(items) // 4))
    plan.to_csv(folder / "plan.csv", index=False)
    command = ["gate", str(study), "--proposed", str(folder / "plan.csv"), "--out", str(folder / "g")]
    return folder, CliRunner().invoke(app, [*command, "--format", "json"])


def test_the_folder_is_a_run_with_the_live_plan(on_disk):
    folder, result = on_disk
    assert result.exit_code == 6, result.output
    document = json.loads(result.stdout)
    assert verify(folder / "g") == []
    table = pd.DataFrame(document["items"])
    plan = RunFolder.open(folder / "g").read_table("plan")
    goes = table["decision"].isin(["go", "unchanged"])
    live = np.where(goes, table["order_up_to_proposed"], table["order_up_to_now"])
    assert plan["order_up_to"].tolist() == live.tolist()
    assert plan["decision"].tolist() == table["decision"].tolist()
    shown = pd.read_csv(folder / "g" / "results" / "plan.csv")
    assert set(shown["decision"]) == set(table["decision"])
    assert {"unchanged", "hold back"} <= set(table["decision"])
    lines = pd.read_csv(folder / "g" / "results" / "gate.csv")
    assert lines["trace"].str.contains("--levels proposed").all()
    assert sum(document["decisions"][name] for name in set(table["decision"])) == len(table)
    assert (document["exit_code"], document["proposed"]) == (6, "plan plan.csv")
    assert Path(document["plan"]).is_file()
    assert Path(document["report"]).is_file()


def test_the_workbook_holds_every_sku_location_and_the_lists(on_disk):
    document = json.loads(on_disk[1].stdout)
    with pytest.warns(UserWarning, match="not supported"):  # openpyxl drops the extension of data bars
        book = openpyxl.load_workbook(document["book"])
    assert book.sheetnames == ["ReadMe", "Decision", "Items", "Believe", "Method"]
    table = pd.DataFrame(document["items"])
    rows = list(book["Items"].iter_rows(min_row=5, values_only=True))
    header = list(rows[0])
    found = pd.DataFrame(rows[1:], columns=header).set_index(["SKU", "Location"])
    assert len(found) == len(table)
    for row in table.itertuples():
        mine = found.loc[(row.sku, row.location)]
        assert mine["Decision"] == row.decision
        assert mine["Order up to, proposed"] == row.order_up_to_proposed
        assert mine["Stock, change (EUR)"] == pytest.approx(row.stock_value_change)
        assert mine["Units served at once, today"] == pytest.approx(row.service_now)
    said = [cell for line in book["Decision"].iter_rows(values_only=True) for cell in line]
    assert document["statements"][1] in said
    assert {"go", "hold back", "undecided", "unchanged", "all"} <= set(said)
    assert "-" not in document["statements"][1].split("EUR", 1)[1]


def test_orders_and_traces_take_the_gates_folder(on_disk):
    folder, _ = on_disk
    found = sl.orders(folder / "g")
    live = RunFolder.open(folder / "g").read_table("plan")["order_up_to"]
    assert found.source.order_up_to.tolist() == live.tolist()
    name = "@".join(live.index.map(lambda row: found.source.ordering.keys[row])[1].split("@"))
    sides = [api.trace(folder / "g", name, levels=one) for one in ("current", "proposed")]
    assert sides[0].periods["demanded"].tolist() == sides[1].periods["demanded"].tolist()
    assert "orders up to 150" in sides[0].statements[0]
    assert "orders up to 90" in sides[1].statements[0]
    result = CliRunner().invoke(app, ["trace", str(folder / "g"), name])
    assert "Current and proposed" in result.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sku,location,order_up_to\ns000,EAST,5\n", "has no row for s001@EAST"),
        (
            "sku,location,order_up_to\ns000,EAST,5\ns001,EAST,5\nzz,EAST,5\n",
            "plan.csv:4 column 'sku': the run has",
        ),
        ("sku,location,order_up_to\ns000,EAST,5\ns001,EAST,much\n", "plan.csv:3 column 'order_up_to'"),
        ("sku,location,order_up_to\ns000,EAST,5\ns000,EAST,5\ns001,EAST,5\n", "stands there twice"),
        (
            "sku,location,order_up_to,reorder_point\ns000,EAST,5,7\ns001,EAST,5,2\n",
            "must lie above the reorder",
        ),
        ("sku,location\ns000,EAST\ns001,EAST\n", "required column is missing"),
    ],
)
def test_a_plan_that_makes_no_sense_is_placed(tmp_path, text, said):
    data = base_stock_data(2, [9, 9])
    (tmp_path / "plan.csv").write_text(text, "utf-8")
    with pytest.raises(InvalidInputError) as caught:
        sl.gate(data, proposed=tmp_path / "plan.csv")
    assert said in str(caught.value)


def test_a_plan_with_strangers_that_leaves_others_out_is_told_both_at_once(tmp_path):
    data = base_stock_data(2, [9, 9])
    (tmp_path / "plan.csv").write_text("sku,location,order_up_to\ns000,EAST,5\nzz,EAST,5\n", "utf-8")
    with pytest.raises(InvalidInputError) as caught:
        sl.gate(data, proposed=tmp_path / "plan.csv")
    assert {one.code for one in caught.value.problems} == {"E-PLN-010", "E-PLN-015"}


def test_without_levels_of_today_or_a_plan_the_gate_says_what_to_do(tmp_path):
    data = base_stock_data(2, [9, np.nan])
    with pytest.raises(InvalidInputError, match="no levels of today are known for s001@EAST"):
        sl.gate(data, proposed=plan_file(tmp_path, data, [9, 9]))
    with pytest.raises(InvalidInputError, match="no finished optimize run of 'small'"):
        sl.gate(base_stock_data(2, [9, 9]))
    with pytest.raises(InvalidInputError) as caught:  # both are missing: told at once
        sl.gate(data)
    assert [problem.code for problem in caught.value.problems] == ["E-GAT-003", "E-GAT-002"]
    with pytest.raises(UsageError, match="at least 400"):
        sl.gate(base_stock_data(2, [9, 9]), proposed=plan_file(tmp_path, data, [9, 9]), replications=100)
    other = plan_file(tmp_path, data, [9, 9], "today.csv")
    assert len(sl.gate(data, proposed=other, current=other).unchanged) == 2
    assert STUDY["study"]["name"] == "small"
    assert Path(other).exists()


def test_with_parameter_uncertainty_short_histories_are_surer_to_be_held(tmp_path):
    """The same cut of a level: π, the share of draws that harm, is larger where the history says less."""
    weeks, draw = 120, np.random.default_rng(6)
    days = pd.date_range("2023-09-18", periods=weeks, freq="7D")
    rows, items = [], []
    for number in range(16):
        short = number >= 8
        items.append({"sku": f"s{number}", "location": "EAST", "unit_cost": 10.0, "lead_time": 7})
        life = days[-12:] if short else days
        demand = draw.permutation(np.resize([1, 2, 3, 4, 5], life.size))
        rows += [(f"s{number}", "EAST", str(day.date()), int(q)) for day, q in zip(life, demand, strict=True)]
    frame = pd.DataFrame(rows, columns=["sku", "location", "date", "quantity"])
    options = {
        **STUDY,
        "models": {"law": "poisson", "parameter_uncertainty": True, "memory": "all"},
        "demand": {"life": "first_sale"},
        "gate": {"tolerance": 0.04},
    }
    study = {name: one for name, one in options.items() if name != "study"}
    study["study"] = {"period": "week", "currency": "EUR", "name": "small"}
    data = sl.load_frames(pd.DataFrame(items).assign(current_order_up_to=11), frame, study=study)
    plan = plan_file(tmp_path, data, [9] * 16, segment=[f"g{k}" for k in range(16)])
    found = sl.gate(data, proposed=plan, workers=1)
    p = found.table["p_go"].to_numpy()
    assert any("Decisions by model" in line for line in found.statements)
    assert p[8:].mean() > p[:8].mean()
    assert (found.table["p_go"] + found.table["p_hold"] == 1).all()
    assert p * 200 == pytest.approx(np.round(p * 200))
