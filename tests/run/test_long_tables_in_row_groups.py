"""Long frames are written some thousand rows at a time, and read as if they were written whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

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
    monkeypatch.setattr(tables, "_WHOLE", 50)
    monkeypatch.setattr(tables, "_GROUP", 8)
    data = tables.encode(frame)
    assert pq.read_metadata(pa.BufferReader(data)).num_row_groups == 13
    assert tables.decode(data).equals(whole)
    assert tables.decode(data).schema == whole.schema


def test_a_file_is_compared_some_bytes_at_a_time(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(files, "_CHUNK", 4)
    path = tmp_path / "x"
    path.write_bytes(b"0123456789")
    assert files._holds(path, b"0123456789")
    for other in (b"0123456780", b"012345678", b"01234567890"):
        assert not files._holds(path, other)
    files.write_atomic(path, b"ab")
    assert path.read_bytes() == b"ab"
    with pytest.raises(ValueError, match="part"):
        tables.encode_parts([])
