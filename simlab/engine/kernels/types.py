"""What the compiled loops take: plain tuples of arrays and integers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simlab.arrays import FloatArray, IntArray, KeyArray, WordArray
from simlab.engine.laws.tables import LawTables


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
    lead_start, lead_length : (n,) int64
        Where the law of an order's lead time lies in `ItemArrays`: that of a pipeline without a date.
    due_begin, due_count : (n,) int64
        Where an item's orders with a date lie in `due_period` and `due_units` (k,).
    """

    given: int
    on_hand: IntArray
    on_order: IntArray
    lead_start: IntArray
    lead_length: IntArray
    due_begin: IntArray
    due_count: IntArray
    due_period: IntArray
    due_units: IntArray


class InSequence(NamedTuple):
    """Lead times that depend on how long ago the order ahead was placed; see `sequence`.

    Attributes
    ----------
    begin : (n,) int64
        Where an item's tables begin; −1: it has none, and its lead times are as in `ItemArrays`.
    far, size : (n,) int64
        Reviews after which the order ahead no longer matters, and points of each table.
    thresholds : (m,) uint32
    """

    begin: IntArray
    far: IntArray
    size: IntArray
    thresholds: WordArray


class ItemArrays(NamedTuple):
    """The world of n items, flattened.

    Attributes
    ----------
    laws : LawTables
        Demand.
    lead_start, lead_length : (n,) int64
        Where an item's lead times lie in `lead_periods` and `lead_thresholds`.
    review, phase, pack, moq, cap : (n,) int64
        Order terms; `cap` is the largest order, a multiple of the pack (0: no limit; below 0: no order).
    unmet, waits, ceiling : (n,) int64
        `Unmet`, millionths that wait, and the highest position (0: none).
    crossing : int
        1 if orders may overtake.
    sequence : InSequence
        Where they may not: what is drawn from instead, for items whose orders alone hold others back.
    exact_hit : int
        1 if units below s are put on the shelf before an order is placed (no undershoot).
    draws : DrawArrays
        What else demand depends on.
    opening : Opening
    n_phases, phase_step : (n,) int64; phase_keys : (n,) uint64
        Number of review phases to draw from (0: `phase` stands), their distance, and the key of the draw;
        see `joint_phases`.
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
    sequence: InSequence
    exact_hit: int
    draws: DrawArrays
    opening: Opening
    n_phases: IntArray
    phase_step: IntArray
    phase_keys: KeyArray


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
    beside : int
        Histograms of 32 columns each that a group fills: column c belongs to number c ÷ 32.
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
    beside: int


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
    calendar : (n,) int64
        Row of `until_open` of each item's supplier; −1: it never closes.
    until_open : (m, cycle) int64
        Periods until a supplier is open, by period of a cycle that begins with period 0.
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
    calendar: IntArray
    until_open: IntArray
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


class Groups(NamedTuple):
    """Where items are added up, and what a unit of each is worth."""

    group: IntArray
    unit_value: IntArray
