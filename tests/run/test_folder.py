"""The run folder: nothing is replaced, nothing is half-written, nothing damaged is read."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simlab.errors import IncompleteError, InvalidInputError, SimlabError, UsageError
from simlab.run import RunFolder, sha256, tables, verify
from simlab.run import files as run_files
from simlab.run import folder as run_folder
from simlab.run.environment import environment
from simlab.run.tables import decode

FRAME = pd.DataFrame(
    {
        "sku": ["00123", "=cmd|' /C calc'!A0", "<script>"],
        "supplier": ["ACME", None, "NA"],
        "units": np.array([1, -(2**62), 3], dtype=np.int64),
        "rate": [0.1, math.nan, 1 / 3],
        "targets": [[0.9, 0.95], None, []],
    }
)


def sealed(folder: Path) -> RunFolder:
    run = RunFolder.create(folder / "run", "study", folder)
    run.write_table("items", FRAME)
    run.write_table("quality", FRAME[["sku"]])
    run.write_text("study.toml", "schema = 1\n")
    run.write_manifest({"command": "optimize", "study": "study"})
    return run


def test_default_folders_are_numbered_and_never_replaced(tmp_path: Path) -> None:
    paths = [RunFolder.create(None, "retail", tmp_path).path for _ in range(3)]
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        "runs/retail",
        "runs/retail-2",
        "runs/retail-3",
    ]


def test_an_empty_folder_given_is_used_a_filled_one_refused(tmp_path: Path) -> None:
    out = tmp_path / "new" / "deep"
    assert RunFolder.create(out, "x", tmp_path).path == out
    with pytest.raises(UsageError, match="not empty"):
        RunFolder.create(out, "x", tmp_path)
    (tmp_path / "file").write_text("kept")
    with pytest.raises(UsageError, match="is a file"):
        RunFolder.create(tmp_path / "file", "x", tmp_path)
    assert (tmp_path / "file").read_text() == "kept"


def test_a_parent_that_is_a_file_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(UsageError, match="cannot write a run folder"):
        RunFolder.create(None, "x", tmp_path)
    with pytest.raises(UsageError, match="cannot write a run folder"):
        RunFolder.create(tmp_path / "runs" / "x", "x", tmp_path)


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\\b", ".hidden", "a\nb"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a folder"):
        RunFolder.create(None, name, tmp_path)


def test_tables_come_back_as_they_were(tmp_path: Path) -> None:
    run = RunFolder.open(sealed(tmp_path).path)
    frame = run.read_table("items")
    assert frame["sku"].tolist() == FRAME["sku"].tolist()
    assert frame["units"].tolist() == FRAME["units"].tolist()
    assert frame["units"].dtype == np.int64
    assert frame["supplier"].isna().tolist() == [False, True, False]
    np.testing.assert_array_equal(frame["rate"], FRAME["rate"])
    assert frame["targets"][0].tolist() == [0.9, 0.95]
    assert frame["targets"][1] is None
    assert run.has_table("items")
    assert not run.has_table("frontier")
    with pytest.raises(UsageError, match="no table 'frontier'"):
        run.read_table("frontier")
    with pytest.raises(ValueError, match="no table name"):
        run.read_table("../items")


def test_arrow_and_pandas_give_the_same_bytes(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run", "x", tmp_path)
    first = sha256(run.write_table("items", FRAME))
    second = sha256(run.write_table("items", pa.Table.from_pandas(FRAME, preserve_index=False)))
    assert first == second


def test_pages_carry_checksums(tmp_path: Path) -> None:
    """Protects against silent damage even where the manifest is not at hand."""
    path = sealed(tmp_path).table_path("items")
    data = bytearray(path.read_bytes())
    refused = 0
    for position in range(8, 300, 7):
        flipped = bytearray(data)
        flipped[position] ^= 16
        try:
            table = decode(bytes(flipped))
        except ValueError:
            refused += 1
        else:
            assert table.to_pandas()["units"].tolist() == FRAME["units"].tolist()
    assert refused > 20


@pytest.mark.parametrize("position", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_one_flipped_bit_anywhere_is_noticed(tmp_path: Path, position: float) -> None:
    run = sealed(tmp_path)
    path = run.table_path("items")
    data = bytearray(path.read_bytes())
    data[int(position * len(data))] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(InvalidInputError, match=r"E-RUN-002.*results/items\.parquet"):
        RunFolder.open(run.path).read_table("items")
    assert [(p.code, p.file) for p in verify(run.path)] == [("E-RUN-002", "results/items.parquet")]


def test_damage_in_an_unsealed_run_is_noticed_by_the_pages(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run", "x", tmp_path)
    path = run.write_table("items", FRAME)
    data = bytearray(path.read_bytes())
    data[60] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(InvalidInputError, match="E-RUN-002"):
        run.read_table("items")


def test_verify_names_missing_changed_and_strange_files(tmp_path: Path) -> None:
    run = sealed(tmp_path)
    assert verify(run.path) == []
    run.log("report")
    assert verify(run.path) == []
    (run.path / "study.toml").write_text("schema = 2\n")
    run.table_path("quality").unlink()
    (run.path / "stray.csv").write_text("")
    problems = {p.file: p.code for p in verify(run.path)}
    assert problems == {
        "study.toml": "E-RUN-002",
        "quality.parquet": "E-RUN-004",
        "stray.csv": "E-RUN-005",
    }


def test_a_changed_manifest_is_noticed(tmp_path: Path) -> None:
    run = sealed(tmp_path)
    manifest = run.path / "manifest.json"
    manifest.write_text(manifest.read_text().replace("optimize", "simulate"))
    assert [p.code for p in verify(run.path)] == ["E-RUN-002"]
    with pytest.raises(InvalidInputError, match="digest"):
        RunFolder.open(run.path)
    manifest.write_text("{")
    with pytest.raises(InvalidInputError, match="E-RUN-002"):
        RunFolder.open(run.path)


def test_files_made_after_the_seal_are_registered(tmp_path: Path) -> None:
    run = RunFolder.open(sealed(tmp_path).path)
    page = run.write_text("report.html", "<p>")
    assert [p.code for p in verify(run.path)] == ["E-RUN-005"]
    run.register([page])
    assert verify(run.path) == []
    assert RunFolder.open(run.path).manifest["command"] == "optimize"


def test_what_is_no_finished_run_is_refused_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such run folder"):
        RunFolder.open(tmp_path / "nowhere")
    with pytest.raises(UsageError, match=r"has no manifest\.json"):
        RunFolder.open(tmp_path)
    run = RunFolder.create(tmp_path / "run", "x", tmp_path)
    with pytest.raises(IncompleteError, match="did not finish"):
        RunFolder.open(run.path)
    assert [p.code for p in verify(run.path)] == ["E-RUN-003"]
    (run.path / "manifest.json").write_text('{"schema": 99, "status": "complete"}')
    with pytest.raises(UsageError, match="newer simlab"):
        RunFolder.open(run.path)


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder.create(tmp_path / "run", "x", tmp_path)
    run.write_text("note.txt", "old")
    monkeypatch.setattr(os, "fsync", lambda file: os.pwrite(file, b"?", 0))  # one byte on the disk is another
    with pytest.raises(SimlabError, match="did not give back"):
        run.write_text("note.txt", "new")
    assert (run.path / "note.txt").read_text() == "old"
    assert sorted(p.name for p in run.path.iterdir()) == ["manifest.json", "note.txt"]


def test_nothing_is_written_outside_the_folder(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run", "x", tmp_path)
    for name in ("../x", "/tmp/x", "figures/../../x"):
        with pytest.raises(ValueError, match="outside"):
            run.write_text(name, "")


def test_the_log_is_one_json_object_per_line_and_survives_nan(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run", "x", tmp_path)
    run.log("start", rate=math.nan, n=np.int64(3), values=np.array([1.0, np.inf]), text="a\nb")
    with run.stage("fit", n_items=3):
        pass
    with pytest.raises(ZeroDivisionError), run.stage("simulate"):
        1 / 0  # noqa: B018
    lines = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
    assert lines[0] | {"rate": None, "n": 3, "values": [1.0, None], "text": "a\nb"} == lines[0]
    assert {"time", "elapsed", "event"} <= lines[0].keys()
    assert (lines[1]["stage"], lines[1]["n_items"]) == ("fit", 3)
    assert lines[2]["error"] == "ZeroDivisionError"
    assert list(run.times) == ["fit"]


def test_the_manifest_holds_no_path_of_the_machine(tmp_path: Path) -> None:
    run = sealed(tmp_path)
    text = (run.path / "manifest.json").read_text()
    assert str(tmp_path) not in text
    assert str(Path.home()) not in text
    with pytest.raises(TypeError, match="no JSON form"):
        run_files.to_json({"out": tmp_path})


def test_the_environment_names_versions_and_processor() -> None:
    facts = environment()
    assert {"python", "numpy", "numba", "scipy", "pyarrow", "simlab", "cpu", "system"} <= facts.keys()
    assert facts["numpy"] == np.__version__
    assert facts["cpu"]


@pytest.mark.parametrize("name", ["manifest.json", "resolved.json"])
def test_json_without_a_bottom_is_refused(tmp_path, name):
    """It ended as a fault of simlab: the interpreter's own limit."""
    run = RunFolder.create(tmp_path / "run", "x", tmp_path)
    run.write_text("resolved.json", "[" * 100_000)
    run.write_manifest({})
    if name == "manifest.json":
        (run.path / name).write_text("[" * 100_000)
    with pytest.raises(InvalidInputError, match=name):
        RunFolder.open(run.path).read_json("resolved.json")


def test_a_name_too_long_for_a_folder_is_no_run(tmp_path):
    with pytest.raises(UsageError, match="no such run folder"):
        RunFolder.open(tmp_path / ("a" * 5000))


def test_json_that_was_edited_is_refused(tmp_path):
    """`compare runs` read `resolved.json` unchecked: an edited one gave a false "what differs"."""
    run = RunFolder.create(tmp_path / "run", "x", tmp_path)
    run.write_json("resolved.json", {"study": {"period": "day"}})
    run.write_manifest({})
    assert RunFolder.open(run.path).read_json("resolved.json") == {"study": {"period": "day"}}
    assert RunFolder.open(run.path).read_json("other.json") is None
    (run.path / "resolved.json").write_text('{"study": {"period": "week"}}')
    with pytest.raises(InvalidInputError, match=r"resolved\.json"):
        RunFolder.open(run.path).read_json("resolved.json")


def test_a_table_says_the_version_of_its_form_and_a_newer_one_is_refused_by_name(tmp_path, monkeypatch):
    run = RunFolder.create(tmp_path / "run", "run", tmp_path)
    table = pd.DataFrame({"a": [1, 2]})
    run.write_table("items", table)
    old = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(old, run.table_path("old"))
    monkeypatch.setattr(tables, "SCHEMA", 2)
    run.write_table("newer", table)
    monkeypatch.setattr(tables, "SCHEMA", 1)
    assert list(run.read_table("items")["a"]) == list(run.read_table("old")["a"]) == [1, 2]
    with pytest.raises(UsageError, match=r"newer.parquet: written by a newer simlab \(schema 2, known: 1\)"):
        run.read_table("newer")


def test_every_file_says_its_form_in_the_manifest_and_a_newer_one_is_refused_by_name(tmp_path, monkeypatch):
    """A CSV that an ERP reads has no place for it."""
    run = sealed(tmp_path)
    assert {entry["schema"] for entry in run.manifest["files"].values()} == {1}
    path = run.write_text("results/plan.csv", "sku\n")
    monkeypatch.setattr(run_folder, "SCHEMA", 2)
    run.register([path])
    monkeypatch.setattr(run_folder, "SCHEMA", 1)
    with pytest.raises(UsageError, match=r"plan.csv: written by a newer simlab \(schema 2, known: 1\)"):
        RunFolder.open(run.path)


def test_a_manifest_of_before_names_no_form_of_files_and_is_read(tmp_path):
    run = sealed(tmp_path)
    files = {
        key: {k: v for k, v in one.items() if k != "schema"} for key, one in run.manifest["files"].items()
    }
    run._write_manifest({**run.manifest, "files": files})
    assert verify(run.path) == []
    assert RunFolder.open(run.path).read_table("items").shape == FRAME.shape
