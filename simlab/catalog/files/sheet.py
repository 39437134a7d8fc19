"""A sheet before its cells are laid out: how far they reach, which of them a reader of cells would not see.

A reader of cells lays out every row up to the last cell in every column up to the last one: a blank in
XFD1048576 would ask for half a terabyte. Where cells stand is read here first, from the sheet's own XML or
records.

References
----------
ECMA-376-1 (2016), 18.3.1 (rows and cells). Microsoft (2024), [MS-XLSB], 2.1.4 (records), 2.4 (their fields).
OASIS (2021), OpenDocument 1.3, part 3, 9.1 (tables and repeated cells).
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from simlab.catalog.files.compound import errors_of

MOST_CELLS = 2**26
"""Cells that are laid out at most: 1,048,576 rows of 64 columns."""
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_CALC = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
_FAULTS = (
    *(zipfile.BadZipFile, zlib.error, ElementTree.ParseError, OSError, EOFError, struct.error),
    *(KeyError, IndexError, ValueError, NotImplementedError, RuntimeError),
)
# Records of .xlsb: a sheet's name, a row, cells that hold something, errors among them, merged cells.
_SHEET, _ROW, _CELLS, _BROKEN, _MERGED = 156, 0, range(2, 12), (3, 11), 176
_ERRORS = dict(
    zip(
        (0x00, 0x07, 0x0F, 0x17, 0x1D, 0x24, 0x2A),
        ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"),
        strict=True,
    )
)
_NAMED = re.compile(
    r"#[¡¿]?[^\W\d_][\w/ .]*[!?]"  # #REF!, #DIV/0!, #NAME?, #WERT!, #VALEUR!, #¡VALOR!, #ЗНАЧ!
    r"|#(N/[ABDVO]|NV|I/T|Н/Д|Δ/Υ|YOK|HIÁNYZIK|NENÍ_K_DISPOZICI|GETTING_DATA)"  # a value that is not there
    r"|(Err|Erro|Error|Erreur|Fehler|Fout|Fel|Fejl|Feil|Virhe|Chyba|Hiba|Błąd|Ошибка)\.?\s?:\s?5\d\d"
)
"""Errors as spreadsheets write them in their languages."""
_MOST_REPEATED = 1_024  # columns: more than a table has
_TEXT_SIZE = 4


@dataclass
class Sheet:
    """What was seen of a sheet.

    Attributes
    ----------
    rows, columns : int
        Up to the last cell that holds something, counted from A1; 0 where that is not known.
    broken : list of (row, column, what)
        0-based places of errors, of formulas never computed and of cells that stand twice.
    merged : list of (row, column, last row, last column)
        0-based corners of cells that are one, of .ods and .xlsb; calamine tells those of the other kinds.
    fault : str
        Why it could not be looked at; empty if it was.
    """

    rows: int = 0
    columns: int = 0
    broken: list[tuple[int, int, str]] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    fault: str = ""

    def seen(self, row: int, column: int) -> None:
        """A cell that holds something."""
        self.rows, self.columns = max(self.rows, row + 1), max(self.columns, column + 1)


def look(path: Path, name: str) -> Sheet:
    """Look at a sheet of a workbook; of .xls for errors alone: it ends at 65,536 rows and 256 columns."""
    found = Sheet()
    kind = path.suffix.lower()
    try:
        if kind == ".xls":
            for row, column, number in errors_of(path.read_bytes(), name):
                found.broken.append((row, column, f"the error {_ERRORS.get(number, number)}"))
            return found
        with zipfile.ZipFile(path) as archive:
            if kind == ".ods":
                _of_ods(archive, name, found)
            elif kind == ".xlsb":
                _of_xlsb(archive, name, found)
            else:
                _of_xlsx(archive, name, found)
    except _FAULTS as error:
        found.fault = (str(error).splitlines() or [""])[0] or type(error).__name__
    return found


def address(row: int, column: int) -> str:
    """A place, 0-based, as spreadsheets write it: B3."""
    letters, left = "", column + 1
    while left:
        left, letter = divmod(left - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row + 1}"


# ---------------------------------------------------------------------------------------------------
# .xlsx
def _of_xlsx(archive: zipfile.ZipFile, name: str, found: Sheet) -> None:
    part = _part_of(archive, name)
    if part is None:
        return
    own: set[str] = set()
    with archive.open(part) as file:
        for _, node in ElementTree.iterparse(file):
            if node.tag == f"{_MAIN}c":
                _cell(node, own, found)
            elif node.tag == f"{_MAIN}row":
                own.clear()
                node.clear()


def _cell(node: ElementTree.Element, own: set[str], found: Sheet) -> None:
    """Note a cell; `own`: places of its row so far."""
    place, kind = node.get("r"), node.get("t")
    if not place:
        return
    value, formula = node.findtext(f"{_MAIN}v"), node.find(f"{_MAIN}f")
    at = _place(place)
    if value is not None or node.find(f"{_MAIN}is") is not None:
        found.seen(*at)
    if place in own:
        found.broken.append((*at, "two values: it stands twice"))
    own.add(place)
    if kind == "e":
        found.broken.append((*at, f"the error {value}"))
    elif formula is not None and not (value or (value == "" and kind == "str")):
        found.broken.append((*at, "a formula that was never computed"))


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The file of a sheet inside the workbook."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    targets = _links(archive, "xl/_rels/workbook.xml.rels")
    for node in book.iter(f"{_MAIN}sheet"):
        if node.get("name") == sheet:
            return _inside(archive, targets.get(node.get(_LINK) or "", ""))
    return None


def _links(archive: zipfile.ZipFile, name: str) -> dict[str, str]:
    links = ElementTree.fromstring(archive.read(name))
    return {link.get("Id") or "": link.get("Target", "") for link in links}


def _inside(archive: zipfile.ZipFile, target: str) -> str | None:
    target = target.lstrip("/")
    part = target if target.startswith("xl/") else f"xl/{target}"
    return part if part in archive.namelist() else None


def _place(place: str) -> tuple[int, int]:
    """Row and column, 0-based, of an address such as B3."""
    letters = place.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = 26 * column + ord(letter) - ord("A") + 1
    return int(place[len(letters) :]) - 1, column - 1


# ---------------------------------------------------------------------------------------------------
# .xlsb
def _of_xlsb(archive: zipfile.ZipFile, name: str, found: Sheet) -> None:
    part = None
    with archive.open("xl/workbook.bin") as file:
        for kind, body in _records(file):
            if kind == _SHEET:
                link, end = _string(body, 8)
                if _string(body, end)[0] == name:
                    part = _inside(archive, _links(archive, "xl/_rels/workbook.bin.rels").get(link, ""))
    if part is None:
        return
    row = 0
    with archive.open(part) as file:
        for kind, body in _records(file):
            if kind == _ROW:
                row = struct.unpack_from("<I", body)[0]
            elif kind in _CELLS:
                column = struct.unpack_from("<I", body)[0]
                found.seen(row, column)
                if kind in _BROKEN:
                    found.broken.append((row, column, f"the error {_ERRORS.get(body[8], body[8])}"))
            elif kind == _MERGED:
                first, last, left, right = struct.unpack_from("<IIII", body)
                found.merged.append((first, left, last, right))


def _records(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """(kind, body) of every record: a kind of one or two bytes, a size in groups of seven bits."""
    while first := file.read(1):
        kind = first[0]
        if kind & 0x80:
            kind = (kind & 0x7F) | (file.read(1)[0] & 0x7F) << 7
        size = 0
        for group in range(_TEXT_SIZE):
            byte = file.read(1)[0]
            size |= (byte & 0x7F) << 7 * group
            if not byte & 0x80:
                break
        yield kind, file.read(size)


def _string(body: bytes, at: int) -> tuple[str, int]:
    """A text of two bytes a letter, and where it ends."""
    n = struct.unpack_from("<I", body, at)[0]
    end = at + _TEXT_SIZE + 2 * n
    return body[at + _TEXT_SIZE : end].decode("utf-16-le"), end


# ---------------------------------------------------------------------------------------------------
# .ods
def _of_ods(archive: zipfile.ZipFile, name: str, found: Sheet) -> None:
    row, column, inside = 0, 0, False
    filled = -1
    with archive.open("content.xml") as file:
        for event, node in ElementTree.iterparse(file, events=("start", "end")):
            if node.tag == f"{_TABLE}table":
                inside = event == "start" and node.get(f"{_TABLE}name") == name
                row = 0
            elif not inside or event == "start":
                continue
            elif node.tag in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                _note(node, row, column, found)
                column += int(node.get(f"{_TABLE}number-columns-repeated", "1"))
                filled = column - 1 if _holds(node) else filled
            elif node.tag == f"{_TABLE}table-row":
                row += int(node.get(f"{_TABLE}number-rows-repeated", "1"))
                if filled >= 0:
                    found.seen(row - 1, filled)
                column, filled = 0, -1
                node.clear()


def _note(node: ElementTree.Element, row: int, column: int, found: Sheet) -> None:
    """Note a cell that spans others, holds an error, or a formula without a value; comments are no text."""
    down, right = (int(node.get(f"{_TABLE}number-{which}-spanned", "1")) for which in ("rows", "columns"))
    if down > 1 or right > 1:
        found.merged.append((row, column, row + down - 1, column + right - 1))
    text = "".join("".join(line.itertext()) for line in node.findall(f"{_TEXT}p")).strip()
    formula = node.get(f"{_TABLE}formula")
    text = text or (node.get(f"{_OFFICE}string-value") or "").strip()
    named = _NAMED.fullmatch(text) is not None
    what = ""
    if node.get(f"{_CALC}value-type") == "error" or (formula and named):
        what = f"the error {text}".rstrip()
    elif formula and node.get(f"{_OFFICE}value-type") is None:
        what = "a formula that was never computed"
    repeated = min(int(node.get(f"{_TABLE}number-columns-repeated", "1")), _MOST_REPEATED)
    found.broken += [(row, column + k, what) for k in range(repeated) if what]


def _holds(node: ElementTree.Element) -> bool:
    """Whether a cell has a value or a text."""
    return node.get(f"{_OFFICE}value-type") is not None or len(node) > 0
