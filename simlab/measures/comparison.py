"""Two frontiers compared at equal fill or equal cost, their plans fixed, replications paired."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray
from simlab.errors import UsageError
from simlab.measures.estimates import ONE_NOTE, SAME_NOTE, Estimate, Kind, jackknife
from simlab.measures.student import t_quantile

_BAND, _NEIGHBOUR = 2.0, 0.05
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
    their noise, from a line through those within 2 standard errors (`_Curve.reading`). The jackknife
    repeats the whole reading without each replication; the scatter of plans around the line counts besides.
    Outside either range the result is NaN with a note.
    """
    demand = np.asarray(demanded, dtype=np.float64)
    curves = [_Curve.of(served, cost, demand) for served, cost in ((served_a, cost_a), (served_b, cost_b))]
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
    one = a.reading(at, b.x_left[0])
    if math.isnan(one.value):
        nothing = Estimate(math.nan, math.nan, math.nan, level, kind, n, OUTSIDE_NOTE)
        return EqualComparison(at, one.value, float(b.y[0]), nothing, nothing)
    return _difference(at, one, _Reading(float(b.y[0]), b.y_left[0], 0.0), level, kind)


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
class _Reading:
    """Value of a curve at a point, without each replication (n,), and the variance of plans around it."""

    value: float
    left: FloatArray
    scatter: float


@dataclass(frozen=True)
class _Curve:
    """x and y of each plan on all replications (p,) and without each one (p, n); both ascend."""

    x: FloatArray
    y: FloatArray
    x_left: FloatArray
    y_left: FloatArray
    every: _Curve | None = None
    """The plans that others beat, too, by x."""

    @classmethod
    def of(cls, served: npt.ArrayLike, cost: npt.ArrayLike, demanded: FloatArray) -> _Curve:
        s = np.atleast_2d(np.asarray(served, dtype=np.float64))
        c = np.atleast_2d(np.asarray(cost, dtype=np.float64))
        n = demanded.shape[-1]
        if s.shape != c.shape or s.shape[1] != n:
            raise UsageError(f"plans × replications differ: served {s.shape}, cost {c.shape}, demanded {n}")
        demanded = np.broadcast_to(demanded, s.shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            fill = s.sum(axis=1) / demanded.sum(axis=1)
        keep = _undominated(c.sum(axis=1), fill)
        every = cls._of_plans(s, c, demanded, np.argsort(fill, kind="stable"))
        return replace(cls._of_plans(s, c, demanded, keep), every=every)

    @classmethod
    def _of_plans(
        cls, s: FloatArray, c: FloatArray, demanded: FloatArray, keep: npt.NDArray[np.intp]
    ) -> _Curve:
        n = s.shape[1]
        s, c, demanded = s[keep], c[keep], demanded[keep]
        with np.errstate(divide="ignore", invalid="ignore"):
            fill = s.sum(axis=1) / demanded.sum(axis=1)
            fill_left = (s.sum(axis=1)[:, None] - s) / (demanded.sum(axis=1)[:, None] - demanded)
            cost_left = (c.sum(axis=1)[:, None] - c) / (n - 1.0)
        return cls(fill, c.mean(axis=1), fill_left, cost_left)

    def swapped(self) -> _Curve:
        every = None
        if self.every is not None:
            order = np.argsort(self.every.y, kind="stable")
            one = self.every
            every = _Curve(one.y[order], one.x[order], one.y_left[order], one.x_left[order])
        return _Curve(self.y, self.x, self.y_left, self.x_left, every)

    def reading(self, at: float, at_left: float | FloatArray) -> _Reading:
        """Value at `at`, and at `at_left` without each replication.

        Notes
        -----
        Where at least three plans lie within 2 standard errors of x (of the plan nearest to `at`), which of
        them are neighbours, and which beats which, is chance: a stair of plans is finer than the noise. A
        line is then fitted to them with weights 1 − (distance ÷ bandwidth)², the two neighbours with at least
        0.05; the mean square of what lies beside the line is the variance of a step of that stair. Plans
        that are beaten count unless they are more than the bandwidth behind.
        """
        value, every = self.read(at), self.every
        if math.isnan(value) or every is None:
            return _Reading(value, self.read_left(at_left), 0.0)
        rows, weight = self._window(every, at)
        if rows.size < 3:
            return _Reading(value, self.read_left(at_left), 0.0)
        line, beside = _line_at(every.x[rows, None], every.y[rows, None], weight, np.array([at]))
        left, _ = _line_at(every.x_left[rows], every.y_left[rows], weight, np.asarray(at_left))
        return _Reading(float(line[0]), left, float(beside[0]))

    def _window(self, every: _Curve, at: float) -> tuple[npt.NDArray[np.intp], FloatArray]:
        """Plans within the noise of `at`, its two neighbours, and their weights; none where they are few."""
        n = self.x_left.shape[1]
        left = self.x_left[int(np.abs(self.x - at).argmin())]
        band = _BAND * math.sqrt((n - 1.0) / n * float(np.square(left - left.mean()).sum())) if n > 1 else 0.0
        near = every.y <= np.interp(every.x + band, self.x, self.y)
        inside = near & (np.abs(every.x - at) < band)
        if int(inside.sum()) < 3:
            return np.zeros(0, np.intp), np.zeros(0)
        places = np.flatnonzero(near)
        right = int(np.clip(np.searchsorted(every.x[places], at), 1, places.size - 1))
        neighbours = places[right - 1 : right + 1]
        inside[neighbours] = True
        rows = np.flatnonzero(inside)
        floor = np.where(np.isin(rows, neighbours), _NEIGHBOUR, 1e-6)
        return rows, np.maximum(1 - ((every.x[rows] - at) / band) ** 2, floor)

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


def _line_at(
    x: FloatArray, y: FloatArray, weight: FloatArray, at: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Weighted least squares line through the rows of each column at a point; the mean square beside it."""
    share = (weight / weight.sum())[:, None]
    x0, y0 = (share * x).sum(axis=0), (share * y).sum(axis=0)
    spread = (share * (x - x0) ** 2).sum(axis=0)
    slope = (share * (x - x0) * (y - y0)).sum(axis=0) / np.where(spread > 0, spread, np.inf)
    beside = (share * (y - y0 - slope * (x - x0)) ** 2).sum(axis=0)
    return y0 + slope * (at - x0), beside


def _undominated(cost: FloatArray, served: FloatArray) -> npt.NDArray[np.intp]:
    order = np.lexsort((-served, cost))
    best = np.maximum.accumulate(served[order])
    first = np.concatenate(([True], best[1:] > best[:-1]))
    return np.asarray(order[first], dtype=np.intp)


def _compare(curves: list[_Curve], at: float, level: float, kind: Kind) -> EqualComparison:
    a, b = (curve.reading(at, at) for curve in curves)
    n = curves[0].x_left.shape[1]
    if math.isnan(a.value) or math.isnan(b.value):
        nothing = Estimate(math.nan, math.nan, math.nan, level, kind, n, OUTSIDE_NOTE)
        return EqualComparison(at, a.value, b.value, nothing, nothing)
    return _difference(at, a, b, level, kind)


def _difference(at: float, a: _Reading, b: _Reading, level: float, kind: Kind) -> EqualComparison:
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
