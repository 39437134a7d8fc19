"""Draws from fitted laws in plain NumPy, for replays; the simulator proper has its own streams."""

from __future__ import annotations

import numpy as np

from simlab.engine.tables import prepare
from simlab.engine.types import DemandLaw, IntArray, KeyArray, LeadTimeLaw


def draw_demand(law: DemandLaw, keys: KeyArray, shape: tuple[int, int], seed: int) -> IntArray:
    """(n, paths, periods) demand of every item, independent between paths and periods.

    Parameters
    ----------
    law : DemandLaw
        n items.
    keys : (n,) uint64
        Each item's own stream hangs on its key, not on its row.
    shape : (int, int)
        Paths and periods.
    seed : int
        Of the replay.
    """
    tables = prepare(law)
    out = np.empty((law.n_items, *shape), np.int64)
    for item, key in enumerate(keys.tolist()):
        begin, n = int(tables.start[item]), int(tables.length[item])
        cuts = tables.thresholds[begin : begin + n - 1]
        place = np.searchsorted(cuts, _words(seed, 0, key, shape), side="right")
        points = int(tables.points_start[item])
        out[item] = tables.first[item] + place if points < 0 else tables.points[points + place]
    return out


def draw_lead_times(law: LeadTimeLaw, keys: KeyArray, shape: tuple[int, int], seed: int) -> IntArray:
    """(n, paths, periods) lead time of an order placed in each period, in periods."""
    out = np.empty((keys.size, *shape), np.int64)
    for item, key in enumerate(keys.tolist()):
        periods, shares = law.support(item)
        if periods.size == 1:
            out[item] = periods[0]
            continue
        cuts = np.floor(np.cumsum(shares)[:-1] * 2.0**32)
        out[item] = periods[np.searchsorted(cuts, _words(seed, 1, key, shape), side="right")]
    return out


def _words(
    seed: int, purpose: int, key: int, shape: tuple[int, int]
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint64]]:
    """32-bit random words of one item."""
    stream = np.random.Philox(key=np.array([seed, key ^ purpose], dtype=np.uint64))
    raw = stream.random_raw(shape[0] * shape[1])
    return np.asarray(raw >> np.uint64(32)).reshape(shape)
