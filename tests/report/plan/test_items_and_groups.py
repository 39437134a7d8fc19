"""Items, suppliers and locations on the page: who is listed, in what words, and how much it weighs."""

import json
from pathlib import Path

import pytest
from worlds.fake_run import HOSTILE, build_fake_run

from simlab.report.plan.folder import read_tables
from simlab.report.plan.html import packed_items, page_html
from simlab.report.plan.items import rows as items
from simlab.report.plan.items.bundle import NAME, plain_script, widget
from simlab.report.plan.sections.groups import by_location, by_supplier
from simlab.run import RunFolder


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    return read_tables(build_fake_run(tmp_path_factory.mktemp("items"), n_items=90, groups=True))


def test_the_largest_changes_come_first_and_every_item_has_its_row(tables):
    shown = items.shown(items.item_rows(tables))
    assert len(shown) == 90
    sizes = shown["stock_change"].abs()
    assert (sizes.diff().dropna() <= 0).all()
    packed = json.loads(json.dumps(items.packed_columns(shown, tables)))
    assert [column["key"] for column in packed["columns"]] == [one.key for one in items.COLUMNS]
    supplier = packed["cells"]["supplier"]
    assert sorted(supplier["values"]) == ["", "ACME"]
    assert packed["total"] == 90


def test_of_very_many_the_changes_and_what_is_vital_remain(tables, monkeypatch):
    monkeypatch.setattr(items, "MOST_ROWS", 50)
    monkeypatch.setattr(items, "MOST_CHANGES", 10)
    rows = items.item_rows(tables)
    shown = items.shown(rows)
    assert len(shown) < 50
    assert rows["vital"].sum() == shown["vital"].sum()
    largest = rows["stock_change"].abs().nlargest(10).index
    assert set(largest) <= set(shown.index)
    assert "the others are in results/plan.csv" in items.counts(rows, tables)["text"]
    assert "on request" not in items.counts(rows, tables)["text"]
    monkeypatch.setattr(items, "MOST_IN_BOOK", 50)
    assert "on request: simlab report RUN --excel" in items.counts(rows, tables)["text"]


def test_what_a_gate_beside_the_run_holds_back_is_listed_with_its_reason(tmp_path):
    """A gate of this very plan; one of other levels says nothing of it."""
    run = build_fake_run(tmp_path / "runs", n_items=30)
    plan = run.read_table("plan")
    gate = plan[["sku", "location"]].assign(decision="go", reason="")
    gate.loc[[2, 5], ["decision", "reason"]] = ["hold back", "serves less"]
    gate.loc[7, "decision"] = "undecided"
    for name in ("reorder_point", "order_up_to"):
        if name in plan:
            gate[f"{name}_proposed"] = plan[name]
    made = RunFolder.create(run.path.parent / "gate", "gate", run.path.parent)
    made.write_table("gate", gate.sample(frac=1.0, random_state=1))
    made.write_manifest({"command": "gate", "study": "x"})
    rows = items.item_rows(read_tables(run))
    assert rows.index[rows["held"]].tolist() == [2, 5, 7]
    assert rows["reason"].iloc[2].endswith("held back: serves less")
    assert ("held", "Held back (3)") in items.counts(rows, read_tables(run))["presets"]
    run.manifest["files"] = {}
    run.write_table("plan", plan.assign(order_up_to=plan["order_up_to"] + 1))
    assert not items.item_rows(read_tables(run))["held"].any()


def test_without_current_levels_there_is_no_column_of_them(tables, tmp_path):
    run = build_fake_run(tmp_path, n_items=30)
    plan = run.read_table("plan")
    run.manifest["files"] = {}
    run.write_table("plan", plan.drop(columns=[name for name in plan if name.endswith("_now")]))
    rows = items.item_rows(read_tables(run))
    keys = [one.key for one in items.columns_of(rows)]
    assert "level_now" not in keys
    assert "level" in keys
    (paper,) = items.on_paper(rows, read_tables(run))
    assert paper["title"] == "Largest stocks"


def test_suppliers_and_locations_have_today_beside_the_plan(tables):
    (suppliers,) = by_supplier(tables).tables
    assert suppliers["header"][4:7] == ["stock today", "proposed", "change"]
    assert {row[0] for row in suppliers["rows"]} == {"ACME", "not named"}
    (locations,) = by_location(tables).tables
    assert "highest stock, 19 of 20 years below" in locations["header"]
    assert "room on the shelf, m³" in locations["header"]
    assert all(len(row) == len(locations["header"]) for row in locations["rows"])


def test_the_widget_is_a_plain_script_that_leaves_one_name():
    made = widget()
    assert f"window.{NAME}=" in made.script
    assert "export{" not in made.script.replace(" ", "")[-3000:]
    assert plain_script("var a=1;export{a as default};") == (
        f'(function(){{"use strict";var a=1;;window.{NAME}={{"default":a}};\n}})();'
    )
    with pytest.raises(ValueError, match="exports nothing"):
        plain_script("var a=1;")


def test_names_like_an_attack_are_packed_and_the_page_stays_small(tmp_path: Path):
    hostile = read_tables(build_fake_run(tmp_path, n_items=1_800, groups=True, hostile=True))
    packed = packed_items(items.item_rows(hostile), hostile)
    assert all(text.isascii() and "<" not in text for text in packed.values())
    page = page_html(hostile, set())
    assert HOSTILE[0] not in page
    assert len(page.encode()) < 1_500_000
