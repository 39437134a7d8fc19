"""Days of ordering and periods of the simulation, counted from the day after the study's last date."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.arrays import DateArray, IntArray
from simlab.catalog.calendar.periods import first_day, running_number
from simlab.study import WEEKDAYS, Study

_DAY = np.timedelta64(1, "D")
_NEARLY = 1e-6
_MOST_DAYS = 4000
_MOST_WAIT = 60  # days to the next order day, closed ones included


@dataclass(frozen=True)
class Calendar:
    """Periods of a study, the first one after `as_of` being 0.

    Attributes
    ----------
    study : Study
        Period, first day of the week, closed days.
    first : datetime64[D]
        Day after `as_of`.
    """

    study: Study
    first: np.datetime64

    def period_of(self, days: DateArray) -> IntArray:
        """(m,) number of each day's period; of a closed day the next open one's; below 0 before the first."""
        days = days.astype("datetime64[D]")
        if days.size == 0:
            return np.zeros(0, np.int64)
        study = self.study
        if study.period != "day":
            number = running_number(np.append(days, self.first), study.period, study.week_starts)
            return np.asarray(number[:-1] - number[-1], np.int64)
        begin, end = min(days.min(), self.first), max(days.max(), self.first) + _DAY
        every = np.arange(begin, end, _DAY)
        passed = np.concatenate([[0], np.cumsum(~study.demand.closed_mask(every))])
        at = (np.append(days, self.first) - begin).astype(np.int64)
        return np.asarray(passed[at[:-1]] - passed[at[-1]], np.int64)

    def later(self, day: np.datetime64, periods: float) -> np.datetime64:
        """The day on which an order placed on `day` is due after so many periods, to the nearest day.

        In daily studies closed days do not count; whole months go from a day of one month to that of another.
        """
        if self.study.period == "month":
            whole = int(periods + _NEARLY)
            rest = round(max(periods - whole, 0.0) * self.study.period_days)
            return self._months_later(day, whole) + np.timedelta64(rest, "D")
        if self.study.period != "day":
            return np.datetime64(day + np.timedelta64(round(periods * self.study.period_days), "D"))
        left = round(periods)
        every = day + np.arange(_MOST_DAYS * 3) * _DAY
        is_open = np.flatnonzero(~self.study.demand.closed_mask(every[1:])) + 1
        return np.datetime64(day) if left <= 0 else every[is_open[min(left, is_open.size) - 1]]

    def _months_later(self, day: np.datetime64, months: int) -> np.datetime64:
        """The same day of a later month, its last where that is shorter."""
        number = int(running_number(np.array([day]), "month", "")[0]) + months
        begin, end = (first_day(one, "month", "") for one in (number, number + 1))
        moved = begin + (day - self.begin_of(day))
        return np.datetime64(moved if moved < end else end - _DAY)

    def begin_of(self, day: np.datetime64) -> np.datetime64:
        """First day of the period that a day lies in."""
        study = self.study
        if study.period == "day":
            return day
        number = running_number(np.array([day]), study.period, study.week_starts)[0]
        return first_day(int(number), study.period, study.week_starts)

    def is_order_day(self, day: np.datetime64, names: tuple[str, ...]) -> bool:
        """Whether a day is one of these weekdays; in daily studies an open one."""
        if weekday(day) not in {WEEKDAYS.index(name) for name in names}:
            return False
        return self.study.period != "day" or not bool(self.study.demand.closed_mask(np.array([day]))[0])

    def next_order_day(self, day: np.datetime64, names: tuple[str, ...]) -> int:
        """Periods from a day's to that of the next later order day, at least 1."""
        for ahead in range(1, _MOST_WAIT):
            later = day + ahead * _DAY
            if self.is_order_day(later, names):
                return max(1, int(np.diff(self.period_of(np.array([day, later])))[0]))
        return 1


def weekday(day: np.datetime64) -> int:
    """0 for Monday."""
    return int((day.astype("datetime64[D]").astype(np.int64) + 3) % 7)
