"""SKU-locations that never sold in the history: left out of a study, kept as never demanded, or refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray
from simlab.catalog.quality import QualityRow
from simlab.errors import InvalidInputError, Problem
from simlab.models.history.calendar import whole_periods
from simlab.models.history.holdout import known_past, take

if TYPE_CHECKING:
    import pandas as pd

    from simlab.catalog import Catalog


LEFT_OUT = "without demand in the history: left out"
_NAMED = 5


def leave_out(catalog: Catalog) -> Catalog:
    """The catalogue that a study speaks of, under `demand.no_history`.

    Raises
    ------
    InvalidInputError
        ``"refuse"`` and such items; or not one item has demand.

    Notes
    -----
    Without history is what has no law given and no demand in a whole, open period that laws may see,
    whether its zeros are rows or not. ``"exclude"`` keeps those with a `minimum_level`, which are stocked
    for what has not happened yet: their law is that nothing is demanded.
    """
    if catalog.demand is None or catalog.demand.item.size == 0:
        return catalog
    without, how = never_sold(catalog), catalog.study.demand.no_history
    if how == "refuse" and without.any():
        raise InvalidInputError([_problem(catalog, without, _REFUSED)])
    if how == "zero" or not without.any():
        return catalog
    left = without & ~has_minimum(catalog)
    if left.all():
        raise InvalidInputError([_problem(catalog, left, _NOTHING_LEFT)])
    if not left.any():
        return catalog
    out = take(catalog, np.flatnonzero(left))
    return replace(take(catalog, np.flatnonzero(~left)), without_history=out)


def never_sold(catalog: Catalog) -> BoolArray:
    """(n,) items without a law or forecast given, and without demand in a whole, open period of the past."""
    past, _ = known_past(catalog)
    table, given = past.demand, catalog.texts.get("demand_law")
    sold = np.zeros(catalog.n_items, np.bool_)
    if given is not None:
        sold |= np.array([law is not None for law in given], np.bool_)
    if past.forecast is not None:
        sold[past.forecast.item] = True
    if table is None or table.item.size == 0:
        return ~sold
    first = np.datetime64(past.first_date, "D")
    calendar = whole_periods(past.study, table.distinct_dates, first, np.datetime64(past.as_of, "D"))
    if calendar.n_periods == 0:
        return np.zeros(catalog.n_items, np.bool_)  # nothing is whole: refused with its own words
    for rows in table.blocks():
        period = calendar.index(table.dates(rows))
        counted = (period >= 0) & (period < calendar.n_periods) & (table.quantity[rows] > 0)
        counted[counted] = calendar.open[period[counted]]
        sold[table.item[rows][counted]] = True
    return ~sold


def has_minimum(catalog: Catalog) -> BoolArray:
    """(n,) items with a `minimum_level` above 0."""
    return np.asarray(_numbers(catalog, "minimum_level") > 0)


@dataclass(frozen=True)
class Stock:
    """Today's stock of some items, on the shelf and on order, as far as it is recorded; units as in files."""

    n_items: int
    units: float
    value: float


def stock_of(catalog: Catalog | None) -> Stock:
    """Of a whole catalogue; nothing of None. What is owed is no stock."""
    if catalog is None:
        return Stock(0, 0.0, 0.0)
    units = stock_units(catalog)
    cost = catalog.unit_cost * catalog.study.data.cost_resolution
    return Stock(catalog.n_items, float((units / catalog.parts).sum()), float((units * cost).sum()))


def stock_units(catalog: Catalog) -> FloatArray:
    """(n,) parts on the shelf and on order, as far as they are recorded."""
    return np.maximum(_numbers(catalog, "on_hand"), 0) + _on_order(catalog)


def _on_order(catalog: Catalog) -> FloatArray:
    """(n,) as `on_order` says, or as open orders with a date add up to where that is more."""
    dated = np.zeros(catalog.n_items)
    if catalog.due is not None:
        np.add.at(dated, catalog.due.item, catalog.due.quantity)
    return np.maximum(_numbers(catalog, "on_order"), dated)


def notes(catalog: Catalog) -> tuple[QualityRow, ...]:
    """What was left out, for the quality account."""
    out = catalog.without_history
    if out is None:
        return ()
    stock = stock_of(out)
    note = f'[demand] no_history = "exclude"; listed in results/no_history.csv: {_names(out)}'
    return (QualityRow("items", LEFT_OUT, "dropped", stock.n_items, stock.units, stock.value, note),)


def no_history_frame(catalog: Catalog) -> pd.DataFrame | None:
    """One row per SKU-location left out: unit cost, stock, stock on order and their value; None without."""
    import pandas as pd

    out = catalog.without_history
    if out is None:
        return None
    cost = out.unit_cost * out.study.data.cost_resolution * out.parts
    on_hand, on_order = _numbers(out, "on_hand") / out.parts, _on_order(out) / out.parts
    columns = {
        "sku": list(out.sku),
        "location": list(out.location),
        "unit_cost": cost,
        "on_hand": on_hand,
        "on_order": on_order,
        "stock_value": (np.maximum(on_hand, 0) + on_order) * cost,
    }
    frame = pd.DataFrame(columns)
    return frame.sort_values(["stock_value", "sku", "location"], ascending=[False, True, True])


_REFUSED = (
    "no demand in any whole {period} of the history, and no law given, for {names}",
    "give demand_law and demand_mean in items, take them out of items, or say [demand] no_history = "
    '"exclude" (left out and listed) or "zero" (never demanded)',
)
_NOTHING_LEFT = (
    "no SKU-location has demand in a whole {period} of the history: {names}",
    "check the dates and quantities of demand, give demand_law and demand_mean in items, or say [demand] "
    'no_history = "zero"',
)


def _problem(catalog: Catalog, rows: BoolArray, words: tuple[str, str]) -> Problem:
    file = catalog.study.data.items.path or "items"
    names = _names(take(catalog, np.flatnonzero(rows)))
    return Problem("E-MOD-011", words[0].format(period=catalog.study.period, names=names), file, fix=words[1])


def _names(catalog: Catalog) -> str:
    more = f" and {catalog.n_items - _NAMED} more" if catalog.n_items > _NAMED else ""
    return ", ".join(catalog.keys[:_NAMED]) + more


def _numbers(catalog: Catalog, name: str) -> FloatArray:
    return np.nan_to_num(catalog.numbers.get(name, np.zeros(catalog.n_items)))
