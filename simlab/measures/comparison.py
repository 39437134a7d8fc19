"""Two frontiers compared at equal fill or equal cost, their plans fixed, replications paired."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray
from simlab.measures.curve import PlanCurve, Reading
from simlab.measures.estimates import ONE_NOTE, SAME_NOTE, Estimate, Kind, jackknife
from simlab.measures.student import t_quantile

OUTSIDE_NOTE = "outside the range of the plans: no number"


@dataclass(frozen=True)
class EqualComparison:
    """Frontier a against frontier b where both stand at the same point.

    Attributes
    ----------
    at : float
        The common fill rate (or common cost per replication).
    a, b : float
        Cost per replication (or fill rate) of each frontier there; NaN outside its range.
    difference : Estimate
        a − b.
    percent : Estimate
        (a − b) ÷ b as a fraction.
    """

    at: float
    a: float
    b: float
    difference: Estimate
    percent: Estimate


def equal_fill_difference(
    cost_a: npt.ArrayLike,
    served_a: npt.ArrayLike,
    cost_b: npt.ArrayLike,
    served_b: npt.ArrayLike,
    demanded: npt.ArrayLike,
    at_fill: float,
    level: float = 0.95,
    *,
    kind: Kind = "simulation",
) -> EqualComparison:
    """Cost difference of two frontiers at one achieved fill rate.

    Parameters
    ----------
    cost_a, served_a : (p_a, n) int or float
        Cost and units served of each plan of frontier a per replication; one row is one plan.
    cost_b, served_b : (p_b, n) int or float
        The same of frontier b, in the same replications.
    demanded : (n,) int or float
        Units demanded per replication.
    at_fill : float
        Fill rate at which both are read.
    level : float
        Confidence of the paired jackknife interval.

    Notes
    -----
    Plans that another plan of the same frontier beats on these replications are left out; cost at
    the fill rate is read by linear interpolation between neighbouring plans, or, where plans lie closer than
    their noise, from a line through those within 2 standard errors (`PlanCurve.reading`). The jackknife
    repeats the whole reading without each replication; the scatter of plans around the line counts besides.
    Outside either range the result is NaN with a note.
    """
    demand = np.asarray(demanded, dtype=np.float64)
    curves = [PlanCurve.of(served, cost, demand) for served, cost in ((served_a, cost_a), (served_b, cost_b))]
    return _compare(curves, at_fill, level, kind)


def cost_at_fill(
    cost: npt.ArrayLike, served: npt.ArrayLike, demanded: npt.ArrayLike, at_fill: float
) -> tuple[float, FloatArray]:
    """What one frontier costs at a fill rate, by interpolation between neighbouring plans.

    Parameters
    ----------
    cost, served : (p, n) int or float
        Cost and units served of each plan per replication (or batch).
    demanded : (n,) or (p, n) int or float
        Units demanded; by plan where the whole moves with the plan (cycles).

    Returns
    -------
    value : float
        Cost per replication; NaN outside the range of the plans.
    left_out : (n,) float
        The same without each replication, for jackknives over several frontiers together.
    """
    curve = PlanCurve.of(served, cost, np.asarray(demanded, dtype=np.float64))
    return curve.read(at_fill), curve.read_left(at_fill)


def fill_at_cost(
    cost: npt.ArrayLike, served: npt.ArrayLike, demanded: npt.ArrayLike, at_cost: float
) -> tuple[float, FloatArray]:
    """The fill rate that one frontier reaches at a cost per replication; as `cost_at_fill`."""
    curve = PlanCurve.of(served, cost, np.asarray(demanded, dtype=np.float64)).swapped()
    return curve.read(at_cost), curve.read_left(at_cost)


def equal_cost_difference(
    cost_a: npt.ArrayLike,
    served_a: npt.ArrayLike,
    cost_b: npt.ArrayLike,
    served_b: npt.ArrayLike,
    demanded: npt.ArrayLike,
    at_cost: float,
    level: float = 0.95,
    *,
    kind: Kind = "simulation",
) -> EqualComparison:
    """Fill rate difference of two frontiers at one mean cost per replication; as `equal_fill_difference`."""
    demand = np.asarray(demanded, dtype=np.float64)
    curves = [
        PlanCurve.of(served, cost, demand).swapped()
        for served, cost in ((served_a, cost_a), (served_b, cost_b))
    ]
    return _compare(curves, at_cost, level, kind)


def equal_fill_to_point(
    cost_a: npt.ArrayLike,
    served_a: npt.ArrayLike,
    cost_b: npt.ArrayLike,
    served_b: npt.ArrayLike,
    demanded: npt.ArrayLike,
    level: float = 0.95,
    *,
    demanded_b: npt.ArrayLike | None = None,
    kind: Kind = "simulation",
) -> EqualComparison:
    """Cost difference of frontier a and one single plan b, read at the fill that b reaches.

    Parameters
    ----------
    cost_a, served_a : (p, n) int or float
        The frontier, as in `equal_fill_difference`.
    cost_b, served_b, demanded : (n,) int or float
        The single plan, in the same replications.
    demanded_b : (n,) int or float, optional
        Where the whole moves with the plan (cycles): that of the single plan; `demanded` is then (p, n).

    Notes
    -----
    The fill of b is itself an estimate: the jackknife reads a at b's fill without each replication.
    """
    demand = np.asarray(demanded, dtype=np.float64)
    a = PlanCurve.of(served_a, cost_a, demand)
    b = PlanCurve.of(served_b, cost_b, demand if demanded_b is None else np.asarray(demanded_b, np.float64))
    at, n = float(b.x[0]), demand.shape[-1]
    one = a.reading(at, b.x_left[0])
    if math.isnan(one.value):
        nothing = Estimate(math.nan, math.nan, math.nan, level, kind, n, OUTSIDE_NOTE)
        return EqualComparison(at, one.value, float(b.y[0]), nothing, nothing)
    return reading_difference(at, one, Reading(float(b.y[0]), b.y_left[0], 0.0), level, kind)


def independent_difference(a: Estimate, b: Estimate) -> Estimate:
    """a − b of two estimates that share no randomness; symmetric intervals of one level.

    Notes
    -----
    Variances add up; degrees of freedom after Welch (1947) and Satterthwaite (1946).
    """
    value = a.value - b.value
    if min(a.n, b.n) < 2:
        return Estimate(value, math.nan, math.nan, a.level, a.kind, min(a.n, b.n), ONE_NOTE)
    errors = [one.half_width / t_quantile(0.5 + 0.5 * one.level, one.n - 1.0) for one in (a, b)]
    variance = errors[0] ** 2 + errors[1] ** 2
    if not variance > 0:
        return Estimate(value, value, value, a.level, a.kind, min(a.n, b.n), SAME_NOTE)
    free = variance**2 / (errors[0] ** 4 / (a.n - 1.0) + errors[1] ** 4 / (b.n - 1.0))
    half = t_quantile(0.5 + 0.5 * a.level, free) * math.sqrt(variance)
    return Estimate(value, value - half, value + half, a.level, a.kind, min(a.n, b.n))


def _compare(curves: list[PlanCurve], at: float, level: float, kind: Kind) -> EqualComparison:
    a, b = (curve.reading(at, at) for curve in curves)
    n = curves[0].x_left.shape[1]
    if math.isnan(a.value) or math.isnan(b.value):
        nothing = Estimate(math.nan, math.nan, math.nan, level, kind, n, OUTSIDE_NOTE)
        return EqualComparison(at, a.value, b.value, nothing, nothing)
    return reading_difference(at, a, b, level, kind)


def reading_difference(
    at: float, a: Reading, b: Reading, level: float, kind: Kind = "simulation"
) -> EqualComparison:
    """a − b of two readings at one point, and ÷ b; what lies beside the lines widens the intervals."""
    difference = jackknife(a.value - b.value, a.left - b.left, level, kind=kind)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = a.value / b.value - 1.0 if b.value else math.nan
        percent = jackknife(share, a.left / b.left - 1.0, level, kind=kind)
    scatter = math.sqrt(a.scatter + b.scatter)
    relative = scatter / abs(b.value) if b.value else 0.0
    return EqualComparison(at, a.value, b.value, _wider(difference, scatter), _wider(percent, relative))


def _wider(estimate: Estimate, error: float) -> Estimate:
    """The estimate with an independent standard error more in its interval."""
    if not error > 0 or math.isnan(estimate.half_width):
        return estimate
    half = math.hypot(estimate.half_width, t_quantile(0.5 + 0.5 * estimate.level, estimate.n - 1.0) * error)
    return replace(estimate, low=estimate.value - half, high=estimate.value + half, note="")
