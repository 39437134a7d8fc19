"""Rows of a table matched to SKU-locations; those of nothing known are refused by name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simlab.arrays import IntArray
from simlab.catalog import findings as found
from simlab.catalog.cells.convert import texts
from simlab.catalog.cells.text import TextTable

_NAMED = 5
Numbers = Mapping[tuple[str, str], int]
"""Row of each SKU-location by (sku, location)."""


def matched(table: TextTable, number: Numbers, why: str, fix: str | None) -> IntArray:
    """(m,) row of each row's SKU-location, −1 where it has none.

    Parameters
    ----------
    table : TextTable
        With columns `sku` and `location`.
    why : str
        What is wrong with SKU-locations that have no row, before their names.
    fix : str or None
        What to do about them; None: they are not refused.
    """
    sku, place = texts(table.columns["sku"]), texts(table.columns["location"])
    pairs = [(str(a), str(b)) for a, b in zip(sku, place, strict=True)]
    item = np.array([number.get(pair, -1) for pair in pairs], dtype=np.int64)
    rows = np.flatnonzero(item < 0)
    if rows.size and fix is not None:
        names = list(dict.fromkeys("@".join(pairs[row]) for row in rows.tolist()))
        more = ", …" if len(names) > _NAMED else ""
        message = f"{why}: {', '.join(names[:_NAMED])}{more}"
        table.findings.add_rows(found.UNKNOWN_ITEM, message, rows, column=table.label("sku"), fix=fix)
    return item
