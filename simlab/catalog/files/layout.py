"""Tables as spreadsheets have them: a column per period, no column for the only place there is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simlab.arrays import IntArray
from simlab.catalog import findings as found
from simlab.catalog.cells.dates import CANDIDATES, DateFormat
from simlab.catalog.cells.text import CodeArray, TextColumn, TextTable
from simlab.catalog.columns import DEMAND, DEMAND_FURTHER, required

_OF_PERIODS = ("date", "quantity")
_EXAMPLE = "2025-01-06"
_DIGIT, _NUMBER = re.compile("[0-9]"), re.compile(r"[-+0-9.,' \u00a0\u202f]*[0-9][-+0-9.,' \u00a0\u202f]*")


def columns_needed(table: str, *, one_place: bool = False, wide: bool = False) -> tuple[str, ...]:
    """Columns that a file of this table must have, given how it is laid out."""
    spared = (*(("location",) if one_place else ()), *(_OF_PERIODS if wide else ()))
    return tuple(name for name in required(table) if name not in spared)


def at_one_place(table: TextTable, place: str | None) -> TextTable:
    """The table with a column `location` of one word, where it has none; as it is where `place` is None."""
    if place is None or "location" in table.columns:
        return table
    everywhere = TextColumn(np.zeros(table.n_rows, dtype=np.int32), (place,))
    return replace(table, columns={**table.columns, "location": everywhere})


def dated_columns(names: Sequence[str], declared: str | None) -> list[str]:
    """Names that are dates: in the declared format, else in any that simlab finds out by itself."""
    forms = ("iso", *CANDIDATES) if declared is None else (declared,)
    readers = [DateFormat(form).reader() for form in forms]
    return [name for name in names if any(read(name) is not None for read in readers)]


def in_rows(table: TextTable, declared: str | None) -> TextTable:
    """One row per SKU-location and date, from a column per period.

    An empty cell is no row. Messages name the line of the file and the column of the period.

    Parameters
    ----------
    table : TextTable
        Of demand, a column named by the first day of each period.
    declared : str or None
        `date_format` of the study if it says one.
    """
    clash = next((name for name in _OF_PERIODS if name in table.columns), None)
    if clash is not None:
        fix = 'say layout = "long" under [data.demand], or leave the column out'
        message = f'layout = "wide" is said, and there is a column {clash!r}'
        table.findings.add(found.MISSING_COLUMN, message, column=table.label(clash), fix=fix)
        return table
    periods = dated_columns(list(table.columns), declared)
    if not periods:
        form = "" if declared is None else f" in date_format = {declared!r}"
        message = f'layout = "wide" is said, and no column is named by a date{form}'
        fix = f"name each column of quantities by the first day of its period, such as {_EXAMPLE}"
        table.findings.add(found.MISSING_COLUMN, message, column="date", fix=fix)
        return table
    _refuse_undated(table, periods)
    codes, values = _stacked([table.columns[name] for name in periods])
    row, period = np.nonzero(codes >= 0)
    columns = {
        name: replace(column, codes=column.codes[row])
        for name, column in table.columns.items()
        if name not in periods
    }
    columns["date"] = TextColumn(period.astype(np.int32), tuple(periods))
    cells = [table.columns[name] for name in periods]
    columns["quantity"] = TextColumn(
        codes[row, period],
        values,
        typed=all(column.typed for column in cells),
        fractional=any(column.fractional for column in cells),
    )
    empty = codes.size - row.size
    span = f"{periods[0]} to {periods[-1]}" if len(periods) > 1 else periods[0]
    note = f"{len(periods)} columns named {span}; cells that are empty: {empty:,}, they are no rows"
    table.notes.append(("a column per period", note))
    return replace(
        table, columns=columns, n_rows=int(row.size), findings=_placed(table, row, period, periods)
    )


def _refuse_undated(table: TextTable, periods: Sequence[str]) -> None:
    """Columns of numbers that were meant as periods: left out, each would be a period without any demand.

    They stand between periods, or are called something with a digit; totals behind the last period are not.
    """
    order = list(table.columns)
    first, last = order.index(periods[0]), order.index(periods[-1])
    known = {*DEMAND, *DEMAND_FURTHER}
    for place, name in enumerate(order):
        between = first < place < last and table.label(name) == name
        if name in periods or (name in known and not between):
            continue
        if (between or _DIGIT.search(name)) and _mostly_numbers(table.columns[name].values):
            message = f"holds numbers as the periods do, and {name!r} is not a date like {periods[0]!r}"
            fix = "name it by the first day of its period as the others are, or leave it out of the file"
            table.findings.add(found.NOT_A_DATE, message, column=name, fix=fix)


def _mostly_numbers(cells: Sequence[str]) -> bool:
    return 2 * sum(_NUMBER.fullmatch(cell) is not None for cell in cells) > len(cells)


def _stacked(columns: Sequence[TextColumn]) -> tuple[CodeArray, tuple[str, ...]]:
    """(rows, periods) codes of cells under one list of distinct values."""
    number: dict[str, int] = {}
    codes = np.empty((columns[0].n_rows, len(columns)), dtype=np.int32)
    for k, column in enumerate(columns):
        common = [number.setdefault(cell, len(number)) for cell in column.values]
        codes[:, k] = np.array([*common, -1], dtype=np.int32)[column.codes]
    return codes, tuple(number)


def _placed(table: TextTable, row: IntArray, period: IntArray, periods: Sequence[str]) -> found.Findings:
    """Findings that name the line of the file for a row, and the column of its period."""
    lines = table.findings.lines

    def column_at(at: int, column: str) -> str:
        return periods[int(period[at])] if column in _OF_PERIODS else column

    findings = found.Findings(table.name, table.findings.file, lambda at: lines(row[at]), column_at)
    findings.problems = table.findings.problems
    findings.parts = table.findings.parts
    findings.of_empty_cells = table.findings.of_empty_cells
    return findings
