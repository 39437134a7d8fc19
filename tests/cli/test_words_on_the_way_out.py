"""What is said on an interrupt leads on: `resume` where something is left to compute, `report` where not."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from simlab.cli.stopping import words
from simlab.run import folder


@pytest.mark.parametrize(
    ("manifest", "ends"),
    [
        ('{"status": "running"}', "is not complete: simlab resume {run}"),
        ('{"status": "sealed"}', "are complete: simlab report {run} draws its page"),
        ("{", "is not complete: simlab resume {run}"),
    ],
)
def test_the_next_command_is_one_that_works(tmp_path, monkeypatch, manifest, ends) -> None:
    """A run interrupted while its page was drawn was sent to `resume`, which had nothing to resume."""
    (tmp_path / "manifest.json").write_text(manifest, "utf-8")
    monkeypatch.setattr(folder, "BEGUN", [tmp_path])
    assert words().endswith(ends.format(run=tmp_path))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_while_a_class_is_made_ends_in_its_code_too(number, code):
    """Python ends by SIGINT, whatever it is asked for, where the interrupt came in text that `exec` runs."""
    text = f"""
import sys
import typer
from simlab import cli
from simlab.cli import app
from simlab.cli.ending import ends_with_exit_code

@ends_with_exit_code
def command():
    exec("import os, time; os.kill(os.getpid(), {int(number)}); time.sleep(20)")

def stand_in(prog_name):
    try:
        command()
    except typer.Exit as end:
        sys.exit(end.exit_code)

app.app = stand_in
cli.main()
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (code, "interrupted\n")
