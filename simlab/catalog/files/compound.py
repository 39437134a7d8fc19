"""Errors in the cells of a workbook .xls, which readers of cells show as empty.

References
----------
Microsoft (2024), [MS-CFB]: Compound File Binary File Format, 2.2 (header), 2.6 (directory).
Microsoft (2024), [MS-XLS]: Excel Binary File Format, 2.4.24 (BoolErr), 2.4.28
(BoundSheet8), 2.4.127 (Formula).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENTRY, _IN_HEADER, _SMALL = 128, 109, 64
_REGULAR = 0xFFFFFFFA  # numbers of sectors end here, marks follow
_ROOT, _STREAM = 5, 2
_STREAMS = ("workbook", "book")  # since 1997, before
_BEGIN, _END, _FORMULA, _SHEET, _TRUTH_OR_ERROR = 0x0809, 0x000A, 0x0006, 0x0085, 0x0205
_NO_NUMBER, _IS_ERROR = b"\xff\xff", 2


def errors_of(data: bytes, sheet: str) -> Iterator[tuple[int, int, int]]:
    """(row, column, number of the error), 0-based, of a sheet's cells that hold one.

    Raises
    ------
    ValueError, IndexError, struct.error
        The bytes are no such workbook, or damaged.
    """
    book = _workbook(data)
    begins = {name: begin for begin, name in _sheets(book)}
    depth = 0
    for kind, body in _records(book, begins[sheet]):
        depth += (kind == _BEGIN) - (kind == _END)
        if depth == 0:
            return
        if depth > 1:  # a chart within the sheet
            continue
        if kind == _TRUTH_OR_ERROR and body[7]:
            yield (*struct.unpack_from("<HH", body), body[6])
        elif kind == _FORMULA and body[12:14] == _NO_NUMBER and body[6] == _IS_ERROR:
            yield (*struct.unpack_from("<HH", body), body[8])


def _sheets(book: bytes) -> Iterator[tuple[int, str]]:
    """Where each sheet begins, and its name: in letters of two bytes, of one, or of a code page."""
    old = False
    for kind, body in _records(book, 0):
        if kind == _END:
            return
        if kind == _BEGIN:
            old = struct.unpack_from("<H", body)[0] < 0x0600
        elif kind == _SHEET:
            begin, n = struct.unpack_from("<I", body)[0], body[6]
            wide = not old and body[7] & 1
            text = body[7:] if old else body[8:]
            name = (
                text[: 2 * n].decode("utf-16-le") if wide else text[:n].decode("cp1252" if old else "latin-1")
            )
            yield begin, name


def _records(book: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """(kind, body) of every record from a place on."""
    while at + 4 <= len(book):
        kind, size = struct.unpack_from("<HH", book, at)
        yield kind, book[at + 4 : at + 4 + size]
        at += 4 + size


@dataclass(frozen=True)
class _File:
    """Sectors of one size, and for each the one that follows."""

    data: bytes
    size: int
    following: tuple[int, ...]

    def stream(self, first: int) -> bytes:
        """The sectors of a chain."""
        parts, number = [], first
        while number < _REGULAR:
            parts.append(self.data[number * self.size : (number + 1) * self.size])
            if len(parts) > len(self.following):
                raise ValueError("its sectors go round in a circle")
            number = self.following[number]
        return b"".join(parts)


def _workbook(data: bytes) -> bytes:
    """The stream of cells in a compound file; a short one lies within the stream of the root."""
    if not data.startswith(_MAGIC):
        raise ValueError("it is no file of that kind")
    size = 1 << struct.unpack_from("<H", data, 30)[0]
    directory, small_below, small_table = struct.unpack_from("<I4xI", data, 48) + struct.unpack_from(
        "<I", data, 60
    )
    sectors = data[size:]
    tables = b"".join(sectors[number * size : (number + 1) * size] for number in _tables(data, sectors, size))
    file = _File(sectors, size, _numbers(tables))
    root, found = 0, None
    entries = file.stream(directory)
    for at in range(0, len(entries), _ENTRY):
        letters, kind, first, n_bytes = struct.unpack_from("<64xHB49xII", entries, at)
        name = entries[at : at + max(0, letters - 2)].decode("utf-16-le").lower()
        if kind == _ROOT:
            root = first
        elif kind == _STREAM and name in _STREAMS:
            found = found or (first, n_bytes)
    if found is None:
        raise ValueError("it holds no workbook")
    first, n_bytes = found
    if n_bytes < small_below:
        file = _File(file.stream(root), _SMALL, _numbers(file.stream(small_table)))
    return file.stream(first)[:n_bytes]


def _tables(data: bytes, sectors: bytes, size: int) -> Iterator[int]:
    """Numbers of the sectors that say which follows which: some in the header, further ones in a chain."""
    further, n_further = struct.unpack_from("<II", data, 68)
    listed = list(struct.unpack_from(f"<{_IN_HEADER}I", data, 76))
    for _ in range(n_further):
        *more, further = _numbers(sectors[further * size : (further + 1) * size])
        listed += more
    yield from (number for number in listed if number < _REGULAR)


def _numbers(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])
