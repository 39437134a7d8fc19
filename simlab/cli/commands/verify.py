"""``simlab verify`` and ``simlab pack``: can a number be checked a year later, and by somebody else?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from simlab.cli.ending import ends_with_exit_code
from simlab.cli.options import Debug, Format, Quiet, Show
from simlab.cli.progress import watched
from simlab.cli.say import say
from simlab.cli.tables import print_json
from simlab.errors import EXIT_NOT_VERIFIED


@ends_with_exit_code
def verify(
    run: Annotated[Path, typer.Argument(metavar="RUN|PACK", help="A finished run, or a pack of one.")],
    items: Annotated[
        int, typer.Option(min=0, metavar="N", help="Simulate N SKU-locations again, the slow way.")
    ] = 5,
    again: Annotated[
        bool | None,
        typer.Option(
            "--again/--no-again",
            help="Compute the whole run again and compare every table. Left out: where its tables and "
            "versions are here and it took less than five minutes.",
        ),
    ] = None,
    format: Show = Format.TEXT,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Is a run what it was, and do its numbers hold?

    Hashes of files and inputs; totals, plans, limits and dominance derived again; some
    SKU-locations simulated again by a plain simulator; then the whole run computed again and
    compared cell by cell. Exits with 7 if not.

    \b
    Examples:
      simlab verify runs/retailer
      simlab verify runs/retailer --items 50
      simlab verify runs/retailer --no-again
      simlab verify retailer.zip
    """
    from simlab import api

    with watched(quiet) as progress:
        found = api.verify(run, items, again=again, progress=progress)
    if format is Format.JSON:
        problems = [asdict(one) for one in found.problems]
        print_json({"ok": found.is_well, "checked": list(found.checked), "problems": problems})
    else:
        for line in found.checked:
            say(f"- {line}")
        for problem in found.problems:
            say(problem.format())
        say(f"{run}: {'verified' if found.is_well else 'NOT what the run was'}")
    if not found.is_well:
        raise typer.Exit(EXIT_NOT_VERIFIED)


@ends_with_exit_code
def pack(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    out: Annotated[Path | None, typer.Option(metavar="ZIP", help="Default: RUN.zip beside the run.")] = None,
    inputs: Annotated[bool, typer.Option(help="The input tables too, not only their hashes.")] = True,
    debug: Debug = False,
) -> None:
    """One zip that somebody else can check.

    Study, results, inputs, versions, and how to compute it again.

    \b
    Examples:
      simlab pack runs/retailer
      simlab pack runs/retailer --no-inputs --out r.zip
    """
    from simlab import api

    say(str(api.pack(run, out, inputs=inputs)))
