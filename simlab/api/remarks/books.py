"""The books against the laws: demand a year as recorded and as fitted, and what has fallen silent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simlab.api.data.data import Data
from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.catalog.calendar.periods import first_day
from simlab.catalog.catalog import DemandTable
from simlab.measures import format_money
from simlab.models import benjamini_hochberg, common_season, known_past
from simlab.models.demand.past.largest import NOT_KNOWN
from simlab.models.demand.shrinkage import few_demands
from simlab.models.history.calendar import Calendar
from simlab.models.history.history import History, places
from simlab.register.laws import SERIAL_NAMES

APART = 0.10
"""Share by which fitted demand may differ from the books before a planner should look."""

_YEAR = {"day": 364, "week": 52, "month": 12}
_LAST = {"day": "52 weeks", "week": "52 weeks", "month": "12 months"}
_FALSE = 0.01  # of those said to be silent, expected
_LEAST_DEMANDS = 3
_LEAST_SILENCE = {"day": 91, "week": 13, "month": 3}
_SURE_SILENCE, _SURE = {"day": 28, "week": 6, "month": 2}, np.log(1e-9)
"""Shorter silences that no chance explains, twice as long as any before: an extract that ends early."""
_NAMED = 3
_PEAK, _COMES_BACK = 1.25, 0.5
"""A season is told from this highest phase ÷ mean, and this correlation of older and newer profiles."""
_SHUT = 0.02  # of a mean day: a weekday on which hardly anything is sold is closed
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_BLOCK = 1 << 20  # rows at once
_BORROWED = 0.5  # weight of comparable items from which a law is called borrowed


@dataclass(frozen=True, eq=False)
class Books:
    """Demand a year, as recorded and as fitted, of SKU-locations whose law comes from their history.

    Attributes
    ----------
    history : float
        Recorded over all whole periods, per year of 365 days.
    last : float
        The same over the last 52 weeks or 12 months; NaN where the history is not longer than that.
    fitted : float
        What the laws expect in a year.
    years : float
        Length of the history.
    in_units : bool
        Counted in units, because every unit cost is 0; else at unit cost, study currency.
    window : str
        What `last` speaks of.
    named : tuple of str
        SKU-locations that differ most, the largest difference first.
    memory : str
        How long the laws remember where that makes the larger part of the difference; empty elsewhere.
    asked : bool
        That memory is the study's own, not found.
    chance : float
        Two standard deviations of a year under the laws, as a share of what they expect.
    borrowed : bool
        Items of few demands, whose rates lean on comparable ones, make the larger part of the difference.
    """

    history: float
    last: float
    fitted: float
    years: float
    in_units: bool
    window: str
    named: tuple[str, ...]
    memory: str = ""
    asked: bool = False
    chance: float = 0.0
    borrowed: bool = False

    @property
    def apart(self) -> float:
        """Largest relative difference of the fitted from the books."""
        known = [one for one in (self.history, self.last) if one > 0]
        return max((abs(self.fitted / one - 1) for one in known), default=0.0)

    @property
    def value(self) -> float:
        """Largest difference, in what is counted."""
        known = [one for one in (self.history, self.last) if not np.isnan(one)]
        return max((abs(self.fitted - one) for one in known), default=0.0)

    @property
    def short(self) -> str:
        """ "laws expect +168% against the last 12 months": the larger difference."""
        known = ((self.history, "the whole history"), (self.last, f"the last {self.window}"))
        most = max(
            ((abs(self.fitted / one - 1), self.fitted / one - 1, name) for one, name in known if one > 0),
            default=None,
        )
        return "" if most is None else f"laws expect {100 * most[1]:+.0f}% against {most[2]}"

    def statement(self, currency: str) -> str:
        """The three numbers side by side, and whether they are too far apart."""
        parts = [f"{self._said(self.history, currency)} recorded over {self.years:.1f} years"]
        if not np.isnan(self.last):
            parts.append(f"{self._said(self.last, currency)} in the last {self.window}")
        parts.append(f"{self._said(self.fitted, currency)} fitted{self._differences()}")
        text = f"Demand a year{'' if self.in_units else ' at unit cost'}: {', '.join(parts)}."
        if self.apart > APART and self.memory:
            why = (
                "as [models] memory says"
                if self.asked
                else "because these predicted demand over R + L better"
            )
            text += (
                f" The laws remember {self.memory}, {why}: a year is taken to go on like the last of them. "
                "Right for what is ordered next; for money a year "
                f'say memory = "all" under [models]. Most apart: {", ".join(self.named)}.'
            )
        elif self.apart > APART:
            reasons = "rates of few demands that lean on comparable items, " if self.borrowed else ""
            if not np.isnan(self.last) and abs(self.last / self.fitted - 1) <= self.chance:
                reasons += f"chance (it moves a year of these laws by {100 * self.chance:.0f}%), "
            text += (
                f" More than {100 * APART:.0f}% apart, most in {', '.join(self.named)}: {reasons}new items, "
                "a trend (which a memory of 26 periods or so follows: [models] memory = 26) or days that "
                "were never open explain it, or [demand] life, absent_dates and as_of do not fit the table."
            )
        return text

    def _differences(self) -> str:
        said = [
            f"{100 * (self.fitted / one - 1):+.1f}% against {name}"
            for one, name in ((self.history, "the whole history"), (self.last, f"the last {self.window}"))
            if one > 0
        ]
        return f" ({'; '.join(said)})" if said else ""

    def _said(self, amount: float, currency: str) -> str:
        return f"{amount:,.0f} units" if self.in_units else format_money(amount, currency)


def books(data: Data) -> Books | None:
    """What was recorded against what was fitted; None without a history that laws were fitted to."""
    history, models = data.history, data.models
    table = known_past(data.catalog)[0].demand
    if history is None or table is None or history.calendar.n_periods == 0:
        return None
    calendar, n = history.calendar, data.catalog.n_items
    own = np.ones(n, np.bool_) if models.largest is None else models.largest != NOT_KNOWN
    if not own.any():
        return None
    cost = models.costs.unit_cost * models.costs.cost_resolution
    in_units = not bool(cost[own].any())
    worth = np.where(own, 1.0 if in_units else cost, 0.0)
    years = _years(calendar.first, calendar.first + calendar.n_periods, calendar.period, calendar.week_starts)
    n_last = _YEAR[calendar.period]
    summed, recent = _sums(table, calendar, worth, max(calendar.n_periods - n_last, 0))
    by_item: FloatArray = summed / years
    fitted = models.annual_units * worth
    last = float("nan")
    if calendar.n_periods > n_last:
        end = calendar.first + calendar.n_periods
        last = recent / _years(end - n_last, end, calendar.period, calendar.week_starts)
    order = np.argsort(-np.abs(fitted - by_item), kind="stable")[:_NAMED]
    named = tuple(_name(data, row) for row in order.tolist() if worth[row] > 0)
    window = _LAST[calendar.period]
    total, memory = float(by_item.sum()), _memory(data, by_item - fitted)
    asked = not isinstance(data.study.models.memory, str)
    expected, differs = float(fitted.sum()), np.abs(by_item - fitted)
    few = few_demands(history.n_positive) >= _BORROWED
    law = models.world.demand
    year = float((law.variance * worth**2).sum()) * _YEAR[calendar.period]
    return Books(
        total,
        last,
        expected,
        years,
        in_units,
        window,
        named,
        memory,
        asked,
        chance=2 * year**0.5 / expected if expected > 0 else 0.0,
        borrowed=bool(differs[few].sum() > differs.sum() / 2),
    )


def _sums(table: DemandTable, calendar: Calendar, worth: FloatArray, newest: int) -> tuple[FloatArray, float]:
    """(n,) what was recorded of each item in whole periods, and of all from period `newest` on, in blocks."""
    by_item, recent = np.zeros(worth.size), 0.0
    for start in range(0, table.item.size, _BLOCK):
        rows = slice(start, start + _BLOCK)
        period, item = calendar.index(table.dates(rows)), table.item[rows]
        inside = (period >= 0) & (period < calendar.n_periods)
        amount = np.where(inside, table.quantity[rows] * worth[item], 0.0)
        by_item += np.bincount(item, weights=amount, minlength=worth.size)
        recent += float(amount[period >= newest].sum())
    return by_item, recent


def _memory(data: Data, differs: FloatArray) -> str:
    """ "with a half-life of 13 days" where laws with a memory make most of the difference."""
    found = data.models.memory
    if found is None or not np.isfinite(found.half_life).any():
        return ""
    short = np.isfinite(found.half_life)
    if abs(float(differs[short].sum())) <= abs(float(differs.sum())) / 2:
        return ""
    low, high = found.half_life[short].min(), found.half_life[short].max()
    span = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return f"with a half-life of {span} {data.study.period}s"


def _years(first: int, end: int, period: str, week_starts: str) -> float:
    days = first_day(end, period, week_starts) - first_day(first, period, week_starts)
    return float(days.astype("timedelta64[D]").astype(np.int64)) / 365


@dataclass(frozen=True, eq=False)
class Some:
    """Some SKU-locations and what they are worth.

    Attributes
    ----------
    rows : (k,) int64
        The largest demand value first.
    value : float
        Fitted demand a year at unit cost.
    share : float
        Of all demand value.
    """

    rows: IntArray
    value: float
    share: float


def _some(data: Data, which: BoolArray) -> Some:
    value = data.models.annual_value
    rows = np.flatnonzero(which)
    rows = rows[np.argsort(-value[rows], kind="stable")]
    total = float(value.sum())
    amount = float(value[rows].sum())
    return Some(rows, amount, amount / total if total > 0 else 0.0)


def borrowed(data: Data) -> Some | None:
    """SKU-locations whose law leans on comparable ones by half or more; None without a history.

    Of items that skip periods the rate is weighed by the number of periods with demand: below 20 the
    comparable items' part is the larger one (`models.demand.rare`). So is that of every law fitted to fewer
    than `models.min_periods` periods. A law for rhythm is made of the item's own intervals and sizes.
    """
    history, models = data.history, data.models
    if history is None:
        return None
    own = np.ones(models.n_items, np.bool_) if models.largest is None else models.largest != NOT_KNOWN
    short = history.n_observed < data.study.models.min_periods
    often = history.n_positive / np.maximum(history.n_observed, 1)
    lean = (few_demands(history.n_positive) * np.minimum(2 * (1 - often), 1.0) >= _BORROWED) | short
    own &= ~models.world.demand.has_rhythm
    return _some(data, own & lean & (history.n_positive > 0))


def fell_silent(data: Data) -> tuple[Some, tuple[str, ...]] | None:
    """SKU-locations not asked for any more for longer than chance explains, and the first of them by name.

    Notes
    -----
    With m periods with demand among T, all within the first l, all placements equally likely: the chance
    is C(l, m) ÷ C(T, m). At least 3 demands; at most 1 % of those named are expected to be named falsely
    (Benjamini–Hochberg). Demand that comes in bursts is silent longer than chance now and then: a silence
    also lasts a quarter of a year at least, and longer than any before; four weeks and twice as long where
    its chance is below 1e-9.
    """
    from scipy.special import gammaln

    history = data.history
    if history is None or not history.is_complete:
        return None
    last, gap = _last_and_longest_gap(history)
    m, total, seen = history.n_positive, history.n_observed, last + 1
    silence = total - seen
    period = history.calendar.period
    long = (silence >= _LEAST_SILENCE[period]) & (silence > gap)
    tested = (m >= _LEAST_DEMANDS) & (seen <= total)
    a, b, k = (np.where(tested, one, 1).astype(np.float64) for one in (seen, total, m))
    log_p = gammaln(a + 1) - gammaln(a - k + 1) - gammaln(b + 1) + gammaln(b - k + 1)
    long |= (silence >= _SURE_SILENCE[period]) & (silence > 2 * gap) & (log_p < _SURE)
    p = np.where(tested, np.exp(np.minimum(log_p, 0.0)), np.nan)
    found = _some(data, benjamini_hochberg(p, _FALSE) & tested & long)
    return found, tuple(_since(data, row) for row in found.rows[:_NAMED].tolist())


def _last_and_longest_gap(history: History) -> tuple[IntArray, IntArray]:
    """(n,) last observed period with demand (−1: none) and most between two, some items after the other."""
    last, longest = np.full(history.n_items, -1, np.int64), np.zeros(history.n_items, np.int64)
    for items, some in history.blocks():
        at = places(some)
        np.maximum.at(last[items], some.item, at)
        same = some.item[1:] == some.item[:-1]
        np.maximum.at(longest[items], some.item[1:][same], np.diff(at)[same] - 1)
    return last, longest


def _since(data: Data, row: int) -> str:
    """Name and first day of the last period with demand."""
    history = data.history
    assert history is not None
    calendar = history.calendar
    last = int(history.period[history.item == row].max())
    day = first_day(calendar.first + last, calendar.period, calendar.week_starts)
    return f"{_name(data, row)} (last {day})"


def _name(data: Data, row: int) -> str:
    return f"{data.catalog.sku[row]}@{data.catalog.location[row]}"


def seasons_left_out(data: Data) -> Iterator[tuple[Some, str, bool]]:
    """Seasons that no law takes in: items, their highest month or weekday as words, whether it is a month.

    Nothing where the study has a season or a forecast, where fewer than two cycles were observed, and where
    what the older half shows does not come back in the newer one: demand that drifts has months that differ,
    too.
    """
    study, history = data.study, data.history
    told = study.models.seasonality is not None or study.data.forecast is not None
    if history is None or told or study.models.law in SERIAL_NAMES:
        return
    for weekdays in (False, True) if study.period == "day" else (False,):
        flagged, profile = common_season(history, weekdays=weekdays)
        flagged = flagged & ~data.models.world.demand.has_rhythm  # whose law keeps intervals as they are
        mean, names = profile.mean(axis=0), _WEEKDAYS if weekdays else _MONTHS
        if not flagged.any() or mean.max() < _PEAK or profile.std(axis=1).min() == 0:
            continue
        if weekdays and mean.min() < _SHUT:  # told among the days without any row
            continue
        if float(np.corrcoef(profile[0], profile[1]).flat[1]) >= _COMES_BACK:
            most = f"{names[int(mean.argmax())]} {mean.max():.2g} times the mean"
            yield _some(data, flagged), most, not weekdays
