"""Time profiles block by block over the workers: the same bits as in one go."""

from __future__ import annotations

import numpy as np

from simlab.arrays import LARGEST_SUM, IntArray
from simlab.engine.recorder.periods import TimeProfile
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon, Start, World
from simlab.errors import OutOfRangeError
from simlab.execution.backends.spread import Progress, Task, as_it_is, spread
from simlab.execution.backends.workers import Workers
from simlab.execution.blocks import part_of
from simlab.execution.by_period.sums import profile_of, stock_of
from simlab.execution.kept import store_of

_FIELDS = 9

_BYTES_IN_FLIGHT = 1 << 27
"""Memory that the profiles of blocks may take together; fewer, larger blocks keep below it."""


def run_profile(
    world: World,
    levels: Levels,
    horizon: Horizon,
    groups: IntArray,
    unit_value: IntArray,
    *,
    n_groups: int,
    start: Start | None = None,
    workers: Workers | None = None,
    progress: Progress | None = None,
    stage: str = "profile",
) -> TimeProfile:
    """Stock, pipeline and purchases over time of given plans, by group × replication × period.

    Parameters
    ----------
    world, levels, horizon
        n items, (n, k) levels of one or a few plans; `slots` does not matter.
    groups, unit_value : (n,) int64
        Group of each item, and integer money per unit.
    n_groups : int
        Number of groups.
    start : Start, optional
        Stock and pipeline of today.
    workers, progress, stage
        As in `run_curves`.

    Returns
    -------
    TimeProfile

    Raises
    ------
    EngineFaultError
        A guard was breached, or sums of money might leave 64 bits.
    """
    workers = workers or Workers()

    def part(rows: IntArray) -> tuple[object, ...]:
        own = part_of(world, rows, workers), levels.take(rows), horizon, groups[rows], unit_value[rows]
        return *own, n_groups, None if start is None else start.take(rows)

    store = store_of("profile", world, levels, horizon, groups, unit_value, n_groups, start)
    task = Task(profile_of_block, part, as_it_is, store)
    total = TimeProfile.zeros(levels.n_columns, n_groups, horizon)
    most = 0
    for found in spread(task, world, _block(workers, total, world), workers, progress, stage):
        most += max(int(abs(getattr(found, name)).max(initial=0)) for name in vars(found))
        if most >= LARGEST_SUM:
            raise OutOfRangeError("sums of money would leave 64 bits: choose a coarser data.cost_resolution")
        total.add(found)
    return total


def profile_of_block(
    world: World,
    levels: Levels,
    horizon: Horizon,
    groups: IntArray,
    unit_value: IntArray,
    n_groups: int,
    start: Start | None,
) -> TimeProfile:
    """A block of `run_profile`."""
    return profile_of(world, levels, horizon, groups, unit_value, n_groups=n_groups, start=start)


def run_stock(
    world: World,
    levels: Levels,
    horizon: Horizon,
    groups: IntArray,
    unit_value: IntArray,
    *,
    n_groups: int,
    workers: Workers | None = None,
    progress: Progress | None = None,
    stage: str = "stock by period",
) -> IntArray:
    """(k, n_groups, r, periods) stock value of given plans, see `stock_by_period`; as `run_profile`."""
    workers = workers or Workers()

    def part(rows: IntArray) -> tuple[object, ...]:
        own = part_of(world, rows, workers), levels.take(rows), horizon
        return *own, groups[rows], unit_value[rows], n_groups

    store = store_of("stock", world, levels, horizon, groups, unit_value, n_groups)
    task: Task[IntArray] = Task(stock_of_block, part, as_it_is, store)
    total = np.zeros((levels.n_columns, n_groups, horizon.replications, horizon.periods), np.int64)
    block = _fewer(workers, total.nbytes, world)
    most = 0
    for found in spread(task, world, block, workers, progress, stage):
        most += int(found.max(initial=0))
        if most >= LARGEST_SUM:
            raise OutOfRangeError("sums of money would leave 64 bits: choose a coarser data.cost_resolution")
        total += found
    return total


def stock_of_block(
    world: World,
    levels: Levels,
    horizon: Horizon,
    groups: IntArray,
    unit_value: IntArray,
    n_groups: int,
) -> IntArray:
    """A block of `run_stock`."""
    return stock_of(world, levels, horizon, groups, unit_value, n_groups=n_groups)


def _block(workers: Workers, total: TimeProfile, world: World) -> int:
    """Items per block: a block returns whole profiles, so large profiles want large blocks."""
    return _fewer(workers, _FIELDS * total.served.nbytes, world)


def _fewer(workers: Workers, per_block: int, world: World) -> int:
    """Items per block where each returns so many bytes."""
    blocks = max(workers.n_workers, _BYTES_IN_FLIGHT // max(per_block, 1))
    return max(1, min(max(workers.block_items, -(-world.n_items // blocks)), world.n_items))
