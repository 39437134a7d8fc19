"""A sheet of a workbook (.xlsx, .xls, .xlsb, .ods) as text columns, under the same rules as CSV.

Cells are read by calamine, which gives an empty text for an error and for a formula that was never computed.
In .xlsx both are found in the sheet's own XML and refused with their cell; elsewhere a message about an empty
cell says that it may be one.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np

from simlab.catalog import findings as found
from simlab.catalog.cells.text import TextColumn, TextTable, encoded
from simlab.catalog.files.csvfile import name_columns, outnamed
from simlab.catalog.findings import Findings
from simlab.errors import listed
from simlab.study import TableSource

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_WITH_XML = (".xlsx", ".xlsm")
_EXACT = 2**53
_IDS = ("sku", "location", "supplier")
_HEADER_WITHIN = 30
_MOST_UNPACKED, _MOST_RATIO = 4 * 2**30, 1_000
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_MAY_HIDE = "in this kind of workbook an error, or a formula never computed, reads as an empty cell"
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
    sheet = None if data is None else _sheet(path, source, findings)
    if data is None or sheet is None:
        return empty
    findings.file = f"{findings.file} [{sheet.name}]"
    if path.suffix.lower() not in _WITH_XML:
        findings.of_empty_cells = _MAY_HIDE
    cells: _Cells = sheet.to_python(skip_empty_area=False)
    top = _header(cells, {source.columns.get(one, one) for one in required}, known)
    if top is None:
        findings.add(found.EMPTY, "the sheet is empty", fix="a header and at least one row are needed")
        return empty
    names = [_heading(cell) for cell in cells[top]]
    rows = [k for k in range(top + 1, len(cells)) if any(cell != "" for cell in cells[k])]
    lines = np.array(rows, dtype=np.int64) + 1
    findings.lines = lambda which: lines[which]
    used = [place for place, head in enumerate(names) if head]
    if path.suffix.lower() in _WITH_XML:
        _report_unreadable(path, sheet.name, top, used, names, findings)
    _report_merged(sheet, top, used, names, findings)
    columns = [_column([cells[row][place] for row in rows], names[place], findings) for place in used]
    named = name_columns([names[place] for place in used], columns, source, findings, line=top + 1)
    labels = {ours: theirs for ours, theirs in source.columns.items() if ours != theirs}
    notes = [_numbered(named[one], labels.get(one, one)) for one in _IDS if one in named and named[one].typed]
    notes += outnamed([names[place] for place in used], source, name)
    digest = hashlib.sha256(data).hexdigest()
    return TextTable(name, named, labels, len(rows), findings, notes=notes, sha256=digest)


def sheets_of(path: Path) -> list[str]:
    """Names of the visible sheets of a workbook; empty where it cannot be opened."""
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    try:
        with CalamineWorkbook.from_path(path) as book:
            return [one.name for one in book.sheets_metadata if one.visible == SheetVisibleEnum.Visible]
    except (CalamineError, OSError):
        return []


def _bytes_of(path: Path, findings: Findings) -> bytes | None:
    """The file, unless it is missing or would unpack to more than a machine holds."""
    if not path.is_file():
        what = "is not there" if not path.exists() else "is not a file"
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


def _sheet(path: Path, source: TableSource, findings: Findings) -> CalamineSheet | None:
    from python_calamine import CalamineError, CalamineWorkbook

    names = sheets_of(path)
    if source.sheet is None and len(names) > 1:
        message = f"has {len(names)} sheets: {listed(names, 8)}"
        findings.add(
            found.MISSING_COLUMN, message, fix=f'say which: data.{findings.table}.sheet = "{names[0]}"'
        )
        return None
    wanted = source.sheet or (names[0] if names else "")
    try:
        return CalamineWorkbook.from_path(path).get_sheet_by_name(wanted)
    except (CalamineError, OSError) as error:
        if names and wanted not in names:
            message = f"has no sheet '{wanted}'"
            findings.add(found.MISSING_COLUMN, message, fix=f"its sheets are {listed(names, 8)}")
        else:
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
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


def _numbered(column: TextColumn, label: str) -> tuple[str, str]:
    """A remark on ids that the workbook holds as numbers."""
    lengths = {len(value) for value in column.values}
    lost = "; they differ in length, so leading zeros may be lost" if len(lengths) > 1 else ""
    return f"ids of column '{label}'", f"are numbers in the workbook, read as their digits{lost}"


def _text(cell: Any) -> str | None:
    """A cell as our grammars write it: numbers without an exponent, whole ones without a point."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, dt.datetime):
        at = cell.isoformat(sep=" ", timespec="seconds")
        return at.removesuffix(" 00:00:00")
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else np.format_float_positional(cell, trim="-")
    return str(cell)


def _report_merged(
    sheet: CalamineSheet, top: int, used: list[int], names: list[str], findings: Findings
) -> None:
    """Merged cells below the header hold one value for several rows: nobody can tell whose it is."""
    for (row, column), (last, right) in sheet.merged_cell_ranges or ():
        touched = [place for place in used if column <= place <= right]
        if last > top and touched and last > row:
            where = f"{_address(row, column)}:{_address(last, right)}"
            fix = "unmerge them and fill every row"
            name = names[touched[0]]
            findings.add(found.RAGGED, f"cells {where} are merged", line=row + 1, column=name, fix=fix)


def _report_unreadable(
    path: Path, sheet: str, top: int, used: list[int], names: list[str], findings: Findings
) -> None:
    """Errors and formulas without a value: calamine shows both as empty cells."""
    for row, column, what in _unreadable(path, sheet):
        if row > top and column in used:
            fix = "correct the formula, or open and save the workbook in a spreadsheet so that it is computed"
            message = f"cell {_address(row, column)} holds {what}"
            findings.add(found.NOT_A_NUMBER, message, line=row + 1, column=names[column], fix=fix)


def _unreadable(path: Path, sheet: str) -> Iterator[tuple[int, int, str]]:
    """(row, column, what) of such cells, 0-based, straight from the sheet's XML."""
    with zipfile.ZipFile(path) as archive:
        part = _part_of(archive, sheet)
        if part is None:
            return
        with archive.open(part) as file:
            for _, node in ElementTree.iterparse(file):
                if node.tag == f"{_MAIN}c":
                    value, formula = node.findtext(f"{_MAIN}v"), node.find(f"{_MAIN}f")
                    place, kind = node.get("r"), node.get("t")
                    if place and kind == "e":
                        yield (*_place(place), f"the error {value}")
                    elif place and formula is not None and not (value or (value == "" and kind == "str")):
                        yield (*_place(place), "a formula that was never computed")
                elif node.tag == f"{_MAIN}row":
                    node.clear()


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The file of a sheet inside the workbook."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for node in book.iter(f"{_MAIN}sheet"):
        if node.get("name") == sheet:
            target = targets.get(node.get(_LINK), "").lstrip("/")
            part = target if target.startswith("xl/") else f"xl/{target}"
            return part if part in archive.namelist() else None
    return None


def _place(address: str) -> tuple[int, int]:
    """Row and column, 0-based, of an address such as B3."""
    letters = address.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = 26 * column + ord(letter) - ord("A") + 1
    return int(address[len(letters) :]) - 1, column - 1


def _address(row: int, column: int) -> str:
    letters, left = "", column + 1
    while left:
        left, letter = divmod(left - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row + 1}"
