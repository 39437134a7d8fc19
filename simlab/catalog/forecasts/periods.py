"""Periods of a forecast, counted from the first one after the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import DateArray, IntArray
from simlab.catalog.calendar.periods import end_of_rows, first_day, running_number

if TYPE_CHECKING:
    from simlab.catalog.catalog import DemandTable
    from simlab.study import Study

_DAY = np.timedelta64(1, "D")


def day_after(study: Study, demand: DemandTable | None) -> np.datetime64 | None:
    """First day of the first period that the history does not hold whole; None where nothing says it.

    Parameters
    ----------
    study : Study
        `as_of` or `demand.complete_to`, else the last date of demand is the last one used.
    demand : DemandTable or None
    """
    named = study.as_of or study.demand.complete_to
    if demand is None or demand.n_rows == 0:
        return None if named is None else _begin(study, np.datetime64(named, "D") + _DAY)
    if named is None:
        end = end_of_rows(study, demand.date)
        return _begin(study, (demand.date.max() if end is None else end) + _DAY)
    return _begin(study, np.datetime64(named, "D") + _DAY)


def _begin(study: Study, day: np.datetime64) -> np.datetime64:
    number = running_number(np.array([day]), study.period, study.week_starts)[0]
    return first_day(int(number), study.period, study.week_starts)


def period_numbers(study: Study, dates: DateArray, first: np.datetime64) -> IntArray:
    """(m,) period of each date, that of `first` being 0; in daily studies closed days are not counted."""
    dates = dates.astype("datetime64[D]")
    if dates.size == 0:
        return np.zeros(0, np.int64)
    number = running_number(np.append(dates, first), study.period, study.week_starts)
    if study.period != "day":
        return np.asarray(number[:-1] - number[-1], np.int64)
    begin, end = min(dates.min(), first), max(dates.max(), first) + _DAY
    passed = np.concatenate([[0], np.cumsum(~study.demand.closed_mask(np.arange(begin, end, _DAY)))])
    at = (np.append(dates, first) - begin).astype(np.int64)
    return np.asarray(passed[at[:-1]] - passed[at[-1]], np.int64)


def day_of(study: Study, number: int, first: np.datetime64) -> np.datetime64:
    """First day of a period given by its number."""
    if study.period == "day":
        days = first + np.arange(4 * max(number, 1) + 60) * _DAY
        is_open = days[~study.demand.closed_mask(days)]
        return np.datetime64(is_open[number] if 0 <= number < is_open.size else first + number * _DAY)
    begin = running_number(np.array([first]), study.period, study.week_starts)[0]
    return first_day(int(begin) + number, study.period, study.week_starts)
