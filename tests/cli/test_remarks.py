"""A warning that comes a hundred times is a line, not a hundred; `-v` shows them all."""

import logging

import pytest
import typer

from simlab.cli.ending import ends_with_exit_code

LOG = logging.getLogger("simlab")


@ends_with_exit_code
def command(verbose: bool = False, ends: bool = True) -> None:
    """Warns of one thing three times, of another once."""
    for name in ("EOFError", "EOFError", "UnpicklingError"):
        LOG.warning("compiled code was damaged and is made anew (%s)", name)
    LOG.warning("no writable \x1b cache")
    LOG.info("not said")
    if not ends:
        raise OSError("no room")


FIRST = "compiled code was damaged and is made anew (EOFError)"


def test_a_warning_that_comes_again_is_counted(capsys):
    command()
    assert capsys.readouterr().err.splitlines() == [FIRST, "no writable \\x1b cache", f"{FIRST}: 3 times"]
    assert LOG.handlers == []


def test_all_of_them_are_said_with_verbose(capsys):
    command(verbose=True)
    said = capsys.readouterr().err.splitlines()
    assert [line.rpartition(" ")[2] for line in said] == [
        "(EOFError)",
        "(EOFError)",
        "(UnpicklingError)",
        "cache",
    ]


def test_they_are_counted_where_the_command_fails_too(capsys):
    with pytest.raises(typer.Exit):
        command(ends=False)
    assert capsys.readouterr().err.splitlines()[-2:] == ["error: no room", f"{FIRST}: 3 times"]
