"""Lower bounds when every SKU-location may have its own target, and plans that nearly attain them.

The work is split by blocks of items (map) and added up (reduce): a block yields the steps of its
items' lower convex hulls (`steps`) and, for given multipliers, sums of the Lagrangian minimum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from simlab import mapped
from simlab.arrays import ChoiceArray, FloatArray, IntArray, narrow_type
from simlab.errors import UsageError
from simlab.frontier.bounds.steps import Stairs, hull_steps
from simlab.frontier.curves import Sums, exact_sum, fewest
from simlab.frontier.plan import NoPlanError, rate_down
from simlab.measures import format_rate

BLOCK_ITEMS = 8192
_BITS = 61


@dataclass(frozen=True, eq=False)
class LagrangianSums:
    """For each multiplier λ = numerator ÷ denominator: the plan that minimises cost − λ · served.

    Attributes
    ----------
    minimum : (p,) object
        Σ min(denominator · cost − numerator · served), exact.
    cost, value, served : (p,) object
        Exact totals of the minimising plan.
    """

    minimum: Sums
    cost: Sums
    value: Sums
    served: Sums


@dataclass(frozen=True)
class Multipliers:
    """Prices of one more unit served, as exact fractions with a common denominator."""

    numerators: tuple[int, ...]
    denominator: int


def choose_multipliers(stairs: Stairs, n_points: int, largest_cost: int, largest_served: int) -> Multipliers:
    """Multipliers spread evenly in cost (log) and service along the relaxed curve."""
    base = stairs.base[1]
    cost, served = stairs.ends
    if int(served[-1]) == base:
        return Multipliers((0,), 1)
    first = stairs.flight(0)
    low, high = (float(np.log(max(float(one), 1.0))) for one in (first.spent[0], cost[-1]))

    def way(cost: Sums, served: Sums) -> FloatArray:
        """How far along the curve sums are, each rounded once."""
        log_c = np.log(np.maximum(cost.astype(np.float64), 1.0))
        gained = (served - base).astype(np.float64) / float(total)
        return np.asarray((log_c - low) / max(high - low, 1e-300) + gained)

    total = int(served[-1]) - base
    ends = way(cost, served)
    points = np.linspace(way(first.spent[:1], first.reached[:1])[0], ends[-1], max(2, n_points - 1))
    number = np.minimum(np.searchsorted(ends, points), ends.size - 1)
    slopes: list[float] = []
    for one in np.unique(number):
        flight = stairs.flight(int(one))
        at = np.searchsorted(way(flight.spent, flight.reached), points[number == one])
        slopes += flight.slope[np.minimum(at, flight.slope.size - 1)].tolist()
    top = stairs.top * 1.001 + 1e-6
    room = min(
        _BITS - largest_cost.bit_length(),
        _BITS - largest_served.bit_length() - max(1, int(np.ceil(np.log2(top + 1.0)))),
    )
    denominator = 1 << int(np.clip(room, 0, 40))
    numerators = {0, *(round(x * denominator) for x in slopes), int(top * denominator) + 1}
    return Multipliers(tuple(sorted(numerators)), denominator)


def lagrangian(
    cost: Sums, served: Sums, value: Sums, multipliers: Multipliers, choice: ChoiceArray
) -> LagrangianSums:
    """Map: Lagrangian minima of a block of items for all multipliers, in exact integers.

    `choice`, (p, n), is filled with the column of each item in each plan.
    """
    n, p = cost.shape[0], len(multipliers.numerators)
    largest = max(abs(int(cost.max())), 1) * multipliers.denominator
    largest += max(abs(int(served.max())), 1) * max(multipliers.numerators)
    dtype = np.int64 if largest < 2**63 and cost.dtype != object else object
    scaled = np.ascontiguousarray(cost.T).astype(dtype) * multipliers.denominator
    units = np.ascontiguousarray(served.T).astype(dtype)
    rows = np.arange(n)
    sums = np.empty((4, p), dtype=object)
    for point, numerator in enumerate(multipliers.numerators):
        reduced_cost = scaled - numerator * units
        column = reduced_cost.argmin(axis=0)
        choice[point] = column
        sums[0, point] = exact_sum(reduced_cost[column, rows])
        for row, table in enumerate((cost, value, served), start=1):
            sums[row, point] = exact_sum(table[rows, column])
    return LagrangianSums(sums[0], sums[1], sums[2], sums[3])


def join_sums(blocks: Sequence[LagrangianSums]) -> LagrangianSums:
    """Reduce: totals over all blocks."""
    totals = []
    for name in ("minimum", "cost", "value", "served"):
        total = getattr(blocks[0], name)
        for block in blocks[1:]:
            total = total + getattr(block, name)
        totals.append(total)
    return LagrangianSums(totals[0], totals[1], totals[2], totals[3])


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
    stairs: Stairs
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
        choice, missing = self.stairs.climbed(need)
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
    return mapped.typed(table, narrow_type(table))


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
    stairs = Stairs.of(hull_steps(cost[rows], served[rows]) for rows in blocks)
    multipliers = choose_multipliers(stairs, n_points, int(cost.max()), int(served.max()))
    choice = mapped.room((len(multipliers.numerators), cost.shape[0]), np.int16)
    sums = join_sums(
        [lagrangian(cost[rows], served[rows], values[rows], multipliers, choice[:, rows]) for rows in blocks]
    )
    _, keep = np.unique(sums.served, return_index=True)
    for row, plan in enumerate(keep.tolist()):  # ascending: a higher price never serves less
        choice[row] = choice[plan]
    kept = Multipliers(tuple(multipliers.numerators[i] for i in keep), multipliers.denominator)
    total = 0 if demanded is None else exact_sum(demanded)
    return ItemFrontier(
        choice=choice[: keep.size],
        cost=sums.cost[keep],
        value=sums.value[keep],
        served=sums.served[keep],
        minimum=sums.minimum[keep],
        multipliers=kept,
        demanded=total,
        stairs=stairs,
        tables=(_held(cost), _held(values), _held(served)),
    )
