"""Today's shelf against the plan: what lies there beyond need, what is missing, and how old it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import FloatArray, sum_of, sums_by
from simlab.measures import ALL
from simlab.models.opening import shelf_record, stock_record

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.plans.outcome import Outcome
    from simlab.catalog import Catalog

AGE_DAYS = (90, 180, 365, 730)
"""Ends of the bands where the study names none."""
_NEVER = "never sold"


def excess_frame(opt: Outcome, model_value: FloatArray) -> pd.DataFrame | None:
    """The `excess` table: today's shelf against the plan's mean stock, by segment and in all.

    Parameters
    ----------
    opt : Outcome
    model_value : (n,) float
        Mean inventory value of every SKU-location under the plan, in the long run.

    Returns
    -------
    DataFrame or None
        ``now``: the shelf as recorded; ``model``: the plan's mean stock; ``excess``: what lies above it,
        item by item; ``missing``: what lies below; ``to_come``: open orders. Study currency. None without
        a stock record.
    """
    import pandas as pd

    record = shelf_record(opt.data.catalog)
    if record is None:
        return None
    costs = opt.data.models.costs
    unit = costs.unit_cost * costs.cost_resolution
    now = record.clip(0) * unit
    found = stock_record(opt.data.catalog, opt.data.models.world.lead_time)
    coming = np.zeros(now.size) if found is None else found[0].all_on_order() * unit
    columns = {
        "now": now,
        "model": model_value,
        "excess": np.maximum(now - model_value, 0.0),
        "missing": np.maximum(model_value - now, 0.0),
        "to_come": coming,
    }
    codes, n = opt.segmentation.codes, opt.segmentation.n_segments
    sizes = [*opt.segmentation.sizes.tolist(), codes.size]
    frame = pd.DataFrame({"segment": [*opt.segmentation.names, ALL], "n_items": sizes})
    for name, values in columns.items():
        each = sums_by(codes, values, n)
        frame[name] = [*each.tolist(), sum_of(values)]
    return frame


def ageing_frame(opt: Outcome) -> pd.DataFrame | None:
    """The `ageing` table: stock by time since the last sale, with the reserve that the study's rates ask.

    The last sale of a SKU-location is `last_sale` of items, else the last date with demand in the history.
    Items that the study leaves out because they never sold are in it: their stock is real. ``reserve`` is
    NaN without `optimize.reserve`. None without a stock record.
    """
    import pandas as pd

    catalog = opt.data.catalog
    parts = [one for one in (catalog, catalog.without_history) if one is not None]
    known = [one for one in parts if shelf_record(one) is not None]
    if not known:
        return None
    rows = [_aged(one, opt) for one in known]
    days = np.concatenate([one[0] for one in rows])
    value = np.concatenate([one[1] for one in rows])
    bands = opt.data.study.optimize.reserve
    ends = [band.after_days for band in bands] if bands else list(AGE_DAYS)
    rates = [0.0, *(band.rate for band in bands)] if bands else [float("nan")] * (len(ends) + 1)
    never = rates[-1]
    place = np.searchsorted(np.asarray(ends, dtype=np.float64), days, side="right")
    place[np.isnan(days)] = len(ends) + 1
    names = [_band(at, ends) for at in range(len(ends) + 1)] + [_NEVER]
    n = np.bincount(place[value > 0], minlength=len(names))
    held = sums_by(place, value, len(names))
    frame = pd.DataFrame(
        {"age": names, "n_items": n.astype(np.int64), "value": held, "rate": [*rates, never]}
    )
    frame["reserve"] = frame["value"] * frame["rate"]
    total = {"age": ALL, "n_items": int(n.sum()), "value": sum_of(held), "rate": float("nan")}
    total["reserve"] = float(frame["reserve"].sum(skipna=False))
    return pd.concat([frame, pd.DataFrame([total])], ignore_index=True)


def _band(at: int, ends: list[int]) -> str:
    if at == 0:
        return f"up to {ends[0]} days"
    return f"over {ends[at - 1]} days" if at == len(ends) else f"{ends[at - 1]} to {ends[at]} days"


def _aged(catalog: Catalog, opt: Outcome) -> tuple[FloatArray, FloatArray]:
    """(n,) days since the last sale (NaN: never), and value of the shelf."""
    record = shelf_record(catalog)
    assert record is not None
    value = record.clip(0) * catalog.unit_cost * opt.data.models.costs.cost_resolution
    as_of = _as_of(opt)
    last = catalog.numbers.get("last_sale", np.full(catalog.n_items, np.nan))
    seen = _last_demand(catalog)
    last = np.where(np.isnan(last), seen, last)
    return np.maximum(as_of - last, 0.0), np.asarray(value, dtype=np.float64)


def _as_of(opt: Outcome) -> float:
    """Day number of the last date used."""
    table = opt.data.catalog.demand
    if opt.data.study.as_of is not None:
        return float(np.datetime64(opt.data.study.as_of, "D").astype(np.int64))
    return float("nan") if table is None else float(table.day.max())


def _last_demand(catalog: Catalog) -> FloatArray:
    """(n,) day number of the last date with demand; NaN where there is none."""
    last = np.full(catalog.n_items, -1, dtype=np.int64)
    table = catalog.demand
    if table is not None:
        for rows in table.blocks():
            sold = table.quantity[rows] > 0
            np.maximum.at(last, table.item[rows][sold], table.day[rows][sold])
    return np.where(last < 0, np.nan, last.astype(np.float64))
