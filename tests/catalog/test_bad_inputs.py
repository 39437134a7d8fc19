"""Malformed files, one defect each: refused with row, column and value, or accepted and accounted for."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from worlds.places import TESTS

from simlab.catalog import Catalog
from simlab.catalog.load import load
from simlab.errors import EXIT_INVALID, InvalidInputError
from simlab.study import parse_study

FOLDER = TESTS / "bad_inputs"
CASES: list[dict[str, Any]] = json.loads((FOLDER / "index.json").read_text("utf-8"))
DATA_CASES = [case for case in CASES if case["file"] != "config.yaml"]
STUDY_CASES = {
    "misspelt_key": "[simulation]\nreplicatinos = 200\n",
    "min_over_max": "[optimize]\ntarget_min = 0.99\ntarget_max = 0.60\n",
    "target_one": "[policy]\ntargets = { A = 1.0, B = 0.95, C = 0.90 }\n",
    "budget_tiny": "[optimize]\nbudget = 0\n",
}
ACCEPTED = {"baseline", "bom", "semicolons", "continental", "leading_zeros", "na_skus", "formula_skus"}


def read_case(name: str, options: str = "", **demand: str) -> Catalog:
    """The case's spoilt files, the baseline's where it has none."""
    tables = []
    for table in ("items", "demand", "receipts"):
        own = FOLDER / name / f"{table}.csv"
        path = own if own.exists() else FOLDER / "baseline" / f"{table}.csv"
        extra = {"demand": demand}.get(table, {})
        lines = [
            f"[data.{table}]",
            f"path = '{path}'",
            *(f"{key} = '{value}'" for key, value in extra.items()),
        ]
        tables.append("\n".join(lines))
    text = "\n".join([*tables, "[lead_times]", "crossing = false", options])
    return load(parse_study(text))


@pytest.mark.parametrize("case", DATA_CASES, ids=lambda case: str(case["name"]))
def test_data_case(case: dict[str, Any]) -> None:
    """Each file behaves as the index says, and a refusal tells row, column, value and the right words."""
    if case["name"] in ACCEPTED or case["name"] == "one_observation":
        assert {"accept", "repair-and-report"} & {case["expect"], *case["also_ok"]}
        read_case(case["name"])
        return
    assert case["expect"] == "error"
    with pytest.raises(InvalidInputError) as caught:
        read_case(case["name"])
    said = str(caught.value)
    assert caught.value.exit_code == EXIT_INVALID
    assert len(caught.value.problems) == 1
    assert case["file"] in said
    located = case.get("locate", {})
    if "row" in located:
        assert f"{case['file']}:{located['row']}" in said
    for key in ("column", "value"):
        assert str(located.get(key, "")) in said
    for words in case["tokens"]:
        assert any(word in said for word in words)


@pytest.mark.parametrize("name", STUDY_CASES)
def test_study_case(name: str) -> None:
    """The four spoilt studies are refused before any table is read."""
    case = next(case for case in CASES if case["name"] == name)
    with pytest.raises(InvalidInputError) as caught:
        read_case("baseline", STUDY_CASES[name])
    assert caught.value.exit_code == EXIT_INVALID
    for words in case["tokens"]:
        assert any(word in str(caught.value) for word in words)


@pytest.mark.parametrize("name", sorted(ACCEPTED - {"baseline"}))
def test_accepted_files_hold_the_baseline(name: str) -> None:
    """Same rows, units and costs; ids kept letter for letter."""
    plain, other = read_case("baseline"), read_case(name)
    assert plain.demand is not None
    assert other.demand is not None
    assert plain.receipts is not None
    assert other.receipts is not None
    for field in ("item", "date", "quantity"):
        assert np.array_equal(getattr(plain.demand, field), getattr(other.demand, field))
    for field in ("order_date", "receipt_date", "quantity"):
        assert sorted(getattr(plain.receipts, field)) == sorted(getattr(other.receipts, field))
    assert np.array_equal(plain.unit_cost, other.unit_cost)
    for column, values in plain.numbers.items():
        assert np.array_equal(values, other.numbers[column])


@pytest.mark.parametrize(
    ("name", "skus"),
    [
        ("leading_zeros", ("00120", "00120", "00121")),
        ("na_skus", ("NA", "NA", "null")),
        ("formula_skus", ("=cmd|'/c calc'!A1", "=cmd|'/c calc'!A1", "+1+1")),
    ],
)
def test_ids_are_letters(name: str, skus: tuple[str, ...]) -> None:
    assert read_case(name).sku[:3] == skus


def test_repairs_are_reported() -> None:
    """Decimal commas, another delimiter, a mark at the front and a lone observation all show up."""
    assert read_case("continental").quality.rows("items", "repaired") == 12
    assert "semicolons" in read_case("semicolons").quality.text()
    assert "byte order mark" in read_case("bom").quality.text()
    lone = read_case("one_observation").quality
    assert "P-1003@EAST" in lone.text()
    assert lone.rows("demand") == 1321


@pytest.mark.parametrize(
    ("name", "rule", "rows", "units"),
    [
        ("dup_conflict", {"duplicates": "sum"}, 1, 77),
        ("orphan_demand", {"unknown_sku": "drop"}, 60, None),
        ("neg_demand", {"returns": "drop"}, 1, -7),
        ("neg_demand", {"returns": "net"}, 1, -7),
        ("nan_qty", {"missing_quantity": "drop"}, 1, 0),
    ],
)
def test_declared_rules_let_files_in(name: str, rule: dict[str, str], rows: int, units: int | None) -> None:
    """What is refused by default is summed, netted or dropped where the study says so, and counted."""
    catalog = read_case(name, **rule)
    quality = catalog.quality
    status = "repaired" if set(rule.values()) & {"sum", "net"} else "dropped"
    assert quality.rows("demand", status) == rows
    if units is not None:
        assert quality.units("demand", status) == units
    assert quality.rows("demand") == quality.read["demand"]
    assert catalog.demand is not None
    kept = quality.units("demand", "used") + quality.units("demand", "repaired")
    assert catalog.demand.quantity.sum() == kept


def test_declared_notations_let_files_in() -> None:
    """Thousands signs and serial dates are read once declared."""
    catalog = read_case("thousands", thousands=",")
    assert catalog.demand is not None
    assert catalog.demand.quantity.max() == 1234
    serial, plain = read_case("serial_dates", date_format="excel_serial"), read_case("baseline")
    assert serial.demand is not None
    assert plain.demand is not None
    assert np.array_equal(serial.demand.date, plain.demand.date)


def test_receipts_before_orders_can_be_dropped() -> None:
    text = (
        f"[data.items]\npath = '{FOLDER}/baseline/items.csv'\n"
        f"[data.demand]\npath = '{FOLDER}/baseline/demand.csv'\n"
        f"[data.receipts]\npath = '{FOLDER}/receipt_before_order/receipts.csv'\n"
        "receipt_before_order = 'drop'\n[lead_times]\ncrossing = true\n"
    )
    catalog = load(parse_study(text))
    assert catalog.receipts is not None
    assert catalog.receipts.n_rows == 47
    assert catalog.quality.rows("receipts", "dropped") == 1


def test_all_tables_are_judged_in_one_report() -> None:
    """A broken demand file does not hide broken receipts."""
    text = (
        f"[data.items]\npath = '{FOLDER}/baseline/items.csv'\n"
        f"[data.demand]\npath = '{FOLDER}/neg_demand/demand.csv'\n"
        f"[data.receipts]\npath = '{FOLDER}/receipt_before_order/receipts.csv'\n"
        "[lead_times]\ncrossing = true\n"
    )
    with pytest.raises(InvalidInputError) as caught:
        load(parse_study(text))
    assert [problem.code for problem in caught.value.problems] == ["E-DEM-013", "E-REC-020"]
