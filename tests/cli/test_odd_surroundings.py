"""Closed streams, a full device, a folder that was removed: a word and an exit code, no fault of simlab."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner
from worlds.study import write_study

from simlab.cli import say as saying
from simlab.cli.app import app
from simlab.errors import EXIT_INCOMPLETE, EXIT_USAGE
from simlab.run import RunFolder

EXPLAIN = (sys.executable, "-m", "simlab", "explain", "E-SEG-022")


def ended(shell: str, folder) -> subprocess.CompletedProcess[str]:
    command = ("bash", "-c", shell, "odd", *EXPLAIN)
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_what_is_said_to_a_closed_stream_goes_nowhere(tmp_path, closed) -> None:
    """``AttributeError: 'NoneType' object has no attribute 'flush'``, and the command ended in 1."""
    done = ended(f'"$@" {closed}', tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_working_folder_that_was_removed_is_said(tmp_path) -> None:
    (tmp_path / "gone").mkdir()
    done = ended('cd gone; rmdir ../gone; exec "$@"', tmp_path)
    assert done.returncode == EXIT_USAGE
    assert "the working folder was removed" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_an_output_that_takes_no_more_is_said(tmp_path) -> None:
    """``error: [Errno 28] No space left on device``: of what, nobody knew."""
    done = ended('"$@" > /dev/full', tmp_path)
    assert done.returncode == EXIT_INCOMPLETE
    assert "what is printed could not be written where it goes: No space left" in done.stderr


def test_of_a_run_whose_numbers_could_not_be_printed_the_tables_are_complete(tmp_path, monkeypatch) -> None:
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    study = write_study(tmp_path)
    monkeypatch.setattr(saying, "print_nowhere", lambda: None)
    monkeypatch.setattr(saying.typer, "echo", lambda text, err=False: None if err else full())
    errors = []
    monkeypatch.setattr("simlab.cli.ending.say_error", errors.append)
    command = ["simulate", str(study), "--out", str(tmp_path / "run"), "--quiet"]
    assert CliRunner().invoke(app, command).exit_code == EXIT_INCOMPLETE
    (said,) = errors
    assert f"the tables of {tmp_path / 'run'} are complete: simlab report" in said
    assert RunFolder.open(tmp_path / "run", sealed=True).has_table("segments")


@pytest.mark.parametrize(("name", "what"), [("here.csv", "is a file"), ("nowhere", "does not exist")])
def test_read_from_takes_folders_alone(tmp_path, monkeypatch, name, what) -> None:
    """A file was taken without a word, and allowed nothing."""
    (tmp_path / "here.csv").write_text("a", "utf-8")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["--read-from", name, "explain", "E-SEG-022"])
    assert done.exit_code == EXIT_USAGE
    assert what in done.output
