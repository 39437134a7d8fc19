"""``simlab export``: levels for a planning system."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simlab.cli.ending import ends_with_exit_code
from simlab.cli.options import Debug, Format, Show
from simlab.cli.say import say
from simlab.cli.tables import print_json, print_sentences, records


def _systems(begun: str) -> list[str]:
    """Systems whose names begin so, for a shell that completes them."""
    from simlab.api.exporting.rules import SYSTEMS

    return [name for name in SYSTEMS if name.startswith(begun)]


@ends_with_exit_code
def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    system: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="SYSTEM",
            autocompletion=_systems,
            help="odoo17, odoo18, odoo19, erpnext or csv.",
        ),
    ],
    columns: Annotated[
        Path | None, typer.Option(metavar="MAP.toml", help="With csv: their columns; sap is there already.")
    ] = None,
    changes_only: Annotated[
        bool, typer.Option("--changes-only", help="Only rules that differ from today's.")
    ] = False,
    current: Annotated[bool, typer.Option("--current", help="Today's levels: the way back.")] = False,
    approximate: Annotated[
        bool, typer.Option("--approximate", help="With erpnext: the nearest (s,Q) of what orders up to S.")
    ] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder. Default: beside the run.")] = None,
    format: Show = Format.TEXT,
    debug: Debug = False,
) -> None:
    """Write the levels of a plan for your ERP.

    The numbers are those by which the system places the plan's orders: versions round
    differently. review.txt says what to check before they are imported.

    \b
    Examples:
      simlab export runs/retailer --for odoo17
      simlab export runs/retailer --for erpnext --changes-only
      simlab export runs/retailer --for erpnext --approximate
      simlab export runs/retailer --for csv --columns sap
      simlab export runs/retailer --for odoo17 --current
    """
    from simlab import api

    found = api.export(
        run,
        system,
        columns=columns,
        changes_only=changes_only,
        current=current,
        approximate=approximate,
        out=out,
    )
    if format is Format.JSON:
        files = [str(file) for file in found.files]
        print_json({"files": files, "notes": list(found.notes), "rules": records(found.frame)})
        return
    for file in found.files:
        say(str(file))
    print_sentences(found.notes)
