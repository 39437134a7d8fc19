"""Levels that follow a forecast are counted when they have forgotten the mean that they began at.

A pilot run of slow movers does not see that drift: cut by MSER alone, stock was 0.2 to 2 % low.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.engine.world.levels import ForecastMethod
from simlab.execution.warmup import forgetting


def simulated(method: str, mean: float, options: dict, warmup: int | None = None, replications: int = 600):
    """Twelve items of this mean a day, stock of a year."""
    items = pd.DataFrame(
        {
            "sku": [f"S{k:02d}" for k in range(12)],
            "location": "X",
            "unit_cost": 1.0,
            "lead_time": 10.0,
            "demand_law": "negative_binomial",
            "demand_mean": mean,
            "demand_variance": 1.5 * mean,
        }
    )
    forecast = {"method": method, **options}
    said = {} if warmup is None else {"warmup": warmup}
    study = {
        "study": {"period": "day"},
        "lead_times": {"law": "fixed"},
        "simulation": {"periods": 364, "replications": replications, **said},
        "policy": {"review_period": 7.0, "family": "forecast", "planning": "normal", "forecast": forecast},
        "run": {"workers": 1},
    }
    data = sl.load_frames(items, study=study)
    segments = sl.segment(data, by="all")
    policy = sl.Policy.from_targets(
        segments, cycle_service_level={"all": 0.95}, family="forecast", planning="normal", forecast=forecast
    )
    return sl.simulate(data, policy)


def test_the_warm_up_is_as_long_as_the_start_is_remembered() -> None:
    """ln(0.01) ÷ ln(0.95) = 90 periods of the mean, 17 to protect, 44 of the error, and what stock lasts."""
    fast = simulated("ses", 5.0, {"alpha": 0.05}, replications=4)
    levels = fast.planned.levels
    safety = float(levels.order_up_to[0, 0]) - 5.0 * 17
    assert forgetting(levels, 364) == int(np.ceil(89.78 + 17 + 43.71 + 3 * safety / 5.0))
    assert fast.warmup >= forgetting(levels, 364)
    assert forgetting(replace(levels, forecast=None), 364) == 0
    n = len(levels.order_up_to)
    rare = replace(levels.forecast, method=np.full(n, ForecastMethod.CROSTON), share=np.full(n, 0.01))
    assert forgetting(replace(levels, forecast=rare), 364) == 4 * 364  # sizes learn every hundred days


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("ses", {"alpha": 0.05}),
        ("croston", {"alpha": 0.1}),
        ("sba", {"alpha": 0.1}),
        ("tsb", {"alpha": 0.1, "beta": 0.02}),
        ("ma", {"window": 60}),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_slow_movers_hold_the_stock_of_the_long_run(method, options) -> None:
    """0.05 a day: within 3 standard errors, and 1 %, of a run that begins to count after 3,000 days."""
    cut, long = (simulated(method, 0.05, options, warmup).total.inventory_value for warmup in (None, 3000))
    gap = abs(cut.value / long.value - 1)
    error = np.hypot(cut.high - cut.low, long.high - long.low) / (2 * 1.96) / long.value
    assert gap < min(3 * error, 0.01)
