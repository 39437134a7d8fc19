"""What preparation did to single periods of the histories, and what promotions and prices do: run tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from simlab.models.calendar import first_day

if TYPE_CHECKING:
    from simlab.api.data import Data


def adjustments(data: Data) -> pd.DataFrame:
    """One row per period that preparation listed, changed or dropped; empty where there is none.

    sku, location, date (first day of the period), what (outlier, stocked out, promotion, price), before and
    after (units; NaN where the period is no observation any more), value (of the difference at unit cost).
    """
    history = data.history
    if history is None or history.changes is None:
        return pd.DataFrame()
    changes, calendar = history.changes, history.calendar
    days = [first_day(int(k), calendar.period, calendar.week_starts) for k in calendar.first + changes.period]
    after = np.where(changes.after < 0, np.nan, changes.after.astype(np.float64))
    cost = data.catalog.unit_cost[changes.item] * data.study.data.cost_resolution
    return pd.DataFrame(
        {
            "sku": np.array(data.catalog.sku, dtype=object)[changes.item],
            "location": np.array(data.catalog.location, dtype=object)[changes.item],
            "date": [str(day) for day in days],
            "what": changes.what,
            "before": changes.before,
            "after": after,
            "value": np.abs(np.nan_to_num(after) - changes.before) * cost,
        }
    )


def uplift(data: Data) -> pd.DataFrame:
    """One row per driver and group: factor with its 95 % interval; empty without drivers."""
    history = data.history
    if history is None or not history.uplift:
        return pd.DataFrame()
    future = data.study.demand.uplift
    rows = [vars(one) for one in history.uplift]
    return pd.DataFrame(rows).assign(future=str(future.future) if future is not None else "")
