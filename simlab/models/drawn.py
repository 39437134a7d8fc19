"""Demand of single periods exactly as the simulator draws it, of many items at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.engine.laws.tables import LawTables, prepare
from simlab.engine.world.demand_law import DemandLaw

_WORDS = 2.0**32
_TOGETHER = 256  # items whose tables are made at a time


@dataclass(frozen=True, eq=False)
class Drawn:
    """The distinct laws of every item's periods, and which of them each period follows.

    Attributes
    ----------
    which : (n, cycle) int64
        Law of an item, 0 … k − 1, in periods 0, 1, … of the run, repeated every `cycle` periods.
    begin : (n + 1,) int64
        Where the values of an item's laws lie in the fields below.
    law : (m,) int64
        The item's law that a value belongs to, ascending.
    value : (m,) int64
        Units, ascending within a law.
    share : (m,) float
        Probability.
    """

    which: IntArray
    begin: IntArray
    law: IntArray
    value: IntArray
    share: FloatArray

    def of(self, item: int) -> tuple[IntArray, IntArray, FloatArray]:
        """Laws, values and probabilities of one item."""
        here = slice(int(self.begin[item]), int(self.begin[item + 1]))
        return self.law[here], self.value[here], self.share[here]


def drawn(law: DemandLaw) -> Drawn:
    """What the simulator draws for all items; not for chains, whose tables hold sizes alone."""
    tables = prepare(law)
    n = law.n_items
    table, value, share = _entries(tables)
    item = np.zeros(tables.start.size, np.int64)
    item[tables.number] = np.arange(n)[:, None]
    own = np.where(np.arange(tables.start.size) < n, 0, np.arange(tables.start.size) - tables.more[item] + 1)
    order = np.argsort(item[table], kind="stable")
    begin = np.concatenate(([0], np.cumsum(np.bincount(item[table], minlength=n))))
    return Drawn(own[tables.number], begin, own[table[order]], value[order], share[order])


def in_chunks(law: DemandLaw, rows: IntArray) -> Iterator[tuple[IntArray, Drawn]]:
    """Places in `rows`, some at a time, and what is drawn for them."""
    for begin in range(0, rows.size, _TOGETHER):
        at = np.arange(begin, min(begin + _TOGETHER, rows.size))
        yield at, drawn(law.take(rows[at]))


def _entries(tables: LawTables) -> tuple[IntArray, IntArray, FloatArray]:
    """Table, value and probability of every threshold, table by table."""
    length = tables.length
    ends = np.cumsum(length)
    table = np.repeat(np.arange(length.size), length)
    place = np.arange(table.size) - np.repeat(ends - length, length)
    value = tables.first[table] + place
    if tables.points.size:
        at = tables.points_start[table]
        value = np.where(at >= 0, tables.points[np.where(at >= 0, at + place, 0)], value)
    edges = tables.thresholds[tables.start[table] + place].astype(np.float64)
    edges[ends - 1] = _WORDS
    before = np.concatenate(([0.0], edges[:-1]))
    before[ends - length] = 0.0
    return table, value, (edges - before) / _WORDS
