"""A short run whose stock is kept by period, from which a common warm-up can be read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simlab.engine.run import simulate_items
from simlab.engine.types import Horizon, IntArray, Levels, World


def pilot_series(world: World, levels: Levels, horizon: Horizon, step: int = 1) -> IntArray:
    """On-hand stock at the count by steps of periods, summed over items and replications.

    Parameters
    ----------
    world, levels : World, Levels
        n items, k columns.
    horizon : Horizon
        A few replications are enough; `warmup` is taken as 0.
    step : int
        Periods summed together; a last incomplete step is left out.

    Returns
    -------
    (k, periods // step) int64
        Unit sums, from the very first period on, as MSER wants them.

    Notes
    -----
    A longer run contains the shorter one, so the series comes from the same kernels as every other
    sum: one run per step, with the periods before it as warm-up. The work grows with the square of
    the number of steps: keep the pilot small.
    """
    n_steps = horizon.periods // step
    series = np.zeros((levels.n_columns, n_steps), np.int64)
    for place in range(n_steps):
        one = replace(horizon, warmup=place * step, periods=step, slots=1)
        series[:, place] = simulate_items(world, levels, one).on_hand.sum(axis=(0, 2))
    return series
