"""`plan.csv` beside every plan: today's levels beside the new ones, largest change first, safe to open."""

import numpy as np
import pandas as pd
import pytest
from worlds.study import write_study

from simlab import api
from simlab.api.output.plan_csv import COLUMNS, largest_first, sorted_plan
from simlab.catalog.files.csvfile import read_csv
from simlab.reading import guarded
from simlab.run import RunFolder, spreadsheet, verify
from simlab.run.spreadsheet import csv_bytes, csv_parts
from simlab.study import TableSource


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plan")
    study = write_study(folder)
    items = pd.read_csv(folder / "items.csv", dtype=str)
    items["product"] = [f"=HYPERLINK({n})" if n == 0 else f"thing {n}" for n in range(len(items))]
    items["current_order_up_to"] = ["500", *["20"] * (len(items) - 2), ""]
    items.to_csv(folder / "items.csv", index=False)
    return RunFolder.open(api.run_simulate(study, out=folder / "run").folder)


def test_the_plan_lies_beside_the_parquet_with_today_beside_it(run):
    frame = pd.read_csv(run.path / "results" / "plan.csv", dtype={"sku": str})
    assert tuple(frame.columns) == COLUMNS
    plan = run.read_table("plan").set_index(["sku", "location"])
    rows = frame.set_index(["sku", "location"])
    assert (rows["order_up_to"] == plan.loc[rows.index, "order_up_to"]).all()
    items = run.read_table("items").set_index(["sku", "location"])
    assert np.allclose(rows["stock_value"], items.loc[rows.index, "inventory_value"], atol=0.006)
    known = rows["order_up_to_now"].notna()
    assert (~known).sum() == 1
    assert rows.loc[~known, "stock_value_change"].isna().all()
    change = (rows["stock_value"] - rows["stock_value_now"]).round(2)
    assert np.allclose(change[known], rows["stock_value_change"][known], atol=0.011)
    size = rows["stock_value_change"].abs().fillna(-1)
    assert (size.diff().dropna() <= 0).all()
    assert rows.loc[rows["order_up_to_now"] == 500, "service_now"].iloc[0] == 1.0
    assert verify(run.path) == []


def test_a_product_that_is_a_formula_runs_nowhere_and_comes_back(run):
    text = (run.path / "results" / "plan.csv").read_text("utf-8")
    assert ",'=HYPERLINK(0)," in text
    assert ",=HYPERLINK" not in text
    table = read_csv(run.path / "results" / "plan.csv", "plan", TableSource(), ("sku",))
    assert "=HYPERLINK(0)" in table.columns["product"].values


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-7", "@x", "'=1", "''+2", "'quoted'", "plain", "a=b", "'"),
        *("a;=1", "a;'=1", "a;b|-2", '"=1', "a;'\"=1", "a;-;-"),
    ],
)
def test_guarding_a_text_can_always_be_undone(text, tmp_path):
    (tmp_path / "t.csv").write_bytes(csv_bytes(pd.DataFrame({"sku": [text, "other"]})))
    table = read_csv(tmp_path / "t.csv", "t", TableSource(), ("sku",))
    assert not list(table.findings.problems)
    assert table.columns["sku"].values[0] == text
    assert not guarded(text).startswith(("=", "+", "-", "@"))


def test_rows_without_a_change_stand_last_by_name():
    frame = pd.DataFrame(
        {
            "sku": ["b", "a", "c", "d"],
            "location": ["X"] * 4,
            "stock_value_change": [np.nan, np.nan, -9.0, 3.0],
        }
    )
    assert list(sorted_plan(frame)["sku"]) == ["c", "d", "a", "b"]


def test_a_plan_written_in_pieces_is_the_plan(monkeypatch):
    n = 10
    frame = pd.DataFrame(
        {
            "sku": [f"=P{k}" if k == 7 else f"P{k}" for k in range(n)],
            "location": ["X, Y"] * n,
            "level": pd.array([None, *range(n - 1)], dtype="Int64"),
            "stock_value_change": np.where(np.arange(n) % 4, np.arange(n) / 8, np.nan),
            "decision": None,
        }
    )
    monkeypatch.setattr(spreadsheet, "_ROWS", 3)
    pieces = list(csv_parts(frame, largest_first(frame)))
    assert len(pieces) == 5
    assert b"".join(pieces) == csv_bytes(sorted_plan(frame))
