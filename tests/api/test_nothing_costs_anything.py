"""Samples and consignment stock, all of cost 0: a plan is made and drawn; what needs a cost says so."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest

import simlab as sl
from simlab import api
from simlab.errors import InvalidInputError
from simlab.report.plan.decision.buys import buys_chart

ITEMS = pd.DataFrame(
    {
        "sku": ["A", "B"],
        "location": "X",
        "unit_cost": [0.0, 0.0],
        "lead_time": 14.0,
        "review_period": 7.0,
        "demand_law": "poisson",
        "demand_mean": [3.0, 5.0],
    }
)


def study(folder):
    ITEMS.to_csv(folder / "items.csv", index=False)
    text = (
        'schema = 2\n[study]\nname = "free"\nperiod = "week"\n[data.items]\npath = "items.csv"\n'
        "[simulation]\nreplications = 20\nperiods = 26\n[verdict]\nreplications = 20\n[run]\nworkers = 1\n"
    )
    (folder / "study.toml").write_text(text)
    return folder / "study.toml"


def test_the_curve_of_plans_that_cost_nothing_has_an_axis_all_the_same():
    decision = pd.DataFrame(
        {
            "measure": ["inventory_value", "served_units"],
            "today": [0.0, 0.98],
            "same_service": [0.0, 0.98],
            "proposed": [0.0, 0.99],
        }
    )
    kinds = ["segmented", "segmented", "uniform"]
    rates = {"inventory_value_verdict": [0.0, 0.0, 0.0], "service_verdict": [0.97, 0.99, 0.98]}
    tables = SimpleNamespace(
        decision=decision,
        frontier=pd.DataFrame({"kind": kinds, **rates}),
        manifest={"decision": {"row": "served_units", "weight": "units"}},
        currency="EUR",
        compared={"today": "Today", "same_service": "Same service", "proposed": "Proposed"},
        table=lambda name: None,
    )
    spec = buys_chart(tables).chart.to_dict()
    assert '"domain": [0.0, 1.0]' in json.dumps(spec)


@pytest.mark.slow
def test_the_page_of_a_plan_that_costs_nothing_is_drawn(tmp_path):
    done = api.run_optimize(study(tmp_path), out=tmp_path / "run")
    assert not done.faults
    assert (tmp_path / "run" / "report.html").stat().st_size > 100_000


def test_schemes_and_policies_cannot_be_compared_by_costs_of_nothing():
    data = sl.load_frames(ITEMS, study={"study": {"period": "week"}})
    for compare in (sl.compare, sl.compare_policies):
        with pytest.raises(InvalidInputError, match="E-OPT-041") as refused:
            compare(data)
        assert "fill unit_cost in items" in str(refused.value)
