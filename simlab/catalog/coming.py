"""Forecasts of people as columns: of the periods to come, and of the past with what came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class ForecastTable:
    """What people expect of the periods to come, sorted by SKU-location, then period; no gaps, none twice.

    Attributes
    ----------
    item, period : (m,) int64
        Row number in the catalog, and period: 0 is the first one that is run.
    mean, sd : (m,) float
        Units (parts of a unit) per period; `sd` is NaN where the table says none.
    line : (m,) int64
        Line of the file, for messages.
    file : str
    first : datetime64[D]
        First day of period 0.
    """

    item: IntArray
    period: IntArray
    mean: FloatArray
    sd: FloatArray
    line: IntArray
    file: str
    first: np.datetime64

    def take(self, rows: IntArray) -> ForecastTable:
        """The forecasts of some items, numbered by their place in `rows`."""
        kept, item = _of_items(self.item, rows)
        parts = (self.period[kept], self.mean[kept], self.sd[kept], self.line[kept])
        return ForecastTable(item, *parts, self.file, self.first)


@dataclass(frozen=True, eq=False)
class ForecastErrors:
    """Past forecasts and what came, sorted by SKU-location, origin, horizon; each at most once.

    Attributes
    ----------
    item : (m,) int64
    origin : (m,) int64
        Number of the last period that the forecast knew; 0 is the first one that is run, so below 0.
    horizon : (m,) int64
        1 is the period after the origin.
    forecast, actual : (m,) float
        Units (parts of a unit) per period.
    line : (m,) int64
    file : str
    """

    item: IntArray
    origin: IntArray
    horizon: IntArray
    forecast: FloatArray
    actual: FloatArray
    line: IntArray
    file: str

    def take_rows(self, kept: BoolArray) -> ForecastErrors:
        """Some of the rows."""
        line, (forecast, actual) = self.line[kept], (self.forecast[kept], self.actual[kept])
        item, origin, horizon = self.item[kept], self.origin[kept], self.horizon[kept]
        return ForecastErrors(item, origin, horizon, forecast, actual, line, self.file)

    def take(self, rows: IntArray) -> ForecastErrors:
        """The errors of some items, numbered by their place in `rows`."""
        kept, item = _of_items(self.item, rows)
        line, (forecast, actual) = self.line[kept], (self.forecast[kept], self.actual[kept])
        return ForecastErrors(item, self.origin[kept], self.horizon[kept], forecast, actual, line, self.file)


def _of_items(item: IntArray, rows: IntArray) -> tuple[IntArray, IntArray]:
    """Places of the rows of some items, in their order, and the items' new numbers."""
    number = np.full(max(int(item.max(initial=-1)), int(rows.max(initial=-1))) + 1, -1)
    number[rows] = np.arange(rows.size)
    kept = np.flatnonzero(number[item] >= 0)
    kept = kept[np.argsort(number[item[kept]], kind="stable")]
    return kept, number[item[kept]]
