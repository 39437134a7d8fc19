"""Fitting thousands of histories, prepared in memory: laws chosen by score, and their diagnosis."""

from __future__ import annotations

import time

import numpy as np
import pytest

from simlab.catalog import Catalog
from simlab.catalog.catalog import DemandTable
from simlab.catalog.quality import Quality
from simlab.models import diagnose, fit, read_history
from simlab.study import Study


def catalogue(n: int, dates: np.ndarray, period: str) -> Catalog:
    """Overdispersed demand of n items, about two thirds of the days without any."""
    rng = np.random.default_rng(1)
    rate = np.exp(rng.normal(-1, 1.2, n))
    items, places, quantities = [], [], []
    for begin in range(0, n, 2000):
        rows = min(2000, n - begin)
        drawn = rng.poisson(rng.gamma(0.8, 1.25, (rows, dates.size)) * rate[begin : begin + rows, None])
        row, at = np.nonzero(drawn)
        items.append(row + begin)
        places.append(at)
        quantities.append(drawn[row, at])
    demand = DemandTable(np.concatenate(items), dates[np.concatenate(places)], np.concatenate(quantities))
    options = {"demand": {"life": "window"}, "lead_times": {"crossing": False}}
    study = Study.default(period=period, as_of=str(dates[-1]), **options)
    category = np.array([f"c{k % 10}" for k in range(n)], dtype=object)
    ids = tuple(f"S{k}" for k in range(n))
    cost, lead = np.full(n, 10_000), {"lead_time": np.full(n, 14.0)}
    return Catalog(
        study, ids, ("X",) * n, cost, lead, {"category": category}, demand, None, Quality((), {}), {}
    )


@pytest.mark.bench
@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "period", "n_periods", "seconds"), [(30_000, "day", 730, 60.0), (5_000, "month", 84, 10.0)]
)
def test_fitting_is_quick(n: int, period: str, n_periods: int, seconds: float) -> None:
    """Two years of days of 30,000 items in under a minute, seven years of months of 5,000 in ten seconds."""
    months = np.arange(np.datetime64("2016-01"), np.datetime64("2016-01") + n_periods)
    days = np.arange(np.datetime64("2023-01-01"), np.datetime64("2023-01-01") + n_periods)
    data = catalogue(n, days if period == "day" else months.astype("datetime64[D]"), period)
    start = time.perf_counter()
    models = fit(data)
    diagnose(read_history(data))
    assert time.perf_counter() - start < seconds
    assert models.n_observed.min() == n_periods
