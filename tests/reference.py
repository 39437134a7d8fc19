"""The slow, obvious simulator of one SKU-location, one replication and one column of levels.

Written from DESIGN.md §3 (arrive → order → demand → count) with Python integers only. It shares
no code with the engine: it has its own Philox, its own look-up and its own order list.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from dataclasses import dataclass, field

ORDER_UP_TO, REORDER_QUANTITY, REORDER_UP_TO = 0, 1, 2
DEMAND, LEAD_TIME, START = 1, 2, 3
MEASURES = [
    "demanded",
    "served",
    "on_hand",
    "on_hand_start",
    "ready",
    "short",
    "receipts",
    "good_receipts",
    "orders",
    "ordered",
    "received",
    "backorders",
    "lost",
    "on_order",
]


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
    lost: bool = False
    undershoot: bool = True


@dataclass
class State:
    """Shelf, queue and pipeline while the periods pass."""

    net: int
    on_order: int = 0
    lost_since_receipt: bool = False
    last_arrival: int = -1
    pipeline: list = field(default_factory=list)  # (arrival period, units)


def round_up(units, pack):
    return -(-units // pack) * pack


def effective_quantity(item):
    """Q of (R,s,nQ) after MOQ and packs."""
    return round_up(max(item.Q, item.moq, 1), item.pack)


def order_size(item, position):
    """Units ordered at a review that finds this position."""
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
        units = min(units, item.max_order // item.pack * item.pack)
    return units


def forgive_undershoot(item, state, t):
    """Units below s, put on the shelf at once; none in the real world, under (R,S) or between reviews."""
    is_up_to = item.family == ORDER_UP_TO or (item.family == REORDER_UP_TO and item.S - item.s == 1)
    if item.undershoot or is_up_to or t < item.phase or (t - item.phase) % item.R:
        return 0
    position = state.net + sum(units for _, units in state.pipeline)
    units = max(item.s - position, 0)
    state.net += units
    return units


def start_state(item, seed, path):
    """Full shelf; (R,s,nQ) with backorders: position uniform on s+1 … s+Q."""
    if item.family != REORDER_QUANTITY:
        return State(max(item.S, 0) if item.lost else item.S)
    quantity = effective_quantity(item)
    if item.lost:
        return State(max(item.s + quantity, 0))
    bits = word(seed, START, item.key, path, 0) << 32 | word(seed, START, item.key, path, 1)
    return State(item.s + 1 + (bits * quantity >> 64))


def lead_time(item, seed, path, epoch):
    if len(item.lead_times) == 1:
        return item.lead_times[0]
    w = word(seed, LEAD_TIME, item.key, path, epoch)
    return quantile(item.lead_times, lead_time_thresholds(item.lead_weights), w)


def simulate(item, seed, path, warmup, periods):
    """Sums of every measure over the counted periods, as a dict of Python integers."""
    sums = dict.fromkeys(MEASURES, 0)
    state = start_state(item, seed, path)
    for t in range(warmup + periods):
        counted = dict.fromkeys(MEASURES, 0)
        # 0. in a world without undershoot, a review first puts the units below s on the shelf
        forgiven = forgive_undershoot(item, state, t)
        was_good = not state.lost_since_receipt if item.lost else state.net >= 0
        # 1. arrive
        due = [units for arrival, units in state.pipeline if arrival == t]
        state.pipeline = [order for order in state.pipeline if order[0] != t]
        # 2. order
        position = state.net + sum(due) + sum(units for _, units in state.pipeline)
        if t >= item.phase and (t - item.phase) % item.R == 0:
            epoch = (t - item.phase) // item.R
            arrival = t + lead_time(item, seed, path, epoch)
            if not item.crossing:
                arrival = max(arrival, state.last_arrival)
                state.last_arrival = arrival
            units = order_size(item, position)
            if units > 0:
                counted["orders"] = 1
                counted["ordered"] = units
                if arrival == t:
                    due.append(units)
                else:
                    state.pipeline.append((arrival, units))
        state.net += sum(due)
        counted["receipts"] = len(due)
        counted["received"] = sum(due) + forgiven
        counted["ordered"] += forgiven
        counted["good_receipts"] = len(due) if was_good else 0
        if due:
            state.lost_since_receipt = False
        counted["on_hand_start"] = max(state.net, 0)
        # 3. demand
        demand = quantile(item.values, item.thresholds, word(seed, DEMAND, item.key, path, t))
        served = min(demand, max(state.net, 0))
        counted["demanded"], counted["served"] = demand, served
        counted["short"] = int(served < demand)
        if item.lost:
            counted["lost"] = demand - served
            state.net -= served
            state.lost_since_receipt |= served < demand
        else:
            state.net -= demand
        # 4. count
        counted["on_hand"] = max(state.net, 0)
        counted["ready"] = int(state.net > 0)
        counted["backorders"] = max(-state.net, 0)
        counted["on_order"] = sum(units for _, units in state.pipeline)
        if t >= warmup:
            for measure in MEASURES:
                sums[measure] += counted[measure]
    return sums
