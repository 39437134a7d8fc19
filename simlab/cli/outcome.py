"""What a command that left a run folder prints."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from simlab.cli.options import Format
from simlab.cli.say import say
from simlab.cli.tables import print_json, print_sentences, print_table, records

if TYPE_CHECKING:
    from simlab.api import PolicyComparison, RunComparison, RunResult


_ITEMS_SHOWN = 15


def print_run(result: RunResult, format: Format, quiet: bool) -> None:
    """Sentences and tables for people, or one JSON document."""
    if format is Format.JSON:
        _print_run_json(result)
        return
    print_sentences(result.statements)
    for name, frame in result.tables.items():
        print_table(frame, name.capitalize())
    say()
    say(f"Run     {result.folder}")
    if result.report is not None:
        say(f"Report  {result.report}")
    if not quiet and sys.stderr.isatty():
        spent = " · ".join(f"{stage} {seconds:.1f} s" for stage, seconds in result.times.items())
        say(spent, err=True)


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


def print_runs(found: RunComparison, format: Format) -> None:
    """Finished runs side by side; of the SKU-locations those whose levels moved most."""
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
    print_sentences(found.statements)
    shown = ["measure", "value_a", "value_b", "difference", "difference_low", "difference_high", "how"]
    if not found.results.empty:
        print_table(found.results[["b", *shown]], "Results")
    print_table(found.plans.drop(columns="a"), "Plans")
    for name, frame in moved.items():
        if not frame.empty:
            columns = ["sku", "location", "target_a", "target_b", "order_up_to_a", "order_up_to_b"]
            print_table(frame[[*columns, "level_value"]].head(_ITEMS_SHOWN), f"Largest moves, {name}")
    if not found.differences.empty:
        print_table(found.differences, "What differs")


def print_policies(found: PolicyComparison, format: Format) -> None:
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
    print_sentences(found.statements)
    plan = ["policy", "fill_rate", "fill_rate_low", "fill_rate_high", "inventory_value", "orders_per_year"]
    print_table(frame[plan], "Plans")
    equal = ["policy", "at_fill", "cost_at_fill", "percent", "percent_low", "percent_high"]
    print_table(frame[equal], f"Cost ({found.objective}) at equal {found.service}")
