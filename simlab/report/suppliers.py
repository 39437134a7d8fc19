"""Section on suppliers: lead times as received, promises, drift, weekdays, shared delays, parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simlab.report.formats import DASH, is_number, number, percent
from simlab.report.tables import records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simlab.report.tables import RunTables

Row = dict[str, Any]
_MOST_ROWS = 60


def section(tables: RunTables) -> Row:
    """The suppliers with the most receipts first."""
    assert tables.lead_times is not None
    frame = tables.lead_times.sort_values(["received", "supplier"], ascending=[False, True])
    rows = records(frame)
    kept = rows[:_MOST_ROWS]
    listed = [_lead_times(kept), _effects(kept)]
    if any(row["orders_in_parts"] > 0 for row in rows):
        listed.append(_parts(kept))
    texts = [_flags(rows)]
    if len(rows) > len(kept):
        texts.append(f"The {len(kept)} suppliers with the most receipts of {len(rows):,}.")
    return {
        "id": "lead_times",
        "menu": "Suppliers",
        "title": "What the receipts tell of suppliers",
        "texts": texts,
        "tables": listed,
        "charts": [],
        "notes": (
            "Promises may have been moved: laws use actual dates alone.",
            "Flags survive a guard against chance (5 % of them may be false).",
            "Shared delay: intraclass correlation of the lead times of one day's orders; 1 = late together.",
        ),
    }


def _flags(rows: list[Row]) -> str:
    counts = [sum(bool(row[flag]) for row in rows) for flag in ("drifted", "has_weekday", "is_shared")]
    return (
        f"Of {len(rows):,} suppliers the lead times of {counts[0]} have drifted, of {counts[1]} depend on "
        f"the weekday of the order, and of {counts[2]} are shared by the orders of one day."
    )


def _lead_times(rows: list[Row]) -> Row:
    header = ["Supplier", "received", "open", "mean days", "standard deviation", "95 % within"]
    header += ["with a promise", "late", "late by (days)", "against promise (days)", "overdue"]
    body = [
        [
            str(row["supplier"]),
            number(row["received"]),
            number(row["open"]),
            *(_days(row[name]) for name in ("mean_days", "sd_days", "p95_days")),
            number(row["promised"]),
            percent(row["late_share"]) if is_number(row["late_share"]) else DASH,
            _days(row["late_days"]),
            _days(row["mean_lateness_days"]),
            number(row["overdue"]),
        ]
        for row in rows
    ]
    return {"title": "Lead times and promises", "header": header, "rows": body}


def _effects(rows: list[Row]) -> Row:
    header = ["Supplier", "older half (days)", "newer half", "drifted", "fastest weekday", "slowest weekday"]
    header += ["weekdays differ", "shared delay", "is shared"]
    body = [
        [
            str(row["supplier"]),
            _days(row["older_days"]),
            _days(row["newer_days"]),
            _flag(row, "drifted", "drift_p"),
            _weekday(row, "fastest"),
            _weekday(row, "slowest"),
            _flag(row, "has_weekday", "weekday_p"),
            number(row["shared_correlation"], 2) if is_number(row["shared_correlation"]) else DASH,
            _flag(row, "is_shared", "shared_p"),
        ]
        for row in rows
    ]
    return {"title": "Drift, weekdays, shared delays", "header": header, "rows": body}


def _parts(rows: list[Row]) -> Row:
    header = [
        "Supplier",
        "complete orders",
        "in parts or short",
        "units at first",
        "rest after (days)",
        "never",
    ]
    body = [
        [
            str(row["supplier"]),
            number(row["complete_orders"]),
            number(row["orders_in_parts"]),
            percent(row["first_share"]) if is_number(row["first_share"]) else DASH,
            _days(row["rest_days"]),
            percent(row["short_share"]) if is_number(row["short_share"]) else DASH,
        ]
        for row in rows
        if row["complete_orders"] > 0
    ]
    return {"title": "Orders received in parts", "header": header, "rows": body}


def _days(value: Any) -> str:
    return number(value, 1) if is_number(value) else DASH


def _weekday(row: Mapping[str, Any], which: str) -> str:
    name = row[f"{which}_weekday"]
    return f"{name} {_days(row[f'{which}_days'])}" if name else DASH


def _flag(row: Mapping[str, Any], name: str, p: str) -> str:
    if not is_number(row[p]):
        return DASH
    return "yes" if row[name] else "no"
