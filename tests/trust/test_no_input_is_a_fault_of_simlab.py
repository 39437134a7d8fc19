"""Whatever a file holds, the answer is a message about the file: no traceback, no hang, no full memory."""

import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet
from worlds.study import write_study

from simlab import InvalidInputError
from simlab.api import check
from simlab.api.output.record import kept_if_used
from simlab.run import RunFolder

EDITS = {
    "no attribute": ("crossing = false", "crossing = false\nby = []", "lead_times.by"),
    "NUL in a path": ("items.csv", "it\\u0000ems.csv", "sign that is not shown"),
    "huge demand": ("[verdict]", "[scenarios.x]\ndemand = 1e300\n[verdict]", "between 0.001 and 1,000"),
    "huge price": ("[verdict]", "[scenarios.x]\nprice = 1e300\n[verdict]", "between 0.001 and 1,000"),
    "tiny variance": ("[verdict]", "[scenarios.x]\nvariance = 1e-300\n[verdict]", "between 0.001 and 1,000"),
    "long review": ("review_period = 1\n", "review_period = 1e300\n", "a century"),
    "review of a million years": ("review_period = 1\n", "review_period = 1e9\n", "a century"),
    "deep lists": ("[verdict]", f"[x]\na = {'[' * 5000}{']' * 5000}\n[verdict]", "without end"),
    "deep tables": ("[verdict]", f"[x]\na = {'{a=' * 3000}1{'}' * 3000}\n[verdict]", "without end"),
    "deep names": ("[verdict]", f"[x]\na{'.a' * 3000} = 1\n[verdict]", "12 deep"),
    "5,000 digits": ("periods = 60", f"periods = {'9' * 5000}", "5000 digits"),
    "400 digits": ("periods = 60", f"periods = {'9' * 400}", "18 digits"),
    "10^7 periods": ("periods = 60", "periods = 10000000", "needs about"),
    "10^9 verdicts": ("replications = 30", "replications = 1000000000", "needs about"),
}


@pytest.mark.parametrize("name", EDITS)
def test_study_files(tmp_path, name):
    old, new, said = EDITS[name]
    path = write_study(tmp_path, **{old: new})
    with pytest.raises(InvalidInputError) as refused:
        check(path)
    assert said in str(refused.value)


@pytest.mark.parametrize("table", ["items.csv", "demand.csv", "receipts.csv", "study.toml"])
def test_a_pipe_in_place_of_a_file_is_refused_at_once(tmp_path, table):
    """Opening it would wait for a writer that never comes."""
    path = write_study(tmp_path)
    (tmp_path / table).unlink()
    os.mkfifo(tmp_path / table)
    with pytest.raises(InvalidInputError, match="is a pipe, not a file"):
        check(path)


def test_a_folder_in_place_of_a_file(tmp_path):
    path = write_study(tmp_path)
    (tmp_path / "items.csv").unlink()
    (tmp_path / "items.csv").mkdir()
    with pytest.raises(InvalidInputError, match="is a folder, not a file"):
        check(path)


def as_parquet(folder):
    frame = pd.read_csv(folder / "demand.csv", dtype=str)
    frame.to_parquet(folder / "demand.parquet")
    return folder / "demand.parquet"


@pytest.mark.parametrize("seed", range(12))
def test_damaged_parquet_footers(tmp_path, seed):
    """Arrow answers with errors of many kinds; each is a problem of the file."""
    path = write_study(tmp_path, **{"demand.csv": "demand.parquet"})
    file = as_parquet(tmp_path)
    data = bytearray(file.read_bytes())
    rng = np.random.default_rng(seed)
    footer = int.from_bytes(data[-8:-4], "little")
    for place in rng.integers(len(data) - 8 - footer, len(data) - 4, 25):
        data[place] ^= int(rng.integers(1, 256))
    file.write_bytes(data)
    with pytest.raises(InvalidInputError, match="E-DEM-"):
        check(path)


def test_a_small_file_that_unpacks_to_gigabytes_is_refused(tmp_path):
    path = write_study(tmp_path, **{"demand.csv": "demand.parquet"})
    rows = 3_000_000
    one = pa.table({f"c{k}": pa.array(np.zeros(rows, np.int8)) for k in range(50)})
    parquet.write_table(one, tmp_path / "demand.parquet", compression="zstd")
    assert (tmp_path / "demand.parquet").stat().st_size < 1e6
    with pytest.raises(InvalidInputError, match=r"would unpack to 1\.2 GB"):
        check(path)


def test_a_long_text_in_every_row_is_unpacked_once(tmp_path):
    path = write_study(tmp_path, **{"demand.csv": "demand.parquet"})
    frame = pd.read_csv(tmp_path / "demand.csv", dtype=str).assign(remark="x" * 1_000_000)
    dictionary = pa.array(frame["remark"]).dictionary_encode()
    table = pa.Table.from_pandas(frame.drop(columns="remark")).append_column("remark", dictionary)
    parquet.write_table(table, tmp_path / "demand.parquet")
    assert (tmp_path / "demand.parquet").stat().st_size < 1e6
    before = pa.default_memory_pool().max_memory()
    check(path)
    assert pa.default_memory_pool().max_memory() - before < 100e6  # 1,440 rows of a million signs otherwise


def test_an_empty_folder_of_the_user_s_stays(tmp_path):
    """A study without a feasible plan (exit 4) took the folder named by --out with it."""
    (tmp_path / "mine").mkdir()
    for out, there in ((tmp_path / "mine", True), (tmp_path / "new", False)):
        folder = RunFolder.create(out, "x", tmp_path)
        folder.write_text("results/a.csv", "1")
        with pytest.raises(ValueError, match="no"), kept_if_used(folder):
            raise ValueError("no")
        assert out.exists() is there
    assert not any((tmp_path / "mine").iterdir())


def test_the_study_file_in_a_run_folder_runs_from_there(tmp_path):
    """Its tables are named as seen from the study that it is a copy of."""
    path = write_study(tmp_path)
    run = tmp_path / "runs" / "one"
    run.mkdir(parents=True)
    (run / "study.toml").write_bytes(path.read_bytes())
    (run / "manifest.json").write_text('{"study_file": "../../study.toml"}')
    assert check(run / "study.toml").data.catalog.n_items == check(path).data.catalog.n_items
