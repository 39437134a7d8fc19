"""The series of a renewal law: intervals and sizes, one after the other, read from a random place on."""

from __future__ import annotations

import numpy as np

from simlab.arrays import FloatArray, IntArray


def rhythm_series(intervals: IntArray, sizes: IntArray) -> IntArray:
    """Units per period: every interval ends with a demand of its size.

    Parameters
    ----------
    intervals : (m,) int64
        Periods, at least 1.
    sizes : (m,) int64
        Units.
    """
    line = np.zeros(int(intervals.sum()), np.int64)
    line[np.cumsum(intervals) - 1] = sizes
    return line


def rhythm_again(line: IntArray, n_seen: int, u: FloatArray) -> IntArray:
    """The series with intervals and sizes drawn again from those seen, with replacement.

    Parameters
    ----------
    line : (n,) int64
        As `rhythm_series`, the seen ones again and again in other orders.
    n_seen : int
        Intervals of the history.
    u : (n,) float
        Uniform numbers.
    """
    place = np.flatnonzero(line > 0)
    intervals, sizes = np.diff(place, prepend=-1), line[place]
    m = int(np.clip(n_seen, 1, min(place.size, line.size // 2)))
    first, second = (np.floor(part * m).astype(np.int64) for part in (u[:m], u[m : 2 * m]))
    drawn = intervals[:m][first], sizes[:m][second]
    times = max(1, place.size // m)
    return rhythm_series(np.tile(drawn[0], times), np.tile(drawn[1], times))
