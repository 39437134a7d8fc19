"""Rows that stand for weeks, or for 28 and 35 days in turn, spread over calendar months."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from simlab.arrays import BoolArray, DateArray, IntArray
from simlab.catalog.calendar.grain import WEEK
from simlab.catalog.calendar.periods import first_day, running_number

_DAY = np.timedelta64(1, "D")
_LONGEST = 42  # days of a period of a long year
_DECISIVE = 0.8  # ratio of squared coefficients of variation of demand per day


@dataclass(frozen=True, eq=False)
class Spans:
    """The days that the rows of each date stand for.

    Attributes
    ----------
    dates : (k,) datetime64[D]
        Distinct dates of the table, ascending.
    first, last : (k,) datetime64[D]
        First and last day of each; NaT where the table does not tell how long the row is.
    called, words : str
        What such rows are called, and what was assumed.
    """

    dates: DateArray
    first: DateArray
    last: DateArray
    called: str
    words: str

    def unknown(self, date: DateArray) -> BoolArray:
        """(m,) rows of which the table does not tell how long they are."""
        return np.asarray((np.isnat(self.first) | np.isnat(self.last))[np.searchsorted(self.dates, date)])


def spans_of(grain: str, dates: DateArray, quantity: IntArray, week_starts: str) -> Spans:
    """The days that rows stand for.

    Parameters
    ----------
    grain : str
        week or four_four_five.
    dates : (m,) datetime64[D]
    quantity : (m,) int64
        Units.
    week_starts : str
        First day of a week.

    Notes
    -----
    A week is the one that the date lies in. Of 28 and 35 days in turn the date is the last day, or the first:
    whichever makes demand per day vary less, by a fifth at least; else the first where it is a day on which
    weeks start, otherwise the last. How long the first (last) row is follows the row three periods on (back).
    """
    days = np.unique(dates)
    if grain == WEEK:
        numbers = running_number(days, "week", week_starts)
        first = np.array([first_day(int(k), "week", week_starts) for k in numbers], dtype="datetime64[D]")
        return Spans(days, first, first + 6, "rows of a week", "each row is what its week sold")
    gaps, called = _lengths(np.diff(days).astype(np.int64)), "rows of 28 or 35 days (4-4-5)"
    if _dated_at_start(days, gaps, dates, quantity, week_starts):
        last = np.append(days[:-1] + gaps - 1, _unknown(days[-1], _outer(gaps[::-1]) - 1))
        return Spans(days, days, last, called, "each row is what the 28 or 35 days from its date on sold")
    first = np.append(_unknown(days[0], 1 - _outer(gaps)), days[1:] - gaps + 1)
    return Spans(days, first, days, called, "each row is what the 28 or 35 days up to its date sold")


def _lengths(gaps: IntArray) -> IntArray:
    """Days of a period by the step between two dates: 28 of a step over several, 35 if it must be."""
    jumps = gaps > _LONGEST
    weeks = (
        gaps - 28
    ) // 7  # what is left for the periods between is 4a + 5b weeks, or else 5 weeks are taken
    possible = np.array([any((k - 5 * b) >= 0 and (k - 5 * b) % 4 == 0 for b in range(5)) for k in weeks])
    return np.where(jumps, np.where(possible, 28, 35), gaps)


def _unknown(day: np.datetime64, shift: int) -> np.datetime64:
    return np.datetime64("NaT", "D") if abs(shift) > 60 else day + shift


def _outer(gaps: IntArray) -> int:
    """Days of the period before the first gap, by the one three periods on; 1000 where nothing repeats."""
    if (gaps == gaps[0]).all():
        return int(gaps[0])
    if gaps.size > 3 and (gaps[3:] == gaps[:-3]).mean() >= 0.75:
        return int(gaps[2])
    return 1000


def _dated_at_start(
    days: DateArray, gaps: IntArray, dates: DateArray, quantity: IntArray, week_starts: str
) -> bool:
    total = np.bincount(np.searchsorted(days, dates), weights=quantity)
    spread = []
    for length in (gaps[1:], gaps[:-1]):  # the gap after each inner date, and the one before it
        rate = total[1:-1] / length
        spread.append(float(rate.var()) / max(float(rate.mean()) ** 2, 1e-12))
    after, before = spread
    if min(spread) < _DECISIVE * max(spread):
        return after < before
    start = first_day(int(running_number(days[:1], "week", week_starts)[0]), "week", week_starts)
    return bool(start == days[0])


@dataclass(frozen=True, eq=False)
class Pieces:
    """Rows cut at the ends of months.

    Attributes
    ----------
    row : (p,) int64
        Position of the row that each piece comes from, ascending.
    date : (p,) datetime64[D]
        The last day of the piece; the first one in the first period of the table.
    quantity : (p,) int64
        Units.
    last : (p,) bool
        The last piece of its row.
    """

    row: IntArray
    date: DateArray
    quantity: IntArray
    last: BoolArray


def pieces_of(
    spans: Spans,
    item: IntArray,
    date: DateArray,
    quantity: IntArray,
    names: list[str],
    until: np.datetime64 | None,
) -> Pieces:
    """Each unit falls on one of the days of its row, at random, all days alike.

    Parameters
    ----------
    spans : Spans
        Of known length for every date given.
    item, date, quantity : (m,)
        Rows, ascending by item, then date.
    names : list of str
        Name of every item: what its randomness is keyed by.
    until : datetime64[D] or None
        Last date used: a row that runs beyond it is what was sold up to it.

    Notes
    -----
    Binomial splits keep the law of Poisson demand, and the mean of any. Even splits would make months too
    smooth.
    """
    at = np.searchsorted(spans.dates, date)
    first, last = spans.first[at], spans.last[at]
    if until is not None:
        last = np.maximum(np.minimum(last, until), first)
    month = first.astype("datetime64[M]")
    n_pieces = (last.astype("datetime64[M]") - month).astype(np.int64) + 1
    row = np.repeat(np.arange(item.size), n_pieces)
    number = np.arange(row.size) - np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
    begins = np.maximum(first[row], (month[row] + number).astype("datetime64[D]"))
    ends = np.minimum(last[row], (month[row] + number + 1).astype("datetime64[D]") - _DAY)
    days = (ends - begins).astype(np.int64) + 1
    left = (last[row] - begins).astype(np.int64) + 1
    units = _split(row, number, days / left, quantity, item, names)
    at_start = first[row] == first.min()
    return Pieces(row, np.where(at_start, begins, ends), units, number == n_pieces[row] - 1)


def _split(
    row: IntArray, number: IntArray, share: object, quantity: IntArray, item: IntArray, names: list[str]
) -> IntArray:
    """(p,) units of each piece: binomial parts of what is left, drawn item by item."""
    chance = np.clip(np.asarray(share, dtype=np.float64), 0.0, 1.0)
    out = np.zeros(row.size, np.int64)
    bounds = np.flatnonzero(np.diff(item[row], prepend=-1, append=-1))
    for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        key = hashlib.sha256(f"spread\0{names[int(item[row[begin]])]}".encode()).digest()[:16]
        stream = np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little")))
        left = quantity[row[begin:end]].copy()
        for step in range(int(number[begin:end].max()) + 1):
            these = np.flatnonzero(number[begin:end] == step)
            if step:
                left[these] = left[these - 1] - out[begin + these - 1]
            out[begin + these] = stream.binomial(left[these], chance[begin + these])
    return out
