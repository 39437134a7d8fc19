"""The command line: what goes to stdout, what to stderr, and the exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

import simlab
from simlab.api.remarks.remarks import Remark
from simlab.cli import main
from simlab.cli.app import app
from simlab.errors import (
    EngineFaultError,
    IncompleteError,
    InfeasibleError,
    InvalidInputError,
    Problem,
    UsageError,
)
from simlab.run.statements import Statement

COMMANDS = tuple(str(getattr(command.callback, "__name__", "")) for command in app.registered_commands)


@dataclass
class FakeApi:
    """Stands in for `simlab.api`: records calls, returns a small result or raises."""

    error: BaseException | None = None
    calls: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    computed_by: tuple[str | None, str | None] = (None, None)

    def _run(self, name: str, **options: object) -> SimpleNamespace:
        self.calls.append((name, options))
        if self.error is not None:
            raise self.error
        segments = pd.DataFrame(
            {
                "segment": ["A", "B"],
                "fill_rate": [0.97, 0.99999],
                "fill_rate_low": [0.96, 0.9],
                "fill_rate_high": [0.98, 1.0],
                "holding_cost": [1234567.0, float("nan")],
            }
        )
        return SimpleNamespace(
            folder=Path("runs/x"),
            report=Path("runs/x/report.html"),
            statements=("The plan by segment costs 5.0 % less.",),
            told=(Statement("none", "", "The plan by segment costs 5.0 % less.", "", "plan"),),
            brief=None,
            tables={"segments": segments},
            times={"simulate": 1.5},
            faults={},
            book=None,
            book_on_request=False,
        )

    def draw_report(self, result: SimpleNamespace, *, figures: bool = False) -> SimpleNamespace:
        """The numbers are told before."""
        return result

    @contextmanager
    def backend(self, name: str | None, *, scheduler: str | None) -> Iterator[None]:
        self.computed_by = (name, scheduler)
        yield

    def run_demo(self, *, out: object, workers: object, progress: object, draw: bool) -> SimpleNamespace:
        assert not draw
        return self._run("demo", out=out, workers=workers, progress=progress)

    def run_simulate(
        self, study: Path, *, out: object, workers: object, progress: object, draw: bool
    ) -> SimpleNamespace:
        assert not draw
        return self._run("simulate", study=study, out=out, workers=workers, progress=progress)

    def run_optimize(
        self, study: Path, *, out: object, workers: object, progress: object, curves: object, draw: bool
    ) -> SimpleNamespace:
        assert not draw
        if progress is not None:
            progress("simulate", 1, 2)
        return self._run("optimize", study=study, out=out, workers=workers, progress=progress, curves=curves)

    def check(self, study: Path) -> SimpleNamespace:
        self._run("check", study=study)
        frame = pd.DataFrame({"table": ["demand"], "status": ["used"], "rows": [12], "value": [float("nan")]})
        shown = {False: ("! Look.", "  1 more"), True: ("! Look.", "- A note.")}
        return SimpleNamespace(
            lines=("12 rows of demand", "Look.", "A note.", "Ready."),
            facts=("12 rows of demand",),
            remarks=(Remark("books", "Look.", 7.5, True), Remark("note", "A note.")),
            look_first=(Remark("books", "Look.", 7.5, True),),
            shown=lambda *, every: shown[every],
            ending="Ready.",
            to_frame=lambda: frame,
        )

    def init(self, folder: Path, *_: object, **__: object) -> list[Path]:
        self._run("init", folder=folder)
        return [folder / "study.toml"]

    def render_report(self, run: Path, *, apart: bool, **asked: bool | None) -> Path:
        assert apart
        assert asked == {"excel": None, "figures": False, "partial": False}
        self._run("report", run=run)
        return run / "report.html"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    fake = FakeApi()
    monkeypatch.setitem(sys.modules, "simlab.api", fake)
    monkeypatch.setattr(simlab, "api", fake, raising=False)
    return fake


Command = Callable[..., tuple[int, str, str]]


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


def test_help_lists_the_main_commands(command: Command) -> None:
    """A newcomer meets them by purpose, in the order of use, each with a line that is not cut off."""
    code, out, _ = command("--help")
    assert code == 0
    listed = out[out.index("Begin:\n") :].partition("Exit codes")[0].splitlines()
    lines = [line.split() for line in listed if line.startswith("  ") and line.strip()]
    names = [words[0] for words in lines]
    assert names[:3] == ["demo", "init", "check"]
    main_commands = ["demo", "init", "check", "doctor", "simulate", "optimize", "report"]
    assert [name for name in names if name in main_commands] == main_commands
    assert not any("..." in words[-1] for words in lines)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_helps_with_examples(command: Command, name: str) -> None:
    """A newcomer sees a line to copy, and it names the command itself."""
    code, out, _ = command(name, "--help")
    assert code == 0
    assert f"  simlab {name}" in out.split("Examples:")[1]


def test_help_fits_a_narrow_terminal(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line of any help is wider than 60 columns."""
    monkeypatch.setenv("COLUMNS", "60")
    pages = [command(*words, "--help")[1] for words in ((), *((name,) for name in COMMANDS))]
    assert max(len(line) for page in pages for line in page.splitlines()) <= 60


def test_version(command: Command) -> None:
    assert command("--version")[:2] == (0, f"simlab {simlab.__version__}\n")


@pytest.mark.parametrize(
    "words",
    [
        ("optimise", "s.toml"),
        ("check",),
        ("optimize", "s.toml", "--workers", "0"),
        ("demo", "--format", "xml"),
        ("demo", "--wrokers", "2"),
    ],
)
def test_wrong_usage_exits_2(command: Command, api: FakeApi, words: tuple[str, ...]) -> None:
    """A typing mistake never starts a run."""
    code, out, err = command(*words)
    assert (code, out, api.calls) == (2, "", [])
    assert "Error" in err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("the folder exists"), 2),
        (InvalidInputError([Problem("E-STU-003", "0.95, not 95", "study.toml", 3, "x")]), 3),
        (InfeasibleError("the smallest budget that works is 7"), 4),
        (IncompleteError("stopped"), 5),
        (EngineFaultError("guard breached"), 1),
        (KeyboardInterrupt(), 130),
        (MemoryError(), 1),
        (FileNotFoundError(2, "No such file", "items.csv"), 1),
        (KeyError("on_hand"), 1),
    ],
)
@pytest.mark.parametrize("words", [("demo",), ("optimize", "s.toml"), ("simulate", "s.toml", "--debug")])
def test_errors_end_in_their_exit_code(
    command: Command, api: FakeApi, error: BaseException, code: int, words: tuple[str, ...]
) -> None:
    """Scripts can rely on the code; people read one short message, a traceback only if asked for."""
    api.error = error
    got, out, err = command(*words)
    assert (got, out) == (code, "")
    assert err.strip()
    assert ("Traceback" in err) == ("--debug" in words)


def test_an_unexpected_error_is_not_blamed_on_the_data(command: Command, api: FakeApi) -> None:
    api.error = KeyError("on_hand")
    _, _, err = command("demo")
    assert err.splitlines() == [
        "unexpected error: KeyError: 'on_hand'",
        "This is a fault of simlab, not of your data; --debug shows where.",
    ]


def test_problems_are_data_with_json(command: Command, api: FakeApi) -> None:
    """An editor or a pipeline gets every problem with file, row and column."""
    api.error = InvalidInputError([Problem("E-DEM-007", "no number", "demand.csv", 412, "quantity")])
    code, out, err = command("check", "s.toml", "--format", "json")
    problem = json.loads(out)["problems"][0]
    assert code == 3
    assert (problem["code"], problem["row"], problem["column"]) == ("E-DEM-007", 412, "quantity")
    assert "error[E-DEM-007] demand.csv:412" in err


@pytest.mark.parametrize("words", [("demo",), ("simulate", "s.toml"), ("optimize", "s.toml")])
def test_a_run_says_who_won_and_where_the_files_are(
    command: Command, api: FakeApi, words: tuple[str, ...]
) -> None:
    """The verdict comes first, then tables, then paths; a rate below 1 never reads 1."""
    code, out, err = command(*words)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "The plan by segment costs 5.0 % less."
    assert "97.0% [96.0%, 98.0%]" in out
    assert "99.999% [90.0%, 100.0%]" in out
    assert "1,234,567" in out
    assert lines[-2:] == ["Run     runs/x", "Report  runs/x/report.html"]


def test_a_run_as_json(command: Command, api: FakeApi) -> None:
    """One strict document: NaN is null, bounds keep their columns."""
    code, out, _ = command("demo", "--format", "json")
    document = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert code == 0
    assert document["folder"] == "runs/x"
    assert document["tables"]["segments"][1] == {
        "segment": "B",
        "fill_rate": 0.99999,
        "fill_rate_low": 0.9,
        "fill_rate_high": 1.0,
        "holding_cost": None,
    }


def test_options_reach_the_api(command: Command, api: FakeApi) -> None:
    command("optimize", "a/s.toml", "--out", "here", "--workers", "2", "-q", "--curves", "runs/a")
    given = {"study": Path("a/s.toml"), "out": Path("here"), "workers": 2, "curves": Path("runs/a")}
    assert api.calls == [("optimize", given | {"progress": None})]


def test_who_computes_reaches_the_api(command: Command, api: FakeApi) -> None:
    command("optimize", "a/s.toml", "-q", "--backend", "dask", "--scheduler", "tcp://10.0.0.5:8786")
    assert api.computed_by == ("dask", "tcp://10.0.0.5:8786")
    command("simulate", "a/s.toml", "-q")
    assert api.computed_by == (None, None)


def test_check_prints_lines_and_quality(command: Command, api: FakeApi) -> None:
    code, out, _ = command("check", "s.toml")
    assert code == 0
    assert out.startswith("12 rows of demand\n")
    assert "demand  used" in out
    document = json.loads(command("check", "s.toml", "--format", "json")[1])
    assert document["quality"] == [{"table": "demand", "status": "used", "rows": 12, "value": None}]
    assert document["look_first"] == 1
    assert document["remarks"][0] == {
        "key": "books",
        "text": "Look.",
        "value": 7.5,
        "look": True,
        "short": "",
    }


def test_check_shows_few_remarks_or_all_and_ends_with_what_comes_next(command: Command, api: FakeApi) -> None:
    """The last line is what a planner takes away."""
    short, every = (command("check", "s.toml", *words)[1].splitlines() for words in ((), ("-v",)))
    assert short[-3:] == ["! Look.", "  1 more", "Ready."]
    assert every[-3:] == ["! Look.", "- A note.", "Ready."]


def test_init_and_report_print_paths(command: Command, api: FakeApi) -> None:
    assert command("init", "d")[:2] == (0, f"{Path('d/study.toml')}\n")
    assert json.loads(command("init", "d", "--format", "json")[1]) == {"files": [str(Path("d/study.toml"))]}
    assert command("report", "runs/x")[:2] == (0, f"{Path('runs/x/report.html')}\n")


def test_progress_only_for_people(
    command: Command, api: FakeApi, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bars are drawn on a terminal's stderr, never on stdout, never into logs, never with --quiet."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    code, out, err = command("optimize", "s.toml")
    assert code == 0
    assert callable(api.calls[-1][1]["progress"])
    assert "simulate" in err
    assert "1/2" not in out
    command("optimize", "s.toml", "--quiet")
    assert api.calls[-1][1]["progress"] is None


def test_cycles_are_looked_for_seldom() -> None:
    """A run makes half a million objects and few cycles: looking every 700 took half a second of it."""
    code = (
        "import atexit, gc, sys; atexit.register(lambda: print(gc.get_threshold()[0]))\n"
        "from simlab.cli import main; sys.argv = ['simlab', '--version']; main()"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(told.stdout.split()[-1]) >= 20_000
