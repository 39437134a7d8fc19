"""How long histories are remembered, group by group: a table of the section on histories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simlab.report.kit.formats import DASH, is_number, number
from simlab.report.kit.reading import records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simlab.report.plan.tables import RunTables


_MOST_ROWS = 60
_GAIN, _ERROR = "gain_", "error_"


def tables(run: RunTables) -> list[dict[str, Any]]:
    """One table, or none where half-lives were not compared."""
    if run.memory is None:
        return []
    rows = [_row(row, run.period) for row in records(run.memory)[:_MOST_ROWS]]
    header = ["Group", "demand comes", "SKU-locations", "sums predicted", "remembered"]
    header += ["best half-life tried", "gain in log score a sum", "standard error"]
    return [{"title": "How long histories are remembered", "header": header, "rows": rows}]


def notes(run: RunTables) -> tuple[str, ...]:
    """How the choice was made, in a sentence."""
    if run.memory is None:
        return ()
    period = run.period
    return (
        f"Remembered: with a half-life of 26 {period}s, a {period} that lies 26 {period}s back counts half "
        "as much as the last one. Half-lives are compared on demand over R + L that they have not seen; all "
        f"{period}s count alike unless one is better by more than two standard errors, guarded against "
        "having looked at many groups.",
    )


def _row(row: Mapping[str, Any], period: str) -> list[str]:
    kept = row["half_life"]
    best = _best(row)
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


def _best(row: Mapping[str, Any]) -> str | None:
    """The half-life that was taken, else the one with the highest score."""
    names = [name.removeprefix(_GAIN) for name in row if str(name).startswith(_GAIN)]
    names = [name for name in names if is_number(row[f"{_GAIN}{name}"])]
    if is_number(row["half_life"]):
        return next((name for name in names if float(name) == row["half_life"]), None)
    return max(names, key=lambda name: float(row[f"{_GAIN}{name}"]), default=None)
