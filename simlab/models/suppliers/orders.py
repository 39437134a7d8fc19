"""Receipts → one lead time per observation: each row by itself, or all receipts of an order together."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, DateArray, IntArray
from simlab.errors import InvalidInputError, Problem
from simlab.models.grouping import numbered
from simlab.study import WEEKDAYS, closed_days

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.catalog.catalog import ReceiptTable
    from simlab.study import Study


@dataclass(frozen=True, eq=False)
class Parts:
    """In how many pieces orders came.

    Attributes
    ----------
    n_receipts : (m,) int64
        Receipts of each order.
    complete : (m,) bool
        Nothing of the order is expected any more.
    first_units, later_units, short_units : (m,) int64
        Units of the first receipt, of those after it, and ordered but never received.
    later_unit_days : (m,) int64
        Sum over the later units of the days after the first receipt.
    """

    n_receipts: IntArray
    complete: BoolArray
    first_units: IntArray
    later_units: IntArray
    short_units: IntArray
    later_unit_days: IntArray

    def take(self, rows: BoolArray) -> Parts:
        """Some of the orders."""
        return Parts(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(frozen=True, eq=False)
class Observed:
    """Lead times as observed.

    Attributes
    ----------
    table : ReceiptTable
        One row per observation; `receipt_date` is that of its last receipt, or the last day known.
    days : (m,) int64
        Days on order, as `lead_times.calendar` counts them; of open orders, so far.
    is_open : (m,) bool
        Not received yet.
    n_refused, units_refused : int
        Receipts longer than `longest_days`, and their units.
    ratio : (int, int)
        Periods in a day, as a fraction.
    parts : Parts or None
        None where every row is an order of its own.
    """

    table: ReceiptTable
    days: IntArray
    is_open: BoolArray
    n_refused: int
    units_refused: int
    ratio: tuple[int, int]
    parts: Parts | None = None


def check_receipts_asked(catalog: Catalog) -> None:
    """Refuse options that only receipts can answer, of a catalogue without any.

    Raises
    ------
    InvalidInputError
        Orders in parts, weekdays of orders or working days: all of them at once.
    """
    if catalog.receipts is not None:
        return
    spec = catalog.study.lead_times
    asked = {
        "lead_times.partial": spec.partial != "rows",
        "lead_times.order_weekday": spec.order_weekday is not None,
        "lead_times.calendar": spec.calendar != "days",
    }
    why, file = "says how receipts are read, and there is no receipts table", catalog.study.file
    fix = "give a receipts table under [data.receipts], or leave the option out"
    found = [Problem("E-STU-008", why, file, column=name, fix=fix) for name, said in asked.items() if said]
    if found:
        raise InvalidInputError(found)


def observe(catalog: Catalog) -> Observed | None:
    """Lead times of receipts and of orders still open; None without a receipts table.

    Parameters
    ----------
    catalog : Catalog
        `receipts`, `open_orders` and the options of [lead_times].

    Raises
    ------
    InvalidInputError
        `partial` without a column that tells which receipts belong together; a calendar without any open
        day.

    Notes
    -----
    ``partial = "rows"`` takes every row as an order. Else the receipts with one supplier, order id, SKU
    and location are one order (one order date where there is no id), and its lead time is that of its
    ``"first"`` receipt (``"split"`` too: the rest then follows in the simulation, see `supplying`), of the
    last that made it ``"full"``, or the mean over its ``"units"``. An order of which units are missing is
    open until `longest_days` have passed, then counted as full.
    """
    if catalog.receipts is None:
        return None
    study = catalog.study
    rows, is_open = _rows(catalog)
    dates = (rows.order_date, rows.receipt_date)
    ratio = periods_per_day(study, dates[0].min(), dates[1].max()) if rows.n_rows else (1, 1)
    if ratio[1] == 0:
        raise InvalidInputError([_no_open_day(catalog)])
    if study.lead_times.partial != "rows" and rows.n_rows:
        return _whole_orders(catalog, rows, is_open, ratio)
    long = elapsed(study, *dates, working=False) > study.lead_times.longest_days
    refused = long & ~is_open
    found = Observed(
        rows, elapsed(study, *dates), is_open, int(refused.sum()), int(rows.quantity[refused].sum()), ratio
    )
    return _kept(found, ~long)


def _kept(found: Observed, kept: BoolArray) -> Observed:
    return replace(found, table=found.table.take(kept), days=found.days[kept], is_open=found.is_open[kept])


def _rows(catalog: Catalog) -> tuple[ReceiptTable, BoolArray]:
    """Receipts, then orders still open."""
    receipts, under_way = catalog.receipts, catalog.open_orders
    assert receipts is not None
    if under_way is None:
        return receipts, np.zeros(receipts.n_rows, np.bool_)
    return receipts.joined(under_way), np.repeat([False, True], [receipts.n_rows, under_way.n_rows])


def suppliers(table: ReceiptTable) -> dict[str, IntArray]:
    """Rows of every supplier, by name, in the order of the table."""
    known = np.flatnonzero([name is not None for name in table.supplier])
    if not known.size:
        return {}
    code, names = numbered(table.supplier[known])
    order = np.argsort(code, kind="stable")
    parts = np.split(known[order], np.cumsum(np.bincount(code))[:-1])
    return dict(sorted(zip(map(str, names), parts, strict=True)))


@dataclass(frozen=True, eq=False)
class _Orders:
    """m rows that belong to n orders."""

    rows: ReceiptTable
    came: BoolArray  # (m,) the row is a receipt
    units: IntArray  # (m,) that came with it
    order: IntArray  # (m,) number of its order
    first_row: IntArray  # (n,) a row of each order
    placed: DateArray  # (n,) earliest order date
    known: np.datetime64  # last day that the table knows

    @property
    def n(self) -> int:
        return int(self.first_row.size)

    def total(self, values: IntArray) -> IntArray:
        """(n,) sums over the receipts of each order."""
        out = np.zeros(self.n, np.int64)
        np.add.at(out, self.order[self.came], values[self.came])
        return out

    def received(self, *, last: bool) -> DateArray:
        """(n,) day of the first or last receipt; the last day known where nothing came."""
        days = self.rows.receipt_date[self.came].astype(np.int64)
        out = np.full(self.n, -1 if last else np.iinfo(np.int64).max)
        (np.maximum if last else np.minimum).at(out, self.order[self.came], days)
        none = self.total(np.ones(self.order.size, np.int64)) == 0
        return np.where(none, self.known, out.astype("datetime64[D]"))


def _whole_orders(
    catalog: Catalog, rows: ReceiptTable, is_open: BoolArray, ratio: tuple[int, int]
) -> Observed:
    """One observation per order."""
    study, spec = catalog.study, catalog.study.lead_times
    orders = _grouped(catalog, rows, ~is_open)
    age = elapsed(study, orders.placed[orders.order], rows.receipt_date)
    parts = _parts(orders, age, study.lead_times.longest_days)
    to_first = spec.partial in ("first", "split")
    pending = parts.n_receipts == 0 if to_first else ~parts.complete
    ends = np.where(pending, orders.known, orders.received(last=not to_first))
    days = elapsed(study, orders.placed, ends)
    if spec.partial == "units":
        days = np.where(pending, days, _mean_days(orders, age, days))
    long = elapsed(study, orders.placed, ends, working=False) > spec.longest_days
    refused = (long & ~pending)[orders.order] & orders.came
    table = replace(rows.take(orders.first_row), order_date=orders.placed, receipt_date=ends)
    units = int(rows.quantity[refused].sum())
    found = Observed(table, days, pending, int(refused.sum()), units, ratio)
    return replace(_kept(found, ~long), parts=parts.take(~long))


def _grouped(catalog: Catalog, rows: ReceiptTable, came: BoolArray) -> _Orders:
    ids = rows.texts.get("order_id")
    if ids is None and all(sku is None for sku in rows.sku):
        raise InvalidInputError([_no_order(catalog)])
    dates = rows.order_date.astype(str)
    names = (
        dates
        if ids is None
        else [d if one is None else f"id {one}" for one, d in zip(ids, dates, strict=True)]
    )
    keys = list(zip(rows.supplier, names, rows.sku, rows.location, strict=True))
    number: dict[object, int] = {}
    order = np.array([number.setdefault(key, len(number)) for key in keys], dtype=np.int64)
    first_row = np.unique(order, return_index=True)[1]
    placed = np.full(first_row.size, np.iinfo(np.int64).max)
    np.minimum.at(placed, order, rows.order_date.astype(np.int64))
    given = rows.received_quantity
    units = rows.quantity if given is None else np.where(given < 0, rows.quantity, given)
    as_of = catalog.study.as_of
    known = rows.receipt_date.max() if as_of is None else np.datetime64(as_of, "D")
    return _Orders(rows, came, units, order, first_row, placed.astype("datetime64[D]"), known)


def _parts(orders: _Orders, age: IntArray, longest: int) -> Parts:
    """What came first, later and never; an order short of units is complete once it is too old."""
    quantity, got = orders.rows.quantity, orders.total(orders.units)
    asked = np.zeros(orders.n, np.int64)
    if orders.rows.received_quantity is None:
        np.add.at(asked, orders.order, quantity)
    else:
        np.maximum.at(asked, orders.order, quantity)
    short = np.maximum(asked - got, 0)
    first = _first_age(orders, age)
    later = age > first[orders.order]
    still_open = np.zeros(orders.n, np.bool_)
    still_open[orders.order[~orders.came]] = True
    waited = (orders.known - orders.placed).astype("timedelta64[D]").astype(np.int64)
    return Parts(
        n_receipts=orders.total(np.ones(orders.order.size, np.int64)),
        complete=~still_open & ((short == 0) | (waited > longest)),
        first_units=orders.total(np.where(later, 0, orders.units)),
        later_units=orders.total(np.where(later, orders.units, 0)),
        short_units=short,
        later_unit_days=orders.total(np.where(later, orders.units * (age - first[orders.order]), 0)),
    )


def _first_age(orders: _Orders, age: IntArray) -> IntArray:
    """(n,) days to the first receipt; 0 where nothing came."""
    out = np.full(orders.n, np.iinfo(np.int64).max)
    np.minimum.at(out, orders.order[orders.came], age[orders.came])
    return np.where(out == np.iinfo(np.int64).max, 0, out)


def _mean_days(orders: _Orders, age: IntArray, otherwise: IntArray) -> IntArray:
    """(n,) mean days over the units of an order, in whole days; without units those given."""
    units = orders.total(orders.units)
    mean = orders.total(orders.units * age) / np.maximum(units, 1)
    return np.where(units > 0, np.rint(mean).astype(np.int64), otherwise)


def _no_order(catalog: Catalog) -> Problem:
    fix = 'give receipts an order_id (or a sku), or say [lead_times] partial = "rows"'
    where = f"lead_times.partial = {catalog.study.lead_times.partial!r}"
    why = "nothing tells which receipts belong to one order"
    return Problem("E-MOD-008", why, catalog.study.file, column=where, fix=fix)


def _no_open_day(catalog: Catalog) -> Problem:
    fix = "leave an open day in closed and weekdays of [lead_times] (else of [demand])"
    why = "no day is open from the first order to the last receipt"
    return Problem("E-MOD-009", why, catalog.study.file, column="lead_times.calendar", fix=fix)


_PERIOD = {"day": (1, 1), "week": (1, 7), "month": (12, 365)}
_DAY, _WEEK = np.timedelta64(1, "D"), 7


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


def open_week(study: Study) -> BoolArray | None:
    """(7,) weekdays, Monday first, that a daily study keeps open; None where it closes none."""
    if study.period != "day" or study.demand.open_weekdays == _WEEK:
        return None
    return np.array([name not in study.demand.weekdays for name in WEEKDAYS], np.bool_)


def open_days_in(days: IntArray, week: BoolArray) -> IntArray:
    """(m, w) open days that pass from each open weekday on until the first open day after so many days.

    Parameters
    ----------
    days : (m,) int64
        Calendar days from an order to its arrival, ≥ 0.
    week : (7,) bool
        Open weekdays, w of them.

    Notes
    -----
    What arrives on a closed day waits for the next open one: of nine days from a Monday on, with closed
    weekends, seven are open; from a Friday on six, and it is there on Monday. In proportion it would be 6.4,
    less than any but Friday's, because orders are placed on open days alone.
    """
    twice = np.concatenate([[0], np.cumsum(np.tile(week, 2))])
    first = np.flatnonzero(week)
    whole, rest = np.divmod(days[:, None], _WEEK)
    return np.asarray(whole * first.size + twice[first + rest] - twice[first])
