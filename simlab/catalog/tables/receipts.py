"""The receipts table: purchase orders and when they came."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from simlab.arrays import BoolArray, IntArray
from simlab.catalog import findings as found
from simlab.catalog.catalog import ReceiptTable
from simlab.catalog.cells.convert import (
    days,
    notation,
    numbers,
    refuse_fractional_ids,
    refuse_missing,
    spread,
    texts,
)
from simlab.catalog.cells.numerals import Notation
from simlab.catalog.cells.text import TextTable
from simlab.catalog.columns import NOT_USED, RECEIPTS, RECEIVED, Column
from simlab.catalog.parts import refuse_parts
from simlab.catalog.quality import QualityRow, Status
from simlab.catalog.tables.doubtful import apart, pasted, repeated_rows, suppliers_of_nobody
from simlab.catalog.tables.items import Items, file_remarks, has_columns
from simlab.catalog.tables.rows import refuse_future
from simlab.study import ReceiptsSource, Study

_NAMED = 3
_TOLERANCE = 1e-4  # of a part: quantities are at most 10¹² of them


def read_receipts(
    table: TextTable, items: Items | None, study: Study, today: dt.date
) -> tuple[ReceiptTable, ReceiptTable | None, tuple[QualityRow, ...]] | None:
    """Type and clean the receipts table; what is wrong goes to its findings.

    Receipts of SKUs that are not in the items table are kept: they tell of their supplier.

    Parameters
    ----------
    table : TextTable
        As read.
    items : Items or None
        For the value of what was received.
    study : Study
        The rules.
    today : date
        Dates after it are refused where the study has no `as_of`.

    Returns
    -------
    (receipts, open orders, quality entries) or None
        None if something was found. Orders without a receipt date, or received after `as_of`, are open:
        on order since their order date, until `as_of` (else the last date of the table).
    """
    if not has_columns(table, RECEIPTS):
        return None
    source = study.data.receipts or ReceiptsSource()
    refuse_fractional_ids(table, ("supplier", "sku", "location"))
    for name in ("supplier", "order_date", "quantity"):
        refuse_missing(table, name)
    ordered, ordered_known = days(table, "order_date", source)
    received, received_known = days(table, "receipt_date", source)
    promised = days(table, "promised_date", source)[0] if "promised_date" in table.columns else None
    partial = study.lead_times.partial != "rows"
    written = notation(table, source, {**RECEIPTS, **(RECEIVED if partial else {})})
    parts = _parts(table, items)
    quantity = units_of(table, "quantity", RECEIPTS["quantity"], written, parts, 0)
    came = _came(table, written, parts) if partial else None
    both = ordered_known & received_known
    backward = both & (received < ordered)
    if source.receipt_before_order == "refuse":
        _refuse_backward(table, backward)
    twice = _doubles(table, source)
    later = _later(table, received, received_known, study, today)
    if table.findings:
        return None
    under_way = (later | ~received_known) & ordered_known & ~backward & ~twice
    today_known = _last_day(study, ordered[ordered_known], received[received_known])
    after = under_way & (ordered > today_known)
    under_way &= ~after
    fates: list[tuple[str, Status, BoolArray, str]] = [
        ("receipt before its order", "dropped", backward & ~twice, ""),
        ("same receipt again", "dropped", twice, "every column is that of an earlier row"),
        (f"ordered after {today_known}", "dropped", after, ""),
        ("orders still open", "repaired", under_way, f"known to take longer than up to {today_known}"),
    ]
    kept = ~backward & ~under_way & ~after & ~twice
    worth = quantity * _unit_costs(table, items)
    entries = (
        *_account(fates, kept, quantity, worth, proved=written.proved),
        *_remarks(table, study),
        *apart(table, "order_date", ordered, kept & ordered_known),
        *_longest(table, ordered, received, kept & both, study),
        *_nothing(kept, quantity),
        *(() if items is None else suppliers_of_nobody(table, items.texts.get("supplier", ()), kept)),
    )
    until = np.where(under_way, today_known, received)
    open_orders = _sorted(table, np.flatnonzero(under_way), ordered, until, quantity, promised, came)
    receipts = _sorted(table, np.flatnonzero(kept), ordered, received, quantity, promised, came)
    return receipts, open_orders if open_orders.n_rows else None, entries


def _nothing(kept: BoolArray, quantity: IntArray) -> Iterator[QualityRow]:
    """Receipts of no unit at all."""
    n = int((kept & (quantity == 0)).sum())
    if n:
        note = "their lead times count like those of others; cancelled orders? Take them out"
        yield QualityRow("receipts", f"{n:,} receipt{'s' if n > 1 else ''} of 0 units", "used", 0, note=note)


def _longest(
    table: TextTable,
    ordered: npt.NDArray[np.datetime64],
    received: npt.NDArray[np.datetime64],
    known: BoolArray,
    study: Study,
) -> Iterator[QualityRow]:
    """Which rows took longer than laws take in: often a wrong year."""
    spec, took = study.lead_times, (received - ordered).astype(np.int64)
    rows = np.flatnonzero(known & (took > spec.longest_days))
    if not rows.size or spec.law == "fixed":
        return
    named = [
        f"row {table.findings.place(int(row))}, ordered {ordered[row]}, came after {took[row]:,} days"
        for row in rows[:_NAMED]
    ]
    more = f"; and {rows.size - _NAMED:,} more" if rows.size > _NAMED else ""
    note = f"{'; '.join(named)}{more}: a wrong year? Laws leave them out (longest_days = {spec.longest_days})"
    yield QualityRow("receipts", "very long lead times", "used", 0, note=note)


def _last_day(
    study: Study, ordered: npt.NDArray[np.datetime64], received: npt.NDArray[np.datetime64]
) -> np.datetime64:
    """The day up to which the table is known."""
    if study.as_of is not None:
        return np.datetime64(study.as_of, "D")
    return np.datetime64(max(days.max() for days in (ordered, received) if days.size), "D")


def _refuse_backward(table: TextTable, backward: BoolArray) -> None:
    rows = np.flatnonzero(backward)
    if rows.size:
        came, was = table.columns["receipt_date"].cell(rows[0]), table.columns["order_date"].cell(rows[0])
        fix = 'fix the dates, or say receipt_before_order = "drop" under [data.receipts]'
        message = f"{came!r} lies before the order of {was}"
        column = table.label("receipt_date")
        table.findings.add_rows(found.ORDER_OF_DATES, message, rows, column=column, fix=fix)


def _doubles(table: TextTable, source: ReceiptsSource) -> BoolArray:
    """(m,) rows to drop because they stand a second time; refused or kept as the study says."""
    nothing = np.zeros(table.n_rows, dtype=np.bool_)
    twice = nothing if source.duplicates == "keep" else repeated_rows(table)
    if not twice.any() or source.duplicates == "drop":
        return twice
    rows = np.flatnonzero(twice)
    supplier, day = (table.columns[name].cell(rows[0]) for name in ("supplier", "order_date"))
    message = f"a receipt of {supplier!r}, ordered {day}, stands a second time, every column alike"
    fix = 'pasted twice? take it out, or say duplicates = "drop" under [data.receipts]; "keep" if both came'
    table.findings.add_rows(found.DUPLICATE, message, rows, column=table.label("receipt_date"), fix=fix)
    return nothing


def _later(
    table: TextTable, received: npt.NDArray[np.datetime64], known: BoolArray, study: Study, today: dt.date
) -> BoolArray:
    """Rows received after `as_of`; without one, dates in the future are refused."""
    if study.as_of is not None:
        return np.asarray(known & (received > np.datetime64(study.as_of, "D")))
    refuse_future(table, "receipt_date", received, known, today)
    return np.zeros(table.n_rows, dtype=np.bool_)


def _unit_costs(table: TextTable, items: Items | None) -> npt.NDArray[np.float64]:
    """(m,) mean unit cost of the SKU of each receipt; 0 where not known."""
    if items is None or "sku" not in table.columns:
        return np.zeros(table.n_rows)
    sums: dict[str, tuple[float, int]] = {}
    for sku, cost in zip(items.sku, items.numbers["unit_cost"], strict=True):
        total, n = sums.get(sku, (0.0, 0))
        sums[sku] = (total + float(cost), n + 1)
    column = table.columns["sku"]
    means = [sums[cell][0] / sums[cell][1] if cell in sums else 0.0 for cell in column.values]
    return np.asarray(spread(column, means, 0.0, np.float64))


def _sorted(
    table: TextTable,
    rows: IntArray,
    ordered: npt.NDArray[np.datetime64],
    received: npt.NDArray[np.datetime64],
    quantity: IntArray,
    promised: npt.NDArray[np.datetime64] | None,
    came: IntArray | None,
) -> ReceiptTable:
    """The kept rows in an order that does not depend on the file's."""
    words = {name: _words(table, name) for name in ("supplier", "sku", "location")}
    ranks = [np.unique([word or "" for word in words[name]], return_inverse=True)[1] for name in words]
    keys = (quantity, ranks[2], ranks[1], received, ordered, ranks[0])
    order = np.lexsort(tuple(key[rows] for key in keys)) if rows.size else rows
    rows = rows[order]
    further = {name: _words(table, name)[rows] for name in table.columns if name not in RECEIPTS}
    if promised is not None:
        further["promised_date"] = np.array(
            [None if np.isnat(day) else str(day) for day in promised[rows]], dtype=object
        )
    return ReceiptTable(
        words["supplier"][rows],
        words["sku"][rows],
        words["location"][rows],
        ordered[rows],
        received[rows],
        quantity[rows],
        further,
        None if came is None else came[rows],
    )


def _parts(table: TextTable, items: Items | None) -> IntArray:
    """(m,) parts that a unit of each row's SKU is counted in, at the location that counts it finest."""
    if items is None or "sku" not in table.columns or (items.parts == 1).all():
        return np.ones(table.n_rows, dtype=np.int64)
    finest: dict[str, int] = {}
    for sku, parts in zip(items.sku, items.parts.tolist(), strict=True):
        finest[sku] = max(finest.get(sku, 1), parts)
    column = table.columns["sku"]
    return np.asarray(spread(column, [finest.get(cell, 1) for cell in column.values], 1, np.int64))


def units_of(
    table: TextTable, name: str, rule: Column, written: Notation, parts: IntArray, empty: int
) -> IntArray:
    """(m,) a quantity in units, or in the parts that they are counted in; `empty` where nothing stands."""
    loose = rule if (parts == 1).all() else replace(rule, kind="number")
    values, _ = numbers(table, name, loose, written)
    said = np.asarray(spread(table.columns[name], values, np.nan, np.float64)) * parts
    units = np.rint(np.nan_to_num(said, nan=empty)).astype(np.int64)
    refuse_parts(table, name, np.abs(np.nan_to_num(said, nan=empty) - units) > _TOLERANCE, parts)
    return units


def _came(table: TextTable, written: Notation, parts: IntArray) -> IntArray | None:
    """Units that came with each receipt; those of `quantity` where the cell is empty (−1)."""
    if "received_quantity" not in table.columns:
        return None
    return units_of(table, "received_quantity", RECEIVED["received_quantity"], written, parts, -1)


def _words(table: TextTable, name: str) -> npt.NDArray[Any]:
    if name in table.columns:
        return texts(table.columns[name])
    return np.full(table.n_rows, None, dtype=object)


def _account(
    fates: list[tuple[str, Status, BoolArray, str]],
    kept: BoolArray,
    quantity: IntArray,
    worth: npt.NDArray[np.float64],
    *,
    proved: bool,
) -> Iterator[QualityRow]:
    def entry(what: str, status: Status, rows: BoolArray, note: str) -> QualityRow:
        units, value = float(quantity[rows].sum()), float(worth[rows].sum())
        return QualityRow("receipts", what, status, int(rows.sum()), units, value, note)

    if proved:
        read = entry("decimal commas read", "repaired", kept, "proved by the cells")
        yield replace(read, notice="quiet")
    else:
        yield entry("as given", "used", kept, "")
    for what, status, rows, note in fates:
        if rows.any():
            yield entry(what, status, rows, note)


def _remarks(table: TextTable, study: Study) -> Iterator[QualityRow]:
    yield from file_remarks(table)
    if study.data.receipts is None or study.data.receipts.duplicates == "refuse":
        result = 'if so, take them out; if both came, say duplicates = "keep"'
        again = tuple(pasted(table, RECEIPTS, "order_date", result))
        yield from again or pasted(table, RECEIPTS.keys() - {"supplier"}, "order_date", result)
    partial = study.lead_times.partial != "rows"
    where = study.data.receipts.where if study.data.receipts is not None else {}
    for name in table.columns:
        used = (*study.lead_times.by, "promised_date", *(NOT_USED["receipts"] if partial else ()), *where)
        if name not in RECEIPTS and name not in used and table.label(name) not in where:
            note = f"not used: {NOT_USED['receipts'].get(name, 'receipts have no such column')}"
            yield QualityRow("receipts", f"column '{table.label(name)}'", "used", 0, note=note)
