"""Closed days by name, and days on which nothing at all was sold though nobody calls them closed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from simlab.catalog.quality import QualityRow
from simlab.engine.types import IntArray
from simlab.models.calendar import Calendar, DateArray, first_day
from simlab.study.values import WEEKDAYS, closed_days

if TYPE_CHECKING:
    from simlab.catalog import Catalog

_SHOWN = 6
_LEAST_ROWS_A_DAY = 5.0
_MANY = 0.05  # of all days closed by date, from which lead times in calendar days are misleading


def closed_notes(catalog: Catalog, calendar: Calendar) -> Iterator[QualityRow]:
    """Remarks: which days were closed by the study, and which are silent without a word.

    Notes
    -----
    Silent days are told of daily studies whose table has 5 rows or more on a usual day: there a day
    without any row is hardly chance.
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
    rows: IntArray = np.bincount(
        np.clip((table.date - first).astype(np.int64), -1, days.size) + 1, minlength=days.size + 2
    )[1:-1]
    silent = (rows == 0) & ~closed
    usual = table.n_rows / max(int((rows > 0).sum()), 1)
    if calendar.period == "day" and silent.any() and usual >= _LEAST_ROWS_A_DAY:
        note = f"{int(silent.sum()):,} days: {_named(days[silent])}; they count as zero demand of every "
        note += "SKU-location; if they were closed, name them: [demand] weekdays = [...] or closed = [...]"
        yield QualityRow("demand", "days without any row", "used", 0, note=note)


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
            f"Days closed by date ({100 * share:.0f} % of the history's other days) are no observation, but "
            f"lead times count them: demand over lead times is up to {100 * share / (1 - share):.0f} % too "
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
        f"{said}; {' and '.join(times)} are calendar days, and 7 of them become {n}, split between whole "
        f"days so that the mean is kept. Say {', or '.join(remedy[: 1 + received])}."
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
