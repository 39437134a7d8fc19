"""``simlab gate``: may the proposed policy replace the current one?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simlab.cli.ending import ends_with_exit_code
from simlab.cli.options import Backend, Debug, Format, Out, Quiet, Scheduler, Show, Study, Verbose, Workers
from simlab.cli.progress import watched
from simlab.cli.say import say
from simlab.cli.tables import SENTENCES, print_json, print_sentences, print_table, records

if TYPE_CHECKING:
    from simlab.api import Gate, RunResult


_ROWS = 10


@ends_with_exit_code
def gate(
    study: Study,
    proposed: Annotated[
        Path | None,
        typer.Option(metavar="RUN|PLAN", help="What may go live. Default: the newest optimize run."),
    ] = None,
    current: Annotated[
        str | None, typer.Option(metavar="FILE|habit", help="Today's levels. Default: current_… of items.")
    ] = None,
    release: Annotated[
        list[str] | None, typer.Option(metavar="SEGMENT", help="A segment whose lower service is wanted.")
    ] = None,
    accept_misfit: Annotated[
        list[str] | None, typer.Option(metavar="SEGMENT", help="A flagged law that may go all the same.")
    ] = None,
    replications: Annotated[int | None, typer.Option(min=400, metavar="N", help="At least 400.")] = None,
    weeks: Annotated[
        float | None, typer.Option(min=1, metavar="N", help="How long the way from today is followed.")
    ] = None,
    waves: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Roll out in N waves. Default: the column wave.")
    ] = None,
    by: Annotated[str, typer.Option(metavar="COLUMN", help="What stays together in a wave.")] = "supplier",
    weeks_apart: Annotated[int, typer.Option(min=1, metavar="N", help="Weeks between waves.")] = 4,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="End with 0 whatever is held back.")] = False,
    out: Out = None,
    workers: Workers = None,
    backend: Backend = None,
    scheduler: Scheduler = None,
    verbose: Verbose = False,
    format: Show = Format.TEXT,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """May the plan go live?

    Today's and the proposed levels on the same paths, SKU-location by SKU-location: go,
    hold back, undecided or unchanged, with the share of false go's bounded. The folder
    is a run whose plan is the live plan. Ends with 6 where something is not go.

    \b
    Examples:
      simlab gate mystudy/study.toml
      simlab gate study.toml --proposed runs/shop
      simlab gate study.toml --release B-Z
      simlab gate study.toml --current habit
    """
    from simlab import api
    from simlab.errors import EXIT_HELD_BACK

    with api.backend(backend, scheduler=scheduler), watched(quiet) as progress:
        found, result = api.run_gate(
            study,
            proposed=proposed,
            current=current,
            release=release or (),
            accept_misfit=accept_misfit or (),
            replications=replications,
            weeks=weeks,
            waves=waves,
            by=by,
            weeks_apart=weeks_apart,
            out=out,
            workers=workers,
            progress=progress,
        )
    held = not (found.hold_back.empty and found.undecided.empty)
    ends = EXIT_HELD_BACK if held and not exit_zero else 0
    _print(found, result, format, ends, verbose)
    if ends:
        raise typer.Exit(ends)


def _print(found: Gate, result: RunResult, format: Format, ends: int, verbose: bool) -> None:
    results = result.folder / "results"
    if format is Format.JSON:
        print_json(
            {
                "folder": str(result.folder),
                "report": None if result.report is None else str(result.report),
                "book": None if result.book is None else str(result.book),
                "plan": str(results / "plan.csv"),
                "proposed": found.facts["proposed"],
                "current": found.facts["current"],
                "options": found.facts["gate"],
                "decisions": dict(zip(found.lists["decision"], found.lists["n_items"], strict=True)),
                "exit_code": ends,
                "statements": list(found.statements),
                "lowered": list(found.lowered),
                "lists": records(found.lists),
                "waves": {name: records(frame) for name, frame in found.waves.items()},
                "items": records(found.table),
            }
        )
        return
    print_sentences(found.statements, None if verbose else SENTENCES)
    print_table(
        found.lists[["decision", "n_items", "served_change", "stock_value_change"]],
        "Lists (a year)",
        in_words=True,
    )
    names = ["sku", *(["location"] if found.table["location"].nunique() > 1 else [])]
    names += ["service_now", "service", "stock_value_change", "reason"]
    for title, frame in (("Held back", found.hold_back), ("Undecided", found.undecided)):
        if not frame.empty:
            size = frame["stock_value_change"].abs()
            shown = frame.loc[size.sort_values(ascending=False).index, names].rename(
                columns={"reason": "why"}
            )
            print_table(shown, title, _ROWS, spare=("service_now",), in_words=True)
    if "waves" in found.waves:
        names = ["wave", "starts_week", "n_items", "n_go", "service_now", "service", "stock_value_change"]
        spare = ("service_now", "n_items")
        print_table(found.waves["waves"][names], "Waves", spare=spare, in_words=True)
    folder = result.folder
    say()
    if result.report is not None:
        say(f"Report  {result.report}")
    if result.book is not None:
        say(f"Excel   {result.book}")
    say(f"Gate    {results / 'gate.csv'}")
    say(f"Plan    {results / 'plan.csv'}")
    say(f"Next    simlab orders {folder}")
    say(f"        simlab trace {folder} SKU@LOCATION --levels current")
