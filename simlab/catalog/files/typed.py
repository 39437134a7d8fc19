"""Parquet files and DataFrames as text columns, so that they meet the same rules as CSV."""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.catalog import findings as found
from simlab.catalog.cells.text import TextColumn, TextTable, encoded
from simlab.catalog.files.csvfile import name_columns
from simlab.catalog.findings import Findings
from simlab.errors import UsageError
from simlab.reading import bytes_of
from simlab.study import TableSource

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def read_parquet(path: Path, name: str, source: TableSource) -> TextTable:
    """Read a Parquet file as text; what is wrong with it stands in the table's findings.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        items, demand or receipts.
    source : TableSource
        How the study describes the file.
    """
    findings = Findings(name, source.path or path.name, lambda rows: rows + 1)
    empty = TextTable(name, {}, {}, 0, findings)
    try:
        data = bytes_of(path)
    except FileNotFoundError:
        findings.add(found.UNREADABLE, "is not there", fix="paths are relative to the study file")
        return empty
    except OSError as error:
        findings.add(found.UNREADABLE, f"cannot be read: {error.strerror or error}")
        return empty
    sha256 = hashlib.sha256(data).hexdigest()
    table = _unpacked(data, findings)
    if table is None:
        return empty
    columns = [
        _from_arrow(column, str(label), findings)
        for label, column in zip(table.column_names, table.columns, strict=True)
    ]
    named = name_columns(table.column_names, columns, source, findings)
    return TextTable(name, named, _labels(source), table.num_rows, findings, sha256=sha256)


def _unpacked(data: bytes, findings: Findings) -> pa.Table | None:
    """The table in a Parquet file's bytes; None, and a finding, where it is damaged or far too large.

    Texts stay dictionaries: a long one in a million rows is unpacked once.
    """
    import pyarrow as pa
    from pyarrow import parquet

    own = pa.allocate_buffer(len(data))  # Arrow's own memory, see `run.tables.decode`
    memoryview(own).cast("B")[:] = data
    try:
        about = parquet.read_metadata(pa.BufferReader(own))
        if (cells := _refused_size(about, len(data))) is not None:
            findings.add(found.UNREADABLE, cells, fix=_LESS)
            return None
        schema = about.schema.to_arrow_schema()
        texts = [field.name for field in schema if pa.types.is_string(field.type)]
        return parquet.read_table(
            pa.BufferReader(own),
            use_threads=False,
            pre_buffer=False,
            page_checksum_verification=True,
            read_dictionary=texts,
        )
    except MemoryError:
        findings.add(found.UNREADABLE, "does not fit into memory", fix=_LESS)
    except Exception as error:  # a damaged footer surfaces as errors of every kind
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        findings.add(found.UNREADABLE, f"cannot be read as Parquet: {reason}")
    return None


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


_CELL = 8  # bytes of an unpacked cell, at least
_LARGE, _RATIO = 1 << 30, 100  # refused are tables above a gigabyte that were packed to under a hundredth
_LESS = "leave out rows and columns that say nothing, or name it as CSV"


def read_frame(frame: object, name: str, source: TableSource, findings: Findings | None = None) -> TextTable:
    """Take a frame as text; row numbers in messages are positions, the first row being 0.

    Parameters
    ----------
    frame : DataFrame of pandas or polars (lazy ones too), table of Arrow, relation of DuckDB, …
        Whatever narwhals knows. An index is not used.
    name : str
        items, demand or receipts.
    source : TableSource
        How the study describes the table.
    findings : Findings, optional
        What is wrong so far; left out: none, and the frame is called by its name.

    Raises
    ------
    UsageError
        It is no frame.
    """
    import pandas as pd

    findings = Findings(name, f"DataFrame {name}") if findings is None else findings
    if isinstance(frame, pd.DataFrame):
        labels = [str(label) for label in frame.columns]
        columns = [_from_series(frame.iloc[:, k], labels[k], findings) for k in range(len(labels))]
        n_rows = len(frame)
    else:
        table = arrow_of(frame, name)
        labels, n_rows = table.column_names, table.num_rows
        columns = [_from_arrow(c, label, findings) for label, c in zip(labels, table.columns, strict=True)]
    named = name_columns(labels, columns, source, findings)
    return TextTable(name, named, _labels(source), n_rows, findings)


def arrow_of(frame: object, name: str) -> pa.Table:
    """A frame of any library that narwhals knows as a table of Arrow.

    Raises
    ------
    UsageError
        It is no frame.
    """
    import narwhals as nw

    given: Any = frame
    try:
        found = nw.from_native(given)
    except TypeError:
        kind = type(frame).__name__
        raise UsageError(
            f"{name}: a frame of pandas, polars, Arrow or DuckDB is needed, not {kind}"
        ) from None
    eager = found.collect("pyarrow") if isinstance(found, nw.LazyFrame) else found
    table: pa.Table = eager.to_arrow()
    return table


def _labels(source: TableSource) -> dict[str, str]:
    return {ours: theirs for ours, theirs in source.columns.items() if ours != theirs}


def _from_series(series: pd.Series[Any], label: str, findings: Findings) -> TextColumn:
    import pyarrow as pa

    try:
        array = pa.array(series, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return _of_objects(list(series), label, findings)
    chunked = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
    return _from_arrow(chunked, label, findings)


def _of_objects(cells: list[Any], label: str, findings: Findings) -> TextColumn:
    """A column of mixed Python objects, cell by cell."""
    strange = [k for k, cell in enumerate(cells) if not _is_cell(cell)]
    if strange:
        message = f"{cells[strange[0]]!r:.60} is neither text, number nor date"
        findings.add_rows(found.NOT_A_NUMBER, message, np.array(strange), column=label)
    fractional = any(isinstance(cell, float) and cell == cell for cell in cells)
    column = encoded([_text(cell) if _is_cell(cell) else None for cell in cells])
    return TextColumn(column.codes, column.values, fractional=fractional)


def _is_cell(cell: Any) -> bool:
    return (
        cell is None
        or isinstance(cell, (str, int, float, Decimal, dt.date, np.integer, np.floating))
        or cell != cell
    )


def _from_arrow(column: pa.ChunkedArray, label: str, findings: Findings) -> TextColumn:
    """Distinct values and codes; typed values become the text that our grammars read."""
    import pyarrow as pa

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind):
        findings.add(found.NOT_A_NUMBER, f"cells of type {kind} cannot be read", column=label)
        return TextColumn(np.full(len(column), -1, dtype=np.int32), ())
    if pa.types.is_null(kind) or len(column) == 0:
        return TextColumn(np.full(len(column), -1, dtype=np.int32), ())
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    chunk = column.unify_dictionaries().combine_chunks()
    if isinstance(chunk, pa.ChunkedArray):
        chunk = chunk.chunk(0) if chunk.num_chunks else pa.array([], type=column.type)
    texts = [_text(value) for value in chunk.dictionary.to_pylist()]
    codes = chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    distinct = encoded(texts)
    renumbered = np.append(distinct.codes, np.int32(-1))
    typed = not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
    return TextColumn(renumbered[codes].astype(np.int32), distinct.values, typed, pa.types.is_floating(kind))


def _text(value: Any) -> str | None:
    """A typed value as our grammars write it; None if it says nothing."""
    if value is None or value != value:
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, (float, np.floating)):
        return _plain(float(value))
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def _plain(value: float) -> str:
    """Shortest digits that give the number back, without an exponent."""
    if value in (float("inf"), float("-inf")):
        return repr(value)
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0")
