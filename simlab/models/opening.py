"""Today's stock and pipeline of every SKU-location, from the items table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.engine.types import FloatArray, IntArray, Start
from simlab.errors import InvalidInputError, Problem

if TYPE_CHECKING:
    from simlab.catalog import Catalog

_NAMED = 5


def stock_record(catalog: Catalog) -> Start | None:
    """What is on the shelves (below 0: owed) and under way; None unless all items have an `on_hand`."""
    on_hand = _column(catalog, "on_hand")
    if not np.isfinite(on_hand).all():
        return None
    return Start(whole_units(on_hand), whole_units(np.nan_to_num(_column(catalog, "on_order"))))


def opening_stock(catalog: Catalog) -> tuple[Start, tuple[str, ...]]:
    """The start of a transient study (`policy.start = "today"`), and what it assumes, in sentences.

    Raises
    ------
    InvalidInputError
        SKU-locations without `on_hand`, by name.
    """
    record = stock_record(catalog)
    if record is None:
        raise InvalidInputError([_no_stock(catalog)])
    periods, period = catalog.study.simulation.periods, catalog.study.period
    lines = [
        "every replication starts from today's stock and orders under way (items.on_hand, on_order) and "
        f"counts all {periods} {period}s from there: a transient result, which says nothing of the long run",
        "orders under way arrive together, one lead time from now",
    ]
    empty = int(np.isnan(_column(catalog, "on_order")).sum())
    if empty:
        lines.append(
            f"on_order is missing for {empty} of {catalog.n_items} SKU-locations: nothing is under way"
        )
    return record, tuple(lines)


def whole_units(numbers: FloatArray) -> IntArray:
    """To the nearest unit."""
    return np.rint(numbers).astype(np.int64)


def _column(catalog: Catalog, name: str) -> FloatArray:
    return np.asarray(catalog.numbers.get(name, np.full(catalog.n_items, np.nan)))


def _no_stock(catalog: Catalog) -> Problem:
    rows = np.flatnonzero(np.isnan(_column(catalog, "on_hand"))).tolist()
    names = ", ".join(f"{catalog.sku[row]}@{catalog.location[row]}" for row in rows[:_NAMED])
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    file = catalog.study.data.items.path or "items"
    fix = 'fill on_hand (0 where the shelf is empty), or say [policy] start = "stationary"'
    what = f'policy.start = "today" finds no stock for {names}{more}'
    return Problem("E-MOD-020", what, file, column="on_hand", fix=fix)
