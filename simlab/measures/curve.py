"""A set of plans as a curve of cost over service, read where plans are closer than their noise, too."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray
from simlab.errors import UsageError

_BAND, _NEIGHBOUR = 2.0, 0.05


@dataclass(frozen=True)
class Reading:
    """Value of a curve at a point, without each replication (n,), and the variance of plans around it."""

    value: float
    left: FloatArray
    scatter: float


@dataclass(frozen=True)
class PlanCurve:
    """x and y of each plan on all replications (p,) and without each one (p, n); both ascend."""

    x: FloatArray
    y: FloatArray
    x_left: FloatArray
    y_left: FloatArray
    every: PlanCurve | None = None
    """The plans that others beat, too, by x."""
    beside: PlanCurve | None = None
    """Another quantity of the same plans, over the same x."""

    @classmethod
    def of(
        cls,
        served: npt.ArrayLike,
        cost: npt.ArrayLike,
        demanded: FloatArray,
        beside: npt.ArrayLike | None = None,
    ) -> PlanCurve:
        s = np.atleast_2d(np.asarray(served, dtype=np.float64))
        c = np.atleast_2d(np.asarray(cost, dtype=np.float64))
        n = demanded.shape[-1]
        if s.shape != c.shape or s.shape[1] != n:
            raise UsageError(f"plans × replications differ: served {s.shape}, cost {c.shape}, demanded {n}")
        demanded = np.broadcast_to(demanded, s.shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            fill = s.sum(axis=1) / demanded.sum(axis=1)
        keep, order = _undominated(c.sum(axis=1), fill), np.argsort(fill, kind="stable")
        more, every = None, cls._of_plans(s, c, demanded, order)
        if beside is not None:
            z = np.atleast_2d(np.asarray(beside, dtype=np.float64))
            more = replace(cls._of_plans(s, z, demanded, keep), every=cls._of_plans(s, z, demanded, order))
        return replace(cls._of_plans(s, c, demanded, keep), every=every, beside=more)

    @classmethod
    def _of_plans(
        cls, s: FloatArray, c: FloatArray, demanded: FloatArray, keep: npt.NDArray[np.intp]
    ) -> PlanCurve:
        n = s.shape[1]
        s, c, demanded = s[keep], c[keep], demanded[keep]
        with np.errstate(divide="ignore", invalid="ignore"):
            fill = s.sum(axis=1) / demanded.sum(axis=1)
            fill_left = (s.sum(axis=1)[:, None] - s) / (demanded.sum(axis=1)[:, None] - demanded)
            cost_left = (c.sum(axis=1)[:, None] - c) / (n - 1.0)
        return cls(fill, c.mean(axis=1), fill_left, cost_left)

    def swapped(self) -> PlanCurve:
        every = None
        if self.every is not None:
            order = np.argsort(self.every.y, kind="stable")
            one = self.every
            every = PlanCurve(one.y[order], one.x[order], one.y_left[order], one.x_left[order])
        return PlanCurve(self.y, self.x, self.y_left, self.x_left, every)

    def reading(self, at: float, at_left: float | FloatArray) -> Reading:
        """Value at `at`, and at `at_left` without each replication.

        Notes
        -----
        Where at least three plans lie within 2 standard errors of x (of the plan nearest to `at`), which of
        them are neighbours, and which beats which, is chance: a stair of plans is finer than the noise. A
        line is then fitted to them with weights 1 − (distance ÷ bandwidth)², the two neighbours with at least
        0.05; the mean square of what lies beside the line is the variance of a step of that stair. Plans
        that are beaten count unless they are more than the bandwidth behind.
        """
        return self._reading(at, at_left, *self._near(at))

    def readings(self, at: float, at_left: float | FloatArray) -> tuple[Reading, Reading]:
        """The value and the quantity beside it, of the same plans with the same weights."""
        assert self.beside is not None
        near = self._near(at)
        return self._reading(at, at_left, *near), self.beside._reading(at, at_left, *near)

    def _near(self, at: float) -> tuple[npt.NDArray[np.intp], FloatArray]:
        """Plans that a line is fitted to at `at`, and their weights; none: neighbours are joined."""
        if self.every is None or math.isnan(self.read(at)):
            return np.zeros(0, np.intp), np.zeros(0)
        return self._window(self.every, at)

    def _reading(
        self, at: float, at_left: float | FloatArray, rows: npt.NDArray[np.intp], weight: FloatArray
    ) -> Reading:
        every = self.every
        if every is None or rows.size < 3:
            return Reading(self.read(at), self.read_left(at_left), 0.0)
        line, beside = _line_at(every.x[rows, None], every.y[rows, None], weight, np.array([at]))
        left, _ = _line_at(every.x_left[rows], every.y_left[rows], weight, np.asarray(at_left))
        return Reading(float(line[0]), left, float(beside[0]))

    def _window(self, every: PlanCurve, at: float) -> tuple[npt.NDArray[np.intp], FloatArray]:
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
