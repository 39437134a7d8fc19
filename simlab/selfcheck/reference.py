"""The slow, obvious simulator of one SKU-location, one replication and one column of levels.

Written from DESIGN.md §3 (arrive → order → demand → count) with Python integers only. It shares
no code with the engine but the names of its sums: it has its own Philox, its own look-up and its
own order list.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from fractions import Fraction

from simlab.engine.world.columns import MEASURES

ORDER_UP_TO, REORDER_QUANTITY, REORDER_UP_TO = 0, 1, 2
DEMAND, LEAD_TIME, START, OUTAGE, SHARED_DELAY, MARKET, GROUP, BLOCK, PHASE = 1, 2, 3, 4, 5, 6, 7, 8, 9
BACKORDER, LOST, PARTLY = 0, 1, 2
MILLION = 1_000_000


def philox4x32_10(counter, key):
    """Four output words of Philox4x32-10 (Salmon et al. 2011)."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (
            (p1 >> 32) ^ c1 ^ k0,
            p1 & 0xFFFFFFFF,
            (p0 >> 32) ^ c3 ^ k1,
            p0 & 0xFFFFFFFF,
        )
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def word(seed, purpose, item, path, number):
    """Draw `number` of an item's stream on one replication."""
    text = f"stream:{seed}:{purpose}".encode()
    key = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")
    counter = (item & 0xFFFFFFFF, item >> 32, path, number // 4)
    return philox4x32_10(counter, (key & 0xFFFFFFFF, key >> 32))[number % 4]


def review_phase(item, seed, path, periods):
    """As given; drawn in steps that keep the season where no whole number of reviews is counted."""
    if item.phase_cycle == 0 or item.start is not None or periods % item.R == 0:
        return item.phase
    key = int.from_bytes(hashlib.blake2b(f"stream:{seed}:{PHASE}".encode(), digest_size=8).digest(), "little")
    counter = (item.phase_key & 0xFFFFFFFF, item.phase_key >> 32, path, item.R)
    high, low = philox4x32_10(counter, (key & 0xFFFFFFFF, key >> 32))[:2]
    step = math.gcd(item.phase_cycle, item.R)
    return item.phase % step + step * ((high << 32 | low) * (item.R // step) >> 64)


def quantile(values, thresholds, w):
    """Value of a word: the first whose threshold lies above it."""
    return values[min(bisect_right(thresholds[:-1], w), len(values) - 1)]


def lead_time_thresholds(weights):
    """Cumulated shares of 2**32, rounded down."""
    total, running, out = sum(weights), 0, []
    for weight in weights:
        running += weight
        out.append((running << 32) // total)
    return out


def drawn_in_sequence(lead_times, weights, R):
    """(values, thresholds) to draw from so that an order behind others has the law; None: there is none.

    F(a) = G(a) ÷ G(a + R): exact in whole numbers, and a law only where it rises.
    """

    def until(a):
        return sum(w for one, w in zip(lead_times, weights, strict=True) if one <= a)

    values = list(range(lead_times[0], lead_times[-1] + 1))
    shares = [Fraction(until(a), until(a + R)) for a in values]
    if shares != sorted(shares):
        return None
    return values, [math.floor(share * 2**32) for share in shares]


@dataclass
class Sequence:
    """What orders that alone hold others back are drawn from: thresholds from the least lead time on.

    `held` and `free`: of an order k reviews after another, k = 1, 2, …, that was itself held back or not;
    `alone`: with none ahead so near.
    """

    held: list
    free: list
    alone: list


@dataclass
class Supplier:
    """What happens to all orders at one supplier; chances in 2**-32, shares in millionths."""

    key: int
    shared_delay: bool = False
    fails: int = 0
    recovers: int = 0
    on_time: int = MILLION
    rest_delay: int = -1
    closed: list = field(default_factory=lambda: [False])  # by period of a cycle

    def is_open(self, t):
        return not self.closed[t % len(self.closed)]

    def when_open(self, t):
        while not self.is_open(t):
            t += 1
        return t


@dataclass
class Forecast:
    """A planning system's forecast and what is made of it; see `Planner`."""

    method: str
    alpha: float
    beta: float
    gamma: float
    window: int
    interval: float
    lead_variance: float
    level: float
    share: float
    error: float
    factor: float
    season: list = field(default_factory=lambda: [1.0])


@dataclass
class Blocks:
    """Demand read from a series in blocks of fixed length, or of random length with a mean."""

    series: list
    length: int
    random: bool


@dataclass
class Chances:
    """Demand as a chain of occurrences; chances in 2**-32."""

    after_none: int
    after_demand: int

    @property
    def in_the_long_run(self):
        return (self.after_none << 32) // (self.after_none + 2**32 - self.after_demand)


@dataclass
class Factors:
    """Loadings in 2**-30 on the market and on a group, and the tables of scores and probabilities."""

    market: int
    group: int
    group_key: int
    scores: list  # (|score| at a cell's lower edge, fall to the next)
    chances: list  # (probability at a cell's lower edge, rise to the next)


@dataclass
class Item:
    """One SKU-location at one column of levels."""

    key: int
    values: list
    thresholds: list
    lead_times: list
    lead_weights: list
    crossing: bool
    family: int
    s: int
    S: int
    Q: int
    R: int = 1
    phase: int = 0
    pack: int = 1
    moq: int = 0
    max_order: int = 0
    unmet: int = BACKORDER
    waits: int = 0
    max_position: int = 0
    undershoot: bool = True
    supplier: Supplier | None = None
    start: tuple | None = None  # (on hand, on order)
    dated: list = field(default_factory=list)  # (period, units) of open orders with a date
    width: int = 1  # the position begins uniform on s+1 … s+width
    below: list | None = None  # or by thresholds of 0, 1, … units below S
    offset: list = field(default_factory=lambda: [0])  # added to s and S by phase of a cycle
    first_phase: int = 0
    forecast: Forecast | None = None
    phases: list | None = None  # (values, thresholds) of the periods, over and over
    blocks: Blocks | None = None
    chances: Chances | None = None
    factors: Factors | None = None
    phase_cycle: int = 0  # periods after which demand repeats; 0: the review phase is given
    phase_key: int = 0
    phase_drawn: bool = False
    sequence: Sequence | None = None

    @property
    def may_lose(self):
        return self.unmet != BACKORDER


@dataclass
class State:
    """Shelf, queue and pipeline while the periods pass."""

    net: int
    lost_since_receipt: bool = False
    last_arrival: int = -1
    last_order: int | None = None  # its review
    last_gap: int | None = None  # reviews between the last order and the one before
    pipeline: list = field(default_factory=list)  # [arrival period, units, receipts it counts as]
    cancellations: list = field(default_factory=list)  # [period, units]
    order_part: int = 0  # millionths of a unit carried between orders
    waiting_part: int = 0

    @property
    def on_order(self):
        return sum(units for _, units, _ in self.pipeline) + sum(units for _, units in self.cancellations)

    @property
    def position(self):
        return self.net + self.on_order


def round_up(units, pack):
    return -(-units // pack) * pack


def effective_quantity(item):
    """Q of (R,s,nQ) after MOQ and packs."""
    return round_up(max(item.Q, item.moq, 1), item.pack)


def order_size(item, position):
    """Units ordered at a review that finds this position; levels and position less what moves both."""
    if item.family == ORDER_UP_TO:
        if position >= item.S:
            return 0
        units = item.S - position
    else:
        if position > item.s:
            return 0
        if item.family == REORDER_UP_TO:
            units = item.S - position
        else:
            units = 0
            while position + units <= item.s:
                units += effective_quantity(item)
    units = round_up(max(units, item.moq), item.pack)
    if item.max_order:
        units = min(units, max(item.max_order // item.pack * item.pack, 0))  # below 0: nothing, ever
    return units


def limited(item, units, position):
    """An order cut to the highest position allowed, in whole packs or batches."""
    room = item.max_position - position
    if item.max_position == 0 or units <= room:
        return units
    lot = effective_quantity(item) if item.family == REORDER_QUANTITY else item.pack
    units = max(room, 0) // lot * lot
    return units if units >= item.moq else 0


def forgive_undershoot(item, state, t, lift):
    """Units below s, put on the shelf at once; none in the real world, under (R,S) or between reviews."""
    is_up_to = item.family == ORDER_UP_TO or (item.family == REORDER_UP_TO and item.S - item.s == 1)
    if item.undershoot or is_up_to or t < item.phase or (t - item.phase) % item.R:
        return 0
    units = max(item.s + lift - state.position, 0)
    state.net += units
    return units


def arrival_ahead(item, seed, path):
    """Of what the review before the first would have ordered, where every review holds others back."""
    if item.crossing or item.sequence is not None:
        return -1
    w = word(seed, START, item.key, path, 2)
    lead = quantile(item.lead_times, lead_time_thresholds(item.lead_weights), w)
    return item.phase - item.R + lead


def start_state(item, seed, path, lift):
    """As given; else a position of the long run, on the shelf; none below zero where demand is lost.

    `lift` is what the first period's levels lie above the item's.
    """
    if item.start is not None:
        state = State(item.start[0], last_arrival=arrival_ahead(item, seed, path))
        state.pipeline += [[period, units, 1] for period, units in item.dated if units > 0]
        if item.start[1] > 0:
            w = word(seed, START, item.key, path, 2)
            arrival = quantile(item.lead_times, lead_time_thresholds(item.lead_weights), w)
            state.last_arrival, state.last_order = arrival, -1
            dispatch(item, state, arrival, item.start[1])
        return state
    S = {ORDER_UP_TO: item.S, REORDER_UP_TO: item.S, REORDER_QUANTITY: item.s + effective_quantity(item)}
    s = item.S - 1 if item.family == ORDER_UP_TO else item.s
    if item.below is not None:
        w = word(seed, START, item.key, path, 0)
        position = S[item.family] - quantile(range(len(item.below)), item.below, w)
        if item.phase_drawn:  # the law is that just after a review: demand since then
            for j in range(-item.phase % item.R):
                w = word(seed, START, item.key, path, 4 + j)
                position -= quantile(item.values, item.thresholds, w)
    else:
        bits = word(seed, START, item.key, path, 0) << 32 | word(seed, START, item.key, path, 1)
        position = s + 1 + (bits * item.width >> 64)
    net = max(position + lift, 0) if item.may_lose else position + lift
    return State(net, last_arrival=arrival_ahead(item, seed, path))


def lead_time(item, state, seed, path, t):
    """Of an order placed at the review of period t, before the one ahead holds it back."""
    if len(item.lead_times) == 1:
        return item.lead_times[0]
    epoch = (t - item.phase) // item.R
    if item.supplier and item.supplier.shared_delay:
        w = word(seed, SHARED_DELAY, item.supplier.key, path, t)
    else:
        w = word(seed, LEAD_TIME, item.key, path, epoch)
    if item.crossing:
        return quantile(item.lead_times, lead_time_thresholds(item.lead_weights), w)
    if item.sequence is None:
        return quantile(*drawn_in_sequence(item.lead_times, item.lead_weights, item.R), w)
    most, gap = len(item.sequence.held), None if state.last_order is None else epoch - state.last_order
    if gap is None or gap > most:
        thresholds = item.sequence.alone
    elif state.last_gap is None or state.last_gap > most:
        thresholds = item.sequence.free[gap - 1]
    else:
        thresholds = item.sequence.held[gap - 1]
    return quantile(range(item.lead_times[0], item.lead_times[-1] + 1), thresholds, w)


def working_periods(supplier, seed, path, total):
    """Whether the supplier works, period by period: an on/off chain from its long-run state."""
    if supplier is None:
        return [True] * total
    if supplier.fails == 0:
        return [supplier.is_open(t) for t in range(total)]
    works = []
    for t in range(total):
        w = word(seed, OUTAGE, supplier.key, path, t)
        if t == 0:
            works.append(not (w >> 1) * (supplier.fails + supplier.recovers) < supplier.fails << 31)
        elif works[-1]:
            works.append(w >= supplier.fails)
        else:
            works.append(w < supplier.recovers)
    return [one and supplier.is_open(t) for t, one in enumerate(works)]


def dispatch(item, state, arrival, units):
    """Put an order into the pipeline: all of it, or a part and a rest that is late or cancelled."""
    first = units
    if item.supplier:
        arrival = item.supplier.when_open(arrival)
    if item.supplier and item.supplier.on_time < MILLION:
        first, state.order_part = divmod(state.order_part + units * item.supplier.on_time, MILLION)
    rest = units - first
    if first > 0:
        state.pipeline.append((arrival, first, 1))
    if rest > 0 and item.supplier.rest_delay >= 0:
        later = item.supplier.when_open(arrival + item.supplier.rest_delay)
        state.pipeline.append((later, rest, 0 if first > 0 else 1))
    elif rest > 0:
        state.cancellations.append((arrival, rest))


def sum_ahead(season, phase, interval):
    """Seasonal indices of the periods to come, a last part period in part."""
    total, left, at = 0.0, interval, phase
    while left > 0:
        total += min(left, 1.0) * season[at % len(season)]
        left, at = left - 1, at + 1
    return total


def forecast_of(f, known, first_phase):
    """Mean demand of a period, seasons apart, from the demands known."""
    size, between, share, gap = f.level / f.share, 1.0 / f.share, f.share, 0.0
    level = f.level
    for t, d in enumerate(known):
        gap += 1
        share += f.beta * ((d > 0) - share)
        level += f.alpha * (d / f.season[(first_phase + t) % len(f.season)] - level)
        if d > 0:
            size += f.alpha * (d - size)
            between += f.beta * (gap - between)
            gap = 0.0
    if f.method == "moving_average":
        last = known[-f.window :]
        return (sum(last) + (f.window - len(last)) * f.level) / f.window
    return {
        "smoothing": level,
        "croston": size / between if any(known) else f.level,
        "sba": (1.0 - f.beta / 2.0) * (size / between),
        "tsb": share * size if known else f.level,
    }[f.method]


@dataclass
class Planner:
    """What a planning system remembers of its own forecasts: what was said for the next `span` periods."""

    item: Item
    said: list = field(default_factory=list)
    square: float | None = None

    def lift(self, known):
        """What the level of the period after the known demands lies above the item's."""
        t, f, phase = len(known), self.item.forecast, self.item.first_phase
        lift = self.item.offset[(phase + t) % len(self.item.offset)]
        if f is None:
            return lift
        span = max(round(f.interval), 1)
        level = forecast_of(f, known, phase)
        self.said.append(level * sum_ahead(f.season, phase + t, span))
        if self.square is None:
            self.square = f.error * f.error * (span / f.interval)
        if t >= span:
            miss = sum(known[t - span :]) - self.said[t - span]
            self.square += f.gamma * (miss * miss - self.square)
        mean = level * sum_ahead(f.season, phase + t, f.interval)
        error = math.sqrt(self.square * (f.interval / span) + level * level * f.lead_variance)
        return lift + math.ceil(mean + f.factor * error - 1e-9)


def normal_score(scores, w):
    """Score in 2**-20 of a word: 64 cells per octave of the nearer tail's probability, in between by line."""
    tail = float(w if w < 2**31 else 2**32 - 1 - w)
    # a single-precision number: 24 bits, the exact middle between two to the even one
    mantissa, exponent = math.frexp(tail)
    tail = math.ldexp(round(mantissa * 2**24), exponent - 24) + 0.5
    mantissa, exponent = math.frexp(tail)
    bits = round(mantissa * 2**24)
    if bits == 2**24:
        bits, exponent = 2**23, exponent + 1
    cell, part = divmod(((exponent << 23) + bits - 2**23) >> 3, 2**14)
    edge, fall = scores[cell]
    score = edge - (fall * part >> 14)
    return -score if w < 2**31 else score


def coupled(factors, seed, path, t, w):
    """The item's own word mixed with those of its factors."""
    own = math.isqrt(2**60 - factors.market**2 - factors.group**2)
    total = own * normal_score(factors.scores, w)
    if factors.market:
        total += factors.market * normal_score(factors.scores, word(seed, MARKET, 0, path, t))
    if factors.group:
        shared = word(seed, GROUP, factors.group_key, path, t)
        total += factors.group * normal_score(factors.scores, shared)
    score = min(max((total + 2**29) >> 30, -7 * 2**20), 7 * 2**20 - 1)
    cell, part = divmod(score + 7 * 2**20, 2**12)
    edge, rise = factors.chances[cell]
    return edge + (rise * part >> 12)


def demands(item, seed, path, total):
    """Demand of every period."""
    place, happened = -1, None
    for t in range(total):
        w = word(seed, DEMAND, item.key, path, t)
        if item.factors is not None and (item.factors.market or item.factors.group):
            w = coupled(item.factors, seed, path, t, w)
        values, thresholds = (item.values, item.thresholds)
        if item.phases is not None:
            values, thresholds = item.phases[t % len(item.phases)]
        if item.blocks is not None:
            n = len(item.blocks.series)
            if not item.blocks.random:
                block, passed = divmod(t, item.blocks.length)
                place = (word(seed, DEMAND, item.key, path, block) * n >> 32) + passed
            elif t == 0 or word(seed, BLOCK, item.key, path, t) < 2**32 // item.blocks.length:
                place = w * n >> 32
            else:
                place += 1
            yield item.blocks.series[place % n]
            continue
        if item.chances is not None:
            chances = item.chances
            chance = chances.in_the_long_run
            if happened is not None:
                chance = chances.after_demand if happened else chances.after_none
            happened = w >= 2**32 - chance
            if happened:
                w = 2**31 + ((w - 2**32 + chance) * (2**63 // chance) >> 32)
            else:
                w = 0
        yield quantile(values, thresholds, w)


def settle_unmet(item, state, owed):
    """How much of the demand not served waits; the rest is lost."""
    if item.unmet == BACKORDER:
        return owed
    if item.unmet == LOST:
        return 0
    waiting, state.waiting_part = divmod(state.waiting_part + owed * item.waits, MILLION)
    return waiting


def history(item, seed, path, total):
    """What happens in every period, as dicts of Python integers."""
    known, planner = [], Planner(item)
    works = working_periods(item.supplier, seed, path, total)
    for t, demand in enumerate(demands(item, seed, path, total)):
        lift = planner.lift(known)
        if t == 0:
            state = start_state(item, seed, path, lift)
        seen = dict.fromkeys(MEASURES, 0)
        # 0. what was cancelled leaves the pipeline; without undershoot, a review first fills up to s
        state.cancellations = [one for one in state.cancellations if one[0] != t]
        forgiven = forgive_undershoot(item, state, t, lift)
        was_good = state.net >= 0 and not state.lost_since_receipt
        # 1. arrive
        due = [one for one in state.pipeline if one[0] == t]
        state.pipeline = [one for one in state.pipeline if one[0] != t]
        # 2. order
        position = state.position + sum(units for _, units, _ in due)
        if t >= item.phase and (t - item.phase) % item.R == 0:
            left = next((later for later in range(t, total) if works[later]), total)
            arrival = left + lead_time(item, state, seed, path, t)
            units = limited(item, order_size(item, position - lift), position)
            if not item.crossing:
                arrival = max(arrival, state.last_arrival)
                if units > 0 or item.sequence is None:
                    state.last_arrival = arrival
            if units > 0:
                epoch = (t - item.phase) // item.R
                if state.last_order is not None:
                    state.last_gap = epoch - state.last_order
                state.last_order = epoch
                seen["orders"], seen["ordered"] = 1, units
                dispatch(item, state, arrival, units)
                due += [one for one in state.pipeline if one[0] == t]
                state.pipeline = [one for one in state.pipeline if one[0] != t]
                state.cancellations = [one for one in state.cancellations if one[0] != t]
        received = sum(units for _, units, _ in due)
        receipts = sum(count for _, _, count in due)
        state.net += received
        seen["receipts"], seen["good_receipts"] = receipts, receipts if was_good else 0
        seen["received"] = received + forgiven
        seen["ordered"] += forgiven
        if receipts:
            state.lost_since_receipt = False
        seen["on_hand_start"] = max(state.net, 0)
        # 3. demand
        known.append(demand)
        served = min(demand, max(state.net, 0))
        waiting = settle_unmet(item, state, demand - served)
        seen["demanded"], seen["served"] = demand, served
        seen["short"] = int(served < demand)
        seen["lost"] = demand - served - waiting
        state.net -= served + waiting
        state.lost_since_receipt |= seen["lost"] > 0
        # 4. count
        seen["on_hand"] = max(state.net, 0)
        seen["ready"] = int(state.net > 0)
        seen["backorders"] = max(-state.net, 0)
        seen["on_order"] = state.on_order
        yield seen


def with_phase(item, seed, path, periods):
    """The item with the review phase of a replication that counts so many periods."""
    drawn = item.phase_cycle > 0 and item.start is None and periods % item.R != 0
    return replace(item, phase=review_phase(item, seed, path, periods), phase_drawn=drawn)


def simulate(item, seed, path, warmup, periods):
    """Sums of every measure over the counted periods, as a dict of Python integers."""
    sums = dict.fromkeys(MEASURES, 0)
    item = with_phase(item, seed, path, periods)
    for t, seen in enumerate(history(item, seed, path, warmup + periods)):
        if t >= warmup:
            for measure in MEASURES:
                sums[measure] += seen[measure]
    return sums
