"""``simlab selfcheck``: exact cases run on this installation."""

from __future__ import annotations

import math
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simlab.cli.ending import ends_with_exit_code
from simlab.cli.progress import watched
from simlab.cli.say import say
from simlab.cli.tables import print_json, print_sentences, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simlab.selfcheck.cases import CaseResult


class Format(StrEnum):
    """How the result goes to stdout."""

    TEXT = "text"
    JSON = "json"


@ends_with_exit_code
def selfcheck(
    cases: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Cases as JSON. Default: those that come with simlab.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the estimates here, as JSON; must be new.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Threads to use. Default: all cores.")
    ] = None,
    format: Annotated[
        Format, typer.Option(metavar="text|json", help="Print for people, or one JSON document.")
    ] = Format.TEXT,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Other random numbers. Default: the same always.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Simulate cases with known answers.

    Exact long-run values against what this installation estimates. Exits with 1 if
    an estimate lies more than 5 standard errors off or a case cannot be run or
    computed; the table says which, and why.

    \b
    Examples:
      simlab selfcheck
      simlab selfcheck --cases mine.json --out found.json
    """
    from simlab.selfcheck import cases as exact
    from simlab.selfcheck.doctor import usable_cores

    if out is not None:
        exact.check_new(out)
    chosen = exact.published_cases() if cases is None else exact.read_cases(cases)
    effort = exact.Effort() if seed is None else replace(exact.Effort(), seed=seed)
    with watched(quiet) as progress:
        results = exact.run_cases(chosen, effort=effort, workers=workers or usable_cores(), progress=progress)
    if out is not None:
        exact.write_results(results, out)
    if format is Format.JSON:
        _print_json(results)
    else:
        _print_text(results)
    if any(result.is_far for result in results):
        raise typer.Exit(1)


def _print_json(results: Sequence[CaseResult]) -> None:
    ok = not any(result.is_far for result in results)
    print_json({"ok": ok, "results": [row for result in results for row in result.rows()]})


def _print_text(results: Sequence[CaseResult]) -> None:
    import pandas as pd

    rows = [_cells(row) for result in results for row in result.rows()]
    print_table(pd.DataFrame(rows), rows_shown=len(rows))
    say()
    notes = [f"{result.case.id}: {result.note}." for result in results if result.note]
    for result in results:
        notes += [
            f"{row['case']} {row['measure']}: no estimate, {row['note']}." for row in _not_found(result)
        ]
    print_sentences([*notes, _summary(results)])


def _not_found(result: CaseResult) -> list[dict[str, object]]:
    return [row for row in result.rows() if row["estimate"] is None]


def _cells(row: dict[str, object]) -> dict[str, str]:
    """A row as text: as many digits as the half width bears."""
    found, half, exact, z = row["estimate"], row["half_width"], row["exact"], row["z"]
    digits = 6
    if isinstance(half, float) and half > 0:
        digits = max(0, 1 - math.floor(math.log10(half)))
    elif all(value == round(value) for value in (found, exact) if isinstance(value, float | int)):
        digits = 0

    def text(value: object, digits: int) -> str:
        return f"{value:,.{digits}f}" if isinstance(value, float | int) else "–"

    return {
        "case": str(row["case"]),
        "measure": str(row["measure"]),
        "estimate": text(found, digits),
        "± (95%)": text(half, digits),
        "exact": text(exact, digits + 1 if digits else 0),
        "z": f"{z:+.2f}" if isinstance(z, float) else "–",
    }


def _summary(results: Sequence[CaseResult]) -> str:
    compared = [
        (abs(z), result.case.id, name)
        for result in results
        for name in result.measures
        if (z := result.z(name)) is not None
    ]
    text = f"{len(results)} cases, {len(compared)} measures compared with exact values"
    if failed := sum(result.failed for result in results):
        text += f", {failed} cases could not be run or computed"
    if not compared:
        return text + "."
    z, case, name = max(compared)
    far = sum(distance > 5 for distance, *_ in compared)
    verdict = (
        f"{far} off by more than 5 standard errors" if far else "none off by more than 5 standard errors"
    )
    return f"{text}, {verdict}; largest distance {z:.2f} ({case} {name})."
