"""Blocks of SKU-locations over threads. A block's sums do not depend on who computes it, or when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TypedDict

import numpy as np

from simlab.arrays import ChoiceArray, IntArray
from simlab.engine.recorder.sums import SHARED
from simlab.engine.run import simulate_items
from simlab.engine.world.curves import Curves
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon, World
from simlab.errors import EngineFaultError
from simlab.execution.adding import reduce_items
from simlab.execution.backends.asking import evaluator_of
from simlab.execution.backends.compact import compacted
from simlab.execution.backends.spread import Progress, Task, spread
from simlab.execution.backends.workers import Workers
from simlab.execution.columns import n_different, without_repeats
from simlab.execution.held import CellSums, HeldCurves
from simlab.execution.kept import store_of
from simlab.execution.sums import PlanRequest, PlanSums, Weights
from simlab.execution.tables import add_blocks, block_of, tables_for

BY_SLOT = ("demanded", "served", "on_hand", "on_hand_start", "receipts", "good_receipts")

_CELLS_IN_FLIGHT = 400_000
"""Item × column × replication sums that one plan block may hold at a time."""


def run_curves(
    world: World,
    levels: Levels,
    horizon: Horizon,
    *,
    workers: Workers | None = None,
    progress: Progress | None = None,
    stage: str = "simulate",
    by_slot: tuple[str, ...] = BY_SLOT,
) -> Curves:
    """Simulate every item at every column of levels, block by block.

    Parameters
    ----------
    world : World
        n items.
    levels : Levels
        (n, k) levels.
    horizon : Horizon
        Periods, replications, slots, seed.
    workers : Workers
        Threads and block size.
    progress : callable, optional
        Called after every block.
    stage : str
        Name under which progress is told.
    by_slot : tuple of str
        Measures kept by slot, because an interval is wanted.

    Returns
    -------
    Curves
        In the order of the items. Measures that are not kept by slot carry one slot: their total.
        The middle axis is 1 where no column can differ from another.

    Raises
    ------
    EngineFaultError
        If a guard of the simulator was breached or a block returned the wrong number of items.
    """
    workers = workers or Workers()
    whole = _room(world, levels, horizon, by_slot)
    _run_curves(whole, world, levels, horizon, workers, progress, stage, by_slot)
    return whole


def run_held_curves(
    world: World,
    levels: Levels,
    horizon: Horizon,
    cells: CellSums,
    *,
    slots: bool,
    workers: Workers | None = None,
    progress: Progress | None = None,
    stage: str = "simulate",
    by_slot: tuple[str, ...] = BY_SLOT,
) -> HeldCurves:
    """As `run_curves`, in a fraction of the memory: see `HeldCurves`.

    Parameters
    ----------
    cells : CellSums
        Added up as blocks come: every measure, those of `by_slot` by slot.
    slots : bool
        Whether items keep the slots of `by_slot`, too.
    """
    workers = workers or Workers()
    whole = HeldCurves(shapes_of(world, levels, horizon, by_slot), world.n_items, cells, slots=slots)
    _run_curves(whole, world, levels, horizon, workers, progress, stage, by_slot)
    return whole


def _run_curves(
    whole: Curves,
    world: World,
    levels: Levels,
    horizon: Horizon,
    workers: Workers,
    progress: Progress | None,
    stage: str,
    by_slot: tuple[str, ...],
) -> None:
    """Simulate block by block into `whole`."""
    task = Task(
        curves_of_block,
        lambda rows: (part_of(world, rows, workers), levels.take(rows), horizon, by_slot),
        lambda rows, part: _place(whole, rows, part),
        store_of("curves", world, levels, horizon, by_slot),
    )
    done = sum(spread(task, world, workers.block_size(world.n_items), workers, progress, stage))
    if done != world.n_items:
        raise EngineFaultError(f"{done} of {world.n_items} SKU-locations came back")


def run_plans(
    world: World,
    levels: Levels,
    requests: Sequence[PlanRequest],
    weights: Weights,
    horizon: Horizon,
    *,
    workers: Workers | None = None,
    progress: Progress | None = None,
    stage: str = "verdict",
) -> list[PlanSums]:
    """Simulate given plans once and add them up per plan × cell × replication.

    Parameters
    ----------
    world, levels : World, Levels
        n items, k columns.
    requests : sequence of PlanRequest
        Which column each plan gives each item, and how its items are grouped.
    weights : Weights
        Money per unit.
    horizon : Horizon
        `slots` is set to the number of replications here.

    Returns
    -------
    list of PlanSums
        One per request.
    """
    how = _How(workers=workers, progress=progress, stage=stage)
    return _run_plans(world, levels, requests, weights, horizon, (), **how)[0]


def run_plans_and_items(
    world: World,
    levels: Levels,
    requests: Sequence[PlanRequest],
    weights: Weights,
    horizon: Horizon,
    keep: Sequence[Keep],
    *,
    workers: Workers | None = None,
    progress: Progress | None = None,
    stage: str = "verdict",
) -> tuple[list[PlanSums], list[Curves]]:
    """As `run_plans`, and of the same paths the sums of every item at some columns.

    Parameters
    ----------
    keep : sequence of Keep
        Column of each item that is kept.

    Returns
    -------
    list of PlanSums
    list of Curves
        One per column kept: (n, 1) columns, as many slots as replications where `BY_SLOT` names the measure
        and these are asked for. Where that is more than `may_keep` allows, simulate the items once more
        instead.
    """
    how = _How(workers=workers, progress=progress, stage=stage)
    return _run_plans(world, levels, requests, weights, horizon, keep, **how)


@dataclass(frozen=True, eq=False)
class Keep:
    """The sums of every item at one column, of `run_plans_and_items`.

    Attributes
    ----------
    column : (n,) int16
        Of each item.
    by_slot : bool
        Whether every replication is kept of the measures of `BY_SLOT`; else the total, as of the others.
    """

    column: ChoiceArray
    by_slot: bool = True

    def take(self, rows: IntArray) -> Keep:
        """Of some items."""
        return replace(self, column=self.column[rows])


def _held(world: World, levels: Levels, horizon: Horizon, keep: Keep, order: IntArray) -> HeldCurves:
    """Room for what is kept, of items in the order of the blocks."""
    one = levels.columns(keep.column.astype(np.int64)[:, None])
    slots = replace(horizon, slots=horizon.replications if keep.by_slot else 1)
    return HeldCurves(shapes_of(world, one, slots, BY_SLOT), world.n_items, order=order)


def may_keep(n_items: int, replications: int) -> bool:
    """Whether every replication of every item at one column fits the memory that is meant for it."""
    return n_items * replications <= _MOST_KEPT


_MOST_KEPT = 10_000_000
"""Item × replication sums kept of one column: 80 MB for each of the measures of `BY_SLOT`."""


class _How(TypedDict):
    workers: Workers | None
    progress: Progress | None
    stage: str


def _run_plans(
    world: World,
    levels: Levels,
    requests: Sequence[PlanRequest],
    weights: Weights,
    horizon: Horizon,
    keep: Sequence[Keep],
    *,
    workers: Workers | None,
    progress: Progress | None,
    stage: str,
) -> tuple[list[PlanSums], list[Curves]]:
    workers = workers or Workers()
    horizon = replace(horizon, slots=horizon.replications)
    rows_of = plan_blocks(levels, horizon.replications, workers)
    order = np.concatenate(rows_of) if rows_of else np.zeros(0, np.int64)
    tables = tables_for(requests, horizon.replications)
    kept: list[Curves] = [_held(world, levels, horizon, one, order) for one in keep]

    def part(rows: IntArray) -> tuple[object, ...]:
        asked, cells = block_of(tables, rows)
        own = [one.take(rows) for one in keep]
        items = part_of(world, rows, workers), levels.take(rows)
        return *items, horizon, asked, cells, weights.take(rows), own

    def finish(rows: IntArray, found: _Found) -> tuple[list[PlanSums], list[IntArray]]:
        sums, cells, curves = found
        for whole, own in zip(kept, curves, strict=True):
            _place(whole, rows, own)
        return sums, cells

    store = store_of("plans", world, levels, list(requests), weights, horizon, list(keep))
    task = Task(plans_of_block, part, finish, store)
    blocks = spread(task, world, 0, workers, progress, stage, blocks=rows_of)
    return add_blocks(blocks, tables, horizon.replications), kept


def part_of(world: World, rows: IntArray, workers: Workers) -> World:
    """The items of a block; alone with what they need of shared tables where they may travel."""
    part = world.take(rows)
    return part if workers.shares_memory else compacted(part)


def curves_of_block(world: World, levels: Levels, horizon: Horizon, by_slot: tuple[str, ...]) -> Curves:
    """A block of `run_curves`."""
    return totals(simulate_items(world, levels, horizon), by_slot)


_Found = tuple[list[PlanSums], list[IntArray], list[Curves]]


def plans_of_block(
    world: World,
    levels: Levels,
    horizon: Horizon,
    requests: list[PlanRequest],
    cells: list[IntArray],
    weights: Weights,
    keep: list[Keep],
) -> _Found:
    """A block of `run_plans`: sums by request, the cells that they speak of, and the columns kept."""
    different, number = without_repeats(levels)
    curves = simulate_items(world, different, horizon)
    kept = [_column_of(curves, number, one) for one in keep]
    asked = [replace(one, choice=np.take_along_axis(number, one.choice, axis=1)) for one in requests]
    return reduce_items(curves, asked, weights), cells, kept


def _column_of(curves: Curves, number: ChoiceArray, keep: Keep) -> Curves:
    """One column of each item, which is that `number` of the curves."""
    at = np.arange(keep.column.size)
    column = number[at, keep.column].astype(np.int64)
    by_slot = BY_SLOT if keep.by_slot else ()
    changes = {}
    for field in fields(Curves):
        table = getattr(curves, field.name)
        if table.ndim == 3:
            table = table[at, column if table.shape[1] > 1 else 0][:, None]
        changes[field.name] = table if field.name in by_slot else table.sum(axis=-1, keepdims=True)
    return Curves(**changes)


def in_batches(curves: Curves, batches: int) -> Curves:
    """The same sums by batch: replication r belongs to batch r mod `batches`; totals stay."""
    changes = {}
    for field in fields(Curves):
        sums = getattr(curves, field.name)
        if sums.shape[-1] > batches:
            more = -sums.shape[-1] % batches
            padded = np.pad(sums, [(0, 0)] * (sums.ndim - 1) + [(0, more)])
            sums = padded.reshape(*sums.shape[:-1], -1, batches).sum(axis=-2)
        changes[field.name] = sums
    return Curves(**changes)


def plan_block(levels: Levels, replications: int, workers: Workers) -> int:
    """Items of which every column and replication may be held at a time."""
    per_item = max(1, levels.n_columns * replications)
    return max(1, min(workers.block_items, _CELLS_IN_FLIGHT // per_item))


def plan_blocks(levels: Levels, replications: int, workers: Workers) -> list[IntArray]:
    """Rows of blocks, items with about as many different levels together.

    A block is as wide as its widest item: alone, those with few levels take a fraction of the memory.
    """
    width, most = n_different(levels), workers.block_size(levels.n_items)
    blocks = []
    for begin in range(0, width.size, _SORTED):
        rows = begin + np.argsort(width[begin : begin + _SORTED], kind="stable")
        first = 0
        for at, columns in enumerate(width[rows].tolist()):
            held = at - first + 1
            if held > 1 and (held > most or held * columns * replications > _CELLS_IN_FLIGHT):
                blocks.append(rows[first:at])
                first = at
        blocks.append(rows[first:])
    return blocks


_SORTED = 8192
"""Items among which those of a block are looked for: near enough in memory, however many there are."""


def totals(curves: Curves, by_slot: tuple[str, ...]) -> Curves:
    """Measures without slots added up; columns that are views of one another become one."""
    changes = {}
    for field in fields(Curves):
        sums = getattr(curves, field.name)
        if sums.ndim == 3 and sums.strides[1] == 0:
            sums = sums[:, :1]
        changes[field.name] = sums if field.name in by_slot else sums.sum(axis=-1, keepdims=True)
    return replace(curves, **changes)


def _room(world: World, levels: Levels, horizon: Horizon, by_slot: tuple[str, ...]) -> Curves:
    """Memory for the sums of all items, taken once; the system gives it when blocks are placed."""
    shapes = shapes_of(world, levels, horizon, by_slot)
    return Curves(**{name: np.empty((world.n_items, *shape), np.int64) for name, shape in shapes.items()})


def shapes_of(
    world: World, levels: Levels, horizon: Horizon, by_slot: tuple[str, ...]
) -> dict[str, tuple[int, ...]]:
    """Columns and slots of every measure of an item."""
    swept = evaluator_of(world, levels) in ("sweep", "recorded sweep")
    shapes: dict[str, tuple[int, ...]] = {}
    for field in fields(Curves):
        columns = 1 if swept and field.name in SHARED else levels.n_columns
        slots = horizon.slots if field.name in by_slot else 1
        shapes[field.name] = (slots,) if field.name == "demanded" else (columns, slots)
    return shapes


def _place(whole: Curves, rows: IntArray, part: Curves) -> int:
    """Copy a block to its rows, one column for all where others have more; the number of its items.

    Each worker places its own: new memory is as much work as simulating.
    """
    if part.n_items != rows.size:
        raise EngineFaultError(f"{part.n_items} SKU-locations came back from a block of {rows.size}")
    if isinstance(whole, HeldCurves):
        whole.put(rows, part)
        return part.n_items
    for field in fields(Curves):
        getattr(whole, field.name)[rows[0] : rows[-1] + 1] = getattr(part, field.name)
    return part.n_items
