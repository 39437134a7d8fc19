"""Common factors of demand: a Gaussian copula in fixed-point numbers and integer tables.

A word becomes the normal score of its probability, scores are mixed by the items' loadings, and
the mixed score becomes a word again. Scores are counted in 2**-20 and interpolated between table
cells, 64 per octave of the probability on each side (so that tails are as fine as the middle);
words are interpolated between cells of 1/256 of a standard deviation. The probabilities of the
resulting words differ from uniform ones by less than 1e-5, and by less than 2 % of themselves
down to 1e-7.

The tables are rounded to integers from values whose last bits may differ between machines; a test
proves that none lies so near to a rounding boundary that these bits could matter.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist
from typing import Any

import numpy as np

from simlab.arrays import IntArray, KeyArray, ScoreArray, WordArray
from simlab.engine._jit import inner, step
from simlab.engine.kernels.layout import DRAWN
from simlab.engine.kernels.memory import Work
from simlab.engine.kernels.streams import Purpose, fill_words
from simlab.engine.kernels.types import DrawArrays, Schedule
from simlab.engine.world.demand_law import LOADING

SCORE = 1 << 20
REACH = 7 * SCORE

FINE = 12
"""A cell of the table of words is 2**12 scores wide: 1/256 of a standard deviation."""

TAG_BLOCK, TAG_GROUP_BLOCK, TAG_GROUP, TAG_MARKET = 0, 1, 2, 3
"""What `Mixing.tags` holds: the block at hand, of which block and group the scores of a group are, and
of which block the market's scores in each slot are."""
MARKET, GROUP = int(Purpose.MARKET), int(Purpose.GROUP)
_OCTAVES, _STEPS = 32, 6
_SIGN = np.int32(31)
_MIDDLE = np.float32(0.5)
_FIRST = np.uint32(126 << 23)  # the bits of 0.5 in single precision
_CELL = np.uint32(23 - _STEPS)
_PART = np.uint32(3)
_PART_MASK = np.uint32((1 << 14) - 1)
_PART_BITS = np.uint32(14)
_FINE_BITS = np.uint32(FINE)
_FINE_WIDE = np.uint64(FINE)
_FINE_MASK = np.uint32((1 << FINE) - 1)
_LOADING_BITS = np.int64(LOADING.bit_length() - 1)
_ROUND = np.int64(LOADING // 2)
_LEAST, _MOST = np.int32(-REACH), np.int32(REACH - 1)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def score_values() -> list[float]:
    """|score| in 2**-20 at the lower edge of every cell of the probability, from 2**-33 to 1/2."""
    cells = [divmod(i, 1 << _STEPS) for i in range((_OCTAVES << _STEPS) + 1)]
    chances = (2.0 ** (octave - 33) * (1 + part / (1 << _STEPS)) for octave, part in cells)
    return [-NormalDist().inv_cdf(chance) * SCORE if chance < 0.5 else 0.0 for chance in chances]


def word_values() -> list[float]:
    """Probability in 2**-32 below every cell edge of the score, from −7 to 7 standard deviations."""
    edges = ((i << FINE) / SCORE - 7 for i in range((2 * REACH >> FINE) + 1))
    return [0.5 * math.erfc(-edge / math.sqrt(2.0)) * 2.0**32 for edge in edges]


@cache
def tables() -> tuple[KeyArray, KeyArray]:
    """Cells of both tables, value at the lower edge | size of the step to the next << 32."""
    scores = np.rint(score_values()).astype(np.uint64)
    words = np.minimum(np.rint(word_values()), 2.0**32 - 1).astype(np.uint64)
    scores = np.append(scores, np.uint64(0))
    falls, rises = scores[:-1] - scores[1:], words[1:] - words[:-1]
    return scores[:-1] | falls << _HALF, words[:-1] | rises << _HALF


def own_loadings(market: IntArray, group: IntArray) -> IntArray:
    """(n,) loading of each item's own score: √(1 − market² − group²) in 2**-30, rounded down."""
    rest = (1 << 60) - market**2 - group**2
    return np.array([math.isqrt(int(x)) for x in rest], np.int64)


@step
def place_words(words: WordArray, row: int, place: WordArray) -> None:
    """Where the table of scores is to be read: the bits of a single-precision number, floor(log2) in front.

    Exact on every machine: a conversion and an addition, correctly rounded.
    """
    for lane in range(words.shape[1]):
        word = np.int32(words[row, lane])
        side = np.int32(word ^ (word >> _SIGN))
        chance = np.float32(np.float32(side) + _MIDDLE)
        place[lane] = np.uint32(np.uint32(np.float32(chance).view(np.int32)) - _FIRST)


@step
def score_of(word: Any, cell: Any, place: Any) -> Any:
    """Normal score in 2**-20 of a word: interpolated in its cell, negative below the middle."""
    part = np.uint32(np.uint32(place >> _PART) & _PART_MASK)
    fall = np.int32(np.uint32(np.uint32(cell >> _HALF) * part) >> _PART_BITS)
    score = np.int32(np.int32(np.uint32(cell & _LOW)) - fall)
    sign = np.int32(~np.int32(np.int32(word) >> _SIGN))
    return np.int32(np.int32(score ^ sign) - sign)


@inner
def fill_scores(
    key: np.uint64, factor: np.uint64, tables: KeyArray, first: int, scores: ScoreArray, work: Work
) -> None:
    """Normal scores of a factor in all periods, into the rows of `scores` from `first` on."""
    words, place, cells = work.words, work.mixing.place, work.mixing.cells
    for begin in range(0, work.demand.shape[0], DRAWN):
        fill_words(key, factor, work.paths, begin, words)
        for row in range(DRAWN):
            place_words(words, row, place)
            for lane in range(place.size):
                cells[lane] = tables[place[lane] >> _CELL]
            for lane in range(place.size):
                scores[first + begin + row, lane] = score_of(words[row, lane], cells[lane], place[lane])


@inner
def load_factors(draws: DrawArrays, item: int, run: Schedule, work: Work) -> Any:
    """Have the block's scores of the market and of the item's group at hand.

    The market's are kept from item to item (of all blocks, if there is room), a group's until an item
    of another group comes.

    Returns
    -------
    int
        Row of `work.mixing.market` at which the block begins.
    """
    mixing = work.mixing
    tags, block = mixing.tags, mixing.tags[TAG_BLOCK]
    rows = work.demand.shape[0]
    slot = block if mixing.market.shape[0] >= rows * run.block_start.size else 0
    if draws.market[item] != 0 and tags[TAG_MARKET + slot] != block:
        fill_scores(run.keys[MARKET], np.uint64(0), draws.scores, slot * rows, mixing.market, work)
        tags[TAG_MARKET + slot] = block
    if draws.group[item] != 0 and (tags[TAG_GROUP_BLOCK] != block or tags[TAG_GROUP] != draws.member[item]):
        fill_scores(run.keys[GROUP], draws.group_keys[item], draws.scores, 0, mixing.group, work)
        tags[TAG_GROUP_BLOCK] = block
        tags[TAG_GROUP] = draws.member[item]
    return slot * rows


@inner
def couple(draws: DrawArrays, item: int, begin: int, first: int, work: Work) -> None:
    """Mix the item's own words of periods `begin` … with its factors' scores, in place."""
    words, place, cells = work.words, work.mixing.place, work.mixing.cells
    common, market, group = work.mixing.common, work.mixing.market, work.mixing.group
    a, b, c = draws.market[item], draws.group[item], draws.own[item]
    for row in range(DRAWN):
        for lane in range(common.size):
            common[lane] = _ROUND
        if a != 0:
            for lane in range(common.size):
                common[lane] += a * np.int64(market[first + begin + row, lane])
        if b != 0:
            for lane in range(common.size):
                common[lane] += b * np.int64(group[begin + row, lane])
        place_words(words, row, place)
        for lane in range(place.size):
            cells[lane] = draws.scores[place[lane] >> _CELL]
        for lane in range(place.size):
            own = np.int64(score_of(words[row, lane], cells[lane], place[lane]))
            mixed = np.int32((common[lane] + c * own) >> _LOADING_BITS)
            place[lane] = np.uint32(min(max(mixed, _LEAST), _MOST) - _LEAST)
        for lane in range(place.size):
            cells[lane] = draws.chances[place[lane] >> _FINE_BITS]
        for lane in range(place.size):
            cell, part = cells[lane], np.uint64(place[lane] & _FINE_MASK)
            rise = np.uint64((cell >> _HALF) * part) >> _FINE_WIDE
            words[row, lane] = np.uint32(np.uint64(cell & _LOW) + rise)
