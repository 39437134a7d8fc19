"""Columns of an ERP export under their own names: kept for segmenting, and said with what they may mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from worlds.forecasts import ERRORS_HEAD, lines, past, write
from worlds.places import TESTS
from worlds.study import write_study

import simlab as sl
from simlab.catalog.columns import ITEMS, TABLES
from simlab.catalog.tables.known_names import NAMES, NOT_READ, meant, plain
from simlab.errors import InvalidInputError

FOUND = TESTS / "found" / "erp-column-names"
WHAT = "columns not understood, kept for segmenting"


def remark(data: sl.Data) -> str:
    return next((entry.note for entry in data.catalog.quality.entries if entry.what == WHAT), "")


def items(**columns: object) -> pd.DataFrame:
    frame = {
        "sku": ["a", "b"],
        "location": "X",
        "unit_cost": 2.0,
        "demand_law": "poisson",
        "demand_mean": 3.0,
    }
    return pd.DataFrame(frame | columns)


def load(table: pd.DataFrame, **study: object) -> sl.Data:
    return sl.load_frames(table, study={"segments": {"by": "all"}} | study)


def test_the_safety_stock_of_sap_is_told_as_that_of_others() -> None:
    data = load(items(EISBE=[5, 6], lead_time=7))
    assert "EISBE (a result here, not read: today's levels are current_reorder_point" in remark(data)


def test_lead_time_in_days_is_found_where_none_is() -> None:
    """Found: "no lead time", without a word about `lead_time_days`."""
    data = sl.load(FOUND / "study.toml")
    with pytest.raises(InvalidInputError, match="no lead time") as caught:
        _ = data.models
    said = str(caught.value)
    assert "did you mean 'lead_time'? it is in data.time_unit (now days)" in said
    assert 'columns = { lead_time = "lead_time_days" }' in said


def test_one_line_names_every_column_that_was_not_understood() -> None:
    """Found: eight columns kept without a word. Those with a hint come first; `category` is the study's."""
    note = remark(sl.load(FOUND / "study_mapped.toml"))
    for name, like in {"reorder_point": "current_reorder_point", "max_qty": "current_order_up_to"}.items():
        assert f"{name} (did you mean '{like}'?" in note
    assert "min_qty (may be moq (the smallest order) or" in note  # which means this here and that there
    assert 'current_reorder_point = "min_qty"' not in note
    for name in ("safety_stock", "service_level", "shelf_life_days", "min_order_value"):
        assert name in note
    assert "targets are per segment" in note
    assert "on_order_due" not in note
    data = sl.load(FOUND / "study_mapped.toml")
    due = next(entry.note for entry in data.quality.entries if "on_order_due" in entry.what)
    assert "whose on_order is empty" in due
    assert "category" not in note
    assert "lead_time" not in note


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Lead Time (weeks)", "did you mean 'lead_time'? it is in data.time_unit (now days), not in weeks"),
        ("LeadTimeDays", "did you mean 'lead_time'?"),
        ("Vendor", 'columns = { supplier = "Vendor" }'),
        ("QOH", 'columns = { on_hand = "QOH" }'),
        ("lot size", 'columns = { order_quantity = "lot size" }'),
        ("minimum_order_quantity", 'columns = { moq = "minimum_order_quantity" }'),
        ("holding_rat", "did you mean 'holding_rate'?"),
    ],
)
def test_names_of_other_systems(name: str, said: str) -> None:
    """With the line to paste under [data.items]."""
    assert said in remark(load(items(**{name: 7})))


def test_columns_that_the_study_names_are_understood() -> None:
    """For segments, rules, pools or row filters."""
    table = items(lead_time=7, colour=["r", "g"], size=[1, 2], pool="p", keep="y", other=1)
    study = {
        "data": {"items": {"where": {"keep": "y"}}},
        "segments": {"by": ["colour", "rules"], "rules": [{"name": "a", "where": "size > 0"}]},
        "models": {"pool_by": "pool"},
    }
    assert remark(load(table, **study)) == "other"


def test_required_columns_are_found_under_the_names_of_an_erp() -> None:
    """One message for each, with the file's name."""
    table = items(lead_time=7).rename(
        columns={"sku": "Material", "location": "Plant", "unit_cost": "Std Cost"}
    )
    with pytest.raises(InvalidInputError) as caught:
        load(table)
    for name in ("Material", "Plant", "Std Cost"):
        assert f"did you mean '{name}'?" in str(caught.value)


def test_the_names_of_a_material_master_are_hinted_at_all_in_one_round() -> None:
    """Without an underscore, as exports write them; no required column is there by its own name."""
    names = {"Material": "A", "Plant": "M", "StdPrice": 5.0, "PlannedDeliveryTime": 14}
    with pytest.raises(InvalidInputError) as refused:
        load(pd.DataFrame([names]))
    said = str(refused.value)
    for name in ("Material", "Plant", "StdPrice"):
        assert f"did you mean '{name}'?" in said
    line = 'columns = { sku = "Material", location = "Plant", unit_cost = "StdPrice", lead_time = '
    assert said.count(line + '"PlannedDeliveryTime" } under [data.items]') == 1  # as it is pasted


@pytest.mark.parametrize(
    ("name", "said"),
    [("qty_on_hand", "'on_hand'"), ("reorder_qty", "'order_quantity'"), ("QtyOnOrder", "'on_order'")],
)
def test_names_that_begin_with_what_is_counted(name: str, said: str) -> None:
    assert f"did you mean {said}?" in remark(load(items(**{name: 7})))


def test_a_second_lead_time_is_no_standard_deviation() -> None:
    """lead_time_days beside lead_time was taken for lead_time_sd, with the line that would make it so."""
    note = remark(load(items(lead_time=7, lead_time_days=7)))
    assert "lead_time_days" in note
    assert "did you mean" not in note


@pytest.mark.parametrize(
    ("table", "name", "column"),
    [
        ("items", "Internal Reference", "sku"),  # Odoo
        ("demand", "Product/Internal Reference", "sku"),
        ("items", "Valuation Rate", "unit_cost"),  # ERPNext
        ("items", "Lead Time Calculation", "lead_time"),  # Dynamics
        ("items", "Maximum Inventory", "current_order_up_to"),
        ("receipts", "Lieferant/Lieferwerk", "supplier"),  # SAP's list of orders by material
    ],
)
def test_headings_of_exports_of_four_systems(table: str, name: str, column: str) -> None:
    assert meant(table, name, list(TABLES[table]))[0] == column


@pytest.mark.parametrize("name", ["due_week_1", "Arrivals W2", "on_order_1", "PO 2025-03", "in_transit_m3"])
def test_what_comes_week_by_week_is_hinted_at_as_open_orders(name: str) -> None:
    """Columns such as due_week_1, due_week_2 (VN2's state of a day): units on order that nobody read."""
    note = remark(load(items(**{name: 7})))
    assert f"{name} (is it on order?" in note
    assert "[data.open_orders]" in note
    assert "due_date" in note


def test_every_name_means_one_column() -> None:
    """The table of names is in plain form, without doubles, and names no column of ours as another."""
    for table, names in NAMES.items():
        assert set(names) <= set(TABLES[table])
        every = [other for others in names.values() for other in others]
        assert len(every) == len(set(every))
        assert set(every) & set(TABLES[table]) <= {"product"}  # a name of the item, or its number
        for column, others in names.items():
            for other in others:
                assert plain(other) == other
                assert meant(table, other, tuple(names))[0] == column
    assert not set(NOT_READ) & set(ITEMS)


@pytest.mark.parametrize("layout", ["long", "wide"])
def test_a_column_whose_name_the_study_gives_to_another_is_said(tmp_path: Path, layout: str) -> None:
    """`location = "Werk"`, and the file has a column `location`, too: it was left out without a word."""
    columns = 'columns = { location = "Werk" }'
    study = write_study(tmp_path, **{'"demand.csv"': f'"demand.csv"\nlayout = "{layout}"\n{columns}'})
    rows = pd.read_csv(tmp_path / "demand.csv").rename(columns={"location": "Werk"})
    if layout == "wide":
        rows = rows.pivot_table(index=["sku", "Werk"], columns="date", values="quantity").reset_index()
    rows.assign(location="MOON").to_csv(tmp_path / "demand.csv", index=False)
    notes = {entry.what: entry.note for entry in sl.load(study).catalog.quality.entries}
    assert notes["column 'location'"] == "not used: data.demand.columns takes location from 'Werk'"


def test_columns_of_forecasts_and_periods_that_nothing_reads_are_said(tmp_path: Path) -> None:
    """A spread under another name, say, would be missed by nobody else."""
    rows = lines({"a": [4, 5, 6, 7], "b": [2, 2, 2, 2]}, {"a": 3, "b": 2}).splitlines()
    rows = [f"{row},{more}" for row, more in zip(rows, ["origine", *"12345678"], strict=True)]
    past_rows = [f"{row},x" for row in past("a", np.ones((3, 2)))]
    errors = "\n".join([f"{ERRORS_HEAD},note", *past_rows]) + "\n"
    entries = sl.load(write(tmp_path, "\n".join(rows) + "\n", errors=errors)).catalog.quality.entries
    notes = {(entry.table, entry.what): entry.note for entry in entries}
    said = notes["forecast", "column 'origine'"]
    assert said == "not used: data.forecast has no such column; did you mean 'origin'?"
    said = notes["forecast_errors", "column 'note'"]
    assert said == "not used: data.forecast_errors has no such column"
