"""From when to when a table of demand tells: the last date used, and rows far away from all others."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from simlab.arrays import BoolArray, DateArray, IntArray, distinct_dates
from simlab.catalog import findings as found
from simlab.catalog.calendar.periods import first_day, running_number
from simlab.catalog.findings import Findings
from simlab.study import Study

_PERIOD_DAYS = {"day": 1, "week": 7, "month": 31}
_CHANCE = 0.05  # of a silence at the end of the table
_FAR_CHANCE = 1e-6  # of a silence between a few rows and all others
_BLOCK = 1 << 20  # rows that are looked at together
_FAR_DAYS = 90
_FEW_ROWS = 2
_FEWEST_OTHERS = 8
_FEWEST_STEADY, _STEADY = 12, 5  # other dates, and times their longest gap: 11! 5! / 16! = 0.0002 by chance
_YEARS_APART = 3 * 365
_SHOWN = 5


def refuse_stale(
    findings: Findings, study: Study, dates: DateArray, end: np.datetime64, today: dt.date
) -> None:
    """Refuse a last date that the table does not reach, or a last week or month that is still running.

    Parameters
    ----------
    findings : Findings
        Of the demand table.
    study : Study
        `as_of` and `demand.complete_to`.
    dates : (m,) datetime64[D]
        Dates of the rows used; at least one.
    end : datetime64[D]
        Last day that the last row speaks of: its date, or the end of its week or month.
    today : date
        Last dates beyond it are refused elsewhere.

    Notes
    -----
    The days from `end` to `as_of` count as zero demand of all SKU-locations. They are refused where they are
    more than a period (open days of a daily study), or a whole period, and where the table has such gaps with
    a chance below 5 %: (1 − share of its periods with any row) to the power of the periods that are silent.
    """
    said = study.demand.complete_to
    said, last = study.demand.complete_to, dates.max()
    if any(day is not None and day > today for day in (study.as_of, said)):
        return
    as_of = None if study.as_of is None else np.datetime64(study.as_of, "D")
    if as_of is None:
        _refuse_running(findings, study, last, end, today)
        return
    if as_of <= end or (said is not None and np.datetime64(said, "D") >= as_of):
        return
    silent = np.arange(end + 1, as_of + 1, dtype="datetime64[D]")
    n_days = int((~study.demand.closed_mask(silent)).sum())
    n_whole = _whole_periods(study, end, as_of) if study.period != "day" else 0
    if n_days <= _PERIOD_DAYS[study.period] and n_whole == 0:
        return
    n_silent = max(n_days // _PERIOD_DAYS[study.period], n_whole)
    if (1 - _share(study, dates)) ** n_silent >= _CHANCE:
        return
    message = f"{as_of} lies {int((as_of - last).astype(np.int64)):,} days after the last row of demand"
    message += f" ({last}): they would count as days without any demand"
    fix = f"say as_of = {end} under [study]; if truly nothing was sold since, say complete_to = {as_of} under"
    findings.add(found.STALE, message, column="study.as_of", fix=fix + " [demand]")


def _refuse_running(
    findings: Findings, study: Study, last: np.datetime64, end: np.datetime64, today: dt.date
) -> None:
    """Without `as_of`, a week or month that the table gives in one row must be over."""
    if end <= np.datetime64(today, "D") or last > np.datetime64(today, "D"):
        return
    start = first_day(
        int(running_number(np.array([last]), study.period, study.week_starts)[0]),
        study.period,
        study.week_starts,
    )
    message = f"the {study.period} of the last rows ({last}) ends on {end} and is still running"
    fix = f"say as_of = {start - np.timedelta64(1, 'D')} under [study], and it is left out"
    findings.add(found.STALE, message, column="date", fix=fix)


def _whole_periods(study: Study, end: np.datetime64, as_of: np.datetime64) -> int:
    """Whole periods after `end` and up to `as_of` with an open day."""
    low, high = running_number(np.array([end, as_of + 1]), study.period, study.week_starts).tolist()
    count = 0
    for number in range(low + 1, min(high, low + 1000)):
        ends = (first_day(k, study.period, study.week_starts) for k in (number, number + 1))
        count += int((~study.demand.closed_mask(np.arange(*ends, dtype="datetime64[D]"))).any())
    return count


def _share(study: Study, dates: DateArray) -> float:
    """Share of the periods (open days of a daily study) from the first row to the last that have rows.

    Half a silent period is added: a short table does not prove that there is none.
    """
    numbers = np.unique(running_number(distinct_dates(dates), study.period, study.week_starts))
    n = int(numbers[-1] - numbers[0]) + 1
    if study.period == "day":
        n = int(
            (~study.demand.closed_mask(np.arange(dates.min(), dates.max() + 1, dtype="datetime64[D]"))).sum()
        )
    return (numbers.size + 0.5) / (max(n, numbers.size) + 1)


@dataclass(frozen=True, eq=False)
class Isolated:
    """Rows far before or after all others, and long silences, each beyond chance.

    Attributes
    ----------
    rows : (k,) int64
        Positions of the isolated rows among those given.
    gap : (k,) int64
        Days to the nearest other row of the table (of its SKU-location where `own`).
    own : (k,) bool
        Other SKU-locations sold in between.
    """

    rows: IntArray
    gap: IntArray
    own: BoolArray


def isolated_rows(item: IntArray, date: DateArray) -> Isolated:
    """A row or two at an end of the table, or the first row of a SKU-location, years away from the others.

    Parameters
    ----------
    item : (m,) int64
        Ascending.
    date : (m,) datetime64[D]
        Ascending within an item.

    Notes
    -----
    At an end of the table: at most two dates and rows, at least 90 days and a tenth of the rest away, where
    the other dates are so close that such a silence has a chance below one in a million, or so steady that it
    is five times their longest gap (12 dates or more). The first row of a SKU-location: three years or more
    before its second, of 8 others or more, by the same chance.
    """
    ends = _ends(date)
    rows = np.flatnonzero(np.isin(date, ends)) if ends.size else np.zeros(0, np.int64)
    if rows.size > _FEW_ROWS * max(np.unique(date[rows]).size, 1):
        rows = rows[:0]
    others = np.unique(date[~np.isin(date, date[rows])]) if rows.size else date[:0]
    near = [int(np.abs((others - date[row]).astype(np.int64)).min()) for row in rows.tolist()]
    first = _first_rows(item, date)
    first = first[~np.isin(first, rows)]
    gap = np.concatenate([np.array(near, np.int64), (date[first + 1] - date[first]).astype(np.int64)])
    own = np.repeat([False, True], [rows.size, first.size])
    return Isolated(np.concatenate([rows, first]), gap.astype(np.int64), own)


def _ends(date: DateArray) -> DateArray:
    """Dates at either end of the table that are far from the rest."""
    days = distinct_dates(date)
    found_days = []
    for forward in (True, False):
        run = days if forward else days[::-1]
        for k in range(1, _FEW_ROWS + 1):
            rest = run[k:]
            if rest.size < _FEWEST_OTHERS:
                break
            gap, span = (
                abs(int((b - a).astype(np.int64))) for a, b in ((run[k - 1], rest[0]), (rest[0], rest[-1]))
            )
            longest = int(np.abs(np.diff(rest).astype(np.int64)).max())
            steady = rest.size >= _FEWEST_STEADY and gap >= _STEADY * longest
            if gap >= max(_FAR_DAYS, span // 10) and (steady or _beyond_chance(gap, rest.size, span)):
                found_days += run[:k].tolist()
                break
    return np.array(found_days, dtype="datetime64[D]")


def _beyond_chance(gap: int, n: int, span: int) -> bool:
    """Whether n points thrown on gap + span days leave the gap free by a chance below one in a million."""
    return bool(n * np.log10(span / (gap + span)) < np.log10(_FAR_CHANCE)) if span > 0 else n > 1


def _first_rows(item: IntArray, date: DateArray) -> IntArray:
    """Positions of first rows that lie three years or more before the second."""
    counts = np.bincount(item) if item.size else np.zeros(0, np.int64)
    bounds = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    starts = bounds[:-1][counts > _FEWEST_OTHERS]
    lasts = bounds[1:][counts > _FEWEST_OTHERS] - 1
    gap = (date[starts + 1] - date[starts]).astype(np.int64)
    far = gap >= _YEARS_APART
    kept = [
        start
        for start, last, days in zip(starts[far], lasts[far], gap[far], strict=True)
        if _beyond_chance(
            int(days), int(last - start - 1), int((date[last] - date[start + 1]).astype(np.int64))
        )
    ]
    return np.array(kept, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Silences:
    """Long gaps between two rows of one SKU-location, beyond chance.

    Attributes
    ----------
    before, after : (k,) int64
        Positions of the rows around each gap, the longest first.
    """

    before: IntArray
    after: IntArray


def silences(item: IntArray, date: DateArray) -> Silences:
    """Gaps of 90 days and more that a SKU-location's other rows make a chance below one in a million.

    Parameters
    ----------
    item, date : (m,)
        Ascending by item, then date.
    """
    if item.size < _FEWEST_OTHERS:
        return Silences(np.zeros(0, np.int64), np.zeros(0, np.int64))
    at, gap = _long_gaps(item, date)
    counts = np.bincount(item)
    bounds = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    first, last = bounds[item[at]], bounds[item[at] + 1] - 1
    span = (date[last] - date[first]).astype(np.int64)
    n = counts[item[at]]
    with np.errstate(divide="ignore"):
        chance = np.log10(n) + (n - 2) * np.log10(np.maximum(span - gap, 0.5) / np.maximum(span, 1))
    far = (n >= _FEWEST_OTHERS) & (chance < np.log10(_FAR_CHANCE))
    kept, gap = at[far], gap[far]
    kept = kept[np.argsort(-gap, kind="stable")]
    return Silences(kept, kept + 1)


def _long_gaps(item: IntArray, date: DateArray) -> tuple[IntArray, IntArray]:
    """Rows after which a SKU-location has none for 90 days and more, and these days: some rows at a time."""
    rows, days = [], []
    for begin in range(0, item.size, _BLOCK):
        some = slice(begin, begin + _BLOCK + 1)
        gap = np.where(np.diff(item[some]) == 0, np.diff(date[some]).astype(np.int64), 0)
        at = np.flatnonzero(gap >= _FAR_DAYS)
        rows.append(at + begin)
        days.append(gap[at])
    return np.concatenate(rows), np.concatenate(days)


def named_silences(gaps: Silences, lines: IntArray, date: DateArray, names: list[str]) -> str:
    """The longest silences in words: SKU-location, from when to when, in which lines."""
    shown = [
        f"{name} from {date[a]} (row {lines[a]}) to {date[b]} (row {lines[b]})"
        for name, a, b in list(zip(names, gaps.before.tolist(), gaps.after.tolist(), strict=False))[:_SHOWN]
    ]
    more = gaps.before.size - len(shown)
    return "; ".join(shown) + (f"; and {more:,} more" if more > 0 else "")
