"""The law of any one period, whatever the phase and the past: what formulas plan with."""

from __future__ import annotations

from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.engine.laws.pmfs import pmf_of
from simlab.engine.world.demand_law import DemandLaw
from simlab.models.drawn import in_chunks
from simlab.register.laws import SERIAL_KINDS, LawKind

_WEIGHT = 2.0**30
_DENSE = 1 << 20  # units between an item's least and largest demand that are held one by one


def is_plain(law: DemandLaw) -> BoolArray:
    """(n,) whether a period's demand hangs neither on the calendar nor on the periods before it."""
    plain = ~np.isin(law.kind, SERIAL_KINDS)
    if law.seasons is not None:
        plain = plain & (law.seasons.profile < 0)
    return np.asarray(plain)


def marginal(law: DemandLaw) -> DemandLaw:
    """Every law that is not plain as the empirical law of its periods, mixed over phases.

    Notes
    -----
    Of seasonal laws the mixture over the cycle (of parts of unequal length the law of one of mean length),
    of chains the long-run law, of blocks the periods of the series. What neighbouring periods have in common
    is not in it: sums over R + L vary more than its sums where it is positive.
    """
    if law.n_items > _MOST_KEPT:
        return _mixed(law)
    if law not in _KEPT:
        _KEPT[law] = _mixed(law)
    return _KEPT[law]


_MOST_KEPT = 10_000
"""Items of a law whose mixture is kept as long as the law is: plans, habit and fit tests ask for the same."""
_KEPT: WeakKeyDictionary[DemandLaw, DemandLaw] = WeakKeyDictionary()


def _mixed(law: DemandLaw) -> DemandLaw:
    alike = is_plain(law)
    if law.seasons is not None:
        alike = alike | law.seasons.by_length
    rows = np.flatnonzero(~alike)
    bare = replace(law, seasons=None, past=None, chain=None)
    if rows.size == 0:
        return bare
    kept = np.flatnonzero(alike & (law.length > 0))
    parts = _mixtures(law, rows)
    for row in kept.tolist():
        own = slice(int(law.start[row]), int(law.start[row] + law.length[row]))
        parts[row] = (law.values[own], law.weights[own])
    kind, mean, variance = law.kind.copy(), law.mean.copy(), law.variance.copy()
    start, length, at = np.zeros_like(law.start), np.zeros_like(law.length), 0
    for row in sorted(parts):
        start[row], length[row] = at, parts[row][0].size
        at += parts[row][0].size
    for row in rows.tolist():
        values, weights = parts[row]
        share = weights / weights.sum()
        kind[row], mean[row] = LawKind.EMPIRICAL, float((share * values).sum())
        variance[row] = float((share * (values - mean[row]) ** 2).sum())
    ordered = [parts[row] for row in sorted(parts)]
    return replace(
        bare,
        kind=kind,
        mean=mean,
        variance=variance,
        start=start,
        length=length,
        values=np.concatenate([values for values, _ in ordered]),
        weights=np.concatenate([weights for _, weights in ordered]),
    )


def _mixtures(law: DemandLaw, rows: IntArray) -> dict[int, tuple[IntArray, IntArray]]:
    """Values and weights of some items' periods, mixed over phases."""
    chained = law.kind[rows] == LawKind.MARKOV
    parts = {row: _points(law, row) for row in rows[chained].tolist()}
    others = rows[~chained]
    for places, laws in in_chunks(law, others):
        for place, row in enumerate(others[places].tolist()):
            which, value, share = laws.of(place)
            times = np.bincount(laws.which[place], minlength=which[-1] + 1)
            least, most = int(value.min()), int(value.max())
            if most - least > _DENSE:
                parts[row] = _points(law, row)
                continue
            chances = np.bincount(value - least, weights=(times / times.sum())[which] * share)
            parts[row] = _weighed(least, chances.astype(np.float64))
    return parts


def _points(law: DemandLaw, row: int) -> tuple[IntArray, IntArray]:
    return _weighed(*pmf_of(law.take(np.array([row])), 0))


def _weighed(first: int, shares: FloatArray) -> tuple[IntArray, IntArray]:
    at = np.flatnonzero(shares > 0)
    weights = np.maximum(np.rint(shares[at] * _WEIGHT), 1.0).astype(np.int64)
    return first + at, weights
