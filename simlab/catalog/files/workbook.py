"""A sheet of a workbook (.xlsx, .xls, .xlsb, .ods) as text columns, under the same rules as CSV.

Cells are read by calamine, which gives an empty text for an error and for a formula that was never computed.
In .xlsx and .ods both are found in the sheet's own XML and refused with their cell; in .xlsb and .xls errors
are found in its records, and a message about an empty cell says that it may be a formula never computed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.catalog import findings as found
from simlab.catalog.cells.text import TextColumn, TextTable, encoded
from simlab.catalog.files.csvfile import name_columns, outnamed
from simlab.catalog.files.sheet import MOST_CELLS, Sheet, address, look
from simlab.catalog.findings import Findings
from simlab.errors import listed
from simlab.study import TableSource

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_WITH_XML = (".xlsx", ".xlsm", ".ods")
_NAMED = 60
_EXACT = 2**53
_IDS = ("sku", "location", "supplier")
_HEADER_WITHIN = 30
_MOST_UNPACKED, _MOST_RATIO = 4 * 2**30, 1_000
_MAY_HIDE = "in this kind of workbook a formula that was never computed reads as an empty cell"
_Cells = Sequence[Sequence[Any]]


def read_workbook(
    path: Path,
    name: str,
    source: TableSource,
    required: Sequence[str],
    known: Callable[[str], bool] | None = None,
) -> TextTable:
    """Read a sheet as text; what is wrong with it stands in the table's findings.

    Parameters
    ----------
    path : Path
        The workbook.
    name : str
        items, demand, receipts, periods or open_orders.
    source : TableSource
        `sheet` names the sheet; a workbook with one visible sheet needs no name.
    required : sequence of str
        Columns, by our names, that the table must have: the header is the first row that holds them.
    known : callable, optional
        Whether a heading means something; then the header is else the row with most such headings.
    """
    findings = Findings(name, source.path or path.name)
    empty = TextTable(name, {}, {}, 0, findings)
    data = _bytes_of(path, findings)
    wanted = None if data is None else _wanted(path, source, findings)
    seen = Sheet() if wanted is None else look(path, wanted)
    if data is None or wanted is None or _too_large(seen, wanted, findings):
        return empty
    sheet = _sheet(path, wanted, seen, findings)
    if sheet is None:
        return empty
    findings.file = f"{findings.file} [{sheet.name}]"
    if path.suffix.lower() not in _WITH_XML:
        findings.of_empty_cells = _MAY_HIDE
    cells: _Cells = sheet.to_python(skip_empty_area=False)
    top = _header(cells, {source.columns.get(one, one) for one in required}, known)
    if top is None:
        empty_sheet = not any(cell != "" for row in cells for cell in row)
        what = "the sheet is empty" if empty_sheet else f"no header in the first {_HEADER_WITHIN} rows"
        findings.add(found.EMPTY, what, fix="a header and at least one row are needed")
        return empty
    names = [_heading(cell) for cell in cells[top]]
    rows = [k for k in range(top + 1, len(cells)) if any(cell != "" for cell in cells[k])]
    lines = np.array(rows, dtype=np.int64) + 1
    findings.lines = lambda which: lines[which]
    used = [place for place, head in enumerate(names) if head]
    _report_nameless(cells, rows, names, top, findings)
    _report_broken(seen, top, used, names, findings)
    told = sheet.merged_cell_ranges or ()
    merged = seen.merged or [(*corner, *opposite) for corner, opposite in told]
    _report_merged(merged, top, used, names, findings)
    columns = [_column([cells[row][place] for row in rows], names[place], findings) for place in used]
    named = name_columns([names[place] for place in used], columns, source, findings, line=top + 1)
    labels = {ours: theirs for ours, theirs in source.columns.items() if ours != theirs}
    notes = []
    for one in [one for one in _IDS if one in named]:
        place = used[columns.index(named[one])]
        notes += _turned(cells, rows, place, named[one], labels.get(one, one))
    notes += outnamed([names[place] for place in used], source, name)
    notes += _around(cells, rows, names, top)
    digest = hashlib.sha256(data).hexdigest()
    return TextTable(name, named, labels, len(rows), findings, notes=notes, sha256=digest)


def sheets_of(path: Path, *, hidden: bool = False) -> list[str]:
    """Names of the visible sheets of a workbook, else of those that are `hidden`; empty where it cannot be
    opened."""
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    try:
        with CalamineWorkbook.from_path(path) as book:
            return [
                one.name
                for one in book.sheets_metadata
                if (one.visible != SheetVisibleEnum.Visible) == hidden
            ]
    except (CalamineError, OSError):
        return []


def _bytes_of(path: Path, findings: Findings) -> bytes | None:
    """The file, unless it is missing or would unpack to more than a machine holds."""
    if not os.path.isfile(path):
        what = "is not a file" if os.path.exists(path) else "is not there"
        findings.add(
            found.UNREADABLE,
            what,
            fix="paths in a study are relative to its file, those of a command to this folder",
        )
        return None
    try:
        data = path.read_bytes()
    except OSError as error:
        findings.add(found.UNREADABLE, f"cannot be read: {error.strerror or error}")
        return None
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
        if size > _MOST_UNPACKED or size > max(_MOST_RATIO * len(data), 2**24):
            message = f"would unpack from {len(data):,} to {size:,} bytes"
            findings.add(found.UNREADABLE, message, fix="save the sheet as CSV or Parquet")
            return None
    return data


def _wanted(path: Path, source: TableSource, findings: Findings) -> str | None:
    """The name of the sheet that is meant; None where several may be."""
    names = sheets_of(path)
    if source.sheet is None and len(names) > 1:
        message = f"has {len(names)} sheets: {listed(names, 8)}"
        findings.add(
            found.MISSING_COLUMN, message, fix=f'say which: data.{findings.table}.sheet = "{names[0]}"'
        )
        return None
    wanted = source.sheet or (names[0] if names else "")
    if names and wanted not in names:
        hidden = wanted in sheets_of(path, hidden=True)
        fix = (
            "show it (Unhide), so that people see what is read"
            if hidden
            else f"its sheets are {listed(names, 8)}"
        )
        message = f"its sheet '{wanted}' is hidden" if hidden else f"has no sheet '{wanted}'"
        findings.add(found.MISSING_COLUMN, message, fix=fix)
        return None
    return wanted


def _too_large(seen: Sheet, name: str, findings: Findings) -> bool:
    """Whether the sheet reaches further than is laid out; then it is refused."""
    n = seen.rows * seen.columns
    if n <= MOST_CELLS:
        return False
    last = address(seen.rows - 1, seen.columns - 1)
    message = f"sheet '{name}' reaches to {last}: {n:,} cells, at most {MOST_CELLS:,} are read"
    fix = "delete what stands far from the table (Ctrl+End shows it), or save the sheet as CSV or Parquet"
    findings.add(found.UNREADABLE, message, fix=fix)
    return True


def _sheet(path: Path, name: str, seen: Sheet, findings: Findings) -> CalamineSheet | None:
    """The sheet with its cells."""
    from python_calamine import CalamineError, CalamineWorkbook

    said = seen.fault
    try:
        sheet = CalamineWorkbook.from_path(path).get_sheet_by_name(name)
    except (CalamineError, OSError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
    else:
        if not said:
            return sheet
    fix = "open and save it again, or save the sheet as CSV; a password must be taken off first"
    findings.add(found.UNREADABLE, f"cannot be read as a workbook: {said}", fix=fix)
    return None


def _header(cells: _Cells, wanted: set[str], known: Callable[[str], bool] | None) -> int | None:
    """The first row with all wanted names, else most that mean something; titles may stand above."""
    best, most = None, -1
    for row, line in enumerate(cells[:_HEADER_WITHIN]):
        heads = {_heading(cell) for cell in line} - {""}
        if heads and wanted and wanted <= heads:
            return row
        score = sum(map(known, heads)) if known else len(wanted & heads)
        if heads and score > most:
            best, most = row, score
    return best


def _heading(cell: Any) -> str:
    return (_text(cell) or "").strip()


# ---------------------------------------------------------------------------------------------------
# Cells
def _column(cells: list[Any], name: str, findings: Findings) -> TextColumn:
    """Text of a column; typed where every cell is a number or a date."""
    broken = [k for k, cell in enumerate(cells) if isinstance(cell, (dt.timedelta, dt.time))]
    if broken:
        message = f"{cells[broken[0]]} is a time of day, neither text, number nor date"
        findings.add_rows(found.NOT_A_NUMBER, message, np.array(broken), column=name)
    large = [
        k
        for k, cell in enumerate(cells)
        if isinstance(cell, float) and cell.is_integer() and abs(cell) > _EXACT
    ]
    if large:
        message = f"{_text(cells[large[0]])} is a number beyond 2^53: the workbook does not hold its digits"
        fix = "format the column as text in the source, and export again"
        findings.add_rows(found.NOT_AN_ID, message, np.array(large), column=name, fix=fix)
    texts = [_text(cell) for cell in cells]
    filled = [cell for cell in cells if cell != ""]
    typed = bool(filled) and not any(isinstance(cell, str) for cell in filled)
    fractional = any(isinstance(cell, float) and not cell.is_integer() for cell in filled)
    column = encoded(texts)
    return TextColumn(column.codes, column.values, typed, fractional)


def _turned(
    cells: _Cells, rows: list[int], place: int, column: TextColumn, label: str
) -> list[tuple[str, str]]:
    """A remark on ids that the workbook holds as numbers, or of which it made dates or truths."""
    other = [row for row in rows if not isinstance(cells[row][place], str)]
    odd = [row for row in other if isinstance(cells[row][place], (bool, dt.date))]
    n = int((column.codes >= 0).sum())
    if not other:
        return []
    if n > len(other) or odd:
        row, kinds = (odd or other)[0], "numbers, dates or truths" if odd else "numbers"
        where = f"{_text(cells[row][place])} in {address(row, place)}"
        what = f"{len(other):,} of {n:,} are {kinds} in the workbook, such as {where}"
        what += ": a spreadsheet may have made them so, and the ids be lost"
        return [(f"ids of column '{label}'", what)]
    lengths = {len(value) for value in column.values}
    lost = "; they differ in length, so leading zeros may be lost" if len(lengths) > 1 else ""
    return [(f"ids of column '{label}'", f"are numbers in the workbook, read as their digits{lost}")]


def _text(cell: Any) -> str | None:
    """A cell as our grammars write it: numbers without an exponent, whole ones without a point."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, dt.datetime):
        at = cell.isoformat(sep=" ", timespec="seconds")
        return at.removesuffix(" 00:00:00")
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else np.format_float_positional(cell, trim="-")
    return str(cell)


def _report_merged(
    merged: list[tuple[int, int, int, int]],
    top: int,
    used: list[int],
    names: list[str],
    findings: Findings,
) -> None:
    """Merged cells below the header hold one value for several: nobody can tell whose it is."""
    for row, column, last, right in merged:
        touched = [place for place in used if column <= place <= right]
        if last > top and touched and (last > row or len(touched) > 1):
            where = f"{address(row, column)}:{address(last, right)}"
            fix = "unmerge them and fill every cell, or delete a column that nothing needs"
            name = names[touched[0]]
            findings.add(found.RAGGED, f"cells {where} are merged", line=row + 1, column=name, fix=fix)


def _report_broken(seen: Sheet, top: int, used: list[int], names: list[str], findings: Findings) -> None:
    """Errors and formulas without a value: calamine shows both as empty cells. Cells twice: it takes one."""
    for row, column, what in seen.broken:
        if row >= top and column in used:
            fix = "correct the formula, or open and save the workbook in a spreadsheet so that it is computed"
            message = f"cell {address(row, column)} holds {what}"
            findings.add(found.NOT_A_NUMBER, message, line=row + 1, column=names[column], fix=fix)


def _report_nameless(cells: _Cells, rows: list[int], names: list[str], top: int, findings: Findings) -> None:
    """Columns within the table that hold values and have no heading: nobody can tell what they mean."""
    first = next(place for place, head in enumerate(names) if head)
    for place in range(first, _edge(names)):
        filled = [] if names[place] else [row for row in rows if cells[row][place] != ""]
        if filled:
            message = f"a column with values has no name: {address(top, place)} is empty"
            fix = f"name it, or empty the column ({address(filled[0], place)} …)"
            findings.add(found.MISSING_COLUMN, message, line=top + 1, fix=fix)


def _edge(names: list[str]) -> int:
    """The column behind the last one that belongs to the table: the one beside the last heading does."""
    return min(len(names), max(place for place, head in enumerate(names) if head) + 2)


def _around(cells: _Cells, rows: list[int], names: list[str], top: int) -> list[tuple[str, str]]:
    """Remarks on what stands above and beside the table, which is not read."""
    first = next(place for place, head in enumerate(names) if head)
    apart = [*range(first), *range(_edge(names), len(names))]
    above = [(row, place) for row in range(top) for place, cell in enumerate(cells[row]) if cell != ""]
    beside = [(row, place) for place in apart for row in rows if cells[row][place] != ""]
    return [
        (f"cells {where} the table", f"not read: {len(some):,}, such as {address(*some[0])} ({said})")
        for where, some in (("above", above), ("beside", beside))
        if some and (said := (_text(cells[some[0][0]][some[0][1]]) or "").strip()[:_NAMED] or "blanks")
    ]
