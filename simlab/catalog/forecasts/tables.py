"""The two tables as columns, checked: forecasts of the periods to come, and past forecasts with actuals."""

from __future__ import annotations

import re
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, DateArray, FloatArray, IntArray
from simlab.catalog import findings as found
from simlab.catalog.cells.convert import (
    days,
    notation,
    numbers,
    refuse_fractional_ids,
    refuse_missing,
    spread,
)
from simlab.catalog.cells.matching import matched
from simlab.catalog.cells.numerals import Notation
from simlab.catalog.cells.text import TextTable
from simlab.catalog.columns import FORECAST, FORECAST_ERRORS, Column
from simlab.catalog.coming import ForecastErrors, ForecastTable
from simlab.catalog.forecasts.periods import day_of, period_numbers
from simlab.catalog.quality import QualityRow
from simlab.catalog.tables.items import Items, file_remarks, has_columns, not_used

if TYPE_CHECKING:
    from simlab.study import Study, TableSource


_QUANTILE = re.compile(r"q(\d{1,4})")
_AMOUNT = Column("number")
_FINER = 0.5  # of the periods have further rows: those of a finer grain, not a row pasted twice


def read_forecast(
    table: TextTable, items: Items | None, study: Study, first: np.datetime64 | None
) -> tuple[ForecastTable, tuple[QualityRow, ...]] | None:
    """Type the forecasts and match them to the items; what is wrong goes to the table's findings.

    Parameters
    ----------
    table : TextTable
        As read.
    items : Items or None
        The items table; None if it is too broken to check against.
    study : Study
    first : datetime64[D] or None
        First day of the first period that is run; None: that of the earliest forecast.

    Returns
    -------
    (ForecastTable, quality entries) or None
        None if something was found.
    """
    source = study.data.forecast
    if source is None or not _complete(table, FORECAST) or items is None:
        return None
    quantiles = _quantile_columns(table)
    rules = FORECAST | dict.fromkeys(quantiles.values(), _AMOUNT)
    written = notation(table, source, rules)
    item, kept = _matched(table, items, drop=source.unknown_sku == "drop")
    values = {name: _floats(table, name, written) for name in ("mean", "sd", *quantiles.values())}
    day, ahead = _days(table, study, source, written)
    _refuse_crossed(table, quantiles, values)
    if table.findings or not kept.any():
        return None
    begin = day[kept].min() if first is None else first
    period = period_numbers(study, day, begin) + ahead
    kept = kept & ~(_shut(study, day) & (values["mean"] == 0))
    past = kept & (period < 0)
    kept = kept & ~past
    if not kept.any():
        where, when = (
            table.label("date" if "date" in table.columns else "origin"),
            f"the run begins on {begin}",
        )
        message = f"all forecasts are of periods before the run: {when}"
        table.findings.add(found.TOO_SHORT, message, column=where, fix="bring the newest forecast")
        return None
    order = np.flatnonzero(kept)[np.lexsort((period[kept], item[kept]))]
    _refuse_twice(table, study, item[order], period[order], order, begin)
    _refuse_gaps(table, study, item[order], period[order], order, begin)
    if table.findings:
        return None
    parts = items.parts[item[order]].astype(np.float64)
    sd = _spread_of(values, quantiles)[order] * parts
    line = np.asarray(table.findings.lines(order), np.int64)
    out = ForecastTable(
        item[order], period[order], values["mean"][order] * parts, sd, line, table.findings.file, begin
    )
    return out, (*_account(table, int(past.sum()), items, out.item, rules), *file_remarks(table))


def read_errors(
    table: TextTable, items: Items | None, study: Study, first: np.datetime64 | None
) -> tuple[ForecastErrors, tuple[QualityRow, ...]] | None:
    """Type past forecasts and actuals; as `read_forecast`.

    Notes
    -----
    A period is said by `date`, or by `horizon` from the origin. Where the shortest horizon of the table is
    the origin's own period, the origin is the first day that was forecast, and horizons count from there.
    """
    source = study.data.forecast_errors
    if source is None or not _complete(table, FORECAST_ERRORS) or items is None:
        return None
    written = notation(table, source, FORECAST_ERRORS)
    item, kept = _matched(table, items, drop=source.unknown_sku == "drop")
    forecast, actual = (_floats(table, name, written) for name in ("forecast", "actual"))
    refuse_missing(table, "origin")
    day, ahead = _days(table, study, source, written)
    made, _ = days(table, "origin", source)
    if table.findings or not kept.any():
        return None
    begin = made.max() if first is None else first
    origin = period_numbers(study, made, begin)
    horizon = period_numbers(study, day, begin) + ahead - origin
    shift = 1 if (horizon[kept] == 0).any() else 0
    horizon, origin = horizon + shift, origin - shift
    early = np.flatnonzero(kept & (horizon < 1))
    if early.size:
        message, fix = "the period lies before the origin of its forecast", "origin is when it was made"
        table.findings.add_rows(found.ORDER_OF_DATES, message, early, column=table.label("origin"), fix=fix)
    order = np.flatnonzero(kept)[np.lexsort((horizon[kept], origin[kept], item[kept]))]
    keys = np.stack([item[order], origin[order], horizon[order]])
    again = order[1:][(np.diff(keys, axis=1) == 0).all(axis=0)]
    if again.size:
        message = "a SKU-location has two forecasts of one origin for one period"
        fix = "keep one row per SKU-location, origin and period"
        table.findings.add_rows(
            found.DUPLICATE, message, np.sort(again), column=table.label("origin"), fix=fix
        )
    if table.findings:
        return None
    parts = items.parts[item[order]].astype(np.float64)
    line = np.asarray(table.findings.lines(order), np.int64)
    columns = (item[order], origin[order], horizon[order], forecast[order] * parts, actual[order] * parts)
    out = ForecastErrors(*columns, line, table.findings.file)
    return out, (*_account(table, 0, items, out.item, FORECAST_ERRORS), *file_remarks(table))


def _complete(table: TextTable, rules: dict[str, Column]) -> bool:
    """Whether the required columns are there, and what says the period."""
    if not has_columns(table, rules):
        return False
    refuse_fractional_ids(table, ("sku", "location"))
    for name, rule in rules.items():
        if rule.required:
            refuse_missing(table, name)
    if "date" not in table.columns and not {"origin", "horizon"} <= set(table.columns):
        message = "no column says which period a row forecasts"
        fix = "give date, or origin and horizon (1 is the period after the origin)"
        table.findings.add(found.MISSING_COLUMN, message, column="date", fix=fix)
        return False
    return True


def _days(
    table: TextTable, study: Study, source: TableSource, written: Notation
) -> tuple[DateArray, IntArray]:
    """(m,) the date that a row speaks of, or its origin, and periods beyond that date."""
    if "date" in table.columns:
        refuse_missing(table, "date")
        return days(table, "date", source)[0], np.zeros(table.n_rows, np.int64)
    refuse_missing(table, "horizon")
    ahead = _floats(table, "horizon", written)
    return days(table, "origin", source)[0], np.rint(np.nan_to_num(ahead)).astype(np.int64)


def _shut(study: Study, day: DateArray) -> BoolArray:
    """(m,) closed days of a daily study: no period of the run."""
    if study.period != "day":
        return np.zeros(day.size, np.bool_)
    return study.demand.closed_mask(day)


def _floats(table: TextTable, name: str, written: Notation) -> FloatArray:
    """(m,) numbers of a column; NaN where it is not there or empty."""
    if name not in table.columns:
        return np.full(table.n_rows, np.nan)
    rule = FORECAST.get(name) or FORECAST_ERRORS.get(name) or _AMOUNT
    values, _ = numbers(table, name, rule, written)
    return np.asarray(spread(table.columns[name], values, np.nan, np.float64))


def _quantile_columns(table: TextTable) -> dict[float, str]:
    """Level of each quantile column, ascending: q05 is 0.05, q5 is 0.5, q975 is 0.975."""
    levels = {
        int(match.group(1)) / 10 ** len(match.group(1)): name
        for name in table.columns
        if (match := _QUANTILE.fullmatch(name.lower())) is not None
    }
    return {level: levels[level] for level in sorted(levels) if 0 < level < 1}


def _matched(table: TextTable, items: Items, *, drop: bool) -> tuple[IntArray, BoolArray]:
    """(m,) row of each SKU-location, and which rows take part; unknown ones are refused or left out."""
    fix = f'add it to items, leave its rows out, or say unknown_sku = "drop" under [data.{table.name}]'
    item = matched(table, items.row_of, "not in the items table", None if drop else fix)
    return item, item >= 0


def _refuse_crossed(table: TextTable, quantiles: dict[float, str], values: dict[str, FloatArray]) -> None:
    """Quantiles rise with their level."""
    names = list(quantiles.values())
    for low, high in pairwise(names):
        rows = np.flatnonzero(values[low] > values[high])
        if rows.size:
            a, b = values[low][rows[0]], values[high][rows[0]]
            message = f"quantiles cross: {table.label(low)} = {a:g} lies above {table.label(high)} = {b:g}"
            fix = "the higher the level, the higher the quantile"
            table.findings.add_rows(found.CROSSED, message, rows, column=table.label(low), fix=fix)


def _refuse_twice(
    table: TextTable, study: Study, item: IntArray, period: IntArray, rows: IntArray, first: np.datetime64
) -> None:
    again = np.flatnonzero((np.diff(item) == 0) & (np.diff(period) == 0)) + 1
    if again.size:
        line = int(table.findings.lines(rows[again[:1] - 1])[0])
        day = day_of(study, int(period[again[0]]), first)
        message = f"two forecasts of a SKU-location for the {study.period} of {day} (another in row {line})"
        fix = "keep the newest forecast: one row per SKU-location and period"
        by_date = "origin" not in table.columns and study.period != "day"
        if by_date and again.size > _FINER * (item.size - again.size):
            fix = (
                f"rows of shorter periods? Add them up to one row per {study.period}: means add, and so do "
                "squares of sd where errors are independent"
            )
        place = np.sort(rows[again])
        table.findings.add_rows(found.DUPLICATE, message, place, column=table.label("sku"), fix=fix)


def _refuse_gaps(
    table: TextTable, study: Study, item: IntArray, period: IntArray, rows: IntArray, first: np.datetime64
) -> None:
    new = np.concatenate([[True], np.diff(item) != 0])
    before = np.where(new, -1, np.concatenate([[-1], period[:-1]]))
    bad = np.flatnonzero(period > before + 1)
    if bad.size:
        day = day_of(study, int(before[bad[0]]) + 1, first)
        message = f"no forecast for the {study.period} of {day}, which comes before this row"
        fix = f"forecast every {study.period} from {day_of(study, 0, first)} on"
        table.findings.add_rows(found.GAP, message, np.sort(rows[bad]), column=table.label("sku"), fix=fix)


def _spread_of(values: dict[str, FloatArray], quantiles: dict[float, str]) -> FloatArray:
    """(m,) standard deviation: as stated, else the slope of the quantiles over normal scores.

    Notes
    -----
    Least squares of a normal probability plot; two quantiles at least.
    """
    sd = values["sd"]
    if len(quantiles) < 2:
        return sd
    scores = np.array([NormalDist().inv_cdf(level) for level in quantiles])
    table = np.stack([values[name] for name in quantiles.values()], axis=1)
    centred = scores - scores.mean()
    slope = (table * centred).sum(axis=1) / (centred**2).sum()
    return np.where(np.isfinite(sd), sd, slope)


def _account(
    table: TextTable, past: int, items: Items, item: IntArray, rules: dict[str, Column]
) -> list[QualityRow]:
    """What became of the rows (left out, of the past, of how many SKU-locations) and of other columns."""
    covered = int(np.unique(item).size)
    left = table.n_rows - item.size - past
    note = f"for {covered:,} of {items.n_items:,} SKU-locations"
    entries = [QualityRow(table.name, "as given", "used", item.size, note=note), *not_used(table, rules)]
    if past:
        entries.append(QualityRow(table.name, "periods before the run", "dropped", past))
    if left:
        entries.append(QualityRow(table.name, "SKU-locations not in items", "dropped", left))
    return entries
