"""From random words to the demand of every period and lane, whatever it depends on."""

from __future__ import annotations

import numpy as np

from simlab.arrays import BoolArray, KeyArray
from simlab.engine._jit import inner
from simlab.engine.kernels.copula import couple, load_factors, own_loadings, tables
from simlab.engine.kernels.layout import DRAWN
from simlab.engine.kernels.memory import Work
from simlab.engine.kernels.streams import Purpose, fill_words
from simlab.engine.kernels.types import DrawArrays, ItemArrays, Schedule
from simlab.engine.laws.lookup import fill_guide, look_up, look_up_row
from simlab.engine.world.demand_law import CHANCE, LOADING, Chain, DemandLaw, Dependence, LawKind, long_run
from simlab.engine.world.world import World

ONE_TABLE, BY_PHASE, BLOCKS, RESTARTS, CHAIN = 0, 1, 2, 3, 4
"""How words become demand: by one table, a table per phase, places in a series (blocks of fixed or
random length), or a chain of occurrences."""
_BLOCK = int(Purpose.BLOCK)
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_WORDS = np.uint64(CHANCE)
_HAPPENS = np.uint64(CHANCE // 2)


def draw_arrays(world: World) -> DrawArrays:
    """What the kernels need of seasons, pasts, chains and common factors; zeros where there are none."""
    law, common, n = world.demand, world.dependence, world.n_items
    none = np.zeros(n, np.int64)
    way = none.copy()
    varies = none.astype(np.bool_) if law.seasons is None else law.seasons.profile >= 0
    way[varies | (law.kind == LawKind.CALENDAR)] = BY_PHASE
    for kind, how in ((LawKind.MOVING_BLOCKS, BLOCKS), (LawKind.STATIONARY_BLOCKS, RESTARTS)):
        way[law.kind == kind] = how
    way[law.kind == LawKind.MARKOV] = CHAIN
    past, empty = law.past, np.zeros(0, np.uint64)
    chance = _chances(law.chain, n)
    gain = (np.uint64(1) << np.uint64(63)) // np.maximum(chance, np.uint64(1))
    if common is None:
        market, group, own, member, keys = none, none, none + LOADING, none, none.astype(np.uint64)
    else:
        market, group, member = common.market, common.group, common.member
        own = own_loadings(market, group)
        keys = np.append(common.keys.astype(np.uint64), np.uint64(0))[member]
    scores, chances = (empty, empty) if common is None else tables()
    return DrawArrays(
        way,
        none if past is None else past.start.astype(np.int64),
        none if past is None else past.length.astype(np.int64),
        none if past is None else past.block.astype(np.int64),
        none[:0] if past is None else past.series.astype(np.int64),
        chance,
        gain,
        market.astype(np.int64),
        group.astype(np.int64),
        own,
        member.astype(np.int64),
        keys,
        scores,
        chances,
    )


def _chances(chain: Chain | None, n: int) -> KeyArray:
    """(n, 3) chances of demand in the first period, after none and after some."""
    out = np.zeros((n, 3), np.uint64)
    if chain is not None:
        out[:, 0] = long_run(chain)
        out[:, 1], out[:, 2] = chain.after_none, chain.after_demand
    return out


def wrong_dependence(common: Dependence, law: DemandLaw) -> dict[str, BoolArray]:
    """What makes no sense, by item."""
    a, b, member = common.market, common.group, common.member
    outside = (np.abs(a) > LOADING) | (np.abs(b) > LOADING)
    square = np.where(outside, 0, a) ** 2 + np.where(outside, 0, b) ** 2
    placed = np.isin(law.kind, [LawKind.MOVING_BLOCKS, LawKind.STATIONARY_BLOCKS])
    return {
        "squared loadings sum to at most 1": outside | (square > LOADING**2),
        "there is no such group": (member < -1) | (member >= common.keys.size),
        "a loading on a group needs a group": (b != 0) & (member < 0),
        "blocks of a series know no common factors": placed & ((a != 0) | (b != 0)),
    }


@inner
def make_guide(items: ItemArrays, item: int, work: Work) -> bool:
    """Fill the guides of one item's quantile tables; False if one is too long, or there are too many."""
    laws, way = items.laws, items.draws.way[item]
    if way in (BLOCKS, RESTARTS):
        return False
    begin = laws.start[item]
    thresholds = laws.thresholds[begin : begin + laws.length[item]]
    if way != BY_PHASE:
        return fill_guide(thresholds, work.guide)
    guides = work.mixing.guides
    if laws.tables[item] > guides.shape[0] or not fill_guide(thresholds, guides[0]):
        return False
    for slot in range(1, laws.tables[item]):
        number = laws.more[item] + slot - 1
        begin = laws.start[number]
        if not fill_guide(laws.thresholds[begin : begin + laws.length[number]], guides[slot]):
            return False
    return True


@inner
def draw_demand(items: ItemArrays, item: int, run: Schedule, guided: bool, work: Work) -> None:
    """Demand of every period and lane of a block."""
    laws, draws, demand, words = items.laws, items.draws, work.demand, work.words
    way = draws.way[item]
    if way == BLOCKS:
        draw_blocks(items, item, run, work)
        return
    if way == RESTARTS:
        draw_restarts(items, item, run, work)
        return
    mixed = draws.market[item] != 0 or draws.group[item] != 0
    shared = load_factors(draws, item, run, work) if mixed else 0
    begin, length = laws.start[item], laws.length[item]
    thresholds = laws.thresholds[begin : begin + length]
    at = laws.points_start[item]
    first = laws.first[item] if at < 0 else 0
    for row in range(0, demand.shape[0], DRAWN):
        fill_words(run.demand_key, items.keys[item], work.paths, row, words)
        if mixed:
            couple(draws, item, row, shared, work)
        if way == CHAIN:
            follow_chain(draws, item, row, work)
        if way == BY_PHASE:
            look_up_phases(items, item, row, guided, work)
        else:
            look_up(words, guided, work.guide, thresholds, first, work.cells, row, demand)
    if at >= 0 and way != BY_PHASE:
        cast = demand.dtype.type
        for row in range(demand.shape[0]):
            for lane in range(words.shape[1]):
                demand[row, lane] = cast(laws.points[at + demand[row, lane]])


@inner
def look_up_phases(items: ItemArrays, item: int, begin: int, guided: bool, work: Work) -> None:
    """Demand of the periods from `begin` on, each by the table of its phase."""
    laws, demand, words = items.laws, work.demand, work.words
    cast = demand.dtype.type
    cycle = laws.number.shape[1]
    for row in range(DRAWN):
        t = begin + row
        number = laws.number[item, t % cycle]
        slot = 0 if number == item else number - laws.more[item] + 1
        at = laws.points_start[number]
        first = laws.first[number] if at < 0 else 0
        span = (laws.start[number], laws.length[number], first)
        look_up_row(
            words, row, guided, work.mixing.guides, slot, laws.thresholds, span, work.cells, t, demand
        )
        if at >= 0:
            for lane in range(words.shape[1]):
                demand[t, lane] = cast(laws.points[at + demand[t, lane]])


@inner
def follow_chain(draws: DrawArrays, item: int, begin: int, work: Work) -> None:
    """Words of a chain: 0 where nothing is demanded, else the upper half, uniform, for the size."""
    words, state = work.words, work.mixing.at
    if begin == 0:
        for lane in range(state.size):
            state[lane] = 0
    for row in range(DRAWN):
        for lane in range(state.size):
            chance, gain = draws.chance[item, state[lane]], draws.gain[item, state[lane]]
            word, miss = np.uint64(words[row, lane]), np.uint64(_WORDS - chance)
            happens = word >= miss
            size = np.uint64(np.uint64((word if happens else miss) - miss) * gain) >> _HALF
            words[row, lane] = np.uint32(_HAPPENS + size) if happens else np.uint32(0)
            state[lane] = 2 if happens else 1


@inner
def draw_blocks(items: ItemArrays, item: int, run: Schedule, work: Work) -> None:
    """Blocks of fixed length: word number k says where the k-th block begins in the series."""
    draws, demand, words = items.draws, work.demand, work.words
    cast = demand.dtype.type
    start, length, block = draws.start[item], draws.length[item], draws.block[item]
    number, passed = 0, 0
    for t in range(demand.shape[0]):
        if passed == block:
            number, passed = number + 1, 0
        row = number % DRAWN
        if row == 0 and passed == 0:
            fill_words(run.demand_key, items.keys[item], work.paths, number, words)
        for lane in range(words.shape[1]):
            at = np.int64((np.uint64(words[row, lane]) * np.uint64(length)) >> _HALF)
            demand[t, lane] = cast(draws.series[start + (at + passed) % length])
        passed += 1


@inner
def draw_restarts(items: ItemArrays, item: int, run: Schedule, work: Work) -> None:
    """Blocks of random length: one word says whether a new one begins, another where in the series."""
    draws, demand, words, fresh, at = items.draws, work.demand, work.words, work.cells, work.mixing.at
    cast = demand.dtype.type
    start, length = draws.start[item], draws.length[item]
    chance = np.uint64(CHANCE) // np.uint64(draws.block[item])
    for begin in range(0, demand.shape[0], DRAWN):
        fill_words(run.demand_key, items.keys[item], work.paths, begin, words)
        fill_words(run.keys[_BLOCK], items.keys[item], work.paths, begin, fresh)
        for row in range(DRAWN):
            for lane in range(at.size):
                place = np.int64((np.uint64(words[row, lane]) * np.uint64(length)) >> _HALF)
                after = at[lane] + 1
                after = 0 if after >= length else after
                begins = begin + row == 0 or np.uint64(fresh[row, lane]) < chance
                at[lane] = place if begins else after
                demand[begin + row, lane] = cast(draws.series[start + at[lane]])
