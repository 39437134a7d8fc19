"""Curves of a finished run used again: the same bits, or a refusal that names what changed."""

from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pytest
from worlds.study import STUDY, write_study

from simlab import api, load
from simlab.api.simulator import stored
from simlab.errors import InvalidInputError, UsageError
from simlab.run import RunFolder


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first")
    return write_study(folder), api.run_optimize(folder / "study.toml").folder


def test_stored_curves_give_the_same_tables_without_simulating_the_search(first, tmp_path):
    _, run = first
    stages = []
    study = write_study(tmp_path)
    again = api.run_optimize(
        study, curves=run, progress=lambda stage, done, total: stages.append((stage, done))
    )
    assert ("simulate", 1) in stages
    assert not any(stage == "simulate" and done > 1 for stage, done in stages)
    for name in ("items", "segments", "curves", "frontier", "plan", "verdict"):
        ours, theirs = RunFolder.open(again.folder).read_table(name), RunFolder.open(run).read_table(name)
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


def test_other_limits_and_segments_may_use_them(first, tmp_path):
    _, run = first
    study = write_study(
        tmp_path,
        **{
            '["segment"]': '["location"]',
            "targets = { fast = 0.98, slow = 0.9 }": "targets = { WEST = 0.98, EAST = 0.9 }",
            "n_targets = 8": "n_targets = 8\nbudget = 30000.0",
        },
    )
    again = api.run_optimize(study, curves=run)
    assert RunFolder.open(again.folder).manifest["constraints"]["budget"] == 30000.0
    assert f"curves are those of the run '{run.name}'" in str(RunFolder.open(again.folder).manifest)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("replications = 24", "replications = 25", "replications"),
        ("n_targets = 8", "n_targets = 9", "targets"),
        ("review_period = 1", "review_period = 2", "table hash"),
        ("batches = 8", "batches = 8\nseed = 8", "seed"),
    ],
)
def test_what_changed_is_named(first, tmp_path, old, new, said):
    _, run = first
    with pytest.raises(InvalidInputError) as caught:
        api.run_optimize(write_study(tmp_path, STUDY, **{old: new}), curves=run)
    assert said in str(caught.value)
    assert not list((tmp_path / "runs").glob("*"))


class _Seldom:
    """A column that hands out one name an item, however many rows an item has."""

    def __init__(self, column: pa.ChunkedArray, most: int) -> None:
        self._column, self._most = column, most

    def take(self, rows) -> pa.ChunkedArray:
        assert len(rows) <= self._most
        return self._column.take(rows)


def test_names_are_compared_one_an_item_and_in_order(first):
    """A table has a row for every target of an item: their names are not read again and again."""
    _, run = first
    data = load(first[0])
    curves, n = stored.StoredCurves.open(run), data.catalog.n_items
    k = curves.table.num_rows // n
    names = {name: _Seldom(curves.table[name], n) for name in ("sku", "location")}
    assert replace(curves, table=Named(names, curves.table.num_rows))._names_are(data.catalog, k)
    other = replace(data.catalog, sku=data.catalog.sku[::-1])
    assert not curves._names_are(other, k)
    fewer = replace(data.catalog, sku=data.catalog.sku[:-1], location=data.catalog.location[:-1])
    assert not curves._names_are(fewer, k)


class Named(dict):
    """Columns by name, and how many rows they have."""

    def __init__(self, columns, num_rows: int) -> None:
        super().__init__(columns)
        self.num_rows = num_rows


OTHER = {"targets = { fast = 0.98, slow = 0.9 }": "targets = { fast = 0.97, slow = 0.9 }"}


def test_a_grid_that_differs_is_named_with_the_line_to_write(first, tmp_path):
    """Targets of a habit or a policy enter the grid: those of either side alone are said."""
    _, run = first
    with pytest.raises(InvalidInputError) as caught:
        api.run_optimize(write_study(tmp_path, STUDY, **OTHER), curves=run)
    said = str(caught.value)
    assert "that run alone has 0.98; this study alone has 0.97" in said
    assert "[optimize] targets = [0.5, " in said


@pytest.mark.parametrize(
    ("changed", "ours"),
    [
        ({"targets = { fast = 0.98, slow = 0.9 }": "targets = { fast = 0.98, slow = 0.8765 }"}, "0.8765"),
        (
            {
                '["segment"]': '["hml"]',
                "targets = { fast = 0.98, slow = 0.9 }": "targets = { H = 0.9123, M = 0.9345, L = 0.98 }",
            },
            "0.9123, 0.9345",
        ),
    ],
    ids=["another habit", "another scheme"],
)
def test_targets_of_other_plans_are_named_with_the_line_to_write(first, tmp_path, changed, ours):
    """Segments may change freely; what is missing in the grid is the difference of two sets of targets."""
    _, run = first
    with pytest.raises(InvalidInputError) as caught:
        api.run_optimize(write_study(tmp_path, STUDY, **changed), curves=run)
    said = str(caught.value)
    assert f"this study alone has {ours}" in said
    assert "[optimize] targets = [" in said


@pytest.mark.slow
def test_the_line_to_write_makes_the_curves_of_use(first, tmp_path):
    """Pasted under [optimize], it is the grid of that run."""
    _, run = first
    with pytest.raises(InvalidInputError) as caught:
        api.run_optimize(write_study(tmp_path, STUDY, **OTHER), curves=run)
    line = str(caught.value).partition("[optimize] ")[2].partition("]")[0] + "]"
    changes = {**OTHER, "n_targets = 8": line}
    (tmp_path / "again").mkdir()
    again = api.run_optimize(write_study(tmp_path / "again", STUDY, **changes), curves=run)
    assert f"curves are those of the run '{run.name}'" in str(RunFolder.open(again.folder).manifest)


def test_curves_of_each_item_may_be_left_out_and_the_frontier_is_verified_all_the_same(first, tmp_path):
    """Sums by segment stay; whoever asks for the curves is told why they are not there."""
    _, whole = first
    study = write_study(tmp_path, STUDY + "[run]\nkeep_curves = false\n")
    run = api.run_optimize(study).folder
    assert not (run / "results" / "curves.parquet").exists()
    for name in ("cells", "frontier", "plan", "verdict"):
        file = f"results/{name}.parquet"
        assert (run / file).read_bytes() == (whole / file).read_bytes(), name
    found = api.verify(run, 3)
    assert found.problems == ()
    assert "plans of the frontier in exact sums" in " ".join(found.checked)
    with pytest.raises(UsageError, match=r"kept no curves \(\[run\] keep_curves\)"):
        api.run_optimize(study, tmp_path / "again", curves=run)


def test_large_studies_keep_none_unless_they_say_so(first, monkeypatch):
    study, _ = first
    data = api.load(study)
    assert stored.keeps_curves(data)
    monkeypatch.setattr(stored, "MOST_KEPT", data.catalog.n_items - 1)
    assert not stored.keeps_curves(data)


def test_parts_of_any_size_hold_the_same_rows(first, monkeypatch):
    study, run = first
    opt = api.optimize(api.load(study))
    whole = RunFolder.open(run).read_arrow("curves")
    for size in (1, 5):
        monkeypatch.setattr(stored, "ITEMS_AT_ONCE", size)
        parts = list(stored.curves_parts(opt.data.catalog, opt.curves, opt.targets))
        assert len(parts) == -(-opt.data.catalog.n_items // size)
        assert pa.concat_tables(parts).cast(whole.schema).equals(whole)
