"""What the engine counts, named once: quantities of a period, sums of a run, columns of orders."""

from __future__ import annotations

from enum import IntEnum


class Row(IntEnum):
    """Quantities of a period of a recorded path, by their row.

    The first of them, to ON_ORDER, are those that a run adds up: the fields of `Curves` in their order.
    POSITION_AT_REVIEW is the position that a review found (0 where there is none), LEVEL the order-up-to
    level in force (s + Q for (R,s,nQ)).
    """

    DEMANDED = 0
    SERVED = 1
    ON_HAND = 2
    ON_HAND_START = 3
    READY = 4
    SHORT = 5
    RECEIPTS = 6
    GOOD_RECEIPTS = 7
    ORDERS = 8
    ORDERED = 9
    RECEIVED = 10
    BACKORDERS = 11
    LOST = 12
    ON_ORDER = 13
    NET_INVENTORY = 14
    INVENTORY_POSITION = 15
    CANCELLED = 16
    POSITION_AT_REVIEW = 17
    LEVEL = 18


class OrderColumn(IntEnum):
    """What is written down of an order.

    Period placed, units, period it left the supplier, period of arrival, units that arrive then, the other
    units, and when these arrive (−1: cancelled or none).
    """

    PLACED = 0
    UNITS = 1
    LEFT = 2
    ARRIVAL = 3
    ON_TIME = 4
    REST = 5
    REST_ARRIVAL = 6


ROW_NAMES = tuple(row.name.lower() for row in Row)
MEASURES = ROW_NAMES[: Row.ON_ORDER + 1]
"""Sums of a run, over counted periods."""
ORDER_NAMES = tuple(column.name.lower() for column in OrderColumn)
