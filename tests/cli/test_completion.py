"""A shell that completes a command line is told names that can stand there."""

import pytest
from typer.testing import CliRunner

from simlab.cli.app import app


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("typed", "known", "not_so"),
    [
        ("simlab exp", "export", "audit"),
        ("simlab export runs/r --for odoo1", "odoo18", "erpnext"),
    ],
)
def test_what_can_stand_there(shell, typed, known, not_so):
    words = typed.split()
    told = {
        "_TYPER_COMPLETE_ARGS": typed,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(words) - 1),
        "_SIMLAB_COMPLETE": f"complete_{shell}",
    }
    done = CliRunner().invoke(app, [], prog_name="simlab", env=told)
    assert known in done.output
    assert not_so not in done.output
