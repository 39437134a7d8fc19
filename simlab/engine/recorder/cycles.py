"""Replenishment cycles of every review, whether it ordered something or not."""

from __future__ import annotations

import numpy as np

from simlab.arrays import IntArray
from simlab.engine._jit import inner, kernel
from simlab.engine.kernels.draws import make_guide
from simlab.engine.kernels.memory import Record, Work
from simlab.engine.kernels.paths import sequenced
from simlab.engine.kernels.types import DetailArrays, ItemArrays, LevelArrays, MovingArrays, Schedule
from simlab.engine.prepare.arrays import check
from simlab.engine.prepare.overflow import recorder_arrays
from simlab.engine.prepare.workspace import schedule
from simlab.engine.recorder.orders import when_open
from simlab.engine.recorder.path import begin_block, behind, follow, order_ahead, prepare_path
from simlab.engine.recorder.sums import raise_faults, recording
from simlab.engine.world.columns import Row
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon, World


def review_cycles(
    world: World, levels: Levels, horizon: Horizon, *, least: int = 0
) -> tuple[IntArray, IntArray]:
    """Cycles that end when what a review may have ordered arrives, at the first column of levels.

    Parameters
    ----------
    world, levels, horizon
        As in `run.simulate_items`.
    least : int
        Net stock at the count just before the arrival from which a cycle is good.

    Returns
    -------
    good, cycles : (n, slots) int64
        A cycle is good if net stock just before is ≥ `least` and nothing was lost since the arrival
        before. Cycles are counted by the period of arrival; several that end together end the same
        cycle.
    """
    check(world, levels, horizon)
    items, details, forms, moves = recorder_arrays(world, levels, horizon)
    run = schedule(horizon, grouped=False)
    work, page = recording(world, run)
    good, cycles = (np.zeros((world.n_items, horizon.slots), np.int64) for _ in range(2))
    faults = np.zeros((world.n_items, 3), np.int64)
    record_cycles(
        items,
        details,
        forms,
        moves,
        least,
        run,
        work,
        page,
        good,
        cycles,
        faults,
    )
    raise_faults(faults, np.arange(world.n_items))
    return good, cycles


@kernel
def record_cycles(
    items: ItemArrays,
    details: DetailArrays,
    levels: LevelArrays,
    moves: MovingArrays,
    least: int,
    run: Schedule,
    work: Work,
    record: Record,
    good: IntArray,
    cycles: IntArray,
    faults: IntArray,
) -> None:
    """Cycles of all items by slot."""
    for item in range(items.keys.size):
        guided = make_guide(items, item, work)
        for block in range(run.block_start.size):
            n_real = begin_block(items, item, run, block, guided, work)
            for lane in range(n_real):
                path = prepare_path(items, details, moves, item, run, lane, work, record)
                follow(items, details, levels, moves, item, 0, run, path, record, faults)
                slot = run.slots[run.block_start[block] + lane]
                a, b = count_cycles(items, details, item, least, run.warmup, record)
                good[item, slot] += a
                cycles[item, slot] += b


@inner
def count_cycles(
    items: ItemArrays, details: DetailArrays, item: int, least: int, warmup: int, record: Record
) -> tuple[int, int]:
    """Good cycles and all cycles of a recorded path; ``record.due_orders`` is written over."""
    ends, total = record.due_orders, record.demand.size
    for t in range(total):
        ends[t] = 0
    in_sequence, ahead = sequenced(items, item), order_ahead(items, item, record)
    for t in range(items.phase[item], total, items.review[item]):
        arrival = record.arrives[t]
        if in_sequence:  # what orders nothing holds nothing back
            after = behind(items, item, t, ahead, record)
            arrival = after.arrival
            if record.rows[Row.ORDERS, t] > 0:
                ahead = after
        arrival = when_open(details, item, arrival)
        if arrival < total:
            ends[arrival] += 1
    good, cycles, missed = 0, 0, False
    for t in range(total):
        if ends[t] > 0:
            if t >= warmup and t > 0:
                cycles += ends[t]
                if not missed and record.rows[Row.NET_INVENTORY, t - 1] >= least:
                    good += ends[t]
            missed = False
        missed = missed or record.rows[Row.LOST, t] > 0
    return good, cycles
