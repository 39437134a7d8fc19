"""A workbook of the kind .xlsb, written record by record as its published format says.

No program at hand writes this kind. What is written here are the records that a reader of cells needs: the
list of sheets, the calendar, one date format, rows, and cells that hold texts, numbers, dates, errors or a
formula's error; LibreOffice 7.4 reads the same texts and numbers in it. Blocks of fonts, themes and widths,
which programs add, are not there.

References
----------
Microsoft (2024), [MS-XLSB]: Excel (.xlsb) Binary File Format, sections 2.1.4 (records), 2.4 (their fields).
"""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
from collections.abc import Iterable, Sequence

ERROR, FORMULA_ERROR = object(), object()
"""Cells: an error typed in (#N/A), and a formula that gave one (#DIV/0!)."""

_NOT_AVAILABLE, _DIVISION = 0x2A, 0x07
_PLAIN, _DATE = 0, 1  # places in the list of cell formats
_DAY_FORMAT = 14  # built in: a date

_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>
</Types>"""


def xlsb(
    sheets: dict[str, Sequence[Sequence[object]]],
    *,
    since_1904: bool = False,
    merged: Sequence[tuple[int, int, int, int]] = (),
) -> bytes:
    """The bytes of a workbook: sheets by name, each of rows of cells; None is an empty one.

    `merged`: (row, column, last row, last column) of cells that are one, on every sheet.
    """
    names = list(sheets)
    listed = b"".join(
        _record(156, struct.pack("<II", 0, k + 1) + _text(f"rId{k + 1}") + _text(name))
        for k, name in enumerate(names)
    )
    book = [
        _record(131),
        _record(153, struct.pack("<II", int(since_1904), 0) + _text("")),
        _record(143) + listed + _record(144),
        _record(132),
    ]
    ways = [("worksheet", f"worksheets/sheet{k + 1}.bin") for k in range(len(names))]
    ways.append(("styles", "styles.bin"))
    links = "".join(
        f'<Relationship Id="rId{k + 1}" Type="{_RELATED}/{kind}" Target="{target}"/>'
        for k, (kind, target) in enumerate(ways)
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<Relationships xmlns='
    around = f'{head}"http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>'
    first = f'<Relationship Id="rId1" Type="{_RELATED}/officeDocument" Target="xl/workbook.bin"/>'
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", around % first)
        archive.writestr("xl/_rels/workbook.bin.rels", around % links)
        archive.writestr("xl/workbook.bin", b"".join(book))
        archive.writestr("xl/styles.bin", _styles())
        for k, rows in enumerate(sheets.values()):
            archive.writestr(f"xl/worksheets/sheet{k + 1}.bin", _sheet(rows, since_1904, merged))
    return sink.getvalue()


def _record(kind: int, data: bytes = b"") -> bytes:
    """Kind and size in groups of seven bits, then the fields."""
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, left = b"", len(data)
    while True:
        size += bytes([left & 0x7F | (0x80 if left > 0x7F else 0)])
        left >>= 7
        if not left:
            return head + size + data


def _text(words: str) -> bytes:
    return struct.pack("<I", len(words)) + words.encode("utf-16-le")


def _styles() -> bytes:
    formats = [struct.pack("<HHHHHBBHH", 0xFFFF, number, 0, 0, 0, 0, 0, 0, 0) for number in (0, _DAY_FORMAT)]
    listed = b"".join(_record(47, one) for one in formats)
    return _record(278) + _record(617, struct.pack("<I", len(formats))) + listed + _record(618) + _record(279)


def _sheet(
    rows: Sequence[Sequence[object]], since_1904: bool, merged: Sequence[tuple[int, int, int, int]]
) -> bytes:
    width = max(map(len, rows))
    cells = b"".join(_row(k, row, since_1904) for k, row in enumerate(rows))
    size = struct.pack("<IIII", 0, len(rows) - 1, 0, width - 1)
    ones = [
        _record(176, struct.pack("<IIII", first, last, left, right)) for first, left, last, right in merged
    ]
    joined = _record(177, struct.pack("<I", len(ones))) + b"".join(ones) + _record(178) if ones else b""
    return _record(129) + _record(148, size) + _record(145) + cells + _record(146) + joined + _record(130)


def _row(number: int, row: Iterable[object], since_1904: bool) -> bytes:
    head = _record(0, struct.pack("<IIHBBBI", number, 0, 300, 0, 0, 0, 0))
    return head + b"".join(_cell(k, value, since_1904) for k, value in enumerate(row))


def _cell(column: int, value: object, since_1904: bool) -> bytes:
    style = _DATE if isinstance(value, dt.date) else _PLAIN
    place = struct.pack("<II", column, style)
    if value is None:
        return b""
    if value is ERROR:
        return _record(3, place + bytes([_NOT_AVAILABLE]))
    if value is FORMULA_ERROR:
        return _record(11, place + bytes([_DIVISION]) + struct.pack("<HII", 0, 0, 0))
    if isinstance(value, str):
        return _record(6, place + _text(value))
    start = dt.date(1904, 1, 1) if since_1904 else dt.date(1899, 12, 30)
    number = (value - start).days if isinstance(value, dt.date) else float(str(value))
    return _record(5, place + struct.pack("<d", number))
