"""The commands on a real, tiny study: files in, tables and a run folder out, wrong input refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simlab.cli import main

ITEMS = """sku,location,unit_cost,lead_time,demand_law,demand_mean,demand_variance,category
00123,EAST,12.50,14,poisson,20,,core
00124,EAST,3.10,14,negative_binomial,6,30,core
0A,EAST,80,28,poisson,1.5,,niche
00123,WEST,12.50,21,negative_binomial,9,40,core
00124,WEST,3.10,21,poisson,2,,niche
0A,WEST,80,28,poisson,0.4,,niche
"""

STUDY = """schema = 1
[study]
name = "tiny"
currency = "EUR"
period = "week"
[data.items]
path = "items.csv"
[lead_times]
law = "fixed"
[segments]
by = ["category"]
[policy]
targets = { core = 0.95, niche = 0.90 }
[simulation]
periods = 26
replications = 20
batches = 10
seed = 7
[optimize]
fill_rate = 0.90
n_targets = 6
[verdict]
replications = 20
"""

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study in ``s``, seen from the folder that holds it."""
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "items.csv").write_text(ITEMS, "utf-8")
    (tmp_path / "s" / "study.toml").write_text(STUDY, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "60")
    return tmp_path


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run ``simlab …`` in this process; gives exit code, stdout and stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["simlab", *words])
        with pytest.raises(SystemExit) as end:
            main()
        seen = capsys.readouterr()
        return int(end.value.code or 0), seen.out, seen.err

    return run


def edit(folder: Path, old: str, new: str) -> None:
    """Change the study file."""
    path = folder / "s" / "study.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_check_reads_everything_and_writes_nothing(command: Command, folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    code, out, err = command("check", "s/study.toml")
    assert (code, err) == (0, "")
    assert "6 SKU-locations" in out
    assert max(map(len, out.splitlines())) <= 60
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("fill_rate = 0.90", "fill_rate = 90", "did you mean 0.9"),
        ("n_targets", "n_target", "did you mean 'n_targets'"),
        ("fill_rate = 0.90\n", "fill_rate = 0.90\nbudget = 0\n", "budget"),
        ('path = "items.csv"', 'path = "itmes.csv"', "itmes.csv"),
        ("[study]", "[study", "study.toml"),
    ],
)
def test_wrong_studies_exit_3_with_where_and_what(
    command: Command, folder: Path, old: str, new: str, said: str
) -> None:
    """One message a problem, no traceback, nothing written."""
    edit(folder, old, new)
    code, out, err = command("optimize", "s/study.toml")
    assert (code, out) == (3, "")
    assert err.startswith("error[E-")
    assert said in err
    assert "nothing was run" in err
    assert "Traceback" not in err
    assert not list(folder.rglob("manifest.json"))


@pytest.mark.parametrize("path", ["nowhere.toml", "s"])
def test_a_study_that_is_not_there_exits_3(command: Command, folder: Path, path: str) -> None:
    code, _, err = command("check", path)
    assert code == 3
    assert path in err


def test_a_bad_cell_is_found_with_its_line(command: Command, folder: Path) -> None:
    items = folder / "s" / "items.csv"
    items.write_text(ITEMS.replace("80,28,poisson,1.5", "80 EUR,28,poisson,1.5"), "utf-8")
    code, out, _ = command("check", "s/study.toml", "--format", "json")
    problem = json.loads(out)["problems"][0]
    assert code == 3
    assert (problem["file"], problem["row"], problem["column"]) == ("items.csv", 4, "unit_cost")


@pytest.mark.slow
@pytest.mark.pages
def test_optimize_then_report(command: Command, folder: Path) -> None:
    """A run folder where the user pointed, never replaced; the report can be drawn again."""
    code, out, err = command("optimize", "s/study.toml", "--out", "first")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 60
    assert (folder / "first" / "report.html").is_file()
    again, _, complaint = command("optimize", "s/study.toml", "--out", "first")
    assert again != 0
    assert "first" in complaint
    code, out, _ = command("report", "first")
    assert (code, Path(out.strip()).name) == (0, "report.html")


@pytest.mark.slow
def test_simulate_as_json(command: Command, folder: Path) -> None:
    code, out, _ = command("simulate", "s/study.toml", "--format", "json", "--out", "sim")
    document = json.loads(out)
    assert code == 0
    assert [row["segment"] for row in document["tables"]["segments"]] == ["core", "niche", "(all)"]


@pytest.mark.slow
def test_a_budget_nobody_can_meet_exits_4(command: Command, folder: Path) -> None:
    """After simulating, with the smallest budget that works; no half-made folder stays."""
    edit(folder, "fill_rate = 0.90\n", "fill_rate = 0.90\nbudget = 1.0\n")
    code, out, err = command("optimize", "s/study.toml", "--out", "first")
    assert (code, out) == (4, "")
    assert "budget" in err
    assert not (folder / "first").exists()
