"""The plan as a table for people and planning systems: today's levels beside the new ones (`plan.csv`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from simlab.api.data import ordering, rows
from simlab.api.simulator import items
from simlab.api.simulator.levels import families
from simlab.engine.world.levels import Family, Levels
from simlab.errors import InvalidInputError
from simlab.policies import current_levels
from simlab.run import RunFolder
from simlab.run.spreadsheet import csv_parts

if TYPE_CHECKING:
    from simlab.api.data.data import Data
    from simlab.api.settings import Settings
    from simlab.arrays import BoolArray, IntArray
    from simlab.engine.world.curves import Curves
    from simlab.engine.world.world import Horizon


PLACE = "results/plan.csv"
COLUMNS = (
    *("sku", "location", "product", "supplier", "segment", "family_now", "family", "review_period"),
    *("reorder_point_now", "reorder_point", "order_up_to_now", "order_up_to"),
    *("order_quantity_now", "order_quantity", "pack_size", "safety_stock", "service_now", "service"),
    *("stock_value_now", "stock_value", "stock_value_change", "reason", "decision", "target"),
)
"""Levels in units of the files, service as fractions, money in the study's currency."""
LEVELS = ("reorder_point", "order_up_to", "order_quantity")
_NAMED = {
    "service": "fill_rate",
    "service_now": "fill_rate_now",
    "stock_value": "inventory_value",
    "stock_value_now": "inventory_value_now",
    "stock_value_change": "inventory_value_change",
    "reason": "planning_method",
}
"""Column of `plan.csv` and that of the `plan` table, where they differ."""
_MONEY, _RATE, _UNITS = 2, 6, 4


def with_today(
    data: Data,
    plan: pd.DataFrame,
    stock: pd.Series[Any],
    levels: Levels,
    horizon: Horizon,
    settings: Settings,
    kept: Curves | None = None,
) -> pd.DataFrame:
    """The `plan` table with what people compare it with, in full digits; missing where not known.

    Parameters
    ----------
    data : Data
    plan : DataFrame
        n rows, levels and what they achieve.
    stock : Series
        (n,) mean stock value of the plan.
    levels : Levels
        (n, 1) the same levels, in parts of units.
    horizon, settings
        What the plan was simulated with: today's levels are simulated on the same paths.
    kept : Curves, optional
        Sums of every item at today's levels on these paths, where they were kept.

    Returns
    -------
    DataFrame
        With `product`, `supplier`, `pack_size`, `inventory_value`; today's `family_now`, `reorder_point_now`,
        `order_up_to_now`, `order_quantity_now`, `fill_rate_now`, `inventory_value_now`, with the sums that
        these are made of (`sum_served_now`, `sum_stock_now`); and `inventory_value_change`.
    """
    today, known = today_of(data)
    found = plan.assign(
        **{name: np.array(text_column(data, name), dtype=object) for name in ("product", "supplier")},
        family=families(levels, data.study.policy.family),
        family_now=pd.Series(families(today, data.study.policy.family), dtype="object").where(known, None),
        pack_size=data.models.world.terms.pack_size / data.catalog.parts,
        **levels_now(data, today, known),
        **_achieved_now(data, today, known, horizon, settings, kept),
        inventory_value=stock,
    )
    return found.assign(inventory_value_change=found["inventory_value"] - found["inventory_value_now"])


def write_plan(folder: RunFolder, data: Data, plan: pd.DataFrame) -> None:
    """Write what lies beside the plan of a run for people, planning systems and `simlab orders`.

    `plan` is that of `with_today`.
    """
    table = plan_table(plan)
    folder.write_bytes(PLACE, csv_parts(table, largest_first(table)))
    moved = ordering.moved_levels(data, plan)
    folder.write_bytes(ordering.PLACE, ordering.packed(ordering.ordering_of(data, moved)))
    if data.models.shared is not None:
        folder.write_bytes(rows.PLACE, data.models.shared.packed())


def plan_table(plan: pd.DataFrame) -> pd.DataFrame:
    """The columns of `plan.csv`, in the order of the items, from the table of `with_today`."""
    named = {csv: plan[name] for csv, name in _NAMED.items()}
    same = {name: plan[name] for name in COLUMNS if name in plan}
    return rounded(pd.DataFrame({**same, **named, "decision": None}))


def today_of(data: Data) -> tuple[Levels, BoolArray]:
    """Today's levels, and which are known: none where the columns make no rule (`simulate` needs none)."""
    try:
        today, known = current_levels(data.models)
    except InvalidInputError:
        n = data.models.n_items
        none = np.zeros((n, 1), np.int64)
        return Levels(np.zeros(n, np.int8), none - 1, none, none), np.zeros(n, np.bool_)
    return today, known & ~data.models.silent


def rounded(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns in order, numbers in as many digits as they are worth."""
    digits = {"safety_stock": _UNITS, "service": _RATE, "service_now": _RATE, "target": _RATE}
    digits |= dict.fromkeys(("stock_value", "stock_value_now", "stock_value_change"), _MONEY)
    digits |= {"review_period": _UNITS}
    out = frame[list(COLUMNS)].copy()
    for name, places in digits.items():
        out[name] = pd.to_numeric(out[name]).astype("float64").round(places) + 0.0
    for name in (*LEVELS, *(f"{name}_now" for name in LEVELS), "pack_size"):
        out[name] = whole_if_whole(out[name])
    return out


def whole_if_whole(column: pd.Series[Any]) -> pd.Series[Any]:
    """Integers where every number is whole, so that no file says 12.0; missing stays missing."""
    numbers = pd.to_numeric(column).astype("Float64")
    values = numbers.dropna().to_numpy(dtype=np.float64)
    return numbers.astype("Int64") if (values == np.rint(values)).all() else numbers


def sorted_plan(frame: pd.DataFrame) -> pd.DataFrame:
    """Largest change of stock value first; those without one last, by SKU and location."""
    return frame.iloc[largest_first(frame)]


def largest_first(frame: pd.DataFrame) -> IntArray:
    """(n,) rows in the order of `sorted_plan`."""
    size = -frame["stock_value_change"].abs().fillna(-1.0).to_numpy(np.float64)
    keys = pd.DataFrame({"size": size, "sku": frame["sku"].array, "location": frame["location"].array})
    return keys.sort_values(["size", "sku", "location"], kind="stable").index.to_numpy()


def text_column(data: Data, name: str) -> Sequence[str | None]:
    """A text column of items; None throughout where the table has none."""
    words = data.catalog.texts.get(name)
    return [None] * data.catalog.n_items if words is None else list(words)


def levels_now(data: Data, today: Levels, known: BoolArray) -> dict[str, pd.Series[float]]:
    """Today's levels in units of the files: `reorder_point_now` and the like; missing where not known."""
    up_to = today.family == Family.ORDER_UP_TO
    lots = today.family != Family.ORDER_UP_TO
    columns = (today.reorder_point, today.order_up_to, today.order_quantity)
    shown = (known & ~up_to, known, known & lots)
    return {
        f"{name}_now": pd.Series(values[:, 0] / data.catalog.parts).where(where)
        for name, values, where in zip(LEVELS, columns, shown, strict=True)
    }


def _achieved_now(
    data: Data, today: Levels, known: BoolArray, horizon: Horizon, settings: Settings, kept: Curves | None
) -> dict[str, pd.Series[float]]:
    """Service and stock of today's levels on the plan's paths, and their sums; missing where not known."""
    if not known.any():
        return dict.fromkeys(_NOW, pd.Series(np.full(known.size, np.nan)))
    found = items.achieved(data, today, horizon, settings, "now", kept)
    return {name: found[of].astype(np.float64).where(known) for name, of in _NOW.items()}


_NOW = {
    "fill_rate_now": "fill_rate",
    "inventory_value_now": "inventory_value",
    "sum_served_now": "sum_served",
    "sum_stock_now": "sum_stock",
}
"""Column of the plan, and what it is of today's levels; the sums are what `simlab verify` derives from."""
