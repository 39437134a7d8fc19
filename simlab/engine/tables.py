"""From demand laws to quantile tables, and the very law that the tables draw.

A table maps a 32-bit word to a demand by thresholds: value i for words in
[threshold[i−1], threshold[i]). It is monotone, so a larger mean never demands less on the same
word, and it cuts tails below 1e-9 of the mass.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simlab.engine._jit import jit
from simlab.engine.continuous import continuous_table
from simlab.engine.laws import counted_thresholds, law_weights, to_thresholds
from simlab.engine.types import DemandLaw, FloatArray, IntArray, LawKind, WordArray
from simlab.errors import EngineFaultError

EMPIRICAL = int(LawKind.EMPIRICAL)
READY = 100
_MOST_WEIGHT = 1 << 31
_CONTINUOUS = (LawKind.GAMMA, LawKind.LOGNORMAL, LawKind.NORMAL)
_DENSE_LIMIT = 1 << 26


class LawTables(NamedTuple):
    """Demand laws as the kernels take them.

    Attributes
    ----------
    kind : (n,) int64
        `LawKind`, or `READY` where thresholds were made beforehand.
    mean, variance : (n,) float
        Units and units² per period.
    start, length : (n,) int64
        Where an item's points lie in `values` (and `weights` or `thresholds`).
    values, weights : (m,) int64
        Points of empirical laws.
    ready_values, thresholds : (q,) int64, (q,) uint32
        Points of the laws whose tables need functions beyond + − × ÷.
    """

    kind: IntArray
    mean: FloatArray
    variance: FloatArray
    start: IntArray
    length: IntArray
    values: IntArray
    weights: IntArray
    ready_values: IntArray
    thresholds: WordArray


def prepare(law: DemandLaw) -> LawTables:
    """Check every law and make the tables that compiled recursions cannot.

    Raises
    ------
    EngineFaultError
        A law that makes no sense (names the item): the rooms before the engine should have
        refused it.
    """
    _check(law)
    kind = law.kind.astype(np.int64)
    start, length = law.start.astype(np.int64), law.length.astype(np.int64)
    points: list[IntArray] = []
    thresholds: list[WordArray] = []
    position = 0
    ready = np.isin(kind, [*map(int, _CONTINUOUS), int(LawKind.INTERMITTENT)])
    for item in np.flatnonzero(ready):
        values, cut = _special_table(law, int(item))
        kind[item], start[item], length[item] = READY, position, values.size
        position += values.size
        points.append(values)
        thresholds.append(cut)
    return LawTables(
        kind,
        law.mean.astype(np.float64),
        law.variance.astype(np.float64),
        start,
        length,
        law.values.astype(np.int64),
        law.weights.astype(np.int64),
        np.concatenate(points) if points else np.zeros(0, np.int64),
        np.concatenate(thresholds) if thresholds else np.zeros(0, np.uint32),
    )


def pmf_of(law: DemandLaw, item: int) -> tuple[int, FloatArray]:
    """The law of one item exactly as the simulator draws it.

    Parameters
    ----------
    law : DemandLaw
    item : int
        Row of the item.

    Returns
    -------
    first : int
        Smallest value (units).
    probabilities : (n,) float
        Probabilities of first, first + 1, …; they sum to 1.
    """
    values, thresholds = table_of(law, item)
    edges = thresholds.astype(np.float64)
    edges[-1] = 2.0**32
    shares = np.diff(edges, prepend=0.0) / 2.0**32
    first, span = int(values[0]), int(values[-1] - values[0]) + 1
    if span > _DENSE_LIMIT:
        raise EngineFaultError(f"item {item}: demand spans {span} units; declare a coarser unit_resolution")
    probabilities = np.zeros(span)
    probabilities[values - first] = shares
    return first, probabilities


def table_of(law: DemandLaw, item: int) -> tuple[IntArray, WordArray]:
    """Points and thresholds of one item; the last threshold stands for 2**32."""
    tables = prepare(law.take(np.array([item])))
    first, values, thresholds = build_table(tables, 0)
    if first < 0:
        raise EngineFaultError(f"item {item}: the demand law spreads over more than a million values")
    if values.size == 0:
        values = first + np.arange(thresholds.size)
    return values, thresholds


@jit
def build_table(laws: LawTables, item: int) -> tuple[int, IntArray, WordArray]:
    """First value, points (empty where values are consecutive) and thresholds of one item."""
    kind = laws.kind[item]
    begin, end = laws.start[item], laws.start[item] + laws.length[item]
    if kind == READY:
        points = laws.ready_values[begin:end]
        return points[0], points, laws.thresholds[begin:end]
    if kind == EMPIRICAL:
        points = laws.values[begin:end]
        return points[0], points, counted_thresholds(laws.weights[begin:end])
    first, weights = law_weights(kind, laws.mean[item], laws.variance[item])
    if first < 0:
        return first, laws.values[:0], np.zeros(1, np.uint32)
    first, thresholds = to_thresholds(first, weights)
    return first, laws.values[:0], thresholds


def _check(law: DemandLaw) -> None:
    """Refuse laws that no table can hold, naming the first such item."""
    parametric = law.kind != EMPIRICAL
    bad_mean = parametric & ~(np.isfinite(law.mean) & (law.mean >= 0))
    _refuse(bad_mean, "the mean demand must be a number ≥ 0")
    spread = np.isin(law.kind, [LawKind.NEGATIVE_BINOMIAL, LawKind.STUTTERING_POISSON]) & (law.mean > 0)
    _refuse(spread & ~(law.variance > law.mean), "this law needs variance > mean (use Poisson)")
    narrow = (law.kind == LawKind.BINOMIAL) & (law.mean > 0)
    _refuse(narrow & ~((law.variance > 0) & (law.variance < law.mean)), "binomial: needs 0 < variance < mean")
    _refuse(np.isin(law.kind, _CONTINUOUS) & ~(law.variance >= 0), "this law needs a variance ≥ 0")
    for item in np.flatnonzero(law.length > 0):
        rows = slice(int(law.start[item]), int(law.start[item] + law.length[item]))
        values, weights = law.values[rows], law.weights[rows]
        if (values < 0).any() or (np.diff(values) <= 0).any():
            raise EngineFaultError(f"item {item}: empirical values must be ≥ 0, distinct and ascending")
        if (weights < 0).any() or not 0 < weights.sum() < _MOST_WEIGHT or weights[-1] == 0:
            raise EngineFaultError(f"item {item}: empirical weights must be ≥ 0 and sum to less than 2**31")
    _refuse((law.kind == EMPIRICAL) & (law.length == 0), "an empirical law without points")


def _refuse(bad: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], text: str) -> None:
    if bad.any():
        raise EngineFaultError(f"item {int(np.argmax(bad))}: {text}")


def _special_table(law: DemandLaw, item: int) -> tuple[IntArray, WordArray]:
    """Points and thresholds of a continuous or an intermittent law."""
    kind, mean, variance = LawKind(int(law.kind[item])), float(law.mean[item]), float(law.variance[item])
    if kind != LawKind.INTERMITTENT:
        first, weights = continuous_table(kind, mean, variance)
        first, thresholds = to_thresholds(first, weights)
        return first + np.arange(thresholds.size), thresholds
    rows = slice(int(law.start[item]), int(law.start[item] + law.length[item]))
    return _intermittent(
        item, mean, variance, float(law.probability[item]), law.values[rows], law.weights[rows]
    )


def _intermittent(
    item: int, mean: float, variance: float, probability: float, values: IntArray, weights: IntArray
) -> tuple[IntArray, WordArray]:
    """Zero with probability 1 − p, else a size: given points, or 1 + a law with the moments left over."""
    if not 0 < probability <= 1:
        raise EngineFaultError(f"item {item}: the share of periods with demand must lie in (0, 1]")
    if values.size:
        sizes = values.astype(np.int64)
        shares = weights / weights.sum()
    else:
        size_mean = mean / probability
        size_variance = variance / probability - (1 - probability) * size_mean**2
        if size_mean < 1 or size_variance < -1e-9 * size_mean**2:
            raise EngineFaultError(f"item {item}: no sizes of 1 or more have this mean, variance and share")
        first, raw = _size_weights(size_mean - 1, max(size_variance, 0.0))
        sizes = 1 + first + np.arange(raw.size)
        shares = raw / raw.sum()
    if sizes[0] > 0:
        sizes, shares = np.r_[0, sizes], np.r_[1 - probability, probability * shares]
    else:
        shares = probability * shares
        shares[0] += 1 - probability
    edges = np.minimum(np.floor(np.cumsum(shares) * 2.0**32 + 0.5), 2.0**32 - 1).astype(np.uint32)
    edges[-1] = np.uint32(0xFFFFFFFF)
    keep = np.diff(edges.astype(np.int64), prepend=0) > 0
    return sizes[keep].astype(np.int64), edges[keep]


def _size_weights(mean: float, variance: float) -> tuple[int, FloatArray]:
    """Law of (size − 1): binomial, Poisson or negative binomial by its dispersion."""
    if variance > mean:
        kind = LawKind.NEGATIVE_BINOMIAL
    else:
        kind = LawKind.BINOMIAL if 0 < variance < mean else LawKind.POISSON
    if variance == 0 and mean == int(mean):
        return int(mean), np.ones(1)
    return law_weights(int(kind), mean, variance)
