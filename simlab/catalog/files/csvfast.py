"""Columns of a well formed CSV by Arrow: at once, or part by part where the file is large."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from simlab.arrays import ByteArray, IntArray
from simlab.catalog.cells.text import CodeArray, GrowingColumn, TextColumn

_QUOTE, _NEWLINE = 0x22, 0x0A
_PART = 1 << 24
"""Bytes read at a time."""
_LONGEST_LINE = 1 << 26
"""Bytes between two line ends: days of a hundred years side by side take less than one million."""


class NoTextError(Exception):
    """Bytes that are no lines of text, so that the rest of them is not read."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


def quotes_are_plain(data: ByteArray, delimiter: int) -> bool:
    """Whether every quoted field opens after a delimiter, closes before one, and stays on its line.

    The parity of the quotes before a byte says whether it is inside a field.
    """
    quotes = np.flatnonzero(data == _QUOTE)
    if quotes.size == 0:
        return True
    if quotes.size % 2:
        return False
    edges = np.array([delimiter, _NEWLINE, _QUOTE], dtype=np.uint8)
    padded = np.concatenate([edges[1:2], data, edges[1:2]])
    before, after = padded[quotes[0::2]], padded[quotes[1::2] + 2]
    if not (np.isin(before, edges).all() and np.isin(after, edges).all()):
        return False
    newlines = np.flatnonzero(data == _NEWLINE)
    return not (np.searchsorted(quotes, newlines) % 2).any()


def fast_columns(
    data: ByteArray, n_columns: int, delimiter: str, *, headed: bool = True
) -> list[TextColumn] | None:
    """Columns by Arrow, without the first line if it is `headed`; None if a row has another number of fields.

    Arrow's threads read a copy in its own memory and call nothing of Python's, so that none of them can
    want the interpreter while the process ends (see `run.tables.decode`).
    """
    import pyarrow as pa
    from pyarrow import csv

    own = pa.allocate_buffer(data.size)
    np.frombuffer(own, dtype=np.uint8)[:] = data
    names = [str(number) for number in range(n_columns)]
    cell = pa.dictionary(pa.int32(), pa.string())
    quoted = bool((data == _QUOTE).any())
    try:
        table = csv.read_csv(
            pa.BufferReader(own),
            read_options=csv.ReadOptions(column_names=names, skip_rows=int(headed)),
            parse_options=csv.ParseOptions(
                delimiter=delimiter,
                quote_char='"' if quoted else False,
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, cell), strings_can_be_null=False, null_values=[]
            ),
        )
    except pa.ArrowInvalid:
        return None
    table = table.unify_dictionaries().combine_chunks()
    return [_from_arrow(column) for column in table.columns]


def _from_arrow(column: object) -> TextColumn:
    import pyarrow as pa

    assert isinstance(column, pa.ChunkedArray)
    if column.num_chunks == 0:
        return TextColumn(np.empty(0, dtype=np.int32), ())
    chunk = column.chunk(0)
    values = chunk.dictionary.to_pylist()
    codes: CodeArray = chunk.indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
    if "" not in values:
        return TextColumn(codes, tuple(values))
    blank = values.index("")
    renumbered = np.arange(len(values), dtype=np.int32)
    renumbered[blank:] -= 1
    renumbered[blank] = -1
    return TextColumn(renumbered[codes], tuple(value for value in values if value))


def line_numbers(data: ByteArray) -> Callable[[IntArray], IntArray]:
    """From rows to lines where every row is one line and blank lines are none."""

    def lines(rows: IntArray) -> IntArray:
        ends = np.flatnonzero(data == _NEWLINE)
        ends = np.append(ends, data.size)
        starts = np.concatenate([[0], ends[:-1] + 1])
        filled = np.flatnonzero(ends > starts)
        return np.asarray(filled[rows + 1] + 1, dtype=np.int64)

    return lines


@dataclass(frozen=True, eq=False)
class Parts:
    """Columns that were read part by part.

    Attributes
    ----------
    columns : list of TextColumn
    lines : callable
        From rows to lines of the file.
    guarded : bool
        Whether an apostrophe stands anywhere, as before a formula.
    """

    columns: list[TextColumn]
    lines: Callable[[IntArray], IntArray]
    guarded: bool

    @property
    def n_rows(self) -> int:
        return self.columns[0].n_rows


def columns_in_parts(pieces: Iterator[bytes], n_columns: int, delimiter: str) -> Parts | None:
    """Columns of UTF-8 text with a header, whose bytes come in pieces, some megabytes at a time.

    Memory holds a part as text, and codes. None where the text has to be read exactly, or is no
    text: whoever reads all of it says where.
    """
    columns = [GrowingColumn() for _ in range(n_columns)]
    places, guarded = _Places(), False
    for text in _texts(pieces):
        part = np.frombuffer(text, np.uint8)
        if not (_is_utf8(text) and quotes_are_plain(part, ord(delimiter))):
            return None
        found = fast_columns(part, n_columns, delimiter, headed=places.n_lines == 0)
        if found is None:
            return None
        for column, more in zip(columns, found, strict=True):
            column.add(more)
        places.add(part, found[0].n_rows)
        guarded = guarded or b"'" in text
    return Parts([column.whole() for column in columns], places.lines, guarded)


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    """What is left of a file, some megabytes at a time."""
    while piece := file.read(_PART):
        yield piece


def lines_alone(pieces: Iterator[bytes], *, nul: bool) -> Iterator[bytes]:
    """The pieces, as long as lines end; `nul`: whether a byte of zero may belong to a text.

    Raises
    ------
    NoTextError
        At the first piece that holds such a byte, or goes on with a line that is too long.
    """
    before = line = 0
    for piece in pieces:
        if not nul and (at := piece.find(0)) >= 0:
            raise NoTextError(f"is not UTF-8 text: byte {before + at + 1:,} is NUL")
        end = max(piece.rfind(b"\n"), piece.rfind(b"\r")) + 1
        line = line + len(piece) if end == 0 else len(piece) - end
        if line > _LONGEST_LINE:
            message = f"a line has more than {_LONGEST_LINE:,} bytes"
            raise NoTextError(message, "a table has a line for every row: write it again with line ends")
        before += len(piece)
        yield piece


def _texts(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Parts that end with a line, their line ends line feeds."""
    left = b""
    for piece in pieces:
        left += piece
        while end := left.find(b"\n", _PART) + 1:
            yield _with_line_feeds(left[:end])
            left = left[end:]
    if left:
        yield _with_line_feeds(left)


def _with_line_feeds(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in text


class _Places:
    """Where the rows of parts stand: lines follow one another but where some are blank."""

    def __init__(self) -> None:
        self.n_lines = self._rows = 0
        self._first_rows: list[int] = []
        self._first_lines: list[int] = []
        self._filled: list[IntArray | None] = []

    def add(self, text: ByteArray, n_rows: int) -> None:
        """A part of so many rows; before the first stands the header."""
        ends = np.flatnonzero(text == _NEWLINE)
        if text[-1] != _NEWLINE:
            ends = np.append(ends, text.size)
        rows = n_rows + (not self._first_rows)
        starts = np.concatenate([[0], ends[:-1] + 1])
        self._filled.append(None if ends.size == rows else np.flatnonzero(ends > starts))
        self._first_rows.append(self._rows)
        self._first_lines.append(self.n_lines)
        self.n_lines += int(ends.size)
        self._rows += rows

    def lines(self, rows: IntArray) -> IntArray:
        """Lines (1-based) of rows."""
        at = np.asarray(rows, np.int64) + 1  # the header is the first
        part = np.searchsorted(self._first_rows, at, side="right") - 1
        out = np.empty(at.size, np.int64)
        for number in np.unique(part).tolist():
            some, filled = part == number, self._filled[number]
            within = at[some] - self._first_rows[number]
            out[some] = self._first_lines[number] + 1 + (within if filled is None else filled[within])
        return out
