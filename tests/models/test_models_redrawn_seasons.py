"""Parameters drawn again where demand has a season."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from simlab.api.data import load_frames
from simlab.study import Study

N, WEEKS = 6, 104
START = np.datetime64("2022-01-03")


def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Six items of one category whose weeks swing by half over a cycle of 13."""
    rng = np.random.default_rng(8)
    swing = 1 + 0.5 * np.sin(2 * np.pi * np.arange(WEEKS) / 13)
    names = [f"P{k}" for k in range(N)]
    items = pd.DataFrame({"sku": names, "location": "E", "unit_cost": 5.0, "lead_time": 14.0, "category": "a"})
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
