"""Demand without season, trend, rhythm or closed days: how often is one of them claimed all the same?"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

import simlab as sl
from simlab.api.remarks.remarks import remarks

FIRST = {"day": "2023-01-02", "week": "2021-01-04", "month": "2019-01-01"}
LENGTHS = {"day": (364, 728), "week": (104, 156, 260), "month": (36, 60)}
MEANS, SIZES, REPEATS = (0.05, 0.3, 1.0, 5.0, 50.0), (3, 12, 40), 6
LIMITS = {
    "season": 0.05,  # Benjamini and Hochberg's share in `common_season`
    "silent": 0.01,
    "days without any row": 0.01,
    "last period": 0.01,
    "memory": 0.05,
}
"""Most catalogues, of demand that is alike at all times, in which each is claimed, as its test says."""
RHYTHM = 0.01
"""Most items that are taken for regular: `regular` tests each alone."""


def still(rng: np.random.Generator, period: str, n: int, mean: float, length: int, *, wide: bool) -> sl.Data:
    """Poisson or negative binomial demand of `n` SKUs, the same law in every period."""
    level = mean * np.exp(rng.normal(0, 0.5, (n, 1)))
    if wide:
        size = np.maximum(level / 1.5, 0.05)
        demand = rng.negative_binomial(size, size / (size + level), (n, length))
    else:
        demand = rng.poisson(level, (n, length))
    step = {"day": "D", "week": "W-MON", "month": "MS"}[period]
    dates = pd.date_range(FIRST[period], periods=length, freq=step).strftime("%Y-%m-%d").to_numpy()
    sku, at = np.nonzero(demand)
    names = np.array([f"S{k}" for k in range(n)])
    items = pd.DataFrame({"sku": names, "location": "X", "unit_cost": 10.0, "lead_time": 14})
    rows = {"sku": names[sku], "location": "X", "date": dates[at], "quantity": demand[sku, at]}
    return sl.load_frames(items, pd.DataFrame(rows), study={"study": {"period": period}})


def claims(data: sl.Data) -> set[str]:
    """What is claimed of a catalogue."""
    told = remarks(data, None)
    found = {one.key for one in told} & {"season", "silent", "last period"}
    found |= {"days without any row" for one in told if one.look and "without any row" in one.text}
    memory = data.models.memory
    return found | ({"memory"} if memory is not None and np.isfinite(memory.half_life).any() else set())


@pytest.mark.slow
@pytest.mark.parametrize("period", FIRST)
def test_still_demand_seldom_shows_what_is_not_there(period: str) -> None:
    """Over means of 0.05 to 50 and 3 to 40 SKUs, in no part of them more often than is said, by chance."""
    seen: Counter[tuple[str, object]] = Counter()
    asked: Counter[object] = Counter()
    regular = items = 0
    rng = np.random.default_rng(len(period))
    for length in LENGTHS[period]:
        for mean in MEANS:
            for n in SIZES:
                for repeat in range(REPEATS):
                    data = still(rng, period, n, mean, length, wide=repeat % 2 == 0)
                    cells = ("all", ("mean", mean), ("SKUs", n), ("periods", length))
                    asked.update(cells)
                    rhythm = data.models.world.demand.has_rhythm
                    regular, items = regular + int(rhythm.sum()), items + rhythm.size
                    seen.update((claim, cell) for claim in claims(data) for cell in cells)
    beyond = {
        (claim, cell): (count, asked[cell])
        for (claim, cell), count in seen.items()
        if binom.sf(count - 1, asked[cell], LIMITS[claim]) < 0.001
    }
    assert not beyond
    assert binom.sf(regular - 1, items, RHYTHM) > 0.001
