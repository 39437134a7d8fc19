"""``simlab selfcheck`` as a user runs it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from simlab.cli import main
from simlab.selfcheck import cases as exact
from simlab.selfcheck.cases_measures import Effort


@pytest.fixture(autouse=True)
def _a_wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentences are looked for in messages, which a narrow terminal breaks."""
    monkeypatch.setenv("COLUMNS", "400")


CASES = [
    {
        "id": "empty-shelf",
        "kind": "evaluate",
        "demand": {"kind": "poisson", "mean": 3},
        "lead_time": {"kind": "deterministic", "value": 0},
        "policy": {"kind": "base_stock", "S": 5},
        "metrics": {"fill": 0.9551264812426306, "on_hand_start": 5.0},
    },
    {
        "id": "best",
        "kind": "optimise_sS",
        "demand": {"kind": "poisson", "mean": 21},
        "lead_time": {"kind": "deterministic", "value": 0},
        "costs": {"h": 1, "p": 9, "K": 64},
    },
]

PLAIN = Effort.__init__
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run ``simlab selfcheck …`` in this process with little effort: exit code, stdout, stderr."""
    monkeypatch.setattr(exact.Effort, "__init__", _small)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["simlab", "selfcheck", *words])
        with pytest.raises(SystemExit) as end:
            main()
        seen = capsys.readouterr()
        return int(end.value.code or 0), seen.out, seen.err

    return run


def _small(effort: Effort) -> None:
    for name, value in {
        "periods": 300_000,
        "slots": 256,
        "replications": 4_096,
        "shortest": 200,
        "seed": 1,
    }.items():
        object.__setattr__(effort, name, value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(CASES), "utf-8")
    return path


def test_a_table_with_a_last_word(command: Command, file: Path) -> None:
    code, out, err = command("--cases", str(file))
    assert (code, err) == (0, "")
    assert "2 cases, 2 measures compared with exact values, none off" in " ".join(out.split())
    row = next(line.split() for line in out.splitlines() if "fill" in line)
    assert row[:2] == ["empty-shelf", "fill"]
    assert abs(float(row[2]) - 0.955) < 0.01
    assert float(row[5]) == pytest.approx(0.0, abs=4)
    assert "50.406020" in out


def test_the_same_as_json_and_as_a_file(command: Command, file: Path, tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    code, out, _ = command("--cases", str(file), "--out", str(path), "--format", "json")
    document, found = json.loads(out), json.loads(path.read_text("utf-8"))
    assert (code, document["ok"]) == (0, True)
    assert found["best"]["S"] == {"est": 65, "half_width": 0.0, "level": 0.95}
    assert {"fill", "ready", "csl", "on_order"} <= set(found["empty-shelf"])
    fill = next(row for row in document["results"] if row["measure"] == "fill")
    assert fill["estimate"] == found["empty-shelf"]["fill"]["est"]


def test_another_seed_gives_other_estimates(
    command: Command, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A distance of 3 standard errors is chance if it goes with the seed."""
    seen: list[Effort] = []
    monkeypatch.setattr(exact, "run_cases", lambda chosen, effort, **_: seen.append(effort) or ())
    monkeypatch.setattr(exact.Effort, "__init__", PLAIN)
    command("--cases", str(file))
    command("--cases", str(file), "--seed", "7")
    assert seen[1] == replace(seen[0], seed=7)


def test_far_off_exits_1(command: Command, file: Path) -> None:
    """A wrong exact value stands for a wrong simulator."""
    wrong = [CASES[0] | {"metrics": {"fill": 0.93}}]
    file.write_text(json.dumps(wrong), "utf-8")
    code, out, _ = command("--cases", str(file))
    assert code == 1
    assert "1 off by more than 5 standard errors" in " ".join(out.split())
    assert command("--cases", str(file), "--format", "json")[0] == 1


def test_an_existing_file_stays(command: Command, file: Path, tmp_path: Path) -> None:
    """Refused before anything is simulated."""
    path = tmp_path / "found.json"
    path.write_text("mine", "utf-8")
    code, out, err = command("--cases", str(file), "--out", str(path))
    assert (code, out) == (2, "")
    assert "exists and is not replaced" in err
    assert path.read_text("utf-8") == "mine"


def test_a_folder_that_is_not_there_is_refused_at_once(command: Command, file: Path, tmp_path: Path) -> None:
    """Before minutes of simulation, not after them."""
    path = tmp_path / "nodir" / "found.json"
    code, out, err = command("--cases", str(file), "--out", str(path))
    assert (code, out) == (2, "")
    assert f"there is no folder {path.parent} for --out" in err


def test_a_case_that_is_not_computed_exits_1_and_is_named(command: Command, file: Path) -> None:
    file.write_text(json.dumps([CASES[1] | {"unmet": "lost", "review": 2}]), "utf-8")
    code, out, _ = command("--cases", str(file))
    assert code == 1
    assert "best cost: no estimate, with lost sales" in " ".join(out.split())
    assert "1 cases could not be run or computed" in " ".join(out.split())


def test_a_wrong_file_exits_3(command: Command, file: Path) -> None:
    file.write_text(json.dumps([{"id": "x"}]), "utf-8")
    code, out, err = command("--cases", str(file))
    assert (code, out) == (3, "")
    assert "x.kind: missing" in err


def test_help_has_examples_and_is_narrow(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    code, out, _ = command("--help")
    assert code == 0
    assert "simlab selfcheck --cases" in out.split("Examples:")[1]
    assert max(len(line) for line in out.splitlines()) <= 60
