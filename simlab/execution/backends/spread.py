"""Blocks spread over whoever computes: results in their order, the same whoever that is."""

from __future__ import annotations

import atexit
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from simlab import mapped
from simlab.arrays import IntArray
from simlab.engine.world.world import World
from simlab.errors import EngineFaultError, IncompleteError
from simlab.execution.backends.flight import Flight, Pool
from simlab.execution.backends.workers import Workers
from simlab.execution.kept import Apart, Store, kept_so_far

Result = TypeVar("Result")
Progress = Callable[[str, int, int], None]
"""Called with the stage, the SKU-locations done and their number."""


@dataclass(frozen=True)
class Task(Generic[Result]):
    """What is done with every block.

    Attributes
    ----------
    work : callable
        A function of a module, so that other processes can import it: from a block's inputs to its result.
    part : callable
        From the rows of a block to these inputs: small, since they may travel.
    finish : callable
        From rows and result to what is handed back; where memory is shared the worker does it.
    store : Store, optional
        Where results are kept and taken from.
    """

    work: Callable[..., Any]
    part: Callable[[IntArray], tuple[Any, ...]]
    finish: Callable[[IntArray, Any], Result]
    store: Store | None = None

    def __call__(self, rows: IntArray) -> Result:
        """The block, here."""
        result = self.stored(rows)
        if result is None:
            begun = time.perf_counter()
            result = self.work(*self.part(rows))
            self.keep(rows, result, time.perf_counter() - begun)
        return self.finish(rows, result)

    def stored(self, rows: IntArray) -> Any | None:
        """What is kept of a block."""
        return None if self.store is None else self.store.find(rows)

    def keep(self, rows: IntArray, result: Any, seconds: float = math.inf) -> None:
        """Keep what was computed, which took so long."""
        if self.store is not None:
            self.store.keep(rows, result, seconds)


def as_it_is(rows: IntArray, result: Any) -> Any:
    """The result itself."""
    return result


def block_rows(n_items: int, size: int) -> list[IntArray]:
    """Rows of each block."""
    return [np.arange(first, min(first + size, n_items)) for first in range(0, n_items, size)]


def spread(
    task: Task[Result],
    world: World,
    size: int,
    workers: Workers,
    progress: Progress | None,
    stage: str,
    blocks: list[IntArray] | None = None,
) -> Iterator[Result]:
    """Results of blocks of `size` rows, or of given ones, in their order; faults name the item by its row.

    Raises
    ------
    IncompleteError
        Workers elsewhere were lost; the message names the run that can be resumed.
    InvalidInputError
        The workers asked for are not there, or would compute other numbers.
    """
    blocks, total = block_rows(world.n_items, size) if blocks is None else blocks, world.n_items
    done = returned = 0
    for result in _results(task, blocks, workers, world, progress):
        returned += 1
        if returned <= len(blocks):
            done += blocks[returned - 1].size
            if progress is not None:
                progress(stage, done, total)
            if returned % _RESTS == 0:
                mapped.rest()
            yield result
    if returned != len(blocks):
        raise EngineFaultError(f"{returned} blocks of {len(blocks)} came back")


_RESTS = 64
"""Blocks after which pages of arrays in files are let go of."""


def _results(
    task: Task[Any],
    blocks: list[IntArray],
    workers: Workers,
    world: World,
    progress: Progress | None,
) -> Iterable[Any]:
    alone = workers.n_workers == 1 or len(blocks) == 1
    named = _named(task, world)
    if workers.backend == "serial" or (alone and workers.backend != "dask"):
        return map(named, blocks)
    if workers.backend == "threads":  # Numba lets one of them compile and the others wait
        from joblib import Parallel, delayed

        parallel: Callable[[Iterable[Any]], Iterable[Any]] = Parallel(
            n_jobs=workers.n_workers, backend="threading", return_as="generator"
        )
        return parallel(delayed(named)(rows) for rows in blocks)
    return _elsewhere(task, blocks, workers, world, progress)


def _named(work: Callable[[IntArray], Any], world: World) -> Callable[[IntArray], Any]:
    """The same work, its faults naming items by their names and rows in the whole world."""

    def run(rows: IntArray) -> Any:
        try:
            return work(rows)
        except EngineFaultError as fault:
            raise fault.among(rows.tolist(), world.name) from fault

    return run


def _elsewhere(
    task: Task[Any],
    blocks: list[IntArray],
    workers: Workers,
    world: World,
    progress: Progress | None,
) -> Iterator[Any]:
    """Blocks in other processes, the first of loky's here: it compiles once, before they start."""
    first = 0
    if workers.backend == "loky":
        yield _named(task, world)(blocks[0])
        first = 1
    pool = _pool(workers, progress)
    if first < len(blocks) and task.stored(blocks[-1]) is None:
        getattr(pool, "warm", _nothing)(_faulty, (task.work, task.part(blocks[-1][:1])))
    flight = Flight(pool, _faulty, _with_rows(task), blocks[first:], task.stored)
    flight.name = world.name
    try:
        for rows, result, new in flight.results():
            if isinstance(result, EngineFaultError):
                raise result.among(rows.tolist(), world.name)
            result = result.together() if isinstance(result, Apart) else result
            if new:
                task.keep(rows, result)
            yield task.finish(rows, result)
    except IncompleteError as error:
        close_pools()
        raise IncompleteError(f"{error}; {kept_so_far()}") from error


def _nothing(*_: Any) -> None:
    """Nothing is compiled ahead."""


def _with_rows(task: Task[Any]) -> Callable[[IntArray], tuple[Any, ...]]:
    return lambda rows: (task.work, task.part(rows))


def _faulty(work: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """A block's result in few bytes, or the fault that a guard found, which names the item."""
    try:
        result = work(*arguments)
        return Apart.of(result) or result
    except EngineFaultError as fault:
        return fault


_POOLS: dict[tuple[str, int, str | None], Any] = {}


def reach(workers: Workers, progress: Progress | None = None) -> None:
    """Make sure that workers elsewhere are there, before anything is computed.

    Raises
    ------
    InvalidInputError
        As `spread`.
    """
    if not workers.shares_memory:
        _pool(workers, progress)


def _pool(workers: Workers, progress: Progress | None) -> Pool:
    """The pool of these workers, which stays until `close_pools` or the end of the process."""
    key = (workers.backend, workers.n_workers, workers.scheduler)
    if key not in _POOLS:
        if workers.backend == "loky":
            from simlab.execution.backends.processes import Processes

            _POOLS[key] = Processes(workers.n_workers)
        else:
            from simlab.execution.backends.cluster import Cluster

            cluster = _POOLS[key] = Cluster(workers.scheduler, workers.n_workers)
            if progress is not None and cluster.dashboard:
                progress(f"Dask's dashboard: {cluster.dashboard}", 1, 1)
    pool: Pool = _POOLS[key]
    return pool


@atexit.register
def close_pools() -> None:
    """Leave every cluster, and end the workers that were started for this process."""
    while _POOLS:
        _, pool = _POOLS.popitem()
        getattr(pool, "close", lambda: None)()
