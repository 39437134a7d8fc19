"""A CSV file as text columns: fast where the file is well formed, exact where it is not."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from simlab.catalog import findings as found
from simlab.catalog.cells.text import TextColumn, TextTable, encoded
from simlab.catalog.columns import near
from simlab.catalog.files.csvexact import Records, read_exactly
from simlab.catalog.files.csvfast import (
    NoTextError,
    columns_in_parts,
    fast_columns,
    line_numbers,
    lines_alone,
    pieces_of,
    quotes_are_plain,
)
from simlab.catalog.files.packed import GZIP, PackedError, unpacked
from simlab.catalog.findings import Findings
from simlab.reading import bytes_of, refuse_other_than_files, unguarded
from simlab.study import TableSource

Encoding = Literal["utf-8", "cp1252", "utf-16"]
DELIMITERS = (",", ";", "\t")
_BOM = b"\xef\xbb\xbf"
_LARGE, _HEAD = 1 << 25, 1 << 20  # bytes from which a file is read in parts, and in which its header stands
_ZIP = b"PK\x03\x04"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


@dataclass(frozen=True)
class Header:
    """The first row, with the delimiter that it was split by."""

    names: list[str]
    delimiter: str
    line: int


def read_csv(path: Path, name: str, source: TableSource, required: Sequence[str]) -> TextTable:
    """Read a CSV file as text; what is wrong with it stands in the table's findings.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        items, demand or receipts.
    source : TableSource
        How the study describes the file.
    required : sequence of str
        Columns, by our names, that the table must have.
    """
    findings = Findings(name, source.path or path.name)
    table = TextTable(name, {}, {}, 0, findings)
    if (whole := _streamed(path, table, source, required)) is not None:
        return whole
    data = _bytes_of(path, findings)
    table = replace(table, sha256=hashlib.sha256(data or b"").hexdigest())
    inside = None if data is None else _unpacked(data, findings)
    if inside is not None and inside is not data:
        whole = _large(io.BytesIO(inside), len(inside), table, source, required)
        if whole is not None:
            return replace(whole, sha256=table.sha256)
    text = None if inside is None else _decoded(inside, table, source.encoding)
    if text is None:
        return table
    header = _header(text, source, required, findings)
    if header is None:
        return table
    columns, n_rows = _columns(text, header, findings)
    columns = [_unguarded(column) for column in columns] if "'" in text else columns
    return _named(table, header, columns, n_rows, source)


def _streamed(path: Path, table: TextTable, source: TableSource, required: Sequence[str]) -> TextTable | None:
    """A large file, never whole in memory; None where it cannot be read so, or not at all."""
    with suppress(OSError):
        refuse_other_than_files(path)
        with path.open("rb") as file:
            return _large(file, path.stat().st_size, table, source, required)
    return None


def _large(
    file: BinaryIO, size: int, table: TextTable, source: TableSource, required: Sequence[str]
) -> TextTable | None:
    """A large file part by part, refused where it is no text; None: small, or to be looked at closely."""
    if size < _LARGE:
        return None
    begin = file.read(len(_ZIP))
    file.seek(0)
    try:
        whole = None if source.encoding != "utf-8" else _in_parts(file, table, source, required)
        if whole is None and not begin.startswith((_ZIP, GZIP)):
            file.seek(0)
            for _ in lines_alone(pieces_of(file), nul=source.encoding != "utf-8"):
                pass
    except NoTextError as error:
        fix = error.fix or _encoding_fix(table.name, begin[:2])
        table.findings.add(found.UNREADABLE if error.fix else found.ENCODING, str(error), fix=fix)
        return table
    return whole


def _in_parts(
    file: BinaryIO, table: TextTable, source: TableSource, required: Sequence[str]
) -> TextTable | None:
    """A large file of UTF-8 text, part by part; None where something in it needs a closer look."""
    data = file.read(_HEAD)
    if data.startswith((_ZIP, GZIP, *_WIDE_BOMS)):
        return None
    begin = len(_BOM) if data.startswith(_BOM) else 0
    try:
        head = data[begin : data.rfind(b"\n") + 1].decode()
    except UnicodeDecodeError:
        return None
    head = head.replace("\r\n", "\n").replace("\r", "\n")
    unsaid = Findings(table.name, table.findings.file)
    header = None if head.startswith("\n") else _header(head, source, required, unsaid)
    if not head or header is None:
        return None
    digest = hashlib.sha256(data)
    pieces = lines_alone(chain([data], _hashed(file, digest)), nul=False)
    text = chain([next(pieces)[begin:]], pieces)
    parts = columns_in_parts(text, len(header.names), header.delimiter)
    if parts is None:
        return None
    if begin:
        table.notes.append(("byte order mark", "skipped"))
    table.findings.lines = parts.lines
    columns = [_unguarded(column) for column in parts.columns] if parts.guarded else parts.columns
    table = replace(table, sha256=digest.hexdigest())
    return _named(table, header, columns, parts.n_rows, source)


def _hashed(file: BinaryIO, digest: hashlib._Hash) -> Iterator[bytes]:
    """What is left of a file, which is what its digest is of, whoever writes to it meanwhile."""
    for piece in pieces_of(file):
        digest.update(piece)
        yield piece


def _unguarded(column: TextColumn) -> TextColumn:
    """A column without the apostrophes that CSV for spreadsheets puts before formulas (`run.spreadsheet`)."""
    values = tuple(map(unguarded, column.values))
    if values == column.values:
        return column
    distinct = list(dict.fromkeys(values))
    number = {value: place for place, value in enumerate(distinct)}
    renumbered = np.array([*(number[value] for value in values), -1], dtype=np.int32)
    return replace(column, codes=renumbered[column.codes], values=tuple(distinct))


def _bytes_of(path: Path, findings: Findings) -> bytes | None:
    try:
        data = bytes_of(path)
    except FileNotFoundError:
        findings.add(
            found.UNREADABLE,
            "is not there",
            fix="paths in a study are relative to its file, those of a command to this folder",
        )
        return None
    except OSError as error:
        findings.add(found.UNREADABLE, f"cannot be read: {error.strerror or error}")
        return None
    inside = data.removeprefix(_BOM)
    if not inside or inside.isspace():
        findings.add(found.EMPTY, "is empty", fix="a header and at least one row are needed")
        return None
    return data


def _unpacked(data: bytes, findings: Findings) -> bytes | None:
    try:
        return unpacked(data)
    except PackedError as error:
        findings.add(found.UNREADABLE, str(error), fix=error.fix)
        return None


def _decoded(data: bytes, table: TextTable, encoding: str) -> str | None:
    """The text, with line feeds as line ends and without a byte order mark."""
    if data.startswith(_ZIP):
        table.findings.add(
            found.ENCODING, "is a zip file, not CSV", fix="unpack it; .csv.gz is read as it is"
        )
        return None
    if encoding == "utf-8" and (data.startswith(_WIDE_BOMS) or b"\0" in data):
        message = (
            f"is not UTF-8 text: byte {data.find(0) + 1:,} is NUL" if b"\0" in data else "is not UTF-8 text"
        )
        table.findings.add(found.ENCODING, message, fix=_encoding_fix(table.name, data))
        return None
    if data.startswith(_BOM):
        data = data.removeprefix(_BOM)
        table.notes.append(("byte order mark", "skipped"))
    if b"\r" in data and encoding != "utf-16":
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{data[error.start]:02x} is not {encoding.upper()} text"
        table.findings.add(found.ENCODING, message, line=line, fix=_encoding_fix(table.name, data, encoding))
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n") if encoding == "utf-16" else text


def encoding_of(data: bytes) -> Encoding:
    """How the text of a file is likely written; utf-8 where nothing else fits."""
    if data.startswith(_WIDE_BOMS):
        return "utf-16"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252" if b"\0" not in data else "utf-8"
    return "utf-8"


def _encoding_fix(name: str, data: bytes, said: str = "utf-8") -> str:
    encoding = encoding_of(data)
    if encoding in ("utf-8", said):
        return "save the file as CSV UTF-8"
    return f'save the file as CSV UTF-8, or say [data.{name}] encoding = "{encoding}"'


def _header(text: str, source: TableSource, required: Sequence[str], findings: Findings) -> Header | None:
    """The header under the declared delimiter, or the first that yields the required columns."""
    wanted = {source.columns.get(name, name) for name in required}
    delimiters = DELIMITERS if source.delimiter == "auto" else (source.delimiter,)
    headers = []
    for delimiter in delimiters:
        records = read_exactly(_head_of(text), delimiter, most=1)
        names = [cell.strip() for cell in records.rows[0]] if records.rows else []
        headers.append(Header(names, delimiter, records.lines[0] if records.rows else 1))
    best = max(headers, key=lambda header: (len(wanted & set(header.names)), len(header.names)))
    complete = [header for header in headers if wanted <= set(header.names)]
    header = complete[0] if complete else best
    if not header.names:
        findings.add(found.QUOTE, "the header opens a quote that is never closed", line=1)
        return None
    return header


def _head_of(text: str) -> str:
    """Enough of the text to hold its first row."""
    start = len(text) - len(text.lstrip("\n"))
    end = start
    for _ in range(5):
        end = text.find("\n", end + 1)
        if end < 0:
            return text
    return text[:end]


def _columns(text: str, header: Header, findings: Findings) -> tuple[list[TextColumn], int]:
    data = np.frombuffer(text.encode("utf-8"), dtype=np.uint8)
    if text.startswith("\n") or not quotes_are_plain(data, ord(header.delimiter)):
        return _exact_columns(text, header, findings)
    fast = fast_columns(data, len(header.names), header.delimiter)
    if fast is None:
        return _exact_columns(text, header, findings)
    findings.lines = line_numbers(data)
    return fast, fast[0].n_rows


def _exact_columns(text: str, header: Header, findings: Findings) -> tuple[list[TextColumn], int]:
    records = read_exactly(text, header.delimiter)
    _report_faults(records, header, findings)
    width = len(header.names)
    whole = [k for k in range(1, len(records.rows)) if len(records.rows[k]) == width]
    lines = np.array([records.lines[k] for k in whole], dtype=np.int64)
    findings.lines = lambda rows: lines[rows]
    columns = [encoded([records.rows[k][field] for k in whole]) for field in range(width)]
    return columns, len(whole)


def _report_faults(records: Records, header: Header, findings: Findings) -> None:
    if records.open_quotes:
        fix = 'close the quote, or double it ("") if it belongs to the text'
        message = "a quote opens here and is not closed"
        findings.add_lines(found.QUOTE, message, records.open_quotes, fix=fix)
    if records.after_quotes:
        fix = 'double a quote ("") that belongs to the text'
        message = "text follows a closing quote"
        findings.add_lines(found.QUOTE, message, records.after_quotes, fix=fix)
    width = len(header.names)
    ragged = [k for k in range(1, len(records.rows)) if len(records.rows[k]) != width]
    if ragged:
        first = records.rows[ragged[0]]
        n = len(first)
        shown = header.delimiter.join(first)[:80]
        message = f"{n} field{'s' if n != 1 else ''} where the header has {width}: {shown!r}"
        fix = "add the missing field or quote the one that holds a delimiter"
        findings.add_lines(found.RAGGED, message, [records.lines[k] for k in ragged], fix=fix)


def _named(
    table: TextTable, header: Header, columns: list[TextColumn], n_rows: int, source: TableSource
) -> TextTable:
    if header.delimiter != "," and source.delimiter == "auto":
        table.notes.append(("delimiter", f"fields are divided by {_NAMES[header.delimiter]}s"))
    named = name_columns(header.names, columns, source, table.findings, line=header.line)
    labels = {ours: theirs for ours, theirs in source.columns.items() if ours != theirs}
    return TextTable(
        table.name,
        named,
        labels,
        n_rows,
        table.findings,
        header.delimiter,
        [*table.notes, *outnamed(header.names, source, table.name)],
        table.sha256,
    )


def outnamed(names: Sequence[str], source: TableSource, table: str) -> list[tuple[str, str]]:
    """Remarks on columns whose own name the study gives to another column of the file: they are not read."""
    theirs = set(source.columns.values())
    return [
        (f"column '{name}'", f"not used: data.{table}.columns takes {name} from '{source.columns[name]}'")
        for name in names
        if name in source.columns and name not in theirs
    ]


def name_columns(
    names: Sequence[str],
    columns: Sequence[TextColumn],
    source: TableSource,
    findings: Findings,
    *,
    line: int | None = None,
) -> dict[str, TextColumn]:
    """Columns by our names; doubled and nameless ones are reported, mapped ones must be there."""
    ours = {theirs: mine for mine, theirs in source.columns.items()}
    named: dict[str, TextColumn] = {}
    double = []
    for name, column in zip(names, columns, strict=True):
        if name in source.columns and name not in ours:
            continue  # another column of the file takes this name: `outnamed` says so
        if not name and not column.missing().all():
            findings.add(found.MISSING_COLUMN, "a column with values has no name", line=line)
        elif name and ours.get(name, name) in named:
            double.append(name)
        elif name:
            named[ours.get(name, name)] = column
    for name in dict.fromkeys(double):
        fix = "keep one of them" if name not in ours.values() else "two columns of the file get this name"
        findings.add(found.DOUBLE_COLUMN, "stands more than once in the header", column=name, fix=fix)
    for theirs in dict.fromkeys(source.columns.values()):
        takers = [mine for mine, its in source.columns.items() if its == theirs]
        if len(takers) > 1:
            message = f"data.{findings.table}.columns gives it to {' and '.join(takers)}"
            fix = "a column holds one thing: name another for one of them, or leave it out"
            findings.add(found.DOUBLE_COLUMN, message, column=theirs, fix=fix)
    for mine, theirs in source.columns.items():
        if theirs not in names:
            option = f"data.{findings.table}.columns.{mine}"
            message = f"{option} names the column '{theirs}', which is not found"
            findings.add(found.MISSING_COLUMN, message, column=theirs, fix=near(theirs, names))
    return named
