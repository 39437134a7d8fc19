"""Lower bounds when every SKU-location may have its own target, and plans that nearly attain them.

The work is split by blocks of items (map) and added up (reduce): a block yields the steps of its
items' lower convex hulls and, for given multipliers, sums of the Lagrangian minimum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from simlab import mapped
from simlab.arrays import AnyArray, ChoiceArray, FloatArray, IntArray, narrow
from simlab.errors import UsageError
from simlab.frontier.curves import INT64_SAFE, SegmentCurves, Sums, exact_sum, fewest
from simlab.frontier.plan import NoPlanError, rate_down
from simlab.measures import format_rate

BLOCK_ITEMS = 8192
_BITS = 61
_MARGIN = 1e-9


@dataclass(frozen=True, eq=False)
class HullSteps:
    """Steps along the lower convex hulls of (served, cost), cheapest plan first.

    Attributes
    ----------
    start : (n,) int
        Column of each item's cheapest point (of equals the one that serves most).
    base_cost, base_served : int
        Sums of those points.
    item, column : (m,) int
        Item that a step belongs to and the column it leads to.
    slope : (m,) float
        Cost per further unit served.
    cost, served : (m,) int
        What a step adds.
    """

    start: IntArray
    base_cost: int
    base_served: int
    item: AnyArray
    column: AnyArray
    slope: FloatArray
    cost: Sums
    served: Sums

    @property
    def reached(self) -> Sums:
        """(m,) units served after each step, exact: int64 where all of them fit."""
        total = self.base_served + exact_sum(self.served)
        if max(abs(self.base_served), abs(total)) < INT64_SAFE and self.served.dtype != object:
            return np.asarray(self.base_served + np.cumsum(self.served))
        return np.asarray(self.base_served + np.cumsum(self.served.astype(object)), dtype=object)

    def sorted(self) -> HullSteps:
        """Steps in ascending order of slope: the order in which the relaxation takes them."""
        order = np.argsort(self.slope, kind="stable")
        return self._with(lambda table: _ordered(table, order))

    def packed(self) -> HullSteps:
        """The same in as few bytes as hold them."""
        return self._with(narrow)

    def _with(self, change: Callable[[AnyArray], AnyArray]) -> HullSteps:
        """The same with every column of the steps changed."""
        return replace(
            self,
            item=change(self.item),
            column=change(self.column),
            slope=change(self.slope),
            cost=change(self.cost),
            served=change(self.served),
        )


def _ordered(table: AnyArray, order: IntArray) -> AnyArray:
    """A table in another order, in a file where it is large."""
    if table.dtype == object:
        return table[order]
    out = mapped.room(table.shape, table.dtype)
    for first in range(0, order.size, _STEPS):
        out[first : first + _STEPS] = table[order[first : first + _STEPS]]
    return out


_STEPS = 1 << 20


def hull_steps(cost: Sums, served: Sums) -> HullSteps:
    """Map: the hull steps of a block of items.

    Parameters
    ----------
    cost, served : (n, k) int
        Sums of each item at each target (or level).
    """
    c, s = cost.astype(np.float64), served.astype(np.float64)
    n = c.shape[0]
    rows = np.arange(n)
    cheapest = c == c.min(axis=1, keepdims=True)
    start = np.where(cheapest, s, -np.inf).argmax(axis=1)
    at, found = start.copy(), []
    while rows.size:
        gain = s[rows] - s[rows, at[rows]][:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(gain > 0, (c[rows] - c[rows, at[rows]][:, None]) / gain, np.inf)
        best = slope.min(axis=1)
        go = np.isfinite(best)
        to = np.where(slope == best[:, None], gain, -1.0).argmax(axis=1)[go]
        rows, best = rows[go], best[go]
        found.append((rows, at[rows], to, best))
        at[rows] = to
    item, before, column, slope = (np.concatenate(part) for part in zip(*found, strict=True))
    everything = np.arange(n)
    return HullSteps(
        start=start.astype(np.int64),
        base_cost=exact_sum(cost[everything, start]),
        base_served=exact_sum(served[everything, start]),
        item=item.astype(np.int64),
        column=column.astype(np.int64),
        slope=slope,
        cost=cost[item, column] - cost[item, before],
        served=served[item, column] - served[item, before],
    )


def join_steps(blocks: Sequence[HullSteps]) -> HullSteps:
    """Reduce: the steps of all blocks, items numbered through."""
    first = np.cumsum([0] + [block.start.size for block in blocks])
    return HullSteps(
        start=np.concatenate([block.start for block in blocks]),
        base_cost=sum(block.base_cost for block in blocks),
        base_served=sum(block.base_served for block in blocks),
        item=mapped.joined(
            [block.item + at.astype(block.item.dtype) for block, at in zip(blocks, first, strict=False)]
        ),
        column=mapped.joined([block.column for block in blocks]),
        slope=mapped.joined([block.slope for block in blocks]),
        cost=mapped.joined([block.cost for block in blocks]),
        served=mapped.joined([block.served for block in blocks]),
    ).sorted()


def hull_bound(steps: HullSteps, served: Sums) -> Sums:
    """(p,) costs that no plan serving as much as `served` can undercut, in Python integers.

    Linear relaxation along the sorted steps, rounded down with a margin of 1e-9 so that floating
    point cannot lift it above the truth; beyond the last step there is no plan (bound of the last).
    """
    s = np.concatenate(([0.0], np.cumsum(steps.served.astype(np.float64)))) + steps.base_served
    c = np.concatenate(([0.0], np.cumsum(steps.cost.astype(np.float64)))) + steps.base_cost
    bound = np.interp(np.asarray(served).astype(np.float64), s, c)
    return np.array([int(b - _MARGIN * abs(b)) - 1 for b in bound], dtype=object)


def segment_bound(curves: SegmentCurves, served: Sums) -> Sums:
    """(p,) `hull_bound` over the targets of segments, in the integer type of the curves."""
    bound = hull_bound(hull_steps(curves.cost, curves.served).sorted(), served)
    return bound if curves.cost.dtype == object else bound.astype(np.int64)


def hull_plans(cost: Sums, served: Sums, most: int) -> ChoiceArray:
    """(p, n) plans on the Lagrangian hull: hull steps taken one by one in order of slope."""
    steps = hull_steps(cost, served).sorted()
    every = steps.item.size // most + 1
    firsts = range(0, steps.item.size, every)
    choice = np.empty((len(firsts) + 1, steps.start.size), dtype=np.int16)
    choice[0] = steps.start
    for row, first in enumerate(firsts, start=1):
        taken = slice(first, first + every)
        choice[row] = choice[row - 1]
        choice[row, steps.item[taken]] = steps.column[taken]
    return choice


@dataclass(frozen=True, eq=False)
class LagrangianSums:
    """For each multiplier λ = numerator ÷ denominator: the plan that minimises cost − λ · served.

    Attributes
    ----------
    minimum : (p,) object
        Σ min(denominator · cost − numerator · served), exact.
    cost, value, served : (p,) object
        Exact totals of the minimising plan.
    choice : (p, n) int16
        Column of each item in it.
    """

    minimum: Sums
    cost: Sums
    value: Sums
    served: Sums
    choice: ChoiceArray


@dataclass(frozen=True)
class Multipliers:
    """Prices of one more unit served, as exact fractions with a common denominator."""

    numerators: tuple[int, ...]
    denominator: int


def choose_multipliers(
    steps: HullSteps, n_points: int, largest_cost: int, largest_served: int
) -> Multipliers:
    """Multipliers spread evenly in cost (log) and service along the relaxed curve."""
    if steps.slope.size == 0:
        return Multipliers((0,), 1)
    c = steps.base_cost + np.cumsum(steps.cost.astype(np.float64))
    s = np.cumsum(steps.served.astype(np.float64))
    log_c = np.log(np.maximum(c, 1.0))
    way = (log_c - log_c[0]) / max(log_c[-1] - log_c[0], 1e-300) + s / s[-1]
    at = np.searchsorted(way, np.linspace(way[0], way[-1], max(2, n_points - 1)))
    slopes = steps.slope[np.clip(at, 0, way.size - 1)]
    top = float(steps.slope[-1]) * 1.001 + 1e-6
    room = min(
        _BITS - largest_cost.bit_length(),
        _BITS - largest_served.bit_length() - max(1, int(np.ceil(np.log2(top + 1.0)))),
    )
    denominator = 1 << int(np.clip(room, 0, 40))
    numerators = {0, *(round(float(x) * denominator) for x in slopes), int(top * denominator) + 1}
    return Multipliers(tuple(sorted(numerators)), denominator)


def lagrangian(cost: Sums, served: Sums, value: Sums, multipliers: Multipliers) -> LagrangianSums:
    """Map: Lagrangian minima of a block of items for all multipliers, in exact integers."""
    n, p = cost.shape[0], len(multipliers.numerators)
    largest = max(abs(int(cost.max())), 1) * multipliers.denominator
    largest += max(abs(int(served.max())), 1) * max(multipliers.numerators)
    dtype = np.int64 if largest < 2**63 and cost.dtype != object else object
    scaled = np.ascontiguousarray(cost.T).astype(dtype) * multipliers.denominator
    units = np.ascontiguousarray(served.T).astype(dtype)
    rows = np.arange(n)
    choice = np.empty((p, n), dtype=np.int16)
    sums = np.empty((4, p), dtype=object)
    for point, numerator in enumerate(multipliers.numerators):
        reduced_cost = scaled - numerator * units
        column = reduced_cost.argmin(axis=0)
        choice[point] = column
        sums[0, point] = exact_sum(reduced_cost[column, rows])
        for row, table in enumerate((cost, value, served), start=1):
            sums[row, point] = exact_sum(table[rows, column])
    return LagrangianSums(sums[0], sums[1], sums[2], sums[3], choice)


def join_sums(blocks: Sequence[LagrangianSums]) -> LagrangianSums:
    """Reduce: totals over all blocks."""
    totals = []
    for name in ("minimum", "cost", "value", "served"):
        total = getattr(blocks[0], name)
        for block in blocks[1:]:
            total = total + getattr(block, name)
        totals.append(total)
    choice = mapped.room(
        (blocks[0].choice.shape[0], sum(block.choice.shape[1] for block in blocks)), np.int16
    )
    at = 0
    for block in blocks:
        choice[:, at : at + block.choice.shape[1]] = block.choice
        at += block.choice.shape[1]
    return LagrangianSums(totals[0], totals[1], totals[2], totals[3], choice)


@dataclass(frozen=True, eq=False)
class ItemPlan:
    """A target per item, its exact sums, and the bound that no per-item plan can undercut."""

    choice: npt.NDArray[np.int64]
    cost: int
    value: int
    served: int
    bound: Fraction

    @property
    def gap(self) -> float:
        """Largest possible saving as a fraction of cost."""
        return float(max(Fraction(0), self.cost - self.bound) / self.cost) if self.cost > 0 else 0.0


@dataclass(frozen=True, eq=False)
class ItemFrontier:
    """Per-item plans, each the cheapest of all per-item plans that serve as much.

    Attributes
    ----------
    choice : (p, n) int16
        Column of each item.
    cost, value, served : (p,) object
        Exact totals, ascending.
    minimum : (p,) object
        Lagrangian minima, for bounds between the points.
    multipliers : Multipliers
        Price of a unit served at each point.
    demanded : int
        Units demanded by all items.
    """

    choice: ChoiceArray
    cost: Sums
    value: Sums
    served: Sums
    minimum: Sums
    multipliers: Multipliers
    demanded: int
    steps: HullSteps
    tables: tuple[Sums, Sums, Sums]

    @cached_property
    def fill_rate(self) -> FloatArray:
        """(p,) achieved fill rate."""
        served = self.served.astype(np.float64)
        return served / self.demanded if self.demanded else np.full(served.shape, np.nan)

    def lower_bound(self, need: int) -> Fraction:
        """Cost that no per-item plan serving at least `need` can undercut; exact arithmetic."""
        return max(
            Fraction(int(low) + numerator * need, self.multipliers.denominator)
            for low, numerator in zip(self.minimum, self.multipliers.numerators, strict=True)
        )

    def at(self, *, fill_rate: float) -> ItemPlan:
        """A feasible per-item plan at a floor, with its gap; see `serving`."""
        need = fewest(fill_rate, self.demanded)
        if int(self.served[-1]) < need:
            raise NoPlanError(
                f"no per-item plan on the grid reaches fill rate {format_rate(fill_rate)}: the highest "
                f"reachable is {rate_down(int(self.served[-1]), self.demanded)}",
                None,
                int(self.served[-1]) / self.demanded,
            )
        return self.serving(need)

    def serving(self, need: int) -> ItemPlan:
        """A per-item plan that serves at least `need`: hull steps in order of slope, then rounded up.

        The last step is the cheapest remaining one that suffices; steps that turn out unnecessary
        are not undone, so the plan is feasible and near, not always, the best.
        """
        below = max(0, int(np.searchsorted(self.served, need, side="right")) - 1)
        if int(self.served[below]) >= need:
            return self._plan(self.choice[below].astype(np.int64), need)
        steps, choice = self.steps, self.steps.start.copy()
        reached = steps.reached
        last = int(np.searchsorted(reached, need))
        choice[steps.item[:last]] = steps.column[:last]
        missing = need - (int(reached[last - 1]) if last else steps.base_served)
        choice = self._finish(choice, missing)
        return self._plan(choice, need)

    def _finish(self, choice: IntArray, missing: int) -> IntArray:
        """Move one item to the column that serves what is missing at the least extra cost."""
        if missing <= 0:
            return choice
        cost, _, served = self.tables
        least, item, column = np.inf, -1, -1
        for first in range(0, choice.size, BLOCK_ITEMS):
            some = slice(first, first + BLOCK_ITEMS)
            rows, now = np.arange(choice[some].size), choice[some]
            gain = served[some] - served[some][rows, now][:, None]
            extra = (cost[some] - cost[some][rows, now][:, None]).astype(np.float64)
            extra = np.where(np.asarray(gain >= missing, dtype=np.bool_), extra, np.inf)
            at = int(extra.argmin())
            if extra.flat[at] < least:  # of equals the first
                least, item, column = extra.flat[at], first + at // cost.shape[1], at % cost.shape[1]
        if item < 0:
            reached = exact_sum(served[np.arange(choice.size), choice])
            at_point = int(np.searchsorted(self.served, reached + missing))
            return np.asarray(self.choice[at_point], dtype=np.int64)
        choice = choice.copy()
        choice[item] = column
        return choice

    def _plan(self, choice: npt.NDArray[np.int64], need: int) -> ItemPlan:
        rows = np.arange(choice.size)
        cost, value, served = (exact_sum(table[rows, choice]) for table in self.tables)
        return ItemPlan(choice, cost, value, served, self.lower_bound(need))


def _held(table: Sums) -> Sums:
    """Sums of items in as few bytes as hold them, in a file where they are large."""
    return mapped.away(narrow(table))


def per_item_bound(
    cost: Sums,
    served: Sums,
    *,
    value: Sums | None = None,
    demanded: Sums | None = None,
    n_points: int = 100,
) -> ItemFrontier:
    """Bounds and plans when every item may have its own target.

    Parameters
    ----------
    cost, served, value : (n, k) int64
        Sums of each item at each target, over replications.
    demanded : (n,) int64, optional
        Units demanded by each item, for fill rates.
    n_points : int
        Points along the curve.

    Notes
    -----
    Minimising cost − λ · served item by item bounds the cost of every per-item plan from below; at
    the units that its own plan serves the bound is attained, so that the plans listed are optimal.
    λ are binary fractions and every sum is an integer: no rounding enters a bound.

    References
    ----------
    Everett (1963), Generalized Lagrange multiplier method, Operations Research 11.
    """
    if cost.shape != served.shape or cost.ndim != 2 or not cost.size:
        raise UsageError(f"cost has shape {cost.shape}, served {served.shape}; one row per item expected")
    values = cost if value is None else value
    blocks = [slice(at, at + BLOCK_ITEMS) for at in range(0, cost.shape[0], BLOCK_ITEMS)]
    steps = join_steps([hull_steps(cost[rows], served[rows]).packed() for rows in blocks])
    multipliers = choose_multipliers(steps, n_points, int(cost.max()), int(served.max()))
    sums = join_sums([lagrangian(cost[rows], served[rows], values[rows], multipliers) for rows in blocks])
    _, keep = np.unique(sums.served, return_index=True)
    kept = Multipliers(tuple(multipliers.numerators[i] for i in keep), multipliers.denominator)
    total = 0 if demanded is None else exact_sum(demanded)
    return ItemFrontier(
        choice=mapped.away(sums.choice[keep]),
        cost=sums.cost[keep],
        value=sums.value[keep],
        served=sums.served[keep],
        minimum=sums.minimum[keep],
        multipliers=kept,
        demanded=total,
        steps=steps,
        tables=(_held(cost), _held(values), _held(served)),
    )
