"""Odd but sound files: the same rows, units, laws and levels as the clean set."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner
from worlds.places import TESTS

import simlab as sl
from simlab.api.simulator.simulator import plan_columns
from simlab.cli.app import app

FOLDER = TESTS / "bad_inputs"
CASES = json.loads((FOLDER / "index.json").read_text(encoding="utf-8"))
ACCEPTED = [case["name"] for case in CASES if case["expect"] == "accept" and case["name"] != "baseline"]

STUDY = """
schema = 1
[study]
period = "day"
[data.items]
path = "items.csv"
[data.demand]
path = "demand.csv"
[data.receipts]
path = "receipts.csv"
[lead_times]
crossing = false
[segments]
by = ["segment"]
[policy]
review_period = 1
[simulation]
periods = 40
replications = 10
batches = 5
[verdict]
replications = 10
[optimize]
n_targets = 5
"""


def loaded(case: str, folder: Path, extra: str = "") -> sl.api.Data:
    folder.mkdir(exist_ok=True)
    for name in ("items.csv", "demand.csv", "receipts.csv"):
        source = FOLDER / case / name
        source = source if source.exists() else FOLDER / "baseline" / name
        (folder / name).write_bytes(source.read_bytes())
    (folder / "study.toml").write_text(STUDY + extra, encoding="utf-8")
    return sl.load(folder / "study.toml")


@pytest.mark.parametrize("case", ACCEPTED)
def test_laws_and_levels_are_those_of_the_clean_set(case, tmp_path):
    clean, odd = loaded("baseline", tmp_path / "clean"), loaded(case, tmp_path / "odd")
    assert odd.catalog.n_items == clean.catalog.n_items
    assert odd.catalog.demand.quantity.sum() == clean.catalog.demand.quantity.sum()
    for name in ("kind", "mean", "variance", "values", "weights"):
        ours = getattr(odd.models.world.demand, name)
        assert np.array_equal(ours, getattr(clean.models.world.demand, name)), name
    targets = np.array([0.9, 0.99])
    assert np.array_equal(
        plan_columns(odd, targets).levels.order_up_to, plan_columns(clean, targets).levels.order_up_to
    )


def test_a_byte_order_mark_changes_no_bit(tmp_path):
    frames = []
    for case in ("baseline", "bom"):
        data = loaded(case, tmp_path / case)
        frames.append(sl.optimize(data, sl.segment(data), fill_rate=0.9).to_frame())
    assert frames[0].equals(frames[1])


def test_ids_are_kept_letter_for_letter(tmp_path):
    assert "00120" in loaded("leading_zeros", tmp_path / "zeros").catalog.sku
    assert {"NA", "null"} <= set(loaded("na_skus", tmp_path / "na").catalog.sku)
    assert "=cmd|'/c calc'!A1" in loaded("formula_skus", tmp_path / "formula").catalog.sku


def test_a_budget_nobody_can_meet_ends_with_4_and_names_one_that_works(tmp_path):
    loaded("baseline", tmp_path / "tiny", "fill_rate = 0.95\nbudget = 1.0\n")
    call = ["optimize", str(tmp_path / "tiny" / "study.toml"), "--out", str(tmp_path / "run")]
    ended = CliRunner().invoke(app, call)
    assert ended.exit_code == 4
    assert "smallest budget that works" in " ".join(ended.stderr.split())
    assert not (tmp_path / "run").exists()


def test_a_budget_of_nothing_is_a_mistake_of_the_study(tmp_path):
    with pytest.raises(sl.InvalidInputError, match="budget"):
        loaded("baseline", tmp_path / "none", "fill_rate = 0.95\nbudget = 0\n")
    ended = CliRunner().invoke(app, ["optimize", str(tmp_path / "none" / "study.toml")])
    assert ended.exit_code == 3
    assert "budget" in ended.stderr
