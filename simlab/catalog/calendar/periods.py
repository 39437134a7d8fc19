"""Days, weeks and months: their numbers, their first days, and whether dates already stand for them."""

from __future__ import annotations

import numpy as np

from simlab.arrays import DateArray, IntArray, distinct_dates
from simlab.study import WEEKDAYS, Study

_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday = 0
_FEWEST = {"week": 8, "month": 6}  # periods with one date each that are hardly chance
_MOST_MISSING = 0.25  # of the periods between the first and the last


def running_number(dates: DateArray, period: str, week_starts: str) -> IntArray:
    """Number of the day, week or month that a date lies in, counted from 1970."""
    if period == "month":
        return dates.astype("datetime64[M]").astype(np.int64)
    days = dates.astype("datetime64[D]").astype(np.int64)
    if period == "day":
        return days
    return np.asarray((days + _shift(week_starts)) // 7)


def first_day(number: int, period: str, week_starts: str) -> np.datetime64:
    """First day of a period given by its running number."""
    if period == "month":
        return np.datetime64(str(np.datetime64(number, "M")), "D")
    days = number if period == "day" else number * 7 - _shift(week_starts)
    return np.datetime64(days, "D")


def one_date_a_period(dates: DateArray, period: str, week_starts: str) -> bool:
    """Whether a table is already by week or month: one date for each, whatever day it is.

    Parameters
    ----------
    dates : (m,) datetime64[D]
        Dates of all rows.
    period, week_starts : str
        week or month, and the first day of a week.

    Notes
    -----
    So are dates that are all one weekday; one day of the month, or the last of it; the first (second, …) or
    last of one weekday in their month; and any dates of which each of 8 weeks (6 months) or more has exactly
    one (the last working day, say), with at most a quarter of the periods between them missing.
    """
    days = distinct_dates(dates)
    if days.size == 0:
        return False
    one_weekday = bool(np.unique(days.astype(np.int64) % 7).size == 1)
    number = running_number(days, period, week_starts)
    single = bool((np.diff(number) > 0).all())
    span = int(number[-1] - number[0]) + 1
    steady = single and number.size >= _FEWEST[period] and number.size >= (1 - _MOST_MISSING) * span
    if period == "week":
        return one_weekday or steady
    return on_one_day_of_the_month(days) or (single and one_weekday_of_the_month(days)) or steady


def by_period(study: Study, dates: DateArray) -> bool:
    """Whether rows stand for whole weeks or months, as the study says or their dates show."""
    if study.period == "day":
        return False
    if study.demand.grain != "auto":
        return study.demand.grain == study.period
    return one_date_a_period(dates, study.period, study.week_starts)


def end_of_rows(study: Study, dates: DateArray) -> np.datetime64 | None:
    """Last day of the week or month that the last row stands for; None where rows are of single days."""
    if dates.size == 0 or not by_period(study, dates):
        return None
    number = running_number(np.array([dates.max()]), study.period, study.week_starts)[0]
    return np.datetime64(first_day(int(number) + 1, study.period, study.week_starts) - np.timedelta64(1, "D"))


def on_one_day_of_the_month(days: DateArray) -> bool:
    """Whether all days have one number in their month, or are the last of it."""
    return bool((_from_start(days) == _from_start(days)[0]).all() or (_to_end(days) == 1).all())


def one_weekday_of_the_month(days: DateArray) -> bool:
    """Whether all days are the first (second, …) or the last of one weekday in their month."""
    rank = _from_start(days) // 7
    one = np.unique(days.astype(np.int64) % 7).size == 1
    return bool(one and ((rank == rank[0]).all() or (_to_end(days) <= 7).all()))


def _from_start(days: DateArray) -> IntArray:
    return np.asarray((days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64))


def _to_end(days: DateArray) -> IntArray:
    after = (days.astype("datetime64[M]") + 1).astype("datetime64[D]")
    return np.asarray((after - days).astype(np.int64))


def _shift(week_starts: str) -> int:
    return _EPOCH_WEEKDAY - WEEKDAYS.index(week_starts)
