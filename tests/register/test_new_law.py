"""A stranger adds a demand law by three files: the recipe of CONTRIBUTING, followed to the letter."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats
from worlds.recipes import copy_with, python

PROGRAM = """
import json
import numpy as np
import pandas as pd
import simlab as sl
from simlab import api
from simlab.engine.laws.pmfs import pmf_of
from simlab.models import fit
from simlab.report.plan.page import _LAW_TITLES
from simlab.study import Study

rng = np.random.default_rng(5)
quantity = rng.poisson(6.0, 104) * (rng.random(104) < 0.5)
dates = pd.date_range("2022-01-03", periods=104, freq="7D")
demand = pd.DataFrame({"sku": "b", "location": "X", "date": dates, "quantity": quantity})
items = pd.DataFrame({"sku": ["a", "b"], "location": "X", "unit_cost": 5.0, "lead_time": 7, "pack_size": 1,
    "demand_law": ["zero_inflated_poisson", None],
    "demand_mean": [3.0, None], "demand_variance": [12.0, None]})
candidates = ["poisson", "negative_binomial", "intermittent", "empirical", "zero_inflated_poisson"]

def data(**models):
    study = Study.default(period="week", models=models, policy={"review_period": 7},
        simulation={"periods": 8, "replications": 2, "batches": 2})
    return api.load_frames(items, demand[demand.quantity > 0], study=study)

auto = fit(data(candidates=candidates).catalog)
named = data(law="zero_inflated_poisson")
first, shares = pmf_of(auto.world.demand, 0)
policy = sl.Policy.from_targets(sl.segment(named, by="all"), fill_rate={"all": 0.9})
simulation = sl.simulate(named, policy)
said = {
    "first": first, "shares": shares.tolist(), "reasons": list(auto.demand_reason),
    "named": list(fit(named.catalog).demand_reason), "title": _LAW_TITLES["zero_inflated_poisson"],
    "fill_rate": float(simulation.to_frame()["fill_rate"].iloc[-1]),
}
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    return copy_with("A demand law of one period", folder=tmp_path_factory.mktemp("copy"))


def test_three_files_are_touched(copy):
    assert copy[1] == [
        "simlab/engine/laws/weights.py",
        "simlab/models/demand/scoring/scores.py",
        "simlab/register/laws.py",
    ]


def test_the_recipe_alone_makes_the_law(copy):
    """Given in items, compared by auto, named by a study, drawn, simulated, named on the page."""
    said = json.loads(python(copy[0], PROGRAM).splitlines()[-1])
    n = np.arange(len(said["shares"]))
    exact = 0.5 * stats.poisson(6.0).pmf(n) + 0.5 * (n == 0)  # mean 3, variance 12
    assert said["first"] == 0
    assert np.abs(np.array(said["shares"]) - exact).max() < 1e-8
    assert said["reasons"][0] == "given in items: zero inflated poisson"
    assert "zero inflated poisson -" in said["reasons"][1]
    assert said["reasons"][1].endswith("→ zero inflated poisson")
    assert said["named"][1].endswith('→ zero inflated poisson (law = "zero_inflated_poisson")')
    assert 0.5 < said["fill_rate"] <= 1.0
    assert said["title"] == "Zero-inflated Poisson"
