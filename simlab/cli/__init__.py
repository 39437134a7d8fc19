"""The command line: call the API, print, exit. No logic of inventories lives here."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def main() -> None:
    """Entry point of the ``simlab`` command; ends the process with one of the documented exit codes.

    Signals are watched before anything large is imported, and an interrupt may come while the command line is
    still being put together, where no command is there to catch it.
    """
    stand_in_for_closed_streams()
    try:
        from simlab.cli.stopping import watch_signals

        watch_signals()
        refuse_a_folder_that_is_gone()
        _command()
    except BaseException:
        leave_as_stopped()
        raise


def _command() -> None:
    """Load what a command needs and run it."""
    import atexit
    import gc

    from simlab.cli.progress import asked_now

    asked_now()
    gc.set_threshold(_OBJECTS)
    atexit.register(gc.freeze)  # what is left is the system's to take: looking through it costs half a second
    from simlab.cli.app import app
    from simlab.cli.ending import tolerate_terminals

    tolerate_terminals()
    app(prog_name="simlab")


def leave_as_stopped() -> None:
    """End with the code of the signal that came, if one did.

    Python makes its end by SIGINT of an interrupt that no command caught, whatever signal it was, and an
    import that is interrupted may fail with an error of its own.
    """
    from simlab.cli.stopping import exit_code, said_once

    if (code := exit_code()) is not None:
        said_once()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


_OBJECTS = 20_000
"""New objects after which cycles are looked for: by itself 700, half a second of a run that makes few."""


def stand_in_for_closed_streams() -> None:
    """Let what is said to a closed stream (``>&-``) go nowhere, and no file of the run take its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115


def refuse_a_folder_that_is_gone() -> None:
    """End where the working folder was removed: no path of a study leads anywhere from there."""
    try:
        Path.cwd()
    except FileNotFoundError:
        from simlab.errors import EXIT_USAGE

        sys.stderr.write("error: the working folder was removed: change to one that exists\n")
        sys.exit(EXIT_USAGE)
