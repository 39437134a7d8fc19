"""What a command that left a run folder prints."""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from simlab.cli.options import Format
from simlab.cli.progress import watched
from simlab.cli.say import say
from simlab.cli.show.screen import print_screen
from simlab.cli.tables import SENTENCES, print_json, print_sentences, print_table, records
from simlab.errors import EXIT_INCOMPLETE, EXIT_UNEXPECTED
from simlab.measures.decision import service_served

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api import PolicyComparison, RunComparison, RunResult


_ITEMS_SHOWN = 15
_SPARE = {
    "segments": ("holding_cost", "target", "n_items", "fill_rate_low"),
    "schemes": (
        "explained",
        "n_targets",
        "holding_cost_low",
        "percent_vs_per_sku_low",
        "beats_random",
        "percent_vs_per_sku",
        "n_segments",
        "holding_cost",
        "may_be_best",
    ),
}
"""By table, the columns that a narrow terminal can do without, the first ones first."""


def print_run(
    result: RunResult, format: Format, quiet: bool, verbose: bool = False, figures: bool = False
) -> None:
    """One screen for people, with `verbose` all sentences and tables, or one JSON document.

    The page is drawn when the numbers are told, for drawing may fail.
    """
    from simlab import api

    if format is Format.JSON:
        result = api.draw_report(result, figures=figures)
        _print_run_json(result)
        end_with_faults(result)
        return
    if result.brief is not None and not verbose:
        print_screen(api.with_places(result), result.brief)
        end_with_faults(_drawn(result, quiet, figures))
        return
    print_sentences(result.statements, None if verbose else SENTENCES)
    for name, frame in result.tables.items():
        print_table(frame, name.capitalize(), spare=_SPARE.get(name, ()), in_words=True)
    say()
    print_place(result, quiet, figures)


def print_place(result: RunResult, quiet: bool, figures: bool = False) -> None:
    """Where the run lies; its page is drawn now that the numbers are told."""
    say(f"Run     {result.folder}")
    result = _drawn(result, quiet, figures)
    if result.report is not None:
        say(f"Report  {result.report}")
    if result.book is not None:
        say(f"Excel   {result.book}")
    elif result.book_on_request:
        say(f"Excel   on request: simlab report {result.folder} --excel")
    if not quiet and sys.stderr.isatty():
        spent = " · ".join(f"{stage} {seconds:.1f} s" for stage, seconds in result.times.items())
        say(spent, err=True)
    end_with_faults(result)


def _drawn(result: RunResult, quiet: bool, figures: bool) -> RunResult:
    from simlab import api

    sys.stdout.flush()
    with watched(quiet) as progress:
        if progress is not None:
            progress("report", 0, 0)
        return api.draw_report(result, figures=figures)


def end_with_faults(result: RunResult) -> None:
    """Exit with 1 if a table or the page could not be made, with 5 where only room was missing for it."""
    if not result.faults:
        return
    full = [name for name, error in result.faults.items() if os.strerror(errno.ENOSPC) in str(error)]
    for name, error in result.faults.items():
        what = "no room (make some, then simlab report)" if name in full else "a fault of simlab"
        again = f" (simlab report {result.folder} draws it)" if name in ("report", "workbook") else ""
        say(f"{what}: {name}: {error}; the rest of the run is complete{again}", err=True)
    raise typer.Exit(EXIT_INCOMPLETE if len(full) == len(result.faults) else EXIT_UNEXPECTED)


def _print_run_json(result: RunResult) -> None:
    print_json(
        {
            "folder": str(result.folder),
            "report": None if result.report is None else str(result.report),
            "book": None if result.book is None else str(result.book),
            "statements": list(result.statements),
            "told": [asdict(one) for one in result.told],
            **({} if result.brief is None else {"decision": records(result.brief.decision)}),
            "tables": {name: records(frame) for name, frame in result.tables.items()},
            "times": dict(result.times),
            "faults": dict(result.faults),
        }
    )


def print_runs(found: RunComparison, format: Format, verbose: bool = False) -> None:
    """Finished runs side by side; of the SKU-locations those whose levels moved most."""
    from simlab.api.comparison.told_of_runs import headline

    tables = {"results": found.results, "plans": found.plans, "differences": found.differences}
    moved = {f"{one.b} against {one.a}": one.items[one.items["changed"]] for one in found.pairs}
    if format is Format.JSON:
        print_json(
            {
                "runs": list(found.labels),
                "statements": list(found.statements),
                "tables": {name: records(frame) for name, frame in tables.items()},
                "items": {name: records(frame) for name, frame in moved.items()},
            }
        )
        return
    heads = [line for line in map(headline, found.pairs) if line]
    print_sentences([*heads, *found.statements], None if verbose else SENTENCES)
    if not found.results.empty:
        print_table(_in_units(found.results), "Results", spare=("how", "against", "before", "after"))
    spare = ("only_a", "only_b", "other_segment", "in_both", "run")
    print_table(
        found.plans.drop(columns="a").rename(columns={"b": "run"}), "Plans", spare=spare, in_words=True
    )
    for name, frame in moved.items():
        if not frame.empty:
            columns = ["sku", "location", "target_a", "target_b", "order_up_to_a", "order_up_to_b"]
            moves = frame[[*columns, "level_value"]].head(_ITEMS_SHOWN)
            print_table(moves, f"Largest moves, {name}", spare=("target_a", "target_b"), in_words=True)
    if not found.differences.empty:
        print_table(found.differences, "What differs", spare=("kind",))


def _in_units(results: pd.DataFrame) -> pd.DataFrame:
    """Results of pairs as text, every row in the unit of its measure; differences of rates in points."""
    import pandas as pd

    from simlab.cli.tables import number
    from simlab.measures import words

    rows = []
    for row in results.to_dict("records"):
        key = str(row["measure"])
        points = words.word(key).unit == "rate"
        before, after = (number(row[name], key) for name in ("value_a", "value_b"))
        gap, low, high = (row[f"difference{end}"] for end in ("", "_low", "_high"))
        told = [f"{100 * x:+.2f}" if points else number(x, key) for x in (gap, low, high)]
        change = f"{told[0]} [{told[1]}, {told[2]}]{' points' if points else ''}"
        rows.append((row["b"], words.word(key).name, before, after, change, row["how"]))
    return pd.DataFrame(rows, columns=["against", "measure", "before", "after", "change", "how"])


def print_policies(found: PolicyComparison, format: Format, verbose: bool = False) -> None:
    """Policies at equal fill, and the targets that each was given."""
    frame = found.to_frame()
    if format is Format.JSON:
        print_json(
            {
                "statements": list(found.statements),
                "policies": records(frame),
                "targets": {one.name: one.chosen for one in found.entries},
                "left_out": dict(found.left_out),
                "objective": found.objective,
                "service": found.service,
                "warmup": found.warmup,
                "times": dict(found.times),
            }
        )
        return
    print_sentences(found.statements, None if verbose else SENTENCES)
    plan = ["policy", "fill_rate", "fill_rate_low", "fill_rate_high", "inventory_value", "orders_per_year"]
    print_table(frame[plan], "Plans", spare=("orders_per_year", "fill_rate_low"), in_words=True)
    equal = ["policy", "at_fill", "cost_at_fill", "percent", "percent_low", "percent_high"]
    title = f"{found.objective[:1].upper()}{found.objective[1:]} at the same {service_served(found.service)}"
    print_table(frame[equal], title, spare=("at_fill", "percent_low"), in_words=True)
