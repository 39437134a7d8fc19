"""Results first: no table, picture or full disk takes along what was simulated."""

import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner
from worlds.study import STUDY, write_study

from simlab import api
from simlab.api.finance.finance import Finance
from simlab.api.settings import refuse_little_address_space
from simlab.cli.app import app
from simlab.errors import EXIT_INCOMPLETE, EXIT_INVALID, EXIT_UNEXPECTED, IncompleteError
from simlab.report import apart
from simlab.run import RunFolder, files, verify


@pytest.fixture(autouse=True)
def _a_wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentences are looked for in messages, which a narrow terminal breaks."""
    monkeypatch.setenv("COLUMNS", "400")


CORE = ("items", "segments", "curves", "frontier", "plan", "verdict", "replications", "reference")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    small = STUDY.replace("n_targets = 8", "targets = [0.97]").replace(
        "replications = 30", "replications = 8"
    )
    return write_study(folder, small.replace("replications = 24", "replications = 8"))


@pytest.fixture(scope="module")
def one_point(study):
    return api.run_optimize(study, study.parent / "one")


@pytest.mark.pages
def test_a_frontier_of_one_point_has_all_its_tables(one_point):
    """`targets = [0.97]` ended in ``KeyError: 'ends_at_chosen'`` after the whole simulation."""
    run = RunFolder.open(one_point.folder)
    assert one_point.faults == {}
    assert all(run.has_table(name) for name in (*CORE, "exchange_rates", "moves", "budget_sweep", "bounds"))
    assert run.read_table("exchange_rates").empty
    assert one_point.report is not None
    assert verify(one_point.folder) == []


def test_one_analysis_that_fails_takes_no_other_along(study, monkeypatch, tmp_path):
    def broken(self):
        raise KeyError("planted")

    monkeypatch.setattr(Finance, "stock_value", property(broken))
    done = CliRunner().invoke(app, ["optimize", str(study), "--out", str(tmp_path / "run")])
    run = RunFolder.open(tmp_path / "run")
    assert done.exit_code == EXIT_UNEXPECTED
    assert "KeyError: 'planted'" in done.output
    assert "Holding cost a year" in done.output
    assert set(run.manifest["faults"]) >= {"stock_value", "limits"}
    assert all(run.has_table(name) for name in (*CORE, "capital", "exchange_rates", "moves", "bounds"))
    assert verify(tmp_path / "run") == []


@pytest.mark.processes
def test_a_drawing_that_comes_to_no_end_leaves_nothing_of_itself(study, monkeypatch, tmp_path):
    """A full disk may take the page and one figure, and refuse the next."""

    def half(folder, *_, **__):
        (folder / "report.html").write_text("half")
        (folder / "figures").mkdir(exist_ok=True)
        (folder / "figures" / "curve.svg").write_text("half")
        raise OSError("No space left on device")

    monkeypatch.setattr(apart, "_made", half)
    monkeypatch.setattr(apart, "_CODE", "raise OSError('No space left on device')")
    done = CliRunner().invoke(app, ["optimize", str(study), "--out", str(tmp_path / "run")])
    assert "No space left on device" in done.output
    assert verify(tmp_path / "run") == []
    assert not (tmp_path / "run" / "report.html").exists()


@pytest.mark.processes
def test_a_drawing_that_dies_leaves_numbers_and_a_complete_run(study, monkeypatch, tmp_path):
    """A chart library may abort the process that draws (exit 134): it is not ours."""
    monkeypatch.setattr(apart, "_CODE", "import os; os.abort()")
    monkeypatch.setattr(apart, "_made", lambda *_, **__: os.abort())
    done = CliRunner().invoke(app, ["optimize", str(study), "--out", str(tmp_path / "run")])
    assert done.exit_code == EXIT_UNEXPECTED
    assert "Stock " in done.output
    assert "its process ended with -6" in done.output
    assert verify(tmp_path / "run") == []
    assert not (tmp_path / "run" / "report.html").exists()
    monkeypatch.undo()
    assert "simlab report" in done.output
    again = CliRunner().invoke(app, ["report", str(tmp_path / "run")])
    assert again.exit_code == 0
    made = [tmp_path / "run" / name for name in ("report.html", "report.xlsx")]
    assert again.output.splitlines() == list(map(str, made))
    assert all(file.exists() for file in made)
    assert verify(tmp_path / "run") == []


@pytest.mark.slow
def test_orders_of_a_study_end_properly_where_memory_is_limited(study):
    """`ulimit -v` aborted the command (exit 133, nothing said): the page was drawn in its own process."""
    limited = ["bash", "-c", 'ulimit -v 6000000; exec "$@"', "limited"]
    command = [*limited, sys.executable, "-m", "simlab", "orders", study.name, "--quiet"]
    done = subprocess.run(command, cwd=study.parent, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, (done.returncode, done.stderr)
    (written,) = (line.split()[1] for line in done.stdout.splitlines() if line.startswith("Orders  "))
    assert (study.parent / written).is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of addresses there")
def test_less_room_than_compiling_needs_is_said_before(study, monkeypatch):
    """A library waited for ever, deaf to SIGTERM, or aborted the command (exit 134)."""
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (10**9, 10**9))
    done = CliRunner().invoke(app, ["simulate", str(study), "--quiet"])
    assert done.exit_code == EXIT_INVALID
    assert "addresses are limited to 1.0 GB here (ulimit -v)" in done.output
    monkeypatch.setattr(resource, "getrlimit", lambda _: (3 * 10**9, 3 * 10**9))
    refuse_little_address_space()


@pytest.mark.pages
def test_a_killed_drawing_leaves_a_sealed_run_that_says_so(study, monkeypatch, tmp_path):
    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(apart, "render", killed)
    with pytest.raises(KeyboardInterrupt):
        api.run_optimize(study, tmp_path / "run")
    with pytest.raises(IncompleteError, match="its tables are complete: simlab report draws its page"):
        RunFolder.open(tmp_path / "run")


def test_a_full_disk_says_what_is_whole(study, monkeypatch, tmp_path):
    real = files.os.fsync

    def full(handle):
        name = os.readlink(f"/proc/self/fd/{handle}")
        if "frontier" in name:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(files.os, "fsync", full)
    done = CliRunner().invoke(app, ["optimize", str(study), "--out", str(tmp_path / "run")])
    assert done.exit_code == EXIT_INCOMPLETE
    assert "No space left on device; 3 tables are whole, the run is not complete" in done.output
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["status"] == "running"


@pytest.mark.slow
def test_numbers_are_printed_before_anything_is_drawn(study, tmp_path):
    """In a process of its own: the page's process is replaced by one that looks at what was printed."""
    code = """
import sys
from simlab.report import apart
def looks(*_, **__):
    raise ValueError("seen: " + open({out!r}).read().split(chr(10))[0][:11])
apart._made = looks
apart._CODE = "import sys; sys.exit('seen: ' + open({out!r}).read().split(chr(10))[0][:11])"
from simlab.cli import main
sys.argv = ["simlab", "optimize", {study!r}, "--out", {run!r}]
main()
""".format(out=str(tmp_path / "out.txt"), study=str(study), run=str(tmp_path / "run"))
    with (tmp_path / "out.txt").open("w") as out:
        done = subprocess.run([sys.executable, "-c", code], stdout=out, stderr=subprocess.PIPE, text=True)
    assert done.returncode == EXIT_UNEXPECTED
    assert "seen: small: 12 S" in done.stderr
