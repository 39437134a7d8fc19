"""Rows of a long table as the workbook's XML at once, in a fifth of the time that cells take one by one.

xlsxwriter keeps a row until the next one begins and then writes it, to a file of its own where memory is to
stay constant; a text that begins and ends as marked text does it takes for XML. Here columns become text,
rows are joined from them, and go into that file: the same cells. What this takes is inside xlsxwriter; where
a version has it no longer, `can_write` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from simlab.report.book.looks import is_finite, safe_text

_AT_ONCE = 2_000
_WORDS = (str, bool)
_INSIDE = ("fh", "_write_single_row", "_check_dimensions")
_CODE, _SPACE = re.compile("(_x[0-9a-fA-F]{4}_)"), re.compile(r"^\s|\s$")


@dataclass(frozen=True)
class Column:
    """Cells of a column, and how its numbers look.

    Attributes
    ----------
    cells : list
        Numbers, texts, truths; everything else is left empty.
    looks : sequence of xlsxwriter.format.Format
        One for each cell.
    """

    cells: Sequence[Any]
    looks: Sequence[Any]


def can_write(page: Any, look: Any) -> bool:
    """Whether this xlsxwriter has inside what `write_rows` takes."""
    return all(hasattr(page, name) for name in _INSIDE) and hasattr(look, "_get_xf_index")


def write_rows(page: Any, first: int, columns: Sequence[Column], text: Any) -> None:
    """Write rows below what a worksheet has.

    Parameters
    ----------
    page : xlsxwriter.worksheet.Worksheet
        Of a workbook with ``constant_memory``.
    first : int
        The row of the first cells, counted from 0.
    columns : sequence of Column
        Of the same length, from the first column of the sheet on.
    text : xlsxwriter.format.Format
        How texts look.
    """
    n = len(columns[0].cells)
    page._write_single_row(first)  # the row before
    made = [_cells(_letters(place), one, text, first) for place, one in enumerate(columns)]
    rows = zip(range(first + 1, first + n + 1), zip(*made, strict=True), strict=True)
    while some := [_row(number, "".join(cells)) for number, cells in islice(rows, _AT_ONCE)]:
        page.fh.write("".join(some))
    page._check_dimensions(first, 0)
    page._check_dimensions(first + n - 1, len(columns) - 1)


def _cells(letters: str, column: Column, text: Any, first: int) -> Iterator[str]:
    """The XML of a column's cells; empty where a cell has nothing."""
    looks = {id(look): look for look in column.looks}
    numbers = {key: f'" s="{look._get_xf_index()}"><v>' for key, look in looks.items()}
    words = f'" s="{text._get_xf_index()}" t="inlineStr"><is><t'
    inside = cache(_inside)
    for row, (cell, look) in enumerate(zip(column.cells, column.looks, strict=True), start=first + 1):
        if isinstance(cell, _WORDS):
            yield f'<c r="{letters}{row}{words}{inside(cell)}</t></is></c>' if cell != "" else ""
        else:
            yield f'<c r="{letters}{row}{numbers[id(look)]}{cell:.16G}</v></c>' if is_finite(cell) else ""


def _inside(cell: str | bool) -> str:
    """A text as XML, from the end of its element's name on."""
    if isinstance(cell, bool):
        return ">yes" if cell else ">no"
    said = _CODE.sub(r"_x005F\1", safe_text(cell)).replace("\ufffe", "_xFFFE_").replace("\uffff", "_xFFFF_")
    begin = ' xml:space="preserve">' if _SPACE.search(said) else ">"
    return begin + said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _letters(place: int) -> str:
    """The name of a column: A for 0, AA for 26."""
    name, place = "", place + 1
    while place:
        place, digit = divmod(place - 1, 26)
        name = chr(ord("A") + digit) + name
    return name


def _row(number: int, cells: str) -> str:
    return f'<row r="{number}">{cells}</row>' if cells else ""
