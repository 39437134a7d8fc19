"""Both sides in worlds whose parameters are drawn again: harm draw by draw, and the lists by model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.api.data.data import Data
from simlab.api.rollout.judging import MORE_ORDERS, SERVES_LESS, TIES_UP_MORE, Judged, Promise
from simlab.api.rollout.pairs import BY_SLOT, Pairs, Side, side_of, wide
from simlab.api.settings import Settings
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon
from simlab.execution import Progress, run_curves
from simlab.verdict.gate.by_model import FEWEST_DRAWS, decide_by_model

if TYPE_CHECKING:
    from simlab.arrays import BoolArray, FloatArray, IntArray


_PER_DRAW = 8


def judged_by_model(
    data: Data,
    sides: tuple[Levels, Levels],
    horizon: Horizon,
    settings: Settings,
    promise: Promise,
    judged: Judged,
    progress: Progress | None,
) -> Judged:
    """What was judged under the fitted laws, decided by redrawn parameters instead."""
    some = replace(horizon, replications=_PER_DRAW)
    draws = run_draws(data, *sides, some, settings, FEWEST_DRAWS, progress=progress)
    harmed = harmed_by_draw(draws, promise, judged.segment_then, _PER_DRAW)
    unchanged = judged.unchanged & draws.unchanged
    return replace(judged, decided=decide_by_model(harmed, unchanged, data.study.gate.q))


def run_draws(
    data: Data,
    now: Levels,
    then: Levels,
    horizon: Horizon,
    settings: Settings,
    draws: int,
    *,
    progress: Progress | None = None,
) -> Pairs:
    """Both sides in worlds whose parameters are drawn again: sums over the replications of every draw.

    Parameters
    ----------
    now, then : Levels
        (n, 1) each.
    horizon : Horizon
        Its replications are those of one draw; draw d has the random numbers from d × replications on.
    draws : int

    Returns
    -------
    Pairs
        (n, draws) sums; a draw stands where a replication does.
    """
    redraws = data.models.redraws
    assert redraws is not None
    demanded: list[IntArray] = []
    sides: tuple[list[Side], list[Side]] = ([], [])
    for number in range(draws):
        if progress is not None:
            progress("draws", number, draws)
        world = redraws.draw(data.models.world, number)
        first = horizon.first_replication + number * horizon.replications
        alone = replace(horizon, slots=1, first_replication=first)
        for levels, kept in ((now, sides[0]), (then, sides[1])):
            curves = run_curves(
                world, levels, alone, workers=settings.workers, stage="draws", by_slot=BY_SLOT
            )
            kept.append(side_of(curves))
        demanded.append(wide(curves.demanded, world.n_items, 1))
    return Pairs(np.concatenate(demanded, axis=1), _beside(sides[0]), _beside(sides[1]))


def _beside(parts: list[Side]) -> Side:
    names = ("served", "orders", "ordered", "stock")
    return Side(*(np.concatenate([getattr(part, name) for part in parts], axis=1) for name in names))


def harmed_by_draw(
    draws: Pairs, promise: Promise, planned: FloatArray, per_draw: int
) -> dict[str, BoolArray]:
    """(n, d) whether a draw of the parameters harms an item, by measure, against the lower of two promises.

    Parameters
    ----------
    draws : Pairs
        Sums of every draw, from `run_draws`.
    planned : (s,) float
        Planned service of every segment, under the fitted laws: the promise.
    per_draw : int
        Replications of a draw.
    """
    tolerated = promise.tolerance[:, None] * draws.demanded
    years, weight = promise.years * per_draw, promise.stock_weight * per_draw
    tau, more = 1.0 + promise.stock_tolerance, promise.order_tolerance
    then_stock, then_orders = draws.then.stock / weight, draws.then.orders / years
    found = {
        SERVES_LESS: draws.now.served - draws.then.served > tolerated,
        TIES_UP_MORE: then_stock > tau * (draws.now.stock / weight),
        MORE_ORDERS: then_orders > draws.now.orders / years + more,
    }
    if not promise.against_plan:
        return found
    level = np.nan_to_num(planned[promise.code], nan=0.0)[:, None]
    stock, orders = promise.planned_stock[:, None], promise.planned_orders[:, None]
    found[SERVES_LESS] &= level * draws.demanded - draws.then.served > tolerated
    found[TIES_UP_MORE] &= ~(then_stock <= tau * stock)
    found[MORE_ORDERS] &= ~(then_orders <= orders + more)
    return found
