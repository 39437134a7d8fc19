"""Parquet with page checksums, written and verified on read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from simlab.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa


SCHEMA = 1
"""Version of the form of run folders; every manifest and every table says its own."""
_KEY = b"simlab.schema"
_NONE: Mapping[str, tuple[int, Sequence[str]]] = {}


def encode(table: pd.DataFrame | pa.Table, texts: Mapping[str, tuple[int, Sequence[str]]] = _NONE) -> bytes:
    """The whole of `encoded`."""
    return b"".join(encoded(table, texts))


def encoded(
    table: pd.DataFrame | pa.Table, texts: Mapping[str, tuple[int, Sequence[str]]] = _NONE
) -> Iterable[bytes]:
    """A table as the bytes of a Parquet file with a checksum on every page, one piece after the other.

    A frame above 8,192 rows goes into row groups of so many, one after the other. An index is not kept, and
    of metadata only the version of the form is written: equal tables give equal bytes.

    Parameters
    ----------
    table : DataFrame or Table
    texts : mapping of str to (int, sequence of str)
        Further columns of a frame by their name, each with its place among all: long texts that lie packed
        are never unpacked together.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not isinstance(table, pa.Table):
        parts = _groups_of(table, texts)
        if len(table) > GROUP:
            return encoded_parts(parts)
        (table,) = parts
    sink = pa.BufferOutputStream()
    said = table.replace_schema_metadata({_KEY: str(SCHEMA).encode()})
    pq.write_table(said, sink, compression="zstd", write_page_checksum=True)
    return (sink.getvalue().to_pybytes(),)


GROUP = 8_192
"""Rows of a row group."""


def _groups_of(frame: pd.DataFrame, texts: Mapping[str, tuple[int, Sequence[str]]]) -> Iterator[pa.Table]:
    """A frame as Arrow tables of one schema, one in memory at a time; one without rows of a frame without."""
    import pandas as pd
    import pyarrow as pa

    schema = pa.Schema.from_pandas(frame, preserve_index=False)
    for begin in range(0, max(1, len(frame)), GROUP):
        part = frame.iloc[begin : begin + GROUP]
        table = pa.Table.from_pandas(part, schema=schema, preserve_index=False)
        for name, (place, cells) in texts.items():
            own = pd.DataFrame({name: list(cells[begin : begin + GROUP])})
            made = pa.Table.from_pandas(own, preserve_index=False)
            table = table.add_column(place, made.schema.field(name), made.column(name))
        yield table


def encoded_parts(parts: Iterable[pa.Table]) -> Iterator[bytes]:
    """As `encoded`, of parts with one schema: each is a row group, and a piece of what comes out.

    Raises
    ------
    ValueError
        There is no part.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink, writer = _Sink(), None
    for part in parts:
        plain = part.replace_schema_metadata({_KEY: str(SCHEMA).encode()})
        if writer is None:
            file = pa.PythonFile(sink, mode="w")
            writer = pq.ParquetWriter(file, plain.schema, compression="zstd", write_page_checksum=True)
        writer.write_table(plain, row_group_size=max(1, plain.num_rows))
        yield sink.taken()
    if writer is None:
        raise ValueError("a table without a part has no columns")
    writer.close()
    yield sink.taken()


class _Sink:
    """A file for Arrow to write to, whose bytes are taken away as they come."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._at = 0

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        self.closed = True

    def taken(self) -> bytes:
        """What was written since this was asked last."""
        found, self._pieces = b"".join(self._pieces), []
        return found


def read_buffer(path: Path) -> pa.Buffer:
    """A file's bytes in memory of Arrow's own, as `decode` reads them without a copy."""
    import pyarrow as pa

    own = pa.allocate_buffer(path.stat().st_size)
    rest = memoryview(own).cast("B")
    with path.open("rb") as file:
        while rest and (n := file.readinto(rest)):
            rest = rest[n:]
    return own


def decode(data: bytes | pa.Buffer, columns: Collection[str] | None = None) -> pa.Table:
    """The table in a Parquet file's bytes; of `columns`, those that it has.

    Raises
    ------
    ValueError
        A page does not match its checksum, or the bytes are no Parquet file.
    UsageError
        A newer simlab wrote it.

    Notes
    -----
    Arrow reads a copy in memory of its own, in this thread. Its worker threads let go of what they read a
    moment after the table is there; where that is an object of Python's they need the interpreter, and a
    process that ends meanwhile dies ("terminate called without an active exception", exit 134; apache/arrow
    issues 34314 and 50482).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    own = data
    if isinstance(data, bytes):
        own = pa.allocate_buffer(len(data))
        memoryview(own).cast("B")[:] = data
    try:
        held = () if columns is None else pq.read_schema(pa.BufferReader(own)).names
        table = pq.read_table(
            pa.BufferReader(own),
            columns=None if columns is None else [name for name in held if name in columns],
            use_threads=False,
            pre_buffer=False,
            page_checksum_verification=True,
        )
    except (OSError, pa.ArrowException) as error:
        raise ValueError(str(error)) from error
    written = (table.schema.metadata or {}).get(_KEY, b"1")  # tables up to 0.2.0 did not say
    if not written.isdigit() or int(written) > SCHEMA:
        version = written.decode("ascii", "replace")
        raise UsageError(f"written by a newer simlab (schema {version}, known: {SCHEMA})")
    return table
