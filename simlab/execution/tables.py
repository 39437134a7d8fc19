"""Which sums a block hands back: plans that are alike within classes of items share a table of rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from simlab.arrays import ChoiceArray, IntArray
from simlab.execution.adding import refuse_large, rows_added
from simlab.execution.sums import PLAIN, PlanRequest, PlanSums

_ITEMS_PER_ROW = 4
"""Items that a class has on average at least, else plans are gathered item by item."""
_MOST_SUMS = 2_000_000
"""Column × class × replication sums that a shared table may hold beyond what its plans hold themselves."""
_AT_ONCE = 8192
_ODD = 0x9E3779B97F4A7C15


@dataclass(frozen=True, eq=False)
class Table:
    """Sums that blocks are added up to, and the requests answered from them.

    Attributes
    ----------
    request : PlanRequest
        Its plans are the columns used, its cells classes of items that all members treat alike; or a
        request as it was asked.
    members : dict of int to PlanRequest
        Number of each request that is a sum of rows, with the class as its item; empty: `request` is one.
    number : int
        Of the request that is asked for as it is.
    """

    request: PlanRequest
    members: dict[int, PlanRequest]
    number: int = -1

    def sums(self, found: PlanSums) -> dict[int, PlanSums]:
        """What was found, by the number of the request."""
        if not self.members:
            return {self.number: found}
        return {number: rows_added(found, request) for number, request in self.members.items()}


@dataclass(frozen=True, eq=False)
class Classes:
    """Items that some plans treat alike: `code` (n,) of each item, `first` (m,) item of each class."""

    code: IntArray
    first: IntArray

    @property
    def n(self) -> int:
        return int(self.first.size)

    def and_by(self, other: Classes) -> Classes:
        """Items that both treat alike."""
        _, first, code = np.unique(self.code * other.n + other.code, return_index=True, return_inverse=True)
        return Classes(code.astype(np.int64), first)


def tables_for(requests: Sequence[PlanRequest], replications: int) -> list[Table]:
    """The tables that answer all requests, each measure added up once for plans that share classes."""
    single: list[Table] = []
    shared: dict[bool, tuple[Classes, list[int]]] = {}
    for number, request in enumerate(requests):
        classes = _classes(request)
        if classes is not None and request.whole in shared:
            joined, members = shared[request.whole]
            refined = joined.and_by(classes)
            if _worth(refined, [requests[one] for one in (*members, number)], replications):
                shared[request.whole] = refined, [*members, number]
                continue
        elif classes is not None and _worth(classes, [request], replications):
            shared[request.whole] = classes, [number]
            continue
        single.append(Table(request, {}, number))
    return [_shared(requests, *found) for found in shared.values()] + single


def block_of(tables: Sequence[Table], rows: IntArray) -> tuple[list[PlanRequest], list[IntArray]]:
    """The tables of a block of items, with the cells that occur in it alone, and these cells."""
    asked, cells = [], []
    for table in tables:
        request = table.request
        present, cell = np.unique(request.cell[rows], return_inverse=True)
        asked.append(PlanRequest(request.choice[rows], cell.astype(np.int64), present.size, request.whole))
        cells.append(present)
    return asked, cells


def add_blocks(
    blocks: Iterable[tuple[list[PlanSums], list[IntArray]]], tables: Sequence[Table], replications: int
) -> list[PlanSums]:
    """Add up the sums of blocks of items, one per request, in the order of the requests.

    Raises
    ------
    OutOfRangeError
        If a total might leave the range of int64.
    """
    totals = [Total(table.request.n_plans, table.request.n_cells, replications) for table in tables]
    most = 0.0
    for parts, cells in blocks:
        added = [total.add(part, present) for total, part, present in zip(totals, parts, cells, strict=True)]
        most += max(added, default=0.0)
        refuse_large(most)
    found: dict[int, PlanSums] = {}
    for table, total in zip(tables, totals, strict=True):
        found |= table.sums(total.sums())
    return [found[number] for number in sorted(found)]


class Total:
    """Sums of blocks added up: what plans do not differ in once, and what nobody asked for not at all."""

    def __init__(self, n_plans: int, n_cells: int, replications: int) -> None:
        self._shape = n_plans, n_cells, replications
        self._each: dict[str, IntArray] = {}
        self._alike: dict[str, IntArray] = {}
        self._plain = True

    def add(self, part: PlanSums, cells: IntArray) -> float:
        """Add a block's sums, which has these of the cells; what no sum of it over cells exceeds."""
        names = set(PlanSums.names())
        if self._plain and all(_same(part, *pair) for pair in PLAIN.items()):
            names -= set(PLAIN)
        elif self._plain:
            self._copy_plain()
        return max((self._add(name, getattr(part, name), cells) for name in names), default=0.0)

    def _add(self, name: str, part: IntArray, cells: IntArray) -> float:
        if not part.size or (part.strides == (0, 0, 0) and part[0, 0, 0] == 0):
            return 0.0
        totals, shape = self._each, self._shape
        if part.strides[0] == 0:
            totals, part, shape = self._alike, part[:1], (1, *self._shape[1:])
        if name not in totals:
            totals[name] = np.zeros(shape, np.int64)
        total, most = totals[name], 0.0
        for number, cell in enumerate(cells.tolist()):
            own = part[:, number]
            total[:, cell] += own
            most += float(max(int(own.max()), -int(own.min())))
        return most

    def _copy_plain(self) -> None:
        """From now on cost and service are sums of their own."""
        self._plain = False
        for totals in (self._each, self._alike):
            totals |= {name: totals[plain].copy() for name, plain in PLAIN.items() if plain in totals}

    def sums(self) -> PlanSums:
        """All that was added."""
        if self._plain:
            self._copy_plain()
        sums = PlanSums.zeros(*self._shape)
        for totals in (self._each, self._alike):
            for name, total in totals.items():
                getattr(sums, name)[...] += total
        return sums


def _same(part: PlanSums, name: str, plain: str) -> bool:
    """Whether a sum is another: the same memory, as `adding` hands it back."""
    one, other = getattr(part, name), getattr(part, plain)
    memory, same = (table.__array_interface__["data"] for table in (one, other))
    return bool(memory == same and one.strides == other.strides)


def _classes(request: PlanRequest) -> Classes | None:
    """Items of the same cell to which every plan gives the same column; None where nearly all differ."""
    odd = (np.arange(1, request.n_plans + 1, dtype=np.uint64) * np.uint64(2) + np.uint64(1)) * np.uint64(_ODD)
    mixed = np.empty(request.choice.shape[0], np.uint64)
    for rows in _parts(mixed.size):
        columns = request.choice[rows].astype(np.uint64)
        mixed[rows] = (columns * (odd ^ (odd >> np.uint64(29)))).sum(axis=1, dtype=np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(_ODD) + request.cell.astype(np.uint64)
    _, first, code = np.unique(mixed, return_index=True, return_inverse=True)
    if first.size * _ITEMS_PER_ROW > code.size:
        return None
    alike = np.array_equal(request.cell, request.cell[first[code]]) and all(
        np.array_equal(request.choice[rows], request.choice[first[code[rows]]]) for rows in _parts(code.size)
    )
    return Classes(code.astype(np.int64), first) if alike else None


def _parts(n: int) -> list[slice]:
    """Some thousand items after another."""
    return [slice(first, first + _AT_ONCE) for first in range(0, n, _AT_ONCE)]


def _worth(classes: Classes, requests: Sequence[PlanRequest], replications: int) -> bool:
    """Whether a table of these classes is smaller than its items, and than what its plans need anyhow."""
    own = sum(request.n_plans * request.n_cells for request in requests) * replications
    used = _used(requests).size * classes.n * replications
    return classes.n * _ITEMS_PER_ROW <= classes.code.size and used <= max(own, _MOST_SUMS)


def _used(requests: Sequence[PlanRequest]) -> ChoiceArray:
    """Columns that any of the plans gives to any item."""
    most = max(int(request.choice.max(initial=0)) for request in requests)
    used = np.zeros(most + 1, np.bool_)
    for request in requests:
        for rows in _parts(request.choice.shape[0]):
            used[request.choice[rows].ravel()] = True
    return np.flatnonzero(used).astype(np.int16)


def _shared(requests: Sequence[PlanRequest], classes: Classes, numbers: Sequence[int]) -> Table:
    """The table of rows that several requests are sums of."""
    asked = {number: requests[number] for number in numbers}
    used = _used(list(asked.values()))
    every = np.broadcast_to(used, (classes.code.size, used.size))
    members = {
        number: PlanRequest(
            np.searchsorted(used, request.choice[classes.first]).astype(np.int16),
            request.cell[classes.first],
            request.n_cells,
            request.whole,
        )
        for number, request in asked.items()
    }
    whole = next(iter(asked.values())).whole
    return Table(PlanRequest(every, classes.code, classes.n, whole), members)
