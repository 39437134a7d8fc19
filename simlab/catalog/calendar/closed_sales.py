"""Closed periods: demand dated in them, and what they leave of a year."""

from __future__ import annotations

import numpy as np

from simlab.arrays import BoolArray, DateArray, IntArray
from simlab.catalog.calendar.periods import first_day, running_number
from simlab.study import Study

_LONGEST_CLOSURE = 92  # days


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
    """Open periods of a year ÷ those that a year of 365 days has where only weekdays are closed.

    Parameters
    ----------
    study : Study
        `demand.closed` and `demand.weekdays`.
    first, last : datetime64[D]
        First date of demand and last date used.

    Notes
    -----
    A law is one of open periods; a year's demand is its mean times the open periods of a year: open days
    a year ÷ open days of an open period, so that it is the same whatever the study's period is. Over the
    whole years that end on `last` and lie in the history, closed days before its first date included; over
    the year up to `last` where it is shorter.
    """
    if not study.demand.closed and not study.demand.weekdays:
        return 1.0
    month = last.astype("datetime64[M]")
    in_month = last - month.astype("datetime64[D]")
    years = 1
    while _covered(study, _years_before(month, in_month, years + 1), first):
        years += 1
    begin = _years_before(month, in_month, years)
    days = np.arange(begin, last + np.timedelta64(1, "D"), dtype="datetime64[D]")
    is_open = ~study.demand.closed_mask(days)
    if not is_open.any():
        return 1.0
    usual = 365.0 / study.period_days
    return float(is_open.sum() / years / _open_days_of_a_period(study, days, is_open) / usual)


def _covered(study: Study, begin: np.datetime64, first: np.datetime64) -> bool:
    """Whether a history that begins on `first` reaches back to `begin`: only closed days lie between."""
    if begin >= first:
        return True
    days = np.arange(begin, min(first, begin + np.timedelta64(_LONGEST_CLOSURE, "D")), dtype="datetime64[D]")
    return bool(days[-1] + 1 == first and study.demand.closed_mask(days).all())


def _open_days_of_a_period(study: Study, days: DateArray, is_open: BoolArray) -> float:
    """Mean open days of the periods that lie in the days as a whole and are not all closed."""
    if study.period == "day":
        return 1.0
    numbers, which = np.unique(running_number(days, study.period, study.week_starts), return_inverse=True)
    opened = np.bincount(which, weights=is_open)
    ends = [
        first_day(int(numbers[at]) + k, study.period, study.week_starts) for at in (0, -1) for k in (0, 1)
    ]
    whole = np.ones(numbers.size, np.bool_)
    whole[0], whole[-1] = days[0] <= ends[0], days[-1] + 1 >= ends[3]
    kept = opened[whole & (opened > 0)]
    return float(kept.mean()) if kept.size else float(opened[opened > 0].mean())


def _years_before(month: np.datetime64, in_month: np.timedelta64, years: int) -> np.datetime64:
    """The day after the same day so many years before; of 29 February, 1 March."""
    before = (month - np.timedelta64(12 * years, "M")).astype("datetime64[D]") + in_month
    return np.datetime64(before + np.timedelta64(1, "D"), "D")
