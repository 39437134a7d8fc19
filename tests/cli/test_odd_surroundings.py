"""A closed stream and a folder that was removed: a word and an exit code, no fault of simlab."""

from __future__ import annotations

import subprocess
import sys

import pytest

from simlab.errors import EXIT_USAGE

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
