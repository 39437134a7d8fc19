"""What of an optimised run fits a screen: title, the table of the decision, and one row per segment."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.api.decision.decision import Decision
from simlab.api.decision.statements import served_noun
from simlab.measures import ALL
from simlab.measures.decision import COLUMNS, cell, change, short_money, short_rate

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.plans.outcome import Outcome

_MEASURES = ("inventory_value", "holding_cost")


@dataclass(frozen=True, eq=False)
class Brief:
    """Texts for a screen of 80 columns.

    Attributes
    ----------
    title : str
        Study, size, what was asked.
    header : tuple of str
        Of the table of the decision.
    rows : tuple of tuple of str
        Served by the weight that decided, served by the weight that falls most, stock, holding cost,
        margin late.
    segment_header : tuple of str
    segments : tuple of tuple of str
        One row per segment, the largest change of stock first, and one for all.
    decision : DataFrame
        The whole table.
    next : str
        The command to run next.
    what : str
        What it says, in a few words.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    segment_header: tuple[str, ...]
    segments: tuple[tuple[str, ...], ...]
    decision: pd.DataFrame
    next: str
    what: str = ""


def brief(opt: Outcome, decision: Decision, by_segment: pd.DataFrame) -> Brief:
    """What fits a screen of an optimised study.

    Parameters
    ----------
    opt : Outcome
    decision : Decision
    by_segment : DataFrame
        From `capital_by_segment`.
    """
    titles = decision.titles
    today = titles["today"] if decision.plans["today"] == "today" else "A98 B95 C90"
    header = ("", today, *(titles[name] for name in (*COLUMNS[1:], "change")))
    rows = [decision.row_of(key) for key in shown_measures(decision)]
    return Brief(
        _title(opt),
        header,
        tuple(_row(row, decision.currency) for row in rows if row),
        (
            "Segment",
            "items",
            "target",
            f"units {_now(today)}",
            "proposed",
            f"stock {_now(today)}",
            "proposed",
            "change",
        ),
        tuple(_segment(row, decision.currency) for row in _by_change(by_segment)),
        decision.to_frame(),
        *_next(opt, decision),
    )


def _next(opt: Outcome, decision: Decision) -> tuple[str, str]:
    study = opt.data.study
    if not study.source or not (study.folder / study.file).is_file():
        return "simlab init mystudy --items items.csv --demand demand.csv", ""
    command, what = ("compare schemes", "which segments pay")
    if decision.plans["today"] == "today":
        command, what = "gate", "which levels may go live"
    return f"simlab {command} {shlex.quote(_near(study.folder / study.file))}", what


def _near(path: Path) -> str:
    """As it is typed here: relative to the current folder where it lies below it."""
    here, whole = Path.cwd().resolve(), path.resolve()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)


def _now(title: str) -> str:
    """Without current levels the habit stands there, which is never called "now"."""
    return "today" if title == "Today" else "habit"


def shown_measures(decision: Decision) -> tuple[str, ...]:
    """Measures of the short table."""
    frame = decision.frame
    served = frame[frame["measure"].str.startswith("served_") & (frame["measure"] != decision.row)]
    worst = tuple(served.sort_values("change")["measure"].head(1))
    return (decision.row, *worst, *_MEASURES, "lost_margin")


def _title(opt: Outcome) -> str:
    n, by = opt.data.catalog.n_items, " × ".join(opt.segmentation.by)
    asked = []
    if opt.solved.fill_rate is not None:
        asked.append(f"{short_rate(opt.solved.fill_rate)} of {served_noun(opt)}")
    if opt.solved.budget is not None:
        asked.append(f"within {short_money(opt.solved.budget, opt.data.study.currency)}")
    if opt.solved.fill_rate is None and opt.accounting.weighs_service:
        what = (
            "the highest profit" if opt.accounting.keys["objective"] == "profit" else "the least total cost"
        )
        asked.insert(0, what)
    where = f"{n:,} SKU-locations, {opt.segmentation.n_segments} segments by {by}"
    return f"{opt.data.study.name}: {where}; asked: {' '.join(asked)}"


def _row(row: dict[str, Any], currency: str) -> tuple[str, ...]:
    return (str(row["name"]), *(cell(row, name, currency) for name in COLUMNS), change(row, currency))


def _by_change(frame: pd.DataFrame) -> Sequence[dict[str, Any]]:
    own = frame[frame["segment"] != ALL]
    order = own["change"].abs().sort_values(ascending=False, kind="stable").index
    rows = [*own.loc[order].to_dict("records"), *frame[frame["segment"] == ALL].to_dict("records")]
    return [{str(key): value for key, value in row.items()} for row in rows]


def _segment(row: dict[str, Any], currency: str) -> tuple[str, ...]:
    """Segment, items, target, fill rate and stock today and proposed, change of stock."""
    target = row["target"]
    sign = "-" if row["change"] < 0 else "+"
    return (
        "all" if row["segment"] == ALL else str(row["segment"]),
        f"{row['n_items']:,}",
        "" if target != target else f"{100 * target:.4g}%",
        short_rate(row["fill_rate_now"]),
        short_rate(row["fill_rate"]),
        short_money(row["inventory_value_now"]),
        short_money(row["inventory_value"]),
        sign + short_money(row["change"]) if abs(row["change"]) >= 0.005 else "0",
    )
