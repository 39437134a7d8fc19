"""How a command ends: the exit codes, and what is said on the way out."""

from __future__ import annotations

import functools
import sys
import traceback
from collections.abc import Callable
from io import TextIOWrapper
from typing import ParamSpec

import typer

from simlab.children import end_children
from simlab.cli.remarks import heard
from simlab.cli.say import UnheardError, print_nowhere, say, say_error
from simlab.cli.stopping import exit_code, left_behind, words
from simlab.errors import (
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_UNEXPECTED,
    InvalidInputError,
    SimlabError,
)

P = ParamSpec("P")
_COMMANDS: set[Callable[..., None]] = set()


def tolerate_terminals() -> None:
    """Show what a narrow encoding lacks as '?', rather than fail on it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def ends_with_exit_code(command: Callable[P, None]) -> Callable[P, None]:
    """Turn whatever a command raises into a short message on stderr and an exit code.

    Reads the options ``debug`` (show the traceback too) and ``format`` (``json``: problems of the
    input also go to stdout, as data) of the command.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        remarks = heard(every=bool(kwargs.get("verbose")))
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except (KeyboardInterrupt, SimlabError, MemoryError, BrokenPipeError, OSError) as error:
            raise typer.Exit(_expected(error, kwargs)) from None
        except Exception as error:
            if isinstance(error, typer.Exit | typer.Abort):
                raise
            raise typer.Exit(_unexpected(error, bool(kwargs.get("debug")))) from None
        finally:
            remarks.told()

    _COMMANDS.add(run)
    return run


def is_command(value: object) -> bool:
    """Whether a function ends with an exit code, as all commands do."""
    return callable(value) and value in _COMMANDS


def _expected(error: BaseException, options: dict[str, object]) -> int:
    if isinstance(error, BrokenPipeError):
        print_nowhere()  # the reader (head, less) has seen enough
        return EXIT_OK
    if options.get("debug"):
        traceback.print_exception(error)
    if isinstance(error, KeyboardInterrupt):
        return _stopped()
    if isinstance(error, SimlabError):
        if isinstance(error, InvalidInputError) and options.get("format") == "json":
            _print_problems(error)
        left = left_behind() if isinstance(error, UnheardError) else []
        say_error("; ".join([_text(error), *left]))
        return error.exit_code
    if isinstance(error, MemoryError):
        say_error("error: out of memory; try fewer --workers, or a smaller run.block_items")
        return EXIT_UNEXPECTED
    say_error(f"error: {error}")
    return EXIT_UNEXPECTED


def _stopped() -> int:
    """Say what was left behind, and end what was started."""
    end_children()
    say(words(), err=True)
    return exit_code() or EXIT_INTERRUPTED


def _text(error: SimlabError) -> str:
    text = str(error)
    return text if text.startswith("error") else f"error: {text}"


def _print_problems(error: InvalidInputError) -> None:
    from dataclasses import asdict

    from simlab.cli.tables import print_json

    print_json({"problems": [asdict(problem) for problem in error.problems]})


def _unexpected(error: Exception, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    if exit_code() is not None:  # a compiler may turn the interrupt into an error of its own
        return _stopped()
    kind = type(error).__name__
    say_error(f"unexpected error: {kind}: {error}")
    if not debug:
        say("This is a fault of simlab, not of your data; --debug shows where.", err=True)
    return EXIT_UNEXPECTED
