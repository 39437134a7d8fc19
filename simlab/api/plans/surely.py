"""Floors that hold on randomness that chose no plan: lower limits, simultaneous over the plans tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from simlab.api.requirements.constraints import Constraints
from simlab.api.requirements.grouping import Grouping
from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.execution import PlanSums
from simlab.frontier import Limit, NoPlanError, Plan, Problem, SegmentCurves, ratio_floor
from simlab.frontier.bounds.noise import joint_level
from simlab.frontier.curves import exact_rate
from simlab.measures import format_rate, ratio_interval
from simlab.segments import Segmentation

LIFTS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0)
"""Half widths of their intervals by which floors are raised to find a plan that surely meets them."""


@dataclass(frozen=True, eq=False)
class Floor:
    """A floor whose service is a sum over whole segments.

    Attributes
    ----------
    name : str
        Empty for the floor on all items together.
    at_least : float
    inside : (n_segments,) bool
    good : (k, c, r) int64
        Good part of every target in every segment on the selection seed.
    asked : (r,) int64
    """

    name: str
    at_least: float
    inside: BoolArray
    good: IntArray
    asked: IntArray

    def served(self, choice: npt.NDArray[np.integer]) -> IntArray:
        """(p, r) good part of plans of segment targets."""
        total = np.zeros((choice.shape[0], self.good.shape[2]), dtype=np.int64)
        for segment in np.flatnonzero(self.inside):
            total += self.good[choice[:, segment], segment]
        return total


@dataclass(frozen=True, eq=False)
class Judge:
    """Floors and their lower limits on the selection seed.

    Attributes
    ----------
    floors : tuple of Floor
        That on all items first.
    level : float
        Joint confidence over floors and plans tried.
    left : tuple of str
        Floors of groups that are no unions of segments, or of other measures: not judged here.
    """

    floors: tuple[Floor, ...]
    level: float
    left: tuple[str, ...] = ()
    highest: list[float] = field(default_factory=list)

    @classmethod
    def of(
        cls, cells: PlanSums, fill_rate: float, rules: Constraints, segmentation: Segmentation, level: float
    ) -> Judge:
        """The floor on all items, and those of the study that segments add up to."""
        everywhere = np.ones(segmentation.n_segments, dtype=np.bool_)
        floors = [Floor("", fill_rate, everywhere, cells.good, cells.asked[0].sum(axis=0))]
        left = []
        for spec, groups in rules.floors:
            for name, at_least in spec.at_least.items():
                title = f"{spec.by} {name}"
                inside = _whole_segments(groups, name, segmentation)
                if inside is None or spec.measure != "fill_rate":
                    left.append(title)
                    continue
                asked = cells.demanded[0][inside].sum(axis=0)
                floors.append(Floor(title, at_least, inside, cells.served, asked))
        return cls(tuple(floors), level, tuple(left))

    def limits(self, choice: npt.NDArray[np.integer]) -> FloatArray:
        """(floors, p) lower limits that hold for all of these plans and floors together."""
        parts = [(floor.served(choice), floor.asked) for floor in self.floors]
        level = joint_level(parts, self.level)
        return np.array([np.atleast_1d(ratio_interval(*part, level).low) for part in parts])

    def first(self, choice: npt.NDArray[np.integer]) -> tuple[int, float] | None:
        """The first plan whose limits reach every floor, with that of all items; None if none does.

        Plans are tried in their order; a plan is judged together with all before it (and a few after it).
        """
        least = np.array([floor.at_least for floor in self.floors])[:, None]
        tried = 1
        while True:
            tried = min(tried, len(choice))
            low = self.limits(choice[:tried])
            met = np.flatnonzero((low >= least).all(axis=0))
            if met.size:
                return int(met[0]), float(low[0, met[0]])
            self.highest.append(float(np.nanmax(low[0])))
            if tried == len(choice):
                return None
            tried *= 2

    def lifted(self, problem: Problem, plain: SegmentCurves, best: Plan, budget: float | None) -> list[Plan]:
        """Plans under raised floors, in ascending cost, the given one first."""
        found = [best]
        wide = [self._half_width(floor, best) for floor in self.floors]
        for lift in LIFTS:
            rates = [
                min(floor.at_least + lift * half, 1.0) for floor, half in zip(self.floors, wide, strict=True)
            ]
            more = tuple(
                _floor(floor, plain, rate) for floor, rate in zip(self.floors[1:], rates[1:], strict=True)
            )
            asked = Problem(problem.curves, (*problem.limits, *more), problem.ordered, problem.time_limit)
            try:
                found.append(asked.at(fill_rate=rates[0], budget=budget))
            except NoPlanError:
                break
        return sorted(found, key=lambda plan: plan.cost)

    def _half_width(self, floor: Floor, plan: Plan) -> float:
        found = ratio_interval(floor.served(plan.choice[None, :]), floor.asked, self.level)
        return float(np.atleast_1d(found.high - found.low)[0]) / 2

    def note(self, low: float) -> str:
        """How the plan was chosen."""
        level, floor = f"{100 * self.level:g}%", format_rate(self.floors[0].at_least)
        others = len(self.floors) - 1
        more = f" (and of {others} further floor{'s' if others > 1 else ''})" if others else ""
        text = (
            f"chosen on the selection seed: the cheapest plan tried whose lower {level} bound there, "
            f"{format_rate(low)}, meets the floor {floor}{more}; the bound holds for all plans tried together"
        )
        if self.left:
            text += f"; not judged there, but met on the search seed: floors of {', '.join(self.left)}"
        return text


def _whole_segments(groups: Grouping, name: str, segmentation: Segmentation) -> BoolArray | None:
    """(n_segments,) segments that make up a group; None where it takes a part of one."""
    members = groups.codes == groups.names.index(name)
    n = segmentation.n_segments
    inside = np.bincount(segmentation.codes[members], minlength=n)
    whole = inside == segmentation.sizes
    return whole if (whole | (inside == 0)).all() else None


def _floor(floor: Floor, plain: SegmentCurves, rate: float) -> Limit:
    """A floor on units at a higher rate, on the search seed."""
    rows = floor.inside[:, None]
    part = np.where(rows, plain.served, 0)
    whole = np.where(rows, np.broadcast_to(plain.demanded[:, None], part.shape), 0)
    return ratio_floor(f"fill rate of {floor.name} raised", part, whole, exact_rate(round(rate, 6)))


def stacked(plans: Sequence[Plan]) -> npt.NDArray[np.int16]:
    """(p, n_segments) targets of plans."""
    return np.array([plan.choice for plan in plans], dtype=np.int16)
