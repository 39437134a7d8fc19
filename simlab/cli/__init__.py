"""The command line: call the API, print, exit. No logic of inventories lives here."""

from __future__ import annotations


def main() -> None:
    """Entry point of the ``simlab`` command; ends the process with one of the documented exit codes."""
    import atexit
    import gc

    from simlab.cli.progress import asked_now

    asked_now()
    atexit.register(gc.freeze)  # what is left is the system's to take: looking through it costs half a second
    from simlab.cli.app import app
    from simlab.cli.ending import tolerate_terminals
    from simlab.cli.stopping import watch_signals

    tolerate_terminals()
    watch_signals()
    app(prog_name="simlab")
