"""Effects that a table cannot show, because it has no rows for periods in which nothing was sold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.errors import InvalidInputError, Problem
from simlab.models.history.drivers import Drivers
from simlab.models.history.history import History

if TYPE_CHECKING:
    from simlab.catalog import Catalog


_SEEN = 0.25  # of the silent periods expected under a driver, at least
_FEWEST, _MANY = 1.0, 5.0  # expected, for their absence to tell: where rows are missing, and where none is
_WITHOUT_ROW = 0.05  # of the periods of the items concerned, from which rows count as missing
_CONTRAST = 5  # periods with and without a promotion of the same item, the fewer of both
_MATERIAL = 0.05  # of the periods under the driver: fewer silent ones hardly move its effect


def check_effects(catalog: Catalog, history: History, drivers: Drivers) -> None:
    """Refuse effects of promotions and prices where only periods with sales say what they were.

    Parameters
    ----------
    catalog : Catalog
        `demand.uplift` of its study.
    history : History
        Periods of lives; outliers and stock-outs treated.
    drivers : Drivers
        Periods under promotion.

    Raises
    ------
    InvalidInputError
        Periods that sold nothing are missing among those under promotion, or among those with a new price.

    Notes
    -----
    Of an item with a share q of silent periods, a promotion that multiplies demand by f leaves about q^f of
    the promoted periods silent, so that each one with sales stands for q^f ÷ (1 − q^f) silent ones.
    Where less than a quarter of those expected are in the table, promotions are written at sales only, and
    demand under them is that of periods which sold: the effect would be that of having sold at all.
    Likewise a share q of the price changes should be met in a silent period. One silent period expected is
    enough where a twentieth of the periods of these items have no row; five where rows are complete.
    """
    spec = catalog.study.demand.uplift
    assert spec is not None
    found, what = [], {"promotion": "under a promotion", "price": "with a new price"}
    if "promotion" in spec.drivers and (n := _without_contrast(history, drivers)):
        found.append(_no_contrast(catalog, n))
    for name in spec.drivers:
        expected, seen, n, items = (
            _promoted(history, drivers) if name == "promotion" else _repriced(catalog, history)
        )
        fewest = _FEWEST if _without_row(catalog, history, items) > _WITHOUT_ROW else _MANY
        if expected >= max(fewest, _MATERIAL * n) and seen <= _SEEN * expected:
            found.append(_problem(catalog, name, what[name], n, expected, seen))
    if found:
        raise InvalidInputError(found)


def _without_contrast(history: History, drivers: Drivers) -> int:
    """Periods under promotion where the same items have hardly a period without one; 0 where they have."""
    promoted = np.bincount(drivers.item[drivers.promoted], minlength=history.n_items)
    usual = np.maximum(history.n_observed - promoted, 0)
    n, pairs = int(promoted.sum()), int(np.minimum(promoted, usual).sum())
    return n if n >= _CONTRAST > pairs else 0


def _no_contrast(catalog: Catalog, n: int) -> Problem:
    source, period = catalog.study.data.demand, catalog.study.period
    label = "promotion" if source is None else source.columns.get("promotion", "promotion")
    message = (
        f"{n:,} SKU-location × {period}s are under a promotion, and their SKU-locations have next to no "
    )
    message += f"{period} without one: its effect cannot be estimated without others to compare with"
    fix = f'mark the {period}s that were promoted and no others, or leave "promotion" out of demand.uplift'
    file = "demand" if source is None or source.path is None else source.path
    return Problem("E-MOD-061", message, file, column=label, fix=fix)


def _without_row(catalog: Catalog, history: History, items: IntArray) -> float:
    """Share of the observed periods of some items that have no row at all, not even of 0 units."""
    table = catalog.demand
    total = int(history.n_observed[items].sum())
    if table is None or total == 0:
        return 0.0
    period = history.calendar.index(table.date)
    lives = (period >= history.first[table.item]) & (period <= history.last[table.item])
    lives &= np.isin(table.item, items)
    cells = np.unique(table.item[lives].astype(np.int64) * max(history.calendar.n_periods, 1) + period[lives])
    return 1.0 - min(cells.size / total, 1.0)


def _promoted(history: History, drivers: Drivers) -> tuple[float, int, int, IntArray]:
    """Silent periods expected under promotion, those seen, promoted periods in all, and their items."""
    item = drivers.item[drivers.promoted]
    sold = drivers.promoted_rows(history)
    n = history.n_items
    promoted = np.bincount(item, minlength=n)
    with_sales = np.bincount(history.item[sold & (history.quantity > 0)], minlength=n)
    base_sales = np.bincount(history.item[~sold & (history.quantity > 0)], minlength=n)
    base_units = np.bincount(history.item[~sold], weights=history.quantity[~sold], minlength=n)
    base = np.maximum(history.n_observed - promoted, 0)
    silent = np.where(base > 0, 1 - base_sales / np.maximum(base, 1), 0.0)
    usual = float((base_units / np.maximum(base, 1) * promoted).sum())
    factor = max(float(history.quantity[sold].sum()) / usual, 1.0) if usual > 0 else 1.0
    share = np.minimum(silent, 0.999) ** factor
    expected = float((with_sales * share / (1 - share)).sum())
    silent_seen = int(promoted.sum() - with_sales.sum())
    return expected, silent_seen, int(promoted.sum()), np.flatnonzero(promoted)


def _repriced(catalog: Catalog, history: History) -> tuple[float, int, int, IntArray]:
    """Price changes expected in silent periods, those seen there, price changes in all, and their items."""
    table = catalog.demand
    if table is None or table.price is None:
        return 0.0, 0, 0, np.zeros(0, np.int64)
    width = max(history.calendar.n_periods, 1)
    period = history.calendar.index(table.date)
    said = ~np.isnan(table.price) & (period >= 0) & (period < width)
    said &= (period >= history.first[table.item]) & (period <= history.last[table.item])
    key, place = np.unique(table.item[said].astype(np.int64) * width + period[said], return_inverse=True)
    if key.size < 2:
        return 0.0, 0, 0, np.zeros(0, np.int64)
    units = np.bincount(place, weights=table.quantity[said])
    price: FloatArray = np.bincount(place, weights=table.price[said]) / np.bincount(place)
    item: IntArray = key // width
    changed = (np.diff(item) == 0) & (np.abs(np.diff(np.log(price))) > 1e-9)
    of = item[1:][changed]
    silent = 1 - history.n_positive / np.maximum(history.n_observed, 1)
    seen = int((units[1:][changed] == 0).sum())
    return float(silent[of].sum()), seen, int(changed.sum()), np.unique(of)


def _problem(catalog: Catalog, column: str, what: str, n: int, expected: float, seen: int) -> Problem:
    source, period = catalog.study.data.demand, catalog.study.period
    label = column if source is None else source.columns.get(column, column)
    message = f"of {n:,} {period}s {what} {seen:,} sold nothing, where about {expected:,.0f} should have: "
    message += f"{period}s without sales have no row, so that the effect cannot be estimated from this table"
    fix = (
        f"give rows of quantity 0 that say the {column} of {period}s without sales (a {column} calendar), or "
    )
    fix += (
        f'leave "{column}" out of demand.uplift; absent_dates = "unknown" estimates it given that something '
    )
    fix += "was sold"
    file = "demand" if source is None or source.path is None else source.path
    return Problem("E-MOD-061", message, file, column=label, fix=fix)
