"""The memory that compiled loops work in."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy.typing as npt

from simlab.arrays import FloatArray, IntArray, KeyArray, ScoreArray, WordArray

Cells: TypeAlias = npt.NDArray[Any]
"""State of the lanes: int32 where a bound proves that it fits, else int64."""


class Record(NamedTuple):
    """One path written down; periods from the first one run.

    Attributes
    ----------
    rows : (rows, periods) int64
        Quantities by period, see `world.columns.Row`.
    due, due_orders, gone : (periods + 1,) int64
        Units and orders that arrive in a period, and units cancelled in it; last, after all periods.
    leaves : (periods,) int64
        First period from this one on in which the supplier works.
    orders : (epochs + 1, columns) int64
        One line per order of positive size, see `world.columns.OrderColumn`.
    arrives : (periods + 1,) int64
        Arrival of what the review of a period orders; last, that of a given start's pipeline.
    demand, lift : (periods,) int64
        Demand, and what the levels of the period lie above those of the column.
    seen : (periods + 1,) int64
        Demand of all periods before.
    expected, forecast, error : (periods,) float
        Before a period's demand: units forecast for the whole periods and for the interval to protect,
        and the standard error of the latter.
    """

    rows: IntArray
    due: IntArray
    due_orders: IntArray
    gone: IntArray
    leaves: IntArray
    orders: IntArray
    arrives: IntArray
    demand: IntArray
    lift: IntArray
    seen: IntArray
    expected: FloatArray
    forecast: FloatArray
    error: FloatArray


class Mixing(NamedTuple):
    """Work space for what demand depends on besides one table; the last axis is lanes.

    Attributes
    ----------
    guides : (tables, CELLS) uint32
        Guides of an item's tables, by phase.
    place : (lanes,) uint32; cells : (lanes,) uint64; common : (lanes,) int64
        Of the period being mixed.
    market : (blocks × periods, lanes) int32; group : (periods, lanes) int32
        Scores of common factors.
    tags : (3 + blocks,) int64
        What they are of, see `copula`.
    at : (lanes,) int64
        Place in a series, or state of a chain.
    """

    guides: WordArray
    place: WordArray
    cells: KeyArray
    common: IntArray
    market: ScoreArray
    group: ScoreArray
    tags: IntArray
    at: IntArray


class Work(NamedTuple):
    """Work space of one thread; the last axis is lanes.

    Attributes
    ----------
    words, cells : (DRAWN, lanes) uint32
        Random words and guide cells of some draws.
    demand : (periods, STRIDE) int32 or int64
    orders : (power of two, STRIDE) int
        Units ordered at a review epoch, kept in row ``epoch & (rows − 1)`` until they arrived.
    delays : (epochs, STRIDE) int
        Periods from review to arrival; empty if no item's lead time varies.
    demand_line, delays_line : (periods × STRIDE,), (epochs × STRIDE,) int
        The same memory as one row: at constant distances the compiler keeps rows apart.
    orders_line : ((power of two + LEAD_TIMES) × STRIDE,) int
        Likewise, with room for a copy of the first rows behind the last; see `twos`.
    orders_by_two : (half a power of two, 2 × STRIDE) int
        The same memory, two reviews in a row: where `orders_line` is read, they are written here, for no
        compiler keeps apart what is read and written through one name.
    drawn : (epochs, lanes) uint32
        Words of lead times that depend on the order ahead; empty if no item has such.
    ahead : (3, lanes) int64
        Of the last order placed: its review, the reviews since the one ahead of it, and its arrival.
    lead_guide : (tables, LEAD_CELLS) int32
        Where to look in the tables of such lead times, by the leading 8 bits of a word.
    state : (STATE_SIZE,) int
        See `tallies`.
    tally : (N_TALLIES, STRIDE) int64
    by_column : (N_TALLIES, histograms × 32) int64
        Tallies added up by histogram column.
    reading : (6 × 32,) int64
        Where the reading of the histograms stands.
    before_mark, after_mark : (MARKS × STRIDE,) int
        Where a period's net stock is counted in the histograms.
    arrivals : (MARKS, lanes) int
        Orders that arrived in a period, where more than one may.
    before, after : (histograms × bins × 2 × 32,) uint16 or uint32
        Histograms side by side.
    guide : (CELLS,) uint32
    paths, demanded, opening : (lanes,) int64
        Replication numbers; counted demand; period in which a given pipeline arrives.
    phases, earlier : (lanes,) int64
        Review phases drawn, and units demanded between the last review and the start; see `joint_phases`.
    turns : (lanes,) int
        Period of the next review of lanes whose phases were drawn.
    mixing : Mixing
    """

    words: WordArray
    cells: WordArray
    demand: Cells
    demand_line: Cells
    orders: Cells
    orders_line: Cells
    orders_by_two: Cells
    delays: Cells
    delays_line: Cells
    drawn: WordArray
    ahead: IntArray
    lead_guide: Cells
    state: Cells
    tally: IntArray
    by_column: IntArray
    reading: IntArray
    before_mark: Cells
    after_mark: Cells
    arrivals: Cells
    before: Cells
    after: Cells
    guide: WordArray
    paths: IntArray
    demanded: IntArray
    opening: IntArray
    phases: IntArray
    earlier: IntArray
    turns: Cells
    mixing: Mixing
