"""The integer sums that come out of the simulator."""

from __future__ import annotations

from dataclasses import dataclass

from simlab.arrays import IntArray


@dataclass(frozen=True, eq=False)
class Curves:
    """Totals per item × column, and by slot those that intervals need. Units, unless said.

    What is summed over periods is summed over parts of periods where the world has a working grid (a period
    of an item that is not split counts as all of its parts).

    The middle axis is k columns, or 1 where the measure cannot differ between columns.

    Attributes
    ----------
    demanded : (n, slots) int64
        Units asked for.
    served : (n, k, slots) int64
        Units served in the period they were asked for.
    on_hand : (n, k, slots) int64
        Shelf stock at the count, summed over periods (unit-periods).
    on_hand_start : (n, k, slots) int64
        Shelf stock after ordering and before demand, summed over periods.
    ready : (n, k, slots) int64
        Periods with stock left at the count.
    short : (n, k, slots) int64
        Periods in which some of the period's own demand was not served at once.
    receipts, good_receipts : (n, k or 1, slots), (n, k, slots) int64
        Orders of positive size received in counted periods; good = net stock at the count just
        before was ≥ 0 (lost sales: nothing lost since the receipt before).
    orders, ordered, received : (n, k or 1, slots) int64
        Orders placed, units ordered, units received in counted periods.
    backorders, lost, on_order : (n, k, slots) or (n, 1, slots) int64
        Units owed at the count and units on order at the count, summed over periods; units lost.
    """

    demanded: IntArray
    served: IntArray
    on_hand: IntArray
    on_hand_start: IntArray
    ready: IntArray
    short: IntArray
    receipts: IntArray
    good_receipts: IntArray
    orders: IntArray
    ordered: IntArray
    received: IntArray
    backorders: IntArray
    lost: IntArray
    on_order: IntArray

    @property
    def n_items(self) -> int:
        return int(self.served.shape[0])

    @property
    def n_columns(self) -> int:
        return int(self.served.shape[1])
