"""How many periods to run before counting: exact where a rule proves it, else one common MSER-5 cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simlab.engine.run import evaluator_of, pilot_series, warmup_periods
from simlab.engine.types import FloatArray, Horizon, Levels, World

_BATCH = 5
_PILOT_REPLICATIONS = 32
_PILOT_ITEMS = 400


def common_warmup(world: World, plans: list[Levels], horizon: Horizon) -> tuple[int, str]:
    """Warm-up shared by everything that is compared, and the rule it came from.

    Returns
    -------
    periods : int
        Longest L + R − 1 where the sweep serves every plan (stationary from then on, exactly);
        otherwise the larger of that and the MSER-5 cut of a pilot run.
    rule : str
        For the manifest.

    References
    ----------
    White (1997), An effective truncation heuristic for bias reduction in simulation output (MSER).
    """
    exact = warmup_periods(world)
    lanes = [levels for levels in plans if evaluator_of(world, levels) == "lanes"]
    if not lanes:
        return exact, "longest lead time + review period - 1"
    pilot = replace(
        horizon, periods=horizon.periods + exact, warmup=0, replications=_PILOT_REPLICATIONS, slots=1
    )
    rows = np.unique(np.linspace(0, world.n_items - 1, min(world.n_items, _PILOT_ITEMS)).astype(np.int64))
    cuts = [mser5(pilot_series(world.take(rows), levels.take(rows), pilot)) for levels in lanes]
    return max(exact, *cuts), "the larger of longest L + R - 1 and MSER-5 of a pilot run"


def mser5(series: FloatArray) -> int:
    """Periods to cut from the front: MSER over means of five, in the first half of the series.

    Parameters
    ----------
    series : (t,) or (columns, t) float
        One value per period; with several columns the largest cut is returned.
    """
    rows = np.atleast_2d(np.asarray(series, dtype=np.float64))
    return max(_cut(row) for row in rows)


def _cut(series: FloatArray) -> int:
    n = series.size // _BATCH
    if n < 2:
        return 0
    means = series[: n * _BATCH].reshape(n, _BATCH).mean(axis=1)
    scores = [float(means[d:].var()) / (n - d) for d in range(n // 2 + 1)]
    return int(np.argmin(scores)) * _BATCH
