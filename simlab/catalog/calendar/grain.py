"""What time one row of demand stands for: a day, a week, a month, or 28 and 35 days in turn (4-4-5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.arrays import DateArray, IntArray, distinct_dates
from simlab.catalog import findings as found
from simlab.catalog.calendar.periods import on_one_day_of_the_month, one_weekday_of_the_month
from simlab.catalog.findings import Findings
from simlab.study import WEEKDAYS, Study

DAY, WEEK, MONTH, FOUR_FOUR_FIVE, OTHER = "day", "week", "month", "four_four_five", "other"
FISCAL = "fiscal"
_FEWEST_DATES = 4
_HARDLY_CHANCE = 6.0  # powers of ten
_FISCAL = (28, 35, 42)  # days of a period of 4 or 5 weeks, and of the 5 that a long year makes 6
_FEWEST_FISCAL = 6
_MOSTLY = 0.75  # of the steps: the others jump over periods in which nothing was sold
_RUN = 9  # steps of whole weeks in a row within one SKU-location: a chance of 7⁻⁹
_CLOSE = 14  # days
_MONTHS = 6  # rows of one SKU-location, all on one day of the month
_SHOWN = 3


@dataclass(frozen=True)
class Grain:
    """What the dates of a table show.

    Attributes
    ----------
    name : str
        day (nothing else can be shown), week, month, four_four_five or other.
    step : int
        Days from a date to the next where the name is other, or where 28 or 35 never take turns; else 0.
    words : str
        What was seen, for a message.
    """

    name: str
    step: int = 0
    words: str = ""


def grain_of(dates: DateArray) -> Grain:
    """The time that one row stands for, as far as the dates of a table show it.

    Parameters
    ----------
    dates : (m,) datetime64[D]
        Dates of all rows.

    Notes
    -----
    A step of k days is believed where dates would all lie on its grid by chance in less than one of a million
    tables: k to the power of the distinct dates less one, or of a third of the rows from 4 dates on.
    """
    days = distinct_dates(dates)
    if days.size < _FEWEST_DATES:
        return Grain(DAY)
    gaps = np.diff(days).astype(np.int64)
    if _monthly(days):
        months = np.diff(days.astype("datetime64[M]")).astype(np.int64)
        every = int(np.gcd.reduce(months))
        if every > 1 and _believed(every, days.size, dates.size):
            return Grain(OTHER, round(every * 365 / 12), f"rows come every {every} months")
        return Grain(MONTH, words="rows come once a month")
    step = int(np.gcd.reduce(gaps))
    if step < 2 or not _believed(step, days.size, dates.size):
        return Grain(DAY)
    fiscal = np.isin(gaps, _FISCAL)
    if (
        step % 7 == 0
        and gaps.min() >= _FISCAL[0]
        and fiscal.mean() >= _MOSTLY
        and days.size >= _FEWEST_FISCAL
    ):
        alike = int(gaps[0]) if np.ptp(gaps) == 0 else 0
        return Grain(FOUR_FOUR_FIVE, alike, f"rows come every {alike or '28 or 35'} days")
    if step == 7:
        weekday = WEEKDAYS[int((days[0].astype(np.int64) + 3) % 7)]
        return Grain(WEEK, words=f"all rows lie on a {weekday}")
    return Grain(OTHER, step, f"rows come every {step} days")


def _monthly(days: DateArray) -> bool:
    months = np.unique(days.astype("datetime64[M]"))
    if months.size < max(days.size, _FEWEST_DATES):
        return False
    return on_one_day_of_the_month(days) or one_weekday_of_the_month(days)


def _believed(step: int, n_dates: int, n_rows: int) -> bool:
    evidence = max(n_dates - 1, n_rows // 3)
    return bool(evidence * np.log10(step) >= _HARDLY_CHANCE)


def refuse_other_grain(findings: Findings, study: Study, grain: Grain) -> None:
    """Ask where the spacing of rows does not fit the period of the study.

    Parameters
    ----------
    findings : Findings
        Of the demand table.
    study : Study
        Period, closed weekdays and `demand.grain`.
    grain : Grain
        As seen.
    """
    period, said = study.period, study.demand.grain
    if said == "auto":
        alone = period == DAY and study.demand.open_weekdays == 1
        if grain.name in (DAY, period) or alone or (period == MONTH and grain.name in (WEEK, FOUR_FOUR_FIVE)):
            return
        message = f"{grain.words}, and study.period is {period!r}: is your period {_better(grain)}?"
        fix = f'say {_remedy(grain)}; if each row is what one {period} sold, say grain = "{period}" under'
        findings.add(found.GRAIN, message, column="date", fix=f"{fix} [demand]")
        return
    finer = {DAY: 0, WEEK: 1, MONTH: 2, FOUR_FOUR_FIVE: 2, FISCAL: 2}
    if finer[said] > finer[period]:
        message = f"grain = {said!r}, and study.period is {period!r}: rows do not say what a {period} sold"
        findings.add(
            found.GRAIN, message, column="date", fix=f'say period = "{_at_least(said)}" under [study]'
        )


def _better(grain: Grain) -> str:
    names = {WEEK: "a week", MONTH: "a month", FOUR_FOUR_FIVE: "a month of 4 or 5 weeks"}
    return names.get(grain.name, f"one of {grain.step} days")


def _at_least(name: str) -> str:
    return MONTH if name in (FOUR_FOUR_FIVE, FISCAL) else name


def _remedy(grain: Grain) -> str:
    if grain.name != OTHER:
        return f'period = "{_at_least(grain.name)}" under [study]'
    if grain.step <= 28:
        return 'period = "month" and grain = "day", or give a table by week or month'
    return "nothing shorter can be learned: give a table by month or finer"


@dataclass(frozen=True)
class Mixed:
    """SKU-locations whose rows come by the week or month in a table of days.

    Attributes
    ----------
    items : (k,) int64
        Row numbers in the items table.
    grain : str
        week or month.
    first, last : (k,) int64
        Positions of the first and last row concerned, among the rows given.
    """

    items: IntArray
    grain: str
    first: IntArray
    last: IntArray


def mixed_grain(item: IntArray, date: DateArray) -> Mixed | None:
    """SKU-locations with rows by the week (9 steps of whole weeks in a row) or month among daily rows.

    Steps of three weeks and more, half of them or more, are no weekly sums but a customer who orders on one
    weekday: every four weeks, or twice a year. Nor are steps that are never of one week: every other Friday.

    Parameters
    ----------
    item : (m,) int64
        Ascending.
    date : (m,) datetime64[D]
        Ascending within an item.
    """
    if item.size <= _RUN:
        return None
    gap = np.diff(date).astype(np.int64)
    weekly = (np.diff(item) == 0) & (gap % 7 == 0) & (gap > 0)
    ends = np.flatnonzero(np.diff(np.concatenate([[False], weekly, [False]]).astype(np.int8)))
    starts, stops = ends[::2], ends[1::2]
    long = stops - starts >= _RUN
    close = np.concatenate([[0], np.cumsum(gap <= _CLOSE)])
    long &= 2 * (close[stops] - close[starts]) > stops - starts
    sevens = np.concatenate([[0], np.cumsum(gap == 7)])
    long &= sevens[stops] > sevens[starts]
    if long.any():
        of = item[starts[long]]
        _, at = np.unique(of, return_index=True)
        return Mixed(of[at], WEEK, starts[long][at], stops[long][at])
    counts = np.bincount(item)
    day = (date - date.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
    bounds = np.concatenate([[0], np.cumsum(counts)])
    lowest, highest = (np.full(counts.size, fill) for fill in (99, -1))
    np.minimum.at(lowest, item, day)
    np.maximum.at(highest, item, day)
    monthly = np.flatnonzero((counts >= _MONTHS) & (lowest == highest))
    if not monthly.size:
        return None
    return Mixed(monthly, MONTH, bounds[monthly], bounds[monthly + 1] - 1)


def fiscal_items(item: IntArray, date: DateArray) -> IntArray:
    """SKU-locations whose rows come every 28 or 35 days, in turn and at least 9 times, in a table of others.

    Parameters
    ----------
    item, date
        As `mixed_grain`.
    """
    gap, same = np.diff(date).astype(np.int64), np.diff(item) == 0
    n = int(item.max()) + 1 if item.size else 0
    every = np.bincount(item[1:][same], minlength=n)
    four, five = (np.bincount(item[1:][same & (gap == days)], minlength=n) for days in _FISCAL[:2])
    found = np.flatnonzero((every >= _RUN) & (four + five == every) & (four > 0) & (five > 0))
    own = [not one_weekday_of_the_month(date[item == one]) for one in found.tolist()]
    return found[np.array(own, dtype=np.bool_)]


def refuse_mixed(
    findings: Findings, study: Study, mixed: Mixed, rows: IntArray, date: DateArray, names: list[str]
) -> None:
    """Ask about SKU-locations with rows of another grain than the others.

    Parameters
    ----------
    findings : Findings
    study : Study
    mixed : Mixed
    rows : (m,) int64
        Rows of the file that the positions in `mixed` mean.
    date : (m,) datetime64[D]
        Their dates.
    names : list of str
        Name of every item concerned.
    """
    shown = [
        f"{name} from {date[a]} to {date[b]}"
        for name, a, b in list(zip(names, mixed.first, mixed.last, strict=True))[:_SHOWN]
    ]
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    message = f"some rows come once a {mixed.grain} and others by the day: {', '.join(shown)}{more}"
    fix = f"if such a row is the sum of a {mixed.grain}, give the whole table by {mixed.grain} (period = "
    fix += f'"{mixed.grain}"); if it is what one day sold, say grain = "day" under [demand]'
    findings.add_rows(found.GRAIN, message, np.sort(rows[mixed.first]), column="date", fix=fix)
