"""The sample of SKU-locations looked at closely: what a run keeps of them is what happened to them."""

import numpy as np
import pandas as pd
import pytest
from worlds.study import write_study

from simlab import api
from simlab.api.output.samples import sample_of
from simlab.run import RunFolder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    return RunFolder.open(api.run_simulate(write_study(folder), out=folder / "run").folder)


def test_a_path_is_that_of_trace_and_a_history_is_what_was_sold(run):
    paths = run.read_table("sample_path")
    sku, location = paths["sku"].iloc[0], paths["location"].iloc[0]
    own = paths[(paths["sku"] == sku) & (paths["location"] == location)]
    followed = api.trace(run.path, f"{sku}@{location}").to_frame()
    counted = followed[followed["counted"]]
    assert own["stock"].tolist() == counted["on_hand"].tolist()
    sold = run.read_table("sample_history").groupby(["sku", "location"])["units"].sum()
    items = run.read_table("items").set_index(["sku", "location"])
    expected = (items["mean_demand"] * items["n_observed"]).loc[sold.index]
    assert np.corrcoef(sold, expected)[0, 1] > 0.9
    bars = run.read_table("sample_law").groupby(["sku", "location"])["seen"].sum()
    assert (bars == items["n_observed"].loc[bars.index]).all()


def test_the_sample_has_what_changes_most_and_is_no_longer_than_said():
    n = 6_000
    items = pd.DataFrame({"inventory_value": 1.0, "fill_rate": 0.9, "annual_value": np.arange(n)})
    plan = pd.DataFrame({"inventory_value_change": np.zeros(n)})
    plan.loc[4_321, "inventory_value_change"] = -50.0
    found = sample_of(items, plan)
    assert found[0] == 4_321
    assert len(found) == len(set(found)) <= 60
    assert n - 1 in found
