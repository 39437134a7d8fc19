"""Parameters drawn again where demand has a season."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.api.data.data import load_frames
from simlab.engine.world.demand_law import LawKind
from simlab.study import Study

N, WEEKS = 6, 104
START = np.datetime64("2022-01-03")


def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Six items of one category whose weeks swing by half over a cycle of 13."""
    rng = np.random.default_rng(8)
    swing = 1 + 0.5 * np.sin(2 * np.pi * np.arange(WEEKS) / 13)
    names = [f"P{k}" for k in range(N)]
    items = pd.DataFrame(
        {"sku": names, "location": "E", "unit_cost": 5.0, "lead_time": 14.0, "category": "a"}
    )
    rows = [
        (name, "E", str(START + 7 * week), units)
        for name in names
        for week, units in enumerate(rng.poisson(9 * swing))
    ]
    return items, pd.DataFrame(rows, columns=["sku", "location", "date", "quantity"])


@pytest.mark.parametrize("law", ["empirical", "negative_binomial"])
def test_a_season_does_not_make_the_mean_surer(law: str) -> None:
    """Means drawn again spread like σ/√n of the demand without its season, n the periods behind the law."""
    models = {
        "law": law,
        "parameter_uncertainty": True,
        "seasonality": {"profile_by": "category", "cycle": 13},
    }
    study = Study.default(
        period="week", demand={"life": "window"}, lead_times={"law": "fixed"}, models=models
    )
    items, sales = frames()
    found = load_frames(items, sales, study=study).models
    world = found.world
    assert world.demand.seasons is not None
    drawn = np.array([found.redraws.draw(world, number).demand.mean for number in range(200)])
    expected = np.sqrt(world.demand.variance / WEEKS)
    assert drawn.std(axis=0) == pytest.approx(expected, rel=0.2)
    assert drawn.mean(axis=0) == pytest.approx(world.demand.mean, rel=0.02)


def test_a_lognormal_too_wide_for_a_table_is_the_history_itself() -> None:
    """One sale of 9,000 in 60 weeks: a lognormal law of that mean and variance cannot be drawn."""
    items = pd.DataFrame({"sku": ["A", "B", "C"], "location": "E", "unit_cost": 5.0, "lead_time": 21.0})
    lines = {"A": [9000] + [0] * 59, "B": [0] * 60, "C": [3, 4, 5] * 20}
    rows = [
        (sku, "E", str(START + 7 * week), n) for sku, line in lines.items() for week, n in enumerate(line)
    ]
    sales = pd.DataFrame(rows, columns=["sku", "location", "date", "quantity"])
    study = Study.default(
        period="week",
        demand={"life": "window", "no_history": "zero"},
        lead_times={"law": "fixed"},
        models={"law": "lognormal", "parameter_uncertainty": True},
        simulation={"replications": 8, "batches": 4, "periods": 26},
    )
    data = load_frames(items, sales, study=study)
    assert data.models.world.demand.kind.tolist() == [LawKind.EMPIRICAL, LawKind.EMPIRICAL, LawKind.LOGNORMAL]
    assert "too wide" in data.models.demand_reason[0]
    segments = sl.segment(data)
    found = sl.simulate(data, sl.Policy.from_targets(segments, fill_rate=dict.fromkeys(segments.names, 0.9)))
    assert found.planned.levels.order_up_to[0, 0] > 8000
