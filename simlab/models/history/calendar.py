"""Dates → whole periods: days, weeks or months, and which of them were open."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, DateArray, FloatArray, IntArray
from simlab.catalog.calendar.periods import by_period, first_day, running_number
from simlab.catalog.quality import QualityRow
from simlab.study.values import WEEKDAYS, closed_days

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.study import Study


__all__ = ["Calendar", "first_day", "running_number", "whole_periods"]
_DAY = np.timedelta64(1, "D")


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
        One date stands for each week or month: the table is already by period, so that its first
        period is whole, and its last one, too, unless `as_of` lies within it.
    days : (n_periods,) int64, optional
        Open days of each period; all periods alike if left out (no study, or one whose season knows it).
    """

    period: str
    week_starts: str
    first: int
    open: BoolArray
    stamped: bool
    days: IntArray | None = None

    @property
    def lengths(self) -> FloatArray:
        """(n_periods,) open days ÷ their mean over the open periods; 1 of those that are closed."""
        if self.days is None or not self.open.any():
            return np.ones(self.n_periods)
        return np.where(self.open, self.days / self.days[self.open].mean(), 1.0)

    @property
    def n_periods(self) -> int:
        return int(self.open.size)

    def index(self, dates: DateArray) -> IntArray:
        """(m,) period of each date; below 0 or ≥ n_periods outside the whole periods."""
        return running_number(dates, self.period, self.week_starts) - self.first


def whole_periods(study: Study, dates: DateArray, first: np.datetime64, last: np.datetime64) -> Calendar:
    """The calendar of a history.

    Parameters
    ----------
    study : Study
        Period, week start, closed dates, and what one row stands for (`demand.grain`).
    dates : (m,) datetime64[D]
        Dates of the demand rows that are used.
    first, last : datetime64[D]
        First date of demand and last date used (`as_of`).

    Notes
    -----
    A period at an end is whole if every open day of it lies between `first` and `last`. A table that is
    already by period is whole at its beginning, and at its end where the study names no last date; with
    `as_of` (or `demand.complete_to`) within the last period that one is still running, whatever day its
    rows carry.
    """
    period, week_starts = study.period, study.week_starts
    stamped = by_period(study, dates)
    named = study.as_of is not None or study.demand.complete_to is not None
    low, high = running_number(np.array([first, last]), period, week_starts).tolist()
    if not stamped:
        low += int(_any_open(study, first_day(low, period, week_starts), first))
    if not stamped or named:
        high -= int(_any_open(study, last + _DAY, first_day(high + 1, period, week_starts)))
    edges = np.array([first_day(number, period, week_starts) for number in range(low, high + 2)])
    days = _open_days(study, edges.astype("datetime64[D]"))
    lengths = None if study.models.seasonality is not None else days  # a season knows how long its months are
    return Calendar(period, week_starts, low, days > 0, stamped, lengths)


def _any_open(study: Study, first: np.datetime64, end: np.datetime64) -> bool:
    """Whether any day from `first` up to, not including, `end` is open."""
    return bool((~study.demand.closed_mask(np.arange(first, end, dtype="datetime64[D]"))).any())


def _open_days(study: Study, edges: DateArray) -> IntArray:
    """(n_periods,) open days between neighbouring edges."""
    if edges.size < 2:
        return np.zeros(0, np.int64)
    days = np.arange(edges[0], edges[-1], dtype="datetime64[D]")
    is_open = ~study.demand.closed_mask(days)
    starts = (edges[:-1] - edges[0]).astype(np.int64)
    return np.asarray(np.add.reduceat(is_open.astype(np.int64), starts), dtype=np.int64)


_SHOWN = 6
_LEAST_ROWS_A_DAY = 5.0
_CHANCE = 0.01  # of so many days without a row, below which they are looked at first
_MANY = 0.05  # of all days closed by date, from which lead times in calendar days are misleading


def closed_notes(
    catalog: Catalog, calendar: Calendar, first_alive: IntArray, last_alive: IntArray
) -> Iterator[QualityRow]:
    """Remarks: which days were closed by the study, and which are silent without a word.

    Parameters
    ----------
    catalog : Catalog
    calendar : Calendar
        Of the demand history.
    first_alive, last_alive : (n,) int64
        First and last period of the life of each SKU-location.

    Notes
    -----
    Silent days are told of daily studies whose table has 5 rows or more on a usual day: there a day
    without any row is hardly chance; one looks first where so many would be chance in one table of a hundred.
    """
    table = catalog.demand
    if table is None or calendar.n_periods == 0:
        return
    edges = [calendar.first, calendar.first + calendar.n_periods]
    first, last = (first_day(edge, calendar.period, calendar.week_starts) for edge in edges)
    days = np.arange(first, last, dtype="datetime64[D]")
    closed = catalog.study.demand.closed_mask(days)
    if closed.any():
        lost = int((~calendar.open).sum())
        note = f"{int(closed.sum()):,} days: {_named(days[closed])}; {lost:,} whole {calendar.period}s are no"
        note += " observation" if calendar.period == "day" else " observation, part ones count as they are"
        yield QualityRow("demand", "closed days of the study", "used", 0, note=note)
    rows: IntArray = np.zeros(days.size + 2, np.int64)
    for some in table.blocks():
        at = np.clip((table.dates(some) - first).astype(np.int64), -1, days.size) + 1
        rows += np.bincount(at, minlength=rows.size)
    rows = rows[1:-1]
    silent = (rows == 0) & ~closed
    complete = catalog.study.demand.complete_to
    if complete is not None and catalog.last_date is not None:  # the study answers for the days since
        silent &= (days <= np.datetime64(catalog.last_date, "D")) | (days > np.datetime64(complete, "D"))
    usual = table.n_rows / max(int((rows > 0).sum()), 1)
    if calendar.period == "day" and silent.any() and usual >= _LEAST_ROWS_A_DAY:
        from scipy.special import pdtrc

        n = int(silent.sum())
        note = f"{n:,} day{'s' if n > 1 else ''}: {_named(days[silent])}; they count as zero demand of "
        note += _concerned(catalog, np.flatnonzero(silent), first_alive, last_alive)
        note += "; if they were closed, name them: [demand] weekdays = [...] or closed = [...]"
        by_chance = int((~closed).sum()) * math.exp(-usual)  # most, of rows that know nothing of each other
        rare = bool(pdtrc(n - 1, by_chance) < _CHANCE)
        note += "" if rare else f"; chance alone leaves {by_chance:.2g}"
        yield QualityRow(
            "demand", "days without any row", "used", 0, note=note, notice="look" if rare else ""
        )


def _concerned(catalog: Catalog, silent: IntArray, first: IntArray, last: IntArray) -> str:
    """Whose lives the silent days lie in, in words."""
    alive = np.flatnonzero(np.searchsorted(silent, first) < np.searchsorted(silent, last, side="right"))
    if alive.size == catalog.n_items and alive.size > 1:
        return f"all {alive.size:,} SKU-locations"
    if alive.size == 1:
        return f"{catalog.keys[int(alive[0])]}, the one SKU-location whose history they lie in"
    return f"the {alive.size:,} SKU-locations (of {catalog.n_items:,}) whose history they lie in"


def open_days(catalog: Catalog, calendar: Calendar | None) -> tuple[str, ...]:
    """What it means that simulated days are open days, in sentences; nothing where no weekday is closed.

    Parameters
    ----------
    catalog : Catalog
    calendar : Calendar or None
        Of the demand history; None without one.

    Notes
    -----
    Closed weekdays are taken out of times (`Study.days_per_period`). Closed dates are not: where they are
    a twentieth of the other days or more, a remark says what that does.
    """
    study = catalog.study
    if study.period != "day":
        return ()
    said = []
    if study.demand.open_weekdays < 7:
        said.append(_converted(catalog))
    if calendar is None or calendar.n_periods == 0:
        return tuple(said)
    days = calendar.first + np.arange(calendar.n_periods)
    week = ~closed_days(days.astype("datetime64[D]"), (), study.demand.weekdays)
    share = 1.0 - float(calendar.open[week].mean()) if week.any() else 0.0
    if _MANY <= share < 1.0:
        said.append(
            f"Days closed by date ({100 * share:.0f}% of the history's other days) are no observation, but "
            f"lead times count them: demand over lead times is up to {100 * share / (1 - share):.0f}% too "
            "high. Weekdays that are always closed belong in demand.weekdays."
        )
    return tuple(said)


def _converted(catalog: Catalog) -> str:
    """How calendar days become open days, and how to say that they are open days already."""
    study = catalog.study
    n = study.demand.open_weekdays
    said = (
        f"A simulated day is a day open for demand, {n} of 7 a week: a year has "
        f"{study.periods_per_year:.4g} of them"
    )
    stated = study.data.time_unit != "periods"
    received = catalog.receipts is not None and study.lead_times.law != "fixed"
    received &= study.lead_times.calendar == "days"
    times = ["lead times and review periods in items and study"] if stated else []
    times += ["lead times of receipts"] if received else []
    if not times:
        return f"{said}; times count open days, as the study says."
    remedy = ['data.time_unit = "periods" if times are in open days already'] if stated else []
    remedy += ['lead_times.calendar = "working_days" to count open days between order and receipt']
    return (
        f"{said}; {' and '.join(times)} are calendar days, and 7 of them become {n}; what would arrive on a "
        f"closed day waits for the next open one. Say {', or '.join(remedy[: 1 + received])}."
    )


def _named(days: DateArray) -> str:
    """Weekdays that are all there, then ranges of dates."""
    code = (days.astype(np.int64) + 3) % 7
    span = int((days[-1] - days[0]).astype(np.int64)) + 1
    whole = [k for k in range(7) if (code == k).sum() >= max(2, span // 7)]
    words = [f"every {WEEKDAYS[k]}" for k in whole]
    other = days[~np.isin(code, whole)]
    cuts = np.flatnonzero(np.diff(other).astype(np.int64) > 1) + 1
    ends = [0, *cuts.tolist(), other.size]
    ranges = [(other[a], other[b - 1]) for a, b in pairwise(ends) if b > a]
    words += [str(a) if a == b else f"{a}/{b}" for a, b in ranges[:_SHOWN]]
    more = len(ranges) - _SHOWN
    return ", ".join(words) + (f" and {more} more" if more > 0 else "")
