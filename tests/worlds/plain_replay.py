"""The plain twin of the compiled replay: items × paths side by side in NumPy, period after period."""

from __future__ import annotations

import numpy as np

from simlab.execution import MILLION
from simlab.models.backtest.sampling import draw_demand, draw_lead_times, every_review
from simlab.register.families import by_lot, has_point
from simlab.verdict.replay.replay import protection, waiting_share


def plain_replay(world, levels, held, *, paths, seed, recorded=None, as_expected=False, opening=None):
    """(3, n, paths) units asked for, served at once, twice on the shelf; every item is counted."""
    real = None if as_expected else held.quantity
    span = protection(world)
    before = int((span + world.terms.review_period).max())
    periods = before + held.n_periods
    demand = draw_demand(world.demand, world.keys, (paths, periods), seed, before)
    demand[:, :, before:][:, :, ~held.is_open] = 0
    if real is not None:
        demand[:, :, before:] = real[:, None, :]
    review = world.terms.review_period
    lead = draw_lead_times(world.lead_time, world.keys, (paths, periods), seed, review)
    if recorded is not None:
        known = np.broadcast_to(recorded[:, None, :], lead[:, :, before:].shape)
        lead[:, :, before:] = np.where(known >= 0, known, lead[:, :, before:])
    run = Run(world, levels, paths, max(int(lead.max()), held.n_periods), before)
    sums = np.zeros((3, world.n_items, paths), np.int64)
    for t in range(periods):
        if t == before and opening is not None:
            run.open(opening, t, held.n_periods)
        served, stock = run.step(t, demand[:, :, t], lead[:, :, t])
        counts = (t >= before + span)[:, None]
        sums += np.where(counts, np.array([demand[:, :, t], served, stock]), 0)
    return sums


class Run:
    """Shelf, position and pipeline of items × paths while the periods pass."""

    def __init__(self, world, levels, paths, longest, before):
        self.terms, self.crossing = world.terms, world.lead_time.crossing
        self.every = every_review(world.lead_time, world.terms.review_period)
        self.family = levels.family[:, None]
        self.offset = np.zeros((world.n_items, 1), int) if levels.offset is None else levels.offset[:, 0]
        self.still = levels.reorder_point[:, :1], levels.order_up_to[:, :1]
        self.first = levels.phase - before
        self._move(0)
        self.Q = np.maximum(levels.order_quantity[:, :1], 1)
        self.waits = waiting_share(world.terms)[:, None]
        self.ceiling = world.terms.max_position
        shape = (world.n_items, paths)
        lots = by_lot(self.family)
        spread = (np.arange(paths) * self.Q) // paths  # even over one lot
        self.net = np.where(lots, self.s + 1 + spread, self.S) + np.zeros(shape, np.int64)
        self.net = np.where(self.waits < MILLION, np.maximum(self.net, 0), self.net)
        self.part = np.zeros(shape, np.int64)
        self.on_order = np.zeros(shape, np.int64)
        self.width = longest + 1
        self.due = np.zeros((self.width, *shape), np.int64)
        self.last = np.full(shape, -1)

    def step(self, t, demand, lead):
        """One period: units served at once, and shelf stock after ordering plus at the count."""
        self._arrive(t)
        self._move(t)
        self._order(t, lead)
        self._arrive(t)
        shelf = np.maximum(self.net, 0)
        served = np.minimum(demand, shelf)
        self.part += (demand - served) * self.waits
        waiting = self.part // MILLION
        self.part -= waiting * MILLION
        self.net -= served + waiting
        return served, shelf + np.maximum(self.net, 0)

    def open(self, opening, t, periods):
        """Put the recorded stock on the shelf and the recorded orders on their way, at period t."""
        rows = np.flatnonzero(opening.known)
        stock = opening.on_hand[rows].astype(np.int64)[:, None]
        self.net[rows] = np.where(self.waits[rows] > 0, stock, np.maximum(stock, 0))
        self.part[rows], self.on_order[rows], self.last[rows] = 0, 0, -1
        self.due[:, rows] = 0
        kept = opening.known[opening.item]
        item, arrival, units = opening.item[kept], t + opening.arrival[kept], opening.quantity[kept]
        np.add.at(self.due, (arrival % self.width, item), units[:, None])
        np.add.at(self.on_order, item, units[:, None])
        came = opening.arrival[kept] < periods  # what never came does not hold up what is ordered next
        np.maximum.at(self.last, item[came], arrival[came][:, None])

    def _move(self, t):
        """s and S of the period."""
        lift = self.offset[:, [(self.first + t) % self.offset.shape[1]]]
        self.s, self.S = (one + lift for one in self.still)

    def _arrive(self, t):
        here = self.due[t % self.width]
        self.net += here
        self.on_order -= here
        here[:] = 0

    def _order(self, t, lead):
        terms = self.terms
        turn = (t >= terms.review_phase) & ((t - terms.review_phase) % terms.review_period == 0)
        arrival = t + lead
        size = np.where(turn[:, None], self._sizes(), 0)
        if not self.crossing:
            arrival = np.maximum(arrival, self.last)
            holds = (turn & self.every)[:, None] | (size > 0)
            self.last = np.where(holds, arrival, self.last)
        self.on_order += size
        row, path = np.nonzero(size)
        np.add.at(self.due, (arrival[row, path] % self.width, row, path), size[row, path])

    def _sizes(self):
        """Units ordered at a review: deficit or lots, raised to the MOQ, in packs, at most the largest."""
        position = self.net + self.on_order
        lots = by_lot(self.family)
        places = np.where(has_point(self.family), position <= self.s, position < self.S)
        size = np.where(lots, ((self.s - position) // self.Q + 1) * self.Q, self.S - position)
        pack = self.terms.pack_size[:, None]
        size = -(-np.maximum(size, self.terms.moq[:, None]) // pack) * pack
        cap = self.terms.max_order[:, None] // pack * pack
        size = np.where(places, np.where(cap != 0, np.minimum(size, np.maximum(cap, 0)), size), 0)
        return np.asarray(size if self.ceiling is None else self._within(size, position, self.ceiling))

    def _within(self, size, position, ceiling):
        """Orders cut to whole packs or lots, so that the position stays at or below the ceiling."""
        room = np.maximum(ceiling[:, None] - position, 0)
        lot = np.where(by_lot(self.family), self.Q, self.terms.pack_size[:, None])
        cut = room // lot * lot
        cut = np.where(cut >= self.terms.moq[:, None], cut, 0)
        return np.where((ceiling[:, None] == 0) | (size <= room), size, cut)
