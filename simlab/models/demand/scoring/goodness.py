"""How far fitted laws are from the histories they were fitted to: largest gaps, and rootograms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.engine.laws.tables import LawTables, prepare
from simlab.engine.world.demand_law import DemandLaw
from simlab.models.demand.marginal import marginal
from simlab.models.history.history import History

_MOST_BARS = 12


@dataclass(frozen=True, eq=False)
class Rootogram:
    """Observed and expected periods per range of demand, of one item.

    Attributes
    ----------
    first, last : (k,) int64
        Smallest and largest demand of each range, units.
    observed, expected : (k,) float
        Periods.
    """

    first: IntArray
    last: IntArray
    observed: FloatArray
    expected: FloatArray


def fit_gaps(law: DemandLaw, history: History) -> FloatArray:
    """(n,) largest gap between the cumulated histogram and the cumulated law; NaN without history.

    √n × gap above 1.36 is rarer than 5 % if the law is right (Kolmogorov; cautious for counts, and lenient
    for laws fitted to the same history).
    """
    tables = prepare(marginal(law))
    return np.concatenate(
        [_gaps(tables, items.start, block) for items, block in history.blocks()] or [np.zeros(0)]
    )


def _gaps(tables: LawTables, begin: int, history: History) -> FloatArray:
    """(n,) gaps of neighbouring items from `begin` on."""
    own, value, count = _histograms(history)
    n = np.bincount(own, weights=count, minlength=history.n_items)
    item = own + begin
    upto, share = _running(own, count) / n[own], count / n[own]
    gap = np.abs(upto - cumulated_rows(tables, item, value))
    before = np.abs(upto - share - cumulated_rows(tables, item, value - 1))
    out = np.full(history.n_items, -1.0)
    np.maximum.at(out, own, np.maximum(gap, before))
    out[n <= 0] = np.nan
    return out


def rootogram(law: DemandLaw, history: History, item: int) -> Rootogram:
    """Ranges of about equal weight, zero alone."""
    return next(rootograms(law, history, [item]))


def rootograms(law: DemandLaw, history: History, items: Sequence[int]) -> Iterator[Rootogram]:
    """As `rootogram`, of some items after another."""
    if not items:
        return
    tables = prepare(marginal(law.take(np.array(items, dtype=np.int64))))
    for place, item in enumerate(items):
        yield _rootogram(tables, place, history, item)


def _rootogram(tables: LawTables, place: int, history: History, item: int) -> Rootogram:
    rows = slice(*history.bounds[item : item + 2].tolist())
    value, count = np.unique(history.quantity[rows], return_counts=True)
    zeros = int(history.n_observed[item] - history.n_positive[item])
    if zeros > 0:
        value, count = np.append(0, value), np.append(zeros, count)
    running = np.cumsum(count) / count.sum()
    step = np.floor(running * (_MOST_BARS - 1)).astype(np.int64)
    ends = np.unique(np.concatenate([[0], value[np.flatnonzero(np.diff(step, append=_MOST_BARS))]]))
    firsts = np.concatenate([[0], ends[:-1] + 1])
    observed = np.array([count[(value >= a) & (value <= b)].sum() for a, b in zip(firsts, ends, strict=True)])
    shares = np.diff(cumulated(tables, place, ends), prepend=0.0)
    return Rootogram(firsts, ends, observed.astype(np.float64), shares * count.sum())


def _histograms(history: History) -> tuple[IntArray, IntArray, IntArray]:
    """Item, distinct demand and its periods, ascending, zeros among them; items with history."""
    zeros = history.n_observed - history.n_positive
    silent = np.flatnonzero((zeros > 0) & (history.n_observed > 0))
    seen = history.n_observed[history.item] > 0
    item = np.concatenate([history.item[seen], silent])
    value = np.concatenate([history.quantity[seen], np.zeros_like(silent)])
    times = np.concatenate([np.ones(int(seen.sum()), np.int64), zeros[silent]])
    order = np.lexsort((value, item))
    item, value, times = item[order], value[order], times[order]
    first = np.flatnonzero((np.diff(item, prepend=-1) != 0) | (np.diff(value, prepend=-1) != 0))
    count = np.add.reduceat(times, first) if first.size else times[:0]
    return item[first], value[first], count


def _running(item: IntArray, count: IntArray) -> IntArray:
    """(m,) sums of counts up to each row of its item; rows of an item stand together."""
    total = np.cumsum(count)
    begins = np.diff(item, prepend=-1) != 0
    before = (total - count)[begins]
    return np.asarray(total - before[np.cumsum(begins) - 1])


def cumulated(tables: LawTables, item: int, value: IntArray) -> FloatArray:
    """P(D ≤ value) by the law that the simulator draws."""
    begin, n = int(tables.start[item]), int(tables.length[item])
    points = int(tables.points_start[item])
    if points < 0:
        place = value - tables.first[item]
    else:
        place = np.searchsorted(tables.points[points : points + n], value, side="right") - 1
    edges = tables.thresholds[begin : begin + n].astype(np.float64)
    edges[-1] = 2.0**32
    at = np.clip(place, 0, n - 1)
    return np.asarray(np.where(place >= 0, edges[at], 0.0) / 2.0**32)


def cumulated_rows(tables: LawTables, item: IntArray, value: IntArray) -> FloatArray:
    """(m,) `cumulated` of many items at once, one value a row; rows of an item stand together."""
    place = value - tables.first[item]
    pointed = tables.points_start[item] >= 0
    bounds = np.flatnonzero(np.diff(np.where(pointed, item, -1), prepend=-2, append=-2))
    for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        if pointed[begin]:
            points = int(tables.points_start[item[begin]])
            own = tables.points[points : points + int(tables.length[item[begin]])]
            place[begin:end] = np.searchsorted(own, value[begin:end], side="right") - 1
    last = tables.length[item] - 1
    edges = tables.thresholds[tables.start[item] + np.clip(place, 0, last)].astype(np.float64)
    edges[place >= last] = 2.0**32
    return np.asarray(np.where(place >= 0, edges, 0.0) / 2.0**32)
