"""Parquet is read row group by row group, one file or a folder of them; what is wrong is located."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from simlab import api
from simlab.catalog.files.parquet import is_parquet, read_parquet, sha256_of
from simlab.cli.app import app
from simlab.study import TableSource

STUDY = """
[study]
name = "parts"
currency = "EUR"
period = "week"
[data]
items = { path = "items.parquet" }
demand = { path = "demand/" }
[lead_times]
law = "fixed"
"""


def items():
    skus = [f"S{k:02d}" for k in range(12)]
    return pd.DataFrame({"sku": skus, "location": "X", "unit_cost": 2.5, "lead_time": 14.0})


def demand(weeks=60):
    rng = np.random.default_rng(3)
    days = pd.date_range("2024-01-01", periods=weeks, freq="7D")
    rows = [(sku, "X", day, int(rng.integers(1, 9))) for sku in items()["sku"] for day in days]
    return pd.DataFrame(rows, columns=["sku", "location", "date", "quantity"])


def write(frame, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, **options)


@pytest.fixture
def folder(tmp_path):
    """A study whose demand lies in three partitions."""
    write(items(), tmp_path / "items.parquet")
    rows = demand()
    for number, part in enumerate(np.array_split(np.arange(len(rows)), 3)):
        write(rows.iloc[part], tmp_path / "demand" / f"part-{number}.parquet", row_group_size=100)
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path


def refused(folder):
    found = CliRunner().invoke(app, ["check", str(folder / "study.toml")])
    assert found.exit_code == 3, found.output
    return " ".join(found.output.split())


def same(one, other):
    for name in ("item", "date", "quantity"):
        assert (getattr(one.catalog.demand, name) == getattr(other.catalog.demand, name)).all()


def test_partitions_are_one_table(folder):
    parts = api.load(folder / "study.toml")
    write(demand(), folder / "demand.parquet")
    (folder / "study.toml").write_text(STUDY.replace("demand/", "demand.parquet"))
    same(parts, api.load(folder / "study.toml"))
    assert parts.catalog.inputs["demand"] == sha256_of(folder / "demand")
    assert is_parquet(folder / "demand")


def test_row_groups_change_nothing(tmp_path):
    """Texts keep the order in which they appear, so that codes and values are those of one piece."""
    rows = demand()
    tables = []
    for size in (7, 100, 10_000):
        write(rows, tmp_path / f"{size}.parquet", row_group_size=size)
        tables.append(read_parquet(tmp_path / f"{size}.parquet", "demand", TableSource()))
    for other in tables[1:]:
        assert other.n_rows == tables[0].n_rows == len(rows)
        for name, column in tables[0].columns.items():
            assert column.values == other.columns[name].values, name
            assert (column.codes == other.columns[name].codes).all(), name
            twin = other.columns[name]
            assert (column.typed, column.fractional) == (twin.typed, twin.fractional)


def test_a_partition_with_other_columns_is_named(folder):
    rows = demand().assign(quantity=lambda one: one["quantity"].astype(float), note="x")
    write(rows, folder / "demand" / "part-3.parquet")
    said = refused(folder)
    assert "demand/part-3.parquet: its columns are not those of demand/part-0.parquet" in said
    assert "'note' is new, 'quantity' is double, not int64" in said


def test_a_partition_of_other_types_alone_is_named(folder):
    """Names are the same; counts as fractional numbers may be another unit."""
    rows = demand().assign(quantity=lambda one: one["quantity"].astype(float))
    write(rows, folder / "demand" / "part-3.parquet")
    said = refused(folder)
    assert "demand/part-3.parquet: its columns are not those of demand/part-0.parquet" in said
    assert "'quantity' is double, not int64" in said


def test_a_damaged_row_group_is_named_with_its_rows(folder):
    path = folder / "demand" / "part-1.parquet"
    write(demand().iloc[240:480], path, row_group_size=100, write_page_checksum=True)
    data = bytearray(path.read_bytes())
    column = parquet.read_metadata(path).row_group(1).column(3)
    data[column.dictionary_page_offset + column.total_compressed_size - 2] ^= 0xFF
    path.write_bytes(data)
    said = refused(folder)
    assert "demand/part-1.parquet: row group 2 of 3 (rows 101 to 200) cannot be read as Parquet" in said


def test_the_same_sku_location_in_two_partitions_of_items_is_located(folder):
    (folder / "items.parquet").unlink()
    write(items(), folder / "items" / "a.parquet")
    write(items().iloc[3:5], folder / "items" / "b.parquet")
    (folder / "study.toml").write_text(STUDY.replace("items.parquet", "items/"))
    said = refused(folder)
    assert "items/b.parquet:1" in said
    assert "'S03' at 'X' stands more than once (first in row 4 of items/a.parquet)" in said


def test_the_same_date_in_two_partitions_of_demand_is_located(folder):
    write(demand().iloc[[5, 300]], folder / "demand" / "part-9.parquet")
    said = refused(folder)
    assert "demand/part-9.parquet:1" in said
    assert "(first in row 6 of demand/part-0.parquet)" in said


def test_a_folder_without_parquet_is_no_table(folder):
    for path in (folder / "demand").iterdir():
        path.rename(path.with_suffix(".txt"))
    assert "is a folder, not a file" in refused(folder)


def test_a_text_that_is_not_utf_8_is_refused(tmp_path):
    """Arrow writes such bytes as they are; reading them ended as a fault of simlab."""
    path = tmp_path / "items.parquet"
    texts = pa.array([b"\xff\xfe", b"b"]).view(pa.string())
    parquet.write_table(pa.table({"sku": texts, "location": ["x", "x"], "unit_cost": [1.0, 2.0]}), path)
    [problem] = read_parquet(path, "items", TableSource(path=path.name)).findings.problems
    assert (problem.code, problem.column) == ("E-ITM-009", "sku")
    assert "byte 0xff: not UTF-8" in problem.message


@pytest.mark.parametrize("index", [pa.uint8(), pa.uint32(), pa.uint64(), pa.int64()])
def test_texts_packed_by_whatever_index_are_read(tmp_path, index):
    """polars writes Categorical and Enum with unsigned indices; an OverflowError came of them."""
    path = tmp_path / "items.parquet"
    packed = pa.DictionaryArray.from_arrays(pa.array([1, 0, None], index), pa.array(["a", "b"]))
    parquet.write_table(pa.table({"sku": packed, "location": ["x"] * 3}), path)
    table = read_parquet(path, "items", TableSource(path=path.name))
    assert table.findings.problems == []
    values = (*table.columns["sku"].values, None)
    assert [values[code] for code in table.columns["sku"].codes] == ["b", "a", None]


@pytest.mark.parametrize(
    "cells",
    [
        pa.array([b"a"], pa.binary_view()),
        pa.array([b"a"], pa.binary(1)),
        pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0123456789abcdef"], pa.binary(16))),
        pa.array(pd.Series(pd.PeriodIndex(["2024-01"], freq="M"))),
    ],
    ids=["view", "fixed", "uuid", "period"],
)
def test_bytes_and_types_of_other_programs_are_refused(tmp_path, cells):
    """Bytes were read as b'a', types of other programs ended as a fault of simlab."""
    path = tmp_path / "items.parquet"
    parquet.write_table(pa.table({"sku": cells, "location": ["x"]}), path)
    problems = read_parquet(path, "items", TableSource(path=path.name)).findings.problems
    assert [(one.code, one.column) for one in problems] == [("E-ITM-007", "sku")]
    assert "cannot be read" in problems[0].message


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_a_long_text_in_many_rows_is_unpacked_once_whatever_its_kind(kind, tmp_path, monkeypatch):
    """As `large_string`, 48 kB of one text of 1,000 letters in 400,000 rows took 1.2 GB, as `string` 0.3."""
    seen = []
    real = parquet.ParquetFile

    def asked(*given, **named):
        seen.append(named["read_dictionary"])
        return real(*given, **named)

    monkeypatch.setattr(parquet, "ParquetFile", asked)
    rows = pa.table({"sku": pa.array(["x" * 1000] * 100).cast(kind), "location": ["X"] * 100})
    parquet.write_table(rows, tmp_path / "t.parquet")
    table = read_parquet(tmp_path / "t.parquet", "items", TableSource(path="t.parquet"))
    assert seen == [["sku", "location"]]
    assert table.columns["sku"].values == ("x" * 1000,)
    assert table.n_rows == 100
