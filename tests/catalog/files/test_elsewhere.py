"""A study reads its own folder, the one where the command is called, and what the command line gives."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner
from worlds.study import write_study

import simlab as sl
from simlab.cli.app import app
from simlab.errors import InvalidInputError
from simlab.reading import READ_FROM, may_read, reading_from

linux = pytest.mark.skipif(sys.platform != "linux", reason="names the folder of caches as Linux does")
SAID = "lies outside the study's folder"


@pytest.fixture
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study whose items lie in another folder; the command is called in a third."""
    for name in ("study", "other", "here"):
        (tmp_path / name).mkdir()
    study = write_study(tmp_path / "study", **{"items.csv": "../other/items.csv"})
    (tmp_path / "study" / "items.csv").rename(tmp_path / "other" / "items.csv")
    monkeypatch.chdir(tmp_path / "here")
    return study


def refused(study: Path) -> str:
    with pytest.raises(InvalidInputError, match=SAID) as error:
        sl.load(study)
    return str(error.value)


def test_tables_elsewhere_are_refused_before_anything_is_read(apart: Path) -> None:
    said = refused(apart)
    assert "E-STU-010" in said
    assert f"simlab --read-from {apart.parent.parent / 'other'}" in said
    assert "P-1001" not in said


@pytest.mark.parametrize("path", ["/etc/a.csv", "../../../../../../../../etc/a.parquet", "//etc/a.xlsx"])
def test_files_of_the_system_are(apart: Path, path: str) -> None:
    apart.write_text(apart.read_text("utf-8").replace("../other/items.csv", path), "utf-8")
    assert "E-STU-010" in refused(apart)


def test_links_lead_nowhere_else(apart: Path) -> None:
    (apart.parent / "items.csv").symlink_to("../other/items.csv")
    apart.write_text(apart.read_text("utf-8").replace("../other/items.csv", "items.csv"), "utf-8")
    assert "(by a link)" in refused(apart)


def test_the_folder_of_the_call_or_of_the_command_line_opens_them(
    apart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, root = str(apart.parent.parent / "other"), apart.parent.parent
    with reading_from([Path(other)]):
        assert sl.load(apart).catalog.n_items == 12
    refused(apart)
    assert CliRunner().invoke(app, ["--read-from", other, "check", str(apart)]).exit_code == 0
    with monkeypatch.context() as patch:
        patch.setenv(READ_FROM, os.pathsep.join(["/nowhere", other]))
        assert sl.load(apart).catalog.n_items == 12
    with monkeypatch.context() as patch:
        patch.chdir(root)
        assert sl.load(apart).catalog.n_items == 12
        patch.chdir("/")  # from where everything lies below
        refused(apart)


def test_a_database_file_elsewhere_is_named_by_the_environment_alone(
    apart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = apart.parent.parent / "other" / "stock.db"
    with closing(sqlite3.connect(place)) as base, base:
        base.execute("CREATE TABLE items (sku TEXT, location TEXT, unit_cost REAL, segment TEXT)")
        rows = [(f"P-100{k}", where, 2.5, "fast") for k in range(1, 7) for where in ("EAST", "WEST")]
        base.executemany("INSERT INTO items VALUES (?, ?, ?, ?)", rows)
    text = apart.read_text("utf-8")
    named = f'url = "sqlite:///{place}"\ntable = "items"'
    apart.write_text(text.replace('path = "../other/items.csv"', named), "utf-8")
    refused(apart)
    named = 'url_env = "STOCK_DB"\ntable = "items"'
    apart.write_text(text.replace('path = "../other/items.csv"', named), "utf-8")
    monkeypatch.setenv("STOCK_DB", f"sqlite:///{place}")
    assert sl.load(apart).catalog.n_items == 12


def begun(root: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> str:
    """What `simlab init here/mine` prints for tables that lie in two other folders."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    tables = {"items": "other/items.csv", "demand": "study/demand.csv", "receipts": "study/receipts.csv"}
    named = [word for name, path in tables.items() for word in (f"--{name}", str(root / path))]
    done = CliRunner().invoke(app, ["init", str(root / "here" / "mine"), *named])
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


@linux
def test_where_init_was_given_tables_its_study_reads_from_any_folder(
    apart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = apart.parent.parent
    assert "--read-from" not in begun(root, monkeypatch, root / "cache")
    mine = root / "here" / "mine"
    for folder in (mine, root / "other", "/"):
        monkeypatch.chdir(folder)
        done = CliRunner().invoke(app, ["check", str(mine / "study.toml")])
        assert done.exit_code == 0, done.output
    refused(apart)  # another study was allowed nothing
    (mine / "study.toml").write_text(
        (mine / "study.toml").read_text("utf-8").replace("../../other/items.csv", "/etc/a.csv"), "utf-8"
    )
    assert "E-STU-010" in refused(mine / "study.toml")  # and this one nothing else


@linux
def test_without_a_home_it_says_how_to_go_on(apart: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = apart.parent.parent
    (root / "file").write_text("")
    said = begun(root, monkeypatch, root / "file")
    assert f"simlab --read-from {root / 'other'}" in said
    assert f"simlab --read-from {root / 'study'}" in said


def test_a_path_with_a_sign_that_no_file_has_is_judged_elsewhere(tmp_path: Path) -> None:
    assert may_read(tmp_path / "a\0b", tmp_path)


def test_a_link_to_itself_is_said(tmp_path: Path) -> None:
    study = write_study(tmp_path)
    (tmp_path / "items.csv").unlink()
    (tmp_path / "items.csv").symlink_to("items.csv")
    with pytest.raises(InvalidInputError, match="E-ITM-001"):
        sl.load(study)
