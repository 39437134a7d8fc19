"""The one way to a terminal: names in it cannot steer it."""

from __future__ import annotations

import os
import re
import sys
import textwrap

import typer

from simlab.errors import visible

_NARROWEST = 40
_HEAD = re.compile(r"^(unexpected error|error|warning)(\[[A-Z0-9-]+\])?:?")


def say(text: str = "", *, err: bool = False) -> None:
    """A line on stdout (`err`: stderr); signs that steer terminals are written as codes."""
    typer.echo(visible(text, lines=True), err=err)


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
