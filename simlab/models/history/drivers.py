"""Promotions and prices per SKU-location and period, where they differ from the usual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.catalog.catalog import DemandTable
    from simlab.models.history.history import History


_WIDEST = float(np.log(2.0))


@dataclass(frozen=True, eq=False)
class Drivers:
    """Observed periods under promotion or at a price other than usual.

    Attributes
    ----------
    item, period : (x,) int64
        Ascending by item, then period.
    promoted : (x,) bool
    log_price : (x,) float
        Logarithm of price ÷ usual price; 0 where the price is the usual one or not looked at.
    width : int
        Periods of the calendar.
    """

    item: IntArray
    period: IntArray
    promoted: BoolArray
    log_price: FloatArray
    width: int

    def rows(self, history: History) -> IntArray:
        """(c,) place of each row of the history among these periods; −1 where it is not."""
        key = self.item.astype(np.int64) * self.width + self.period
        wanted = history.item.astype(np.int64) * self.width + history.period
        if key.size == 0:
            return np.full(wanted.size, -1)
        at = np.minimum(np.searchsorted(key, wanted), key.size - 1)
        return np.asarray(np.where(key[at] == wanted, at, -1))

    def promoted_rows(self, history: History) -> BoolArray:
        """(c,) which rows of the history were under promotion."""
        at = self.rows(history)
        return np.asarray((at >= 0) & np.append(self.promoted, False)[at])


def read_drivers(catalog: Catalog, history: History) -> Drivers:
    """Drivers named by `demand.uplift`, by whole period.

    Parameters
    ----------
    catalog : Catalog
        The demand table with `promotion` and `price` as the study asks.
    history : History
        Lives, calendar and rows.

    Notes
    -----
    A period is under promotion if one of its dates is. Its price is the mean price of its units; the
    usual price of a SKU-location is the median of its periods' prices, and a price beyond half or double
    of it counts as half or double (one elasticity does not reach further); a price stands until the next
    one is seen (not with `absent_dates = "unknown"`, where periods without rows are not observed).
    """
    table = catalog.demand
    assert table is not None
    width = max(history.calendar.n_periods, 1)
    promoted = _promoted(table, history, width)
    key, log = _prices(table, history, width)
    every = np.union1d(promoted, key)
    prices = np.zeros(every.size)
    prices[np.searchsorted(every, key)] = log
    return Drivers(every // width, every % width, np.isin(every, promoted), prices, width)


def _promoted(table: DemandTable, history: History, width: int) -> IntArray:
    """Keys (item × width + period) of observed periods under promotion."""
    if table.promotion is None:
        return np.zeros(0, np.int64)
    item, period = table.item[table.promotion], history.calendar.index(table.date)[table.promotion]
    seen = _observed(history, item, period)
    return np.unique(item[seen] * width + period[seen])


def _prices(table: DemandTable, history: History, width: int) -> tuple[IntArray, FloatArray]:
    """Keys and log relative prices of observed periods whose price is not the usual one."""
    if table.price is None:
        return np.zeros(0, np.int64), np.zeros(0)
    period = history.calendar.index(table.date)
    said = ~np.isnan(table.price) & (period >= 0) & (period < width)
    key, place = np.unique(table.item[said].astype(np.int64) * width + period[said], return_inverse=True)
    units = np.maximum(table.quantity[said], 1).astype(np.float64)  # a date without sales has a price too
    price = np.bincount(place, weights=units * table.price[said]) / np.bincount(place, weights=units)
    item, period = key // width, key % width
    log = np.log(price / _usual(item, price)[item]) if key.size else price
    log = np.clip(log, -_WIDEST, _WIDEST)
    if history.is_complete:
        same = np.append(np.diff(item) == 0, False)
        until = np.where(same, np.append(period[1:], 0), history.last[item] + 1)
        length = np.maximum(until - period, 0)
        starts = np.cumsum(length) - length
        item, log = np.repeat(item, length), np.repeat(log, length)
        period = np.repeat(period - starts, length) + np.arange(item.size)
    kept = _observed(history, item, period) & (np.abs(log) > 1e-9)
    return item[kept] * width + period[kept], log[kept]


def _usual(item: IntArray, price: FloatArray) -> FloatArray:
    """(n,) median price of the periods of each item; 1 where there is none."""
    n = int(item.max()) + 1
    out = np.ones(n)
    order = np.lexsort((price, item))
    count = np.bincount(item, minlength=n)
    starts = np.cumsum(count) - count
    has = count > 0
    low, high = starts + (count - 1) // 2, starts + count // 2
    ranked = price[order]
    out[has] = (ranked[low[has]] + ranked[high[has]]) / 2
    return out


def _observed(history: History, item: IntArray, period: IntArray) -> BoolArray:
    """Open periods inside the life of their item."""
    inside = (period >= history.first[item]) & (period <= history.last[item])
    inside &= (period >= 0) & (period < history.calendar.n_periods)
    at = np.clip(period, 0, max(history.calendar.n_periods - 1, 0))
    return np.asarray(inside & history.calendar.open[at])
