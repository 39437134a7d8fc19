"""Sums of every item held in as few bytes as they need: block by block, in the narrowest whole numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from threading import Lock
from typing import Any

import numpy as np

from simlab import mapped
from simlab.arrays import AnyArray, IntArray, take_rows
from simlab.engine.world.curves import Curves

_MEASURES = tuple(field.name for field in fields(Curves))
_NARROW = (np.uint8, np.uint16, np.uint32)
AT_ONCE = 8192
"""Items whose sums stand in memory as int64 while something is made of all of them."""


class CellSums:
    """Sums of cells of items, added up as blocks come back.

    Parameters
    ----------
    code : (n,) int64
        Cell of each item.
    n_cells : int
    """

    def __init__(self, code: IntArray, n_cells: int) -> None:
        self.code, self.n_cells = code, n_cells
        self.tables: dict[str, IntArray] = {}
        self._lock = Lock()

    def add(self, rows: IntArray, part: Curves) -> None:
        """Add the items of a block."""
        cell = self.code[rows]
        order = np.argsort(cell, kind="stable")
        present, starts = np.unique(cell[order], return_index=True)
        found = {
            name: np.add.reduceat(three_axes(getattr(part, name))[order], starts, axis=0)
            for name in _MEASURES
        }
        with self._lock:
            for name, sums in found.items():
                self._add(name, present, sums)

    def _add(self, name: str, present: IntArray, sums: IntArray) -> None:
        known = self.tables.get(name)
        if known is None or known.shape[1] < sums.shape[1]:
            wide = np.zeros((self.n_cells, *sums.shape[1:]), np.int64)
            self.tables[name] = wide if known is None else wide + known
        self.tables[name][present] += sums


def cell_sums(curves: Curves, code: IntArray, n_cells: int) -> dict[str, IntArray]:
    """(n_cells, k or 1, slots) every measure added up by cell: as blocks came back, or here."""
    known = curves.cells if isinstance(curves, HeldCurves) else None
    if known is not None and known.n_cells == n_cells and np.array_equal(known.code, code):
        return known.tables
    cells = CellSums(code, n_cells)
    for rows, part in in_parts(curves):
        cells.add(rows, part)
    return cells.tables


def three_axes(table: IntArray) -> IntArray:
    """(n, k or 1, slots) of a measure that may lack the axis of columns."""
    return table[:, None] if table.ndim == 2 else table


class HeldCurves(Curves):
    """`Curves` that lie in memory block by block in narrow numbers; what is asked for is made anew, as int64.

    Parameters
    ----------
    shapes : dict of str to tuple of int
        Of every measure, without the axis of items.
    n_items : int
    cells : CellSums, optional
        Added up as blocks come.
    slots : bool
        Whether items keep their slots, else one: their total. `cells` have all slots.
    order : (n,) int64, optional
        Items in the order in which blocks of them follow one another; as they are numbered if left out.

    Notes
    -----
    Counts of periods and receipts fit into two bytes, sums of units into four, sums that are zero throughout
    (nothing is ever lost) into none: a tenth to a quarter of int64.
    """

    def __init__(
        self,
        shapes: dict[str, tuple[int, ...]],
        n_items: int,
        cells: CellSums | None = None,
        *,
        slots: bool = True,
        order: IntArray | None = None,
    ) -> None:
        shapes = shapes if slots else {name: (*shape[:-1], 1) for name, shape in shapes.items()}
        place = None if order is None else np.argsort(order)
        vars(self).update(cells=cells, _shapes=shapes, _n=n_items, _slots=slots, _place=place, _blocks={})

    cells: CellSums | None
    _shapes: dict[str, tuple[int, ...]]
    _n: int
    _slots: bool
    _place: IntArray | None
    _blocks: dict[int, dict[str, AnyArray]]

    def put(self, rows: IntArray, part: Curves) -> None:
        """Hold a block of items that follow one another; blocks may come in any order and from any thread."""
        if self.cells is not None:
            self.cells.add(rows, part)
        held = {}
        for name in _MEASURES:
            table = getattr(part, name)
            sums = narrow(table if self._slots else table.sum(axis=-1, keepdims=True))
            held[name] = mapped.away(sums, piece=True)
        self._blocks[int(rows[0] if self._place is None else self._place[rows[0]])] = held

    def take(self, rows: IntArray) -> Curves:
        """The sums of some items, in this order."""
        return Curves(**{name: self._measure(name, rows) for name in _MEASURES})

    def _measure(self, name: str, rows: IntArray | None = None) -> IntArray:
        size = self._n if rows is None else rows.size
        out = np.empty((size, *self._shapes[name]), np.int64)
        firsts = np.array(sorted(self._blocks), np.int64)
        if self._place is not None:
            rows = self._place if rows is None else self._place[rows]
        if rows is None:
            for first in firsts.tolist():
                table = self._blocks[first][name]
                out[first : first + table.shape[0]] = table
            return out
        block = np.searchsorted(firsts, rows, side="right") - 1
        for number in np.unique(block).tolist():
            at = np.flatnonzero(block == number)
            out[at] = self._blocks[int(firsts[number])][name][rows[at] - firsts[number]]
        return out

    def __getattr__(self, name: str) -> Any:
        if name not in _MEASURES:
            raise AttributeError(name)
        return self._measure(name)

    @property
    def n_items(self) -> int:
        return self._n

    @property
    def n_columns(self) -> int:
        return self._shapes["served"][0]

    @property
    def nbytes(self) -> int:
        """Bytes held of items."""
        tables = [table for block in self._blocks.values() for table in block.values()]
        return sum(table.nbytes for table in tables if table.strides[0])


def narrow(table: IntArray) -> AnyArray:
    """A copy of whole numbers in the fewest bytes that hold them all; zeros throughout take none."""
    low, high = int(table.min(initial=0)), int(table.max(initial=0))
    if low == high == 0:
        return np.broadcast_to(np.uint8(0), table.shape)
    kinds = [kind for kind in _NARROW if low >= 0 and high <= np.iinfo(kind).max]
    return table.astype(kinds[0]) if kinds else np.array(table)


def take_items(curves: Curves, rows: IntArray) -> Curves:
    """The sums of some items, however they are held."""
    return curves.take(rows) if isinstance(curves, HeldCurves) else take_rows(curves, rows)


def in_parts(
    curves: Curves, size: int = AT_ONCE, some: IntArray | None = None
) -> Iterator[tuple[IntArray, Curves]]:
    """Rows and sums of `size` items after another: of all, or of `some`, rows then being places in these."""
    n = curves.n_items if some is None else some.size
    for first in range(0, n, size):
        rows = np.arange(first, min(first + size, n))
        yield rows, take_items(curves, rows if some is None else some[rows])
        if first // size % _RESTS == _RESTS - 1:
            mapped.rest()


_RESTS = 16
"""Parts after which the pages of those before are let go of, where sums lie in files."""
