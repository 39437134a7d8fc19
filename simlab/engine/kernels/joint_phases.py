"""Review phases drawn per replication, where reviews do not divide what is counted into whole cycles.

A window that holds no whole number of review cycles shows one part of the cycle more often than another.
With a phase drawn anew in every replication each part is equally likely, so that sums are unbiased for the
long run. Items that share a key (their supplier, else their location) and a review period share the phase:
joint review days stay joint. In the lanes such an item is run as if it were reviewed in every period, while
the lanes whose turn it is not are lifted out of the rule's reach.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simlab.engine._jit import inner, step
from simlab.engine.kernels.layout import DRAWN, POSITION
from simlab.engine.kernels.memory import Cells, Work
from simlab.engine.kernels.streams import HALF, Purpose, fill_words, philox_block, word_at
from simlab.engine.kernels.types import ItemArrays, LevelArrays, Reach, Schedule
from simlab.engine.laws.lookup import search, search_part

_PHASE = int(Purpose.PHASE)

_FIRST = 4
"""Number of the first word of the start's stream that demand before the start is drawn from."""


@step
def draws_phase(items: ItemArrays, item: int) -> Any:
    """Whether an item's review phase is drawn per replication."""
    return items.n_phases[item] > 0


@step
def reviews_of(items: ItemArrays, item: int) -> tuple[Any, Any]:
    """Review period and phase by which lanes keep an item's orders: every period where phases differ."""
    one, zero = np.int64(1), np.int64(0)
    drawn = items.n_phases[item] > 0
    return (one if drawn else items.review[item]), (zero if drawn else items.phase[item])


@step
def phase_of(items: ItemArrays, item: int, run: Schedule, path: int) -> Any:
    """Review phase of a replication: drawn in steps of the season's cycle, else as given.

    64 random bits by the key's counter of this review period, scaled to the number of phases.
    """
    n, step_size, review = items.n_phases[item], items.phase_step[item], items.review[item]
    if n == 0:
        return items.phase[item]
    a, b, _, _ = philox_block(run.keys[_PHASE], items.phase_keys[item], np.uint64(path), np.uint64(review))
    q = np.uint64(n)
    drawn = np.int64((a * q + ((b * q) >> HALF)) >> HALF)
    return items.phase[item] % step_size + step_size * drawn


@inner
def draw_phases(items: ItemArrays, item: int, run: Schedule, work: Work) -> None:
    """Phases of a block of lanes."""
    if draws_phase(items, item):
        for lane in range(run.width):
            work.phases[lane] = phase_of(items, item, run, work.paths[lane])


@step
def begin_turns(items: ItemArrays, item: int, n: int, work: Work) -> None:
    """The first review of every lane."""
    if draws_phase(items, item):
        cast = work.turns.dtype.type
        for lane in range(n):
            work.turns[lane] = cast(work.phases[lane])


@step
def step_aside(t: int, state: Cells, turns: Cells, n: int) -> None:
    """Lift the positions of lanes without a review in period t above whatever a rule orders at."""
    cast = state.dtype.type
    zero, far = cast(0), cast(1 << (8 * state.itemsize - 2))
    for lane in range(n):
        state[POSITION + lane] = cast(state[POSITION + lane] + (zero if turns[lane] == t else far))


@step
def step_back(t: int, review: int, state: Cells, turns: Cells, n: int) -> None:
    """Undo `step_aside`, and set the next review of the lanes that had theirs."""
    cast = state.dtype.type
    zero, far, length = cast(0), cast(1 << (8 * state.itemsize - 2)), cast(review)
    for lane in range(n):
        now = turns[lane] == t
        state[POSITION + lane] = cast(state[POSITION + lane] - (zero if now else far))
        turns[lane] = cast(turns[lane] + (length if now else zero))


@inner
def draw_delays_apart(items: ItemArrays, item: int, run: Schedule, work: Work) -> Reach:
    """Delays of the lanes' own reviews, in the rows of the periods in which they take place.

    A review's word is that of its number, as where all lanes are reviewed together.
    """
    delays, words, phases = work.delays, work.words, work.phases
    cast = delays.dtype.type
    begin = items.lead_start[item]
    end = begin + items.lead_length[item]
    thresholds = items.lead_thresholds[begin:end]
    review, total = items.review[item], run.warmup + run.periods
    in_order, behind = items.crossing == 0, items.sequence.begin[item] >= 0
    for epoch in range((total + review - 1) // review):
        row = epoch % DRAWN
        if row == 0:
            fill_words(run.lead_key, items.keys[item], work.paths, epoch, words)
        for lane in range(run.width):
            t = phases[lane] + epoch * review
            if t < total and behind:
                work.drawn[t, lane] = words[row, lane]
            elif t < total:
                delay = items.lead_periods[begin + search(thresholds, words[row, lane])]
                if in_order:
                    ahead = np.int64(delays[t - review, lane]) if epoch > 0 else np.int64(work.opening[lane])
                    delay = max(delay, ahead - review)
                delays[t, lane] = cast(delay)
    return Reach(items.lead_periods[begin], items.lead_periods[end - 1], False)


@inner
def draw_earlier(items: ItemArrays, item: int, levels: LevelArrays, run: Schedule, work: Work) -> None:
    """Units demanded between the last review before the start and the start, of a block of lanes.

    Tables of starts tell the position just after a review (see `starts`); the words are those of the
    start's stream from its fifth on. Written over: `work.words` from its fifth row on.
    """
    earlier, words = work.earlier, work.words
    for lane in range(run.width):
        earlier[lane] = 0
    tabled = False
    for k in range(levels.starts.length.shape[1]):
        tabled = tabled or levels.starts.length[item, k] > 0
    if not (tabled and draws_phase(items, item)):
        return
    review, laws = items.review[item], items.laws
    number = laws.number[item, 0]
    at, length, listed = laws.start[number], laws.length[number], laws.points_start[number]
    for first in range(0, review - 1, DRAWN - _FIRST):
        fill_words(run.start_key, items.keys[item], work.paths, _FIRST + first, words[_FIRST:])
        for row in range(min(DRAWN - _FIRST, review - 1 - first)):
            for lane in range(run.width):
                if first + row < (review - work.phases[lane]) % review:
                    cell = search_part(laws.thresholds, at, length, words[_FIRST + row, lane])
                    earlier[lane] += laws.first[number] + cell if listed < 0 else laws.points[listed + cell]


@step
def earlier_of(items: ItemArrays, item: int, run: Schedule, path: int) -> Any:
    """`draw_earlier` of one path, whose phase stands in `items.phase`."""
    total = np.int64(0)
    if not draws_phase(items, item):
        return total
    review, laws = items.review[item], items.laws
    number = laws.number[item, 0]
    at, length, listed = laws.start[number], laws.length[number], laws.points_start[number]
    for j in range((review - items.phase[item]) % review):
        word = word_at(run.start_key, items.keys[item], path, _FIRST + j)
        cell = search_part(laws.thresholds, at, length, word)
        total += laws.first[number] + cell if listed < 0 else laws.points[listed + cell]
    return total
