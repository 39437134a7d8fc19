"""`results/world.parquet`: what the simulator drew from, so that a run can be computed again without it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from simlab.api.data.data import Data
from simlab.api.output.plan_csv import today_of
from simlab.api.settings import Settings
from simlab.arrays import IntArray
from simlab.engine.world.levels import Levels
from simlab.execution import Horizon
from simlab.selfcheck.plain_items import not_plain, other_levels, plain_items, to_text

MOST = 5_000
"""SKU-locations kept; of more a sample drawn by the study's seed, so that a run folder stays small."""


def world_frame(data: Data, levels: Levels, horizon: Horizon, settings: Settings) -> pd.DataFrame:
    """SKU-locations with their demand, lead times, terms and the plan's levels in whole numbers.

    Columns: sku, location; `item`, the SKU-location as the plain simulator takes it (JSON; empty where
    `left_out` says why it is not asked); `now`, what of it differs under today's levels (JSON; empty where
    these are not known); `unit_cost` and `holding` as the sums count them; `parts` of a unit that quantities
    are counted in.
    """
    rows = _kept(data.catalog.n_items, settings.seed)
    world, chosen = data.models.world.take(rows), levels.take(rows)
    reasons = not_plain(world, chosen)
    plain = np.array([row for row in range(rows.size) if row not in reasons], dtype=np.int64)
    texts = dict.fromkeys(range(rows.size), "")
    if plain.size:
        found = plain_items(world.take(plain), chosen.take(plain), horizon)
        texts |= {int(row): to_text(item) for row, item in zip(plain, found, strict=True)}
    today, known = today_of(data)
    now = dict.fromkeys(range(rows.size), "")
    told = plain[known[rows[plain]]]
    if told.size and levels.offset is None:
        differs = other_levels(world.take(told), today.take(rows[told]), horizon)
        now |= {int(row): json.dumps(one) for row, one in zip(told, differs, strict=True)}
    costs = data.models.costs
    return pd.DataFrame(
        {
            "sku": np.asarray(data.catalog.sku, dtype=object)[rows],
            "location": np.asarray(data.catalog.location, dtype=object)[rows],
            "item": [texts[row] for row in range(rows.size)],
            "now": [now[row] for row in range(rows.size)],
            "left_out": [reasons.get(row, "") for row in range(rows.size)],
            "unit_cost": costs.unit_cost[rows],
            "holding": costs.holding[rows],
            "parts": np.asarray(data.catalog.parts)[rows],
        }
    )


def world_facts(data: Data, horizon: Horizon, settings: Settings, sample: str) -> dict[str, Any]:
    """What else the plain simulator needs, for the manifest."""
    horizon = replace(horizon, slots=1)
    return {
        "sample": sample,
        "seed": horizon.seed,
        "periods": horizon.periods,
        "warmup": horizon.warmup,
        "replications": horizon.replications,
        "exposure": horizon.exposure,
        "parts": settings.parts,
        "cost_resolution": data.models.costs.cost_resolution,
        "periods_per_year": data.study.periods_per_year,
    }


def _kept(n: int, seed: int) -> IntArray:
    if n <= MOST:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, MOST, replace=False))
