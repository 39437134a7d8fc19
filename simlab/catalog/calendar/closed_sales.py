"""Demand dated in closed periods: where it may go."""

from __future__ import annotations

import numpy as np

from simlab.arrays import BoolArray, DateArray, IntArray
from simlab.catalog.calendar.periods import first_day, running_number
from simlab.study import Study


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
