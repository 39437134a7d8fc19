"""A short run whose stock is kept by period, from which a common warm-up can be read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simlab.engine.run import simulate_items
from simlab.engine.types import Horizon, IntArray, Levels, World


def pilot_series(world: World, levels: Levels, horizon: Horizon, batch: int = 1) -> IntArray:
    """On-hand stock at the count by batch of periods, summed over items and replications.

    Parameters
    ----------
    world, levels : World, Levels
        n items, k columns.
    horizon : Horizon
        A few replications are enough; `warmup` is taken as 0.
    batch : int
        Periods summed together; a last incomplete batch is left out.

    Returns
    -------
    (k, periods // batch) int64
        Unit sums, from the very first period on, as MSER wants them.

    Notes
    -----
    A longer run contains the shorter one, so the series comes from the same kernels as every other
    sum: one run per batch, with the periods before it as warm-up. The work grows with the square of
    the number of batches: keep the pilot small.
    """
    n_batches = horizon.periods // batch
    series = np.zeros((levels.n_columns, n_batches), np.int64)
    for place in range(n_batches):
        one = replace(horizon, warmup=place * batch, periods=batch, slots=1)
        series[:, place] = simulate_items(world, levels, one).on_hand.sum(axis=(0, 2))
    return series
