"""``simlab trace`` shows the very numbers that a run added up, or says why it cannot."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from simlab import api
from simlab.api.output.manifest import study_place
from simlab.cli import main
from simlab.errors import UsageError
from simlab.run import RunFolder
from simlab.study import parse_study

ITEMS = """sku,location,unit_cost,lead_time,demand_law,demand_mean,demand_variance,category
00123,EAST,12.50,14,poisson,20,,core
00124,EAST,3.10,14,negative_binomial,6,30,core
0A,WEST,80,28,poisson,1.5,,niche
"""

STUDY = """schema = 1
[study]
name = "tiny"
period = "week"
[data.items]
path = "items.csv"
[lead_times]
law = "fixed"
[segments]
by = ["category"]
[simulation]
periods = 26
replications = 6
batches = 3
seed = 7
[optimize]
fill_rate = 0.90
n_targets = 4
[verdict]
replications = 5
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A finished run; the study lies where it was."""
    folder = tmp_path_factory.mktemp("trace")
    (folder / "items.csv").write_text(ITEMS, "utf-8")
    (folder / "study.toml").write_text(STUDY, "utf-8")
    return api.run_optimize(folder / "study.toml", workers=1).folder


def test_replications_add_up_to_the_curves_of_the_run(run: Path) -> None:
    """Six replications of the search are the totals in `curves`."""
    paths = [api.trace(run, "00124@EAST", replication=path, sample="search") for path in range(6)]
    plan = pd.read_parquet(run / "results" / "plan.parquet").set_index("sku")
    curves = pd.read_parquet(run / "results" / "curves.parquet")
    row = curves[(curves["sku"] == "00124") & (curves["target"] == plan.loc["00124", "target"])].iloc[0]
    for measure in ("demanded", "served", "on_hand", "on_hand_start", "receipts", "good_receipts"):
        total = sum(path.periods.loc[path.periods["counted"], measure].sum() for path in paths)
        assert total == row[measure], measure
    counted = pd.concat([path.periods[path.periods["counted"]] for path in paths])
    missed = int((counted["served"] < counted["demanded"]).sum())
    assert row["short"] == missed, "periods, not units"
    assert 0 < missed < row["demanded"] - row["served"]


def test_the_command_prints_sentences_and_tables(run: Path, monkeypatch, capsys) -> None:
    """Text for people, one JSON document for machines."""
    monkeypatch.setattr(sys, "argv", ["simlab", "trace", str(run), "0A@WEST"])
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    text = capsys.readouterr().out
    assert "0A@WEST orders up to" in text
    assert "Replication 0 of the verdict sample" in text
    monkeypatch.setattr(sys, "argv", ["simlab", "trace", str(run), "0A@WEST", "--format", "json"])
    with pytest.raises(SystemExit):
        main()
    document = json.loads(capsys.readouterr().out)
    assert len(document["periods"]) > 26
    assert sum(period["counted"] for period in document["periods"]) == 26
    assert sum(order["units"] for order in document["orders"]) == sum(
        period["ordered"] for period in document["periods"]
    )


@pytest.mark.parametrize(
    ("item", "said", "more"),
    [
        ("00124@WEST", "did you mean 00124@EAST", {}),
        ("00124@EAST", "replications 0 … 4", {"replication": 5}),
        ("00124@EAST", "no sample 'selection'", {"sample": "selection"}),
    ],
)
def test_what_the_run_does_not_have_is_said(run: Path, item, said, more) -> None:
    """With what it has instead."""
    with pytest.raises(UsageError, match=said):
        api.trace(run, item, **more)


def test_a_study_that_moved_is_asked_for(run: Path, tmp_path: Path, monkeypatch) -> None:
    """Named with --study, it works again."""
    moved = tmp_path / "elsewhere" / "run"
    shutil.copytree(run, moved)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="--study"):
        api.trace(moved, "00124@EAST")
    found = api.trace(moved, "00124@EAST", study=run.parent.parent / "study.toml")
    assert found.periods.equals(api.trace(run, "00124@EAST").periods)


def test_changed_tables_are_noticed(run: Path, tmp_path: Path) -> None:
    """Another law would show paths that the run never had."""
    (tmp_path / "items.csv").write_text(ITEMS.replace("poisson,20", "poisson,21"), "utf-8")
    (tmp_path / "study.toml").write_text(STUDY, "utf-8")
    with pytest.raises(UsageError, match="differ from those of the run"):
        api.trace(run, "00124@EAST", study=tmp_path / "study.toml")


def elsewhere(run: Path, home: Path, out: Path) -> Path:
    """The run as `--out` would have written it at `out`, of a study that lies in `home`."""
    home.mkdir()
    (home / "items.csv").write_text(ITEMS, "utf-8")
    (home / "study.toml").write_text(STUDY, "utf-8")
    shutil.copytree(run, out)
    folder = RunFolder.open(out)
    study = parse_study(STUDY, home)
    data = SimpleNamespace(study=study)
    folder.write_manifest({**folder.manifest, **study_place(data, out)})
    return out


def test_a_run_written_elsewhere_finds_its_study(run: Path, tmp_path: Path, monkeypatch) -> None:
    """`--out` may lie anywhere: the manifest keeps the way from the run to its study."""
    assert RunFolder.open(run).manifest["study_file"] == "../../study.toml"
    out = elsewhere(run, tmp_path / "home", tmp_path / "far" / "off" / "run")
    monkeypatch.chdir(tmp_path / "far")
    assert api.trace(out, "00124@EAST").periods.equals(api.trace(run, "00124@EAST").periods)


def test_a_study_that_was_changed_since_is_named_as_such(run: Path, tmp_path: Path, monkeypatch) -> None:
    """The file is there, its text is another; or it is gone."""
    out = elsewhere(run, tmp_path / "home", tmp_path / "far" / "off" / "run")
    monkeypatch.chdir(tmp_path / "far")
    (tmp_path / "home" / "study.toml").write_text(STUDY.replace("seed = 7", "seed = 8"), "utf-8")
    with pytest.raises(UsageError, match="changed since the run"):
        api.trace(out, "00124@EAST")
    (tmp_path / "home" / "study.toml").unlink()
    with pytest.raises(UsageError, match=r"not where it was \(.*home/study.toml"):
        api.trace(out, "00124@EAST")
