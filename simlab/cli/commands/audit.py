"""``simlab audit``: why a target is not what is on the shelf."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlab.cli.ending import ends_with_exit_code
from simlab.cli.options import Backend, Debug, Format, Out, Quiet, Scheduler, Show, Study, Verbose, Workers
from simlab.cli.progress import watched
from simlab.cli.say import say
from simlab.cli.show.outcome import end_with_faults, print_place
from simlab.cli.tables import SENTENCES, print_json, print_sentences, print_table, records
from simlab.measures import ALL
from simlab.measures.words import subject

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api import RunResult


@ends_with_exit_code
def audit(
    study: Study,
    out: Out = None,
    workers: Workers = None,
    backend: Backend = None,
    scheduler: Scheduler = None,
    format: Show = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    debug: Debug = False,
) -> None:
    """Say why targets are not met.

    Per segment: asked, planned by the formula, achieved in simulation, and what each
    assumption of the formula costs, for the study's targets and the A98/B95/C90 habit.

    \b
    Examples:
      simlab audit mystudy/study.toml
      simlab audit mystudy/study.toml --out runs/audit
    """
    from simlab import api

    with api.backend(backend, scheduler=scheduler), watched(quiet) as progress:
        result = api.run_audit(study, out=out, workers=workers, progress=progress, draw=False)
    if format is Format.JSON:
        result = api.draw_report(result)
        print_json(
            {
                "folder": str(result.folder),
                "report": None if result.report is None else str(result.report),
                "statements": list(result.statements),
                "audit": records(result.tables["audit"]),
                "times": dict(result.times),
            }
        )
        end_with_faults(result)
        return
    if verbose:
        print_sentences(result.statements)
    else:
        said = short(result)
        print_sentences(said, SENTENCES, len(result.told) - len(said))
    table = in_points(result.tables["audit"])
    if verbose:
        print_table(table, "Asked, planned, served, and what each cause adds in points")
    else:
        title = "Asked, planned, served, and the largest cause"
        print_table(with_largest_cause(table), title, spare=("n_items", "fill_rate_planned"), in_words=True)
    say()
    print_place(result, quiet)


_WORST = 3


def short(result: RunResult) -> list[str]:
    """What all segments together say, and the segments that lose most; the rest is told with -v."""
    table, said = result.tables["audit"], {one.key: one.line for one in result.told}
    keys = [subject(policy, ALL) for policy in dict.fromkeys(table["policy"])]
    own = table[table["segment"] != ALL]
    worst = own.loc[(own["fill_rate"] - own["fill_rate_planned"]).sort_values(kind="stable").index[:_WORST]]
    keys += [subject(str(row.policy), str(row.segment)) for row in worst.itertuples()]
    return [said[key] for key in keys if key in said]


def in_points(table: pd.DataFrame) -> pd.DataFrame:
    """The table with every cause in points of fill rate, losses below zero, as sentences and page say."""
    causes = [str(name) for name in table if str(name).startswith("by_")]
    moved = {name: (0.0 - 100 * table[name]).round(2) for name in causes}
    names = {name: f"{name.removeprefix('by_')}_points" for name in causes}
    return table.assign(**moved).rename(columns=names)


def with_largest_cause(table: pd.DataFrame) -> pd.DataFrame:
    """Asked, planned and served, and of all causes the one that moves service most; in `in_points`' names."""
    import numpy as np

    from simlab.api.audits.tables import CAUSES

    named = {str(key): text for key, text in CAUSES.items()}
    causes = [str(name) for name in table if str(name).endswith("_points")]
    moved = table[causes].to_numpy(float)
    at = np.argmax(np.abs(np.nan_to_num(moved)), axis=1)
    rows = np.arange(len(table))
    shown = table[["policy", "segment", "n_items", "target", "fill_rate_planned", "fill_rate"]].copy()
    shown["largest_cause"] = [named[causes[place].removesuffix("_points")] for place in at]
    shown["points"] = [f"{value:+.1f}" if np.isfinite(value) else "–" for value in moved[rows, at]]
    return shown
