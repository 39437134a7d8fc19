"""Peak and end stock block by block over the workers: the same sums as in one go."""

from __future__ import annotations

import numpy as np

from simlab.engine.recorder.extremes import Extremes, item_extremes
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon, World
from simlab.execution.backends.spread import Progress, Task, as_it_is, spread
from simlab.execution.backends.workers import Workers
from simlab.execution.blocks import part_of
from simlab.execution.kept import store_of


def run_extremes(
    world: World,
    levels: Levels,
    horizon: Horizon,
    *,
    workers: Workers | None = None,
    progress: Progress | None = None,
    stage: str = "peak stock",
) -> Extremes:
    """Peak and end stock of every item at every column, in the order of the items.

    Parameters
    ----------
    world, levels, horizon, workers, progress, stage
        As in `run_curves`.
    """
    workers = workers or Workers()

    task = Task(
        item_extremes,
        lambda rows: (part_of(world, rows, workers), levels.take(rows), horizon),
        as_it_is,
        store_of("extremes", world, levels, horizon),
    )
    parts = list(spread(task, world, workers.block_size(world.n_items), workers, progress, stage))
    return Extremes(
        np.concatenate([part.peak for part in parts]), np.concatenate([part.end for part in parts])
    )
