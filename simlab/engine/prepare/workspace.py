"""Which replications share a block of lanes, and the memory they work in."""

from __future__ import annotations

from typing import Any

import numpy as np

from simlab.engine.kernels.copula import TAG_MARKET
from simlab.engine.kernels.layout import (
    COLUMNS,
    DRAWN,
    LEAD_CELLS,
    LEAD_TIMES,
    MARKS,
    MOST_LANES,
    MOST_LEAD_GUIDES,
    N_TALLIES,
    PERIODS,
    STATE_SIZE,
    STRIDE,
    TWO,
)
from simlab.engine.kernels.memory import Mixing, Work
from simlab.engine.kernels.streams import Purpose, stream_key
from simlab.engine.kernels.types import InSequence, Schedule
from simlab.engine.laws.lookup import CELLS
from simlab.engine.world.demand_law import MOST_MULTIPLIERS
from simlab.engine.world.world import Horizon, World

_VECTOR = 16
_LINE = 64
_LARGE_PAGE = 1 << 21
_CACHE_BYTES = 1 << 19
_HALF_WORD = 1 << 16
_MARKET_BYTES = 1 << 26
_MOST_GUIDES = 64


def make_schedule(
    keys: tuple[np.uint64, np.uint64, np.uint64], horizon: Horizon, *, grouped: bool, most_beside: int = 1
) -> Schedule:
    """Divide the replications into blocks of lanes of nearly equal size.

    Parameters
    ----------
    keys : three uint64
        Philox keys of demand, lead time and start.
    horizon : Horizon
    grouped : bool
        True if lanes are counted in histograms, which have 32 columns.
    most_beside : int
        Histograms that may be kept side by side, each of 32 slots: more replications then run together.
    """
    paths = horizon.first_replication + np.arange(horizon.replications, dtype=np.int64)
    slots = paths % horizon.slots
    if grouped and horizon.slots > COLUMNS:
        histograms = -(-horizon.slots // COLUMNS)
        beside = -(-histograms // -(-histograms // most_beside))
        group, columns = slots // (beside * COLUMNS), slots % (beside * COLUMNS)
    else:
        beside = 1
        group, columns = np.zeros_like(slots), paths % _stripes(horizon.slots)
    order = np.argsort(group, kind="stable")
    most = _lanes_per_block(horizon)
    starts, sizes, groups, last = [], [], [], []
    n_groups = int(group.max()) + 1
    begin = 0
    for g in range(n_groups):
        for size in _split(int((group == g).sum()), most):
            starts.append(begin)
            sizes.append(size)
            groups.append(g)
            last.append(0)
            begin += size
        if sizes:
            last[-1] = 1
    width = -(-max(sizes) // _VECTOR) * _VECTOR
    return Schedule(
        *keys,
        horizon.warmup,
        horizon.periods,
        paths[order],
        slots[order],
        columns[order] if grouped else np.zeros_like(columns),
        np.array(starts, np.int64),
        np.array(sizes, np.int64),
        np.array(groups, np.int64),
        np.array(last, np.int64),
        width,
        np.array([0, *(stream_key(horizon.seed, purpose) for purpose in Purpose)], np.uint64),
        beside,
    )


def _lanes_per_block(horizon: Horizon) -> int:
    """Lanes whose demand stays in the second-level cache, between 64 and 256."""
    total = horizon.warmup + horizon.periods
    return int(np.clip(_CACHE_BYTES // (4 * total) // _VECTOR * _VECTOR, 64, MOST_LANES))


def _split(n: int, most: int) -> list[int]:
    if n == 0:
        return []
    pieces = -(-n // most)
    return [n // pieces + (i < n % pieces) for i in range(pieces)]


def _stripes(slots: int) -> int:
    """Histogram columns in use: a multiple of the slots, so that a column belongs to one slot."""
    return slots * (COLUMNS // slots) if slots <= COLUMNS else COLUMNS


def needs_long_counters(horizon: Horizon) -> bool:
    """Whether 16-bit counters of the histograms could overflow."""
    per_column = -(-horizon.replications // _stripes(horizon.slots)) + 1
    return per_column * (horizon.periods + horizon.warmup + 1) >= _HALF_WORD


def aligned(shape: int | tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
    """Zeros that begin on a cache line: a vector of lanes that straddles two lines costs twice.

    Large ones begin on a large page, for the system to give memory in few pieces where it can.
    """
    kind = np.dtype(dtype)
    n_bytes = int(np.prod(shape)) * kind.itemsize
    boundary = _LARGE_PAGE if n_bytes >= _LARGE_PAGE else _LINE
    raw = np.zeros(n_bytes + boundary, np.uint8)
    begin = -raw.ctypes.data % boundary
    cells: np.ndarray[Any, Any] = raw[begin : begin + n_bytes].view(kind).reshape(shape)
    return cells


def make_work(
    run: Schedule,
    dtype: np.dtype[Any],
    world: World,
    *,
    bins: int,
    rows_kept: int,
    epochs: int,
    sequence: InSequence | None = None,
) -> Work:
    """Memory for one thread; counters are 64-bit where the lanes are.

    Parameters
    ----------
    bins : int
        Histogram bins of the item with the widest range of levels.
    rows_kept : int
        Review epochs that may be on order at once.
    epochs : int
        Review epochs of the most often reviewed item; 0 if no lead time varies.
    sequence : InSequence, optional
        Of items whose lead times may depend on the order ahead.
    """
    width = run.width
    sequenced = sequence is not None and bool((sequence.begin >= 0).any())
    tables = 2 * int(sequence.far.max()) + 1 if sequence is not None and sequenced else 0
    rows = -(-(run.warmup + run.periods) // DRAWN) * DRAWN
    word = np.dtype(np.uint16 if dtype.itemsize == 4 else np.uint32)
    demand = aligned((rows, STRIDE), dtype)
    ring = (1 << (max(rows_kept, PERIODS) - 1).bit_length()) * STRIDE
    orders, delays = aligned(ring + LEAD_TIMES * STRIDE, dtype), aligned((epochs, STRIDE), dtype)
    return Work(
        words=aligned((DRAWN, width), np.uint32),
        cells=aligned((DRAWN, width), np.uint32),
        demand=demand,
        demand_line=demand.reshape(-1),
        orders=orders[:ring].reshape(-1, STRIDE),
        orders_line=orders,
        orders_by_two=orders[:ring].reshape(-1, TWO * STRIDE),
        delays=delays,
        delays_line=delays.reshape(-1),
        drawn=aligned((epochs if sequenced else 0, width), np.uint32),
        ahead=aligned((3, width), np.int64),
        lead_guide=aligned((min(tables, MOST_LEAD_GUIDES), LEAD_CELLS), np.int32),
        state=aligned(STATE_SIZE, dtype),
        tally=aligned((N_TALLIES, STRIDE), np.int64),
        by_column=aligned((N_TALLIES, run.beside * COLUMNS), np.int64),
        reading=aligned(6 * COLUMNS, np.int64),
        before_mark=aligned(MARKS * STRIDE, dtype),
        after_mark=aligned(MARKS * STRIDE, dtype),
        arrivals=aligned((MARKS, width), dtype),
        before=aligned(run.beside * bins * 2 * COLUMNS, word),
        after=aligned(run.beside * bins * 2 * COLUMNS, word),
        guide=aligned(CELLS, np.uint32),
        paths=aligned(width, np.int64),
        demanded=aligned(width, np.int64),
        opening=aligned(width, np.int64),
        phases=aligned(width, np.int64),
        earlier=aligned(width, np.int64),
        turns=aligned(width, dtype),
        mixing=_mixing(world, rows, run),
    )


def _mixing(world: World, rows: int, run: Schedule) -> Mixing:
    """Room for phases, factors and states; none of it where the world has none."""
    law, common, width = world.demand, world.dependence, run.width
    guides = 0 if law.seasons is None else MOST_MULTIPLIERS
    if law.past is not None and 1 < law.past.cycle <= _MOST_GUIDES:
        guides = max(guides, law.past.cycle)
    blocks = run.block_start.size
    if common is None:
        market, group = 0, 0
    else:
        slots = blocks if blocks * rows * width * 4 <= _MARKET_BYTES else 1
        market, group = slots * rows, rows if (common.group != 0).any() else 0
    return Mixing(
        guides=aligned((guides, CELLS), np.uint32),
        place=aligned(width, np.uint32),
        cells=aligned(width, np.uint64),
        common=aligned(width, np.int64),
        market=aligned((market, width), np.int32),
        group=aligned((group, width), np.int32),
        tags=np.full(TAG_MARKET + blocks, -1, np.int64),
        at=aligned(width, np.int64),
    )


def histograms_beside(bins: int, dtype: np.dtype[Any]) -> int:
    """Histograms of so many bins, before and after demand, that the second-level cache holds."""
    word = dtype.itemsize // 2
    return max(1, _CACHE_BYTES // (2 * bins * 2 * COLUMNS * word))


def schedule(horizon: Horizon, *, grouped: bool, most_beside: int = 1) -> Schedule:
    """Blocks of replications with the keys of this phase's seed."""
    purposes = (Purpose.DEMAND, Purpose.LEAD_TIME, Purpose.START)
    demand, lead, start = (stream_key(horizon.seed, purpose) for purpose in purposes)
    return make_schedule((demand, lead, start), horizon, grouped=grouped, most_beside=most_beside)
