"""Parquet with page checksums, written and verified on read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def encode(table: pd.DataFrame | pa.Table) -> bytes:
    """A table as the bytes of a Parquet file with a checksum on every page.

    An index is not kept, and no pandas metadata is written: equal tables give equal bytes.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not isinstance(table, pa.Table):
        table = pa.Table.from_pandas(table, preserve_index=False)
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(None), sink, compression="zstd", write_page_checksum=True)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def decode(data: bytes) -> pa.Table:
    """The table in a Parquet file's bytes.

    Raises
    ------
    ValueError
        A page does not match its checksum, or the bytes are no Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(pa.BufferReader(data), page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        raise ValueError(str(error)) from error
