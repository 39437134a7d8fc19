"""Tables of levels laid side by side, so that one simulation serves them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simlab import mapped
from simlab.arrays import BoolArray, ChoiceArray, IntArray
from simlab.engine.world.levels import Forecast, Levels
from simlab.errors import EngineFaultError

_COLUMNS = ("reorder_point", "order_up_to", "order_quantity")


def beside(tables: Sequence[Levels]) -> Levels:
    """One table with the columns of all, in their order; the items follow the same families in each."""
    if len(tables) == 1:
        return tables[0]
    s, S, Q = (_joined([getattr(table, name) for table in tables]) for name in _COLUMNS)
    first = tables[0]
    phase = max(table.phase for table in tables)
    return Levels(first.family, s, S, Q, _offsets(tables), _forecasts(tables), phase, first.policy)


def _joined(parts: Sequence[IntArray]) -> IntArray:
    """(n, columns of all), in a file where that is large."""
    columns = sum(part.shape[1] for part in parts)
    whole, at = mapped.room((parts[0].shape[0], columns), np.result_type(*parts)), 0
    for part in parts:
        whole[:, at : at + part.shape[1]] = part
        at += part.shape[1]
    return whole


def _offsets(tables: Sequence[Levels]) -> IntArray | None:
    """Calendars of all columns over one cycle; columns without any do not move."""
    cycles = [table.offset.shape[2] for table in tables if table.offset is not None]
    if not cycles:
        return None
    cycle = int(np.lcm.reduce(cycles))
    parts = []
    for table in tables:
        offset = np.zeros((table.n_items, 1, 1), np.int64) if table.offset is None else table.offset
        every = np.tile(offset, (1, 1, cycle // offset.shape[2]))
        parts.append(np.broadcast_to(every, (table.n_items, table.n_columns, cycle)))
    return np.concatenate(parts, axis=1)


def _forecasts(tables: Sequence[Levels]) -> Forecast | None:
    """The one forecast that all columns share, with the factors of all.

    Raises
    ------
    EngineFaultError
        Only some of the tables are forecast: they cannot share a run.
    """
    forecasts = [table.forecast for table in tables]
    if all(one is None for one in forecasts):
        return None
    known = [one for one in forecasts if one is not None]
    if len(known) != len(forecasts):
        raise EngineFaultError("levels that are forecast and levels that are not cannot share a run")
    return replace(known[0], factor=np.concatenate([one.factor for one in known], axis=1))


def without_repeats(levels: Levels) -> tuple[Levels, ChoiceArray]:
    """Every item's different levels once, and which of them each column is.

    Neighbouring targets often ask for the same integers. Items with fewer than the others repeat one; tables
    that move with time stay as they are.

    Returns
    -------
    levels : Levels
        As many columns as the item with the most needs.
    number : (n, k) int16
        Column of these that is each of the columns before.
    """
    n, k = levels.n_items, levels.n_columns
    if levels.offset is not None or levels.forecast is not None or k == 1:
        return levels, np.tile(np.arange(k, dtype=np.int16), (n, 1))
    order, new = _sorted(levels)
    number = np.empty((n, k), np.int16)
    np.put_along_axis(number, order, np.cumsum(new, axis=1, dtype=np.int16), axis=1)
    first = np.zeros((n, int(_width(levels, new).max())), np.int64)
    begins = new.copy()
    begins[:, 0] = True
    row, place = np.nonzero(begins)
    column = order[row, place]
    first[row, number[row, column]] = column
    return levels.columns(first), number


def n_different(levels: Levels) -> IntArray:
    """(n,) columns that `without_repeats` needs of each item."""
    if levels.offset is not None or levels.forecast is not None:
        return np.full(levels.n_items, levels.n_columns)
    found = np.empty(levels.n_items, np.int64)
    for begin in range(0, found.size, _AT_ONCE):
        rows = np.arange(begin, min(begin + _AT_ONCE, found.size))
        some = levels.take(rows)
        found[rows] = _width(some, _sorted(some)[1])
    return found


_AT_ONCE = 8192
_FEWEST = 3
_SPAN = 200
"""Columns that stay where there are as many, and units from the lowest to the highest level for each: with
fewer, or on wider histograms, another evaluator would be the quicker one."""


def _width(levels: Levels, new: BoolArray) -> IntArray:
    """(n,) columns that an item needs; `new` as of `_sorted`."""
    least = np.maximum(np.ptp(levels.order_up_to, axis=1) // _SPAN + 1, _FEWEST)
    return np.asarray(np.maximum(new.sum(axis=1) + 1, np.minimum(least, levels.n_columns)))


def _sorted(levels: Levels) -> tuple[IntArray, BoolArray]:
    """(n, k) columns of each item by ascending levels, and whether each differs from the one before."""
    tables = (levels.order_quantity, levels.reorder_point - levels.order_up_to, levels.order_up_to)
    order = np.tile(np.arange(levels.n_columns), (levels.n_items, 1))
    new = np.zeros(order.shape, np.bool_)
    used = [table for table in tables if table is tables[-1] or (table != table[:, :1]).any()]
    for table in used:
        again = np.argsort(np.take_along_axis(table, order, axis=1), axis=1, kind="stable")
        order = np.take_along_axis(order, again, axis=1)
    for table in used:
        new[:, 1:] |= np.diff(np.take_along_axis(table, order, axis=1), axis=1) != 0
    return order, new


def by_family(tables: Sequence[Levels]) -> list[list[int]]:
    """Numbers of the tables whose items follow the same families, all or none of them forecast, in the
    order of their first."""
    groups: list[list[int]] = []
    for number, table in enumerate(tables):
        for group in groups:
            if alike(tables[group[0]], table):
                group.append(number)
                break
        else:
            groups.append([number])
    return groups


def alike(first: Levels, second: Levels) -> bool:
    """Whether two tables may share a run: the same rules, and both or neither forecast."""
    same = (first.forecast is None) == (second.forecast is None) and first.policy is second.policy
    return same and np.array_equal(first.family, second.family)
