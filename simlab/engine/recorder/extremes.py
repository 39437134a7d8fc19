"""Largest and last stock of every item: what shelves must hold, and what is left at the end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from simlab.arrays import IntArray
from simlab.engine._jit import kernel
from simlab.engine.kernels.draws import make_guide
from simlab.engine.kernels.memory import Record, Work
from simlab.engine.kernels.types import DetailArrays, ItemArrays, LevelArrays, MovingArrays, Schedule
from simlab.engine.prepare.arrays import check
from simlab.engine.prepare.evaluators import shifting
from simlab.engine.prepare.on_grid import among, groups
from simlab.engine.prepare.overflow import recorder_arrays
from simlab.engine.prepare.workspace import schedule
from simlab.engine.recorder.path import begin_block, follow, prepare_path
from simlab.engine.recorder.sums import raise_faults, recording
from simlab.engine.world.columns import Row
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon, Start, World


@dataclass(frozen=True, eq=False)
class Extremes:
    """Sums over replications per item × column, units.

    Attributes
    ----------
    peak : (n, k) int64
        Largest shelf stock after ordering, before demand, of the counted periods of each replication.
    end : (n, k) int64
        Shelf stock at the last count of each replication.
    """

    peak: IntArray
    end: IntArray


def item_extremes(world: World, levels: Levels, horizon: Horizon, start: Start | None = None) -> Extremes:
    """Peak and end stock of every item at every column, in one thread.

    Parameters
    ----------
    world, levels, horizon, start
        As in `run.simulate_items`, and on the same paths; `slots` does not matter.

    Notes
    -----
    A run of its own, so that the sums of every other run cost nothing more: one recorded path serves
    all columns that differ by a constant only, else each has its own.
    """
    world = world.starting(start)
    if world.grid is not None:
        return _by_groups(world, levels, horizon)
    check(world, levels, horizon)
    items, details, forms, moves = recorder_arrays(world, levels, horizon)
    run = schedule(horizon, grouped=False)
    work, page = recording(world, run)
    shape = (world.n_items, levels.n_columns)
    out = Extremes(np.zeros(shape, np.int64), np.zeros(shape, np.int64))
    faults = np.zeros((world.n_items, 3), np.int64)
    shared = shifting(world, levels)
    record_extremes(
        items,
        details,
        forms,
        moves,
        shared.astype(np.int64),
        run,
        work,
        page,
        out.peak,
        out.end,
        faults,
    )
    raise_faults(faults, np.arange(world.n_items))
    return out


def _by_groups(world: World, levels: Levels, horizon: Horizon) -> Extremes:
    """Items that go by periods and items that go by parts, in the order of the items."""
    shape = (world.n_items, levels.n_columns)
    out = Extremes(np.zeros(shape, np.int64), np.zeros(shape, np.int64))
    for one in groups(world, levels, horizon):
        found = among(one, world, partial(item_extremes, one.world, one.levels, one.horizon))
        out.peak[one.rows], out.end[one.rows] = found.peak, found.end
    return out


@kernel
def record_extremes(
    items: ItemArrays,
    details: DetailArrays,
    levels: LevelArrays,
    moves: MovingArrays,
    shared: IntArray,
    run: Schedule,
    work: Work,
    record: Record,
    peak: IntArray,
    end: IntArray,
    faults: IntArray,
) -> None:
    """Largest and last stock of each path; `shared` marks items whose columns lift net stock alone."""
    for item in range(items.keys.size):
        guided = make_guide(items, item, work)
        for block in range(run.block_start.size):
            n_real = begin_block(items, item, run, block, guided, work)
            for lane in range(n_real):
                path = prepare_path(items, details, moves, item, run, lane, work, record)
                rows, last = record.rows, record.demand.size - 1
                highest = rows[Row.NET_INVENTORY, 0]
                for k in range(levels.top.shape[1]):
                    top = levels.top[item, k]
                    if k == 0 or shared[item] == 0:
                        follow(items, details, levels, moves, item, k, run, path, record, faults)
                        highest = rows[Row.NET_INVENTORY, run.warmup] + rows[Row.DEMANDED, run.warmup]
                        most = rows[Row.ON_HAND_START, run.warmup]
                        for t in range(run.warmup + 1, last + 1):
                            highest = max(highest, rows[Row.NET_INVENTORY, t] + rows[Row.DEMANDED, t])
                            most = max(most, rows[Row.ON_HAND_START, t])
                    if shared[item] == 1:
                        raised = top - levels.top[item, 0]
                        peak[item, k] += max(highest + raised, 0)
                        end[item, k] += max(rows[Row.NET_INVENTORY, last] + raised, 0)
                    else:
                        peak[item, k] += most
                        end[item, k] += rows[Row.ON_HAND, last]
