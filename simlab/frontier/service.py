"""Service in other weights and as other ratios than units served by units demanded."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from simlab.arrays import IntArray
from simlab.errors import UsageError
from simlab.frontier.curves import Sums, exact_rate
from simlab.frontier.limits.limits import ratio_floor
from simlab.frontier.plan import NoPlanError, Plan
from simlab.frontier.problem import Problem
from simlab.measures import format_rate


def integer_weights(weights: npt.ArrayLike, resolution: float, what: str) -> IntArray:
    """(n,) weights of a unit as whole multiples of `resolution`, rounded once.

    Parameters
    ----------
    weights : (n,) float
        Value, margin or lines of one unit of each item, ≥ 0.
    resolution : float
        Size of one integer step, such as 0.0001 of the currency.
    what : str
        Name of the weight, for messages.

    Raises
    ------
    UsageError
        For missing or negative weights: a fill rate weighted by them would not be a share.
    """
    numbers = np.asarray(weights, dtype=np.float64)
    for wrong, reason in ((~np.isfinite(numbers), "is missing"), (numbers < 0, "is negative")):
        if wrong.any():
            count = int(wrong.sum())
            raise UsageError(
                f"{what} {reason} for {count} item{'s' if count > 1 else ''}: it cannot weigh service"
            )
    return np.asarray(np.rint(numbers / resolution), dtype=np.int64)


def weighted(sums: IntArray, weights: IntArray) -> Sums:
    """Item sums times an integer weight per item; Python integers where int64 could overflow."""
    shape = (-1,) + (1,) * (sums.ndim - 1)
    largest = int(np.abs(sums).max(initial=0)) * int(np.abs(weights).max(initial=0))
    if largest * max(1, sums.shape[0]) < 2**62:
        return np.asarray(sums * weights.reshape(shape))
    return np.asarray(sums.astype(object) * weights.astype(object).reshape(shape))


def ratio_points(
    problem: Problem, part: Sums, whole: Sums, levels: Sequence[float], *, what: str
) -> tuple[tuple[float, Plan], ...]:
    """The cheapest plan at each level of a ratio measure, one exact solve per level.

    Parameters
    ----------
    problem : Problem
        Curves, and limits that hold besides.
    part, whole : (n_segments, n_targets) int
        Good and all cycles, or periods with stock and all periods; both may move with the target.
    levels : sequence of float
        Floors; those out of reach are left out, the rest is returned with the level.
    what : str
        Name of the measure.

    Raises
    ------
    NoPlanError
        If not even the lowest level can be reached.
    """
    found: list[tuple[float, Plan]] = []
    for level in sorted(levels):
        rate: Fraction = exact_rate(level)
        floor = ratio_floor(f"{what} ≥ {format_rate(float(rate))}", part, whole, rate)
        asked = Problem(problem.curves, (*problem.limits, floor), problem.ordered, problem.time_limit)
        try:
            found.append((level, asked.at()))
        except NoPlanError:
            if not found:
                raise
            break
    return tuple(found)
