"""How a command ends whose numbers are whole and something else is not."""

import errno
import os
from types import SimpleNamespace

import pytest
import typer

from simlab.cli.show.outcome import end_with_faults
from simlab.errors import EXIT_INCOMPLETE, EXIT_UNEXPECTED

FULL = f"the page was not drawn: {os.strerror(errno.ENOSPC)}"


@pytest.mark.parametrize(
    ("faults", "code", "said"),
    [
        ({"report": FULL}, EXIT_INCOMPLETE, "no room (make some, then simlab report): report"),
        ({"moves": "KeyError: 'x'"}, EXIT_UNEXPECTED, "a fault of simlab: moves"),
        ({"workbook": "was not drawn"}, EXIT_UNEXPECTED, "(simlab report runs/r draws it)"),
        ({"report": FULL, "moves": "KeyError: 'x'"}, EXIT_UNEXPECTED, "a fault of simlab: moves"),
    ],
)
def test_a_full_disk_is_no_fault_of_simlab(faults, code, said, capsys):
    with pytest.raises(typer.Exit) as ended:
        end_with_faults(SimpleNamespace(faults=faults, folder="runs/r"))
    assert ended.value.exit_code == code
    assert said in capsys.readouterr().err


def test_without_faults_nothing_ends():
    assert end_with_faults(SimpleNamespace(faults={})) is None
