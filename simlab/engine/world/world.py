"""The arrays that go into the simulator.

Everything counted is an int64: units of stock, periods, orders. Money enters as integer weights
per unit, so that every total is exact and does not depend on the order of addition.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from simlab.arrays import CodeArray, FloatArray, IntArray, KeyArray, TextArray, take_rows
from simlab.engine.world.demand_law import DemandLaw, Dependence
from simlab.engine.world.working_grid import WorkingGrid

MILLION = 1_000_000
"""Shares are counted in millionths."""
NOTHING = -1
"""Largest order of what is never ordered."""


class Unmet(IntEnum):
    """What becomes of demand that finds an empty shelf."""

    BACKORDER = 0
    LOST = 1
    PARTLY = 2


@dataclass(frozen=True, eq=False)
class LeadTimeLaw:
    """Lead times in whole periods, as weighted support points; a constant is one point.

    Attributes
    ----------
    law : (n,) int64
        Number of the law that each SKU-location's supplier follows.
    start, length : (n_laws,) int64
        Where each law lies in `periods` and `weights`.
    periods : (m,) int64
        Support points, ascending within a law, ≥ 0.
    weights : (m,) int64
        Integer weights; a law's weights sum to less than 2**31.
    crossing : bool
        True: an order may overtake an earlier one. False: arrival = max(previous arrival, t + l).
    """

    law: IntArray
    start: IntArray
    length: IntArray
    periods: IntArray
    weights: IntArray
    crossing: bool

    def take(self, rows: IntArray) -> LeadTimeLaw:
        """The lead times of some items; the support tables stay shared."""
        return replace(self, law=self.law[rows])

    def support(self, item: int) -> tuple[IntArray, FloatArray]:
        """Support points (periods) and probabilities of one item's lead time."""
        law = int(self.law[item])
        rows = slice(int(self.start[law]), int(self.start[law] + self.length[law]))
        weights = self.weights[rows].astype(np.float64)
        return self.periods[rows], weights / weights.sum()

    def longest(self) -> IntArray:
        """(n,) longest possible lead time of each item, in periods."""
        last = self.start + self.length - 1
        longest: IntArray = self.periods[last][self.law]
        return longest


@dataclass(frozen=True, eq=False)
class OrderTerms:
    """What reviewing and ordering is bound to, per SKU-location.

    Attributes
    ----------
    review_period, review_phase : (n,) int64
        Orders may be placed in periods t with (t − phase) mod R = 0, 0 ≤ phase < R.
    pack_size : (n,) int64
        Orders are rounded up to multiples of it; at least 1.
    moq, max_order : (n,) int64
        Smallest and largest order; 0 = no such limit, `NOTHING` (−1) as the largest: nothing is ordered.
    unmet : (n,) int8
        `Unmet`.
    waits : (n,) int64, optional
        Millionths of the units not served at once that wait, where `unmet` is PARTLY; the others are
        lost. Fractions of a unit are carried to the next shortage.
    max_position : (n,) int64, optional
        An order may not lift the inventory position above it; 0 = no such limit. What does not fit
        is cut to whole packs (whole batches for (R,s,nQ)); if less than the MOQ is left, nothing is
        ordered.
    phase_cycle : (n,) int64, optional
        Periods after which the item's demand repeats (1: no season), where the review phase may be drawn
        per replication; 0: it was given and is never moved. A phase is drawn where the counted window holds
        no whole number of reviews and paths begin in the long run, from `review_phase` in steps of
        gcd(cycle, R), so that reviews keep their season. Nothing is drawn if left out.
    phase_keys : (n,) uint64, optional
        Whose phase it is: items with one key and review period share the draw.
    window : (n,) int64, optional
        Periods that an item is counted for in place of the horizon's, so that they hold whole cycles of a
        phase that is given; 0: the horizon's. See `Horizon.scale`.
    """

    review_period: IntArray
    review_phase: IntArray
    pack_size: IntArray
    moq: IntArray
    max_order: IntArray
    unmet: CodeArray
    waits: IntArray | None = None
    max_position: IntArray | None = None
    phase_cycle: IntArray | None = None
    phase_keys: KeyArray | None = None
    window: IntArray | None = None

    @property
    def n_items(self) -> int:
        return int(self.review_period.size)

    def take(self, rows: IntArray) -> OrderTerms:
        """The terms of some items."""
        return take_rows(self, rows)


@dataclass(frozen=True, eq=False)
class Supply:
    """What happens to all orders at one supplier, beyond the lead time of each item.

    Attributes
    ----------
    supplier : (n,) int64
        Number of each item's supplier.
    keys : (m,) uint64
        Hash of the supplier's name (`streams.supplier_keys`): its streams depend on it, so that any
        block of items can draw them alone.
    shared_delay : (m,) bool
        True: one random word per supplier and period serves all orders placed in it, so that items
        with one law get one lead time. False: every item and review has its own.
    fails, recovers : (m,) int64
        Chances per period, in 2**-32, that a working supplier stops, and that a stopped one is
        back. An order placed while it is stopped leaves in the first period in which it works.
        The chain starts in its long-run state.
    on_time : (m,) int64
        Millionths of each order that arrive after the lead time; fractions of a unit are carried
        to the item's next order.
    rest_delay : (m,) int64
        Periods after which the rest follows; −1: the rest is cancelled on the day of arrival.
    closed : (m, cycle) bool, optional
        Periods of a cycle, from period 0 of the run on, over and over, in which nothing leaves the supplier
        and nothing of its arrives: an order leaves, and arrives, in the first open period from then on. No
        supplier is closed for a whole cycle. Orders of `Start` with a date keep it.
    """

    supplier: IntArray
    keys: KeyArray
    shared_delay: npt.NDArray[np.bool_]
    fails: IntArray
    recovers: IntArray
    on_time: IntArray
    rest_delay: IntArray
    closed: npt.NDArray[np.bool_] | None = None

    @property
    def closes(self) -> npt.NDArray[np.bool_]:
        """(m,) suppliers that are closed at times."""
        if self.closed is None:
            return np.zeros(self.keys.size, np.bool_)
        return np.asarray(self.closed.any(axis=1))

    def until_open(self) -> IntArray:
        """(m, cycle) periods from each period of the cycle until the supplier is open; 0: it is."""
        if self.closed is None:
            return np.zeros((self.keys.size, 1), np.int64)
        waits = np.zeros(self.closed.shape, np.int64)
        still = np.zeros(self.keys.size, np.int64)
        for t in reversed(range(2 * self.closed.shape[1])):  # twice round: the end waits for the beginning
            at = t % self.closed.shape[1]
            still = np.where(self.closed[:, at], still + 1, 0)
            waits[:, at] = still
        return waits

    def take(self, rows: IntArray) -> Supply:
        """Some of the items; the suppliers stay shared."""
        return replace(self, supplier=self.supplier[rows])


@dataclass(frozen=True, eq=False)
class Start:
    """Stock and pipeline from which every path begins, instead of the long run.

    Attributes
    ----------
    on_hand : (n,) int64
        Units on the shelf before period 0; negative: units owed (not where demand is lost).
    on_order : (n,) int64
        Units on order without a date. They count as one order placed just before the review of period 0:
        they arrive after one lead time of the item, drawn from its law per replication (0: at once).
    due_item, due_period, due_units : (k,) int64, optional
        Open orders with a date, by item: when they arrive, from period 0 on, and their units. They are
        facts: they hold no later order back. Default: none.
    """

    on_hand: IntArray
    on_order: IntArray
    due_item: IntArray | None = None
    due_period: IntArray | None = None
    due_units: IntArray | None = None

    def orders_due(self) -> tuple[IntArray, IntArray, IntArray]:
        """Item, period and units of the orders with a date."""
        if self.due_item is None or self.due_period is None or self.due_units is None:
            none = np.zeros(0, np.int64)
            return none, none, none
        return self.due_item, self.due_period, self.due_units

    def all_on_order(self) -> IntArray:
        """(n,) units on order, with and without a date."""
        item, _, units = self.orders_due()
        total = self.on_order.astype(np.int64)
        np.add.at(total, item, units)
        return total

    def has_dates(self) -> npt.NDArray[np.bool_]:
        """(n,) items with orders that have a date."""
        return np.isin(np.arange(self.on_hand.size), self.orders_due()[0])

    def take(self, rows: IntArray) -> Start:
        """The stock of some items."""
        item, period, units = self.orders_due()
        order = np.argsort(item, kind="stable")
        counts = np.bincount(item, minlength=self.on_hand.size)
        first = np.cumsum(counts) - counts
        kept = counts[rows]
        inside = np.arange(kept.sum()) - np.repeat(np.cumsum(kept) - kept, kept)
        at = order[np.repeat(first[rows], kept) + inside]
        number = np.repeat(np.arange(kept.size), kept)
        return Start(self.on_hand[rows], self.on_order[rows], number, period[at], units[at])


@dataclass(frozen=True, eq=False)
class World:
    """All that is true of the SKU-locations whatever the policy: the simulator's input.

    Attributes
    ----------
    keys : (n,) uint64
        Hash of (sku, location): the item's own random streams depend on it.
    undershoot : bool
        False is the textbook's world without undershoot: a review that finds the position below s puts
        the units missing to s on the shelf at once (they count as ordered and received), then orders.
        (R,S) knows no undershoot and stays as it is.
    supply : Supply, optional
        Outages, holidays, shared delays and partial receipts; none if left out.
    dependence : Dependence, optional
        Common factors of demand; items are independent if left out.
    start : Start, optional
        Stock and pipeline of today, from which every path begins (the transient question); the long
        run if left out.
    names : two (n,) object arrays, optional
        SKUs and locations: what a fault calls the items, beside their rows.
    grid : WorkingGrid, optional
        Items that go by parts of a period (`on_grid`); laws, lead times and terms of theirs are by period
        here all the same. All go by periods if left out.
    """

    keys: KeyArray
    demand: DemandLaw
    lead_time: LeadTimeLaw
    terms: OrderTerms
    undershoot: bool = True
    supply: Supply | None = None
    dependence: Dependence | None = None
    start: Start | None = None
    names: tuple[TextArray, TextArray] | None = None
    grid: WorkingGrid | None = None

    @property
    def n_items(self) -> int:
        return int(self.keys.size)

    def name(self, item: int) -> str:
        """SKU@LOCATION of an item, or nothing where the world has no names."""
        return "" if self.names is None else "@".join(str(part[item]) for part in self.names)

    def starting(self, start: Start | None) -> World:
        """The same world, its paths beginning with a stock and pipeline; itself where none is given."""
        return self if start is None else replace(self, start=start)

    def take(self, rows: IntArray) -> World:
        """Some of the items, in the given order."""
        return World(
            self.keys[rows],
            self.demand.take(rows),
            self.lead_time.take(rows),
            self.terms.take(rows),
            self.undershoot,
            None if self.supply is None else self.supply.take(rows),
            None if self.dependence is None else self.dependence.take(rows),
            None if self.start is None else self.start.take(rows),
            None if self.names is None else (self.names[0][rows], self.names[1][rows]),
            None if self.grid is None else self.grid.take(rows),
        )


@dataclass(frozen=True)
class Horizon:
    """How long, how often and with which randomness to simulate.

    Attributes
    ----------
    periods, warmup : int
        Periods counted, and periods run before them.
    replications, first_replication : int
        Replications run, and the number of the first one (streams depend on the number).
    slots : int
        Sums are kept apart by ``replication mod slots``: batches (at most 32) for `Curves`,
        the number of replications where each is wanted alone.
    seed : int
        64-bit seed of this phase (search, selection or verdict), from `streams.phase_seed`.
    scale : int
        1: every item is counted for `periods`. Above: items with a window of their own are counted for that,
        and the sums of all items are brought to ``periods × scale`` periods (`exposure`): multiplied by
        scale, or by periods × scale ÷ window. Exact where the window divides periods × scale; else to the
        nearest unit, an error of half a `scale`-th of a unit and period.
    """

    periods: int
    warmup: int
    replications: int
    slots: int
    seed: int
    first_replication: int = 0
    scale: int = 1

    @property
    def exposure(self) -> int:
        """Periods that the sums of a replication speak of."""
        return self.periods * self.scale
