"""Closed periods: demand dated in them, and what they leave of a year."""

from __future__ import annotations

import numpy as np

from simlab.arrays import BoolArray, DateArray, IntArray
from simlab.catalog.calendar.periods import first_day, running_number
from simlab.study import Study, closed_days


def in_closed_period(study: Study, dates: DateArray) -> BoolArray:
    """(m,) whether every day of the period of a date is closed."""
    closed = study.demand.closed_mask(dates)
    if study.period == "day" or not closed.any():
        return closed
    numbers, code = np.unique(running_number(dates, study.period, study.week_starts), return_inverse=True)
    shut = np.zeros(numbers.size, dtype=np.bool_)
    for at in np.unique(code[closed]).tolist():
        ends = (first_day(int(numbers[at]) + k, study.period, study.week_starts) for k in (0, 1))
        shut[at] = study.demand.closed_mask(np.arange(*ends, dtype="datetime64[D]")).all()
    return np.asarray(shut[code])


def moved_to_open(study: Study, dates: DateArray, first: np.datetime64, last: np.datetime64) -> DateArray:
    """(m,) the next open day of each closed date; the one before it where none follows up to `last`.

    Parameters
    ----------
    dates : (m,) datetime64[D]
        Dates in closed periods.
    first, last : datetime64[D]
        The days that are used.

    Returns
    -------
    (m,) datetime64[D]
        NaT where no day is open at all.
    """
    days = np.arange(first, last + 1, dtype="datetime64[D]")
    days = days[~study.demand.closed_mask(days)]
    if days.size == 0:
        return np.full(dates.size, np.datetime64("NaT", "D"))
    at = np.searchsorted(days, dates)
    return np.asarray(days[np.minimum(at, days.size - 1)])


def last_day_of(study: Study, date: np.datetime64) -> np.datetime64:
    """Last day of the period that a date lies in."""
    number: IntArray = running_number(np.array([date]), study.period, study.week_starts)
    return first_day(int(number[0]) + 1, study.period, study.week_starts) - np.timedelta64(1, "D")


def open_share(study: Study, first: np.datetime64, last: np.datetime64) -> float:
    """Share of the periods of a year that are open, of those that weekdays leave open in a daily study.

    Parameters
    ----------
    study : Study
        `demand.closed` and `demand.weekdays`.
    first, last : datetime64[D]
        First date of demand and last date used.

    Notes
    -----
    Over the whole years that end on `last` and lie in the history; over the year up to `last` where it is
    shorter. A law is one of open periods: a year's demand is its mean times the open periods of a year,
    whatever the study's period is.
    """
    if not study.demand.closed:
        return 1.0
    month = last.astype("datetime64[M]")
    in_month = last - month.astype("datetime64[D]")
    years = 1
    while _years_before(month, in_month, years + 1) >= first:
        years += 1
    days = np.arange(
        _years_before(month, in_month, years), last + np.timedelta64(1, "D"), dtype="datetime64[D]"
    )
    if study.period == "day":
        open_days = int((~study.demand.closed_mask(days)).sum())
        usual = int((~closed_days(days, (), study.demand.weekdays)).sum())
        return open_days / usual if open_days else 1.0
    numbers = np.unique(running_number(days, study.period, study.week_starts))
    starts = np.array([first_day(int(k), study.period, study.week_starts) for k in numbers])
    closed = in_closed_period(study, starts.astype("datetime64[D]"))
    return float(1 - closed.mean()) if not closed.all() else 1.0


def _years_before(month: np.datetime64, in_month: np.timedelta64, years: int) -> np.datetime64:
    """The day after the same day so many years before; of 29 February, 1 March."""
    before = (month - np.timedelta64(12 * years, "M")).astype("datetime64[D]") + in_month
    return np.datetime64(before + np.timedelta64(1, "D"), "D")
