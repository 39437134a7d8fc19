"""What the receipts tell of every supplier: lead times, promises kept, weekdays, shared delays, parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import DateArray, FloatArray, IntArray
from simlab.models.statistics import benjamini_hochberg, f_p, kruskal_p, rank_sum_p
from simlab.models.suppliers.orders import Observed, elapsed, no_delivery, observe, suppliers, weekday_names
from simlab.study import WEEKDAYS

if TYPE_CHECKING:
    from simlab.catalog import Catalog


_NAN = float("nan")


@dataclass(frozen=True)
class Promises:
    """Receipts against the dates promised.

    Attributes
    ----------
    n : int
        Orders received that had a promise.
    late_share : float
        Share received after the promised day; NaN without promises, as below.
    late_days : float
        Mean days late of the late ones.
    mean_days : float
        Mean days after the promise, early ones negative.
    n_overdue : int
        Orders still open whose promise has passed.
    """

    n: int
    late_share: float
    late_days: float
    mean_days: float
    n_overdue: int


@dataclass(frozen=True)
class WeekdayEffect:
    """Lead times by the weekday of the order.

    Attributes
    ----------
    n_days : int
        Order days compared: orders of one day are one value, as they may share their fate.
    fastest, slowest : str
        Weekdays of the shortest and longest mean; empty where nothing was compared.
    fastest_days, slowest_days : float
        Mean days, working days where closed days are named.
    p : float
        Kruskal–Wallis; NaN where nothing could be compared.
    """

    n_days: int
    fastest: str
    slowest: str
    fastest_days: float
    slowest_days: float
    p: float


@dataclass(frozen=True)
class PartsShare:
    """How much of an order comes with its first receipt.

    Attributes
    ----------
    n_orders, n_partial : int
        Complete orders, and those that came in several receipts or short.
    first_share : float
        Units of the first receipts ÷ units ordered; NaN where no order was put together, as below.
    rest_days : float
        Mean days, over units, from the first receipt to a later one.
    short_share : float
        Units ordered and never received ÷ units ordered.
    """

    n_orders: int
    n_partial: int
    first_share: float
    rest_days: float
    short_share: float


@dataclass(frozen=True)
class SupplierRecord:
    """One supplier.

    Attributes
    ----------
    n_received, n_open : int
        Orders received within `longest_days`, and on order.
    mean_days, sd_days, p95_days : float
        Of those received, as `lead_times.calendar` counts.
    drift : Drift or None
        None with fewer than `min_receipts` receipts, as below, or fewer than 8 order days: cannot tell.
    rounding_variance : float
        Days²: what turning random lead times into whole periods, the mean kept, adds to their variance.
    has_weekday, is_shared : bool
        Believed, with at most 5 % of the suppliers flagged expected to be false.
    """

    supplier: str
    n_received: int
    n_open: int
    mean_days: float
    sd_days: float
    p95_days: float
    promises: Promises
    parts: PartsShare
    drift: Drift | None
    weekday: WeekdayEffect | None
    has_weekday: bool
    shared: Shared | None
    is_shared: bool
    rounding_variance: float = _NAN


def supplier_records(catalog: Catalog) -> tuple[SupplierRecord, ...]:
    """One entry per supplier of the receipts table, by name.

    Parameters
    ----------
    catalog : Catalog
        Receipts, orders still open, and the options of [lead_times].
    """
    seen = observe(catalog)
    if seen is None:
        return ()
    enough = max(catalog.study.lead_times.min_receipts, 2)
    drifts = {one.supplier: one for one in lead_time_drift(catalog)}
    groups = suppliers(seen.table)
    came = {name: rows[~seen.is_open[rows]] for name, rows in groups.items()}
    tested = [name for name in groups if came[name].size >= enough]
    days = _by_weekday(catalog, seen)
    weekdays = {name: _weekday(seen.table.order_date[came[name]], days[came[name]]) for name in tested}
    shared = {name: shared_delay(seen, came[name], catalog.study.lead_times.by) for name in tested}
    believed = [_believed({name: one.p for name, one in found.items()}) for found in (weekdays, shared)]
    return tuple(
        SupplierRecord(
            name,
            *_spread(seen, rows),
            promises=_promises(seen, rows),
            parts=_parts(seen, rows),
            drift=drifts.get(name),
            weekday=weekdays.get(name),
            has_weekday=name in believed[0],
            shared=shared.get(name),
            is_shared=name in believed[1],
            rounding_variance=_rounding(seen, came[name]),
        )
        for name, rows in groups.items()
    )


def _believed(p: dict[str, float]) -> set[str]:
    flags = benjamini_hochberg(np.array(list(p.values()), dtype=np.float64), FALSE_SHARE)
    return {name for name, flag in zip(p, flags.tolist(), strict=True) if flag}


def _spread(seen: Observed, rows: IntArray) -> tuple[int, int, float, float, float]:
    """Orders received and open; mean, standard deviation and 95 % point of days."""
    days = seen.days[rows[~seen.is_open[rows]]]
    n = int(days.size)
    if n == 0:
        return 0, int(rows.size), _NAN, _NAN, _NAN
    sd = float(days.std(ddof=1)) if n > 1 else _NAN
    return n, int(rows.size) - n, float(days.mean()), sd, float(np.quantile(days, 0.95))


def _rounding(seen: Observed, rows: IntArray) -> float:
    """Mean of f(1 − f), f the part of a period beyond whole ones, in days²; NaN without receipts.

    0 where all took equally long: a constant lead time goes by parts of a period.
    """
    if rows.size == 0:
        return _NAN
    if np.ptp(seen.days[rows]) == 0:
        return 0.0
    times, share = seen.ratio
    beyond = (seen.days[rows] * times % share) / share
    return float((beyond * (1 - beyond)).mean()) * (share / times) ** 2


def _promises(seen: Observed, rows: IntArray) -> Promises:
    words = seen.table.texts.get("promised_date")
    if words is None:
        return Promises(0, _NAN, _NAN, _NAN, 0)
    rows = rows[[word is not None for word in words[rows]]]
    promised = words[rows].astype(str).astype("datetime64[D]")
    after = (seen.table.receipt_date[rows] - promised).astype("timedelta64[D]").astype(np.int64)
    is_open = seen.is_open[rows]
    overdue = int((after[is_open] > 0).sum())
    after = after[~is_open]
    if not after.size:
        return Promises(0, _NAN, _NAN, _NAN, overdue)
    late = after[after > 0]
    late_days = float(late.mean()) if late.size else _NAN
    return Promises(int(after.size), late.size / after.size, late_days, float(after.mean()), overdue)


def _parts(seen: Observed, rows: IntArray) -> PartsShare:
    if seen.parts is None:
        return PartsShare(0, 0, _NAN, _NAN, _NAN)
    one = seen.parts
    rows = rows[one.complete[rows] & (one.n_receipts[rows] > 0)]
    first, later, short = (
        int(part[rows].sum()) for part in (one.first_units, one.later_units, one.short_units)
    )
    asked = first + later + short
    several = (one.n_receipts[rows] > 1) | (one.short_units[rows] > 0)
    return PartsShare(
        int(rows.size),
        int(several.sum()),
        first / asked if asked else _NAN,
        int(one.later_unit_days[rows].sum()) / later if later else _NAN,
        short / asked if asked else _NAN,
    )


def _by_weekday(catalog: Catalog, seen: Observed) -> FloatArray:
    """(m,) lead times for weekdays to be compared by: working days wherever closed days are named."""
    week = np.arange("2001-01-01", "2001-01-08", dtype="datetime64[D]")
    plain = seen.parts is None and bool(no_delivery(catalog.study, week).any())
    if not plain:
        return seen.days.astype(np.float64)
    dates = (seen.table.order_date, seen.table.receipt_date)
    return elapsed(catalog.study, *dates, working=True).astype(np.float64)


def _weekday(ordered: DateArray, days: FloatArray) -> WeekdayEffect:
    """Means by weekday, and whether they differ by more than chance."""
    dates, code = np.unique(ordered, return_inverse=True)
    value = np.bincount(code, weights=days) / np.bincount(code)
    names = weekday_names(dates)
    place = np.array([WEEKDAYS.index(name) for name in names], dtype=np.int64)
    p = kruskal_p(value, place)
    if np.isnan(p):
        return WeekdayEffect(dates.size, "", "", _NAN, _NAN, p)
    mean = {day: float(value[place == day].mean()) for day in sorted(set(place.tolist()))}
    fast, slow = min(mean, key=lambda day: mean[day]), max(mean, key=lambda day: mean[day])
    return WeekdayEffect(dates.size, WEEKDAYS[fast], WEEKDAYS[slow], mean[fast], mean[slow], p)


FALSE_SHARE = 0.05
_FEWEST = 8  # order days: with fewer, no order of the values is rarer than 5 % of all orders


@dataclass(frozen=True)
class Drift:
    """Older and newer half of a supplier's order days; all that was ordered on one is one value, their mean.

    Attributes
    ----------
    supplier : str
    older, newer : float
        Mean lead times, days, every order day once.
    p : float
        Two-sided Mann–Whitney p-value; NaN where nothing varies.
    flagged : bool
        Believed, with at most 5 % of the flagged suppliers expected to be false.
    """

    supplier: str
    older: float
    newer: float
    p: float
    flagged: bool


def lead_time_drift(catalog: Catalog) -> tuple[Drift, ...]:
    """One entry per supplier with 8 order days and `lead_times.min_receipts` receipts or more, by name.

    Of others nothing can be told. Lines of one order are one observation: they travel together.
    """
    seen, spec = observe(catalog), catalog.study.lead_times
    if seen is None:
        return ()
    table, days = seen.table.take(~seen.is_open), seen.days[~seen.is_open].astype(np.float64)
    found = []
    for name, rows in suppliers(table).items():
        if rows.size < max(spec.min_receipts, 2):
            continue
        each = by_order_day(table.order_date[rows], days[rows])
        if each.size < _FEWEST:
            continue
        older, newer = each[: each.size // 2], each[each.size // 2 :]
        found.append((name, older, newer, rank_sum_p(older, newer)))
    flagged = benjamini_hochberg(np.array([p for *_, p in found]), FALSE_SHARE)
    return tuple(
        Drift(name, float(older.mean()), float(newer.mean()), p, bool(flag))
        for (name, older, newer, p), flag in zip(found, flagged, strict=True)
    )


def by_order_day(ordered: DateArray, days: FloatArray) -> FloatArray:
    """(k,) mean lead time of each day on which something was ordered, in the order of the days."""
    _, code = np.unique(ordered, return_inverse=True)
    return np.asarray(np.bincount(code, weights=days) / np.bincount(code))


_FEWEST_PAIRS = 3
_FEWEST_WITHIN = 5


@dataclass(frozen=True)
class Shared:
    """How alike the lead times of one day's orders are.

    Attributes
    ----------
    n_days : int
        Order days compared, those with several orders among them: `n_several`.
    n_several : int
    correlation : float
        Intraclass correlation: share of the variance (of what the groups of `lead_times.by` leave) that
        orders of one day have in common, beyond what neighbouring order days have; 1: they arrive
        together, 0: each for itself. NaN where too few days can be compared.
    p : float
        F test of 0; approximate, as lead times are not normal. NaN likewise.
    """

    n_days: int
    n_several: int
    correlation: float
    p: float


def shared_delay(seen: Observed, rows: IntArray, by: Sequence[str]) -> Shared:
    """Compare orders of one day with those of the next order day.

    Parameters
    ----------
    seen : Observed
        Lead times.
    rows : (k,) int64
        Received orders of one supplier.
    by : sequence of str
        Columns whose groups have laws of their own: their means are taken off first.

    Notes
    -----
    Receipts of one order of one SKU-location are one value, their mean. Neighbouring order days are taken in
    pairs, so that a slow change does not look like sharing. With
    sizes a and b of a pair and means x and y, E[ab/(a + b)·(x − y)²] = w + d·2ab/(a + b), w the variance
    within days and d the variance of what a day's orders share.

    References
    ----------
    Searle, Casella & McCulloch (1992), Variance Components, chapter 3 (unbalanced one-way data).
    """
    rows = rows[np.argsort(seen.table.order_date[rows], kind="stable")]
    rows, value = _once_an_order(seen, rows, _without_groups(seen, rows, by))
    _, day = np.unique(seen.table.order_date[rows], return_inverse=True)
    size = np.bincount(day)
    several = int((size > 1).sum())
    mean = np.bincount(day, weights=value) / size
    within, free = float(((value - mean[day]) ** 2).sum()), int(value.size - size.size)
    n_pairs = size.size // 2
    if n_pairs < _FEWEST_PAIRS or free < _FEWEST_WITHIN:
        return Shared(size.size, several, float("nan"), float("nan"))
    a, b = size[0 : 2 * n_pairs : 2], size[1 : 2 * n_pairs : 2]
    apart = mean[0 : 2 * n_pairs : 2] - mean[1 : 2 * n_pairs : 2]
    between, inside = float((a * b / (a + b) * apart**2).mean()), within / free
    if between == 0 and inside == 0:
        return Shared(size.size, several, float("nan"), float("nan"))
    common = max(between - inside, 0.0) / float((2 * a * b / (a + b)).mean())
    p = 0.0 if inside == 0 else f_p(between / inside, n_pairs, free)
    return Shared(size.size, several, common / (common + inside), p)


def _once_an_order(seen: Observed, rows: IntArray, value: FloatArray) -> tuple[IntArray, FloatArray]:
    """A row and the mean value of each order: one day, order id, SKU and location, as far as they are told.

    Rows without an order id and a SKU are orders of their own.
    """
    table = seen.table.take(rows)
    ids = table.texts.get("order_id", np.full(rows.size, None, dtype=object))
    keys = [
        key if key[1] is not None or key[2] is not None else (at,)
        for at, key in enumerate(zip(table.order_date.tolist(), ids, table.sku, table.location, strict=True))
    ]
    number: dict[object, int] = {}
    code = np.array([number.setdefault(key, len(number)) for key in keys], dtype=np.int64)
    if not code.size:
        return rows, value
    first = np.unique(code, return_index=True)[1]
    return rows[first], np.asarray(np.bincount(code, weights=value) / np.bincount(code))


def _without_groups(seen: Observed, rows: IntArray, by: Sequence[str]) -> FloatArray:
    """(k,) days less the mean of the group that the law is made of."""
    table = seen.table.take(rows)
    known = {"supplier": table.supplier, "sku": table.sku, "location": table.location, **table.texts}
    keys = list(zip(*(known[name] for name in by if name in known), strict=True))
    number: dict[object, int] = {}
    code = np.array([number.setdefault(key, len(number)) for key in keys], dtype=np.int64)
    days = seen.days[rows].astype(np.float64)
    if not code.size:
        return days
    return np.asarray(days - (np.bincount(code, weights=days) / np.bincount(code))[code])
