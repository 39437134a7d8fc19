"""What the compiled loops take: plain tuples of arrays and integers."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from simlab.engine.arrays import FloatArray, IntArray, KeyArray, ScoreArray, WordArray
from simlab.engine.tables import LawTables

Cells: TypeAlias = npt.NDArray[Any]
"""State of the lanes: int32 where a bound proves that it fits, else int64."""


class DrawArrays(NamedTuple):
    """How the words of n items become demand.

    Attributes
    ----------
    way : (n,) int64
        ONE_TABLE, BY_PHASE, BLOCKS, RESTARTS or CHAIN of `draws`.
    start, length, block : (n,) int64
        See `Past`; `series` (m,) int64.
    chance, gain : (n, 3) uint64
        Chances of demand in 2**-32 in the first period, after none and after some, and 2**63 ÷ each.
    market, group, own : (n,) int64
        Loadings in 2**-30.
    member : (n,) int64, group_keys : (n,) uint64
        Number and key of each item's group.
    scores, chances : (cells,) uint64
        Tables of `copula`.
    """

    way: IntArray
    start: IntArray
    length: IntArray
    block: IntArray
    series: IntArray
    chance: KeyArray
    gain: KeyArray
    market: IntArray
    group: IntArray
    own: IntArray
    member: IntArray
    group_keys: KeyArray
    scores: KeyArray
    chances: KeyArray


class Opening(NamedTuple):
    """Stock and pipeline with which every path begins, where they are given.

    Attributes
    ----------
    given : int
        1 if they are.
    on_hand, on_order : (n,) int64
    """

    given: int
    on_hand: IntArray
    on_order: IntArray


class ItemArrays(NamedTuple):
    """The world of n items, flattened.

    Attributes
    ----------
    laws : LawTables
        Demand.
    lead_start, lead_length : (n,) int64
        Where an item's lead times lie in `lead_periods` and `lead_thresholds`.
    review, phase, pack, moq, cap : (n,) int64
        Order terms; `cap` is the largest order, a multiple of the pack (0: none).
    unmet, waits, ceiling : (n,) int64
        `Unmet`, millionths that wait, and the highest position (0: none).
    crossing : int
        1 if orders may overtake.
    exact_hit : int
        1 if units below s are put on the shelf before an order is placed (no undershoot).
    draws : DrawArrays
        What else demand hangs on.
    opening : Opening
    """

    keys: KeyArray
    laws: LawTables
    lead_start: IntArray
    lead_length: IntArray
    lead_periods: IntArray
    lead_thresholds: WordArray
    review: IntArray
    phase: IntArray
    pack: IntArray
    moq: IntArray
    cap: IntArray
    unmet: IntArray
    waits: IntArray
    ceiling: IntArray
    crossing: int
    exact_hit: int
    draws: DrawArrays
    opening: Opening


class Starts(NamedTuple):
    """Where the positions of n items × k columns begin; see `starts`.

    Attributes
    ----------
    width : (n, k) int64
        Uniform on s + 1 … s + width where there is no table.
    begin, length : (n, k) int64
        Where a table of the units below S lies in `thresholds`; a length of 0 is none.
    thresholds : (m,) uint32
    """

    width: IntArray
    begin: IntArray
    length: IntArray
    thresholds: WordArray


class LevelArrays(NamedTuple):
    """Levels of n items × k columns in one form: S, S − s, Q (0 unless (R,s,nQ)), and where paths begin."""

    top: IntArray
    gap: IntArray
    quantity: IntArray
    starts: Starts


class Schedule(NamedTuple):
    """Which replications run together, and for how long.

    Attributes
    ----------
    demand_key, lead_key, start_key : uint64
        Philox keys of the three purposes.
    warmup, periods : int
        Periods run before counting, and counted.
    paths, slots, columns : (lanes in all,) int64
        Replication number, slot and histogram column of every lane.
    block_start, block_size, block_group, block_last : (blocks,) int64
        Where a block's lanes begin, how many there are, its group of slots, and whether it is the
        group's last (the histograms are then read).
    width : int
        Lanes of the widest block, padded to a multiple of 16.
    keys : (purposes + 1,) uint64
        Philox key of every `Purpose`, by its number.
    """

    demand_key: np.uint64
    lead_key: np.uint64
    start_key: np.uint64
    warmup: int
    periods: int
    paths: IntArray
    slots: IntArray
    columns: IntArray
    block_start: IntArray
    block_size: IntArray
    block_group: IntArray
    block_last: IntArray
    width: int
    keys: KeyArray


class Reach(NamedTuple):
    """Range of an item's delays from review to arrival; `constant` if they never vary."""

    least: int
    most: int
    constant: bool


class Clock(NamedTuple):
    """Where a path stands: no division is needed to know what is due.

    Attributes
    ----------
    review : int
        Review period R.
    reviewed, epoch : int
        Period and number of the last review; the number is −1 before the first.
    arrival, arriving : int
        Period in which the next review's orders arrive under a constant lead time, and its number.
    """

    review: int
    reviewed: int
    epoch: int
    arrival: int
    arriving: int


class Sums(NamedTuple):
    """The output arrays, in the order and shapes of `Curves`."""

    demanded: IntArray
    served: IntArray
    on_hand: IntArray
    on_hand_start: IntArray
    ready: IntArray
    short: IntArray
    receipts: IntArray
    good_receipts: IntArray
    orders: IntArray
    ordered: IntArray
    received: IntArray
    backorders: IntArray
    lost: IntArray
    on_order: IntArray


class Rule(NamedTuple):
    """One item's ordering rule at one column (units; see `rules`); the ceiling is relative to S."""

    gap: int
    quantity: int
    moq: int
    pack: int
    cap: int
    ceiling: int


class DetailArrays(NamedTuple):
    """What only the recorder knows of n items.

    Attributes
    ----------
    supplier_keys : (n,) uint64
        Key of each item's supplier.
    shared, fails, recovers, on_time, rest_delay : (n,) int64
        See `Supply`; the chances in 2**-32.
    held : int
        1 if any supplier may stop.
    outage_key, shared_key : uint64
        Philox keys of both purposes.
    most_ordered : int
        Units of one order of a user's policy that no sum of the run can fail to hold.
    policy
        A user's policy as a compiled function, see `custom`; None: the built-in rules.
    """

    supplier_keys: KeyArray
    shared: IntArray
    fails: IntArray
    recovers: IntArray
    on_time: IntArray
    rest_delay: IntArray
    held: int
    outage_key: np.uint64
    shared_key: np.uint64
    most_ordered: int
    policy: Any


class MovingArrays(NamedTuple):
    """What is added to the levels of n items period by period; see `moving.Forecast`.

    Attributes
    ----------
    offset : (n, k, cycle) int64
        Units by phase of the calendar.
    phase : int
        Phase of period 0.
    method, window, span : (n,) int64
        Way of forecasting (0: none), periods of a moving average, whole periods of the error.
    alpha, beta, error_alpha, scale, lead_variance, level, share, square : (n,) float
        Smoothing; interval ÷ span; lead time; warm start, `square` of the error over the span.
    season, ahead, span_ahead : (n, cycle) float
        Index of each phase, and indices added up over the interval and over the span from it on.
    factor : (n, k) float
        Safety factor.
    """

    offset: IntArray
    phase: int
    method: IntArray
    window: IntArray
    span: IntArray
    alpha: FloatArray
    beta: FloatArray
    error_alpha: FloatArray
    scale: FloatArray
    lead_variance: FloatArray
    level: FloatArray
    share: FloatArray
    square: FloatArray
    season: FloatArray
    ahead: FloatArray
    span_ahead: FloatArray
    factor: FloatArray


class Record(NamedTuple):
    """One path written down; periods from the first one run.

    Attributes
    ----------
    rows : (N_ROWS, periods) int64
        Quantities by period, see `recorder`.
    due, due_orders, gone : (periods,) int64
        Units and orders that arrive in a period, and units cancelled in it.
    leaves : (periods,) int64
        First period from this one on in which the supplier works.
    orders : (epochs + 1, N_ORDER_FIELDS) int64
        One line per order of positive size, see `recorder`.
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


class Groups(NamedTuple):
    """Where items are added up, and what a unit of each is worth."""

    group: IntArray
    unit_value: IntArray


class Mixing(NamedTuple):
    """Work space for what demand hangs on besides one table; the last axis is lanes.

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
    demand_line, orders_line : (periods × STRIDE,), (power of two × STRIDE,) int
        The same memory as one row: at constant distances the compiler keeps rows apart.
    delays : (epochs, lanes) int
        Periods from review to arrival; empty if no item's lead time varies.
    state : (STATE_SIZE,) int
        See `tallies`.
    tally : (N_TALLIES, STRIDE) int64
    by_column : (N_TALLIES, 32) int64
        Tallies added up by histogram column.
    reading : (6 × 32,) int64
        Where the reading of the histograms stands.
    before_mark, after_mark : (MARKS × STRIDE,) int
        Where a period's net stock is counted in the histograms.
    arrivals : (MARKS, lanes) int
        Orders that arrived in a period, where more than one may.
    before, after : (bins × 2 × 32,) uint16 or uint32
        Histograms.
    guide : (CELLS,) uint32
    paths, demanded, opening : (lanes,) int64
        Replication numbers; counted demand; period in which a given pipeline arrives.
    mixing : Mixing
    """

    words: WordArray
    cells: WordArray
    demand: Cells
    demand_line: Cells
    orders: Cells
    orders_line: Cells
    delays: Cells
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
    mixing: Mixing
