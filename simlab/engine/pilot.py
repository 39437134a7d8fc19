"""A short run whose stock is kept by period, from which a common warm-up can be read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simlab.engine.run import simulate_items
from simlab.engine.types import Horizon, IntArray, Levels, World


def pilot_series(world: World, levels: Levels, horizon: Horizon) -> IntArray:
    """On-hand stock at the count by period, summed over items and replications.

    Parameters
    ----------
    world, levels : World, Levels
        n items, k columns.
    horizon : Horizon
        A few replications are enough; `warmup` is taken as 0.

    Returns
    -------
    (k, periods) int64
        Unit sums, from the very first period on, as MSER-5 wants them.

    Notes
    -----
    A run of t + 1 periods contains the run of t periods, so that differences of runs of growing
    length give the series from the same kernels; `periods` runs are made.
    """
    series = np.zeros((levels.n_columns, horizon.periods), np.int64)
    for t in range(horizon.periods):
        one = replace(horizon, warmup=t, periods=1, slots=1)
        series[:, t] = simulate_items(world, levels, one).on_hand.sum(axis=(0, 2))
    return series
