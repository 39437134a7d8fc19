"""Every choice of demand preparation and law can be said for a SKU, a category, a segment or the study."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner
from worlds.study import STUDY, write_study

import simlab as sl
from simlab.api.data.data import load_frames
from simlab.cli.app import app
from simlab.engine.world.demand_law import LawKind
from simlab.errors import InvalidInputError
from simlab.models import read_history
from simlab.study import Study

START = np.datetime64("2022-01-03")


def data(**sections):
    rng = np.random.default_rng(8)
    items = pd.DataFrame(
        {
            "sku": ["A1", "A2", "B1", "B2"],
            "location": "X",
            "unit_cost": [100.0, 100.0, 1.0, 1.0],
            "lead_time": 14.0,
            "category": ["toys", "tools", "toys", "tools"],
            "on_hand": 5,
        }
    )
    rows = []
    for sku, mean in zip(items["sku"], (30, 30, 4, 4), strict=True):
        line = rng.negative_binomial(2, 2 / (2 + mean), 60)
        line[:5], line[50:] = 0, 0
        line[20] = 500
        rows += [(sku, "X", str(START + 7 * week), int(n)) for week, n in enumerate(line)]
    demand = pd.DataFrame(rows, columns=["sku", "location", "date", "quantity"])
    study = Study.default(
        lead_times={"crossing": False},
        segments={"by": ["abc"]},
        simulation={"periods": 20, "replications": 8, "batches": 4},
        verdict={"replications": 8},
        optimize={"n_targets": 4},
        **sections,
    )
    return load_frames(items, demand, study=study)


def laws(found):
    return dict(zip(found.catalog.sku, found.models.world.demand.kind.tolist(), strict=True))


def test_a_law_for_the_study_a_category_a_segment_and_a_sku() -> None:
    override = [
        {"category": "tools", "law": "gamma"},
        {"segment": "A", "law": "lognormal"},
        {"sku": "A2", "law": "empirical"},
    ]
    found = data(models={"law": "poisson", "override": override})
    names = {0: "poisson"} | {int(kind): kind.name.lower() for kind in LawKind}
    segments = sl.segment(found)
    in_a = {
        sku
        for sku, code in zip(found.catalog.sku, segments.codes, strict=True)
        if segments.names[code] == "A"
    }
    assert "A1" in in_a
    assert {sku: names[kind] for sku, kind in laws(found).items()} == {
        "A1": "lognormal",
        "A2": "empirical",
        "B1": "poisson",
        "B2": "gamma",
    }
    told = dict(zip(found.catalog.sku, found.models.demand_reason, strict=True))
    assert told["A1"].endswith("(override of segment A)")
    assert told["B2"].endswith("(override of category tools)")
    assert told["A2"].endswith("(override)")


def test_preparation_for_some_items_only() -> None:
    override = [
        {"sku": "A1", "life": "first_to_last"},
        {"category": "tools", "life": "window"},
        {"segment": "A", "outliers": {"rule": "mad", "k": 6.0, "action": "clip"}},
        {"sku": "B2", "outliers": {"rule": "mad", "k": 6.0, "action": "drop"}},
    ]
    found = data(demand={"override": override})
    history = read_history(found.catalog)
    plain = read_history(data().catalog)
    lives = dict(zip(found.catalog.sku, history.n_observed.tolist(), strict=True))
    before = dict(zip(found.catalog.sku, plain.n_observed.tolist(), strict=True))
    assert (
        lives["A1"] == before["A1"] - 15
    )  # five weeks of zero rows before the first sale, ten after the last
    assert lives["A2"] == 60
    assert lives["B1"] == before["B1"]
    assert lives["B2"] == 59
    top = {sku: history.quantity[history.item == row].max() for row, sku in enumerate(found.catalog.sku)}
    assert top["A1"] < 500
    assert top["A2"] < 500
    assert top["B1"] == 500
    assert top["B2"] < 100


def test_the_run_folder_carries_the_overrides(tmp_path) -> None:
    extra = """
[models]
override = [{ segment = "fast", law = "poisson" }]
[demand]
override = [{ segment = "slow", life = "window" }]
"""
    study = write_study(tmp_path, STUDY + extra)
    ended = CliRunner().invoke(app, ["simulate", str(study), "--out", str(tmp_path / "run")])
    assert ended.exit_code == 0, ended.stderr
    resolved = json.loads((tmp_path / "run" / "resolved.json").read_text(encoding="utf-8"))
    assert resolved["models"]["override"][0]["segment"] == "fast"
    assert resolved["demand"]["override"][0]["life"] == "window"
    table = pd.read_parquet(tmp_path / "run" / "results" / "items.parquet")
    overridden = table["demand_reason"].str.contains("(override of segment fast)", regex=False)
    assert overridden.any()
    assert (table.loc[overridden, "segment"] == "fast").all()


def test_an_override_that_fits_nothing_is_refused_with_what_there_is() -> None:
    for section, override, said in (
        ("models", {"category": "toyz", "law": "poisson"}, "no SKU-location has category 'toyz'"),
        ("models", {"segment": "Z", "law": "poisson"}, "no SKU-location has segment 'Z'"),
        ("demand", {"sku": "Z9", "life": "window"}, "Z9 is not in the items table"),
        ("demand", {"category": "toys", "sku": "A2", "life": "window"}, "sku 'A2' and category 'toys'"),
    ):
        with pytest.raises(InvalidInputError, match=said) as caught:
            assert data(**{section: {"override": [override]}}).models
        assert f"{section}.override[0]" in str(caught.value)
    with pytest.raises(InvalidInputError, match="say sku, location, category or segment"):
        data(models={"override": [{"law": "poisson"}]})
    with pytest.raises(InvalidInputError, match="not known before the laws"):
        load_frames(
            pd.DataFrame({"sku": ["A"], "location": "X", "unit_cost": 1.0, "lead_time": 7.0}),
            pd.DataFrame({"sku": "A", "location": "X", "date": ["2024-01-01", "2024-02-05"], "quantity": 3}),
            study=Study.default(
                segments={"by": ["learned"], "learned": {"classes": 2, "attributes": ["unit_cost"]}},
                models={"override": [{"segment": "A", "law": "poisson"}]},
            ),
        )


def test_a_sku_without_a_past_at_an_earlier_origin_keeps_its_override() -> None:
    """Rolling origins know only part of the items; an override of the others is no mistake there."""
    from simlab.models import rolling_origins

    items = pd.DataFrame({"sku": ["OLD", "NEW"], "location": "X", "unit_cost": 1.0, "lead_time": 7.0})
    weeks = [("OLD", week) for week in range(60)] + [("NEW", week) for week in range(48, 60)]
    demand = pd.DataFrame(
        {"sku": sku, "location": "X", "date": str(START + 7 * week), "quantity": 4} for sku, week in weeks
    )
    study = Study.default(
        lead_times={"crossing": False},
        replay={"holdout": 8},
        models={"override": [{"sku": "NEW", "law": "poisson"}]},
    )
    catalog = load_frames(items, demand, study=study).catalog
    assert len({str(one.held.days[0]) for one in rolling_origins(catalog, 8)}) > 1
