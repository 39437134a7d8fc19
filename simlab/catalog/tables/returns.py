"""Returns netted against the sales that they most likely undo."""

from __future__ import annotations

import numpy as np

from simlab.arrays import BoolArray, DateArray, IntArray


def net_returns(item: IntArray, date: DateArray, quantity: IntArray, usable: BoolArray) -> IntArray:
    """Match every return with sales of the same item on the same date, then on the latest dates before.

    Parameters
    ----------
    item : (m,) int
        SKU-location of each row.
    date : (m,) datetime64[D]
    quantity : (m,) int
        Units; negative is a return.
    usable : (m,) bool
        Rows that take part.

    Returns
    -------
    (m,) int64
        Units matched: of a return, how many of its units found a sale; of a sale, how many were undone.

    Notes
    -----
    Returns are matched in order of date (of size and row within a date), so that the result depends on the
    content of the table and not on which return stands first.
    """
    matched = np.zeros(quantity.size, dtype=np.int64)
    returning = np.unique(item[usable & (quantity < 0)])
    rows = np.flatnonzero(usable & np.isin(item, returning))
    rows = rows[np.lexsort((quantity[rows], date[rows], item[rows]))]
    starts = np.searchsorted(item[rows], returning)
    ends = np.searchsorted(item[rows], returning, side="right")
    for start, end in zip(starts, ends, strict=True):
        _net_item(rows[start:end], date, quantity, matched)
    return matched


def _net_item(rows: IntArray, date: DateArray, quantity: IntArray, matched: IntArray) -> None:
    """One item's rows, by date and within a date with returns first; sales undone come off a stack."""
    open_sales: list[int] = []
    at = 0
    while at < rows.size:
        day = date[rows[at]]
        end = at
        while end < rows.size and date[rows[end]] == day:
            end += 1
        today = rows[at:end]
        open_sales += [int(row) for row in today if quantity[row] > 0]
        for row in today[quantity[today] < 0]:
            left = -int(quantity[row])
            while left and open_sales:
                sale = open_sales[-1]
                taken = min(left, int(quantity[sale] - matched[sale]))
                matched[sale] += taken
                left -= taken
                if matched[sale] == quantity[sale]:
                    open_sales.pop()
            matched[row] = -int(quantity[row]) - left
        at = end
