"""Given plans by period in one thread: by lanes what they cover, by the recorder the rest."""

from __future__ import annotations

from typing import Any

import numpy as np

from simlab.arrays import BoolArray, IntArray
from simlab.engine._jit import cache_folder
from simlab.engine.kernels.guards import WIDE
from simlab.engine.kernels.types import Groups, ItemArrays, Schedule
from simlab.engine.prepare.arrays import check, item_arrays, level_arrays
from simlab.engine.prepare.evaluators import shifting
from simlab.engine.prepare.overflow import prove
from simlab.engine.prepare.starts import with_starts
from simlab.engine.prepare.workspace import aligned, make_work, schedule
from simlab.engine.recorder.periods import TimeProfile, prove_bounds, stock_by_period, time_profile
from simlab.engine.recorder.sums import raise_faults
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon, Start, World
from simlab.errors import EngineFaultError
from simlab.execution.by_period.lanes import N_ROWS, N_STOCK, covered, follow_by_period

_N_SUMS = 9


def is_compiled() -> bool:
    """Whether the loop of lanes is kept from an earlier run: compiling it takes longer than many a run."""
    folder, name = cache_folder(), follow_by_period.__name__
    return folder is not None and any(folder.rglob(f"*.{name}-*.nbi"))


def profile_of(
    world: World,
    levels: Levels,
    horizon: Horizon,
    groups: IntArray,
    unit_value: IntArray,
    *,
    n_groups: int,
    start: Start | None = None,
) -> TimeProfile:
    """As `time_profile`, the same sums."""
    world = world.starting(start)
    by_lanes, left = _by_lanes(world, levels, horizon, groups, unit_value, n_groups, (N_ROWS, _N_SUMS))
    total = TimeProfile(*(np.ascontiguousarray(one.swapaxes(-1, -2)) for one in by_lanes))
    if left.size:
        parts = (world.take(left), levels.take(left), horizon, groups[left], unit_value[left])
        total.add(time_profile(*parts, n_groups=n_groups))
    return total


def stock_of(
    world: World, levels: Levels, horizon: Horizon, groups: IntArray, unit_value: IntArray, *, n_groups: int
) -> IntArray:
    """As `stock_by_period`, the same sums."""
    by_lanes, left = _by_lanes(world, levels, horizon, groups, unit_value, n_groups, (N_STOCK, 1))
    total: IntArray = np.ascontiguousarray(by_lanes[0].swapaxes(-1, -2))
    if left.size:
        parts = (world.take(left), levels.take(left), horizon, groups[left], unit_value[left])
        total += stock_by_period(*parts, n_groups=n_groups)
    return total


def _by_lanes(
    world: World,
    levels: Levels,
    horizon: Horizon,
    groups: IntArray,
    unit_value: IntArray,
    n_groups: int,
    sizes: tuple[int, int],
) -> tuple[IntArray, IntArray]:
    """Sums of items that lanes follow, and rows of those left; `sizes`: rows of the book, and sums."""
    shape = sizes[1], levels.n_columns, n_groups, horizon.periods, horizon.replications
    out, able = np.zeros(shape, np.int64), covered(world, levels)
    if groups.size != world.n_items or unit_value.size != world.n_items:
        raise EngineFaultError("groups and unit values need one entry per item")
    if ((groups < 0) | (groups >= n_groups)).any():
        raise EngineFaultError(f"groups lie in 0 … {n_groups - 1}")
    rows = np.flatnonzero(able)
    if not rows.size:
        return out, np.arange(world.n_items)
    own, mine = (world, levels) if rows.size == world.n_items else (world.take(rows), levels.take(rows))
    check(own, mine, horizon)
    items = item_arrays(own, horizon)
    forms = with_starts(level_arrays(own.terms, mine), own, mine, items)
    prove(own, items, forms, horizon)
    run = schedule(horizon, grouped=False)
    book = aligned((sizes[0], run.periods, run.width), np.int32)
    peaks, faults = np.zeros(rows.size, np.int64), np.zeros((rows.size, 3), np.int64)
    of = Groups(groups[rows].astype(np.int64), unit_value[rows].astype(np.int64))
    work, shared = work_of(own, items, run), shifting(own, mine).astype(np.int64)
    with np.errstate(over="ignore"):  # compiled code wraps without a word; the peaks tell below
        follow_by_period(items, forms, shared, run, of, work, book, out, peaks, faults)
    large = faults[:, 0] == WIDE
    faults[large] = 0
    raise_faults(faults, rows)
    prove_bounds(peaks, of.unit_value)
    return out, _others(able, rows[large])


def _others(able: BoolArray, large: IntArray) -> IntArray:
    """Rows that are left to the recorder."""
    able[large] = False
    return np.flatnonzero(~able)


def work_of(world: World, items: ItemArrays, run: Schedule) -> Any:
    """Memory of one thread."""
    review = np.where(items.n_phases > 0, 1, world.terms.review_period)
    varies = bool((items.lead_length > 1).any())
    return make_work(
        run,
        np.dtype(np.int32),
        world,
        bins=1,
        rows_kept=int((world.lead_time.longest() // review).max()) + 2,
        epochs=-(-(run.warmup + run.periods) // int(review.min())) if varies else 0,
        sequence=items.sequence,
    )
