"""The recorder's doors: memory for single paths, and their sums by column or over every level at once."""

from __future__ import annotations

import numpy as np

from simlab.engine.guards import FAULTS, GONE_ASTRAY
from simlab.engine.kernel_types import Record, Schedule, Sums, Work
from simlab.engine.overflow import recorder_arrays
from simlab.engine.recorded import record_sums, record_sweep
from simlab.engine.recorder import N_ORDER_FIELDS, N_ROWS
from simlab.engine.streams import Purpose, stream_key
from simlab.engine.types import Horizon, IntArray, Levels, World
from simlab.engine.workspace import aligned, make_schedule, make_work
from simlab.errors import EngineFaultError

SHARED = ("receipts", "orders", "ordered", "received", "lost", "on_order")
"""Measures that cannot differ between levels served by one path."""


def record(world: World, levels: Levels, horizon: Horizon, names: IntArray) -> Sums:
    """Every path by itself, with every feature."""
    items, details, forms, moves = recorder_arrays(world, levels, horizon)
    run = schedule(horizon, grouped=False)
    work, page = recording(world, run)
    sums = zeros(world.n_items, levels.n_columns, horizon.slots, levels.n_columns)
    faults = np.zeros((world.n_items, 3), np.int64)
    record_sums(
        items,
        details,
        forms,
        moves,
        run,
        work,
        page,
        sums,
        faults,
    )
    raise_faults(faults, names)
    return sums


def record_levels(world: World, levels: Levels, horizon: Horizon, names: IntArray) -> Sums:
    """All levels from one recorded path per replication, where they differ by a constant."""
    items, details, forms, moves = recorder_arrays(world, levels, horizon)
    run = schedule(horizon, grouped=True)
    work, page = recording(world, run, bins=int(np.ptp(forms.top, axis=1).max()) + 3)
    sums = zeros(world.n_items, levels.n_columns, horizon.slots, 1)
    faults = np.zeros((world.n_items, 3), np.int64)
    record_sweep(
        items,
        details,
        forms,
        np.argsort(-forms.top, axis=1, kind="stable"),
        moves,
        run,
        work,
        page,
        sums,
        faults,
    )
    raise_faults(faults, names)
    return with_differences(sums)


def with_differences(sums: Sums) -> Sums:
    """The sums that follow from others once all paths are read."""
    sums.backorders[...] += sums.on_hand
    sums.served[...] = sums.on_hand_start - sums.on_hand
    return sums


def schedule(horizon: Horizon, *, grouped: bool) -> Schedule:
    """Blocks of replications with the keys of this phase's seed."""
    purposes = (Purpose.DEMAND, Purpose.LEAD_TIME, Purpose.START)
    demand, lead, start = (stream_key(horizon.seed, purpose) for purpose in purposes)
    return make_schedule((demand, lead, start), horizon, grouped=grouped)


def recording(world: World, run: Schedule, bins: int = 1) -> tuple[Work, Record]:
    """Memory in which single paths are written down."""
    total = run.warmup + run.periods
    epochs = -(-total // int(world.terms.review_period.min()))
    record = Record(
        rows=np.zeros((N_ROWS, total), np.int64),
        due=np.zeros(total, np.int64),
        due_orders=np.zeros(total, np.int64),
        gone=np.zeros(total, np.int64),
        leaves=np.zeros(total, np.int64),
        arrives=np.zeros(total + 1, np.int64),
        demand=np.zeros(total, np.int64),
        lift=np.zeros(total, np.int64),
        seen=np.zeros(total + 1, np.int64),
        expected=np.zeros(total),
        forecast=np.zeros(total),
        error=np.zeros(total),
        orders=np.zeros((epochs + 1, N_ORDER_FIELDS), np.int64),
    )
    return make_work(run, np.dtype(np.int64), world, bins=bins, rows_kept=1, epochs=0), record


def zeros(n: int, k: int, slots: int, shared: int) -> Sums:
    """Empty sums of n items × k columns; `shared` columns where none can differ from another."""
    shapes = {name: (n, shared if name in SHARED else k, slots) for name in Sums._fields}
    return Sums(
        **{
            name: aligned((n, slots) if name == "demanded" else shapes[name], np.int64)
            for name in Sums._fields
        }
    )


def raise_faults(faults: IntArray, names: IntArray, *, exact: bool = True) -> None:
    """Fail the run at the first breach, with the rows under which the caller knows the items.

    `exact`: the period is that of the breach, not one by which it was found (as of units that never arrive).
    """
    rows = np.flatnonzero(faults[:, 0])
    if rows.size:
        code, path, period = (int(x) for x in faults[rows[0]])
        when = "in" if exact and code != GONE_ASTRAY else "by"
        raise EngineFaultError(
            f"item {int(names[rows[0]])}, replication {path}, {when} period {period}: "
            f"{FAULTS.get(code, 'unknown fault')}"
        )
