"""Small catalogues for the gate: base-stock items whose fill rates are known exactly."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import simlab as sl
from simlab.api import Data

STUDY = {
    "study": {"period": "week", "currency": "EUR", "name": "small", "as_of": "2026-01-04"},
    "policy": {"review_period": 7},
    "simulation": {"periods": 26, "replications": 20, "batches": 4},
}


def base_stock_data(n: int, now: list[int], mean: float = 3.0, **columns: Any) -> Data:
    """n items of one Poisson law, weekly reviews, lead time a week; today's levels as given."""
    items = pd.DataFrame(
        {
            "sku": [f"s{row:03d}" for row in range(n)],
            "location": "EAST",
            "unit_cost": 10.0,
            "demand_law": "poisson",
            "demand_mean": mean,
            "lead_time": 7,
            "current_order_up_to": now,
            **columns,
        }
    )
    options = {**STUDY}
    return sl.load_frames(items, study=options)


def plan_file(folder: Path, data: Data, up_to: list[int], name: str = "plan.csv", **columns: Any) -> Path:
    """A plan as CSV."""
    frame = pd.DataFrame(
        {
            "sku": list(data.catalog.sku),
            "location": list(data.catalog.location),
            "order_up_to": up_to,
            **columns,
        }
    )
    path = folder / name
    frame.to_csv(path, index=False)
    return path


def poisson_fill(level: int, mean: float, protection: int) -> float:
    """Fill rate of (R,S) with R = 1, backorders: the demand of L periods is met, then one more (exact)."""
    most = int(mean * (protection + 1) * 4 + 60)
    before = _pmf(mean * (protection - 1), most)
    served = 0.0
    for used, p in enumerate(before):
        left = max(level - used, 0)
        one = _pmf(mean, most)
        served += p * float(np.minimum(np.arange(one.size), left) @ one)
    return served / mean


def _pmf(mean: float, most: int) -> np.ndarray:
    out = np.empty(most + 1)
    out[0] = np.exp(-mean)
    for k in range(1, most + 1):
        out[k] = out[k - 1] * mean / k
    return out
