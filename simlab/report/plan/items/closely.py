"""The sample of SKU-locations that a click shows closely, as the page's script reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simlab.register.laws import LAWS

if TYPE_CHECKING:
    import pandas as pd

    from simlab.report.plan.tables import RunTables

NEEDS = {
    "sample_history": ("sku", "location", "date", "units"),
    "sample_law": ("sku", "location", "law", "first", "last", "seen", "expected"),
    "sample_path": ("sku", "location", "period", "stock"),
}
"""Tables that the tab alone reads, and the columns it needs of them."""
_TITLES = {law.name: law.title for law in LAWS}


def closely(tables: RunTables) -> dict[str, Any]:
    """By SKU@LOCATION: `from` and `units` sold, `range`, `seen` and `expected`, `stock` of a year, `law`.

    The empty name has the noun of a period.
    """
    found: dict[str, Any] = {"": {"period": tables.period}}
    for name, rows in _by_item(tables.table("sample_history")):
        found.setdefault(name, {}).update({"from": list(rows["date"]), "units": rows["units"].tolist()})
    for name, rows in _by_item(tables.table("sample_law")):
        ranges = [
            f"{first}" if first == last else f"{first}–{last}"
            for first, last in zip(rows["first"], rows["last"], strict=True)
        ]
        law = str(rows["law"].iloc[0])
        found.setdefault(name, {}).update(
            {
                "range": ranges,
                "seen": rows["seen"].tolist(),
                "expected": rows["expected"].round(2).tolist(),
                "law": f"Model of its demand: {_TITLES.get(law, law).casefold()}.",
            }
        )
    for name, rows in _by_item(tables.table("sample_path")):
        stock = [int(x) if float(x).is_integer() else round(float(x), 3) for x in rows["stock"]]
        found.setdefault(name, {}).update({"stock": stock})
    for name, sample in found.items():
        if name:
            sample.setdefault("law", "")
    return found


def _by_item(table: pd.DataFrame | None) -> list[tuple[str, pd.DataFrame]]:
    if table is None:
        return []
    keyed = table["sku"].astype(str) + "@" + table["location"].astype(str)
    return [(str(name), rows) for name, rows in table.groupby(keyed, sort=False)]
