"""How far fitted laws are from the histories they were fitted to: largest gaps, and rootograms."""

from __future__ import annotations

from collections.abc import Iterator
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
    out = np.full(law.n_items, np.nan)
    for item, value, count in _histograms(history):
        n = count.sum()
        upto = np.cumsum(count) / n
        gap = np.abs(upto - cumulated(tables, item, value))
        before = np.abs(upto - count / n - cumulated(tables, item, value - 1))
        out[item] = max(gap.max(), before.max())
    return out


def rootogram(law: DemandLaw, history: History, item: int) -> Rootogram:
    """Ranges of about equal weight, zero alone."""
    value, count = next((v, c) for i, v, c in _histograms(history) if i == item)
    tables = prepare(marginal(law.take(np.array([item]))))
    running = np.cumsum(count) / count.sum()
    step = np.floor(running * (_MOST_BARS - 1)).astype(np.int64)
    ends = np.unique(np.concatenate([[0], value[np.flatnonzero(np.diff(step, append=_MOST_BARS))]]))
    firsts = np.concatenate([[0], ends[:-1] + 1])
    observed = np.array([count[(value >= a) & (value <= b)].sum() for a, b in zip(firsts, ends, strict=True)])
    shares = np.diff(cumulated(tables, 0, ends), prepend=0.0)
    return Rootogram(firsts, ends, observed.astype(np.float64), shares * count.sum())


def _histograms(history: History) -> Iterator[tuple[int, IntArray, IntArray]]:
    """Item, distinct demands ascending, and their periods; items with history."""
    bounds = np.searchsorted(history.item, np.arange(history.n_items + 1))
    zeros = history.n_observed - history.n_positive
    for item in np.flatnonzero(history.n_observed > 0).tolist():
        value, count = np.unique(history.quantity[bounds[item] : bounds[item + 1]], return_counts=True)
        if zeros[item] > 0:
            value, count = np.append(0, value), np.append(zeros[item], count)
        yield item, value, count


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
