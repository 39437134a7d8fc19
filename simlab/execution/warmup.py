"""How many periods to run before counting: exact where a rule proves it, else one common MSER-5 cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from simlab.engine.pilot import pilot_series
from simlab.engine.run import warmup_periods
from simlab.engine.types import MILLION, Family, FloatArray, Horizon, Levels, Unmet, World
from simlab.execution.columns import beside, by_family

_BATCH = 5
_PILOT_REPLICATIONS = 16
_PILOT_ITEMS = 128

TRANSIENT = "none: every period from today's stock and pipeline on is counted"
"""Warm-up rule of a world that begins with today's stock."""


def common_warmup(world: World, plans: list[Levels], horizon: Horizon) -> tuple[int, str]:
    """Warm-up shared by everything that is compared, and the rule it came from.

    Returns
    -------
    periods : int
        Longest L + R − 1 where every plan is in its long-run regime from then on by construction;
        otherwise the larger of that and the MSER-5 cut of a pilot run.
    rule : str
        For the manifest.

    References
    ----------
    White (1997), An effective truncation heuristic for bias reduction in simulation output (MSER).
    """
    if world.start is not None:
        return 0, TRANSIENT
    exact = warmup_periods(world)
    cut = [levels for levels in plans if not _starts_stationary(world, levels)]
    if not cut:
        return exact, "longest lead time + review period - 1"
    rows = np.unique(np.linspace(0, world.n_items - 1, min(world.n_items, _PILOT_ITEMS)).astype(np.int64))
    pilot = replace(
        horizon, periods=horizon.periods + exact, warmup=0, replications=_PILOT_REPLICATIONS, slots=1
    )
    batch = _batch(world)
    together = [beside([_ends(cut[i]).take(rows) for i in group]) for group in by_family(cut)]
    cuts = [mser(pilot_series(world.take(rows), levels, pilot, batch)) for levels in together]
    return max(exact, batch * max(cuts)), f"the larger of longest L + R - 1 and MSER-{batch} of a pilot run"


def _starts_stationary(world: World, levels: Levels) -> bool:
    """Whether the start is a draw from the long run, the pipeline apart: (R,S) or (R,s,nQ), waiting
    customers, and nothing that keeps the position of (R,S) from its level: no pack, smallest or largest
    order, highest position, order that is cancelled in part, moving level, or rule of the user's own.
    """
    terms, supply = world.terms, world.supply
    if levels.moves().any() or levels.policy is not None:
        return False
    if terms.max_position is not None and (terms.max_position > 0).any():
        return False
    if supply is not None and ((supply.on_time < MILLION) & (supply.rest_delay < 0)).any():
        return False
    up_to = levels.family == Family.ORDER_UP_TO
    free = (terms.pack_size == 1) & (terms.moq <= 1) & (terms.max_order == 0)
    lots = (levels.family == Family.REORDER_QUANTITY) & (terms.max_order == 0)
    return bool(((terms.unmet == Unmet.BACKORDER) & ((up_to & free) | lots)).all())


def _batch(world: World) -> int:
    """Five periods, or the least number of whole review cycles that is no shorter."""
    review = int(world.terms.review_period.max())
    return review * -(-_BATCH // review) if review > 1 else _BATCH


def _ends(levels: Levels) -> Levels:
    """The lowest, the middle and the highest column: what lies between warms up in between."""
    k = levels.n_columns
    return levels.columns(np.unique([0, k // 2, k - 1]))


def mser(series: npt.ArrayLike) -> int:
    """Batches to cut from the front: the least squared standard error of the rest, first half only.

    Parameters
    ----------
    series : (b,) or (columns, b) float
        Batch means (or sums); with several columns the largest cut is returned.
    """
    rows = np.atleast_2d(np.asarray(series, dtype=np.float64))
    return max(_cut(row) for row in rows)


def _cut(means: FloatArray) -> int:
    n = means.size
    if n < 2:
        return 0
    scores = [float(means[d:].var()) / (n - d) for d in range(n // 2 + 1)]
    return int(np.argmin(scores))
