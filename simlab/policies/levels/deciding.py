"""Which levels reach the targets, by what simulation has shown, and which it should look at next."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from simlab.arrays import FloatArray, IntArray

GOAL = 0.0005
"""Standard error of service at which a level counts as known."""
CLEAR = 4.0
"""Standard errors between service and target beyond which nothing more is to be decided."""
_APART = 0.03  # service between two levels with others between them, at most
_SPARE = 1.2  # more replications than seem needed, for what is needed is estimated too
_TIE = 1e-12


@dataclass(frozen=True, eq=False)
class Shape:
    """Service by level as a formula sees it: how service runs between the levels looked at.

    Attributes
    ----------
    curve : (m,) float
        Service at the levels 0, 1, … in lattice steps.
    step : int
        Units of a step.
    above : int
        What is added to a level first: 1 where it is a reorder point, for the curve begins at s + 1.
    """

    curve: FloatArray
    step: int
    above: int
    _logs: dict[int, float] = field(default_factory=dict)

    def missed(self, level: int) -> float:
        """Share missed at a level; beyond the curve as at its end."""
        place = min(max((level + self.above) / self.step, 0.0), self.curve.size - 1.0)
        below = min(int(place), self.curve.size - 2)
        low, high = float(self.curve[below]), float(self.curve[below + 1])
        return min(max(1.0 - low - (place - below) * (high - low), 0.0), 1.0)

    def log(self, level: int) -> float:
        """Logarithm of that."""
        if level not in self._logs:
            self._logs[level] = math.log(max(self.missed(level), 1e-9))
        return self._logs[level]


@dataclass(frozen=True, eq=False)
class Seen:
    """Levels of one item in order, what they serve, and how well that is known.

    Attributes
    ----------
    levels : list of int
    rising : list of float
        Service that rises with the level: isotonic regression of `service`, weighted by precision.
    service, error : list of float
    replications : list of int
    least : int
        The lowest level that makes sense.
    most : int
        The highest that is looked at.
    """

    levels: list[int]
    rising: list[float]
    service: list[float]
    error: list[float]
    replications: list[int]
    least: int
    most: int
    _wrong: dict[int, float] = field(default_factory=dict)
    _offs: dict[int, Callable[[int], float]] = field(default_factory=dict)

    def settled(self, place: int, target: float) -> bool:
        """Whether more replications would not change on which side of the target a level lies."""
        error = self.error[place]
        return error <= GOAL or abs(self.service[place] - target) >= CLEAR * error

    def wrong_by(self, place: int, shape: Shape) -> float:
        """Logarithm of what is missed at a level over what the formula expects."""
        if place not in self._wrong:
            missed = math.log(max(1.0 - self.rising[place], 1e-9))
            self._wrong[place] = missed - shape.log(self.levels[place])
        return self._wrong[place]

    def wrong_between(self, at: int, shape: Shape) -> Callable[[int], float]:
        """The same between two levels, by level."""
        if at not in self._offs:
            self._offs[at] = _off(self, at, shape)
        return self._offs[at]

    def missing(self, place: int, target: float) -> int:
        """Replications until that is so, estimated."""
        error, gap = self.error[place], abs(self.service[place] - target)
        times = min((error / GOAL) ** 2, (CLEAR * error / max(gap, 1e-9)) ** 2)
        return math.ceil(self.replications[place] * max(_SPARE * times - 1.0, 0.25))


def seen(
    levels: IntArray, service: FloatArray, error: FloatArray, replications: IntArray, least: int, most: int
) -> Seen:
    """One item's levels sorted, with isotonic service.

    References
    ----------
    Barlow, Bartholomew, Bremner, Brunk (1972), Statistical inference under order restrictions, 1.2.
    """
    order = np.argsort(levels)
    values, errors = service[order].tolist(), error[order].tolist()
    pools: list[tuple[float, float, int]] = []
    for value, error_of in zip(values, errors, strict=True):
        pool = value, 1.0 / error_of**2, 1
        while pools and pools[-1][0] >= pool[0]:
            before = pools.pop()
            weight = before[1] + pool[1]
            pool = (before[0] * before[1] + pool[0] * pool[1]) / weight, weight, before[2] + pool[2]
        pools.append(pool)
    rising = [value for value, _, size in pools for _ in range(size)]
    return Seen(levels[order].tolist(), rising, values, errors, replications[order].tolist(), least, most)


def next_looks(known: Seen, targets: list[float], shape: Shape) -> dict[int, int]:
    """Levels that undecided targets depend on, and replications that would decide each."""
    wanted: dict[int, int] = {}
    for target in targets:
        for level, more in _next(known, target, shape):
            wanted[level] = max(wanted.get(level, 0), more)
    return wanted


def _next(known: Seen, target: float, shape: Shape) -> list[tuple[int, int]]:
    at, levels = bisect_left(known.rising, target - _TIE), known.levels
    if at == len(levels):
        return _above(known, target)
    if at == 0:
        lowest = levels[0]
        if lowest > known.least:
            lower = max(known.least, lowest - max(1, (lowest - known.least + 3) // 4))
            return [(lower, known.replications[0])]
        return [] if known.settled(0, target) else [(lowest, known.missing(0, target))]
    gap = levels[at] - levels[at - 1]
    if gap > 1 and known.rising[at] - known.rising[at - 1] > _APART:
        place = between(known, at, target, shape)
        inside = {min(max(level, levels[at - 1] + 1), levels[at] - 1) for level in (place - 1, place)}
        return [(level, known.replications[at]) for level in sorted(inside)]
    if gap > 1:
        return [(levels[side], _to_goal(known, side)) for side in (at - 1, at) if known.error[side] > GOAL]
    return [
        (levels[side], known.missing(side, target))
        for side in (at - 1, at)
        if not known.settled(side, target)
    ]


def _to_goal(known: Seen, place: int) -> int:
    times = (known.error[place] / GOAL) ** 2
    return math.ceil(known.replications[place] * max(_SPARE * times - 1.0, 0.25))


def _above(known: Seen, target: float) -> list[tuple[int, int]]:
    """No level reaches the target yet: a higher one, up to a limit; then nothing."""
    top = known.levels[-1]
    more = [] if known.settled(-1, target) else [(top, known.missing(-1, target))]
    if top < known.most:
        more.append((min(top + max(1, (top - known.levels[0] + 1) // 2), known.most), known.replications[-1]))
    return more


def between(known: Seen, at: int, target: float, shape: Shape) -> int:
    """The least level above `levels[at − 1]`, at most `levels[at]`, that reaches the target.

    Notes
    -----
    Between two levels the ratio of what is missed to what the formula expects changes smoothly, on the
    scale of logarithms: the formula knows how service bends, simulation by how much it is wrong.
    """
    below, above = known.levels[at - 1], known.levels[at]
    if above - below == 1:
        return above
    off = known.wrong_between(at, shape)
    wanted = math.log(max(1.0 - target, 1e-9))
    while above - below > 1:
        middle = (below + above) // 2
        missed = shape.log(middle) + off(middle)
        below, above = (below, middle) if missed <= wanted else (middle, above)
    return above


def _off(known: Seen, at: int, shape: Shape) -> Callable[[int], float]:
    """By how much the formula is wrong between two levels: Hermite's cubic, slopes from the neighbours."""
    places = [min(max(at + step, 0), len(known.levels) - 1) for step in (-2, -1, 0, 1)]
    x = [known.levels[place] for place in places]
    y = [known.wrong_by(place, shape) for place in places]
    width = x[2] - x[1]
    slopes = [(y[end] - y[begin]) / (x[end] - x[begin]) * width for begin, end in ((0, 2), (1, 3))]

    def off(level: int) -> float:
        share = (level - x[1]) / width
        rest = 1.0 - share
        bend = rest * slopes[0] - share * slopes[1] + (share - rest) * (y[2] - y[1])
        return rest * y[1] + share * y[2] + share * rest * bend

    return off


@dataclass(frozen=True)
class Decided:
    """Levels of one item's targets.

    Attributes
    ----------
    levels : list of int
    error : float
        Largest standard error at which a target close to a level was decided; 0 where all are clear.
    reached : bool
        Whether every target is reached by a level that was looked at.
    """

    levels: list[int]
    error: float
    reached: bool


def decide(known: Seen, targets: list[float], start: list[int], shape: Shape) -> Decided:
    """The least levels that reach the targets, by what is known now; `start` where none does."""
    out, error, reached = [], 0.0, True
    for target, formula in zip(targets, start, strict=True):
        at = bisect_left(known.rising, target - _TIE)
        if at == len(known.levels):
            reached = False
            out.append(max(formula, known.levels[-1]))
            continue
        out.append(known.levels[0] if at == 0 else between(known, at, target, shape))
        sides = (0,) if at == 0 else (at - 1, at)
        far = at > 0 and known.levels[at] - known.levels[at - 1] > 1
        unsure = [known.error[side] for side in sides if far or not known.settled(side, target)]
        error = max([error, *unsure])
    return Decided(out, error if error > GOAL else 0.0, reached)
