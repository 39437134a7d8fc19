"""Options that commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How a result goes to stdout."""

    TEXT = "text"
    JSON = "json"


Page = Annotated[
    Path | None, typer.Option("--page", metavar="FILE.html", help="Write the outcome as a page, too.")
]
Study = Annotated[Path, typer.Argument(metavar="STUDY", help="The study file (study.toml).")]
Out = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Run folder to create. Default: runs/<study name>, else -2, -3 …"),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Threads to use. Default: as the study says, else all cores."),
]
Backend = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="threads, serial, loky or dask. Default: as the study says."),
]
Scheduler = Annotated[
    str | None, typer.Option(metavar="tcp://…", help="Address of a Dask cluster (backend dask).")
]
Curves = Annotated[
    Path | None,
    typer.Option(metavar="RUN", help="Folder of an earlier run whose simulated curves are used again."),
]
Show = Annotated[Format, typer.Option(metavar="text|json", help="Print for people, or one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Figures = Annotated[bool, typer.Option("--figures", help="The page's charts as SVG and PNG, too.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="All sentences, remarks and tables.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only print SKU-periods, memory and time it would take.")
]
