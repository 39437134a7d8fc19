"""The table of fiscal periods: what days the rows of demand stand for, by date or by name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.arrays import DateArray
from simlab.catalog import findings as found
from simlab.catalog.calendar.spreading import Spans
from simlab.catalog.cells.convert import days, refuse_missing
from simlab.catalog.cells.text import TextColumn, TextTable
from simlab.catalog.columns import PERIODS
from simlab.catalog.tables.items import has_columns
from simlab.study import Study, TableSource


@dataclass(frozen=True, eq=False)
class FiscalPeriods:
    """Fiscal periods, ascending, none overlapping another.

    Attributes
    ----------
    name : tuple of str
    first, last : (k,) datetime64[D]
        Both included.
    """

    name: tuple[str, ...]
    first: DateArray
    last: DateArray

    def spans(self, dates: DateArray) -> Spans:
        """The days that rows of these dates stand for; NaT where a date lies in no period."""
        distinct = np.unique(dates)
        at = np.searchsorted(self.first, distinct, side="right") - 1
        inside = (at >= 0) & (distinct <= self.last[np.maximum(at, 0)])
        never = np.datetime64("NaT", "D")
        first = np.where(inside, self.first[np.maximum(at, 0)], never)
        last = np.where(inside, self.last[np.maximum(at, 0)], never)
        return Spans(
            distinct, first, last, "rows of fiscal periods", "each row is what its fiscal period sold"
        )


def read_periods(table: TextTable, study: Study) -> FiscalPeriods | None:
    """Type and check the table of fiscal periods; None if something is wrong with it (see its findings)."""
    if not has_columns(table, PERIODS):
        return None
    source = study.data.periods or TableSource()
    for name in PERIODS:
        refuse_missing(table, name)
    first, first_known = days(table, "start", source)
    last, last_known = days(table, "end", source)
    backward = np.flatnonzero(first_known & last_known & (last < first))
    if backward.size:
        fix = "start and end are the first and last day of a period, both included"
        table.findings.add_rows(
            found.ORDER_OF_DATES, "a period ends before it begins", backward, column="end", fix=fix
        )
    if table.findings:
        return None
    order = np.argsort(first, kind="stable")
    first, last = first[order], last[order]
    names = tuple(table.columns["name"].cell(int(row)) for row in order)
    overlap = np.flatnonzero(first[1:] <= last[:-1])
    if overlap.size:
        a, b = names[overlap[0]], names[overlap[0] + 1]
        rows = np.sort(order[overlap + 1])
        message = (
            f"period {b!r} begins on {first[overlap[0] + 1]}, before the end of {a!r} on {last[overlap[0]]}"
        )
        table.findings.add_rows(
            found.ORDER_OF_DATES, message, rows, column="start", fix="periods may not overlap"
        )
    hole = np.flatnonzero(first[1:] > last[:-1] + 1)
    if hole.size:
        a, b = last[hole[0]] + 1, first[hole[0] + 1] - 1
        message = f"no period holds the days from {a} to {b}: they would count as days without demand"
        rows = np.sort(order[hole + 1])
        fix = "periods follow one another: add the one that is missing, or say its days with a neighbour"
        table.findings.add_rows(found.GAP, message, rows, column="start", fix=fix)
    double = [row for row, name in zip(order, names, strict=True) if names.count(name) > 1]
    if double:
        message = f"period {table.columns['name'].cell(int(min(double)))!r} stands more than once"
        table.findings.add_rows(found.DUPLICATE, message, np.sort(np.array(double)), column="name")
    return None if table.findings else FiscalPeriods(names, first, last)


def with_dates(table: TextTable, fiscal: FiscalPeriods | None) -> None:
    """Give a demand table that names fiscal periods (column `period`) the dates of their last days."""
    if fiscal is None or "date" in table.columns or "period" not in table.columns:
        return
    column = table.columns.pop("period")
    last = dict(zip(fiscal.name, fiscal.last.astype(str).tolist(), strict=True))
    unknown = [code for code, cell in enumerate(column.values) if cell not in last]
    if unknown:
        rows = np.flatnonzero(np.isin(column.codes, unknown))
        message = f"{column.cell(int(rows[0]))!r} is not in the table of periods"
        fix = f"names there: {', '.join(fiscal.name[:3])}, …"
        table.findings.add_rows(found.UNKNOWN_ITEM, message, rows, column=table.label("period"), fix=fix)
    values = tuple(last.get(cell, "2000-01-01") for cell in column.values)
    table.columns["date"] = TextColumn(column.codes, values, typed=True)
    table.labels["date"] = table.label("period")


def refuse_outside(table: TextTable, fiscal: FiscalPeriods, date: DateArray, known: object) -> None:
    """Report rows of demand whose date lies in no fiscal period."""
    rows = np.flatnonzero(np.asarray(known, dtype=np.bool_))
    rows = rows[fiscal.spans(date[rows]).unknown(date[rows])] if rows.size else rows
    if rows.size:
        message = f"{date[rows[0]]} lies in no period of the table of fiscal periods"
        fix = f"it reaches from {fiscal.first[0]} to {fiscal.last[-1]}: add the periods that are missing"
        table.findings.add_rows(found.OUT_OF_RANGE, message, rows, column=table.label("date"), fix=fix)
