"""The one way to a terminal: names in it cannot steer it."""

from __future__ import annotations

import typer

from simlab.errors import visible


def say(text: str = "", *, err: bool = False) -> None:
    """A line on stdout (`err`: stderr); signs that steer terminals are written as codes."""
    typer.echo(visible(text, lines=True), err=err)
