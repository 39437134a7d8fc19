"""Whether the last period of a table that comes by week or month looks as if it were not over."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simlab.api.data.data import Data
from simlab.arrays import FloatArray
from simlab.catalog.calendar.periods import first_day
from simlab.catalog.catalog import DemandTable
from simlab.measures import format_money
from simlab.models import known_past
from simlab.models.history.calendar import Calendar

_FEWEST, _WINDOW = 12, 104
"""Periods before the last one that are needed, and that it is compared with at most."""
_FAR_BELOW = 0.6
"""Of the least of them: a running week or month that the dates of rows cannot show."""
_BLOCK = 1 << 20  # rows at once


def unfinished(data: Data) -> Iterator[tuple[str, str, float]]:
    """Key, text and money concerned where the last period has far less demand than any before.

    One date stands for a week or month in such a table, so that nothing shows whether the last one was over
    when it was drawn. Nothing where the study says `as_of`.
    """
    history, study = data.history, data.study
    table = known_past(data.catalog)[0].demand
    if history is None or table is None or study.as_of is not None or study.period == "day":
        return
    calendar = history.calendar
    if not calendar.stamped or calendar.n_periods <= _FEWEST or not calendar.open[-1]:
        return
    cost = data.models.costs.unit_cost * data.models.costs.cost_resolution
    in_units = not bool(cost.any())
    worth: FloatArray = np.ones(cost.size) if in_units else np.asarray(cost, np.float64)
    total = _by_period(table, calendar, worth)
    like = (total / np.where(calendar.open, calendar.lengths, 1.0))[calendar.open]
    before = like[-1 - _WINDOW : -1]
    if before.size < _FEWEST or like[-1] >= _FAR_BELOW * before.min():
        return
    usual, period = float(np.median(before)), study.period
    said = [
        f"{one:,.0f} units" if in_units else format_money(one, study.currency) for one in (like[-1], usual)
    ]
    begin = first_day(calendar.first + calendar.n_periods - 1, calendar.period, calendar.week_starts)
    text = (
        f"The last {period}, from {begin} on, has {said[0]} of demand, far below every {period} before "
        f"(usually {said[1]}), and counts as a whole one: was it over when the table was drawn? If not, say "
        f"as_of = {begin - np.timedelta64(1, 'D')} under [study], and it is left out."
    )
    yield "last period", text, 0.0 if in_units else usual - float(like[-1])


def _by_period(table: DemandTable, calendar: Calendar, worth: FloatArray) -> FloatArray:
    """(n_periods,) what was recorded in each whole period, in blocks of rows."""
    total = np.zeros(calendar.n_periods)
    for start in range(0, table.item.size, _BLOCK):
        rows = slice(start, start + _BLOCK)
        period = calendar.index(table.date[rows])
        inside = (period >= 0) & (period < calendar.n_periods)
        amount = table.quantity[rows] * worth[table.item[rows]]
        total += np.bincount(period[inside], weights=amount[inside], minlength=calendar.n_periods)
    return total
