"""What was changed in the histories: outliers, stock-outs, promotions and prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simlab.report.kit.formats import DASH, is_number, money, number, percent
from simlab.report.kit.reading import records
from simlab.report.plan.section import Content, Row, section, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from simlab.report.plan.tables import RunTables


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


@section(
    "prepared",
    menu="Changes to histories",
    title="What was changed in the histories",
    place=10,
    needs={
        "adjustments": ("sku", "location", "date", "what", "before", "after", "value"),
        "uplift": ("driver", "group", "factor", "low", "high", "n_items", "n_periods", "borrowed", "future"),
    },
)
def prepared(tables: RunTables) -> Content | None:
    """The section; None where nothing was changed and no driver looked at."""
    changed, uplift = tables.table("adjustments"), tables.table("uplift")
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
    return Content(texts, found, notes=notes)


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
    return table("Changes by kind", header, rows)


def _largest(changed: pd.DataFrame, tables: RunTables) -> Row:
    """The changes that move most value; of those only listed, the largest demands."""
    order = ["value", "before"]
    shown = changed.sort_values(order, ascending=False, kind="stable").head(_MOST_ROWS)
    rows = [_change_row(row, tables) for row in records(shown)]
    title = "All of them" if len(changed) <= _MOST_ROWS else f"The {_MOST_ROWS} largest of {len(changed):,}"
    header = ["SKU @ location", f"{tables.period} from", "what", "units before", "units after", "value moved"]
    return table(title, header, rows)


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
            "A promotion" if row["driver"] == "promotion" else "A price 10% lower",
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
        "95% interval",
        "borrowed from all",
        "SKU-locations",
        "periods seen",
    ]
    return table("What promotions and prices do to demand", header, rows)


def _uplift_notes(uplift: pd.DataFrame) -> list[str]:
    future = str(uplift["future"].iloc[0])
    notes = [_FUTURE.get(future) or f"Promotions come back in {percent(float(future), 1)} of future periods."]
    notes.append("Effects are those seen, not proven causes: what else changed in those periods is in them.")
    if (uplift["driver"] == "price").any():
        notes.append(
            "Where larger quantities buy a lower price, the price is an outcome of demand and no driver."
        )
    return notes
