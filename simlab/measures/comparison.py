"""Two frontiers compared at equal fill or equal cost, their plans fixed, replications paired."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray
from simlab.errors import UsageError
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
    the fill rate is read by linear interpolation between neighbouring plans. The jackknife repeats
    the whole reading without each replication. Outside either range the result is NaN with a note.
    """
    demand = np.asarray(demanded, dtype=np.float64)
    curves = [_Curve.of(served, cost, demand) for served, cost in ((served_a, cost_a), (served_b, cost_b))]
    return _compare(curves, at_fill, level, kind)


def cost_at_fill(
    cost: npt.ArrayLike, served: npt.ArrayLike, demanded: npt.ArrayLike, at_fill: float
) -> tuple[float, FloatArray]:
    """What one frontier costs at a fill rate: the reading that `equal_fill_difference` takes of each.

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
    curve = _Curve.of(served, cost, np.asarray(demanded, dtype=np.float64))
    return curve.read(at_fill), curve.read_left(at_fill)


def fill_at_cost(
    cost: npt.ArrayLike, served: npt.ArrayLike, demanded: npt.ArrayLike, at_cost: float
) -> tuple[float, FloatArray]:
    """The fill rate that one frontier reaches at a cost per replication; as `cost_at_fill`."""
    curve = _Curve.of(served, cost, np.asarray(demanded, dtype=np.float64)).swapped()
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
        _Curve.of(served, cost, demand).swapped() for served, cost in ((served_a, cost_a), (served_b, cost_b))
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
    a = _Curve.of(served_a, cost_a, demand)
    b = _Curve.of(served_b, cost_b, demand if demanded_b is None else np.asarray(demanded_b, np.float64))
    at, n = float(b.x[0]), demand.shape[-1]
    cost = a.read(at)
    if math.isnan(cost):
        nothing = Estimate(math.nan, math.nan, math.nan, level, kind, n, OUTSIDE_NOTE)
        return EqualComparison(at, cost, float(b.y[0]), nothing, nothing)
    return _difference(at, cost, float(b.y[0]), a.read_left(b.x_left[0]), b.y_left[0], level, kind)


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


@dataclass(frozen=True)
class _Curve:
    """x and y of each plan on all replications (p,) and without each one (p, n); both ascend."""

    x: FloatArray
    y: FloatArray
    x_left: FloatArray
    y_left: FloatArray

    @classmethod
    def of(cls, served: npt.ArrayLike, cost: npt.ArrayLike, demanded: FloatArray) -> _Curve:
        s = np.atleast_2d(np.asarray(served, dtype=np.float64))
        c = np.atleast_2d(np.asarray(cost, dtype=np.float64))
        n = demanded.shape[-1]
        if s.shape != c.shape or s.shape[1] != n:
            raise UsageError(f"plans × replications differ: served {s.shape}, cost {c.shape}, demanded {n}")
        demanded = np.broadcast_to(demanded, s.shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            keep = _undominated(c.sum(axis=1), s.sum(axis=1) / demanded.sum(axis=1))
            s, c, demanded = s[keep], c[keep], demanded[keep]
            fill = s.sum(axis=1) / demanded.sum(axis=1)
            fill_left = (s.sum(axis=1)[:, None] - s) / (demanded.sum(axis=1)[:, None] - demanded)
            cost_left = (c.sum(axis=1)[:, None] - c) / (n - 1.0)
        return cls(fill, c.mean(axis=1), fill_left, cost_left)

    def swapped(self) -> _Curve:
        return _Curve(self.y, self.x, self.y_left, self.x_left)

    def read(self, at: float) -> float:
        """Value at `at`; NaN outside the range of the plans."""
        if not self.x[0] <= at <= self.x[-1]:
            return math.nan
        return float(np.interp(at, self.x, self.y))

    def read_left(self, at: float | FloatArray) -> FloatArray:
        """Value at `at` (one, or one per replication) without each replication.

        At the ends the last stretch is prolonged.
        """
        if self.x.size == 1:
            return np.asarray(self.y_left[0])
        above = self.x_left[1:] >= at
        above[-1] = True
        right = above.argmax(axis=0) + 1
        rows = np.arange(right.size)
        x0, x1 = self.x_left[right - 1, rows], self.x_left[right, rows]
        y0, y1 = self.y_left[right - 1, rows], self.y_left[right, rows]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(x1 == x0, y1, y0 + (at - x0) * (y1 - y0) / (x1 - x0)))


def _undominated(cost: FloatArray, served: FloatArray) -> npt.NDArray[np.intp]:
    order = np.lexsort((-served, cost))
    best = np.maximum.accumulate(served[order])
    first = np.concatenate(([True], best[1:] > best[:-1]))
    return np.asarray(order[first], dtype=np.intp)


def _compare(curves: list[_Curve], at: float, level: float, kind: Kind) -> EqualComparison:
    a, b = (curve.read(at) for curve in curves)
    n = curves[0].x_left.shape[1]
    if math.isnan(a) or math.isnan(b):
        nothing = Estimate(math.nan, math.nan, math.nan, level, kind, n, OUTSIDE_NOTE)
        return EqualComparison(at, a, b, nothing, nothing)
    left_a, left_b = (curve.read_left(at) for curve in curves)
    return _difference(at, a, b, left_a, left_b, level, kind)


def _difference(
    at: float, a: float, b: float, left_a: FloatArray, left_b: FloatArray, level: float, kind: Kind
) -> EqualComparison:
    difference = jackknife(a - b, left_a - left_b, level, kind=kind)
    with np.errstate(divide="ignore", invalid="ignore"):
        percent = jackknife(a / b - 1.0 if b else math.nan, left_a / left_b - 1.0, level, kind=kind)
    return EqualComparison(at, a, b, difference, percent)
