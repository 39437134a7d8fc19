"""Blocks of SKU-locations over threads. A block's sums do not depend on who computes it, or when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypedDict, TypeVar

import numpy as np

from simlab.arrays import ChoiceArray, IntArray
from simlab.children import safe_path
from simlab.engine.prepare.evaluators import evaluator_of
from simlab.engine.recorder.sums import SHARED
from simlab.engine.run import simulate_items
from simlab.engine.world.curves import Curves
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon, World
from simlab.errors import EngineFaultError
from simlab.execution.adding import reduce_items
from simlab.execution.kept import kept_blocks
from simlab.execution.sums import PlanRequest, PlanSums, Weights
from simlab.execution.tables import add_blocks, block_of, tables_for

Progress = Callable[[str, int, int], None]
"""Called with the stage, the SKU-locations done and their number."""
BY_SLOT = ("demanded", "served", "on_hand", "on_hand_start", "receipts", "good_receipts")

_CELLS_IN_FLIGHT = 400_000
"""Item × column × replication sums that one plan block may hold at a time."""
_BLOCKS_PER_WORKER = 8

_FEWEST_ITEMS = 64
"""Blocks smaller than this cost more to hand out than they gain; `block_items` may still ask for them."""
_JOBLIB = {"threads": "threading", "loky": "loky"}
Result = TypeVar("Result")


@dataclass(frozen=True)
class Workers:
    """How the work is spread; none of it changes a result.

    Attributes
    ----------
    n_workers : int
        Threads or processes.
    block_items : int
        SKU-locations per block.
    backend : {"threads", "loky"}
        Threads of this process (the kernels release the GIL), or processes of their own.
    """

    n_workers: int = 2
    block_items: int = 512
    backend: str = "threads"

    def __post_init__(self) -> None:
        if self.n_workers < 1 or self.block_items < 1:
            raise ValueError("workers and block_items are at least 1")
        if self.backend not in _JOBLIB:
            raise ValueError(f"backend '{self.backend}' is not one of {', '.join(_JOBLIB)}")

    def block_size(self, n_items: int) -> int:
        """Items per block: at most `block_items`, fewer where that shares the work out more evenly."""
        fair = -(-n_items // (_BLOCKS_PER_WORKER * self.n_workers))
        return min(self.block_items, max(fair, _FEWEST_ITEMS))


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

    def one(rows: IntArray) -> Curves:
        return _totals(simulate_items(world.take(rows), levels.take(rows), horizon), by_slot)

    stored = kept_blocks(one, "curves", world, levels, horizon, by_slot)
    whole = _room(world, levels, horizon, by_slot)

    def placed(rows: IntArray) -> int:
        return _place(whole, rows, stored(rows))

    size, done = workers.block_size(world.n_items), 0
    if workers.backend == "threads":
        for n in spread(placed, world, size, workers, progress, stage):
            done += n
    else:  # what a process places would stay its own
        for part in spread(stored, world, size, workers, progress, stage):
            done += _place(whole, np.arange(done, min(done + size, world.n_items)), part)
    if done != world.n_items:
        raise EngineFaultError(f"{done} of {world.n_items} SKU-locations came back")
    return whole


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
    return _run_plans(world, levels, requests, weights, horizon, None, **how)


def run_plans_and_items(
    world: World,
    levels: Levels,
    requests: Sequence[PlanRequest],
    weights: Weights,
    horizon: Horizon,
    column: ChoiceArray,
    *,
    workers: Workers | None = None,
    progress: Progress | None = None,
    stage: str = "verdict",
) -> tuple[list[PlanSums], Curves]:
    """As `run_plans`, and of the same paths the sums of every item at one column.

    Parameters
    ----------
    column : (n,) int16
        Column of each item that is kept.

    Returns
    -------
    list of PlanSums
    Curves
        (n, 1) columns, as many slots as replications where `BY_SLOT` names the measure. Where that is
        more than `may_keep` allows, simulate the items once more instead.
    """
    by_replication = replace(horizon, slots=horizon.replications)
    kept = _Kept(
        column, _room(world, levels.columns(column.astype(np.int64)[:, None]), by_replication, BY_SLOT)
    )
    how = _How(workers=workers, progress=progress, stage=stage)
    return _run_plans(world, levels, requests, weights, horizon, kept, **how), kept.whole


def may_keep(n_items: int, replications: int) -> bool:
    """Whether every replication of every item at one column fits the memory that is meant for it."""
    return n_items * replications <= _MOST_KEPT


_MOST_KEPT = 10_000_000
"""Item × replication sums kept of one column: 80 MB for each of the measures of `BY_SLOT`."""


class _How(TypedDict):
    workers: Workers | None
    progress: Progress | None
    stage: str


@dataclass(frozen=True, eq=False)
class _Kept:
    """The column of each item whose sums are kept, and where they are placed."""

    column: ChoiceArray
    whole: Curves

    def of(self, curves: Curves, rows: IntArray) -> Curves:
        """The kept column of a block."""
        at, column = np.arange(rows.size), self.column[rows].astype(np.int64)
        changes = {}
        for field in fields(Curves):
            table = getattr(curves, field.name)
            if table.ndim == 3:
                table = table[at, column if table.shape[1] > 1 else 0][:, None]
            changes[field.name] = table if field.name in BY_SLOT else table.sum(axis=-1, keepdims=True)
        return Curves(**changes)


def _run_plans(
    world: World,
    levels: Levels,
    requests: Sequence[PlanRequest],
    weights: Weights,
    horizon: Horizon,
    kept: _Kept | None,
    *,
    workers: Workers | None,
    progress: Progress | None,
    stage: str,
) -> list[PlanSums]:
    workers = workers or Workers()
    horizon = replace(horizon, slots=horizon.replications)
    size = plan_block(levels, horizon.replications, workers)
    tables = tables_for(requests, horizon.replications)
    placed = workers.backend == "threads"  # what a process places would stay its own

    def simulated(rows: IntArray) -> tuple[list[PlanSums], list[IntArray], Curves | None]:
        curves = simulate_items(world.take(rows), levels.take(rows), horizon)
        asked, cells = block_of(tables, rows)
        part = None if kept is None else kept.of(curves, rows)
        return reduce_items(curves, asked, weights.take(rows)), cells, part

    column = None if kept is None else kept.column
    stored = kept_blocks(simulated, "plans", world, levels, list(requests), weights, horizon, column)

    def one(rows: IntArray) -> tuple[list[PlanSums], list[IntArray], Curves | None]:
        parts, cells, part = stored(rows)
        if kept is not None and part is not None and placed:
            _place(kept.whole, rows, part)
            part = None
        return parts, cells, part

    def sums() -> Iterator[tuple[list[PlanSums], list[IntArray]]]:
        for rows, (parts, cells, part) in zip(
            block_rows(world.n_items, size), spread(one, world, size, workers, progress, stage), strict=True
        ):
            if kept is not None and part is not None:
                _place(kept.whole, rows, part)
            yield parts, cells

    return add_blocks(sums(), tables, horizon.replications)


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
    return replace(curves, **changes)


def plan_block(levels: Levels, replications: int, workers: Workers) -> int:
    """Items of which every column and replication may be held at a time."""
    per_item = max(1, levels.n_columns * replications)
    return max(1, min(workers.block_items, _CELLS_IN_FLIGHT // per_item))


def _totals(curves: Curves, by_slot: tuple[str, ...]) -> Curves:
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
    swept = evaluator_of(world, levels) in ("sweep", "recorded sweep")
    sums: dict[str, IntArray] = {}
    for field in fields(Curves):
        columns = 1 if swept and field.name in SHARED else levels.n_columns
        slots = horizon.slots if field.name in by_slot else 1
        middle = () if field.name == "demanded" else (columns,)
        sums[field.name] = np.empty((world.n_items, *middle, slots), np.int64)
    return Curves(**sums)


def _place(whole: Curves, rows: IntArray, part: Curves) -> int:
    """Copy a block to its rows, one column for all where others have more; the number of its items.

    Each worker places its own: new memory is as much work as simulating.
    """
    if part.n_items != rows.size:
        raise EngineFaultError(f"{part.n_items} SKU-locations came back from a block of {rows.size}")
    for field in fields(Curves):
        getattr(whole, field.name)[rows[0] : rows[-1] + 1] = getattr(part, field.name)
    return part.n_items


def block_rows(n_items: int, size: int) -> list[IntArray]:
    """Rows of each block."""
    return [np.arange(first, min(first + size, n_items)) for first in range(0, n_items, size)]


def spread(
    work: Callable[[IntArray], Result],
    world: World,
    size: int,
    workers: Workers,
    progress: Progress | None,
    stage: str,
) -> Iterator[Result]:
    """Results of blocks of `size` rows in their order; faults name the item by its row in the whole world."""
    blocks, total = block_rows(world.n_items, size), world.n_items
    done = returned = 0
    for result in _results(_named(work, world), blocks, workers):
        returned += 1
        if returned <= len(blocks):
            done += blocks[returned - 1].size
            if progress is not None:
                progress(stage, done, total)
            yield result
    if returned != len(blocks):
        raise EngineFaultError(f"{returned} blocks of {len(blocks)} came back")


def _results(work: Callable[[IntArray], Any], blocks: list[IntArray], workers: Workers) -> Iterable[Any]:
    if workers.n_workers == 1 or len(blocks) == 1:
        return map(work, blocks)
    from joblib import Parallel, delayed

    parallel: Callable[[Iterable[Any]], Iterable[Any]] = Parallel(
        n_jobs=workers.n_workers, backend=_JOBLIB[workers.backend], return_as="generator"
    )
    if workers.backend == "threads":  # Numba lets one of them compile and the others wait
        return parallel(delayed(work)(rows) for rows in blocks)
    first = work(blocks[0])  # compiles once, before the processes start
    return _chain(first, lambda: parallel(delayed(work)(rows) for rows in blocks[1:]))


def _named(work: Callable[[IntArray], Result], world: World) -> Callable[[IntArray], Result]:
    """The same work, its faults naming items by their names and rows in the whole world."""

    def run(rows: IntArray) -> Result:
        try:
            return work(rows)
        except EngineFaultError as fault:
            raise fault.among(rows.tolist(), world.name) from fault

    return run


def _chain(first: Any, rest: Callable[[], Iterable[Any]]) -> Iterator[Any]:
    yield first
    with safe_path():
        yield from rest()
