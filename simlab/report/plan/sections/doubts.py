"""What speaks against believing the numbers, counted: each line leads to its section."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simlab.measures import ALL
from simlab.measures.decision import short_rate
from simlab.report.kit.formats import is_number, number
from simlab.report.kit.reading import records
from simlab.report.plan.section import Content, section

if TYPE_CHECKING:
    from simlab.report.plan.tables import RunTables

_MOST_NAMES = 5
_CHANGED = ("repaired", "refused", "dropped")


@section("doubts", menu="Doubts", title="Doubts", place=-1)
def doubts(tables: RunTables) -> Content | None:
    """Findings as a list with their number; None where nothing speaks against the numbers."""
    found = list(findings(tables))
    if not found:
        return None
    return Content(
        (f"{len(found)} thing{'' if len(found) == 1 else 's'} to know before you believe it:",), lines=found
    )


def findings(tables: RunTables) -> Iterator[str]:
    """The last periods, segments the model does not fit, suppliers that changed, rows that were changed."""
    yield from _last_periods(tables)
    fit = tables.table("fit_test")
    if fit is not None:
        flagged = [str(row["segment"]) for row in records(fit) if row["flagged"] and row["segment"] != ALL]
        judged = int((fit["segment"] != ALL).sum())
        if flagged:
            yield f"The demand model is questioned in {len(flagged)} of {judged} segments: {_names(flagged)}."
    times = tables.table("lead_times")
    if times is not None:
        drifted = [str(row["supplier"]) for row in records(times) if row["drifted"]]
        if drifted:
            yield f"Lead times have changed at {_names(drifted)}."
    if tables.quality is not None and "status" in tables.quality:
        for status in _CHANGED:
            rows = tables.quality[tables.quality["status"] == status]
            count = int(rows["rows"].sum())
            if count:
                what = sorted({f"{row['table']}: {row['what']}" for row in records(rows)})
                yield f"{number(count)} row{'' if count == 1 else 's'} {status} ({_names(what)})."


def _last_periods(tables: RunTables) -> Iterator[str]:
    """Whether the proposed plan served in the last periods what was expected of it."""
    frame = tables.table("held_out")
    if frame is None:
        return
    own = frame[(frame["plan"] == tables.main_plan) & (frame["segment"] == ALL)]
    for row in records(own):
        if (
            is_number(row["fill_rate"])
            and is_number(row["fill_rate_expected"])
            and not row["fill_rate_inside"]
        ):
            served, expected = short_rate(row["fill_rate"]), short_rate(row["fill_rate_expected"])
            yield f"The last weeks would have been served {served} of units, not {expected} as expected."


def _names(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
