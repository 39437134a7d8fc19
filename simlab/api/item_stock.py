"""What a plan's shelves must hold at most, and what lies on them at the end, SKU-location by SKU-location."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simlab.api.data import Data
from simlab.api.settings import Settings
from simlab.engine.types import Horizon, Levels
from simlab.execution import run_extremes


def item_stock(data: Data, levels: Levels, horizon: Horizon, settings: Settings) -> pd.DataFrame:
    """One row per SKU-location of a plan of one column.

    Returns
    -------
    DataFrame
        `sku`, `location`; `peak_on_hand`: mean over replications of the largest shelf stock after
        ordering and before demand in the counted periods; `end_on_hand`: mean of that at the last
        count. Units.
    """
    found = run_extremes(data.models.world, levels, horizon, workers=settings.workers)
    runs = float(horizon.replications)
    return pd.DataFrame(
        {
            "sku": list(data.catalog.sku),
            "location": list(data.catalog.location),
            "peak_on_hand": np.asarray(found.peak[:, 0] / runs),
            "end_on_hand": np.asarray(found.end[:, 0] / runs),
        }
    )
