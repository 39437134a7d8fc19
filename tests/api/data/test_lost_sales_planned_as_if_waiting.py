"""Formulas that know no lost sales say so on the first screen; simulated planning has nothing to say."""

from __future__ import annotations

import pandas as pd
import pytest

import simlab as sl
from simlab.api.data.assumptions import as_if_waiting
from simlab.api.output.statements import simulate_statements

ITEMS = pd.DataFrame({"sku": ["A", "B"], "location": "W", "unit_cost": 2.0, "lead_time": 14}).assign(
    demand_law="poisson", demand_mean=[3.0, 5.0], unmet=["lost", "backorder"]
)


def data(**policy: object) -> sl.Data:
    study = {"study": {"period": "week"}, "policy": {"review_period": 7, **policy}}
    return sl.load_frames(ITEMS, study={**study, "segments": {"by": "all"}})


@pytest.mark.parametrize("planning", ["normal", "exact"])
def test_the_first_screen_says_which_levels_are_planned_as_if_all_waited(planning) -> None:
    found = data(planning=planning)
    policy = sl.Policy.from_targets(sl.segment(found), fill_rate={"all": 0.9}, planning=planning)
    said = " ".join(simulate_statements(sl.simulate(found, policy, replications=20)))
    expected = '1 of 2 SKU-locations can lose demand, and policy.planning = "normal" plans as if all'
    assert (expected in said) == (planning == "normal")


def test_levels_given_and_demand_that_waits_have_nothing_to_say() -> None:
    assert as_if_waiting(data(), "exact") == []
    assert "optimal" in as_if_waiting(data(family="reorder_up_to", planning="optimal"), "optimal")[0]
    waiting = sl.load_frames(ITEMS.drop(columns="unmet"), study={"study": {"period": "week"}})
    assert as_if_waiting(waiting, "normal") == []
