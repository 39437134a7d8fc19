"""Which spans of demand a level must cover where the supplier is closed on some days of the year."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, lcm

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.engine.world.world import World
from simlab.policies.sums.protection import Protection, trimmed


@dataclass(frozen=True, eq=False)
class Holidays:
    """When a supplier is closed, and when its items are reviewed.

    Attributes
    ----------
    wait : (cycle,) int64
        Periods until the supplier is open, see `Supply.until_open`.
    since : (cycle,) int64
        Periods since it was open; 0: it is.
    review_period, review_phase : int
    step : int
        Reviews fall on all periods that differ from the phase by multiples of it, in the long run.
    """

    wait: IntArray
    since: IntArray
    review_period: int
    review_phase: int
    step: int

    @classmethod
    def of(cls, wait: IntArray, review_period: int, review_phase: int, *, drawn: bool) -> Holidays:
        """Of a supplier and a review; `drawn`: its phase is, where a year holds no whole number of them."""
        cycle, R = wait.size, review_period
        step = R if cycle % R == 0 else (1 if drawn else gcd(R, cycle))
        back = np.zeros(cycle, np.int64)
        since = 0
        for t in range(2 * cycle):
            since = 0 if wait[t % cycle] == 0 else since + 1
            back[t % cycle] = since
        return cls(wait, back, R, review_phase % step, step)

    def leaves(self, at: IntArray) -> IntArray:
        """First open period from each on: in which an order leaves, and arrives."""
        return np.asarray(at + self.wait[at % self.wait.size])

    def open_before(self, at: IntArray) -> IntArray:
        """Last open period up to each."""
        return np.asarray(at - self.since[at % self.since.size])

    def reviewed(self, at: IntArray) -> BoolArray:
        """Whether a review can fall on each period."""
        return np.asarray((at - self.review_phase) % self.step == 0)


def closing(world: World) -> BoolArray:
    """(n,) items with demand whose supplier is closed at times."""
    supply = world.supply
    if supply is None:
        return np.zeros(world.n_items, np.bool_)
    return np.asarray(supply.closes[supply.supplier] & (world.demand.mean > 0))


def closures(world: World) -> tuple[IntArray, IntArray, IntArray]:
    """(n,) number of each item's supplier, −1 where it never closes; phase of the review; is it drawn?"""
    closes, terms = closing(world), world.terms
    none = np.zeros(world.n_items, np.int64)
    of = none if world.supply is None else world.supply.supplier
    drawn = none if terms.phase_cycle is None else (terms.phase_cycle > 0).astype(np.int64)
    phase = np.where(closes, terms.review_phase, 0)
    return np.where(closes, of, -1), phase, np.where(closes, drawn, 0)


def around_holidays(
    lead: FloatArray, holidays: Holidays, apart: bool, drawn: FloatArray | None = None
) -> Protection:
    """Weights on spans of demand, means over the year.

    Parameters
    ----------
    lead : (m,) float
        Probabilities of the lead time of an order that is placed, from 0 periods on.
    holidays : Holidays
    apart : bool
        Orders are so far apart that two hardly ever are on the way together.
    drawn : (k,) float, optional
        Of orders kept in sequence at every review: probabilities of what is drawn before an order is held
        back behind those ahead of it.

    Notes
    -----
    An order of period u leaves in the first open period v(u) from u on and arrives in the first open one
    from v(u) + L on: it has arrived by t if L is no longer than the time from v(u) to the last open period
    up to t. The youngest order that has arrived by t has the age a with the probability that this one has and
    none of the next review has; of t then E(D_(a+1) − S)⁺ − E(D_a − S)⁺ is short. In sequence the order of u
    has arrived by t if it and all ahead of it have been drawn to: the product of F(t − v(u − jR)) over j, F
    what is drawn; a holiday lets orders leave together, so that the product no longer is that of one order.
    Exact for constant lead times, and for orders in sequence where every review orders.
    """
    below = np.cumsum(lead)
    R, cycle = holidays.review_period, holidays.wait.size
    longest = lead.size - 1 + 2 * int(holidays.wait.max()) + R
    now, ages = np.arange(cycle)[:, None], np.arange(longest + 1)[None, :]
    arrived = _by(below, holidays.open_before(now) - holidays.leaves(now - ages))
    if drawn is not None:
        arrived = _all_ahead(np.cumsum(drawn), holidays, now, ages)
    younger = np.concatenate([np.zeros((cycle, R)), arrived[:, : longest + 1 - R]], axis=1)
    share = (arrived - younger) * holidays.reviewed(now - ages) * (holidays.step / cycle)
    weight = share.sum(axis=0)
    short = np.zeros(longest + 2)
    short[1:] += weight
    short[:-1] -= weight
    if drawn is not None:
        return trimmed(Protection(short, _receipts_behind(np.cumsum(drawn), holidays, longest), R))
    joined = _joined(int(lead.argmax()), holidays) if np.count_nonzero(lead) == 1 else None
    return trimmed(Protection(short, _receipts(lead, below, holidays, longest, apart), R, joined))


def _joined(length: int, holidays: Holidays) -> FloatArray:
    """Which reviews have their orders arrive together, see `Protection.joined`; of a constant lead time."""
    R, cycle = holidays.review_period, holidays.wait.size
    beside = 2 + int(holidays.wait.max()) // R
    found = []
    for phase in range(holidays.review_phase, gcd(R, cycle), holidays.step):
        placed = phase + R * np.arange(-beside, lcm(R, cycle) // R)
        arrival = holidays.leaves(holidays.leaves(placed) + length)
        first = np.searchsorted(arrival, arrival)  # of those that arrive together
        whole = placed >= 0
        found.append(np.stack([placed - placed[first], arrival - placed], axis=1)[whole])
    distinct, counts = np.unique(np.concatenate(found), axis=0, return_counts=True)
    return np.column_stack([distinct, counts / counts.sum()])


def _all_ahead(below: FloatArray, holidays: Holidays, now: IntArray, ages: IntArray) -> FloatArray:
    """(cycle, ages) chance that the order of each age and all orders ahead of it have arrived."""
    R, n = holidays.review_period, ages.size
    ahead = -(-(below.size + 2 * int(holidays.wait.max())) // R)
    every = np.arange(n + ahead * R)[None, :]
    one = _by(below, holidays.open_before(now) - holidays.leaves(now - every))
    for age in reversed(range(n + (ahead - 1) * R)):
        one[:, age] *= one[:, age + R]
    return one[:, :n]


def _receipts_behind(below: FloatArray, holidays: Holidays, longest: int) -> FloatArray:
    """As `_receipts`, of orders in sequence at every review.

    With the order of p the last m arrive together at t: those ahead of them have by t − 1, the first of the m
    has not, and the others have been drawn to.
    """
    R, cycle = holidays.review_period, holidays.wait.size
    placed = np.flatnonzero(holidays.reviewed(np.arange(cycle)))[:, None]
    day = placed + np.arange(longest + 1)[None, :]
    most = -(-(longest + 1) // R) + 1
    left = [holidays.leaves(placed - back * R) for back in range(most + 1)]
    by = [_by(below, holidays.open_before(day) - one) for one in left]
    before = [_by(below, holidays.open_before(day - 1) - one) for one in left]
    ahead = [np.ones(day.shape)]
    for one in reversed(before):
        ahead.append(ahead[-1] * one)
    ahead.reverse()  # [m]: all from the m-th before on
    out, since = np.zeros(longest + (most + 1) * R + 1), np.ones(day.shape)
    for m in range(1, most + 1):
        chance = ahead[m] * np.maximum(by[m - 1] - before[m - 1], 0.0) * since
        out[m * R : m * R + longest + 1] += chance.mean(axis=0)
        since = since * by[m - 1]
    return out


def _by(below: FloatArray, time: IntArray) -> FloatArray:
    """P(L ≤ time)."""
    return np.asarray(np.where(time < 0, 0.0, below[np.clip(time, 0, below.size - 1)]))


def _receipts(
    lead: FloatArray, below: FloatArray, holidays: Holidays, longest: int, apart: bool
) -> FloatArray:
    """Law of the span whose demand has gone from S just before an order arrives."""
    R, cycle = holidays.review_period, holidays.wait.size
    out = np.zeros(longest + 2 * R + 2)
    placed = np.flatnonzero(holidays.reviewed(np.arange(cycle)))
    for length in np.flatnonzero(lead > 0).tolist():
        arrival = holidays.leaves(holidays.leaves(placed) + length)
        if apart:
            np.add.at(out, R + arrival - placed, lead[length] / placed.size)
            continue
        before = np.zeros(placed.size)
        for earlier in range(R, out.size, R):
            known = holidays.open_before(arrival - 1) - holidays.leaves(placed - earlier)
            has = np.maximum(_by(below, known), before)
            at = np.minimum(arrival - placed + earlier, out.size - 1)
            np.add.at(out, at, lead[length] * (has - before) / placed.size)
            before = has
    return out
