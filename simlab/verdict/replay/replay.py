"""The real last periods under a plan's levels, beside what the plan was expected to do in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from simlab import mapped
from simlab.arrays import AnyArray, IntArray
from simlab.execution import MILLION, Levels, OrderTerms, Unmet, World
from simlab.models import AtCut, HeldOut
from simlab.models.backtest.path import Orders, Terms, follow
from simlab.models.backtest.sampling import draw_demand, draw_lead_times, every_review
from simlab.register.families import by_lot, has_point

_BLOCK = 1 << 18  # items × paths that begin as early as the longest R + L among them asks
_DRAWN = 1 << 21  # units drawn at a time


@dataclass(frozen=True, eq=False)
class ReplaySums:
    """Sums over the counted periods of the hold-out.

    Attributes
    ----------
    demanded, served, on_hand : (n, paths) int32 or int64
        Units asked for, units served at once, unit-periods on the shelf (twice the mean of after
        ordering and at the count). Paths differ by their start and their lead times.
    n_counted : (n,) int64
        Periods counted; 0 where the hold-out is too short for the item.
    """

    demanded: AnyArray
    served: AnyArray
    on_hand: AnyArray
    n_counted: IntArray


def protection(world: World) -> IntArray:
    """(n,) longest R + L of each item, in periods."""
    return np.asarray(world.terms.review_period + world.lead_time.longest())


def replay(
    world: World,
    levels: Levels,
    held: HeldOut,
    *,
    paths: int,
    seed: int,
    recorded: IntArray | None = None,
    as_expected: bool = False,
    opening: AtCut | None = None,
) -> ReplaySums:
    """Run the held-out periods from the recorded stock, else from draws of the plan's stationary state.

    Parameters
    ----------
    world : World
        Laws of the past; n items.
    levels : Levels
        One column; where levels move by a calendar, `phase` is that of the first held-out period.
    held : HeldOut
        What really happened.
    paths : int
        Draws of the start, and of the lead times where they are random.
    seed : int
        Of the draws.
    recorded : (n, N) int64, optional
        Lead time of an order placed in each held-out period, where it is known; −1 elsewhere.
    as_expected : bool
        Demand of the held-out periods drawn from the laws instead: what the plan expected.
    opening : AtCut, optional
        Stock and open orders when the hold-out began; items without a record start from draws.

    Notes
    -----
    Each path runs longest R + L and R more periods of drawn demand from a start as drawn, then the hold-out.
    The first max(R + L) periods of an item do not count (orders of the past still arrive in them), and
    items with a hold-out below 2·max(R + L) are not counted at all. Order of events: arrive, order,
    demand, count. Nothing leaves a supplier on its closed days, and nothing of its arrives; recorded lead
    times hold these days already.
    """
    return _run(world, [_Case(levels, as_expected, recorded)], held, paths, seed, opening)[0]


def replay_plans(
    world: World,
    plans: Sequence[Levels],
    held: HeldOut,
    *,
    paths: int,
    seed: int,
    recorded: IntArray | None = None,
    opening: AtCut | None = None,
) -> list[tuple[ReplaySums, ReplaySums]]:
    """What was, and what was expected, under each of several plans: one set of draws for them all.

    `recorded` lead times are those of what was; expected are draws.
    """
    cases = [case for levels in plans for case in (_Case(levels, False, recorded), _Case(levels, True, None))]
    found = _run(world, cases, held, paths, seed, opening)
    return list(zip(found[::2], found[1::2], strict=True))


@dataclass(frozen=True, eq=False)
class _Case:
    """One plan on the demand that was or that the laws draw, with lead times as recorded or drawn."""

    levels: Levels
    as_expected: bool
    recorded: IntArray | None


def _run(
    world: World, cases: list[_Case], held: HeldOut, paths: int, seed: int, opening: AtCut | None
) -> list[ReplaySums]:
    """Sums of every case, on the same draws; demand is the same whatever the levels."""
    span = protection(world)
    counted = np.where(held.n_periods >= 2 * span, held.n_periods - span, 0)
    shape = (world.n_items, paths)
    asked = {as_expected: mapped.room(shape, np.int32) for as_expected in {one.as_expected for one in cases}}
    served, on_hand = ([mapped.room(shape, np.int32) for _ in cases] for _ in range(2))
    for rows, before in _rows_drawn(world, np.flatnonzero(counted > 0), held, paths):
        part = _Part(world.take(rows), held, None if opening is None else opening.take(rows), before)
        drawn, lead = part.draws(paths, seed)
        for as_expected, table in asked.items():
            demand = drawn if as_expected else part.really(drawn, held.quantity[rows])
            asked[as_expected] = _placed(table, rows, part.counted(demand))
            for place, one in enumerate(cases):
                if one.as_expected == as_expected:
                    known = lead if one.recorded is None else part.as_recorded(lead, one.recorded[rows])
                    found = part.follow(one.levels.take(rows), demand, known)
                    served[place] = _placed(served[place], rows, found[0])
                    on_hand[place] = _placed(on_hand[place], rows, found[1])
    return [
        ReplaySums(asked[one.as_expected], served[place], on_hand[place], counted)
        for place, one in enumerate(cases)
    ]


def _placed(table: AnyArray, rows: IntArray, sums: IntArray) -> AnyArray:
    """The table with the sums of some items, in numbers of twice the bytes where these need them."""
    if table.dtype == np.int32 and int(sums.max(initial=0)) > np.iinfo(np.int32).max:
        table = mapped.away(table.astype(np.int64))
    table[rows] = sums
    return table


def _rows_drawn(world: World, judged: IntArray, held: HeldOut, paths: int) -> Iterator[tuple[IntArray, int]]:
    """Items that are drawn together, and the periods before the hold-out with which their paths begin."""
    span = protection(world)
    order = judged[np.argsort(span[judged], kind="stable")]
    block = max(1, _BLOCK // paths)
    for begin in range(0, order.size, block):
        rows = order[begin : begin + block]
        mapped.rest()  # of sums in files, those that are made
        before = int((span[rows] + world.terms.review_period[rows]).max())
        size = max(1, _DRAWN // (paths * (before + held.n_periods)))
        for first in range(0, rows.size, size):
            yield rows[first : first + size], before


@dataclass(frozen=True, eq=False)
class _Part:
    """Some items over the periods before the hold-out and those of it."""

    world: World
    held: HeldOut
    opening: AtCut | None
    before: int

    def draws(self, paths: int, seed: int) -> tuple[IntArray, IntArray]:
        """(n, paths, periods) demand, and lead time of an order of each period."""
        world, shape = self.world, (paths, self.before + self.held.n_periods)
        demand = draw_demand(world.demand, world.keys, shape, seed, self.before)
        demand[:, :, self.before :][:, :, ~self.held.is_open] = 0
        lead = draw_lead_times(world.lead_time, world.keys, shape, seed, world.terms.review_period)
        return demand, self._around_holidays(lead)

    def _around_holidays(self, lead: IntArray) -> IntArray:
        """Lead times, longer where the supplier is closed when the order is placed or would arrive.

        The laws know nothing of the hold-out, so that the suppliers' year begins with it.
        """
        supply = self.world.supply
        if supply is None or supply.closed is None:
            return lead
        wait = supply.until_open()[supply.supplier]
        now = np.arange(lead.shape[2])
        leaves = now + wait[:, (now - self.before) % wait.shape[1]]
        arrives = leaves[:, None, :] + lead
        day = (arrives - self.before) % wait.shape[1]
        arrives += np.take_along_axis(wait, day.reshape(lead.shape[0], -1), axis=1).reshape(lead.shape)
        return np.asarray(arrives - now)

    def as_recorded(self, lead: IntArray, recorded: IntArray) -> IntArray:
        """The lead times drawn, but those recorded of orders placed in the hold-out."""
        known, found = recorded[:, None, :], lead.copy()
        found[:, :, self.before :] = np.where(known >= 0, known, found[:, :, self.before :])
        return found

    def really(self, drawn: IntArray, real: IntArray) -> IntArray:
        """The demand drawn, but what really happened in the hold-out."""
        demand = drawn.copy()
        demand[:, :, self.before :] = real[:, None, :]
        return demand

    def counted(self, demand: IntArray) -> IntArray:
        """(n, paths) units asked for in the periods that count."""
        late = np.arange(demand.shape[2]) >= self._first()[:, None]
        return np.asarray((demand * late[:, None, :]).sum(axis=2))

    def _first(self) -> IntArray:
        return self.before + protection(self.world)

    def follow(self, levels: Levels, demand: IntArray, lead: IntArray) -> tuple[IntArray, IntArray]:
        """(n, paths) units served at once, and twice the unit-periods on the shelf."""
        sums = np.zeros((2, *demand.shape[:2]), np.int64)
        due = np.zeros(demand.shape[2] + max(int(lead.max()), self.held.n_periods) + 1, np.int64)
        given = _orders(self.opening, self.world.n_items)
        follow(_terms(self.world, levels), given, demand, lead, self.before, self._first(), due, sums)
        return sums[0], sums[1]


def _terms(world: World, levels: Levels) -> Terms:
    """What a path of each item depends on, as the compiled loop takes it."""
    terms, n = world.terms, world.n_items
    every = every_review(world.lead_time, terms.review_period)
    ceiling = np.zeros(n, np.int64) if terms.max_position is None else terms.max_position
    whole = (
        levels.reorder_point[:, 0],
        levels.order_up_to[:, 0],
        np.maximum(levels.order_quantity[:, 0], 1),
        by_lot(levels.family),
        has_point(levels.family),
        waiting_share(terms),
        terms.pack_size,
        terms.moq,
        terms.max_order // terms.pack_size * terms.pack_size,
        ceiling,
        terms.review_period,
        terms.review_phase,
        every,
    )
    lift = np.zeros((n, 1), np.int64) if levels.offset is None else levels.offset[:, 0, :]
    arrays = [np.ascontiguousarray(one, dtype=np.int64) for one in (*whole, lift)]
    return Terms(int(world.lead_time.crossing), levels.phase, *arrays)


def _orders(opening: AtCut | None, n: int) -> Orders:
    """The recorded stock and open orders, item by item."""
    none = np.zeros(n, np.int64)
    if opening is None:
        return Orders(none, none, np.zeros(n + 1, np.int64), none[:0], none[:0])
    known = opening.known
    kept = np.flatnonzero(known[opening.item])
    kept = kept[np.argsort(opening.item[kept], kind="stable")]
    begin = np.concatenate([[0], np.cumsum(np.bincount(opening.item[kept], minlength=n))])
    stock = np.where(known, opening.on_hand, 0).astype(np.int64)
    arrival, units = (one[kept].astype(np.int64) for one in (opening.arrival, opening.quantity))
    return Orders(known.astype(np.int64), stock, begin.astype(np.int64), arrival, units)


def waiting_share(terms: OrderTerms) -> IntArray:
    """(n,) millionths of unmet demand that wait."""
    waits = np.where(terms.unmet == Unmet.BACKORDER, MILLION, 0)
    return waits if terms.waits is None else np.where(terms.unmet == Unmet.PARTLY, terms.waits, waits)
