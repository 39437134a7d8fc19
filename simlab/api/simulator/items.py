"""What a plan achieves for every single SKU-location, with intervals over replications."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from simlab.api.data.data import Data
from simlab.api.settings import Settings
from simlab.arrays import IntArray
from simlab.engine.world.curves import Curves
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon
from simlab.execution import Progress, run_curves, run_extremes, take_items
from simlab.measures import ratio_interval
from simlab.models import Models

_ITEMS_AT_ONCE = 4096


def achieved(
    data: Data,
    levels: Levels,
    horizon: Horizon,
    settings: Settings,
    sample: str,
    kept: Curves | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """One row per SKU-location: fill rate with its interval, cycle service, stock and its cost.

    Parameters
    ----------
    data : Data
    levels : Levels
        (n, 1) levels of the plan.
    horizon : Horizon
        Of the sample; every replication is kept apart.
    settings : Settings
        Level of the intervals, workers.
    sample : str
        ``verdict`` or ``search``: which randomness the figures come from, kept as a column.
    kept : Curves, optional
        Of a run of these levels that kept every replication; else they are simulated here.

    Notes
    -----
    Fewer than ten replications with a shortage: no normal interval but a conservative one-sided bound,
    marked in the column `conservative`. The integer sums that all is made of (`sum_…`, over counted periods
    and replications; stock at the count plus after ordering) stand beside it. Items are simulated a few
    thousand at a time, so that memory does not grow with the catalogue.
    """
    world = data.models.world
    alone = replace(horizon, slots=horizon.replications)
    parts = []
    for first in range(0, world.n_items, _ITEMS_AT_ONCE):
        rows = np.arange(first, min(first + _ITEMS_AT_ONCE, world.n_items))
        curves = (
            run_curves(
                world.take(rows),
                levels.take(rows),
                alone,
                workers=settings.workers,
                progress=progress,
                stage="items",
            )
            if kept is None
            else take_items(kept, rows)
        )
        frame = _rows(curves, data.models, rows, horizon, settings)
        parts.append(frame.assign(mean_on_hand=frame["mean_on_hand"] / data.catalog.parts[rows]))
    return pd.concat(parts, ignore_index=True).assign(sample=sample)


def _rows(
    curves: Curves, models: Models, rows: IntArray, horizon: Horizon, settings: Settings
) -> pd.DataFrame:
    fill = ratio_interval(curves.served[:, 0], curves.demanded, settings.level)
    good = curves.good_receipts[:, 0].sum(axis=1)
    received = curves.receipts[:, 0].sum(axis=1)
    stock = (curves.on_hand[:, 0] + curves.on_hand_start[:, 0]).sum(axis=1)
    demanded = curves.demanded.reshape(rows.size, -1).sum(axis=1)
    mean_stock = stock / (2.0 * horizon.exposure * settings.parts * horizon.replications)
    resolution = models.costs.cost_resolution
    years = horizon.exposure * horizon.replications / models.periods_per_year
    with np.errstate(divide="ignore", invalid="ignore"):
        cycle = np.where(received > 0, good / received, np.nan)
    return pd.DataFrame(
        {
            "fill_rate": fill.value,
            "fill_rate_low": fill.low,
            "fill_rate_high": fill.high,
            "conservative": fill.conservative,
            "cycle_service_level": cycle,
            "mean_on_hand": mean_stock,
            "inventory_value": mean_stock * models.costs.unit_cost[rows] * resolution,
            "holding_cost": mean_stock * models.costs.holding[rows] * resolution / 100,
            "sum_demanded": demanded,
            "sum_served": curves.served[:, 0].sum(axis=1),
            "sum_stock": stock,
            "sum_receipts": received,
            "sum_good_receipts": good,
            "orders_per_year": curves.orders[:, 0].sum(axis=1) / years,
        }
    )


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
    runs = float(horizon.replications) * data.catalog.parts
    return pd.DataFrame(
        {
            "sku": list(data.catalog.sku),
            "location": list(data.catalog.location),
            "peak_on_hand": np.asarray(found.peak[:, 0] / runs),
            "end_on_hand": np.asarray(found.end[:, 0] / runs),
        }
    )
