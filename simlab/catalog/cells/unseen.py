"""Cells with signs that nobody sees: refused in keys, else written as codes; a key of blanks is empty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simlab.catalog import findings as found
from simlab.catalog.cells.text import TextColumn, TextTable
from simlab.errors import is_visible, visible

KEYS = ("sku", "location", "supplier")


def made_visible(table: TextTable) -> TextTable:
    """The table with every unseen sign of its names and cells written as a code, such as ``\\x1b``.

    A key that holds one is refused, because two keys would look the same; blanks around a cell, line ends
    among them, say nothing and stay. A key of nothing but blanks is an empty cell.
    """
    columns: dict[str, TextColumn] = {}
    changed = 0
    for name, column in table.columns.items():
        column = _without_blanks(column) if name in KEYS else column
        strange = [k for k, cell in enumerate(column.values) if not is_visible(cell.strip())]
        label = visible(name)
        columns[label] = column
        if strange and name in KEYS:
            _refuse(table, name, column, strange)
        elif strange:
            columns[label] = replace(column, values=_coded(column.values, strange))
            changed += int(np.isin(column.codes, strange).sum())
    if changed:
        table.notes.append(("unseen signs", f"written as codes such as \\x1b: {changed:,} cells"))
    return replace(table, columns=columns)


def _without_blanks(column: TextColumn) -> TextColumn:
    """The column, its cells of nothing but blanks empty."""
    said = np.array([bool(cell.strip()) for cell in column.values], dtype=np.bool_)
    if said.all():
        return column
    number = np.append(np.where(said, np.cumsum(said) - 1, -1), -1).astype(np.int32)  # the last: empty cells
    values = tuple(cell for cell, keeps in zip(column.values, said, strict=True) if keeps)
    return replace(column, codes=number[column.codes], values=values)


def _coded(values: tuple[str, ...], strange: list[int]) -> tuple[str, ...]:
    """Values, those at `strange` with codes."""
    coded = list(values)
    for k in strange:
        coded[k] = visible(values[k].strip())
    return tuple(coded)


def _refuse(table: TextTable, name: str, column: TextColumn, strange: list[int]) -> None:
    rows = np.flatnonzero(np.isin(column.codes, strange))
    message = f"'{visible(column.cell(int(rows[0])))}' holds a sign that is not shown"
    fix = "control signs, line ends and changes of the direction of writing have no place in a key"
    table.findings.add_rows(found.NOT_AN_ID, message, rows, column=table.label(name), fix=fix)
