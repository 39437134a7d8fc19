"""Two sets of plans where they serve the same in one weight: cost, late margin, and the break-even share."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray
from simlab.measures.comparison import OUTSIDE_NOTE, reading_difference
from simlab.measures.curve import PlanCurve, Reading
from simlab.measures.estimates import Estimate
from simlab.measures.plans import SAME_COST
from simlab.measures.student import t_quantile

WEIGHT_NAMES = {
    "units": "units",
    "value": "value",
    "margin": "margin",
    "items": "SKU-locations, each counted once",
}
"""The weights in which every verdict is given: what a unit counts for, as sentences and headings say it."""

LESS, MORE, SAME, OPEN, NONE = "less", "more", "same", "open", "none"
"""Marks of a pair in one weight: costs less, more, the same; not distinguishable; no common service."""


@dataclass(frozen=True, eq=False)
class WeighedPlans:
    """Plans of one kind, per replication.

    Attributes
    ----------
    cost : (p, n) int or float
        Money a year.
    late : (p, n) int or float
        Margin a year of units not served at once.
    good, asked : (p, n) int or float
        Service in one weight: the part, and what it is a part of.
    """

    cost: npt.NDArray[np.generic]
    late: npt.NDArray[np.generic]
    good: npt.NDArray[np.generic]
    asked: npt.NDArray[np.generic]

    def asked_of(self, plan: int) -> npt.NDArray[np.generic]:
        """(n,) the whole of one plan: that of all, unless it moves with the plan (cycles)."""
        return self.asked if self.asked.ndim == 1 else np.asarray(self.asked[plan])

    def curve(self) -> PlanCurve:
        """Cost over service with late margin beside it."""
        return PlanCurve.of(self.good, self.cost, np.asarray(self.asked, dtype=np.float64), self.late)


@dataclass(frozen=True)
class EqualService:
    """Plans a against plans b at equal service in one weight.

    Attributes
    ----------
    at : float
        The service.
    cost_a, cost_b : float
        Money a year; NaN outside the range of the plans.
    difference, percent : Estimate
        a − b, and ÷ b.
    joint, joint_percent : Estimate
        The same with intervals that hold for all weights of the pair together.
    late : Estimate
        Margin not served at once, a − b, of the same plans.
    break_even : Estimate
        Share of the further late margin that may be lost before a stops paying; NaN unless a saves.
    """

    at: float
    cost_a: float
    cost_b: float
    difference: Estimate
    percent: Estimate
    joint: Estimate
    joint_percent: Estimate
    late: Estimate
    break_even: Estimate

    @property
    def mark(self) -> str:
        """What the joint interval says of the pair in this weight."""
        return mark_of(self.joint, self.joint_percent)


def equal_service(
    a: WeighedPlans, b: WeighedPlans, at: float | None, level: float, n_weights: int
) -> EqualService:
    """Cost and late margin of two sets of plans at one service, plans fixed, replications paired.

    Parameters
    ----------
    a, b : WeighedPlans
        In the same replications.
    at : float, optional
        Service at which both are read; that of b's only plan if left out.
    level : float
    n_weights : int
        Weights that the pair is compared in: joint intervals have the level 1 − (1 − level) ÷ n (Bonferroni).

    Notes
    -----
    Of each set, plans that another beats in (service in this weight, cost) are left out; between neighbours
    cost and late margin are joined by straight lines, both with the same weights (`PlanCurve.readings`).
    """
    curves = a.curve(), b.curve()
    at_left: float | FloatArray
    if at is None:
        at, at_left = float(curves[1].x[0]), curves[1].x_left[0]
        of_b = (Reading(float(one.y[0]), one.y_left[0], 0.0) for one in (curves[1], curves[1].beside) if one)
        (cost_a, late_a), (cost_b, late_b) = curves[0].readings(at, at_left), of_b
    else:
        (cost_a, late_a), (cost_b, late_b) = (one.readings(at, at) for one in curves)
    joint = 1.0 - (1.0 - level) / max(1, n_weights)
    if math.isnan(cost_a.value) or math.isnan(cost_b.value):
        none = Estimate(math.nan, math.nan, math.nan, level, n=a.cost.shape[1], note=OUTSIDE_NOTE)
        return EqualService(at, cost_a.value, cost_b.value, *(none,) * 6)
    pair = reading_difference(at, cost_a, cost_b, level)
    wide = reading_difference(at, cost_a, cost_b, joint)
    late = reading_difference(at, late_a, late_b, level).difference
    return EqualService(
        at,
        cost_a.value,
        cost_b.value,
        pair.difference,
        pair.percent,
        wide.difference,
        wide.percent,
        late,
        break_even(_minus(cost_b, cost_a), _minus(late_a, late_b), level),
    )


def mark_of(difference: Estimate, percent: Estimate) -> str:
    """What an interval says of a difference in cost."""
    if math.isnan(difference.value):
        return NONE
    if max(abs(percent.low), abs(percent.high)) < SAME_COST:
        return SAME
    if difference.high < 0:
        return LESS
    return MORE if difference.low > 0 else OPEN


def agreed(marks: Iterable[str]) -> bool:
    """Whether a pair may be called cheaper without naming a weight: it is in every one of them."""
    every = list(marks)
    return bool(every) and all(mark == LESS for mark in every)


def break_even(saving: Reading, further: Reading, level: float) -> Estimate:
    """Saving ÷ further margin not served at once, with Fieller's limits.

    Parameters
    ----------
    saving : Reading
        Cost of b less cost of a, with the same without each replication (n,).
    further : Reading
        Late margin of a less that of b.
    level : float

    Returns
    -------
    Estimate
        A share of the *further* late margin: a pays if less of it is lost. NaN unless both are above 0 and
        their intervals, too.

    References
    ----------
    Fieller (1954), Some problems in interval estimation, J. R. Statist. Soc. B 16.
    """
    n = max(saving.left.size, further.left.size)
    nothing = Estimate(math.nan, math.nan, math.nan, level, n=n, note="not defined: nothing is saved for it")
    if n < 2 or not (saving.value > 0 and further.value > 0):
        return nothing
    rows = [one.left - one.left.mean() for one in (saving, further)]
    part = (n - 1.0) / n
    v_s = part * float(np.square(rows[0]).sum()) + saving.scatter
    v_f = part * float(np.square(rows[1]).sum()) + further.scatter
    both = part * float((rows[0] * rows[1]).sum())
    t2 = t_quantile(0.5 + 0.5 * level, n - 1.0) ** 2
    s2, f2 = saving.value**2 - t2 * v_s, further.value**2 - t2 * v_f
    if s2 <= 0 or f2 <= 0:
        return nothing
    middle = saving.value * further.value - t2 * both
    half = math.sqrt(max(0.0, middle**2 - f2 * s2))
    value = saving.value / further.value
    return Estimate(value, (middle - half) / f2, (middle + half) / f2, level, n=n)


def _minus(a: Reading, b: Reading) -> Reading:
    return Reading(a.value - b.value, a.left - b.left, a.scatter + b.scatter)


def left_out_means(values: npt.ArrayLike) -> Reading:
    """The mean over replications (n,), and without each of them."""
    row = np.asarray(values, dtype=np.float64)
    n = row.size
    left = (row.sum() - row) / (n - 1.0) if n > 1 else row
    return Reading(float(row.mean()), left, 0.0)
