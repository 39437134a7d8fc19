"""The table of open orders: what is on order, order by order, and when it is due."""

from __future__ import annotations

import numpy as np

from simlab.arrays import DateArray, IntArray
from simlab.catalog.catalog import ON_ORDER_DUE, OpenOrders
from simlab.catalog.cells.convert import (
    days,
    notation,
    refuse_fractional_ids,
    refuse_missing,
)
from simlab.catalog.cells.matching import matched
from simlab.catalog.cells.text import TextTable
from simlab.catalog.columns import OPEN_ORDERS
from simlab.catalog.quality import QualityRow
from simlab.catalog.tables.items import Items, file_remarks, has_columns
from simlab.catalog.tables.receipts import units_of
from simlab.study import Study, TableSource

_LATE, _AHEAD = 365, 730
"""Orders due so many days before or after today are asked about."""


def read_open_orders(
    table: TextTable, items: Items | None, study: Study
) -> tuple[OpenOrders, tuple[QualityRow, ...]] | None:
    """Type the table of open orders and match it to the items; what is wrong goes to its findings.

    Parameters
    ----------
    table : TextTable
        As read. A header without rows says that nothing is on order.
    items : Items or None
        The items table; None if it is too broken to check against.
    study : Study
        Notation and names of columns.

    Returns
    -------
    (OpenOrders, quality entries) or None
        None if something was found.
    """
    needed = [name for name, rule in OPEN_ORDERS.items() if rule.required]
    if table.n_rows == 0 and not table.findings and all(name in table.columns for name in needed):
        none = np.zeros(0, np.int64)
        return OpenOrders(none, none.astype("datetime64[D]"), none), ()
    if not has_columns(table, OPEN_ORDERS):
        return None
    source = study.data.open_orders or TableSource()
    refuse_fractional_ids(table, ("sku", "location", "supplier"))
    for name in needed:
        refuse_missing(table, name)
    due, _ = days(table, "due_date", source)
    item = _matched(table, items)
    parts = np.ones(table.n_rows, np.int64) if items is None else items.parts[item]
    quantity = units_of(
        table, "quantity", OPEN_ORDERS["quantity"], notation(table, source, OPEN_ORDERS), parts, 0
    )
    if table.findings:
        return None
    worth = 0.0 if items is None else float((quantity * items.unit_cost[item]).sum())
    worth *= study.data.cost_resolution if items is None else items.cost_resolution
    used = QualityRow("open_orders", "as given", "used", table.n_rows, float(quantity.sum()), worth)
    said = study.as_of is not None
    today = np.datetime64(study.as_of, "D") if said else np.sort(due)[due.size // 2]
    asked = orders_to_look_at(table, due, today, "as_of" if said else "most others")
    return OpenOrders(item, due, quantity), (used, *file_remarks(table), *asked, *_not_used(table))


def due_of_items(table: TextTable, items: Items | None, study: Study) -> OpenOrders | None:
    """What `on_order` counts, due on `on_order_due`; None where no date is said or something was found.

    Parameters
    ----------
    table : TextTable
        The items table as read.
    items : Items or None
        The same, typed.
    """
    if "on_order_due" not in table.columns or items is None:
        return None
    due, good = days(table, "on_order_due", study.data.items)
    on_order = items.numbers.get("on_order")
    if table.findings or on_order is None:
        return None
    rows = np.flatnonzero(good & ~np.isnat(due) & (np.nan_to_num(on_order) > 0))
    if not rows.size:
        return None
    return OpenOrders(rows, due[rows], np.rint(on_order[rows]).astype(np.int64), ON_ORDER_DUE)


def due_not_used(table: TextTable, items: Items | None, *, orders: bool) -> tuple[QualityRow, ...]:
    """A remark where `on_order_due` of items says something that nothing is made of.

    Parameters
    ----------
    table, items
        As in `due_of_items`.
    orders : bool
        Whether there is a table of open orders.
    """
    if "on_order_due" not in table.columns or items is None or table.columns["on_order_due"].missing().all():
        return ()
    said = ~table.columns["on_order_due"].missing()
    none = np.isnan(items.numbers.get("on_order", np.full(said.size, np.nan)))
    if orders:
        note = "not used: data.open_orders says what is due when"
    elif (said & none).any():
        note = f"not used of {int((said & none).sum()):,} SKU-locations, whose on_order is empty"
    else:
        return ()
    return (QualityRow("items", "column 'on_order_due'", "used", 0, note=note),)


def _matched(table: TextTable, items: Items | None) -> IntArray:
    """(m,) row of each order's SKU-location."""
    if items is None:
        return np.zeros(table.n_rows, np.int64)
    fix = "add it to items, or leave its orders out"
    return matched(table, items.row_of, "not in the items table", fix)


def orders_to_look_at(
    table: TextTable, due: DateArray, today: np.datetime64, of: str
) -> tuple[QualityRow, ...]:
    """Remarks on orders that are due years from a day (in words: `of`), or stand there twice."""
    return (*_far_away(table, due, today, of), *_again(table))


def _far_away(table: TextTable, due: DateArray, today: np.datetime64, of: str) -> list[QualityRow]:
    """A remark on orders that are due years from now: a wrong year, or orders that nobody closed?"""
    days_to = (due - today).astype(np.int64)
    far = np.flatnonzero((days_to < -_LATE) | (days_to > _AHEAD))
    if not far.size:
        return []
    row = int(far[np.argmax(np.abs(days_to[far]))])
    n = int(abs(days_to[row]))
    when = f"{n:,} days {'before' if days_to[row] < 0 else 'after'} {of}"
    note = f"row {table.findings.place(row)} ({table.columns['sku'].cell(row)}) is due {due[row]}, {when}: "
    note += "a wrong year, or an order that was never closed? What was due by now arrives in the first period"
    what = f"{far.size:,} open orders due a year ago or in more than two years"
    return [QualityRow("open_orders", what, "used", 0, note=note, notice="look")]


def _again(table: TextTable) -> list[QualityRow]:
    """A remark on rows that say all that an earlier one says: the same order twice?"""
    every = np.array([one.codes for one in table.columns.values()]).T
    _, first, inverse = np.unique(every, axis=0, return_index=True, return_inverse=True)
    again = np.flatnonzero(first[inverse.ravel()] != np.arange(table.n_rows))
    if not again.size:
        return []
    row = int(again[0])
    earlier = table.findings.place(int(first[inverse.ravel()[row]]))
    note = (
        f"row {table.findings.place(row)} ({table.columns['sku'].cell(row)}) says what row {earlier} says in "
    )
    note += "every column: the same order twice? Both are counted"
    what = f"{again.size:,} rows that stand more than once"
    return [QualityRow("open_orders", what, "used", 0, note=note, notice="look")]


def _not_used(table: TextTable) -> list[QualityRow]:
    note = "not used: open orders have no such column"
    return [
        QualityRow("open_orders", f"column '{table.label(name)}'", "used", 0, note=note)
        for name in table.columns
        if name not in OPEN_ORDERS
    ]
