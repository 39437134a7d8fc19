"""A stranger adds a policy family by two files: the recipe of CONTRIBUTING, followed to the letter."""

from __future__ import annotations

import json

import pytest
from worlds.recipes import copy_with, python

PROGRAM = """
import json
import numpy as np
import pandas as pd
import simlab as sl
from simlab import api
from simlab.policies import plan
from simlab.register.families import family_named
from simlab.study import Study

items = pd.DataFrame({"sku": ["a", "b"], "location": "X", "unit_cost": 5.0, "lead_time": 14,
    "pack_size": [1, 5], "demand_law": "poisson", "demand_mean": [3.0, 4.0]})
study = Study.default(period="week", policy={"review_period": 7, "family": "four_weeks"},
    simulation={"periods": 52, "replications": 2, "batches": 2})
dates = pd.date_range("2024-01-01", periods=8, freq="7D")
demand = pd.DataFrame({"sku": "a", "location": "X", "date": dates, "quantity": 3})
data = api.load_frames(items, demand, study=study)
segments = sl.segment(data, by="all")
policy = sl.Policy.from_targets(segments, fill_rate={"all": 0.9})
simulation = sl.simulate(data, policy)
usual, own = (plan(data.models, [0.9], family=name) for name in ("order_up_to", "four_weeks"))
print(json.dumps({
    "quantity": own.levels.order_quantity[:, 0].tolist(),
    "lots": (own.levels.order_up_to - own.levels.reorder_point)[:, 0].tolist(),
    "point": own.levels.reorder_point[:, 0].tolist(), "base": usual.levels.order_up_to[:, 0].tolist(),
    "fill_rate": float(simulation.to_frame()["fill_rate"].iloc[-1]),
    "text": family_named("four_weeks").text,
}))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    return copy_with("A policy family", folder=tmp_path_factory.mktemp("copy"))


def test_two_files_are_touched(copy):
    assert copy[1] == ["simlab/policies/quantities.py", "simlab/register/families.py"]


def test_the_recipe_alone_makes_the_family(copy):
    """Named by a study, planned in lots of its own, simulated; 12 and 16 units, the latter in three packs."""
    said = json.loads(python(copy[0], PROGRAM).splitlines()[-1])
    assert said["quantity"] == [12, 15]
    assert said["lots"] == said["quantity"]
    assert all(point < base for point, base in zip(said["point"], said["base"], strict=True))
    assert 0.8 < said["fill_rate"] <= 1.0
    assert said["text"] == "(R,s,nQ) with Q = four weeks of mean demand"
