"""The command line: call the API, print, exit. No logic of inventories lives here."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def main() -> None:
    """Entry point of the ``simlab`` command; ends the process with one of the documented exit codes."""
    import atexit
    import gc

    stand_in_for_closed_streams()
    refuse_a_folder_that_is_gone()
    from simlab.cli.progress import asked_now

    asked_now()
    gc.set_threshold(_OBJECTS)
    atexit.register(gc.freeze)  # what is left is the system's to take: looking through it costs half a second
    from simlab.cli.app import app
    from simlab.cli.ending import tolerate_terminals
    from simlab.cli.stopping import watch_signals

    tolerate_terminals()
    watch_signals()
    try:
        app(prog_name="simlab")
    except SystemExit:
        leave_as_stopped()
        raise


def leave_as_stopped() -> None:
    """End with the code of the signal that came, if one did.

    Python ends by SIGINT, whatever code is asked for, where an interrupt came in text that `exec` runs, as
    imports do that make classes.
    """
    from simlab.cli.stopping import exit_code

    if (code := exit_code()) is not None:
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
