"""Section on what was changed in the histories: outliers, stock-outs, promotions and prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simlab.report.kit.formats import DASH, is_number, money, number, percent
from simlab.report.kit.reading import records

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from simlab.report.plan.tables import RunTables


Row = dict[str, Any]
_MOST_ROWS = 20
_MOST_GROUPS = 40
_MEANS = {
    "outlier": "outliers",
    "stocked out": "demand unseen in stock-outs",
    "promotion": "effect of promotions taken out",
    "price": "effect of prices taken out",
    "promotion and price": "effect of promotions and prices taken out",
}
_FUTURE = {
    "observed": "Future periods have promotions and prices as often as the history had them.",
    "none": "Future periods are taken to have no promotion and usual prices.",
}


def prepared_section(tables: RunTables) -> Row | None:
    """The section; None where nothing was changed and no driver looked at."""
    changed, uplift = tables.adjustments, tables.uplift
    if changed is None and uplift is None:
        return None
    texts = ["Every change was asked for by the study; the laws rest on the histories after it."]
    found = []
    if changed is not None:
        found += [_counts(changed, tables), _largest(changed, tables)]
        texts.append("All periods touched, one by one, are in results/adjustments.parquet.")
    notes = []
    if uplift is not None:
        found.append(_uplift(uplift))
        notes += _uplift_notes(uplift)
    return {
        "id": "prepared",
        "menu": "Changes to histories",
        "title": "What was changed in the histories",
        "texts": texts,
        "tables": found,
        "charts": [],
        "notes": notes,
    }


def _counts(changed: pd.DataFrame, tables: RunTables) -> Row:
    rows = []
    for what, group in changed.groupby("what", sort=False):
        kept = group["after"].notna()
        moved = (group["after"].fillna(0) - group["before"]).sum()
        items = group[["sku", "location"]].drop_duplicates()
        rows.append(
            [
                _MEANS.get(str(what), str(what)).capitalize(),
                number(len(items)),
                number(len(group)),
                number((group["after"] != group["before"]).sum()),
                number((~kept).sum()),
                number(group["before"].sum()),
                f"{moved:+,.0f}".replace("-", "−"),
                money(group["value"].sum(), tables.currency),
            ]
        )
    header = ["What", "SKU-locations", f"{tables.period}s listed", "changed or dropped", "dropped"]
    header += ["units before", "units moved", "value moved, at unit cost"]
    return {"title": "Changes by kind", "header": header, "rows": rows}


def _largest(changed: pd.DataFrame, tables: RunTables) -> Row:
    """The changes that move most value; of those only listed, the largest demands."""
    order = ["value", "before"]
    shown = changed.sort_values(order, ascending=False, kind="stable").head(_MOST_ROWS)
    rows = [_change_row(row, tables) for row in records(shown)]
    title = "All of them" if len(changed) <= _MOST_ROWS else f"The {_MOST_ROWS} largest of {len(changed):,}"
    header = ["SKU @ location", f"{tables.period} from", "what", "units before", "units after", "value moved"]
    return {"title": title, "header": header, "rows": rows}


def _change_row(row: Mapping[str, Any], tables: RunTables) -> list[str]:
    after = number(row["after"]) if is_number(row["after"]) else "dropped"
    return [
        f"{row['sku']} @ {row['location']}",
        str(row["date"]),
        str(row["what"]),
        number(row["before"]),
        after,
        money(row["value"], tables.currency) if row["value"] else DASH,
    ]


def _uplift(uplift: pd.DataFrame) -> Row:
    rows = [
        [
            "A promotion" if row["driver"] == "promotion" else "A price 10 % lower",
            str(row["group"]) or "all",
            f"× {number(row['factor'], 2)}",
            f"{number(row['low'], 2)} to {number(row['high'], 2)}",
            percent(row["borrowed"], 0),
            number(row["n_items"]),
            number(row["n_periods"]),
        ]
        for row in records(uplift)[:_MOST_GROUPS]
    ]
    header = [
        "Driver",
        "group",
        "demand",
        "95 % interval",
        "borrowed from all",
        "SKU-locations",
        "periods seen",
    ]
    return {"title": "What promotions and prices do to demand", "header": header, "rows": rows}


def _uplift_notes(uplift: pd.DataFrame) -> list[str]:
    future = str(uplift["future"].iloc[0])
    notes = [_FUTURE.get(future) or f"Promotions come back in {percent(float(future), 1)} of future periods."]
    notes.append("Effects are those seen, not proven causes: what else changed in those periods is in them.")
    if (uplift["driver"] == "price").any():
        notes.append(
            "Where larger quantities buy a lower price, the price is an outcome of demand and no driver."
        )
    return notes


_MOST_SUPPLIERS = 60
_MUCH = 0.05


def suppliers_section(tables: RunTables) -> Row:
    """The suppliers with the most receipts first."""
    assert tables.lead_times is not None
    frame = tables.lead_times.sort_values(["received", "supplier"], ascending=[False, True])
    rows = records(frame)
    kept = rows[:_MOST_SUPPLIERS]
    listed = [_lead_times(kept), _effects(kept)]
    if any(is_number(row.get("law_mean")) for row in rows):
        listed.append(_simulated(kept))
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
            "Flags survive a guard against chance (5 % of them may be false); what was ordered on one day is "
            "one observation of drift and weekdays.",
            "Shared delay: intraclass correlation of the lead times of one day's orders; 1 = late together.",
        ),
    }


def _flags(rows: list[Row]) -> str:
    counts = [sum(bool(row[flag]) for row in rows) for flag in ("drifted", "has_weekday", "is_shared")]
    untold = sum(not is_number(row["drift_p"]) for row in rows)
    few = f" Of {untold:,} nothing can be told about drift: fewer than 8 order days." if untold else ""
    return (
        f"Of {len(rows):,} suppliers the lead times of {counts[0]} have drifted, of {counts[1]} depend on "
        f"the weekday of the order, and of {counts[2]} are shared by the orders of one day.{few}"
    )


def _lead_times(rows: list[Row]) -> Row:
    header = ["Supplier", "received", "open", "mean days", "standard deviation", "95 % within"]
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
    return {"title": "Lead times and promises", "header": header, "rows": body}


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
    return {"title": "Drift, weekdays, shared delays", "header": header, "rows": body}


def _simulated(rows: list[Row]) -> Row:
    header = ["Supplier", "mean of the law (periods)", "standard deviation", "mean in sequence"]
    header += ["standard deviation in sequence", "apart by 5 % or more", "variance by rounding (periods²)"]
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
    return {"title": "Lead times as simulated, orders at every review", "header": header, "rows": body}


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
    return {"title": "Orders received in parts", "header": header, "rows": body}


def _days(value: Any) -> str:
    return number(value, 1) if is_number(value) else DASH


def _weekday(row: Mapping[str, Any], which: str) -> str:
    name = row[f"{which}_weekday"]
    return f"{name} {_days(row[f'{which}_days'])}" if name else DASH


def _flag(row: Mapping[str, Any], name: str, p: str) -> str:
    if not is_number(row[p]):
        return "cannot tell"
    return "yes" if row[name] else "no"
