"""Every item's sums at every different level in every replication, held while plans are to be added up.

The search simulates every item at every level. What it finds by replication is all that a plan's sums
are made of: held, no plan of these levels is simulated a second time on the same paths.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from threading import Lock

import numpy as np

from simlab import mapped
from simlab.arrays import AnyArray, ChoiceArray, IntArray
from simlab.engine.prepare.evaluators import _sweeps
from simlab.engine.run import simulate_items
from simlab.engine.world.curves import Curves
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon, World
from simlab.errors import EngineFaultError
from simlab.execution.adding import reduce_items
from simlab.execution.backends.asking import by_item
from simlab.execution.backends.spread import Progress, Task, as_it_is, spread
from simlab.execution.backends.workers import Workers
from simlab.execution.blocks import in_batches, part_of, plan_blocks, shapes_of, totals
from simlab.execution.columns import alike, beside, n_different, without_repeats
from simlab.execution.held import CellSums, HeldCurves, narrow, three_axes
from simlab.execution.kept import Store, store_of
from simlab.execution.sums import PlanRequest, PlanSums, Weights
from simlab.execution.tables import Table, add_blocks

_ADDED = ("demanded", "served", "lost", "ready", "short", "receipts", "good_receipts", "orders")
"""Measures that plans are added up from, beside stock: the sum of both counts is all that is asked of it."""
_AGAIN_AT_ONCE = 200
_BYTES = 10
"""Of a level in a replication, all measures together; 8 were measured (30,000 SKU-locations, two years)."""
MOST_IN_FILES, MOST_IN_MEMORY = 400 << 20, 64 << 20
"""Bytes that may be held where large arrays lie in files, and where they lie in memory."""


class Replications:
    """Sums of every item at every different level in every replication.

    Parameters
    ----------
    levels : Levels
        (n, k) every column that a plan may choose.
    most : int
        Bytes; where blocks are larger together than was thought, all of them are let go of.
    """

    def __init__(self, levels: Levels, most: int) -> None:
        self.levels = levels
        self._blocks: dict[int, _Block] = {}
        self._items, self._left = 0, most
        self._lock = Lock()

    def put(self, rows: IntArray, number: ChoiceArray, found: Curves | None) -> None:
        """Hold a block; None: it was stored by a run that was stopped, without its replications."""
        if found is None or self._left < 0:
            return
        tables = {name: narrow(three_axes(getattr(found, name))) for name in _ADDED}
        tables["stock"] = narrow(_collapsed(found.on_hand) + _collapsed(found.on_hand_start))
        size = sum(table.nbytes for table in tables.values() if table.strides[0])
        block = _Block(rows, number, {name: mapped.away(one, piece=True) for name, one in tables.items()})
        with self._lock:
            self._left -= size
            self._items += rows.size
            self._blocks[int(rows[0])] = block
            if self._left < 0:
                self._blocks.clear()

    @property
    def complete(self) -> bool:
        """Whether every item is held."""
        return self._items == self.levels.n_items and bool(self._blocks)

    def column_of(self, table: Levels) -> ChoiceArray | None:
        """(n,) the column that a table of one column is; None where it has levels that are none of these."""
        every = self.levels
        if not alike(every, table) or (every.offset is None) != (table.offset is None):
            return None
        same = np.ones(every.order_up_to.shape, np.bool_)
        for name in ("reorder_point", "order_up_to", "order_quantity"):
            same &= getattr(every, name) == getattr(table, name)
        if every.offset is not None and table.offset is not None:
            if every.phase != table.phase or every.offset.shape[2] != table.offset.shape[2]:
                return None
            same &= (every.offset == table.offset).all(axis=2)
        if every.forecast is not None and table.forecast is not None:
            same &= every.forecast.factor == table.forecast.factor
        return same.argmax(axis=1).astype(np.int16) if bool(same.any(axis=1).all()) else None

    def release(self) -> None:
        """Let go of everything."""
        self._blocks.clear()

    def plans(
        self, world: World, request: PlanRequest, weights: Weights, horizon: Horizon, again: IntArray
    ) -> PlanSums | None:
        """The sums of plans whose choices are columns of `levels`: what `run_plans` would find.

        Parameters
        ----------
        horizon : Horizon
            Of the search.
        again : (m,) int64
            Items, ascending, that are simulated again at the columns chosen, without the others: in as many
            replications as the horizon has slots.

        Returns
        -------
        PlanSums or None
            None where not every item is held: the run was stopped meanwhile.

        Raises
        ------
        EngineFaultError
            A measure of an item differs in a replication when it is simulated again.
        """
        rows = np.arange(world.n_items)
        store = store_of("in-sample", world, self.levels, request, weights, horizon, again)
        task = Task(_plans_held, lambda _: (self._blocks, request, weights), as_it_is, store)
        found: PlanSums | None = task.stored(rows)
        if found is None and self.complete:
            begun = time.perf_counter()
            found = task.work(*task.part(rows))
            self._check(world, request.choice, again, horizon)
            task.keep(rows, found, time.perf_counter() - begun)
        return found

    def _check(self, world: World, choice: ChoiceArray, rows: IntArray, horizon: Horizon) -> None:
        """Simulate items again, in the first replications."""
        few = replace(horizon, replications=horizon.slots)
        for first in range(0, rows.size, _AGAIN_AT_ONCE):
            some = rows[first : first + _AGAIN_AT_ONCE]
            own = self.levels.take(some).columns(choice[some].astype(np.int64))
            again = simulate_items(world.take(some), own, few)
            for block in self._blocks.values():
                _, at, place = np.intersect1d(block.rows, some, return_indices=True)
                held = block.curves(choice[block.rows[at]], at)
                stock = (again.on_hand + again.on_hand_start)[place]
                _same(world, some[place], "stock", held.on_hand, stock)
                for name in _ADDED:
                    _same(world, some[place], name, getattr(held, name), getattr(again, name)[place])


@dataclass(frozen=True, eq=False)
class _Block:
    """Narrow sums of some items: (m, kd or 1, r) each, `number` (m, k) which of the kd each column is."""

    rows: IntArray
    number: ChoiceArray
    tables: dict[str, AnyArray]

    def curves(self, choice: ChoiceArray, at: IntArray | None = None) -> Curves:
        """(m, p) columns chosen of the block's items, or of those `at`; what plans do not add up is 0."""
        at = np.arange(self.rows.size) if at is None else at
        column = np.take_along_axis(self.number[at], choice, axis=1).astype(np.int64)
        found = {}
        for name, table in self.tables.items():
            whole = table[at] if table.shape[1] == 1 else table[at[:, None], column]
            found[name] = whole.astype(np.int64)
        nothing = np.broadcast_to(np.int64(0), found["stock"].shape)
        found["demanded"], found["on_hand"] = found["demanded"][:, 0], found.pop("stock")
        return Curves(**{field.name: found.get(field.name, nothing) for field in fields(Curves)})


def _plans_held(blocks: dict[int, _Block], request: PlanRequest, weights: Weights) -> PlanSums:
    """Plans added up from all blocks."""
    parts = (_added_up(one, request.take(one.rows), weights.take(one.rows)) for one in blocks.values())
    replications = next(iter(blocks.values())).tables["served"].shape[-1]
    return add_blocks(parts, [Table(request, {}, 0)], replications)[0]


def _added_up(block: _Block, request: PlanRequest, weights: Weights) -> tuple[list[PlanSums], list[IntArray]]:
    """Plans of a block, and the cells that they speak of."""
    present, cell = np.unique(request.cell, return_inverse=True)
    plans = np.broadcast_to(np.arange(request.n_plans, dtype=np.int16), request.choice.shape)
    asked = PlanRequest(np.ascontiguousarray(plans), cell.astype(np.int64), present.size, request.whole)
    return reduce_items(block.curves(request.choice), [asked], weights), [present]


def _same(world: World, rows: IntArray, name: str, held: IntArray, again: IntArray) -> None:
    """Compare a measure of the same items, in the replications that both have."""
    first = three_axes(again)
    differ = (three_axes(held)[..., : first.shape[-1]] != first).any(axis=(1, 2))
    if differ.any():
        item = int(rows[int(np.argmax(differ))])
        who = world.name(item) or f"SKU-location {item + 1:,}"
        raise EngineFaultError(f"{who}: another '{name}' when its plans were simulated again")


def room_for(
    world: World, levels: Levels, others: Sequence[Levels], replications: int
) -> Replications | None:
    """Room for what the search finds by replication, and where it fits the plans beside; None where not.

    Parameters
    ----------
    levels : Levels
        (n, k) of the search.
    others : sequence of Levels
        Tables of one column: those that the same paths serve are simulated and held, too.
    """
    most = MOST_IN_FILES if mapped.in_use() else MOST_IN_MEMORY
    each = replications * _BYTES
    if world.n_items * each > most or int(n_different(levels).sum()) * each > most:
        return None
    every, swept = levels, by_item(_sweeps, world, levels)
    for table in others:
        joined = beside([levels, table]) if alike(levels, table) else None
        if joined is not None and np.array_equal(by_item(_sweeps, world, joined), swept):
            every = beside([every, table])  # no path of its own
    if int(n_different(every).sum()) * each > most:
        return None
    return Replications(every, most)


def run_curves_and_replications(
    world: World,
    levels: Levels,
    horizon: Horizon,
    cells: CellSums,
    kept: Replications,
    *,
    slots: bool,
    by_slot: tuple[str, ...],
    workers: Workers,
    progress: Progress | None = None,
    stage: str = "simulate",
) -> HeldCurves:
    """As `run_held_curves`, and of the same paths what plans are added up from: put into `kept`.

    Parameters
    ----------
    levels : Levels
        (n, k) the first columns of those of `kept`.
    """
    every, batches = kept.levels, horizon.slots
    rows_of = plan_blocks(every, horizon.replications, workers)
    order = np.concatenate(rows_of) if rows_of else np.zeros(0, np.int64)
    shapes = shapes_of(world, levels, horizon, by_slot)
    whole = HeldCurves(shapes, world.n_items, cells, slots=slots, order=order)
    alone = replace(horizon, slots=horizon.replications)

    def part(rows: IntArray) -> tuple[object, ...]:
        return part_of(world, rows, workers), every.take(rows), alone, levels.n_columns, batches, by_slot

    def finish(rows: IntArray, found: _Found) -> int:
        curves, number, replications = found
        if curves.n_items != rows.size:
            raise EngineFaultError(f"{curves.n_items} SKU-locations came back from a block of {rows.size}")
        whole.put(rows, _shaped(curves, shapes))
        kept.put(rows, number, replications)
        return rows.size

    store = store_of("search", world, every, horizon, levels.n_columns, by_slot)
    task = Task(search_of_block, part, finish, None if store is None else _OfCurves(store.folder, store.key))
    done = sum(spread(task, world, 0, workers, progress, stage, blocks=rows_of))
    if done != world.n_items:
        raise EngineFaultError(f"{done} of {world.n_items} SKU-locations came back")
    return whole


_Found = tuple[Curves, ChoiceArray, Curves | None]


class _OfCurves(Store):
    """Stores of a block its curves alone: replications are as many bytes as computing them takes time."""

    def find(self, rows: IntArray) -> _Found | None:
        found = super().find(rows)
        return None if found is None else (found, np.zeros((0, 0), np.int16), None)

    def keep(self, rows: IntArray, result: object, seconds: float = np.inf) -> None:
        assert isinstance(result, tuple)
        super().keep(rows, result[0], seconds)


def search_of_block(
    world: World, levels: Levels, horizon: Horizon, columns: int, batches: int, by_slot: tuple[str, ...]
) -> _Found:
    """A block of `run_curves_and_replications`: the first columns by batch, and all by replication."""
    different, number = without_repeats(levels)
    curves = simulate_items(world, different, horizon)
    found = Curves(**{field.name: _collapsed(getattr(curves, field.name)) for field in fields(Curves)})
    by_batch = in_batches(totals(found, by_slot), batches)
    first = number[:, :columns].astype(np.int64)
    chosen = {}
    for field in fields(Curves):
        table = getattr(by_batch, field.name)
        wide = table.ndim == 3 and table.shape[1] > 1
        chosen[field.name] = np.take_along_axis(table, first[:, :, None], axis=1) if wide else table
    return Curves(**chosen), number, found


def _collapsed(table: IntArray) -> IntArray:
    """One column where all are views of it."""
    return table[:, :1] if table.ndim == 3 and table.strides[1] == 0 else table


def _shaped(curves: Curves, shapes: dict[str, tuple[int, ...]]) -> Curves:
    """One column where no column of the whole can differ, whichever evaluator served the block."""
    alone = [name for name, shape in shapes.items() if len(shape) == 2 and shape[0] == 1]
    return replace(curves, **{name: getattr(curves, name)[:, :1] for name in alone})
