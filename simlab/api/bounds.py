"""How far the plan is from what any plan could do: per-SKU bounds over the grid and over every level."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.confidence import gap_to_truth
from simlab.engine.run import shifting, simulate_items
from simlab.engine.types import Family, Horizon, IntArray
from simlab.frontier import hull_bound, join_steps, level_hull, split_gap
from simlab.frontier.items import HullSteps

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.optimization import Optimization

_CELLS = 150_000
"""Levels of all items of a block."""


@dataclass(frozen=True)
class Bounds:
    """Costs that no per-SKU plan serving as much can undercut, on the search seed, in money (a year).

    Attributes
    ----------
    plan, per_sku : float
        The chosen plan, and a feasible per-SKU plan on the same grid that serves at least as much.
    grid : float
        Bound over the targets of the grid.
    levels : float
        Bound over every integer level; NaN where not asked for or where levels do not shift.
    segment_gap, grid_gap, open_gap : float
        What one target per segment costs; what targets instead of levels cost at most; what is not
        attributed (feasible plan − grid bound).
    truth : float
        Upper limit of what the plan may exceed the true optimum by (statistical gap); NaN unknown.
    note : str
    """

    plan: float
    per_sku: float
    grid: float
    levels: float
    segment_gap: float
    grid_gap: float
    open_gap: float
    truth: float
    note: str

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        import pandas as pd

        return pd.DataFrame([vars(self)])


def bounds(opt: Optimization, *, every_level: bool = False) -> Bounds:
    """Bounds and the split of the gap at the service of the chosen plan."""
    solved = opt.solved
    unit = float(solved.frontier.curves.cost_unit)
    grid = float(solved.items.lower_bound(solved.chosen.served))
    levels, note = float("nan"), "bounds are in-sample: they speak of the search seed's sums"
    if every_level:
        if shifts(opt):
            levels = float(_level_bound(opt))
            note += "; levels from 0 to the highest of the grid, units of one"
        else:
            note += "; levels are not moved by one constant here: no bound over every level"
    split = split_gap(solved.chosen.cost, solved.per_sku.cost, grid, levels)
    truth = gap_to_truth(opt)
    return Bounds(
        solved.chosen.cost * unit,
        solved.per_sku.cost * unit,
        grid * unit,
        levels * unit,
        split.segment * unit,
        split.grid * unit,
        split.open * unit,
        float("nan") if truth is None else truth.high,
        note,
    )


def shifts(opt: Optimization) -> bool:
    """Whether one path serves every level of every item."""
    return bool(shifting(opt.data.models.world, opt.planned.levels).all())


def _level_bound(opt: Optimization) -> Any:
    levels = opt.planned.levels
    by_s = levels.family == Family.REORDER_QUANTITY
    own = np.where(by_s[:, None], levels.reorder_point, levels.order_up_to)
    low, high = np.minimum(own.min(axis=1), 0), own.max(axis=1)
    horizon = replace(opt.settings.horizon("search", opt.warmup), slots=1)
    order = np.argsort(high - low, kind="stable")
    blocks: list[HullSteps] = []
    first = 0
    while first < order.size:
        last = first + 1
        while last < order.size and (last + 1 - first) * _span(low, high, order[last]) <= _CELLS:
            last += 1
        blocks.append(_block(opt, order[first:last], low, high, horizon))
        first = last
    return hull_bound(join_steps(blocks), np.array([opt.chosen.served], dtype=object))[0]


def _span(low: IntArray, high: IntArray, row: int) -> int:
    return int(high[row] - low[row]) + 1


def _block(opt: Optimization, rows: IntArray, low: IntArray, high: IntArray, horizon: Horizon) -> HullSteps:
    """Lower hulls of some items over all their levels, by one simulation."""
    own = opt.planned.levels.take(rows)
    k = int((high[rows] - low[rows]).max()) + 1
    every = low[rows][:, None] + np.arange(k)
    gap = own.order_up_to[:, :1] - own.reorder_point[:, :1]
    by_s = (own.family == Family.REORDER_QUANTITY)[:, None]
    top = np.where(by_s, every + gap, every)
    wide = replace(
        own.columns(np.zeros(k, np.int64)),
        reorder_point=top - gap,
        order_up_to=top,
    )
    curves = simulate_items(opt.data.models.world.take(rows), wide, horizon)
    weights = opt.accounting.weights.take(rows)
    if weights.account is None:
        cost = (curves.on_hand + curves.on_hand_start) * weights.holding[:, None, None]
        good = curves.served
    else:
        cost = weights.account.cost(curves)
        good, _ = weights.account.service(curves, horizon.replications)
    counts = high[rows] - low[rows] + 1
    inside = np.arange(k) < counts[:, None]
    start = np.concatenate(([0], np.cumsum(counts)))
    return level_hull(start, cost[:, :, 0][inside], np.ascontiguousarray(good[:, :, 0])[inside])
