"""Steps along the lower convex hulls of items, block by block, and what all of them in one order say.

A block of items yields its steps in ascending order of slope (map). What is asked of the steps of all
items is found from exact sums of every block below some slopes, added up (reduce), and from the steps
between two of these slopes: they alone are put into one order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from operator import itemgetter

import numpy as np

from simlab import mapped
from simlab.arrays import AnyArray, ChoiceArray, FloatArray, IntArray, narrow
from simlab.frontier.curves import INT64_SAFE, SegmentCurves, Sums, exact_sum

_MARGIN = 1e-9
_PER_BLOCK = 256
"""Slopes of a block of which some become landings."""
_LANDINGS = 1024


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
    def spent(self) -> Sums:
        """(m,) cost after each step, exact: int64 where all of them fit."""
        return _running(self.base_cost, self.cost)

    @property
    def reached(self) -> Sums:
        """(m,) units served after each step, likewise."""
        return _running(self.base_served, self.served)

    def sorted(self) -> HullSteps:
        """Steps in ascending order of slope: the order in which the relaxation takes them."""
        order = np.argsort(self.slope, kind="stable")
        return self._with(lambda table: table[order])

    def packed(self) -> HullSteps:
        """The same in as few bytes as hold them, in a file where others are."""
        packed = self._with(lambda table: mapped.away(narrow(table), piece=True))
        return replace(packed, start=mapped.away(narrow(self.start), piece=True))

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


def _running(base: int, added: Sums) -> Sums:
    """(m,) base + what was added up to each place, exact: int64 where all of it fits."""
    largest = 0 if added.size == 0 else max(abs(int(added.max())), abs(int(added.min())))
    if added.dtype != object and abs(base) + largest * added.size < INT64_SAFE:
        return np.asarray(base + np.cumsum(added, dtype=np.int64))
    return np.asarray(base + np.cumsum(added.astype(object)), dtype=object)


@dataclass(frozen=True, eq=False)
class Stairs:
    """The steps of all blocks of items, one flight after the other in ascending order of slope.

    Attributes
    ----------
    blocks : tuple of HullSteps
        Each in ascending order of slope; items are numbered from 0 in each.

    Notes
    -----
    A flight begins at a landing, a slope that some step has, and takes every step below the next. Steps
    of one slope stand in the order of blocks, in a block in the order they were found in: an item has no
    two of them but by rounding, so that a flight is no longer than its share and the number of items.
    """

    blocks: tuple[HullSteps, ...]

    @classmethod
    def of(cls, blocks: Iterable[HullSteps]) -> Stairs:
        """Of steps in any order, put away block by block as they come."""
        return cls(tuple(block.sorted().packed() for block in blocks))

    @property
    def start(self) -> IntArray:
        """(n,) column of each item's cheapest point."""
        return np.concatenate([block.start for block in self.blocks]).astype(np.int64)

    @property
    def base(self) -> tuple[int, int]:
        """Cost and units served of the cheapest points."""
        return sum(one.base_cost for one in self.blocks), sum(one.base_served for one in self.blocks)

    @property
    def top(self) -> float:
        """The steepest slope; 0 without steps."""
        return max((float(one.slope[-1]) for one in self.blocks if one.slope.size), default=0.0)

    @cached_property
    def _landings(self) -> FloatArray:
        """Slopes that flights after the first begin at, spread over all steps."""
        some = [block.slope[:: max(1, block.slope.size // _PER_BLOCK)] for block in self.blocks]
        found = np.unique(np.concatenate(some))
        return found[1 :: max(1, found.size // _LANDINGS)]

    @cached_property
    def ends(self) -> tuple[Sums, Sums]:
        """(f,) cost and units served at the end of each flight, with the base: Python integers."""
        cost, served = (np.full(self._landings.size + 1, base, dtype=object) for base in self.base)
        for block in self.blocks:
            at = np.append(np.searchsorted(block.slope, self._landings), block.slope.size)
            for total, added in ((cost, block.cost), (served, block.served)):
                total += np.concatenate(([0], _running(0, added)))[at].astype(object)
        return cost, served

    def flight(self, number: int) -> HullSteps:
        """The steps of a flight in order, items numbered through; its base is what stands before it."""
        low, high = self._between(number)
        first, parts = 0, []
        for block in self.blocks:
            own = slice(*np.searchsorted(block.slope, (low, high)).tolist())
            part = block._with(itemgetter(own))
            parts.append(replace(part, item=part.item.astype(np.int64) + first))
            first += block.start.size
        base_cost, base_served = (end[number - 1] for end in self.ends) if number else self.base
        together = HullSteps(
            start=np.empty(0, np.int64),
            base_cost=base_cost,
            base_served=base_served,
            item=np.concatenate([part.item for part in parts]),
            column=np.concatenate([part.column for part in parts]),
            slope=np.concatenate([part.slope for part in parts]),
            cost=np.concatenate([part.cost for part in parts]),
            served=np.concatenate([part.served for part in parts]),
        )
        return together.sorted()

    def serving(self, need: int) -> HullSteps:
        """The flight on which `need` units are served; the last where no step serves as much."""
        return self.flight(self._number(need))

    def climbed(self, need: int) -> tuple[IntArray, int]:
        """(n,) columns after the last step that serves less than `need`, and the units missing then."""
        number = self._number(need)
        choice, low, first = self.start, self._between(number)[0], 0
        for block in self.blocks:
            taken = int(np.searchsorted(block.slope, low))
            choice[block.item[:taken].astype(np.int64) + first] = block.column[:taken]
            first += block.start.size
        flight = self.flight(number)
        reached = flight.reached
        last = int(np.searchsorted(reached, need))
        choice[flight.item[:last]] = flight.column[:last]
        return choice, need - (int(reached[last - 1]) if last else flight.base_served)

    def _number(self, need: int) -> int:
        return min(int(np.searchsorted(self.ends[1], need)), self._landings.size)

    def _between(self, number: int) -> tuple[float, float]:
        ends = (-np.inf, *self._landings.tolist(), np.inf)
        return ends[number], ends[number + 1]


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
