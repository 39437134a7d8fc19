"""Cells with signs that nobody sees and terminals obey: refused in keys, written as codes elsewhere."""

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
    among them, say nothing and stay.
    """
    columns: dict[str, TextColumn] = {}
    changed = 0
    for name, column in table.columns.items():
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
