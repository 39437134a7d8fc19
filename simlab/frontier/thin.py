"""A frontier of thousands of plans brought down to what a table or chart can show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray
from simlab.errors import UsageError
from simlab.frontier.frontier import Frontier


@dataclass(frozen=True, eq=False)
class Thinned:
    """Some points of a frontier for a table or chart, and what lies between them at most.

    Attributes
    ----------
    frontier : Frontier
        The points kept.
    index : (q,) int
        Their numbers in the full frontier.
    cost_gap : float
        Largest step in cost between neighbours as a fraction of the cheaper one's cost: reading
        the neighbour that costs more for a fill in between overpays by no more than this.
    fill_gap : float
        Largest step in fill rate between neighbours.
    """

    frontier: Frontier
    index: npt.NDArray[np.int64]
    cost_gap: float
    fill_gap: float


def thin(frontier: Frontier, n_points: int = 100, *, keep: npt.ArrayLike = ()) -> Thinned:
    """About `n_points` well-spread points, both ends among them, with the largest gaps stated.

    Parameters
    ----------
    frontier : Frontier
        All points, ascending.
    n_points : int
        Points wanted, ≥ 2; all are kept if there are fewer.
    keep : array of int
        Points that must stay, such as the chosen one; they may come on top.

    Notes
    -----
    Steps are even in the sum of the relative cost and the fill rate passed on the way, each as a
    share of its whole range, so that neither the steep nor the flat end is left out.
    """
    if n_points < 2:
        raise UsageError(f"a frontier is shown by at least 2 points, not {n_points}")
    p = frontier.n_points
    cost, served = frontier.cost.astype(np.float64), frontier.served.astype(np.float64)
    index = np.arange(p)
    if p > n_points:
        way = _share(np.log(np.maximum(cost, 1.0))) + _share(served)
        wanted = np.linspace(way[0], way[-1], n_points)
        index = _nearest_distinct(way, wanted)
    index = np.union1d(index, np.asarray(keep, dtype=np.int64)).astype(np.int64)
    c, fill = cost[index], frontier.fill_rate[index]
    if index.size < 2:
        return Thinned(frontier.take(index), index, 0.0, 0.0)
    step = np.divide(np.diff(c), c[:-1], out=np.full(c.size - 1, np.inf), where=c[:-1] > 0)
    return Thinned(frontier.take(index), index, float(step.max()), float(np.diff(fill).max()))


def _share(x: FloatArray) -> FloatArray:
    span = x[-1] - x[0]
    return (x - x[0]) / span if span > 0 else np.zeros_like(x)


def _nearest_distinct(way: FloatArray, wanted: FloatArray) -> npt.NDArray[np.int64]:
    """The points nearest to the wanted ways, moved on where two would coincide."""
    right = np.clip(np.searchsorted(way, wanted), 1, way.size - 1)
    nearest = np.where(wanted - way[right - 1] < way[right] - wanted, right - 1, right)
    steps = np.arange(nearest.size)
    forward = np.maximum.accumulate(nearest - steps) + steps
    return np.asarray(np.minimum(forward, way.size - nearest.size + steps), dtype=np.int64)
