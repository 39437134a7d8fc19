"""From the long run of the old levels to the new ones: paths that run under the old levels first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import IntArray
from simlab.engine.prepare.arrays import level_arrays
from simlab.engine.recorder.periods import TimeProfile
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon
from simlab.execution import Progress
from simlab.execution.by_period.profiles import run_profile

if TYPE_CHECKING:
    from simlab.engine.world.world import OrderTerms
    from simlab.execution import Workers, World


_CELLS = 1 << 24
"""Item-periods of moving levels that are held at once."""


def can_change_over(levels: Levels) -> bool:
    """Whether the levels can run under others first: not if a forecast or a user's rule moves them."""
    return levels.forecast is None and levels.policy is None


def changed_over(old: Levels, new: Levels, terms: OrderTerms, horizon: Horizon) -> Levels:
    """The new levels, moved to the old ones until counting begins.

    Parameters
    ----------
    old, new : Levels
        (n, 1); the first period counted is the first of the new ones.
    terms : OrderTerms
        n items.
    horizon : Horizon
        Its warm-up is spent under the old levels.

    Notes
    -----
    What moves is S (s + Q of (R,s,nQ)) and s with it; Q and S − s are those of the new levels throughout.
    """
    total = horizon.warmup + horizon.periods
    lift = (level_arrays(terms, old).top - level_arrays(terms, new).top)[:, 0]
    place = (new.phase + np.arange(total)) % total
    offset = np.zeros((new.n_items, 1, total), np.int64)
    if new.offset is not None:
        own = (new.phase + np.arange(total)) % new.offset.shape[2]
        offset[:, :, place] = new.offset[:, :1, own]
    offset[:, 0, place[: horizon.warmup]] += lift[:, None]
    return replace(new, offset=offset, phase=new.phase % total)


def profile_of_change(
    world: World,
    old: Levels,
    new: Levels,
    horizon: Horizon,
    unit_value: IntArray,
    groups: IntArray,
    n_groups: int,
    *,
    workers: Workers | None = None,
    progress: Progress | None = None,
    stage: str = "capital over time",
) -> TimeProfile:
    """Stock, pipeline and purchases of groups of items from the change on.

    Parameters
    ----------
    world : World
        n items, in their long run.
    old, new : Levels
        (n, 1).
    horizon : Horizon
        Periods from the change on; at least its warm-up is run before, in whole calendar cycles.
    unit_value, groups : (n,) int64
    n_groups : int
    workers, progress, stage
        As in `run_profile`.
    """
    cycle = world.demand.cycle
    horizon = replace(horizon, warmup=-(-max(horizon.warmup, 1) // cycle) * cycle)
    at_once = max(1, _CELLS // (horizon.warmup + horizon.periods))
    total = TimeProfile.zeros(1, n_groups, horizon)
    for first in range(0, world.n_items, at_once):
        rows = np.arange(first, min(first + at_once, world.n_items))
        part = world.take(rows)
        levels = changed_over(old.take(rows), new.take(rows), part.terms, horizon)
        found = run_profile(
            part,
            levels,
            horizon,
            groups[rows],
            unit_value[rows],
            n_groups=n_groups,
            workers=workers,
            progress=progress,
            stage=stage,
        )
        total.add(found)
    return total
