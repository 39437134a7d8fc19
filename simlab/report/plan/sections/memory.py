"""How long histories are remembered, group by group, and what each half-life gains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlab.report.kit.formats import DASH, is_number, number
from simlab.report.kit.reading import records
from simlab.report.plan.section import Content, Row, section, table

if TYPE_CHECKING:
    from simlab.report.plan.tables import RunTables


_MOST_ROWS = 60
_GAIN, _ERROR = "gain_", "error_"


@section(
    "memory",
    menu="Memory",
    title="How long are histories remembered?",
    place=35,
    needs={"memory": ("group", "demand_comes", "n_items", "n_sums", "half_life")},
)
def memory(tables: RunTables) -> Content | None:
    """Half-lives that were compared, and which were taken."""
    frame = tables.table("memory")
    if frame is None:
        return None
    rows, period = records(frame), tables.period
    kept = sum(int(row["n_items"]) for row in rows if is_number(row["half_life"]))
    whole = sum(int(row["n_items"]) for row in rows)
    header = ["Group", "demand comes", "SKU-locations", "sums predicted", "remembered"]
    header += ["best half-life tried", "gain in log score a sum", "standard error"]
    return Content(
        [
            f"{number(kept)} of {number(whole)} SKU-locations have laws in which older {period}s count less. "
            f"With a half-life of 26 {period}s, a {period} that lies 26 {period}s back counts half as "
            "much as the last one."
        ],
        [table("Memory by group", header, [_row(row, period) for row in rows[:_MOST_ROWS]], folded=not kept)],
        notes=(
            f"Half-lives are compared on demand over R + L that they have not seen. All {period}s count "
            "alike unless one is better by more than two standard errors, guarded against looking at many "
            "groups.",
        ),
    )


def _row(row: Row, period: str) -> list[str]:
    kept, best = row["half_life"], _best(row)
    return [
        str(row["group"]) or "All",
        str(row["demand_comes"]),
        number(row["n_items"]),
        number(row["n_sums"]),
        f"half-life {number(kept)} {period}s" if is_number(kept) else "all",
        DASH if best is None else f"{best} {period}s",
        DASH if best is None else number(row[f"{_GAIN}{best}"], 3),
        DASH if best is None else number(row[f"{_ERROR}{best}"], 3),
    ]


def _best(row: Row) -> str | None:
    """The half-life that was taken, else the one with the highest score."""
    names = [name.removeprefix(_GAIN) for name in row if str(name).startswith(_GAIN)]
    names = [name for name in names if is_number(row[f"{_GAIN}{name}"])]
    if is_number(row["half_life"]):
        return next((name for name in names if float(name) == row["half_life"]), None)
    return max(names, key=lambda name: float(row[f"{_GAIN}{name}"]), default=None)
