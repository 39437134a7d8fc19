"""Stock and open orders at the beginning of a hold-out, where they were recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.catalog.calendar.periods import running_number
from simlab.models.suppliers.orders import elapsed, observe

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.catalog.catalog import ReceiptTable
    from simlab.models.history.holdout import HeldOut


@dataclass(frozen=True, eq=False)
class AtCut:
    """What was on the shelf and on order on the day before the hold-out.

    Attributes
    ----------
    on_hand : (n,) float
        Units; below 0 where customers waited; NaN where nothing is recorded.
    age_days : (n,) float
        Days between the record and the hold-out; NaN where there is none.
    item, arrival, quantity : (k,) int64
        Orders placed before the hold-out and not received by then: the period of the hold-out in which
        they really arrived (its length or more: later, or not yet), and units.
    """

    on_hand: FloatArray
    age_days: FloatArray
    item: IntArray
    arrival: IntArray
    quantity: IntArray

    @property
    def known(self) -> BoolArray:
        """(n,) whose stock is recorded."""
        return ~np.isnan(self.on_hand)

    def take(self, rows: IntArray) -> AtCut:
        """Some of the items."""
        number = np.full(self.on_hand.size, -1)
        number[rows] = np.arange(rows.size)
        kept = number[self.item] >= 0
        return AtCut(
            self.on_hand[rows],
            self.age_days[rows],
            number[self.item[kept]],
            self.arrival[kept],
            self.quantity[kept],
        )


def stock_at_cut(catalog: Catalog, held: HeldOut) -> AtCut | None:
    """The opening of a hold-out; None where no stock is recorded.

    Parameters
    ----------
    catalog : Catalog
        The whole catalogue: `on_hand` of demand, and receipts with `sku` and `location`.
    held : HeldOut
        The periods.

    Notes
    -----
    The stock is that of the last row before the hold-out which says one: the stock of a date stands until
    the next row. Orders are those of the receipts table (and its open orders) placed before the hold-out
    and received in it, later or not yet.
    """
    table = catalog.demand
    if table is None or table.on_hand is None or held.n_periods == 0:
        return None
    cut = held.days[0]
    rows = np.flatnonzero((table.date < cut) & ~np.isnan(table.on_hand))
    stock, age = np.full(catalog.n_items, np.nan), np.full(catalog.n_items, np.nan)
    stock[table.item[rows]] = table.on_hand[rows]  # rows ascend by date: the last one stays
    age[table.item[rows]] = (cut - table.date[rows]).astype(np.float64)
    if rows.size == 0:
        return None
    return AtCut(stock, age, *_under_way(catalog, held))


def _under_way(catalog: Catalog, held: HeldOut) -> tuple[IntArray, IntArray, IntArray]:
    """Item, period of arrival and units of the orders open on the day before the hold-out."""
    none = np.zeros(0, np.int64)
    number = {pair: row for row, pair in enumerate(zip(catalog.sku, catalog.location, strict=True))}
    found = [(none, none, none)]
    for table, arrived in ((catalog.receipts, True), (catalog.open_orders, False)):
        if table is not None:
            found.append(_open(catalog, table, held, number, arrived))
    item, arrival, quantity = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return item, arrival, quantity


def _open(
    catalog: Catalog, table: ReceiptTable, held: HeldOut, number: dict[tuple[str, str], int], arrived: bool
) -> tuple[IntArray, IntArray, IntArray]:
    pairs = zip(table.sku, table.location, strict=True)
    item = np.array([number.get((str(sku), str(place)), -1) for sku, place in pairs], dtype=np.int64)
    rows = (item >= 0) & (table.order_date < held.days[0])
    if not arrived:
        return item[rows], np.full(int(rows.sum()), held.n_periods), table.quantity[rows]
    rows &= table.receipt_date >= held.days[0]
    study = catalog.study
    first, *_ = running_number(held.days[:1], study.period, study.week_starts)
    if study.period == "day":  # received on a closed day, it is there on the next open one
        place = np.searchsorted(held.days, table.receipt_date[rows])
    else:
        place = running_number(table.receipt_date[rows], study.period, study.week_starts) - first
    return item[rows], np.minimum(place, held.n_periods), table.quantity[rows]


UNKNOWN = -1


def recorded_lead_times(catalog: Catalog, held: HeldOut) -> IntArray:
    """(n, N) lead time of an order placed in each held-out period, in whole periods; −1 if unknown.

    Parameters
    ----------
    catalog : Catalog
        The whole catalogue: `items.supplier` and receipts.
    held : HeldOut
        The periods.

    Notes
    -----
    The receipt of the same supplier ordered in the hold-out whose order date is nearest to the period's
    first day, rounded to the nearest whole period. Suppliers without one are unknown: sampled instead.
    """
    out = np.full((catalog.n_items, held.n_periods), UNKNOWN, dtype=np.int64)
    receipts, supplier = catalog.receipts, catalog.texts.get("supplier")
    seen = observe(catalog)
    if receipts is None or seen is None or supplier is None:
        return out
    lead = elapsed(catalog.study, receipts.order_date, receipts.receipt_date)
    if catalog.study.lead_times.partial != "rows":
        receipts, lead = seen.table.take(~seen.is_open), seen.days[~seen.is_open]
    inside = receipts.order_date >= held.days[0]
    periods = np.rint(lead * seen.ratio[0] / seen.ratio[1]).astype(np.int64)
    for name in sorted({str(one) for one in supplier if one is not None}):
        rows = np.flatnonzero(inside & (receipts.supplier == name))
        if rows.size:
            apart = np.abs(receipts.order_date[rows][None, :] - held.days[:, None])
            out[supplier == name] = periods[rows[apart.argmin(axis=1)]]
    return out
