"""Lead times of orders that keep their sequence: what to draw, so that an order has the law that is stated.

An order may not arrive before the one placed ahead of it. If lead times were drawn from the law G of orders
placed and later orders then held back, they would take longer than G. Drawn instead is F, and held back it
gives G: with T periods since the order ahead, itself of law G,

    P(lead time ≤ a) = F(a) · G(a + T) = G(a), so that F(a) = G(a) / G(a + T).

Where F rises with a at T = R it does so at every multiple, and holding orders back behind every review, also
one that orders nothing, gives the same law (the product over the reviews telescopes): one table is drawn
from. Where it does not rise (receipts that overtook each other, or a law with gaps that daily orders
cannot keep in sequence), tables by the reviews since the order ahead are drawn from, and only orders are held
back. Such a table lies between the two monotone envelopes of G(a) / G(a + T), where the mean is that of G.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simlab.arrays import FloatArray, IntArray, WordArray
from simlab.engine.kernels.types import InSequence

if TYPE_CHECKING:
    from simlab.engine.world.world import LeadTimeLaw


_BISECTIONS = 26
_WORDS = 1 << 32


class Delays(NamedTuple):
    """Where the lead times of n items are drawn from; see `ItemArrays`."""

    start: IntArray
    length: IntArray
    periods: IntArray
    thresholds: WordArray
    sequence: InSequence


class Unfolded(NamedTuple):
    """One law at one review period.

    Attributes
    ----------
    periods, thresholds : (m,) int64, uint32
        What is drawn where every review holds later ones back, or orders never meet.
    tables : (2·K + 1, points) uint32
        Empty unless orders alone are held back. Rows k − 1: drawn k reviews after the order ahead, if that
        one followed an earlier one within K reviews; K + k − 1: if it did not; 2·K: without an order
        within K reviews. Columns are periods from the least lead time on.
    """

    periods: IntArray
    thresholds: WordArray
    tables: WordArray

    @property
    def reviews(self) -> int:
        """K, after which an order ahead no longer matters; 0 without tables."""
        return int(self.tables.shape[0]) // 2


def delays_of(lead: LeadTimeLaw, review_period: IntArray) -> Delays:
    """What the kernels draw lead times from: the laws, unfolded where orders keep their sequence."""
    used = np.unique(lead.law)
    thresholds = np.full(lead.periods.size, _WORDS - 1, np.uint32)
    for law in used[lead.length[used] > 1].tolist():
        start, length = int(lead.start[law]), int(lead.length[law])
        cumulated = np.cumsum(lead.weights[start : start + length].astype(np.int64))
        thresholds[start : start + length] = _shares(cumulated, cumulated[-1])
    first, points = lead.start[lead.law].astype(np.int64), lead.length[lead.law].astype(np.int64)
    none = np.zeros(lead.law.size, np.int64)
    plain = InSequence(none - 1, none, none, np.zeros(0, np.uint32))
    drawn = Delays(first, points, lead.periods.astype(np.int64), thresholds, plain)
    if lead.crossing or not (lead.length[used] > 1).any():
        return drawn
    return _in_sequence(lead, review_period, drawn)


def _in_sequence(lead: LeadTimeLaw, review_period: IntArray, drawn: Delays) -> Delays:
    pairs, which = np.unique(np.stack([lead.law, review_period], axis=1), axis=0, return_inverse=True)
    which = which.ravel()
    start, length = drawn.start.copy(), drawn.length.copy()
    begin, far, size = (column.copy() for column in drawn.sequence[:3])
    periods, thresholds = [drawn.periods], [drawn.thresholds]
    tables: list[WordArray] = []
    known, held = drawn.periods.size, 0
    for pair, (law, review) in enumerate(pairs.tolist()):
        own = slice(int(lead.start[law]), int(lead.start[law] + lead.length[law]))
        if int(lead.periods[own][-1] - lead.periods[own][0]) <= review:
            continue  # orders never meet
        found = unfolded(lead.periods[own], lead.weights[own], review)
        rows = which == pair
        if found.reviews:
            begin[rows], far[rows], size[rows] = held, found.reviews, found.tables.shape[1]
            tables.append(found.tables.ravel())
            held += found.tables.size
        else:
            start[rows], length[rows] = known, found.periods.size
            periods.append(found.periods)
            thresholds.append(found.thresholds)
            known += found.periods.size
    words = np.concatenate(tables) if tables else np.zeros(0, np.uint32)
    sequence = InSequence(begin, far, size, words)
    return Delays(start, length, np.concatenate(periods), np.concatenate(thresholds), sequence)


def unfolded(periods: IntArray, weights: IntArray, review_period: int) -> Unfolded:
    """What to draw for orders of a law that keep their sequence.

    Parameters
    ----------
    periods, weights : (m,) int64
        Law of an order that is placed: support points, ascending, and integer weights.
    review_period : int
        Periods, ≥ 1.
    """
    whole = tuple(np.asarray(periods).tolist()), tuple(np.asarray(weights).tolist())
    return _unfolded(*whole, int(review_period))


@lru_cache(maxsize=512)
def _unfolded(periods: tuple[int, ...], weights: tuple[int, ...], review: int) -> Unfolded:
    cumulated = np.cumsum(np.array(weights, np.int64))
    none = np.zeros((0, 1), np.uint32)
    span = periods[-1] - periods[0]
    if span <= review:
        return Unfolded(np.array(periods, np.int64), _shares(cumulated, cumulated[-1]), none)
    dense = _dense(periods, cumulated)
    ahead = dense[np.minimum(np.arange(span + 1) + review, span)]
    if bool((dense[:-1] * ahead[1:] <= dense[1:] * ahead[:-1]).all()):
        shares = _shares(dense, ahead)
        kept = np.diff(shares.astype(np.int64), prepend=0) > 0
        kept[-1] = True
        return Unfolded(periods[0] + np.flatnonzero(kept), shares[kept], none)
    near, apart = _tables(dense / dense[-1], review)
    far = _shares(dense, dense[-1])[None, :]
    return Unfolded(
        np.array(periods, np.int64),
        _shares(cumulated, cumulated[-1]),
        np.concatenate([_words(near), _words(apart), far]),
    )


def effective_law(periods: IntArray, weights: IntArray, review_period: int, apart: int = 1) -> FloatArray:
    """Law of the lead time of orders placed every `apart` reviews, kept in sequence: by period from 0 on.

    That of the support itself, unless no sequence of such orders can have it; the mean is always kept.
    """
    whole = tuple(np.asarray(periods).tolist()), tuple(np.asarray(weights).tolist())
    return _effective(*whole, int(review_period), int(apart)).copy()


@lru_cache(maxsize=512)
def _effective(periods: tuple[int, ...], weights: tuple[int, ...], review: int, apart: int) -> FloatArray:
    dense = _dense(periods, np.cumsum(np.array(weights, np.int64)))
    share, least, span = dense / dense[-1], periods[0], periods[-1] - periods[0]
    if apart * review < span and _unfolded(periods, weights, review).reviews:
        share = _kept(_quotients(share, review)[apart - 1 : apart], share, review, apart)[1][0]
    return np.concatenate([np.zeros(least), np.diff(share, prepend=0.0)])


def drawn_law(periods: IntArray, weights: IntArray, review_period: int) -> FloatArray:
    """What is drawn where an order is placed at every review, by period from 0 on: unfolded, or near it."""
    whole = tuple(np.asarray(periods).tolist()), tuple(np.asarray(weights).tolist())
    return _drawn(*whole, int(review_period)).copy()


@lru_cache(maxsize=512)
def _drawn(periods: tuple[int, ...], weights: tuple[int, ...], review: int) -> FloatArray:
    dense = _dense(periods, np.cumsum(np.array(weights, np.int64)))
    share, least, span = dense / dense[-1], periods[0], periods[-1] - periods[0]
    if span > review:
        share = _kept(_quotients(share, review)[:1], share, review, 1)[0][0]
    return np.concatenate([np.zeros(least), np.diff(share, prepend=0.0)])


def _dense(periods: tuple[int, ...], cumulated: IntArray) -> IntArray:
    """Cumulated weights at every period from the least on."""
    steps = np.diff(np.array([*periods, periods[-1] + 1]))
    return np.repeat(cumulated, steps)


def _shares(part: IntArray, whole: IntArray) -> WordArray:
    """part ÷ whole in 2**-32, rounded down; the last of a table is never looked at."""
    return np.asarray(np.minimum((part << 32) // whole, _WORDS - 1), dtype=np.uint32)


def _words(shares: FloatArray) -> WordArray:
    return np.minimum(np.floor(shares * _WORDS), _WORDS - 1).astype(np.uint32)


def _quotients(share: FloatArray, review: int) -> FloatArray:
    """(K, points) G(a) / G(a + k·R), k = 1 … K, as far as later orders are held back."""
    last = share.size - 1
    reviews = -(-last // review) - 1
    later = np.arange(last + 1) + review * np.arange(1, reviews + 1)[:, None]
    return np.asarray(share / share[np.minimum(later, last)])


def _tables(share: FloatArray, review: int) -> tuple[FloatArray, FloatArray]:
    """(K, points) what is drawn behind an order that was itself held back, and behind one that was not."""
    wanted = _quotients(share, review)
    near = _kept(wanted, share, review, 1)[0]
    high, low = _envelopes(wanted)
    later = share / wanted
    lowest, highest = _missing(high * later), _missing(low * later)
    goal = _missing(share[None, :])
    rest = highest - lowest
    weight = np.where(rest > 0, (highest - goal) / np.where(rest > 0, rest, 1.0), 1.0)
    weight = np.clip(weight, 0.0, 1.0)[:, None]
    return near, weight * high + (1.0 - weight) * low


def _envelopes(wanted: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The least rising curves above, and the largest below."""
    high = np.maximum.accumulate(wanted, axis=1)
    low = np.minimum.accumulate(wanted[:, ::-1], axis=1)[:, ::-1]
    return high, np.asarray(low)


def _kept(wanted: FloatArray, share: FloatArray, review: int, first: int) -> tuple[FloatArray, FloatArray]:
    """Between the envelopes, where orders at constant intervals keep the mean: drawn, and their law.

    Rows are intervals of `first`, `first` + 1, … reviews.
    """
    high, low = _envelopes(wanted)
    interval = review * (first + np.arange(wanted.shape[0]))
    goal = _missing(share[None, :])
    least, most = np.zeros(interval.size), np.ones(interval.size)
    for _ in range(_BISECTIONS):
        weight = (least + most) / 2.0
        long = _missing(_held_back(_between(weight, high, low), interval)) > goal
        least, most = np.where(long, weight, least), np.where(long, most, weight)
    drawn = _between(weight, high, low)
    return drawn, _held_back(drawn, interval)


def _between(weight: FloatArray, high: FloatArray, low: FloatArray) -> FloatArray:
    return np.asarray(weight[:, None] * high + (1.0 - weight[:, None]) * low)


def _held_back(drawn: FloatArray, interval: IntArray) -> FloatArray:
    """Π_i F(a + i·T), row by row: the law of orders at constant intervals T."""
    out = drawn.copy()
    for row, apart in zip(out, interval.tolist(), strict=True):
        for end in range(row.size - apart, 0, -apart):  # a product of one interval needs that of the next
            begin = max(end - apart, 0)
            row[begin:end] *= row[begin + apart : end + apart]
    return out


def _missing(law: FloatArray) -> FloatArray:
    """Σ (1 − P(≤ a)) of each row, added up in order: the mean beyond the least lead time."""
    return np.asarray(np.cumsum(1.0 - law, axis=1)[:, -1])
