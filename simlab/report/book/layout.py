"""Where texts, charts and tables of a sheet stand: rows counted from 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simlab.report.book.sheet import Block, Sheet

HEAD = 3
"""Rows of the title, the run and what the sheet is."""
CHART_ROWS = 19
_BELOW = 2


@dataclass(frozen=True)
class Placed:
    """A table in its place.

    Attributes
    ----------
    sheet : str
    block : Block
    title, header, first, last : int
        Rows: title, headings, first and last row of cells.
    """

    sheet: str
    block: Block
    title: int
    header: int
    first: int
    last: int

    def column(self, name: str) -> int:
        """Place of a column."""
        return [str(one) for one in self.block.frame.columns].index(name)


def placed(sheet: Sheet) -> list[Placed]:
    """The tables of a sheet, one below the other."""
    found, row = [], HEAD + len(sheet.texts) + bool(sheet.texts)
    for number, block in enumerate(sheet.blocks):
        row += CHART_ROWS if sheet.charts and number == sheet.above else 0
        header = row + 1 + bool(block.note)
        last = header + len(block.frame)
        found.append(Placed(sheet.name, block, row, header, header + 1, last))
        row = last + 1 + _BELOW
    return found


def charts_row(sheet: Sheet, tables: Sequence[Placed]) -> int:
    """The first row of the charts."""
    if not sheet.above:
        return HEAD + len(sheet.texts) + bool(sheet.texts)
    return tables[sheet.above - 1].last + _BELOW
