"""Files for planning systems: read back under the system's own rule they place the plan's orders."""

from __future__ import annotations

import os
from collections.abc import Callable
from math import ceil, floor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simlab as sl
from simlab.api.exporting import checked
from simlab.api.exporting.export import _read as plan_of
from simlab.api.exporting.export import export
from simlab.api.exporting.rules import (
    EVERY_REVIEW,
    LOTS,
    TO_LEVEL,
    Levels,
    NoRuleError,
    Rule,
    erpnext,
    odoo_down,
    odoo_up,
)
from simlab.api.output.plan_csv import COLUMNS
from simlab.errors import InvalidInputError, UsageError
from simlab.run import RunFolder
from simlab.run.spreadsheet import csv_bytes
from simlab.selfcheck import reference
from simlab.selfcheck.plain_items import to_text


# What the systems do, written down from their documentation: forecast below the minimum → order.
def odoo17(rule: Rule, position: float) -> float:
    """Up to the maximum, rounded up to the multiple."""
    if position >= rule.minimum:
        return 0.0
    missing = (rule.maximum or 0.0) - position
    return ceil(missing / rule.multiple) * rule.multiple if rule.multiple else missing


def odoo18(rule: Rule, position: float) -> float:
    """Up to the maximum, rounded down to the multiple."""
    if position >= rule.minimum:
        return 0.0
    missing = (rule.maximum or 0.0) - position
    return floor(missing / rule.multiple) * rule.multiple if rule.multiple else missing


def in_erpnext(rule: Rule, position: float) -> float:
    """The fixed quantity, or what is missing to the level if that is more, in whole units."""
    return 0.0 if position > rule.minimum else max(rule.quantity or 0.0, ceil(rule.minimum - position))


def in_old_erpnext(rule: Rule, position: float) -> float:
    """Versions that wait until the projected quantity lies below the level."""
    return 0.0 if position == rule.minimum else in_erpnext(rule, position)


def planned(levels: Levels, position: float) -> float:
    """simlab's order at a review: at or below s; up to S, or lots of Q until above s."""
    if levels.family == LOTS:
        return max(0, ceil((levels.s + 1 - position) / levels.Q)) * levels.Q
    if levels.family == TO_LEVEL:
        return levels.S - position if position <= levels.s else 0
    return max(0, levels.S - position)


SYSTEMS = {
    "odoo17": (odoo_up, odoo17),
    "odoo18": (odoo_down, odoo18),
    "odoo19": (odoo_up, odoo17),
    "erpnext": (erpnext, in_erpnext),
}


@given(
    st.integers(-1, 60),
    st.integers(1, 40),
    st.integers(0, 2**31),
    st.sampled_from([LOTS, TO_LEVEL, EVERY_REVIEW]),
)
@pytest.mark.parametrize("system", ["odoo17", "odoo18", "odoo19"])
def test_over_200_periods_odoo_places_the_plan_s_orders(
    system: str, s: int, q: int, seed: int, family: str
) -> None:
    """Same position, same order, period by period."""
    levels = Levels(family, None if family == EVERY_REVIEW else s, None if family == LOTS else s + q, q, 1)
    agree(levels, *SYSTEMS[system], np.random.default_rng(seed).poisson(5, 200))


@given(st.integers(0, 60), st.integers(20, 40), st.integers(0, 2**31))
def test_erpnext_orders_lots_as_long_as_one_reaches_above_the_level(s: int, q: int, seed: int) -> None:
    """Demand of a period below a lot: one lot is always enough."""
    demand = np.random.default_rng(seed).integers(0, q, 200)
    for system in (in_erpnext, in_old_erpnext):
        agree(Levels(LOTS, s, None, q, 1), erpnext, system, demand)


def agree(levels: Levels, make: Callable, system: Callable, demand: np.ndarray) -> None:
    rule, position = make(levels), float((levels.s or 0) + (levels.Q or 1))
    for asked in demand.tolist():
        order = planned(levels, position)
        assert system(rule, position) == order
        position += order - asked


def test_erpnext_has_no_order_up_to_level() -> None:
    with pytest.raises(NoRuleError, match="no order-up-to level"):
        erpnext(Levels(EVERY_REVIEW, None, 12, None, 1))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed run folder with a plan of three families."""
    folder = RunFolder.create(tmp_path_factory.mktemp("run") / "shop", "shop", Path())
    rows = [
        {
            "sku": "00123",
            "family": LOTS,
            "reorder_point": 7,
            "order_quantity": 5,
            "reorder_point_now": 9,
            "order_quantity_now": 5,
        },
        {
            "sku": "b",
            "family": TO_LEVEL,
            "reorder_point": 3,
            "order_up_to": 9,
            "family_now": TO_LEVEL,
            "reorder_point_now": 2,
            "order_up_to_now": 9,
            "order_quantity_now": 7,
        },
        {"sku": "=c", "family": EVERY_REVIEW, "order_up_to": 4, "pack_size": 2},
    ]
    plan = pd.DataFrame([{"location": "W1", "pack_size": 1, "review_period": 7, **row} for row in rows])
    plan = plan.reindex(columns=list(COLUMNS))
    numbers = [name for name in COLUMNS if "_point" in name or "_to" in name or "quantity" in name]
    plan[numbers] = plan[numbers].astype("Int64")
    folder.write_bytes("results/plan.csv", csv_bytes(plan))
    folder.write_manifest({"command": "optimize", "period": "week"})
    return folder.path


def test_how_often_the_plan_reviews_is_said_in_periods(run: Path, tmp_path: Path) -> None:
    """plan.csv counts R in periods: a weekly plan's 7 were called 7 of the study's time unit, days."""
    assert "The plan reviews every 7 weeks" in export(run, "odoo17", out=tmp_path / "odoo").files[
        1
    ].read_text("utf-8")


def test_sap_s_safety_stock_stays_and_no_number_of_the_plan_is_called_today_s(
    run: Path, tmp_path: Path
) -> None:
    """A safety stock below zero is no EISBE, and what EISBE is today no run knows."""
    assert "EISBE" not in export(run, "csv", columns="sap", out=tmp_path / "sap").frame
    mine = tmp_path / "mine.toml"
    mine.write_text('[columns]\nMATNR = "sku"\nEISBE = "safety_stock"\n')
    back = export(run, "csv", columns=mine, current=True, out=tmp_path / "back").frame
    assert back["EISBE"].isna().all()


def test_the_file_of_a_run(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids as text, whole numbers, the review file names what to look at first."""
    found = export(run, "odoo18", out=tmp_path / "odoo")
    table = pd.read_csv(found.files[0], dtype=str)
    assert table["product_id"].tolist() == ["00123", "b", "'=c"]
    assert table[["product_min_qty", "product_max_qty", "qty_multiple"]].to_numpy().tolist() == [
        ["8", "12", "5"], ["4", "9", "1"], ["4", "4", "2"]
    ]  # fmt: skip
    assert found.notes[0].startswith("1 rules order up to S at every review")
    assert "apostrophe" in found.files[1].read_text("utf-8")
    monkeypatch.setattr("simlab.api.exporting.checked.with_laws", None)  # nothing is simulated before
    with pytest.raises(UsageError, match="exists already"):
        export(run, "odoo18", out=tmp_path / "odoo")


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_file_itself_places_the_plan_s_orders_over_200_periods(
    run: Path, tmp_path: Path, system: str
) -> None:
    """What an importer reads from the CSV orders as the plan does, period by period."""
    table = pd.read_csv(export(run, system, out=tmp_path / system).files[0], dtype={0: str})
    table = table.set_axis([name.rpartition(".")[2] for name in table.columns], axis=1).set_index(
        table.columns[0].rpartition(".")[2]
    )
    plan = {"00123": Levels(LOTS, 7, None, 5, 1), "b": Levels(TO_LEVEL, 3, 9, None, 1)}
    compared = [sku for sku in plan if sku in table.index]
    assert compared == (["00123"] if system == "erpnext" else ["00123", "b"])
    for sku in compared:
        row = table.loc[sku]
        if system == "erpnext":
            rule = Rule(row["warehouse_reorder_level"], None, None, row["warehouse_reorder_qty"])
        else:
            rule = Rule(row["product_min_qty"], row["product_max_qty"], multiple_of(row, tmp_path / system))
        demand = np.random.default_rng(5).integers(0, 5, 200)
        agree(plan[sku], lambda levels, rule=rule: rule, SYSTEMS[system][1], demand)


def multiple_of(row: pd.Series, folder: Path) -> float | None:
    """A number; in Odoo 19 the size of the unit that is named, none where none is."""
    if "qty_multiple" in row:
        return row["qty_multiple"]
    units = pd.read_csv(folder / "units.csv").set_index("name")["relative_factor"]
    return None if pd.isna(row["replenishment_uom_id"]) else units[row["replenishment_uom_id"]]


def test_odoo_19_has_no_number_for_a_multiple(run: Path, tmp_path: Path) -> None:
    """Its field is a unit: a column `qty_multiple` would stay out, and every order be what is missing."""
    found = export(run, "odoo19", out=tmp_path / "odoo")
    assert found.frame["replenishment_uom_id"].tolist() == ["Pack of 5", "", "Pack of 2"]
    assert "qty_multiple" not in found.frame
    assert found.files[2].read_text("utf-8-sig").splitlines() == [
        "name,relative_factor,relative_uom_id", "Pack of 2,2,Units", "Pack of 5,5,Units"
    ]  # fmt: skip
    assert any("import units.csv first (2 packs" in note for note in found.notes)
    assert len(export(run, "odoo18", out=tmp_path / "before").files) == 2


def test_changes_only_and_the_way_back(run: Path, tmp_path: Path) -> None:
    """Rules as today's are left out; today's own values come back; what is not known is said."""
    changed = export(run, "odoo17", changes_only=True, out=tmp_path / "changes").frame
    assert changed["product_id"].tolist() == ["00123", "b", "=c"]
    back = export(run, "odoo17", current=True, out=tmp_path / "back")
    assert back.frame["product_min_qty"].tolist() == [10, 3]
    assert "1 SKU-locations are not in the file (no current levels are known): =c@W1." in back.notes


def test_the_way_back_of_what_changes_is_all_that_changed(run: Path, tmp_path: Path) -> None:
    """An importer of both files, one after the other, has today's rules again: no more, no less."""
    back = export(run, "odoo17", current=True, changes_only=True, out=tmp_path / "back").frame
    assert back["product_id"].tolist() == ["00123", "b"]


def test_today_s_rule_keeps_its_kind_on_the_way_back(run: Path, tmp_path: Path) -> None:
    """(R,s,S) of today has S - s beside it, and is no order of lots: it goes up to S, whatever is missing."""
    back = export(run, "odoo17", current=True, out=tmp_path / "back").frame.set_index("product_id")
    row = back.loc["b", ["product_min_qty", "product_max_qty", "qty_multiple"]]
    assert row.tolist() == [3, 9, 1]


def test_columns_of_ones_own_and_those_of_sap(run: Path, tmp_path: Path) -> None:
    found = export(run, "csv", columns="sap", out=tmp_path / "sap").frame
    assert found[["MATNR", "MINBE", "DISLS"]].to_numpy().tolist() == [
        ["00123", 8, "FX"], ["b", 4, "HB"], ["=c", 4, "HB"]
    ]  # fmt: skip
    wrong = tmp_path / "map.toml"
    wrong.write_text('[columns]\nX = "skuu"\n')
    with pytest.raises(InvalidInputError, match="no column 'skuu'"):
        export(run, "csv", columns=wrong, out=tmp_path / "x")


@pytest.mark.parametrize(
    "text",
    [
        *("columns = 5", 'columns = "sku"', 'columns = ["sku"]', "x = " + "[" * 50_000, "x = " + "9" * 6_000),
        *('[columns]\n"" = "sku"', '[columns]\n"a\\u001bb" = "sku"', '[[columns]]\na = "sku"'),
    ],
)
def test_a_map_that_is_none_is_refused_as_such(run: Path, tmp_path: Path, text: str) -> None:
    """A number for the table of columns was a fault of simlab, a sign of a terminal went into the file."""
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(InvalidInputError, match="E-EXP-003"):
        export(run, "csv", columns=tmp_path / "m.toml", out=tmp_path / "x")


@pytest.mark.parametrize("place", ["pipe", "folder", "/dev/zero"])
def test_a_map_is_a_file(run: Path, tmp_path: Path, place: str) -> None:
    """A pipe was waited for without an end, a device filled the memory."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InvalidInputError, match="E-EXP-003"):
        export(run, "csv", columns=tmp_path / place, out=tmp_path / "x")


@pytest.mark.parametrize("place", ["file/x", "a" * 400])
def test_a_place_that_cannot_be_is_said(run: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        export(run, "csv", out=tmp_path / place)


@pytest.mark.parametrize(
    ("system", "said"),
    [("odoo", "odoo17, odoo18 or odoo19|odoo17 or odoo18 or odoo19"), ("sap", "known are")],
)
def test_a_system_must_be_named_exactly(run: Path, system: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        export(run, system)


def test_python_offers_it() -> None:
    assert callable(sl.api.export)


def weekly(**changed: object) -> reference.Item:
    """(R,S) with R = 7: demand of 0 or 2 with equal chances, two days to arrive, sales that are lost."""
    laws = {"values": [0, 2], "thresholds": [2**31, 2**32 - 1], "lead_times": [2], "lead_weights": [1]}
    terms = {"crossing": False, "family": 0, "s": 0, "S": 10, "Q": 0, "R": 7, "unmet": 1}
    return reference.Item(key=3, **laws | terms | changed)


@pytest.fixture
def up_to(tmp_path: Path) -> Path:
    """A run whose only rule orders up to S at the review of a week, with the laws it was drawn from."""
    folder = RunFolder.create(tmp_path / "weekly", "weekly", Path())
    row = {"sku": "a", "location": "W1", "family": EVERY_REVIEW, "order_up_to": 10, "pack_size": 1}
    plan = pd.DataFrame([row | {"review_period": 7}]).reindex(columns=list(COLUMNS))
    folder.write_bytes("results/plan.csv", csv_bytes(plan))
    kept = {"sku": ["a"], "location": ["W1"], "item": [to_text(weekly())], "left_out": [""]}
    folder.write_table("world", pd.DataFrame(kept | {"unit_cost": [100], "holding": [1], "parts": [1]}))
    mean = {"sku": ["a"], "location": ["W1"], "mean_demand": [1.0], "review_period": [7]}
    folder.write_table("items", pd.DataFrame(mean))
    world = {"seed": 5, "periods": 364, "warmup": 28, "replications": 2, "exposure": 728}
    folder.write_manifest({"command": "optimize", "period": "day", "world": world})
    return folder.path


def share(item: reference.Item) -> float:
    """Units served of those demanded, by the plain simulator."""
    seen = [reference.simulate(item, 5, path, 28, 364) for path in (0, 1)]
    return sum(one["served"] for one in seen) / sum(one["demanded"] for one in seen)


def test_odoo_s_review_file_says_first_what_a_daily_check_serves(up_to: Path, tmp_path: Path) -> None:
    """The simulator's own figures, of R = 1 beside R = 7."""
    first = export(up_to, "odoo17", out=tmp_path / "o").files[1].read_text("utf-8").splitlines()[0]
    daily, planned = share(weekly(R=1)), share(weekly())
    assert daily > planned + 0.02
    assert f"every day serves {daily:.1%} of units, the plan {planned:.1%}, with" in first
    assert "1 of 1 SKU-locations, 2 x 364 periods" in first


def test_erpnext_takes_the_nearest_level_and_quantity_only_when_asked(up_to: Path, tmp_path: Path) -> None:
    """Refused by name; asked for: a week's demand as the quantity, S less it as s, and what that serves."""
    with pytest.raises(InvalidInputError, match="--approximate"):
        export(up_to, "erpnext", out=tmp_path / "no")
    found = export(up_to, "erpnext", approximate=True, out=tmp_path / "e")
    assert found.frame.iloc[0, 2:4].tolist() == [3.5, 7]
    lots = share(weekly(family=2, s=3, S=4, moq=7, R=1, width=7))
    assert found.notes[0].startswith("1 rules are approximate")
    assert f"serves {lots:.1%} of units, the plan {share(weekly()):.1%}" in found.notes[0]
    with pytest.raises(UsageError, match="goes with --for erpnext"):
        export(up_to, "odoo17", approximate=True)


def test_a_gate_s_levels_are_simulated_on_the_laws_of_the_run_it_judged(up_to: Path, tmp_path: Path) -> None:
    """The live plan's own levels; without that run beside it nothing is invented."""
    folder = RunFolder.create(tmp_path / "weekly-gate", "weekly", Path())
    row = {"sku": "a", "location": "W1", "family": EVERY_REVIEW, "order_up_to": 3, "pack_size": 1}
    plan = pd.DataFrame([row | {"review_period": 7}]).reindex(columns=list(COLUMNS))
    folder.write_bytes("results/plan.csv", csv_bytes(plan))
    folder.write_manifest({"command": "gate", "period": "day", "proposed_run": "../elsewhere/weekly"})
    said = export(folder.path, "odoo17", out=tmp_path / "o").notes[0]
    assert f"serves {share(weekly(R=1, S=3)):.1%} of units, the plan {share(weekly(S=3)):.1%}" in said
    up_to.rename(tmp_path / "gone")
    assert "is not known" in export(folder.path, "odoo17", out=tmp_path / "o2").notes[0]
    with pytest.raises(UsageError, match="name the folder of optimize"):
        export(folder.path, "erpnext", approximate=True)


@given(st.integers(0, 40), st.integers(1, 30), st.integers(-30, 60))
def test_what_is_simulated_orders_as_erpnext_does(level: int, lot: int, position: int) -> None:
    """The quantity, or what is missing to the level; packs and limits of the plan do not matter."""
    rule = Rule(level + 0.5, None, None, lot)
    item = checked.in_erpnext(rule, 1.0)(weekly(pack=4, max_order=8), 1)
    assert reference.order_size(item, position) == in_erpnext(rule, position)


@pytest.mark.parametrize(
    ("levels", "demand", "moq", "s", "lot"),
    [
        (Levels(EVERY_REVIEW, None, 20, None, 6), 7, 0, 13, 12),  # whole packs
        (Levels(EVERY_REVIEW, None, 20, None, 1), 7, 10, 13, 10),  # at least the minimum order
        (Levels(EVERY_REVIEW, None, 3, None, 1), 7, 0, 0, 7),  # an empty shelf is always filled
        (Levels(EVERY_REVIEW, None, 0, None, 1), 0.1, 0, -1, 1),  # to order only
        (Levels(TO_LEVEL, 4, 9, None, 1), 7, 0, 4, 5),  # its own s, and S - s
    ],
)
def test_the_nearest_lots(levels: Levels, demand: float, moq: float, s: float, lot: float) -> None:
    found = checked.nearest_lots(levels, demand, moq)
    assert (found.family, found.s, found.Q) == (LOTS, s, lot)


def test_ids_of_a_plan_come_back_letter_for_letter():
    """A plain apostrophe at the beginning is part of a name; those before formulas are not."""
    names = ["'5", "=1", "'=1", "a;=1", "a;'=1", "plain"]
    frame = pd.DataFrame(dict.fromkeys(COLUMNS, "") | {"sku": names})
    assert list(plan_of(csv_bytes(frame))["sku"]) == names
