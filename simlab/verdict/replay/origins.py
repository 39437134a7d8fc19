"""Forecasts of demand over R + L, judged at every origin by what happened after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from simlab.arrays import IntArray, TextArray
from simlab.models import Models, Origin
from simlab.verdict.replay.calibration import Forecasts
from simlab.verdict.replay.sums import judge

PROTECTION = "R + L"


def forecasts(origins: Iterable[Origin], group: TextArray, horizon: int | None = None) -> Iterator[Forecasts]:
    """Judge what each origin predicts.

    Parameters
    ----------
    origins : iterable of Origin
        From `simlab.models.rolling_origins`.
    group : (n,) object
        Class or segment of each item of the catalogue.
    horizon : int, optional
        Periods summed, the same for all items; else each item's review period + mean lead time, and
        items for which that is longer than the hold-out are not judged.
    """
    for origin in origins:
        models, held = origin.models, origin.held
        span = horizons(models) if horizon is None else np.full(models.n_items, horizon)
        opened = np.cumsum(held.is_open.astype(np.int64))
        fits = np.flatnonzero(span <= held.n_periods)
        fits = fits[opened[span[fits] - 1] > 0]
        if fits.size == 0:
            continue
        last = span[fits] - 1
        observed = np.cumsum(held.quantity[origin.rows[fits]], axis=1)[np.arange(fits.size), last]
        judged = judge(models.world.demand.take(fits), opened[last], observed)
        name = PROTECTION if horizon is None else str(horizon)
        yield Forecasts(origin.method, str(held.days[0]), name, group[origin.rows[fits]], judged)


def horizons(models: Models) -> IntArray:
    """(n,) review period + mean lead time in whole periods, at least 1."""
    mean, _ = models.lead_time_moments
    return np.maximum(models.world.terms.review_period + np.rint(mean).astype(np.int64), 1)
