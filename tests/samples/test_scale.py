"""A sample of any size: seeded, by blocks, in the shapes of the demo."""

import pandas as pd
import pytest
from pyarrow import parquet

import simlab as sl
from simlab.errors import UsageError
from simlab.samples import scale
from simlab.samples.scale import write_scale


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


def test_the_same_seed_gives_the_same_bytes_and_a_larger_sample_begins_alike(small):
    folder, paths = small
    again = write_scale(folder / "b", 200)
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(paths, again, strict=True))
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
