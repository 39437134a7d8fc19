"""Lower bounds when every SKU-location may have any integer level, and how a gap splits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simlab.arrays import IntArray
from simlab.errors import UsageError
from simlab.frontier.bounds.steps import HullSteps
from simlab.frontier.curves import exact_sum


def level_hull(start: npt.ArrayLike, cost: IntArray, served: IntArray) -> HullSteps:
    """Map: lower convex hull of each item over all its levels.

    Parameters
    ----------
    start : (n + 1,) int
        Item i has the entries start[i] … start[i + 1] − 1, at least one.
    cost, served : (m,) int64
        Sums at each level, in any order within an item.

    Returns
    -------
    HullSteps
        `column` counts entries from the item's start. `Stairs` has those of several blocks.

    Notes
    -----
    Points on or above the chord of their neighbours are dropped, all items at once, until none is
    left: a corner of the hull is below every chord, so none is lost. Slopes decide in floating
    point; the points kept then differ from the hull by rounding only, which a bound's margin covers.
    """
    first = np.asarray(start, dtype=np.int64)
    if (np.diff(first) < 1).any() or int(first[-1]) != cost.size:
        raise UsageError("every item needs at least one level and the levels must fill the arrays")
    owner = np.repeat(np.arange(first.size - 1), np.diff(first))
    kept = _undominated(owner, cost, served)
    while True:
        drop = _above_chord(owner[kept], cost[kept], served[kept])
        if not drop.any():
            break
        kept = kept[~drop]
    own = owner[kept]
    opening = np.concatenate(([True], own[1:] != own[:-1]))
    step = np.flatnonzero(~opening)
    rise, gain = cost[kept[step]] - cost[kept[step - 1]], served[kept[step]] - served[kept[step - 1]]
    return HullSteps(
        start=kept[opening] - first[:-1],
        base_cost=exact_sum(cost[kept[opening]]),
        base_served=exact_sum(served[kept[opening]]),
        item=own[step],
        column=kept[step] - first[own[step]],
        slope=rise.astype(np.float64) / gain.astype(np.float64),
        cost=rise,
        served=gain,
    )


def _undominated(owner: IntArray, cost: IntArray, served: IntArray) -> IntArray:
    """Entries of each item ascending in cost and in served, of equals one."""
    order = np.lexsort((-served, cost, owner))
    own, s = owner[order], served[order]
    opening = np.concatenate(([True], own[1:] != own[:-1]))
    lift = (int(served.max()) - int(served.min()) + 1) * own.astype(np.int64)
    best = np.maximum.accumulate(s - int(served.min()) + lift)
    better = np.concatenate(([True], best[1:] > best[:-1]))
    return np.asarray(order[opening | better], dtype=np.int64)


def _above_chord(owner: IntArray, cost: IntArray, served: IntArray) -> npt.NDArray[np.bool_]:
    drop = np.zeros(owner.size, dtype=np.bool_)
    if owner.size < 3:
        return drop
    inside = (owner[1:-1] == owner[:-2]) & (owner[1:-1] == owner[2:])
    rise, gain = np.diff(cost).astype(np.float64), np.diff(served).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = rise / gain
    drop[1:-1] = inside & (slope[:-1] >= slope[1:])
    return drop


@dataclass(frozen=True)
class GapSplit:
    """Where a segmented plan's excess over the ideal comes from, in units of cost (in-sample).

    Attributes
    ----------
    segment : float
        One target per segment instead of one per item, on the same grid; at least 0.
    grid : float
        Targets of the grid instead of any integer level between the least and the highest of them;
        NaN where no bound over levels is known.
    formula : float
        Levels that the planning formula gives instead of any integer level; NaN likewise.
    open : float
        Gap between the best per-item plan known and its bound, not attributed.
    """

    segment: float
    grid: float
    formula: float
    open: float


def split_gap(
    plan_cost: int, item_plan_cost: int, item_bound: float, between_bound: float, level_bound: float
) -> GapSplit:
    """Split plan − every-level bound into segment, grid, planning formula and what is left open.

    Parameters
    ----------
    plan_cost, item_plan_cost : int
        Segmented plan and feasible per-item plan that serve at least the same. The segmented plan is
        a per-item plan too, so that the cheaper of the two counts.
    item_bound : float
        Bound per item over the targets of the grid.
    between_bound : float
        Bound over every integer level between each item's least and highest on the grid.
    level_bound : float
        Bound over every integer level.

    Notes
    -----
    The sets of levels are nested, so that a later bound is lowered to an earlier one where rounding
    or a coarse set of multipliers put it above: a bound stays one, and no part is below zero. The
    parts add up to plan − the least of the bounds.
    """
    feasible = min(plan_cost, item_plan_cost)
    between = float(np.minimum(between_bound, item_bound))
    level = float(np.minimum(level_bound, between))
    return GapSplit(
        segment=float(plan_cost - feasible),
        grid=float(item_bound - between),
        formula=between - level,
        open=float(feasible - item_bound),
    )
