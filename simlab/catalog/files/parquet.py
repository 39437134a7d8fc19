"""Parquet, one file or a folder of partitions, row group by row group: memory holds codes, not cells."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.catalog import findings as found
from simlab.catalog.cells.text import GrowingColumn, TextColumn, TextTable
from simlab.catalog.files.csvfile import name_columns, outnamed
from simlab.catalog.files.typed import labels_of, text_column
from simlab.catalog.findings import Findings
from simlab.reading import bytes_of
from simlab.study import TableSource

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIX = ".parquet"
_CELL = 8  # bytes of an unpacked cell, at least
_LARGE, _RATIO = 1 << 30, 100  # refused are tables above a gigabyte that were packed to under a hundredth
_LESS = "leave out rows and columns that say nothing, or name it as CSV"
_AGAIN = "write the file again: a part of it is damaged"


def is_parquet(path: Path) -> bool:
    """Whether a path is read as Parquet: by its name, or because it is a folder that holds some."""
    return path.suffix.lower() == SUFFIX or (os.path.isdir(path) and any(path.rglob(f"*{SUFFIX}")))


def read_parquet(path: Path, name: str, source: TableSource) -> TextTable:
    """Read a Parquet file, or all of a folder in the order of their names, as text.

    What is wrong with it stands in the table's findings, with the file, row group and rows.

    Parameters
    ----------
    path : Path
        The file, or a folder of partitions: files with the same columns, wherever below it they lie.
    name : str
        items, demand or receipts.
    source : TableSource
        How the study describes it.
    """
    findings = Findings(name, source.path or path.name, lambda rows: rows + 1)
    table = _Growing()
    digest = hashlib.sha256()
    files = _partitions(path)
    for file in files:
        shown = findings.file if files == [path] else f"{findings.file.rstrip('/')}/{_within(path, file)}"
        data = _bytes(file, shown, findings)
        if data is None or not table.add(data, shown, findings):
            return TextTable(name, {}, {}, 0, findings)
        if files != [path]:
            findings.parts.append((table.n_rows_before_last, shown))
            digest.update(f"{_within(path, file)}\0".encode())
        digest.update(data)
    columns = table.columns(findings)
    named = name_columns(table.names, columns, source, findings)
    notes = outnamed(table.names, source, name)
    labels, sha256 = labels_of(source), digest.hexdigest()
    return TextTable(name, named, labels, table.n_rows, findings, notes=notes, sha256=sha256)


def sha256_of(path: Path) -> str:
    """The digest that `read_parquet` gives a file or a folder of partitions."""
    digest, files = hashlib.sha256(), _partitions(path)
    for file in files:
        if files != [path]:
            digest.update(f"{_within(path, file)}\0".encode())
        digest.update(bytes_of(file))
    return digest.hexdigest()


def _partitions(path: Path) -> list[Path]:
    """The files of a table, in the order of their names within the folder."""
    if not os.path.isdir(path):
        return [path]
    inside = sorted(path.rglob(f"*{SUFFIX}"), key=lambda file: file.relative_to(path).as_posix())
    return [file for file in inside if not file.is_dir()] or [path]


def _within(path: Path, file: Path) -> str:
    return file.relative_to(path).as_posix()


def _bytes(file: Path, shown: str, findings: Findings) -> bytes | None:
    try:
        return bytes_of(file)
    except FileNotFoundError:
        findings.add(
            found.UNREADABLE,
            "is not there",
            fix="paths in a study are relative to its file, those of a command to this folder",
            file=shown,
        )
    except OSError as error:
        findings.add(found.UNREADABLE, f"cannot be read: {error.strerror or error}", file=shown)
    return None


class _Growing:
    """Columns of all row groups so far."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.n_rows = self.n_rows_before_last = 0
        self._types: list[str] = []
        self._columns: list[GrowingColumn] = []
        self._first = ""

    def columns(self, findings: Findings) -> list[TextColumn]:
        """All columns."""
        return [column.whole() for column in self._columns]

    def add(self, data: bytes, shown: str, findings: Findings) -> bool:
        """Take a file; False, with findings, where it is damaged, far too large or of another schema."""
        self.n_rows_before_last = self.n_rows
        try:
            for group in self._groups(data, shown, findings):
                for column, values, label in zip(self._columns, group.columns, self.names, strict=True):
                    column.add(text_column(values, label, findings))
                self.n_rows += group.num_rows
        except MemoryError:
            findings.add(found.UNREADABLE, "does not fit into memory", fix=_LESS, file=shown)
        except _RefusedError:
            return False
        return not findings

    def _groups(self, data: bytes, shown: str, findings: Findings) -> Iterator[pa.Table]:
        """The row groups of a file, texts as dictionaries: a long one in many rows is unpacked once."""
        import pyarrow as pa
        from pyarrow import parquet

        own = pa.allocate_buffer(len(data))  # Arrow's own memory, see `run.tables.decode`
        memoryview(own).cast("B")[:] = data
        try:
            about = parquet.read_metadata(pa.BufferReader(own))
            schema = about.schema.to_arrow_schema()
        except Exception as error:  # a damaged footer surfaces as errors of every kind
            raise self._damaged(error, shown, findings) from error
        if (refused := _refused_size(about, len(data))) is not None:
            findings.add(found.UNREADABLE, refused, fix=_LESS, file=shown)
            raise _RefusedError
        self._same_schema(schema, shown, findings)
        texts = [one.name for one in schema if _kind(one.type) == "string"]
        try:
            file = parquet.ParquetFile(
                pa.BufferReader(own),
                read_dictionary=texts,
                pre_buffer=False,
                page_checksum_verification=True,
            )
        except Exception as error:
            raise self._damaged(error, shown, findings) from error
        if about.num_row_groups == 0:
            yield schema.empty_table()
        before = 0
        for number in range(about.num_row_groups):
            rows = about.row_group(number).num_rows
            groups = f"row group {number + 1} of {about.num_row_groups}"
            where = f"{groups} (rows {before + 1:,} to {before + rows:,}) "
            try:
                group = file.read_row_group(number, use_threads=False)
            except MemoryError:
                raise
            except Exception as error:
                where = where if about.num_row_groups > 1 else ""
                raise self._damaged(error, shown, findings, where) from error
            before += rows
            yield group

    def _damaged(self, error: Exception, shown: str, findings: Findings, where: str = "") -> _RefusedError:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        fix = _AGAIN if where else ""
        findings.add(found.UNREADABLE, f"{where}cannot be read as Parquet: {reason}", file=shown, fix=fix)
        return _RefusedError()

    def _same_schema(self, schema: pa.Schema, shown: str, findings: Findings) -> None:
        """The first file's columns, by name and kind, in all of them."""
        names, types = list(schema.names), [_kind(one.type) for one in schema]
        if not self._columns:
            self.names, self._types, self._first = names, types, shown
            self._columns = [GrowingColumn() for _ in names]
            return
        if (names, types) == (self.names, self._types):
            return
        findings.add(
            found.MISSING_COLUMN,
            f"its columns are not those of {self._first}: {_differing(self.names, self._types, schema)}",
            fix="write all partitions with one schema: the same columns in the same order, of the same types",
            file=shown,
        )
        raise _RefusedError


class _RefusedError(Exception):
    """What is wrong stands in the findings."""


def _kind(kind: Any) -> str:
    """A type as far as it matters: how texts are packed does not."""
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return "string" if pa.types.is_large_string(inner) or pa.types.is_string_view(inner) else str(inner)


def _differing(names: Sequence[str], types: Sequence[str], schema: pa.Schema) -> str:
    """What of a schema differs from the first file's, in words."""
    one = dict(zip(names, types, strict=True))
    two = {column.name: _kind(column.type) for column in schema}
    both = [name for name in names if name in two]
    said = [f"'{name}' is missing" for name in names if name not in two]
    said += [f"'{name}' is new" for name in two if name not in one]
    said += [f"'{name}' is {two[name]}, not {one[name]}" for name in both if one[name] != two[name]]
    return ", ".join(said) or "they stand in another order"


def _refused_size(about: Any, n_bytes: int) -> str | None:
    """Why a file is not unpacked: it is large, and packed better than any table of demand is."""
    groups = [about.row_group(k).total_byte_size for k in range(about.num_row_groups)]
    size = max(sum(groups), _CELL * about.num_rows * about.num_columns)
    if size <= _LARGE or size <= _RATIO * n_bytes:
        return None
    return (
        f"{n_bytes / 1e6:.1f} MB would unpack to {size / 1e9:.1f} GB ({about.num_rows:,} rows, "
        f"{about.num_columns:,} columns)"
    )
