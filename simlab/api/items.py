"""What a plan achieves for every single SKU-location, with intervals over replications."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from simlab.api.data import Data
from simlab.api.settings import Settings
from simlab.engine.types import Curves, Horizon, IntArray, Levels
from simlab.errors import InvalidInputError, Problem
from simlab.execution import Progress, run_curves
from simlab.measures import ratio_interval
from simlab.models import Models

_ITEMS_AT_ONCE = 4096
_LARGEST_SUM = 2.0**62


def achieved(
    data: Data,
    levels: Levels,
    horizon: Horizon,
    settings: Settings,
    sample: str,
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

    Notes
    -----
    Fewer than ten replications with a shortage: no normal interval but a conservative one-sided bound,
    marked in the column `conservative`. Items are simulated a few thousand at a time, so that memory
    does not grow with the catalogue.
    """
    world = data.models.world
    alone = replace(horizon, slots=horizon.replications)
    parts = []
    for first in range(0, world.n_items, _ITEMS_AT_ONCE):
        rows = np.arange(first, min(first + _ITEMS_AT_ONCE, world.n_items))
        curves = run_curves(
            world.take(rows),
            levels.take(rows),
            alone,
            workers=settings.workers,
            progress=progress,
            stage="items",
        )
        parts.append(_rows(curves, data.models, rows, horizon, settings.level))
    return pd.concat(parts, ignore_index=True).assign(sample=sample)


def _rows(curves: Curves, models: Models, rows: IntArray, horizon: Horizon, level: float) -> pd.DataFrame:
    fill = ratio_interval(curves.served[:, 0], curves.demanded, level)
    good = curves.good_receipts[:, 0].sum(axis=1)
    received = curves.receipts[:, 0].sum(axis=1)
    stock = (curves.on_hand[:, 0] + curves.on_hand_start[:, 0]).sum(axis=1)
    mean_stock = stock / (2.0 * horizon.periods * horizon.replications)
    resolution = models.costs.cost_resolution
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
        }
    )


def refuse_overflow(data: Data, plans: list[Levels], settings: Settings) -> None:
    """Refuse a study whose sums of money could leave 64 bits, before anything is simulated.

    Raises
    ------
    InvalidInputError
        Naming the worst SKU-location, and the coarser cost resolution that would do.
    """
    terms, costs = data.models.world.terms, data.models.costs
    highest = np.max([levels.order_up_to.max(axis=1) for levels in plans], axis=0).astype(np.float64)
    most = np.maximum(highest, 0) + np.maximum(terms.moq, terms.pack_size)
    if data.models.world.start is not None:
        most = np.maximum(most, data.models.world.start.on_hand) + data.models.world.start.on_order
    runs = max(settings.replications, settings.verdict_replications)
    weight = np.maximum(costs.unit_cost, costs.holding).astype(np.float64)
    largest = 2.0 * most * weight * settings.periods * runs
    worst = int(largest.argmax())
    if largest[worst] < _LARGEST_SUM:
        return
    item = f"{data.catalog.sku[worst]}@{data.catalog.location[worst]}"
    times = 10.0 ** np.ceil(np.log10(largest[worst] / _LARGEST_SUM))
    raise InvalidInputError(
        [
            Problem(
                "E-STU-041",
                f"sums of money would leave 64 bits for {item}",
                file=data.study.file,
                column=f"data.cost_resolution = {data.study.data.cost_resolution:g}",
                fix=f"count money in {data.study.data.cost_resolution * times:g}, or simulate fewer periods",
            )
        ]
    )
