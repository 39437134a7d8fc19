"""Days between two dates and days in a period, by the calendar or by working days alone."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from simlab.engine.types import IntArray
from simlab.models.calendar import BoolArray, DateArray
from simlab.study import WEEKDAYS, closed_days

if TYPE_CHECKING:
    from simlab.study import Study

_PERIOD = {"day": (1, 1), "week": (1, 7), "month": (12, 365)}
_DAY = np.timedelta64(1, "D")


def no_delivery(study: Study, dates: DateArray) -> BoolArray:
    """(m,) days on which nothing is delivered: `closed` and `weekdays` of [lead_times], else of [demand]."""
    own = study.lead_times
    if own.closed or own.weekdays:
        return closed_days(dates, own.closed, own.weekdays)
    return study.demand.closed_mask(dates)


def elapsed(
    study: Study, ordered: DateArray, received: DateArray, *, working: bool | None = None
) -> IntArray:
    """(m,) days from order to receipt, counted as `lead_times.calendar` says.

    Parameters
    ----------
    study : Study
        Calendar and closed days.
    ordered, received : (m,) datetime64[D]
        Never a receipt before its order.
    working : bool, optional
        Count working days whatever the study says, or never.

    Notes
    -----
    Working days are the open ones after the order, the day of receipt included: ordered on Friday and
    received on Monday is one.
    """
    if working is None:
        working = study.lead_times.calendar == "working_days"
    if not working or not ordered.size:
        return (received - ordered).astype("timedelta64[D]").astype(np.int64)
    first = ordered.min()
    days = np.arange(first, received.max() + _DAY, dtype="datetime64[D]")
    open_until = np.cumsum(~no_delivery(study, days)).astype(np.int64)
    place = [(dates - first).astype("timedelta64[D]").astype(np.int64) for dates in (ordered, received)]
    return np.asarray(open_until[place[1]] - open_until[place[0]])


def periods_per_day(study: Study, first: np.datetime64, last: np.datetime64) -> tuple[int, int]:
    """Periods in a day of lead time, as a fraction: (numerator, denominator).

    Parameters
    ----------
    study : Study
        Period and calendars.
    first, last : datetime64[D]
        First order and last receipt.

    Notes
    -----
    A calendar day is one seventh of a week, and of the open weekdays of a daily study: with closed
    weekends seven days are five periods. Working days are counted over the whole weeks from the first
    order to the last receipt: five a week with closed weekends, a little less where holidays are named.
    Days as periods are those on which demand is open.
    """
    if study.lead_times.calendar == "days":
        return study.days_per_period.denominator, study.days_per_period.numerator
    times, share = _PERIOD[study.period]
    n = -(-((last - first).astype("timedelta64[D]").astype(np.int64) + 1) // 7) * 7
    days = first + np.arange(int(n)) * _DAY
    open_days = int((~no_delivery(study, days)).sum())
    every = int((~study.demand.closed_mask(days)).sum()) if study.period == "day" else int(n)
    times, share = times * every, share * open_days
    common = gcd(times, share)
    return times // common, share // common


def weekday_names(dates: DateArray) -> list[str]:
    """(m,) monday … sunday."""
    return [WEEKDAYS[day] for day in ((dates.astype(np.int64) + 3) % 7).tolist()]
