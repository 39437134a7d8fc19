"""Rows of receipts that stand twice: pasted a second time, or lines that happen to be alike?"""

from __future__ import annotations

import numpy as np

from simlab.arrays import BoolArray, IntArray
from simlab.catalog.cells.text import TextTable

_RUN = 8  # rows in a row that repeat earlier ones at one distance
_DISTINCT = 4  # of them


def repeated_rows(table: TextTable) -> BoolArray:
    """(m,) rows of receipts that repeat an earlier one in all columns.

    Parameters
    ----------
    table : TextTable
        Receipts as read.

    Notes
    -----
    A row that names its SKU stands once. Where it is not told, lines may be alike by chance: only blocks
    count, 8 rows or more that repeat earlier ones in the same sequence (4 of them distinct), or a table of 8
    distinct rows or more in which each stands an even number of times.
    """
    code = _codes(table)
    _, first, inverse, counts = np.unique(code, return_index=True, return_inverse=True, return_counts=True)
    again = np.asarray(first[inverse] != np.arange(code.size), dtype=np.bool_)
    if not again.any():
        return again
    named = ~_empty(table, "sku")
    if not named.all():
        whole = counts.size >= _RUN and bool((counts % 2 == 0).all())
        again &= named | whole | _in_blocks(inverse)
    return again


def _codes(table: TextTable) -> IntArray:
    """(m,) one number per distinct row."""
    code = np.zeros(table.n_rows, dtype=np.int64)
    for column in table.columns.values():
        code = code * (len(column.values) + 1) + column.codes + 1
        code = np.unique(code, return_inverse=True)[1].astype(np.int64)
    return code


def _empty(table: TextTable, name: str) -> BoolArray:
    """(m,) rows whose cell is empty, all without the column."""
    if name not in table.columns:
        return np.ones(table.n_rows, dtype=np.bool_)
    return table.columns[name].missing()


def _in_blocks(code: IntArray) -> BoolArray:
    """(m,) rows within a run of rows that each repeat the row a constant distance before."""
    order = np.argsort(code, kind="stable")
    before = np.full(code.size, -1)
    same = np.flatnonzero(np.diff(code[order]) == 0)
    before[order[same + 1]] = order[same]
    distance = np.where(before >= 0, np.arange(code.size) - before, 0)
    starts = np.flatnonzero(np.diff(distance, prepend=-1))
    stops = np.append(starts[1:], code.size)
    out = np.zeros(code.size, dtype=np.bool_)
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        if distance[start] and stop - start >= _RUN and np.unique(code[start:stop]).size >= _DISTINCT:
            out[start:stop] = True
    return out
