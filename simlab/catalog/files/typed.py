"""DataFrames and Arrow columns as text columns, so that they meet the same rules as CSV."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.catalog import findings as found
from simlab.catalog.cells.text import TextColumn, TextTable, encoded
from simlab.catalog.files.csvfile import name_columns, outnamed
from simlab.catalog.findings import Findings
from simlab.errors import UsageError
from simlab.study import TableSource

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_AGAIN = "write the table again, its texts in UTF-8"


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
        columns = [text_column(c, label, findings) for label, c in zip(labels, table.columns, strict=True)]
    named = name_columns(labels, columns, source, findings)
    notes = outnamed(labels, source, name)
    return TextTable(name, named, labels_of(source), n_rows, findings, notes=notes)


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


def labels_of(source: TableSource) -> dict[str, str]:
    """Our name → name in the file, where they differ."""
    return {ours: theirs for ours, theirs in source.columns.items() if ours != theirs}


def _from_series(series: pd.Series[Any], label: str, findings: Findings) -> TextColumn:
    import pyarrow as pa

    try:
        array = pa.array(series, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return _of_objects(list(series), label, findings)
    chunked = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
    return text_column(chunked, label, findings)


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


def text_column(column: pa.ChunkedArray, label: str, findings: Findings) -> TextColumn:
    """Distinct values and codes; typed values become the text that our grammars read."""
    import pyarrow as pa

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if _is_no_cell(kind):
        findings.add(found.NOT_A_NUMBER, f"cells of type {kind} cannot be read", column=label)
        return TextColumn(np.full(len(column), -1, dtype=np.int32), ())
    if pa.types.is_null(kind) or len(column) == 0:
        return TextColumn(np.full(len(column), -1, dtype=np.int32), ())
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    chunk = column.unify_dictionaries().combine_chunks()
    if isinstance(chunk, pa.ChunkedArray):
        chunk = chunk.chunk(0) if chunk.num_chunks else pa.array([], type=column.type)
    try:
        texts = [_text(value) for value in chunk.dictionary.to_pylist()]
    except UnicodeDecodeError as error:
        bad = error.object[error.start]
        findings.add(
            found.ENCODING, f"holds a text with byte 0x{bad:02x}: not UTF-8", column=label, fix=_AGAIN
        )
        return TextColumn(np.full(len(column), -1, dtype=np.int32), ())
    codes = chunk.indices.cast(pa.int32()).fill_null(-1).to_numpy(zero_copy_only=False)
    distinct = encoded(texts)
    if len(distinct.values) < len(texts):  # cells that say nothing, or two that are written alike
        codes = np.append(distinct.codes, np.int32(-1))[codes.astype(np.int64)]
    typed = not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
    return TextColumn(codes.astype(np.int32, copy=False), distinct.values, typed, pa.types.is_floating(kind))


def _is_no_cell(kind: pa.DataType) -> bool:
    """Whether cells of a type are lists, bytes, or what another program says of them (periods, UUIDs)."""
    import pyarrow as pa

    is_binary = (
        *(pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view),
        *(pa.types.is_fixed_size_binary, pa.types.is_nested),
    )
    return isinstance(kind, pa.BaseExtensionType) or any(one(kind) for one in is_binary)


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
