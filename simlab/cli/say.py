"""The one way to a terminal: names in it cannot steer it."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from simlab.errors import EXIT_INCOMPLETE, SimlabError, visible

_NARROWEST = 40
_HEAD = re.compile(r"^(unexpected error|error|warning)(\[[A-Z0-9-]+\])?:?")


class UnheardError(SimlabError):
    """What is printed could not be written where it goes: a full disk."""

    exit_code = EXIT_INCOMPLETE


@contextmanager
def printing() -> Iterator[None]:
    """Say of a standard output that takes no more what it is, and try it no further.

    Raises
    ------
    UnheardError
        It could not be written to; a reader that went away is no error.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        print_nowhere()
        raise UnheardError(
            f"what is printed could not be written where it goes: {error.strerror} (standard output)"
        ) from error


def print_nowhere() -> None:
    """Drop what is printed from now on; the interpreter's last flush, too."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(text: str = "", *, err: bool = False) -> None:
    """A line on stdout (`err`: stderr); signs that steer terminals are written as codes."""
    if err:
        typer.echo(visible(text, lines=True), err=True)
        return
    with printing():
        typer.echo(visible(text, lines=True))


def say_error(text: str) -> None:
    """A message on stderr: wrapped between words where the width is known, its head in red on a terminal."""
    width = width_of(sys.stderr)
    for line in visible(text, lines=True).split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        lines = [line]
        if width is not None and len(line) > width:
            lines = textwrap.wrap(
                line, width, subsequent_indent=f"{indent}  ", break_long_words=False, break_on_hyphens=False
            )
        for part in lines:
            typer.echo(_coloured(part), err=True, color=False if os.environ.get("NO_COLOR") else None)


def width_of(stream: object) -> int | None:
    """Columns of the terminal behind a stream, or of COLUMNS; None of a pipe or file."""
    if os.environ.get("COLUMNS", "").isdigit():
        return max(_NARROWEST, int(os.environ["COLUMNS"]))
    try:
        return max(_NARROWEST, os.get_terminal_size(stream.fileno()).columns)  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        return None


def _coloured(line: str) -> str:
    """The first words of an error in red."""
    return _HEAD.sub(lambda match: typer.style(match[0], fg=typer.colors.RED, bold=True), line)
