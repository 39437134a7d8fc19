"""``simlab resume``: a run that was stopped goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simlab.cli.ending import ends_with_exit_code
from simlab.cli.options import Backend, Debug, Format, Quiet, Scheduler, Show
from simlab.cli.progress import watched
from simlab.cli.show.outcome import print_run


@ends_with_exit_code
def resume(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run that did not finish.")],
    backend: Backend = None,
    scheduler: Scheduler = None,
    format: Show = Format.TEXT,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Go on with a run that was stopped.

    Blocks that it stored are not simulated again; the results have the same bytes as
    if it had never stopped. Refused where inputs, study or versions changed.

    \b
    Examples:
      simlab resume runs/retailer
    """
    from simlab import api

    with api.backend(backend, scheduler=scheduler), watched(quiet) as progress:
        result = api.resume(run, progress=progress, draw=False)
    print_run(result, format, quiet)
