"""The tables of a study as columns, checked: one row per SKU-location, and what happened to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simlab import mapped
from simlab.arrays import AnyArray, DateArray, FloatArray, IntArray, narrow_type
from simlab.catalog.coming import ForecastErrors, ForecastTable
from simlab.catalog.parts import parts_of
from simlab.catalog.quality import Quality
from simlab.measures.shown import Public
from simlab.study import Study

_ROWS = 1 << 18  # of demand that are looked at together


@dataclass(frozen=True, eq=False)
class DemandTable:
    """Demand by SKU-location and date, sorted by item, then date; each pair at most once.

    Attributes
    ----------
    item : (m,) int32
        Row number in the catalog.
    day : (m,) int32
        Days since 1970 (given as dates, too); as dates: `date`.
    quantity : (m,) int32, or int64 where four bytes do not hold the largest
        Units, ≥ 0.
    stockout : (m,) bool or None
        The shelf was empty at some time of the day, so that more may have been asked for; None where
        the study does not look at it.
    on_hand : (m,) float64 or None
        Units on the shelf at the end of the date; NaN where not said, None where not looked at.
    promotion : (m,) bool or None
        The date was under a promotion; None where not looked at.
    price : (m,) float64 or None
        Per unit, weighted by units; NaN where not said, None where not looked at.
    """

    item: AnyArray
    day: AnyArray
    quantity: AnyArray
    stockout: npt.NDArray[np.bool_] | None = None
    on_hand: FloatArray | None = None
    promotion: npt.NDArray[np.bool_] | None = None
    price: FloatArray | None = None

    def __post_init__(self) -> None:
        dates = self.day.dtype.kind == "M"
        day = self.day.astype("datetime64[D]", copy=False).view(np.int64) if dates else self.day
        found = {"item": self.item, "day": day, "quantity": self.quantity}
        vars(self).update({name: mapped.typed(table, narrow_type(table)) for name, table in found.items()})

    @property
    def date(self) -> DateArray:
        """(m,) datetime64[D] dates of the rows; made when asked for, not held."""
        return self.day.astype("datetime64[D]")

    def dates(self, rows: slice) -> DateArray:
        """Dates of some rows."""
        return self.day[rows].astype("datetime64[D]")

    @property
    def distinct_dates(self) -> DateArray:
        """(k,) datetime64[D] dates that any row has, ascending."""
        found = [np.unique(self.day[rows]) for rows in self.blocks()]
        return np.unique(np.concatenate(found)).astype("datetime64[D]")

    def until(self, cut: np.datetime64) -> npt.NDArray[np.bool_]:
        """(m,) which rows are of days before one."""
        return np.asarray(self.day < cut.astype("datetime64[D]").astype(np.int64))

    def blocks(self, size: int = _ROWS) -> Iterator[slice]:
        """Neighbouring rows, about `size` of them, an item's never apart; one slice at least."""
        begin, n = 0, self.n_rows
        while begin < n or begin == 0:
            end = min(begin + size, n)
            if 0 < end < n:
                end += int(np.searchsorted(self.item[end:], self.item[end - 1], side="right"))
            yield slice(begin, end)
            begin = max(end, 1)
            mapped.rest()

    @property
    def n_rows(self) -> int:
        return int(self.item.size)

    def take(self, rows: IntArray | npt.NDArray[np.bool_]) -> DemandTable:
        """Some of the rows."""
        return DemandTable(
            _taken(self.item, rows),
            _taken(self.day, rows),
            _taken(self.quantity, rows),
            None if self.stockout is None else self.stockout[rows],
            None if self.on_hand is None else self.on_hand[rows],
            None if self.promotion is None else self.promotion[rows],
            None if self.price is None else self.price[rows],
        )


def _taken(column: AnyArray, rows: AnyArray) -> AnyArray:
    return mapped.chosen(column, rows) if rows.dtype == np.bool_ else column[rows]


@dataclass(frozen=True, eq=False)
class ReceiptTable:
    """Received purchase orders, sorted by supplier, order date, receipt date and the rest.

    Attributes
    ----------
    supplier, sku, location : (m,) object
        Text; `sku` and `location` hold None where the table has no such column.
    order_date, receipt_date : (m,) datetime64[D]
        Never a receipt before its order.
    quantity : (m,) int64
        Units, ≥ 0.
    texts : dict of str to (m,) object
        Every further column; None where empty.
    received_quantity : (m,) int64 or None
        Units that came with this receipt, −1 where the cell is empty; None without the column.
    """

    supplier: AnyArray
    sku: AnyArray
    location: AnyArray
    order_date: DateArray
    receipt_date: DateArray
    quantity: IntArray
    texts: dict[str, AnyArray] = field(default_factory=dict)
    received_quantity: IntArray | None = None

    @property
    def n_rows(self) -> int:
        return int(self.quantity.size)

    def take(self, rows: IntArray | npt.NDArray[np.bool_]) -> ReceiptTable:
        """Some of the rows."""
        return ReceiptTable(
            self.supplier[rows],
            self.sku[rows],
            self.location[rows],
            self.order_date[rows],
            self.receipt_date[rows],
            self.quantity[rows],
            {name: values[rows] for name, values in self.texts.items()},
            None if self.received_quantity is None else self.received_quantity[rows],
        )

    def joined(self, other: ReceiptTable) -> ReceiptTable:
        """The rows of both."""
        return ReceiptTable(
            np.concatenate([self.supplier, other.supplier]),
            np.concatenate([self.sku, other.sku]),
            np.concatenate([self.location, other.location]),
            np.concatenate([self.order_date, other.order_date]),
            np.concatenate([self.receipt_date, other.receipt_date]),
            np.concatenate([self.quantity, other.quantity]),
            {name: np.concatenate([self.texts[name], other.texts[name]]) for name in self.texts},
            None
            if self.received_quantity is None or other.received_quantity is None
            else np.concatenate([self.received_quantity, other.received_quantity]),
        )


OPEN_ORDERS_TABLE, ON_ORDER_DUE = "data.open_orders", "items.on_order_due"


@dataclass(frozen=True, eq=False)
class OpenOrders:
    """Orders that are placed and not received, in the order of the table.

    Attributes
    ----------
    item : (m,) int64
        Row number in the catalog.
    due : (m,) datetime64[D]
        Day on which the order is expected.
    quantity : (m,) int64
        Units still to come, ≥ 0.
    source : str
        Where they are said, for messages.
    """

    item: IntArray
    due: DateArray
    quantity: IntArray
    source: str = OPEN_ORDERS_TABLE


class Dates(NamedTuple):
    """What the rows of demand cover.

    Attributes
    ----------
    distinct : (k,) datetime64[D]
        Dates that any row has, ascending.
    first, last : datetime64[D]
        First and last date, of SKU-locations left out as well.
    """

    distinct: DateArray
    first: np.datetime64
    last: np.datetime64


@dataclass(frozen=True, eq=False, repr=False)
class Catalog(Public):
    """What the files say, typed and checked. Items keep the order of the file.

    Attributes
    ----------
    study : Study
    sku, location : tuple of str
        Ids, letter for letter.
    unit_cost : (n,) int64
        In multiples of `study.data.cost_resolution`.
    numbers : dict of str to (n,) float64
        Every known numeric column that was given, and further columns that are numbers
        throughout; NaN where a cell is empty.
    texts : dict of str to (n,) object
        Every known text column that was given and every further column; None where empty.
    demand : DemandTable or None
        None where every item has a law given outright.
    receipts : ReceiptTable or None
    quality : Quality
    inputs : dict of str to str
        SHA-256 of each file read, by table.
    open_orders : ReceiptTable or None
        Orders not received yet; their `receipt_date` is the last day known, so that they have been
        on order for at least that long.
    segment : (n,) object or None
        Segments that overrides speak of; None where none does.
    without_history : Catalog or None
        SKU-locations left out because nothing was ever demanded (`demand.no_history`), with their rows of
        demand; None where none is.
    due : OpenOrders or None
        The table of open orders with their due dates; None where none is given.
    forecast : ForecastTable or None
        What people expect of the periods to come.
    forecast_errors : ForecastErrors or None
        Their past forecasts, and what came.
    held_out : int
        Last whole periods that no law may know: the past as it was before them. 0 for a plan.
    rows_end : date or None
        Last day of the week or month that the last row of demand stands for; None of rows by the day.
    whole : Dates or None
        What the demand of the whole catalogue covers, where these are some of its SKU-locations.
    """

    study: Study
    sku: tuple[str, ...]
    location: tuple[str, ...]
    unit_cost: IntArray
    numbers: dict[str, FloatArray]
    texts: dict[str, AnyArray]
    demand: DemandTable | None
    receipts: ReceiptTable | None
    quality: Quality
    inputs: dict[str, str]
    open_orders: ReceiptTable | None = None
    segment: AnyArray | None = None
    without_history: Catalog | None = None
    due: OpenOrders | None = None
    forecast: ForecastTable | None = None
    forecast_errors: ForecastErrors | None = None
    held_out: int = 0
    rows_end: dt.date | None = None
    whole: Dates | None = None

    @property
    def n_items(self) -> int:
        """Number of SKU-locations."""
        return len(self.sku)

    @property
    def parts(self) -> IntArray:
        """(n,) parts that a unit of each SKU-location is counted in (`unit_resolution` below 1); 1 = whole.

        Quantities here and in models, levels and sums are in parts, and money per unit is per part.
        """
        none = np.full(self.n_items, np.nan)
        return parts_of(self.numbers.get("unit_resolution", none))

    @property
    def keys(self) -> tuple[str, ...]:
        """``SKU@LOCATION`` of every item, for people to read."""
        return tuple(f"{sku}@{place}" for sku, place in zip(self.sku, self.location, strict=True))

    @property
    def dates(self) -> Dates | None:
        """What the demand covers; None without a row of it."""
        first, last = self.first_date, self.last_date
        if self.whole is not None or self.demand is None or first is None or last is None:
            return self.whole
        return Dates(self.demand.distinct_dates, np.datetime64(first, "D"), np.datetime64(last, "D"))

    @property
    def first_date(self) -> dt.date | None:
        """First date of demand, of those left out as well; None without a demand table."""
        if self.whole is not None:
            return _date(self.whole.first)
        return min((_date(table.day.min()) for table in self._dated), default=None)

    @property
    def last_date(self) -> dt.date | None:
        """Last date of demand used, of those left out as well; None without a demand table."""
        if self.whole is not None:
            return _date(self.whole.last)
        return max((_date(table.day.max()) for table in self._dated), default=None)

    @property
    def _dated(self) -> list[DemandTable]:
        """Tables of demand that tell which dates the history covers."""
        out = self.without_history
        tables = [self.demand, None if out is None else out.demand]
        return [table for table in tables if table is not None and table.item.size > 0]

    @property
    def as_of(self) -> dt.date | None:
        """Last day used: the study's, else the day that demand is complete to, else its last date.

        Of a table whose rows stand for whole weeks or months, the last day of the last of them.
        """
        return self.study.as_of or self.study.demand.complete_to or self.rows_end or self.last_date


def _date(day: Any) -> dt.date:
    date: dt.date = day.astype("datetime64[D]").item()
    return date
