"""Tables of levels laid side by side, so that one simulation serves them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simlab import mapped
from simlab.arrays import IntArray
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
