"""How far the plan is from what any plan could do: per-SKU bounds over the grid and over every level."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simlab.api.pictures import bars
from simlab.api.plans.rivals import stand_in
from simlab.api.requirements.accounting import counted_scale
from simlab.api.requirements.limits import limits_on_means
from simlab.api.show import Column, Kind, ResultTable
from simlab.api.simulator.simulator import SEGMENTS
from simlab.arrays import IntArray
from simlab.engine.prepare.evaluators import shifting
from simlab.engine.run import simulate_items
from simlab.engine.world.world import Horizon
from simlab.errors import UsageError
from simlab.execution import by_item
from simlab.frontier import (
    Limit,
    Stairs,
    hull_bound,
    hull_price,
    level_hull,
    simultaneous_band,
    split_gap,
    statistical_gap,
    tie_groups,
)
from simlab.frontier.bounds.steps import HullSteps
from simlab.frontier.limits.limited import MAX_CHOICES, limited_bound
from simlab.measures import Estimate
from simlab.measures.shown import Public
from simlab.register.families import by_lot

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from simlab.api.plans.outcome import Outcome


_CELLS = 150_000
"""Levels of all items of a block."""

_QUICK = 20_000
"""Levels of all items up to which a run bounds over every level without being asked."""
_IN_SAMPLE = "bounds are in-sample: they speak of the search seed's sums"
_LINES = {
    "plan": "chosen plan",
    "per_sku": "feasible plan with a target per SKU-location, same service or more",
    "grid": "bound over all such plans on the grid",
    "between": "bound over every level between those of the grid",
    "levels": "bound over every integer level",
    "limited": "bound under the study's floors and ceilings of groups",
    "segment_gap": "of the gap: one target per segment",
    "grid_gap": "of the gap: targets of the grid, at most",
    "formula_gap": "of the gap: levels of the planning formula, at most",
    "open_gap": "of the gap: not attributed",
    "truth": "distance of the plan from the true optimum, upper limit",
}


@dataclass(frozen=True, repr=False)
class Bounds(Public):
    """Costs that no per-SKU plan serving as much can undercut, on the search seed, in money (a year).

    Attributes
    ----------
    plan, per_sku : float
        The chosen plan, and a feasible per-SKU plan on the same grid that serves at least as much.
    grid : float
        Bound over the targets of the grid.
    between : float
        Bound over every integer level between each SKU-location's least and highest on the grid: the
        levels that the planning formula gives at targets between those of the grid. NaN where not asked
        for or where levels do not shift.
    levels : float
        Bound over every integer level, also those below the least; NaN likewise.
    limited : float
        Bound over the targets of the grid under the study's floors and ceilings of groups too; the chosen
        plan keeps them, so that plan − limited is the gap. NaN without such limits, or beyond 100,000
        SKU-locations × targets.
    segment_gap, grid_gap, formula_gap, open_gap : float
        What one target per segment costs; what targets of the grid instead of all levels between them
        cost at most; what levels that the planning formula gives instead of any level cost at most; what
        is not attributed (feasible plan − grid bound). They add up to plan − the lowest bound.
    truth : float
        Upper limit of what the plan may exceed the true optimum by (statistical gap); NaN unknown.
    note : str
    unit : str
        Of the money: currency, and what it is per.
    """

    plan: float
    per_sku: float
    grid: float
    between: float
    levels: float
    limited: float
    segment_gap: float
    grid_gap: float
    formula_gap: float
    open_gap: float
    truth: float
    note: str
    unit: str

    def to_frame(self) -> pd.DataFrame:
        """One row of money."""
        import pandas as pd

        return pd.DataFrame([vars(self)]).drop(columns="unit")

    def plot(self) -> Figure:
        """The plan, a plan per SKU-location, and what no plan can undercut."""
        known = {"plan": self.plan, "per SKU-location": self.per_sku, "bound on the grid": self.grid}
        further = {"bound between levels": self.between, "bound over every level": self.levels}
        known |= {name: value for name, value in further.items() if value == value}
        return bars(list(known), list(known.values()), self.unit)

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def _table(self) -> ResultTable:
        import pandas as pd

        rows = [{"what": text, "money": getattr(self, name)} for name, text in _LINES.items()]
        frame = pd.DataFrame(rows).dropna()
        columns = (Column("what", "what", Kind.TEXT), Column("money", "money", Kind.MONEY))
        return ResultTable("How good can any plan be", frame, self.note, columns, self.unit)


def bounds(opt: Outcome, *, every_level: bool = False, headroom: float = 0.0) -> Bounds:
    """Bounds and the split of the gap at the service of the chosen plan.

    `headroom`: how far the levels go beyond the highest of the grid, as a share of it.
    """
    if not (np.isfinite(headroom) and headroom >= 0):
        raise UsageError(f"headroom is a share of the highest level, zero or more, not {headroom:g}")
    solved = opt.solved
    unit = float(solved.frontier.curves.cost_unit)
    grid = float(solved.items.lower_bound(solved.chosen.served))
    between, levels, note = float("nan"), float("nan"), _IN_SAMPLE
    if every_level:
        if shifts(opt):
            between, levels = _level_bounds(opt, headroom)
            beyond = f" and {100 * headroom:g}% beyond" if headroom else ""
            note += (
                f"; levels from 0 to the highest of the grid{beyond}, units of one; S − s stays as planned"
            )
        else:
            note += "; levels are not moved by one constant here: no bound over every level"
    split = split_gap(solved.chosen.cost, solved.per_sku.cost, grid, between, levels)
    truth = gap_to_truth(opt)
    return Bounds(
        plan=solved.chosen.cost * unit,
        per_sku=solved.per_sku.cost * unit,
        grid=grid * unit,
        between=between * unit,
        levels=levels * unit,
        limited=_limited(opt) * unit,
        segment_gap=split.segment * unit,
        grid_gap=split.grid * unit,
        formula_gap=split.formula * unit,
        open_gap=split.open * unit,
        truth=float("nan") if truth is None else truth.high,
        note=note,
        unit=f"{opt.data.study.currency}{solved.frontier.curves.per}",
    )


def _limited(opt: Outcome) -> float:
    """Bound under floors and ceilings of groups, at the service of the chosen plan."""
    solved, rules, codes = opt.solved, opt.rules, opt.segmentation.codes
    cost, _, served = solved.items.tables
    if not solved.problem.limits or cost.size > MAX_CHOICES:
        return float("nan")
    single = replace(opt.segmentation, codes=np.arange(codes.size), names=tuple(map(str, range(codes.size))))
    limits, _ = limits_on_means(opt.data, single, rules, opt.curves, opt.settings)
    stand = stand_in(rules, codes, solved.frontier.curves)
    if stand is not None:
        limits = tuple(
            replace(one, table=np.take_along_axis(one.table, stand, axis=1), part=None, whole=None)
            for one in limits
        )
    return limited_bound(cost, [*limits, Limit("service", served, at_least=solved.chosen.served)])


def shifts(opt: Outcome) -> bool:
    """Whether one path serves every level of every item."""
    return bool(by_item(shifting, opt.data.models.world, opt.planned.levels).all())


def quick(opt: Outcome) -> bool:
    """Whether bounds over every level are had in a moment."""
    if not shifts(opt):
        return False
    span = _Span.of(opt, 0.0)
    return int((span.last - span.first + 1).sum()) <= _QUICK


def _level_bounds(opt: Outcome, headroom: float) -> tuple[float, float]:
    """Bounds over the levels between each item's least and highest, and over every level."""
    span = _Span.of(opt, headroom)
    horizon = replace(opt.settings.horizon("search", opt.warmup), slots=1)
    order = np.argsort(span.last - span.first, kind="stable")
    blocks: list[tuple[HullSteps, HullSteps]] = []
    begin = 0
    while begin < order.size:
        end = begin + 1
        while end < order.size and (end + 1 - begin) * span.width(order[end]) <= _CELLS:
            end += 1
        hulls = _block(opt, order[begin:end], span, horizon)
        blocks.append((hulls[0].sorted().packed(), hulls[1].sorted().packed()))
        begin = end
    need = opt.chosen.served
    flights = [Stairs(tuple(block[which] for block in blocks)).serving(need) for which in (0, 1)]
    between, every = (float(hull_bound(flight, np.array([need], dtype=object))[0]) for flight in flights)
    return between, every


@dataclass(frozen=True, eq=False)
class _Span:
    """(n,) levels of each item: least and highest on the grid, first and last that are looked at."""

    low: IntArray
    high: IntArray
    first: IntArray
    last: IntArray

    @classmethod
    def of(cls, opt: Outcome, headroom: float) -> _Span:
        levels = opt.planned.levels
        by_s = by_lot(levels.family)
        own = np.where(by_s[:, None], levels.reorder_point, levels.order_up_to)
        low, high = own.min(axis=1), own.max(axis=1)
        beyond = np.ceil(np.maximum(high, 0) * headroom).astype(np.int64)
        least = opt.data.models.least_level  # no plan may go below it, so that no bound looks there
        gap = np.where(by_s, 0, levels.order_up_to[:, 0] - levels.reorder_point[:, 0])
        bottom = np.where(least > 0, least - 1 + gap, 0)
        return cls(low, high, np.minimum(low, bottom), high + beyond)

    def width(self, row: int) -> int:
        """Number of levels of one item."""
        return int(self.last[row] - self.first[row]) + 1


def _block(opt: Outcome, rows: IntArray, span: _Span, horizon: Horizon) -> tuple[HullSteps, HullSteps]:
    """Lower hulls of some items over the levels between those of the grid, and over all."""
    own = opt.planned.levels.take(rows)
    first, last = span.first[rows][:, None], span.last[rows][:, None]
    every = first + np.arange(int((last - first).max()) + 1)
    gap = own.order_up_to[:, :1] - own.reorder_point[:, :1]
    by_s = by_lot(own.family)[:, None]
    top = np.where(by_s, every + gap, every)
    wide = replace(
        own.columns(np.zeros(every.shape[1], np.int64)),
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
    inside = every <= last
    between = (every >= span.low[rows][:, None]) & (every <= span.high[rows][:, None])
    return _hull(between, cost[:, :, 0], good[:, :, 0]), _hull(inside, cost[:, :, 0], good[:, :, 0])


def _hull(kept: npt.NDArray[np.bool_], cost: IntArray, good: IntArray) -> HullSteps:
    start = np.concatenate(([0], np.cumsum(kept.sum(axis=1))))
    return level_hull(start, cost[kept], np.ascontiguousarray(good)[kept])


_BATCHES = 20


def band_frame(opt: Outcome) -> pd.DataFrame:
    """One row per plan shown: fresh service and cost with bands that hold for all plans at once.

    Plans are fixed, all replications of the verdict are used. `tie_group`: plans of one group cannot
    be distinguished in service from its first. `optimism`: service on the seed that chose minus fresh.
    """
    import pandas as pd

    shown, sums = opt.solved.shown, opt.verdict["frontier:segmented"]
    level, seed = opt.settings.level, opt.settings.seed
    good, asked, cost = sums.good[:, 0], sums.asked[0, 0], sums.cost[:, 0]
    service = simultaneous_band(good, asked, level, seed=seed)
    money = counted_scale(opt.settings.scale(opt.data.study), opt.accounting).holding
    costs = simultaneous_band(cost, np.ones(cost.shape[1]), level, seed=seed)
    return pd.DataFrame(
        {
            "point": np.arange(shown.n_points),
            "fill_rate": service.value,
            "fill_rate_low": np.clip(service.low, 0.0, 1.0),
            "fill_rate_high": np.clip(service.high, 0.0, 1.0),
            "objective": costs.value * money,
            "inventory_value": sums.stock_value[:, 0].mean(axis=1) * opt.settings.scale(opt.data.study).value,
            "objective_low": costs.low * money,
            "objective_high": costs.high * money,
            "tie_group": tie_groups(good, asked, level, seed=seed),
            "optimism": shown.fill_rate - service.value,
            "factor": service.factor,
            "replications": cost.shape[1],
            "note": service.note,
        }
    )


def gap_to_truth(opt: Outcome) -> Estimate | None:
    """Money by which the chosen plan may exceed the true optimum at its price of service; one-sided.

    From independent batches of the verdict seed (Mak, Morton, Wood 1999). None where the sums of every
    segment and target were too many to keep.
    """
    cells = opt.verdict.get(SEGMENTS)
    if cells is None:
        return None
    curves, plan = opt.solved.problem.curves, opt.chosen
    point = 0.01 * curves.total_demanded * float(curves.cost_unit)
    price = float(hull_price(curves, np.array([float(plan.served)]))[0]) / point
    n = min(_BATCHES, cells.n_replications)
    firsts = np.arange(n) * cells.n_replications // n
    tables = []
    for table in (cells.cost, cells.good):
        batches = np.add.reduceat(table, firsts, axis=2).transpose(1, 0, 2)
        if curves.columns is not None:
            batches = np.take_along_axis(batches, curves.columns[:, :, None], axis=1)
        tables.append(batches)
    if not np.isfinite(price):
        return None
    scale = counted_scale(opt.settings.scale(opt.data.study), opt.accounting)
    found = statistical_gap(tables[0], tables[1], plan.choice, price, opt.settings.level)
    return found.scaled(scale.holding * n / cells.n_replications)
