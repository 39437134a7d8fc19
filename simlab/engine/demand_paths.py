"""Demand alone, by item, replication and period: what the evaluators see, for whoever wants to look at it."""

from __future__ import annotations

import numpy as np

from simlab.engine._jit import kernel
from simlab.engine.arrays import IntArray
from simlab.engine.draws import draw_demand, make_guide
from simlab.engine.forms import item_arrays
from simlab.engine.kernel_types import ItemArrays, Schedule, Work
from simlab.engine.paths import load_block
from simlab.engine.recording import schedule
from simlab.engine.types import Horizon, World
from simlab.engine.workspace import make_work


def demand_paths(world: World, horizon: Horizon) -> IntArray:
    """Demand of every item in every replication and period, units.

    Parameters
    ----------
    world, horizon
        As in `run.simulate_items`.

    Returns
    -------
    (n, replications, warmup + periods) int64
        The very demand that a run under this horizon meets.
    """
    run = schedule(horizon, grouped=False)
    work = make_work(run, np.dtype(np.int64), world, bins=1, rows_kept=1, epochs=0)
    out = np.zeros((world.n_items, horizon.replications, run.warmup + run.periods), np.int64)
    copy_demand(item_arrays(world), run, work, out)
    return out


@kernel
def copy_demand(items: ItemArrays, run: Schedule, work: Work, out: IntArray) -> None:
    """Fill `out` item by item and block by block."""
    first = run.paths[0]
    for item in range(out.shape[0]):
        guided = make_guide(items, item, work)
        for block in range(run.block_start.size):
            n_real = load_block(run, block, work)
            draw_demand(items, item, run, guided, work)
            for lane in range(n_real):
                path = work.paths[lane] - first
                for t in range(out.shape[2]):
                    out[item, path, t] = work.demand[t, lane]
