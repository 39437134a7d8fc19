"""Where the position of a path begins: drawn from its long run where that is known, so that no shelf has to
empty first.

A slow mover under (R,s,S) needs years from a full shelf to its long run. What a review leaves behind is a
renewal process, known exactly: S less j units with a weight of m(j), the renewal density of the demand
between two reviews. (R,s,nQ) and rounding up to packs leave a uniform position.
An item that is never demanded begins, and stays, at the lowest position at which nothing is ordered: rounding
to packs or lots puts nothing on its shelf. One that is never ordered begins there too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray, WordArray
from simlab.engine._jit import jit
from simlab.engine.kernels.draws import ONE_TABLE
from simlab.engine.kernels.types import ItemArrays, LevelArrays, Starts
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import OrderTerms, World
from simlab.register.families import by_lot

_MOST_WORK = 1 << 18
"""Products that the law of one start may cost; beyond, demand between reviews is large and the start soon
forgotten."""
_WIDEST = (1 << 31) - 1


class _Kinds(NamedTuple):
    """(n, k) how each start is drawn.

    Attributes
    ----------
    width : int64
        Of the uniform law on s + 1 … s + width, where no table is used.
    renews : bool
        Every order ends at the same position, so that there is a table if demand has one.
    uniform : bool
        The uniform law is that of the long run, whatever the demand.
    """

    width: IntArray
    renews: BoolArray
    uniform: BoolArray


def with_starts(forms: LevelArrays, world: World, levels: Levels, items: ItemArrays) -> LevelArrays:
    """The levels, and what the kernels draw the starts of their paths from."""
    return forms._replace(starts=_starts(_kinds(forms, world, levels, items), forms, items)[0])


def begins_in_long_run(forms: LevelArrays, world: World, levels: Levels, items: ItemArrays) -> BoolArray:
    """(n,) items whose position is that of the long run from the first review on, at every column.

    Notes
    -----
    If all demand waits, orders are not capped and the levels stand still, which the caller has to know.
    """
    kinds = _kinds(forms, world, levels, items)
    tabled = _starts(kinds, forms, items)[1]
    lots = world.terms.pack_size[:, None] == 1
    return np.asarray((kinds.uniform | (kinds.renews & lots & tabled)).all(axis=1))


def _kinds(forms: LevelArrays, world: World, levels: Levels, items: ItemArrays) -> _Kinds:
    least = least_order(world.terms)[:, None]
    by_batch = by_lot(levels.family)[:, None]
    width = np.where(by_batch, forms.quantity, np.maximum(forms.gap, least))
    hits = by_batch & (not world.undershoot)
    renews = (forms.gap > 1) & (least <= forms.gap) & (~by_batch | hits)
    small = (world.terms.moq <= world.terms.pack_size)[:, None]
    uniform = (by_batch & ~hits) | ((forms.gap == 1) & ~by_batch & small)
    still = (items.laws.most == 0) | (
        items.cap < 0
    )  # never demanded, so never ordered again; or never at all
    silent = still[:, None]
    width = np.where(silent, 1, np.minimum(width, _WIDEST))
    width = np.ascontiguousarray(width, np.int64)
    return _Kinds(width, np.asarray(renews & ~silent), np.asarray(uniform | silent))


def least_order(terms: OrderTerms) -> IntArray:
    """(n,) units of the smallest order: the MOQ, in whole packs."""
    pack = terms.pack_size.astype(np.int64)
    return np.asarray(-(-np.maximum(terms.moq, 1) // pack) * pack)


def _starts(kinds: _Kinds, forms: LevelArrays, items: ItemArrays) -> tuple[Starts, BoolArray]:
    """The tables, and (n, k) where there is one."""
    begin, length = np.zeros_like(forms.top), np.zeros_like(forms.top)
    tables: list[WordArray] = []
    used = 0
    alike = (forms.gap == forms.gap[:, :1]).all(axis=1) & kinds.renews.all(axis=1)
    for item in np.flatnonzero(kinds.renews.any(axis=1) & (items.draws.way == ONE_TABLE)).tolist():
        points, thresholds = _demand_of(items, item)
        review = int(items.review[item])
        drawn = items.n_phases[item] > 0  # what is demanded since the last review is then drawn by path
        ahead = 0 if drawn else (review - int(items.phase[item])) % review
        for gap in forms.gap[item, :1] if alike[item] else np.unique(forms.gap[item, kinds.renews[item]]):
            table = start_table(points, thresholds, review, ahead, gap)
            at = slice(None) if alike[item] else kinds.renews[item] & (forms.gap[item] == gap)
            begin[item, at], length[item, at] = used, table.size
            tables.append(table)
            used += table.size
    every = np.concatenate(tables) if tables else np.zeros(0, np.uint32)
    return Starts(kinds.width, begin, length, every), length > 0


def _demand_of(items: ItemArrays, item: int) -> tuple[IntArray, WordArray]:
    """Points and thresholds of an item's only table."""
    laws = items.laws
    number = int(laws.number[item, 0])
    at, listed, m = int(laws.start[number]), int(laws.points_start[number]), int(laws.length[number])
    points = laws.first[number] + np.arange(m) if listed < 0 else laws.points[listed : listed + m]
    return points, laws.thresholds[at : at + m]


@jit
def start_table(points: IntArray, thresholds: WordArray, review: int, ahead: int, gap: int) -> WordArray:
    """Thresholds of the units that a path begins below S, 0, 1, …; the last stands for 2**32.

    Parameters
    ----------
    points, thresholds : (m,) int64, (m,) uint32
        Table of a period's demand.
    review, ahead : int
        Periods between reviews, and those that have passed since the last one when the path begins.
    gap : int
        S − s ≥ 2.

    Returns
    -------
    (j,) uint32
        Empty if it would cost too much.

    Notes
    -----
    After a review the position is S − j with probability m(j) / Σ m, j = 0 … S − s − 1, where
    m(0) = 1 / (1 − p(0)) and m(j) = Σ_d p(d)·m(j − d) / (1 − p(0)) with the law p of the demand of R
    periods; only + − × ÷ in a fixed order, so that every CPU has the same bits.

    References
    ----------
    Zheng, Federgruen (1991), Operations Research 39(4), 654–665, equation 2; Tijms (1994), Stochastic
    Models, chapter 1.
    """
    size = min(gap, review * points[-1] + 1)
    if size * points.size * (review + ahead) + gap * size > _MOST_WORK:
        return np.zeros(0, np.uint32)
    weight = np.zeros(points.size)
    before = 0.0
    for i in range(points.size):
        above = 4294967296.0 if i == points.size - 1 else np.float64(thresholds[i])
        weight[i] = (above - before) / 4294967296.0
        before = above
    between = np.zeros(size)
    between[0] = 1.0
    for _ in range(review):
        between = _longer(between, points, weight, size)
    if between[0] >= 1.0:
        return np.full(1, 0xFFFFFFFF, np.uint32)
    law = np.zeros(gap)
    law[0] = 1.0 / (1.0 - between[0])
    for j in range(1, gap):
        total = 0.0
        for d in range(1, min(j, size - 1) + 1):
            total += between[d] * law[j - d]
        law[j] = total / (1.0 - between[0])
    if ahead * (gap + ahead * points[-1]) * points.size > _MOST_WORK:
        return np.zeros(0, np.uint32)
    for _ in range(ahead):
        law = _longer(law, points, weight, law.size + points[-1])
    return _cut(law)


@jit
def _longer(law: FloatArray, points: IntArray, weight: FloatArray, size: int) -> FloatArray:
    """Law of a sum with one more period's demand, up to `size` − 1 units."""
    out = np.zeros(size)
    for i in range(points.size):
        for j in range(min(law.size, size - points[i])):
            out[points[i] + j] += weight[i] * law[j]
    return out


@jit
def _cut(law: FloatArray) -> WordArray:
    """Thresholds of a law given by weights of 0, 1, …"""
    total = 0.0
    for j in range(law.size):
        total += law[j]
    out = np.zeros(law.size, np.uint32)
    running = 0.0
    for j in range(law.size):
        running += law[j]
        out[j] = np.uint32(min(running / total * 4294967296.0, 4294967295.0))
    out[-1] = 0xFFFFFFFF
    return out
