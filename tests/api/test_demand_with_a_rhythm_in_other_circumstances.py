"""Items with a rhythm: scenarios scale their sizes, an audit takes single periods, both say so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from worlds.places import TESTS

import simlab as sl
from simlab.api.requirements.refusals import check_scenarios
from simlab.engine.recorder.ledger import demand_paths
from simlab.engine.world.world import Horizon
from simlab.errors import InvalidInputError
from simlab.verdict.stress import Change, changed

FOUND = TESTS / "found" / "regular-large-order"


@pytest.fixture(scope="module")
def data() -> sl.Data:
    """300 units every 30th day beside an item of Poisson demand."""
    items, demand = (pd.read_csv(FOUND / f"{name}.csv") for name in ("items", "demand"))
    days = pd.date_range(demand["date"].min(), demand["date"].max())
    sold = np.random.default_rng(1).poisson(3.0, days.size)
    other = pd.DataFrame({"date": days.strftime("%Y-%m-%d"), "quantity": sold})
    other = other.assign(sku="steady", location=demand["location"].iloc[0])
    both = pd.concat([items, items.assign(sku="steady")], ignore_index=True)
    study = {
        "study": {"period": "day"},
        "segments": {"by": ["segment"]},
        "demand": {"grain": "day"},
        "policy": {"review_period": 1, "targets": {"all": 0.95}},
        "simulation": {"replications": 20, "periods": 120, "batches": 10},
        "verdict": {"replications": 20},
        "optimize": {"n_targets": 4, "fill_rate": 0.9},
        "scenarios": {"busy": {"demand": 1.5}, "wild": {"variance": 2.0}},
    }
    both["segment"] = "all"
    return sl.load_frames(both, pd.concat([demand, other], ignore_index=True), study=study)


def test_the_regular_item_is_found_among_others(data: sl.Data) -> None:
    assert data.models.world.demand.has_rhythm.tolist() == [True, False]


@pytest.mark.parametrize(("change", "most"), [(Change(demand=1.5), 450), (Change(variance=2.0), 300)])
def test_orders_keep_their_intervals_and_have_other_sizes(data: sl.Data, change: Change, most: int) -> None:
    world = changed(data.models.world, change)
    paths = demand_paths(world, Horizon(300, 0, 4, 4, seed=3))[0]
    assert set(np.unique(paths)) == {0, most}
    assert (np.diff(np.flatnonzero(paths[0])) == 30).all()
    assert world.demand.mean[0] == pytest.approx(most / 30, rel=0.01)
    assert world.demand.mean[1] == pytest.approx(data.models.world.demand.mean[1] * change.demand)


def test_scenarios_and_audits_say_what_they_did_with_it(data: sl.Data) -> None:
    opt = sl.optimize(data, sl.segment(data), fill_rate=0.9)
    assert "1 SKU-locations with a rhythm keep their spread in scenario wild" in opt.finance.stress.notes
    found = sl.audit(data)
    said = "1 SKU-locations with a rhythm are audited with the law of their single periods"
    assert said in found.statements
    assert np.isfinite(found.to_frame().select_dtypes("number").to_numpy()).any()


def test_other_laws_of_series_stay_refused(data: sl.Data) -> None:
    law = data.models.world.demand
    law = replace(law, past=replace(law.past, block=np.full(2, 3)))
    other = data.with_models(replace(data.models, world=replace(data.models.world, demand=law)))
    with pytest.raises(InvalidInputError, match="formulas of independent periods"):
        sl.audit(other)
    with pytest.raises(InvalidInputError, match="cannot be scaled"):
        check_scenarios(other)
