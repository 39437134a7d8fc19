"""What the receipts tell of suppliers: lead times, promises, drift, shared delays, parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simlab.errors import listed
from simlab.report.kit.formats import DASH, is_number, number, percent
from simlab.report.kit.reading import records
from simlab.report.kit.shell import SUPPLIERS
from simlab.report.plan.section import Content, Row, section, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simlab.report.plan.tables import RunTables


_MOST_SUPPLIERS = 60
_MUCH = 0.05


@section(
    "lead_times",
    menu="Lead times",
    title="What the receipts tell of suppliers",
    place=50,
    tab=SUPPLIERS,
    needs={
        "lead_times": ("supplier", "received", "open", "mean_days", "drifted", "has_weekday", "is_shared")
    },
)
def suppliers(tables: RunTables) -> Content | None:
    """The suppliers with the most receipts first."""
    frame = tables.table("lead_times")
    if frame is None:
        return None
    frame = frame.sort_values(["received", "supplier"], ascending=[False, True])
    rows = records(frame)
    kept = rows[:_MOST_SUPPLIERS]
    listed = [_lead_times(kept), _effects(kept)]
    if any(is_number(row.get("law_mean")) for row in rows):
        listed.append(_simulated(kept, tables.period))
    if any(row["orders_in_parts"] > 0 for row in rows):
        listed.append(_parts(kept))
    texts = [_flags(rows)]
    if len(rows) > len(kept):
        texts.append(f"The {len(kept)} suppliers with the most receipts of {len(rows):,}.")
    notes = (
        "We use receipt dates, not promises.",
        "At most 1 flag in 20 is false; what was ordered on one day is one observation.",
        "Shared delay: intraclass correlation of the lead times of one day's orders; 1 = late together.",
    )
    return Content(texts, listed, notes=notes)


_NAMED = 4


def _flags(rows: list[Row]) -> str:
    """Who has drifted, depends on the weekday, is late together; in a few sentences."""
    said = [f"{len(rows):,} supplier{'' if len(rows) == 1 else 's'}."]
    slower = [row for row in rows if row["has_weekday"] and row["slowest_weekday"]]
    for row in slower[:_NAMED]:
        said.append(
            f"{row['supplier']} is slower for orders placed on {row['slowest_weekday'].capitalize()}s."
        )
    if len(slower) > _NAMED:
        said.append(f"{len(slower) - _NAMED:,} more depend on the weekday of the order.")
    told = sum(is_number(row["drift_p"]) for row in rows)
    said.append(
        _listed("Lead times have drifted at", [row for row in rows if row["drifted"]]) or "No drift found."
    )
    if told < len(rows):
        said.append(f"At {len(rows) - told:,} nothing can be told about drift: fewer than 8 order days.")
    shared = _listed("Orders of one day are late together at", [row for row in rows if row["is_shared"]])
    return " ".join([*said, shared]).strip()


def _listed(what: str, rows: list[Row]) -> str:
    if not rows:
        return ""
    return f"{what} {listed([str(row['supplier']) for row in rows], _NAMED)}."


def _lead_times(rows: list[Row]) -> Row:
    header = ["Supplier", "received", "open", "mean days", "standard deviation", "95% within"]
    header += [
        "added by whole periods",
        "with a promise",
        "late",
        "late by (days)",
        "against promise (days)",
        "overdue",
    ]
    body = [
        [
            str(row["supplier"]),
            number(row["received"]),
            number(row["open"]),
            *(_days(row[name]) for name in ("mean_days", "sd_days", "p95_days")),
            _added(row),
            number(row["promised"]),
            percent(row["late_share"]) if is_number(row["late_share"]) else DASH,
            _days(row["late_days"]),
            _days(row["mean_lateness_days"]),
            number(row["overdue"]),
        ]
        for row in rows
    ]
    return table("Lead times and promises", header, body)


def _added(row: Row) -> str:
    """What rounding to whole periods makes of the standard deviation of lead times, in days."""
    sd, more = row["sd_days"], row.get("rounding_variance_days2")
    if not is_number(sd) or not is_number(more) or sd == 0:  # what is constant is not rounded at random
        return DASH
    return f"+ {_days((sd**2 + more) ** 0.5 - sd)}"


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
    return table("Drift, weekdays, shared delays", header, body)


def _simulated(rows: list[Row], period: str) -> Row:
    header = [
        "Supplier",
        f"mean ({period}s)",
        f"standard deviation ({period}s)",
        f"mean in sequence ({period}s)",
    ]
    header += [f"standard deviation in sequence ({period}s)", "apart by 5% or more"]
    header += [f"variance by rounding ({period}s²)"]
    body = [
        [
            str(row["supplier"]),
            *(number(row[name], 2) for name in ("law_mean", "law_sd", "effective_mean", "effective_sd")),
            "yes" if _apart(row) else "no",
            number(row["rounding_variance"], 2) if is_number(row["rounding_variance"]) else DASH,
        ]
        for row in rows
        if is_number(row.get("law_mean"))
    ]
    return table("Lead times as simulated, orders at every review", header, body)


def _apart(row: Mapping[str, Any]) -> bool:
    """Whether orders at every review, kept in sequence, get other lead times than the law says."""
    pairs = (("law_mean", "effective_mean"), ("law_sd", "effective_sd"))
    return any(abs(row[a] - row[b]) > _MUCH * max(row["law_mean"], 1e-9) for a, b in pairs)


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
    return table("Orders received in parts", header, body)


def _days(value: Any) -> str:
    return number(value, 1) if is_number(value) else DASH


def _weekday(row: Mapping[str, Any], which: str) -> str:
    name = row[f"{which}_weekday"]
    return f"{name.capitalize()} {_days(row[f'{which}_days'])}" if name else DASH


def _flag(row: Mapping[str, Any], name: str, p: str) -> str:
    if not is_number(row[p]):
        return "cannot tell"
    return "yes" if row[name] else "no"
