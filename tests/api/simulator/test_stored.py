"""Curves of a finished run used again: the same bits, or a refusal that names what changed."""

import pandas as pd
import pytest
from worlds.study import STUDY, write_study

from simlab import api
from simlab.errors import InvalidInputError
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


OTHER = {"targets = { fast = 0.98, slow = 0.9 }": "targets = { fast = 0.97, slow = 0.9 }"}


def test_a_grid_that_differs_is_named_with_the_line_to_write(first, tmp_path):
    """Targets of a habit or a policy enter the grid: those of either side alone are said."""
    _, run = first
    with pytest.raises(InvalidInputError) as caught:
        api.run_optimize(write_study(tmp_path, STUDY, **OTHER), curves=run)
    said = str(caught.value)
    assert "that run alone has 0.98; this study alone has 0.97" in said
    assert "[optimize] targets = [0.5, " in said


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
