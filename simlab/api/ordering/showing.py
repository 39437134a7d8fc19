"""The orders of a day for people: a page and a workbook of the same tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from simlab.report.lists import Shown
    from simlab.run import RunFolder

PAGE, BOOK = "report.html", "report.xlsx"
_FIRST = 10  # lines on the first screen
_OF_THE_BOOK = ("unit_cost", "packs", "units_short", "chance_out_with_order", "units_short_with_order")
"""Columns that the workbook and orders.csv have, and the page leaves out."""
_URGENT = (
    *("sku", "location", "quantity", "product", "supplier", "value", "due_date"),
    *("chance_out", "chance_out_with_order"),
)
MOST_LINES = 5_000
"""Lines up to which the workbook is made without being asked for: it writes 200,000 cells a second."""


@dataclass(frozen=True, eq=False)
class Day:
    """What is shown of a day: its tables and sentences as `Orders` has them, and the run of its levels."""

    day: str
    orders: pd.DataFrame
    excess: pd.DataFrame
    statements: tuple[str, ...]
    run: RunFolder


def page_of(found: Day) -> str:
    """The day as one file: what to order from whom, line by line, and what there is too much of."""
    from simlab.report.lists import lists_html

    facts = _facts(found)
    shown = _shown(found, _lines(found).drop(columns=list(_OF_THE_BOOK), errors="ignore"))
    return lists_html(_question(found), facts, found.statements, shown, int(facts["n_items"]))


def book_of(found: Day) -> bytes:
    """The same as a workbook: orders by supplier, order lines, what there is too much of."""
    from simlab.report.book.lists import lists_book
    from simlab.report.book.writing import Titles

    facts, run = _facts(found), found.run
    made = datetime.fromisoformat(found.day)
    titles = Titles(
        str(facts["study"] or ""),
        f"{run.path.name} · {run.id} · orders of {found.day}",
        str(facts["currency"] or ""),
        str(facts["period"] or "period"),
        made,
    )
    return lists_book(_question(found), facts, found.statements, _shown(found, _lines(found)), titles)


def wants_book(found: Day, asked: bool | None) -> bool:
    """Whether the workbook is made: as asked, else where it takes no time to speak of."""
    return len(found.orders) + len(found.excess) <= MOST_LINES if asked is None else asked


def _question(found: Day) -> str:
    return f"What to order on {found.day}, from whom, and what there is too much of"


def _facts(found: Day) -> dict[str, Any]:
    manifest = found.run.manifest
    facts = {name: manifest.get(name) for name in ("study", "currency", "period", "environment", "as_of")}
    n_items = int(manifest.get("n_items") or 0)
    return facts | {"command": "orders", "finished": found.day, "n_items": n_items}


def _shown(found: Day, lines: pd.DataFrame) -> tuple[Shown, ...]:
    from simlab.report.lists import Shown

    every = _lines(found)
    first = every.head(_FIRST)[[name for name in _URGENT if name in every]]
    tables = [Shown("Order first", first)] if len(lines) else []
    if "supplier" in lines:
        totals = found.orders.groupby("supplier", sort=False)
        by = totals.agg(lines=("sku", "size"), units=("quantity", "sum"), value=("value", "sum"))
        by = by.reset_index().sort_values("value", ascending=False, kind="stable")
        tables.append(Shown("By supplier", by, bars="value"))
    tables.append(Shown("Orders, the most urgent first", lines, "suppliers"))
    return (*tables, Shown("Too much of", found.excess, "items"))


def _lines(found: Day) -> pd.DataFrame:
    """The orders for reading: item first, without a day that the title tells and words that nobody gave."""
    orders = found.orders
    told = {"order_date"} if (orders["order_date"].astype(str) == found.day).all() else set()
    told |= {name for name in ("supplier", "product") if (orders[name].fillna("").astype(str) == "").all()}
    first = ["sku", "location", "quantity", "due_date", "supplier"]
    first = [name for name in first if name in orders and name not in told]
    rest = [name for name in orders if name not in told.union(first)]
    return orders[first + rest]
