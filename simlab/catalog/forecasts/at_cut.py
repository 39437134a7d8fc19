"""The forecast as it was before the last periods, from the table of past forecasts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.catalog.coming import ForecastErrors, ForecastTable
from simlab.catalog.forecasts.periods import period_numbers

if TYPE_CHECKING:
    from simlab.arrays import IntArray
    from simlab.catalog.catalog import Catalog

_NAMED = 3


@dataclass(frozen=True, eq=False)
class ForecastThen:
    """What was known of demand to come on the day before the last periods.

    Attributes
    ----------
    forecast : ForecastTable or None
        Made in the last period before them; None where it does not cover them.
    errors : ForecastErrors or None
        Of periods that had passed by then; origins are counted from the cut.
    reason : str
        Why there is none, in words; empty otherwise.
    """

    forecast: ForecastTable | None
    errors: ForecastErrors | None
    reason: str


def forecast_then(catalog: Catalog, cut: np.datetime64, n_periods: int) -> ForecastThen:
    """The newest forecast made before a day, of every SKU-location that has one today.

    Parameters
    ----------
    catalog : Catalog
        With a forecast.
    cut : datetime64[D]
        First day of the last periods.
    n_periods : int
        Periods that it must cover.

    Notes
    -----
    Only the forecast of the origin right before the cut: a later one knows some of these periods, an earlier
    one is not what would have been planned with. Its periods beyond the last ones are used as far as every
    SKU-location has them.
    """
    now, table, study = catalog.forecast, catalog.forecast_errors, catalog.study
    assert now is not None
    if table is None:
        return ForecastThen(None, None, "no past forecasts are given: [data.forecast_errors] with origins")
    at = int(period_numbers(study, np.array([cut]), now.first)[0])
    made = table.origin == at - 1
    reach = _reach(table, made, catalog.n_items)
    cut = cut.astype("datetime64[D]")
    some = np.unique(now.item)
    short = some[reach[some] < n_periods]
    if short.size:
        day = cut - np.timedelta64(1, "D")
        names = ", ".join(catalog.keys[row] for row in short[:_NAMED].tolist())
        more = f" and {short.size - _NAMED} more" if short.size > _NAMED else ""
        of_them = f"covers the {n_periods} {study.period}s after it for {names}{more}"
        return ForecastThen(None, None, f"no past forecast made in the {study.period} up to {day} {of_them}")
    kept = np.flatnonzero(made & (table.horizon <= reach[some].min()) & np.isin(table.item, some))
    forecast = ForecastTable(
        table.item[kept],
        table.horizon[kept] - 1,
        table.forecast[kept],
        np.full(kept.size, np.nan),
        table.line[kept],
        table.file,
        cut,
    )
    known = table.take_rows(table.origin + table.horizon < at)
    return ForecastThen(forecast, replace(known, origin=known.origin - at), "")


def _reach(table: ForecastErrors, made: np.ndarray[tuple[int], np.dtype[np.bool_]], n: int) -> IntArray:
    """(n,) horizons 1, 2, … of an origin that are there without a gap."""
    rows = np.flatnonzero(made)
    first = np.searchsorted(table.item[rows], np.arange(n))
    place = np.arange(rows.size) - first[table.item[rows]] + 1
    return np.bincount(table.item[rows], weights=table.horizon[rows] == place, minlength=n).astype(np.int64)
