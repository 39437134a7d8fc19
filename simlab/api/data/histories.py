"""What the histories look like, as columns of the items table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simlab.api.data.data import Data
from simlab.catalog.calendar.periods import first_day
from simlab.models import diagnose, rootogram, variance_ratio
from simlab.models.demand.renewal import law_names
from simlab.verdict.replay.origins import horizons

_WORST = 10
_COLUMNS = (
    "demand_class",
    "stage",
    "interval",
    "size_cv2",
    "trend",
    "has_trend",
    "season",
    "has_season",
    "autocorrelation",
    "has_autocorrelation",
)


def diagnosis_columns(data: Data) -> pd.DataFrame:
    """One row per SKU-location: class, stage, trend, season, autocorrelation, scores; empty without history.

    `variance_ratio` says how much sums over R + L vary against independent periods; `score_…` are the
    out-of-sample scores that chose the law.
    """
    history = data.history
    if history is None:
        return pd.DataFrame(index=range(data.catalog.n_items))
    found = diagnose(history)
    columns = {name: getattr(found, name) for name in _COLUMNS}
    columns["variance_ratio"] = variance_ratio(history, horizons(data.models))
    columns["fit_gap"] = data.fit_gaps
    scores = data.models.scores
    if scores is not None:
        columns |= {f"score_{law}": scores.mean[:, place] for place, law in enumerate(scores.laws)}
        columns["n_scored"] = np.asarray(scores.n_predicted)
    return pd.DataFrame(columns)


def worst_fits(data: Data) -> pd.DataFrame:
    """Rootograms of the SKU-locations whose law is furthest from their history, long form; maybe empty.

    Ranked by √n × largest gap of cumulated shares: rank, sku, location, law, gap, first, last, observed,
    expected (periods with a demand of first … last units).
    """
    history = data.history
    if history is None:
        return pd.DataFrame()
    law = data.models.world.demand
    gap = data.fit_gaps
    assert gap is not None
    order = np.argsort(-np.nan_to_num(gap * np.sqrt(history.n_observed)), kind="stable")[:_WORST]
    rows = []
    for rank, item in enumerate(order[np.nan_to_num(gap[order]) > 0].tolist(), start=1):
        bars = rootogram(law, history, item)
        name = law_names(law.take(np.array([item])))[0]
        for k in range(bars.first.size):
            rows.append(
                {
                    "rank": rank,
                    "sku": data.catalog.sku[item],
                    "location": data.catalog.location[item],
                    "law": name,
                    "gap": float(gap[item]),
                    "first": int(bars.first[k]),
                    "last": int(bars.last[k]),
                    "observed": float(bars.observed[k]),
                    "expected": float(bars.expected[k]),
                }
            )
    return pd.DataFrame(rows)


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
