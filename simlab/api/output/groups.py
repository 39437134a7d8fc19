"""The plan by supplier and by location: stock, service and orders, today's beside the proposed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from simlab.arrays import sums_by

if TYPE_CHECKING:
    from simlab.arrays import FloatArray


def group_frames(
    items: pd.DataFrame, plan: pd.DataFrame, unit_volume: FloatArray | None = None
) -> dict[str, pd.DataFrame]:
    """Tables `locations` and, where items name suppliers, `suppliers`.

    Parameters
    ----------
    items, plan : DataFrame
        n rows each, in one order: the run's `items`, and `plan` with today's levels beside.
    unit_volume : (n,) float, optional
        Room that a unit takes, m³.
    """
    rows = _rows(items, plan, unit_volume)
    found = {"locations": grouped(rows, "location")}
    if plan["supplier"].notna().any():
        found["suppliers"] = grouped(rows, "supplier")
    return found


def _rows(items: pd.DataFrame, plan: pd.DataFrame, volume: FloatArray | None) -> pd.DataFrame:
    """What is added up, one row per SKU-location."""
    demanded, cost = items["sum_demanded"].astype(np.float64), items["unit_cost"]
    served, now = (
        items["sum_served"].astype(np.float64),
        plan["fill_rate_now"].where(demanded > 0, 0.0) * demanded,
    )
    return pd.DataFrame(
        {
            "location": plan["location"],
            "supplier": plan["supplier"],
            "inventory_value_now": plan["inventory_value_now"],
            "inventory_value": plan["inventory_value"],
            "orders_per_year": items["orders_per_year"],
            "annual_units": items["annual_units"],
            "annual_value": items["annual_value"],
            "volume": np.nan if volume is None else items["mean_on_hand"] * volume,
            "demanded": demanded,
            "served": served,
            "served_now": now.where(plan["inventory_value_now"].notna()),
            "value": demanded * cost,
            "value_served": served * cost,
            "value_served_now": now.where(plan["inventory_value_now"].notna()) * cost,
        }
    )


def grouped(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """One row per group, largest stock first; today's sums are missing where one of the group is not known.

    Returns
    -------
    DataFrame
        `by`, `n_items`, money (`inventory_value_now`, `inventory_value`, `inventory_value_change`), rates
        (`fill_rate` by units and `served_value`, each with `_now` and `_change`), and a year's
        `orders_per_year`, `annual_units`, `annual_value`; `volume`: mean room on the shelf, where known.
    """
    named = rows.assign(**{by: rows[by].fillna("")})
    names, place = np.unique(named[by].to_numpy(dtype=object), return_inverse=True)
    code = place.ravel().astype(np.int64)
    added = pd.DataFrame(
        {
            name: sums_by(code, rows[name].to_numpy(np.float64), names.size)
            for name in rows
            if name not in ("location", "supplier")
        }
    )
    found = pd.DataFrame({by: names, "n_items": np.bincount(code, minlength=names.size).astype(np.int64)})
    for name in _MONEY:
        found[name] = added[name].to_numpy(np.float64)
    found.insert(4, "inventory_value_change", found["inventory_value"] - found["inventory_value_now"])
    for name, served, whole in (
        ("fill_rate", "served", "demanded"),
        ("served_value", "value_served", "value"),
    ):
        found[f"{name}_now"] = _ratio(added[f"{served}_now"], added[whole])
        found[name] = _ratio(added[served], added[whole])
        found[f"{name}_change"] = found[name] - found[f"{name}_now"]
    for name in ("orders_per_year", "annual_units", "annual_value", "volume"):
        found[name] = added[name].to_numpy(np.float64)
    order = ["inventory_value", by]
    return found.sort_values(order, ascending=[False, True], kind="stable", ignore_index=True)


_MONEY = ("inventory_value_now", "inventory_value")


def _ratio(part: pd.Series[float], whole: pd.Series[float]) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(part.to_numpy(np.float64) / whole.to_numpy(np.float64))
