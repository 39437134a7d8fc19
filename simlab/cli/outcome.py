"""What a command that left a run folder prints."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from simlab.cli.options import Format
from simlab.cli.tables import print_json, print_sentences, print_table, records

if TYPE_CHECKING:
    from simlab.api import RunResult


def print_run(result: RunResult, format: Format, quiet: bool) -> None:
    """Sentences and tables for people, or one JSON document."""
    if format is Format.JSON:
        _print_run_json(result)
        return
    print_sentences(result.statements)
    for name, frame in result.tables.items():
        print_table(frame, name.capitalize())
    typer.echo()
    typer.echo(f"Run     {result.folder}")
    if result.report is not None:
        typer.echo(f"Report  {result.report}")
    if not quiet and sys.stderr.isatty():
        spent = " · ".join(f"{stage} {seconds:.1f} s" for stage, seconds in result.times.items())
        typer.echo(spent, err=True)


def _print_run_json(result: RunResult) -> None:
    print_json(
        {
            "folder": str(result.folder),
            "report": None if result.report is None else str(result.report),
            "statements": list(result.statements),
            "tables": {name: records(frame) for name, frame in result.tables.items()},
            "times": dict(result.times),
        }
    )
