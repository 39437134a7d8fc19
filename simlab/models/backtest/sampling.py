"""Draws from fitted laws in plain NumPy, for replays; the simulator proper has its own streams."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray, IntArray, KeyArray
from simlab.engine.laws.pmfs import pmf_of_phase
from simlab.engine.laws.tables import prepare
from simlab.engine.prepare.sequence import delays_of
from simlab.engine.world.demand_law import DemandLaw, LawKind, Past
from simlab.engine.world.world import LeadTimeLaw
from simlab.models.demand.marginal import is_plain, marginal

_Array64 = np.ndarray[tuple[int, ...], np.dtype[np.uint64]]


def draw_demand(
    law: DemandLaw, keys: KeyArray, shape: tuple[int, int], seed: int, before: int = 0
) -> IntArray:
    """(n, paths, periods) demand of every item, independent between paths.

    Parameters
    ----------
    law : DemandLaw
        n items.
    keys : (n,) uint64
        Each item's own stream depends on its key, not on its row.
    shape : (int, int)
        Paths and periods.
    seed : int
        Of the replay.
    before : int
        Periods drawn before the one that has the laws' phase of period 0.
    """
    tables, plain = prepare(law), is_plain(law)
    out = np.empty((law.n_items, *shape), np.int64)
    for item, key in enumerate(keys.tolist()):
        if not plain[item]:
            words = [_words(seed, purpose, key, shape) for purpose in (0, 2)]
            out[item] = _hanging(law.take(np.array([item])), words, before)
            continue
        begin, n = int(tables.start[item]), int(tables.length[item])
        cuts = tables.thresholds[begin : begin + n - 1]
        place = np.searchsorted(cuts, _words(seed, 0, key, shape), side="right")
        points = int(tables.points_start[item])
        out[item] = tables.first[item] + place if points < 0 else tables.points[points + place]
    return out


def draw_lead_times(
    law: LeadTimeLaw, keys: KeyArray, shape: tuple[int, int], seed: int, review_period: IntArray
) -> IntArray:
    """(n, paths, periods) lead time of an order of each period, in periods, before others hold it back.

    Of orders in sequence what holding back behind every review turns into the law, where there is such
    (`every_review`); else the law itself.
    """
    out = np.empty((keys.size, *shape), np.int64)
    drawn = delays_of(law, review_period)
    for item, key in enumerate(keys.tolist()):
        begin, end = int(drawn.start[item]), int(drawn.start[item] + drawn.length[item])
        periods, cuts = drawn.periods[begin:end], drawn.thresholds[begin : end - 1]
        if periods.size == 1:
            out[item] = periods[0]
            continue
        out[item] = periods[np.searchsorted(cuts, _words(seed, 1, key, shape), side="right")]
    return out


def every_review(law: LeadTimeLaw, review_period: IntArray) -> npt.NDArray[np.bool_]:
    """(n,) whether orders are held back behind every review, as their lead times are drawn for that."""
    return np.asarray(delays_of(law, review_period).sequence.begin < 0)


def _hanging(one: DemandLaw, words: list[_Array64], before: int) -> IntArray:
    """(paths, periods) demand of a law whose periods depend on the calendar or on one another."""
    kind = int(one.kind[0])
    if kind == LawKind.MARKOV:
        return _chain(one, words)
    if kind in (LawKind.MOVING_BLOCKS, LawKind.STATIONARY_BLOCKS) and one.past is not None:
        return _blocks(one, one.past, words)
    part = one.past if kind == LawKind.CALENDAR else one.seasons
    assert part is not None
    phase = (part.phase - before + np.arange(words[0].shape[1])) % part.cycle
    out = np.empty(words[0].shape, np.int64)
    for number in np.unique(phase).tolist():
        first, shares = pmf_of_phase(one, 0, number)
        at = np.flatnonzero(phase == number)
        out[:, at] = first + _picked(shares, words[0][:, at])
    return out


def _picked(shares: FloatArray, words: _Array64) -> IntArray:
    cuts = np.floor(np.cumsum(shares)[:-1] * 2.0**32)
    return np.asarray(np.searchsorted(cuts, words, side="right"))


def _blocks(one: DemandLaw, past: Past, words: list[_Array64]) -> IntArray:
    """Blocks that begin at the first period drawn, or that end by chance."""
    begin, n, block = int(past.start[0]), int(past.length[0]), int(past.block[0])
    series = past.series[begin : begin + n]
    place = (words[0] * np.uint64(n) >> np.uint64(32)).astype(np.int64)
    paths, periods = place.shape
    stops = words[1] < np.uint64(2**32 // block)
    if one.kind[0] == LawKind.MOVING_BLOCKS:
        stops = np.broadcast_to(np.arange(periods) % block == 0, (paths, periods))
    at = place[:, 0].copy()
    out = np.empty((paths, periods), np.int64)
    for t in range(periods):
        at = np.where(stops[:, t], place[:, t], at) if t else at
        out[:, t] = series[at]
        at = (at + 1) % n
    return out


def _chain(one: DemandLaw, words: list[_Array64]) -> IntArray:
    """Occurrence from the long-run state on, sizes apart."""
    assert one.chain is not None
    law = marginal(one)
    some = law.values > 0
    sizes, weights = law.values[some], law.weights[some].astype(np.float64)
    share = weights.sum() / law.weights.sum()
    size = sizes[_picked(weights / weights.sum(), words[1])]
    out = np.empty(size.shape, np.int64)
    busy = words[0][:, 0] < share * 2.0**32
    for t in range(size.shape[1]):
        if t:
            chance = np.where(busy, one.chain.after_demand[0], one.chain.after_none[0])
            busy = words[0][:, t] < chance.astype(np.uint64)
        out[:, t] = np.where(busy, size[:, t], 0)
    return out


def _words(
    seed: int, purpose: int, key: int, shape: tuple[int, int]
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint64]]:
    """32-bit random words of one item."""
    stream = np.random.Philox(key=np.array([seed, key ^ purpose], dtype=np.uint64))
    raw = stream.random_raw(shape[0] * shape[1])
    return np.asarray(raw >> np.uint64(32)).reshape(shape)
