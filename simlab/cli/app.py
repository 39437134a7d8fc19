"""The commands. Each calls one function of the API and prints what came back."""

from __future__ import annotations

import importlib
import pkgutil
import shlex
import time
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from simlab.cli.commands.check import check_document, print_check
from simlab.cli.commands.speed import print_speed
from simlab.cli.ending import ends_with_exit_code, is_command
from simlab.cli.options import (
    Backend,
    Curves,
    Debug,
    DryRun,
    Figures,
    Format,
    Out,
    Quiet,
    Scheduler,
    Show,
    Study,
    Verbose,
    Workers,
)
from simlab.cli.progress import tell_asked, watched
from simlab.cli.say import say
from simlab.cli.show.estimate import print_dry_run
from simlab.cli.show.outcome import print_run
from simlab.cli.tables import print_json, print_table, records
from simlab.reading import ALLOW, folders_of, may_read, reading_from

GROUPS = {
    "Begin": ("demo", "init", "check", "doctor", "explain", "schema"),
    "Decide": ("simulate", "optimize", "compare", "audit", "gate"),
    "Act": ("orders", "export", "report", "resume"),
    "Trust": ("trace", "verify", "pack", "selfcheck"),
}
"""What a command is for, as `simlab --help` lists them; one that is named nowhere stands under More."""


class Grouped(typer.core.TyperGroup):
    """A group whose help lists its commands by what they are for."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a list per purpose."""
        known = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        named = {name for names in GROUPS.values() for name in names}
        groups = {**GROUPS, "More": tuple(name for name in known if name not in named)}
        width = max((len(name) for name in known), default=0)
        for title, names in groups.items():
            rows = [
                (name.ljust(width), command.get_short_help_str(58))
                for name in names
                if (command := known.get(name)) is not None and not command.hidden
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


app = typer.Typer(
    cls=Grouped,
    epilog="Exit codes: 0 done, 1 unexpected, 2 usage, 3 study or data invalid, 4 no plan meets the "
    "constraints, 5 incomplete, 6 the gate holds something back, 7 not "
    "verified, 130 interrupted, 143 terminated.",
    add_completion=True,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from simlab.version import __version__

        say(f"simlab {__version__}")
        raise typer.Exit


@app.callback()
def simlab(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    read_from: Annotated[
        list[Path] | None,
        typer.Option(
            "--read-from",
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="A folder that studies may read tables from, beside their own and the current one.",
        ),
    ] = None,
) -> None:
    """Service targets by segment: what they tie up in stock, and how sure we are.

    \b
    Begin with:
      simlab demo              a made-up retailer, optimized
      simlab init mystudy      the same as files, for your own
      simlab check mystudy/study.toml
      simlab optimize mystudy/study.toml
    """
    context.with_resource(reading_from(read_from or ()))


@app.command()
@ends_with_exit_code
def demo(
    out: Out = None,
    workers: Workers = None,
    backend: Backend = None,
    scheduler: Scheduler = None,
    figures: Figures = False,
    verbose: Verbose = False,
    format: Show = Format.TEXT,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Optimize a made-up retailer: who won?

    About 600 SKUs at three locations with two years of daily demand: the best plan by
    segment against one target for all, the shop's habit and today's levels.

    \b
    Examples:
      simlab demo
      simlab demo -v
      simlab demo --out first-look --format json
    """
    from simlab import api

    tell_asked()
    with api.backend(backend, scheduler=scheduler), watched(quiet) as progress:
        result = api.run_demo(out=out, workers=workers, progress=progress, draw=False)
    print_run(result, format, quiet, verbose, figures)


@app.command()
@ends_with_exit_code
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to create.")],
    items: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your items (CSV, Parquet, workbook).")
    ] = None,
    demand: Annotated[Path | None, typer.Option(metavar="FILE", help="Your demand by date.")] = None,
    receipts: Annotated[Path | None, typer.Option(metavar="FILE", help="Your receipts, if any.")] = None,
    book: Annotated[
        Path | None, typer.Option(metavar="BOOK.xlsx", help="A workbook that holds all tables.")
    ] = None,
    template: Annotated[bool, typer.Option("--template", help="Write an empty workbook to fill in.")] = False,
    scale: Annotated[
        int | None, typer.Option(metavar="N", help="Make up N SKU-locations by the week.")
    ] = None,
    format: Show = Format.TEXT,
    debug: Debug = False,
) -> None:
    """Write a study: the demo's, or for your files.

    Alone: the demo's tables and a commented study.toml. With --items and --demand: a
    study that points to your files (they stay as they are), with period, dates and
    columns as found; then it is checked. --book: the same for the sheets of a workbook.

    \b
    Examples:
      simlab init mystudy
      simlab init mystudy --items i.csv --demand d.csv
      simlab init mystudy --book erp_export.xlsx
      simlab init mystudy --template
      simlab init large --scale 30000
    """
    from simlab import api

    own = [one for one in (items, demand, receipts, book) if one is not None]
    files = api.init(folder, items, demand, receipts, book=book, template=template, scale=scale)
    if not own and format is Format.JSON:
        print_json({"files": [str(path) for path in files]})
        return
    if format is Format.TEXT:
        for path in files:
            say(str(path))
        for place in folders_of(own):
            if not may_read(place, folder, anew=True):  # there is no home to keep what was allowed
                begin = f"{ALLOW} {shlex.quote(str(place))}"
                say(f"Tables lie outside its folder and this one: commands that read it begin {begin}")
    if own:
        result = api.check(files[0])
        if format is Format.JSON:
            print_json({"files": [str(path) for path in files], **check_document(result)})
        else:
            print_check(result, format, verbose=False)


@app.command()
@ends_with_exit_code
def check(study: Study, verbose: Verbose = False, format: Show = Format.TEXT, debug: Debug = False) -> None:
    """Read a study; list all problems.

    Nothing is simulated; every problem of the study and its tables comes at once. A
    study that can run ends with what a planner would look at first ("!").

    \b
    Examples:
      simlab check mystudy/study.toml
      simlab check mystudy/study.toml -v
      simlab check mystudy/study.toml --format json
    """
    from simlab import api

    print_check(api.check(study), format, verbose)


@app.command()
@ends_with_exit_code
def simulate(
    study: Study,
    out: Out = None,
    workers: Workers = None,
    backend: Backend = None,
    scheduler: Scheduler = None,
    dry_run: DryRun = False,
    figures: Figures = False,
    verbose: Verbose = False,
    format: Show = Format.TEXT,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Simulate the targets of a study.

    What the targets under [policy] achieve, and what they tie up.

    \b
    Examples:
      simlab simulate mystudy/study.toml
      simlab simulate mystudy/study.toml --out runs/abc
      simlab simulate mystudy/study.toml --dry-run
    """
    from simlab import api

    if dry_run:
        print_dry_run(api.dry_run(study, "simulate", workers), format)
        return
    tell_asked()
    with api.backend(backend, scheduler=scheduler), watched(quiet) as progress:
        result = api.run_simulate(study, out=out, workers=workers, progress=progress, draw=False)
    print_run(result, format, quiet, verbose, figures)


@app.command()
@ends_with_exit_code
def optimize(
    study: Study,
    out: Out = None,
    curves: Curves = None,
    workers: Workers = None,
    backend: Backend = None,
    scheduler: Scheduler = None,
    dry_run: DryRun = False,
    figures: Figures = False,
    verbose: Verbose = False,
    format: Show = Format.TEXT,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Find the best target per segment.

    The chosen plan is tested again on randomness that the choice never saw.

    With --curves the search of an earlier run is used again: change segments, limits
    and budgets freely; laws, policy, grid and seed must be the same.

    Exits with 4 if no plan meets the study's constraints, and names what would.

    \b
    Examples:
      simlab optimize mystudy/study.toml
      simlab optimize mystudy/study.toml -v
      simlab optimize mystudy/study.toml --format json
      simlab optimize mystudy/study.toml --dry-run
      simlab optimize study.toml --curves runs/retailer
    """
    from simlab import api

    if dry_run:
        print_dry_run(api.dry_run(study, "optimize", workers), format)
        return
    tell_asked()
    with api.backend(backend, scheduler=scheduler), watched(quiet) as progress:
        result = api.run_optimize(
            study, out=out, workers=workers, progress=progress, curves=curves, draw=False
        )
    print_run(result, format, quiet, verbose, figures)


@app.command()
@ends_with_exit_code
def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    excel: Annotated[
        bool | None,
        typer.Option(
            "--excel/--no-excel", help="report.xlsx too. [default: up to 100,000 items]", show_default=False
        ),
    ] = None,
    figures: Figures = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Of a run that did not finish: what is there, marked as such.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Draw the report of a finished run.

    report.html and report.xlsx, from the run's tables alone; with --figures the page's
    charts as SVG and PNG, too (the page itself saves each). A run that did not finish has
    no report: --partial shows what is there, with a watermark.

    \b
    Examples:
      simlab report runs/retailer
      simlab report runs/retailer --excel
      simlab report runs/retailer --figures
      simlab report runs/retailer --partial
    """
    from simlab import api

    begun = time.time()
    page = api.render_report(run, apart=True, excel=excel, figures=figures, partial=partial)
    if page.name.endswith(".partial.html"):
        told = "INCOMPLETE: this run did not finish, nothing on the page is a result."
        say(f"{told} simlab resume {run} goes on.", err=True)
    say(str(page))
    for beside in (page.with_name("report.xlsx"), page.with_name("figures")):
        if beside.exists() and beside.stat().st_mtime >= begun:
            say(str(beside))


@app.command()
@ends_with_exit_code
def doctor(
    speed: Annotated[bool, typer.Option("--speed", help="Measure the simulator's speed instead.")] = False,
    format: Show = Format.TEXT,
    verbose: Verbose = False,
    debug: Debug = False,
) -> None:
    """Check this installation.

    Does it work, and does it count right? Exits with 1 if not.

    \b
    Examples:
      simlab doctor
      simlab doctor --format json
      simlab doctor --speed
    """
    if speed:
        print_speed(format)
        return
    import pandas as pd

    from simlab.selfcheck import doctor as examination

    findings = examination.examine()
    frame = pd.DataFrame([finding.as_row() for finding in findings])
    if format is Format.JSON:
        print_json({"ok": examination.is_well(findings), "checks": records(frame)})
    else:
        print_table(frame)
    if not examination.is_well(findings):
        raise typer.Exit(1)


def _add_files() -> None:
    """Files of `commands`: the group of a file that has one, else its functions that are commands."""
    package = importlib.import_module("simlab.cli.commands")
    for file in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{file.name}")
        own = [
            value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__
        ]
        groups = [value for value in vars(module).values() if isinstance(value, typer.Typer)]
        for group in groups:
            app.add_typer(group, name=file.name)
        for command in () if groups else filter(is_command, own):
            app.command()(command)


_add_files()
