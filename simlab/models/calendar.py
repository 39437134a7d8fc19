"""Dates → whole periods: days, weeks or months, and which of them were open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simlab.engine.types import IntArray

if TYPE_CHECKING:
    from simlab.study import Study

DateArray = npt.NDArray[np.datetime64]
BoolArray = npt.NDArray[np.bool_]

_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday = 0
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, eq=False)
class Calendar:
    """The whole periods of a history, numbered from 0.

    Attributes
    ----------
    period : str
        day, week or month.
    week_starts : str
        First day of a week.
    first : int
        Running number (since 1970) of period 0.
    open : (n_periods,) bool
        False where every day of the period was closed: such a period is no observation. A period
        with some closed days counts as it is.
    stamped : bool
        Every row carries the same day of its week or month: the table is already by period, so
        its first and last period are whole.
    """

    period: str
    week_starts: str
    first: int
    open: BoolArray
    stamped: bool

    @property
    def n_periods(self) -> int:
        return int(self.open.size)

    def index(self, dates: DateArray) -> IntArray:
        """(m,) period of each date; below 0 or ≥ n_periods outside the whole periods."""
        return running_number(dates, self.period, self.week_starts) - self.first


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


def whole_periods(study: Study, dates: DateArray, first: np.datetime64, last: np.datetime64) -> Calendar:
    """The calendar of a history.

    Parameters
    ----------
    study : Study
        Period, week start and closed dates.
    dates : (m,) datetime64[D]
        Dates of the demand rows that are used.
    first, last : datetime64[D]
        First date of demand and last date used (`as_of`); part periods at the ends are left out
        unless the table is already by period.
    """
    period, week_starts = study.period, study.week_starts
    stamped = period != "day" and _is_stamped(dates, period)
    low, high = running_number(np.array([first, last]), period, week_starts).tolist()
    if not stamped:
        low += int(first_day(low, period, week_starts) != first)
        high -= int(first_day(high + 1, period, week_starts) - last > np.timedelta64(1, "D"))
    edges = np.array([first_day(number, period, week_starts) for number in range(low, high + 2)])
    return Calendar(period, week_starts, low, _open(study, edges.astype("datetime64[D]")), stamped)


def _shift(week_starts: str) -> int:
    return _EPOCH_WEEKDAY - _WEEKDAYS.index(week_starts)


def _is_stamped(dates: DateArray, period: str) -> bool:
    """Whether all dates are one weekday, one day of the month, or the last day of their month."""
    if dates.size == 0:
        return False
    days = np.unique(dates.astype("datetime64[D]"))
    if period == "week":
        return np.unique(days.astype(np.int64) % 7).size == 1
    months = days.astype("datetime64[M]")
    from_start = (days - months.astype("datetime64[D]")).astype(np.int64)
    to_end = ((months + 1).astype("datetime64[D]") - days).astype(np.int64)
    return bool((from_start == from_start[0]).all() or (to_end == 1).all())


def _open(study: Study, edges: DateArray) -> BoolArray:
    """(n_periods,) whether at least one day between neighbouring edges was open."""
    if edges.size < 2:
        return np.zeros(0, dtype=np.bool_)
    days = np.arange(edges[0], edges[-1], dtype="datetime64[D]")
    is_open = ~study.demand.closed_mask(days)
    starts = (edges[:-1] - edges[0]).astype(np.int64)
    return np.asarray(np.add.reduceat(is_open.astype(np.int64), starts) > 0)
