"""A sample of any size: seeded, by blocks, in the shapes of the demo."""

import pandas as pd
import pytest
from pyarrow import parquet

import simlab as sl
from simlab.errors import UsageError
from simlab.samples import scale
from simlab.samples.scale import write_scale


def _files(paths):
    return [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A sample of 200 SKU-locations in blocks of 120."""
    folder = tmp_path_factory.mktemp("scale")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scale, "BLOCK_SKUS", 40)
        yield folder, write_scale(folder / "a", 200)


def test_it_has_so_many_items_by_the_week_in_a_row_group_a_block(small):
    _, paths = small
    assert [path.name for path in paths] == list(scale.FILES)
    items, demand = (pd.read_parquet(path) for path in paths[1:3])
    assert len(items) == 200
    assert not items.duplicated(["sku", "location"]).any()
    assert parquet.ParquetFile(paths[1]).num_row_groups == 2
    assert (demand["date"].dt.day_of_week == 0).all()
    assert demand["date"].nunique() == scale.N_WEEKS
    assert not demand.duplicated(["sku", "location", "date"]).any()
    known = set(zip(items["sku"], items["location"], strict=True))
    assert set(zip(demand["sku"], demand["location"], strict=True)) <= known
    assert (demand.groupby(["sku", "location"]).size() < scale.N_WEEKS / 2).any(), "slow movers are there"


def test_demand_lies_in_parts_and_its_rows_do_not_depend_on_them(small, monkeypatch):
    folder, paths = small
    assert [path.name for path in paths[2].iterdir()] == ["part-00000.parquet"]
    monkeypatch.setattr(scale, "PART_BLOCKS", 1)
    parts = write_scale(folder / "parts", 200)
    assert sorted(path.name for path in parts[2].iterdir()) == ["part-00000.parquet", "part-00001.parquet"]
    one, many = (
        pd.concat([pd.read_parquet(path) for path in sorted(where[2].iterdir())], ignore_index=True)
        for where in (paths, parts)
    )
    pd.testing.assert_frame_equal(one, many)
    assert parts[1].read_bytes() == paths[1].read_bytes()
    assert sl.load(parts[0]).catalog.n_items == sl.load(paths[0]).catalog.n_items


def test_the_same_seed_gives_the_same_bytes_and_a_larger_sample_begins_alike(small):
    folder, paths = small
    again = write_scale(folder / "b", 200)
    for one, other in zip(_files(paths), _files(again), strict=True):
        assert one.read_bytes() == other.read_bytes(), one
    more = pd.read_parquet(write_scale(folder / "c", 300)[1])
    pd.testing.assert_frame_equal(more.iloc[:200], pd.read_parquet(paths[1]))


def test_it_is_a_study_that_can_be_read_and_fitted(small):
    data = sl.load(small[1][0])
    assert (
        data.catalog.n_items + (data.catalog.without_history.n_items if data.catalog.without_history else 0)
        == 200
    )
    assert data.models.n_items == data.catalog.n_items


def test_nothing_is_replaced_and_a_size_below_a_sku_is_refused(small, tmp_path):
    with pytest.raises(UsageError, match="exists already"):
        write_scale(small[0] / "a", 200)
    with pytest.raises(UsageError, match="at least 3"):
        write_scale(tmp_path / "none", 2)
    assert not (tmp_path / "none").exists()
