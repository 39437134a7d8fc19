"""`simlab verify` finds what was changed in a run, with hashes or without them, and what was not is well."""

import json
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner
from worlds.study import STUDY, write_study
from worlds.trust_figures import noted

from simlab import api
from simlab.api.verifying.again import compare
from simlab.api.verifying.finding import Ledger
from simlab.cli.app import app
from simlab.errors import EXIT_NOT_VERIFIED, InvalidInputError, UsageError
from simlab.run import RunFolder
from simlab.run import verify as hashes_of
from simlab.run.folder import BEGUN


@pytest.fixture(autouse=True)
def _a_wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentences are looked for in messages, which a narrow terminal breaks."""
    monkeypatch.setenv("COLUMNS", "400")


SMALL = STUDY.replace("replications = 30", "replications = 8").replace(
    "replications = 24", "replications = 8"
)
DERIVED = {
    "items": ["fill_rate", "mean_on_hand", "inventory_value", "holding_cost", "sum_served", "sum_stock"],
    "plan": [
        *("fill_rate", "fill_rate_low", "target", "order_up_to", "inventory_value"),
        *("reorder_point_now", "order_up_to_now", "order_quantity_now", "fill_rate_now"),
        *("inventory_value_now", "sum_served_now", "sum_stock_now"),
    ],
    "locations": ["inventory_value", "fill_rate", "orders_per_year"],
    "segments": ["fill_rate", "inventory_value", "holding_cost", "n_items"],
    "reference": ["fill_rate", "fill_rate_low", "fill_rate_high", "inventory_value", "holding_cost"],
    "frontier": ["fill_rate", "fill_rate_verdict", "holding_cost_verdict", "inventory_value_verdict"],
    "curves": ["demanded", "served"],
    "cells": ["demanded", "served"],
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = write_study(tmp_path_factory.mktemp("study"), SMALL)
    items = path.parent / "items.csv"
    head, *rows = items.read_text("utf-8").splitlines()
    today = [",,60,", ",20,,15", ",20,55,", ",,,"]  # (R,S), (R,s,nQ), (R,s,S), not known
    rows = [f"{row}{today[at % 4]}" for at, row in enumerate(rows)]
    columns = "current_reorder_point,current_order_up_to,current_order_quantity"
    items.write_text("\n".join([f"{head},{columns}", *rows, ""]), "utf-8")
    return path


@pytest.fixture(scope="module")
def whole(study):
    return api.run_optimize(study, study.parent / "run").folder


@pytest.fixture
def run(whole):
    copy = whole.parent / "copy"
    shutil.copytree(whole, copy)
    yield copy
    shutil.rmtree(copy)


def resealed(folder, name, frame):
    """Write a table into a finished run as one who knows how: hashes and digest are made anew."""
    run = RunFolder.open(folder)
    run.register([run.write_table(name, frame)])


def test_an_untouched_run_is_verified_and_says_what_was_looked_at(whole):
    found = api.verify(whole, 12)
    assert found.problems == ()
    said = " ".join(found.checked)
    assert "12 SKU-locations simulated again" in said
    assert "inputs items, demand, receipts" in said
    assert "plans of the frontier in exact sums" in said


@pytest.mark.parametrize(("table", "column"), [(t, c) for t, columns in DERIVED.items() for c in columns])
def test_a_cell_changed_by_a_millionth_is_found_though_its_hash_was_made_anew(run, table, column):
    frame = RunFolder.open(run).read_table(table)
    rows = np.flatnonzero(frame[column].notna() & (frame.get("sample", "verdict") == "verdict"))
    row = int(rows[0])
    value = frame[column].iloc[row]
    frame[column] = frame[column].astype("float64" if isinstance(value, float) else "int64")
    frame.loc[row, column] = value * (1 + 1e-6) if isinstance(value, float) else value + 1
    resealed(run, table, frame)
    found = api.verify(run, 0)
    assert [one for one in found.problems if one.file == f"results/{table}.parquet" or table == "items"]


def changed(frame, column):
    """The table with one cell of a column changed by a millionth, or by one; None if it holds none."""
    values = frame[column]
    if not len(values):
        return None
    row = len(values) // 2
    if values.dtype.kind in "iuf":
        known = np.flatnonzero(values.notna() & (values != 0))
        row = int(known[len(known) // 2]) if known.size else row
        value = values.iloc[row]
        more = value * (1 + 1e-6) if values.dtype.kind == "f" and value == value and value != 0 else value + 1
        more = 1.0 if more != more else more
    elif values.dtype == bool:
        more = not values.iloc[row]
    elif isinstance(values.iloc[row], np.ndarray):
        value = values.iloc[row]
        if not value.size or value.dtype.kind not in "iuf":
            return None
        more = value.copy()
        more[-1] = more[-1] * (1 + 1e-6) if value.dtype.kind == "f" and more[-1] else more[-1] + 1
    else:
        more = f"{values.iloc[row]}x"
    return frame.assign(**{column: [more if at == row else one for at, one in enumerate(values)]})


def unseen_of(run, whole, every):
    """Changes of one cell, or two rows swapped, that a run computed again does not tell; how many were made.

    `every`: one in each column of each table, else one in a column of each.
    """
    tables = sorted(path.stem for path in (run / "results").glob("*.parquet"))
    assert len(tables) > 40
    unseen, tried = [], 0
    for table in tables:
        folder, path = RunFolder.open(run), run / "results" / f"{table}.parquet"
        frame, before = folder.read_table(table), path.read_bytes()
        columns = frame.columns if every else frame.columns[-1:]
        others = [(column, changed(frame, column)) for column in columns]
        if len(frame) > 1 and not frame.iloc[0].equals(frame.iloc[1]):
            others.append(("rows", frame.iloc[[1, 0, *range(2, len(frame))]].reset_index(drop=True)))
        for what, other in others:
            if other is None:
                continue
            folder.write_table(table, other)
            found = Ledger()
            compare(folder, whole, found)
            tried += 1
            if [one.file for one in found.problems] != [f"results/{table}.parquet"]:
                unseen.append((table, what))
        path.write_bytes(before)
    return unseen, tried, len(tables)


def test_a_cell_of_every_table_and_two_rows_swapped_are_found_by_computing_the_run_again(run, whole):
    """Finance, intervals, model columns, proofs: what nothing else is derived from, too."""
    unseen, tried, _ = unseen_of(run, whole, every=False)
    assert unseen == []
    assert tried > 80


@pytest.mark.slow
def test_any_cell_of_any_table_is_found_by_computing_the_run_again(run, whole):
    unseen, tried, tables = unseen_of(run, whole, every=True)
    assert unseen == []
    assert tried > 500
    noted("cells", tables=tables, tried=tried, seen=tried - len(unseen))


def test_verify_computes_the_run_again_and_names_the_cell(run):
    """As one who knows how: hash and digest are made anew, nothing else depends on the number."""
    frame = RunFolder.open(run).read_table("capital")
    frame.loc[3, "purchases"] *= 1 + 1e-6
    resealed(run, "capital", frame)
    done = CliRunner().invoke(app, ["verify", str(run), "--items", "0"])
    assert done.exit_code == EXIT_NOT_VERIFIED
    assert "capital.parquet: the run was computed again: column 'purchases', row 4" in done.output
    assert api.verify(run, 0, again=False).is_well


def test_what_keeps_a_run_from_being_computed_again_is_said(run, study):
    known = RunFolder.open(run)
    known.manifest["environment"]["numpy"] = "1.0"
    known.register([])
    assert "not computed again: numpy 1.0 then" in api.verify(run, 0).checked[-1]
    with pytest.raises(UsageError, match=r"numpy 1\.0 then"):
        api.verify(run, 0, again=True)
    known.manifest["environment"]["numpy"] = np.__version__
    known.manifest["times"]["simulate"] = 3600.0
    known.register([])
    assert "--again does it" in api.verify(run, 0).checked[-1]
    assert "the whole run computed again" in api.verify(run, 0, again=True).checked[-1]
    away = study.with_name("items.away")
    (study.parent / "items.csv").rename(away)
    try:
        assert "the inputs items are not found from here" in api.verify(run, 0).checked[-1]
    finally:
        away.rename(study.parent / "items.csv")


def test_nothing_of_a_run_computed_again_is_left(run, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert api.verify(run, 0, again=True).is_well
    assert list(tmp_path.iterdir()) == []
    assert [one for one in BEGUN if one.is_relative_to(tmp_path)] == []


def test_what_every_table_agrees_on_is_found_by_simulating_again(run):
    """A forger who changes a count, and everything that follows from it, meets the plain simulator."""
    frame = RunFolder.open(run).read_table("items")
    frame.loc[0, "sum_receipts"] += 1
    resealed(run, "items", frame)
    found = api.verify(run, 12)
    assert any("the plain simulator counts" in one.message for one in found.problems)


def test_today_s_side_is_simulated_again(run):
    """Sums of today changed together with everything that follows from them."""
    frame = RunFolder.open(run).read_table("plan")
    row = int(np.flatnonzero(frame["sum_stock_now"].notna())[0])
    more = 1 + 1 / frame.loc[row, "sum_stock_now"]
    for column in ("sum_stock_now", "inventory_value_now"):
        frame.loc[row, column] *= more
    frame["inventory_value_change"] = frame["inventory_value"] - frame["inventory_value_now"]
    resealed(run, "plan", frame)
    found = api.verify(run, 12).problems
    assert any(one.column == "sum_stock_now" and "plain simulator counts" in one.message for one in found)


@pytest.mark.parametrize("table", ["items", "plan", "frontier"])
def test_two_rows_swapped(run, table):
    frame = RunFolder.open(run).read_table(table)
    order = [1, 0, *range(2, len(frame))]
    resealed(run, table, frame.iloc[order].reset_index(drop=True))
    assert api.verify(run, 0).problems


KINDS = ("results/items.parquet", "results/world.parquet", "quality.parquet", "study.toml", "resolved.json")


@pytest.mark.parametrize("place", [*KINDS, "manifest.json", "report.html", "results/plan.csv"])
def test_one_bit_flipped_in_any_kind_of_file(run, place):
    path = run / place
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    done = CliRunner().invoke(app, ["verify", str(run), "--items", "0"])
    assert done.exit_code == EXIT_NOT_VERIFIED
    assert place.rpartition("/")[2] in done.output


def flipped_in_every_file(run):
    """Files of a run in which one bit, here and there, is not seen by its hashes."""
    unseen, n = [], 0
    for path in sorted(one for one in run.rglob("*") if one.is_file() and one.name != "manifest.json"):
        data = path.read_bytes()
        for at in {0, len(data) // 2, len(data) - 1} if data else ():
            path.write_bytes(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
            n += 1
            if not any(path.name in one.message + (one.file or "") for one in hashes_of(run)):
                unseen.append(path.relative_to(run).as_posix())
        path.write_bytes(data)
    return unseen, n


def test_one_bit_flipped_in_every_file_of_a_run(run):
    """Tables, page, workbook, figures, the copied study; log.jsonl is written on and not sealed."""
    unseen, n = flipped_in_every_file(run)
    assert set(unseen) <= {"log.jsonl"}
    assert n > 60


@pytest.mark.slow
@pytest.mark.pages
def test_one_bit_flipped_in_every_file_of_a_run_with_page_and_figures(study, tmp_path):
    run = api.run_optimize(study, tmp_path / "run").folder
    api.render_report(run, figures=True)
    kinds = {path.suffix for path in run.rglob("*") if path.is_file()}
    assert kinds >= {".parquet", ".csv", ".html", ".xlsx", ".png", ".svg", ".toml", ".json"}
    unseen, n = flipped_in_every_file(run)
    assert set(unseen) <= {"log.jsonl"}
    noted("flipped bits", flipped=n, seen=n - len(unseen), kinds=len(kinds))


def test_an_edited_input_is_named(run, study):
    path = study.parent / "demand.csv"
    before = path.read_bytes()
    try:
        path.write_bytes(before + b"\n")
        found = api.verify(run, 0)
    finally:
        path.write_bytes(before)
    assert [one.code for one in found.problems] == ["E-RUN-007"]


def test_a_file_that_is_missing_or_strange(run):
    (run / "results" / "curves.parquet").unlink()
    (run / "results" / "more.parquet").write_bytes(b"x")
    assert {one.code for one in api.verify(run, 0).problems} >= {"E-RUN-004", "E-RUN-005"}


def test_a_run_that_did_not_finish_is_not_verified(run):
    manifest = json.loads((run / "manifest.json").read_text("utf-8"))
    (run / "manifest.json").write_text(json.dumps({**manifest, "status": "running"}), "utf-8")
    assert [one.code for one in api.verify(run).problems] == ["E-RUN-003"]


def test_a_newer_run_is_refused_by_name(run):
    manifest = json.loads((run / "manifest.json").read_text("utf-8"))
    (run / "manifest.json").write_text(json.dumps({**manifest, "schema": 99}), "utf-8")
    done = CliRunner().invoke(app, ["verify", str(run)])
    assert done.exit_code == 2
    assert "newer simlab" in done.output


def test_a_pack_is_verified_on_its_own(whole, tmp_path):
    packed = api.pack(whole, tmp_path / "p.zip")
    found = api.verify(packed, 2)
    assert found.problems == ()
    assert "the whole run computed again" in found.checked[-1]
    assert "SHA-256 of the inputs items, demand, receipts" in found.checked
    light = api.pack(whole, tmp_path / "light.zip", inputs=False)
    said = api.verify(light, 0).checked
    assert any("the pack holds their hashes alone" in one for one in said)
    assert "not computed again: the inputs items, demand, receipts" in said[-1]


@pytest.mark.parametrize("name", ["results/items.parquet", "results/plan.csv", "report.html"])
def test_what_nobody_could_verify_is_not_packed(run, tmp_path, name):
    """A damaged run was packed without a word, and who received it was told so."""
    (run / name).write_bytes((run / name).read_bytes()[:-1])
    with pytest.raises(InvalidInputError, match=name):
        api.pack(run, tmp_path / "p.zip")
    assert not list(tmp_path.iterdir())


def test_a_report_of_damaged_tables_is_refused_and_drawn_pages_may_be_gone(run):
    (run / "report.html").unlink()
    (run / "results" / "items.parquet").write_bytes(b"PAR1")
    done = CliRunner().invoke(app, ["report", str(run)])
    assert done.exit_code == 3
    assert "E-RUN-002" in done.output


@pytest.mark.parametrize("place", ["file/p.zip", "a" * 400])
def test_a_pack_in_a_place_that_cannot_be_is_said(whole, tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        api.pack(whole, tmp_path / place, inputs=False)


def test_a_pack_that_leads_out_of_itself_is_refused(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("../out.txt", "x")
    with pytest.raises(InvalidInputError, match="leads out of the pack"):
        api.verify(tmp_path / "p.zip")
    assert not (tmp_path.parent / "out.txt").exists()


def test_a_simulated_policy_is_verified_as_well(study, tmp_path):
    run = api.run_simulate(study, tmp_path / "run").folder
    found = api.verify(run, 12)
    assert found.problems == ()
    assert "the whole run computed again" in found.checked[-1]
    assert pd.read_parquet(run / "results" / "world.parquet")["left_out"].eq("").all()


_BLOCKS_AGAIN = """
import json, sys
from pathlib import Path
import numpy as np
from simlab.api.ordering.source import open_run
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon
from simlab.execution.blocks import curves_of_block

folder, *sizes = sys.argv[1:]
run = open_run(folder)
world, shared = run.ordering.world, run.folder.manifest["world"]
columns = (run.reorder_point, run.order_up_to, run.order_quantity)
levels = Levels(run.family, *(one[:, None] for one in columns))
periods, replications = shared["periods"], shared["replications"]
horizon = Horizon(
    periods, shared["warmup"], replications, replications, shared["seed"], scale=shared["exposure"] // periods
)
for size in map(int, sizes):
    order = np.arange(world.n_items)[::-1]
    found = {"items": {}, **{name: np.zeros(replications, np.int64) for name in ("demanded", "served")}}
    for first in range(0, order.size, size):
        rows = order[first : first + size]
        sums = curves_of_block(world.take(rows), levels.take(rows), horizon, ("demanded", "served"))
        found["demanded"] += sums.demanded.sum(axis=0)
        found["served"] += sums.served[:, 0].sum(axis=0)
        stock = (sums.on_hand + sums.on_hand_start)[:, 0, 0]
        each = (sums.demanded.sum(axis=1), sums.served[:, 0].sum(axis=1), stock, sums.receipts[:, 0, 0])
        found["items"] |= dict(zip(rows.tolist(), np.stack(each, axis=1).tolist(), strict=True))
    print(json.dumps({name: one if isinstance(one, dict) else one.tolist() for name, one in found.items()}))
"""


def test_a_block_is_what_its_rows_the_shared_record_and_the_seed_make_it(whole):
    """From the run folder alone, in a process of its own: any rows in any blocks, the sums of the run."""
    sizes = ("2", "1000")
    found = subprocess.run(
        [sys.executable, "-c", _BLOCKS_AGAIN, str(whole), *sizes], capture_output=True, text=True, check=True
    )
    run = RunFolder.open(whole)
    items, table = run.read_table("items"), run.read_table("replications")
    plan = table[(table["plan"] == "segmented") & (table["sample"] == run.manifest["world"]["sample"])]
    sums = items[["sum_demanded", "sum_served", "sum_stock", "sum_receipts"]].to_numpy().tolist()
    told = [json.loads(line) for line in found.stdout.splitlines()]
    assert len(told) == len(sizes)
    for one in told:
        assert [one["items"][str(row)] for row in range(len(sums))] == sums
        assert one["demanded"] == [int(x) for x in plan.iloc[0]["demanded"]]
        assert one["served"] == [int(x) for x in plan.iloc[0]["served"]]
