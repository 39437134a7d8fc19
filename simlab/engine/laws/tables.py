"""From demand laws to quantile tables.

A table maps a 32-bit word to a demand by thresholds: value i for words in
[threshold[i−1], threshold[i]). It is monotone, so a larger mean never demands less on the same
word, and it cuts tails below 1e-9 of the mass.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simlab.arrays import FloatArray, IntArray, WordArray
from simlab.engine.laws.continuous import continuous_table, continuous_tables
from simlab.engine.laws.phases import plain_laws, wrong_laws
from simlab.engine.laws.weights import (
    BAD_VALUES,
    BAD_WEIGHTS,
    ONE_BY_ONE,
    fill_tables,
    first_bad_counts,
    law_weights,
    to_thresholds,
)
from simlab.engine.world.demand_law import DemandLaw
from simlab.errors import EngineFaultError, OutOfRangeError
from simlab.register.laws import CONTINUOUS_KINDS, OVERDISPERSED_KINDS, UNDERDISPERSED_KINDS, LawKind

EMPIRICAL = int(LawKind.EMPIRICAL)
_CONTINUOUS = tuple(kind for kind in CONTINUOUS_KINDS if kind not in ONE_BY_ONE)
_BY_HAND = (*_CONTINUOUS, *ONE_BY_ONE, LawKind.INTERMITTENT, LawKind.MARKOV)
_FAR = 6.5  # standard deviations of a jittered size
_LAST = np.uint32(0xFFFFFFFF)


class LawTables(NamedTuple):
    """Quantile tables of n items.

    Attributes
    ----------
    first : (n,) int64
        Smallest demand, units.
    start, length : (n,) int64
        Where an item's thresholds lie.
    points_start : (n,) int64
        Where its values lie in `points`; −1 where they are first, first + 1, …
    thresholds : (m,) uint32
        The last of every item stands for 2**32.
    points : (q,) int64
    number : (n, cycle) int64
        Table that an item uses in the periods t with t mod cycle = j, counted from the first one run: its
        own row, or one behind the n-th. All fields above have a row per table.
    more, tables : (n,) int64
        First of an item's tables behind the n-th, and how many tables it has in all.
    most : (n,) int64
        Largest demand of a period.
    """

    first: IntArray
    start: IntArray
    length: IntArray
    points_start: IntArray
    thresholds: WordArray
    points: IntArray
    number: IntArray
    more: IntArray
    tables: IntArray
    most: IntArray


def prepare(law: DemandLaw) -> LawTables:
    """Tables of all items.

    Raises
    ------
    EngineFaultError
        A law that makes no sense or spreads over a million values (names the item): the rooms
        before the engine should have refused it.
    """
    _check(law)
    law, number = plain_laws(law)
    n = law.n_items
    first, start, length = np.zeros(n, np.int64), np.zeros(n, np.int64), np.full(n, -1, np.int64)
    points_start = np.full(n, -1, np.int64)
    by_hand, counted = np.isin(law.kind, _BY_HAND), law.kind == EMPIRICAL
    length[by_hand | counted] = 0
    parts = [fill_tables(law.kind.astype(np.int64), law.mean, law.variance, first, length)]
    _refuse((length == 0) & ~by_hand & ~counted, "the demand law spreads over more than a million values")
    start[:] = np.concatenate(([0], np.cumsum(length)))[:n]
    used, points = parts[0].size, []
    if counted.any():
        rows = np.flatnonzero(counted)
        values, cut = _counted(law, rows)
        length[rows] = law.length[rows]
        ends = np.cumsum(length[rows])
        points_start[rows] = ends - length[rows]
        start[rows], first[rows] = used + points_start[rows], values[points_start[rows]]
        points.append(values)
        parts.append(cut)
        used += cut.size
    rows = np.flatnonzero(np.isin(law.kind, _CONTINUOUS))
    if rows.size:
        values, sizes = np.zeros(rows.size, np.int64), np.zeros(rows.size, np.int64)
        cut = continuous_tables(law.kind[rows], law.mean[rows], law.variance[rows], values, sizes)
        first[rows], length[rows], start[rows] = values, sizes, used + np.cumsum(sizes) - sizes
        parts.append(cut)
        used += cut.size
    n_points = sum(part.size for part in points)
    for item in np.flatnonzero(by_hand & (length == 0)):
        values, cut = _special_table(law, int(item))
        first[item], start[item], length[item] = values[0], used, cut.size
        points_start[item] = n_points
        points.append(values)
        parts.append(cut)
        used, n_points = used + cut.size, n_points + values.size
    every_point = np.concatenate(points) if points else np.zeros(0, np.int64)
    last = first + length - 1
    if every_point.size:
        listed = points_start >= 0
        last[listed] = every_point[(points_start + length - 1)[listed]]
    most = last[: number.shape[0]] if number.shape[1] == 1 else last[number].max(axis=1)
    filled = [part for part in parts if part.size]
    thresholds = filled[0] if len(filled) == 1 else np.concatenate(parts)
    return LawTables(
        first, start, length, points_start, thresholds, every_point, number, *_more(number), most
    )


def _more(number: IntArray) -> tuple[IntArray, IntArray]:
    """First table of each item that is not its own row, and its number of tables."""
    n = number.shape[0]
    if number.shape[1] == 1:
        return np.full(n, n), np.ones(n, np.int64)
    behind = np.where(number >= n, number, np.iinfo(np.int64).max).min(axis=1)
    has = behind < np.iinfo(np.int64).max
    return np.where(has, behind, n), np.where(has, number.max(axis=1) - behind + 2, 1)


def counted_thresholds(weights: IntArray, length: IntArray) -> WordArray:
    """Thresholds of laws given by counts, one after the other: exact integer shares of 2**32.

    Parameters
    ----------
    weights : (m,) int64
        Counts of all laws; each law's sum is below 2**31.
    length : (n,) int64
        Points of each law.
    """
    ends = np.cumsum(length)
    running = np.cumsum(weights)
    before = np.repeat(np.concatenate(([0], running[ends[:-1] - 1])), length)
    total = np.repeat(running[ends - 1], length) - before
    out: WordArray = np.minimum(((running - before) << 32) // total, int(_LAST)).astype(np.uint32)
    return out


def _counted(law: DemandLaw, rows: IntArray) -> tuple[IntArray, WordArray]:
    """Points and thresholds of some empirical laws."""
    length = law.length[rows].astype(np.int64)
    ends = np.cumsum(length)
    index = np.arange(ends[-1]) + np.repeat(law.start[rows] - (ends - length), length)
    return law.values[index].astype(np.int64), counted_thresholds(law.weights[index].astype(np.int64), length)


def _check(law: DemandLaw) -> None:
    """Refuse laws that no table can hold, naming the first such item."""
    for text, wrong in wrong_laws(law).items():
        _refuse(wrong, text)
    parametric = law.kind != EMPIRICAL
    bad_mean = parametric & ~(np.isfinite(law.mean) & (law.mean >= 0))
    _refuse(bad_mean, "the mean demand must be a number ≥ 0")
    spread = np.isin(law.kind, OVERDISPERSED_KINDS) & (law.mean > 0)
    _refuse(spread & ~(law.variance > law.mean), "this law needs variance > mean (use Poisson)")
    narrow = np.isin(law.kind, UNDERDISPERSED_KINDS) & (law.mean > 0)
    possible = (law.variance > 0) & (law.variance < law.mean)
    _refuse(narrow & ~possible, "binomial: needs 0 < variance < mean")
    _refuse(np.isin(law.kind, CONTINUOUS_KINDS) & ~(law.variance >= 0), "this law needs a variance ≥ 0")
    item, fault = first_bad_counts(law.start, law.length, law.values, law.weights)
    if fault == BAD_VALUES:
        raise EngineFaultError(f"item {item}: empirical values must be ≥ 0, distinct and ascending")
    if fault == BAD_WEIGHTS:
        raise EngineFaultError(f"item {item}: empirical weights must be ≥ 0 and sum to less than 2**31")
    _refuse((law.kind == EMPIRICAL) & (law.length == 0), "an empirical law without points")


def _refuse(bad: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], text: str) -> None:
    if bad.any():
        raise EngineFaultError(f"item {int(np.argmax(bad))}: {text}")


def _special_table(law: DemandLaw, item: int) -> tuple[IntArray, WordArray]:
    """Points and thresholds of a continuous, intermittent or Markov law, and of those made one by one."""
    kind, mean, variance = LawKind(int(law.kind[item])), float(law.mean[item]), float(law.variance[item])
    if kind == LawKind.MARKOV:
        return _chain_table(law, item)
    if kind != LawKind.INTERMITTENT:
        if kind in _CONTINUOUS:
            first, weights = continuous_table(kind, mean, variance)
        else:
            first, weights = ONE_BY_ONE[kind](mean, variance) if mean > 0 else (0, np.ones(1))
        if first < 0:
            raise OutOfRangeError(f"item {item}: the demand law spreads over more than a million values")
        thresholds = np.empty(weights.size, np.uint32)
        first, n = to_thresholds(first, weights, thresholds)
        return first + np.arange(n), thresholds[:n]
    rows = slice(int(law.start[item]), int(law.start[item] + law.length[item]))
    return _intermittent(
        item, mean, variance, float(law.probability[item]), law.values[rows], law.weights[rows]
    )


def _chain_table(law: DemandLaw, item: int) -> tuple[IntArray, WordArray]:
    """Nothing for words of the lower half, the sizes for those of the upper half."""
    rows = slice(int(law.start[item]), int(law.start[item] + law.length[item]))
    values, weights = law.values[rows].astype(np.int64), law.weights[rows].astype(np.int64)
    if law.chain is not None and law.chain.jitter[item]:
        first, shares = jittered(values, weights)
        raw = np.empty(shares.size, np.uint32)
        first, n = to_thresholds(first, shares, raw)
        values, sizes = first + np.arange(n), raw[:n]
    else:
        sizes = counted_thresholds(weights, np.array([values.size]))
    upper = np.uint32(1 << 31) + (sizes >> np.uint32(1))
    upper[-1] = _LAST
    return np.append(0, values), np.append(np.uint32(1 << 31), upper)


def jittered(values: IntArray, weights: IntArray) -> tuple[int, FloatArray]:
    """First size and probabilities where every observed size x spreads over 1 … 2x − 1 with its mean kept.

    Normal around x with variance x on whole numbers, cut symmetrically (after Willemain, Smart and
    Schwarz 2004, who round up and so add half a unit).
    """
    spans = [min(x - 1, math.ceil(_FAR * math.sqrt(x))) for x in values.tolist()]
    first = min(x - span for x, span in zip(values.tolist(), spans, strict=True))
    last = max(x + span for x, span in zip(values.tolist(), spans, strict=True))
    out = np.zeros(last - first + 1)
    for x, span, share in zip(values.tolist(), spans, (weights / weights.sum()).tolist(), strict=True):
        scale = math.sqrt(2.0 * x)
        below = [math.erf((step + 0.5) / scale) for step in range(-span - 1, span + 1)]
        cells = np.diff(below)
        out[x - span - first : x + span - first + 1] += share * cells / cells.sum()
    return first, out


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
