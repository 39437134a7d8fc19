"""Long frames are written some thousand rows at a time, and read as if they were written whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simlab.errors import SimlabError
from simlab.run import files, tables


def test_a_frame_in_row_groups_is_the_frame(monkeypatch) -> None:
    n = 100
    frame = pd.DataFrame(
        {
            "sku": [f"P{k}" for k in range(n)],
            "whole": np.arange(n),
            "rate": np.where(np.arange(n) % 3, np.nan, 0.5),
            # a group of nothing has the type of the whole column
            "late": pd.Series([None] * 95 + ["said"] * 5, dtype="object"),
            "never": pd.Series([None] * n, dtype="object"),
            "yes": np.arange(n) % 2 == 0,
        }
    )
    whole = tables.decode(tables.encode(frame))
    monkeypatch.setattr(tables, "GROUP", 8)
    data = tables.encode(frame)
    assert pq.read_metadata(pa.BufferReader(data)).num_row_groups == 13
    assert tables.decode(data).equals(whole)
    assert tables.decode(data).schema == whole.schema


def test_a_table_is_in_row_groups_as_soon_as_it_is_longer_than_one() -> None:
    for n, groups in ((8_192, 1), (8_193, 2), (20_000, 3)):
        kept = pq.read_metadata(pa.BufferReader(tables.encode(pd.DataFrame({"row": np.arange(n)}))))
        assert kept.num_row_groups == groups
        assert kept.row_group(0).num_rows == 8_192


def test_a_file_comes_in_pieces_and_is_read_back_before_it_takes_its_place(tmp_path, monkeypatch) -> None:
    path = tmp_path / "x"
    files.write_atomic(path, iter([b"01", b"", b"2"]))
    assert path.read_bytes() == b"012"
    monkeypatch.setattr(files, "sha256", lambda _: "of other bytes")
    with pytest.raises(SimlabError, match="did not give back"):
        files.write_atomic(path, b"other")
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [b"012"]
    with pytest.raises(ValueError, match="part"):
        list(tables.encoded_parts([]))


def test_the_pieces_of_a_table_are_the_file_that_arrow_writes(tmp_path) -> None:
    parts = [pa.table({"a": np.arange(k, k + 3), "b": ["x", "y", None]}) for k in range(4)]
    pieces = list(tables.encoded_parts(parts))
    assert len(pieces) == len(parts) + 1
    own = tmp_path / "own"
    schema = parts[0].schema.with_metadata({"simlab.schema": str(tables.SCHEMA)})
    with pq.ParquetWriter(own, schema, compression="zstd", write_page_checksum=True) as writer:
        for part in parts:
            writer.write_table(part.replace_schema_metadata(schema.metadata))
    assert b"".join(pieces) == own.read_bytes()
