"""Closed days by name, and days on which nothing at all was sold though nobody calls them closed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from simlab.catalog.quality import QualityRow
from simlab.engine.types import IntArray
from simlab.models.calendar import Calendar, DateArray, first_day
from simlab.study.values import WEEKDAYS

if TYPE_CHECKING:
    from simlab.catalog import Catalog

_SHOWN = 6
_LEAST_ROWS_A_DAY = 5.0


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
