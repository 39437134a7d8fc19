"""Levels where demand is lost: found by simulation on a stream of their own, for no formula knows them.

What is lost is not ordered again, so that fewer units are on order than where customers wait, and the same
level serves more. With a lead time the stock depends on every order on the way (Karlin and Scarf, 1958), a
state too large to tabulate; what a level serves is measured instead.

References
----------
Karlin, Scarf (1958), Inventory models of the Arrow-Harris-Marschak type with time lag, in: Studies in the
Mathematical Theory of Inventory and Production. Bijvank, Vis (2011), Lost-sales inventory theory: a review,
European Journal of Operational Research 215(1), 1–13.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.engine.kernels.streams import phase_seed
from simlab.engine.prepare.evaluators import begins_stationary
from simlab.engine.world.demand_law import LawKind
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import MILLION, NOTHING, Horizon, Unmet, World
from simlab.models.review_cycles import season_cycle
from simlab.policies.levels.deciding import GOAL, Decided, Seen, Shape, decide, next_looks, seen
from simlab.policies.levels.evidence import ROOM, Evidence, Expected
from simlab.policies.levels.exact import Measure, Problems, service_curves
from simlab.policies.sums.holidays import closing

if TYPE_CHECKING:
    from simlab.engine.world.curves import Curves

LOSES, LOSES_PART = ", lost sales planned as backorders", ", partly waiting demand planned as backorders"
"""What formulas say that plan as if all demand waited."""
SLOTS = 32
_WINDOW = 256  # periods counted in a replication, at least
_SETTLING = 3  # times R + L run before counting
_FIRST = 64  # replications of the first look
_MOST_AT_ONCE = 4  # times what an item has seen, in one round
_CHUNK = 2048  # items in work at a time, at most
_ROUNDS = 20
_WORK, _WORK_OF_MANY = 900_000, 400_000
"""Simulated periods, counted once per level, that an item may cost, the second where more than `_FEW` targets
are asked for, as by a grid whose service is measured again anyway: at most three times a sweep of the default
grid over 200 replications of a year of weeks."""
_LOOKS = 3
"""First looks, of the fewest replications, that any item may cost: long lead times settle in long windows."""
_FEW = 6
_TWICE = 6  # levels that drawing demand, and following what would wait, cost as much as
_GRID = 14  # levels of the first look
_TOO_FAR = 4  # times the highest level to begin with, and a few units
_TRUE_MEANS = (LawKind.POISSON, LawKind.NEGATIVE_BINOMIAL, LawKind.EMPIRICAL)


@dataclass(frozen=True, eq=False)
class Sought:
    """What levels are sought for.

    Attributes
    ----------
    world : World
        n items, each by periods or by parts of its own, without a working grid.
    rule : Family
        The same for all.
    quantity : (n,) int64
        Q, or S − s; 0 for (R,S).
    start : (n, k) int64
        Levels by the formula for waiting demand: S of (R,S), else s.
    targets : (n, k) float
        In (0, 1).
    measure : {"fill_rate", "cycle_service_level"}
        What the targets are of.
    problems : Problems
        What the formula solves, of the same items.
    seed : int
        Of the study.
    """

    world: World
    rule: Family
    quantity: IntArray
    start: IntArray
    targets: FloatArray
    measure: Measure
    problems: Problems
    seed: int

    @property
    def least(self) -> int:
        """The lowest level: below it nothing is ordered while nobody waits."""
        return 1 if self.rule == Family.ORDER_UP_TO else 0


@dataclass(frozen=True, eq=False)
class Found:
    """Levels and how sure they are.

    Attributes
    ----------
    levels : (n, k) int64
        The least that reach the targets.
    error : (n,) float
        Largest standard error of service at which a target close to it was decided; 0 where all are clear.
    reached : (n,) bool
        False where no level that was looked at reaches the highest target: the formula's then stands.
    """

    levels: IntArray
    error: FloatArray
    reached: BoolArray

    def name(self, item: int, word: str) -> str:
        """The name of the method, and what an item's levels fall short of."""
        if not self.reached[item]:
            word += ", not every target is reached by any level"
        if self.error[item] > GOAL:
            word += f", close targets decided at a standard error of {self.error[item]:.4f}"
        return word


def losing(world: World) -> BoolArray:
    """(n,) items some of whose unmet demand is lost."""
    return np.asarray((world.terms.unmet != Unmet.BACKORDER) & (world.demand.mean > 0))


def waits_for_nothing(world: World, rule: Family, quantity: IntArray) -> BoolArray:
    """(n,) items whose losses equal what would wait: orders arrive at once and fill up to S.

    Notes
    -----
    Without a lead time every order, however it came to be, ends at the same stock, so that the path up to
    the next review is the same whether unmet demand waits or not: the formula for waiting demand is exact.
    """
    terms, supply = world.terms, world.supply
    free = (world.lead_time.longest() == 0) & (terms.pack_size == 1) & (terms.max_order == 0)
    free &= terms.moq <= np.maximum(quantity, 1)
    if terms.max_position is not None:
        free &= terms.max_position == 0
    if supply is not None:
        free &= ((supply.fails == 0) & (supply.on_time == MILLION) & ~supply.closes)[supply.supplier]
    return np.asarray(free & (rule != Family.REORDER_QUANTITY) & world.undershoot)


def with_losses(sought: Sought, method: tuple[str, ...]) -> tuple[IntArray, tuple[str, ...]]:
    """Levels and names where demand can be lost: simulated, unless no lead time makes the formula right.

    Parameters
    ----------
    sought : Sought
        n items.
    method : tuple of str
        How the formula names what it planned as if all demand waited.
    """
    world = sought.world
    loses = losing(world) & (world.terms.max_order != NOTHING)
    same = loses & waits_for_nothing(world, sought.rule, sought.quantity)
    words = [_unsaid(word) if here else word for word, here in zip(method, same.tolist(), strict=True)]
    rows = np.flatnonzero(loses & ~same)
    if rows.size == 0:
        return sought.start, tuple(words)
    exact = np.array([_unsaid(word) == "exact" for word in method]) & ~closing(world)
    found = levels_by_simulation(sought, rows, exact)
    levels = sought.start.copy()
    levels[rows] = found.levels
    for place, row in enumerate(rows.tolist()):
        kind = "lost sales" if world.terms.unmet[row] == Unmet.LOST else "partly waiting demand"
        words[row] = found.name(place, f"simulated with {kind}")
    return levels, tuple(words)


def _unsaid(word: str) -> str:
    return word.replace(LOSES, "").replace(LOSES_PART, "")


def levels_by_simulation(sought: Sought, rows: IntArray, exact: BoolArray) -> Found:
    """The least levels of some items that reach the targets when losses are simulated.

    Parameters
    ----------
    sought : Sought
        n items, k targets.
    rows : (m,) int64
        The items wanted.
    exact : (n,) bool
        Whether the formula's service is that of waiting demand without an approximation.

    Notes
    -----
    Service of a few levels at first, then of those next to the targets, in rounds on fresh replications of
    the purpose `planning`: never those that choose or judge. Service is made to rise with the level
    (`deciding.seen`) and corrected by what is known (`evidence`). A target is decided once both levels beside
    it are at least four standard errors away from it, or known to half a thousandth. What an item gets
    depends on nothing but its own row.
    """
    threads = os.cpu_count() or 1
    size = min(_CHUNK, max(-(-rows.size // threads), 1))
    chunks = [rows[begin : begin + size] for begin in range(0, rows.size, size)]
    with ThreadPoolExecutor(max(1, min(len(chunks), threads))) as pool:
        found = [
            one
            for part in pool.map(lambda some: _Search(sought, some, exact[some]).run(), chunks)
            for one in part
        ]
    return Found(
        np.array([one.levels for one in found], np.int64),
        np.array([one.error for one in found]),
        np.array([one.reached for one in found]),
    )


def windows(world: World) -> tuple[IntArray, IntArray]:
    """(n,) periods counted, whole cycles of reviews and seasons, and periods before them."""
    review = world.terms.review_period.astype(np.int64)
    cycle = np.lcm(review, season_cycle(world.demand))
    span = _SETTLING * (review + world.lead_time.longest())
    if world.supply is not None and world.supply.closed is not None:
        of = world.supply.supplier
        span = span + 2 * world.supply.until_open().max(axis=1)[of]
        cycle = np.where(world.supply.closes[of], _years(world.supply.closed)[of], cycle)
    warmup = 1 << np.ceil(np.log2(np.maximum(span, 16))).astype(np.int64)
    least = np.maximum(_WINDOW, 2 * warmup)
    return -(-least // cycle) * cycle, warmup


def _years(closed: BoolArray) -> IntArray:
    """(m,) periods after which the holidays of each supplier come again."""
    cycle = closed.shape[1]
    divisors = [n for n in range(1, cycle + 1) if cycle % n == 0]
    return np.array([next(n for n in divisors if (row == np.roll(row, n)).all()) for row in closed], np.int64)


class _Search:
    """The rounds of a few items."""

    def __init__(self, sought: Sought, rows: IntArray, exact: BoolArray) -> None:
        world = replace(sought.world.take(rows), start=None, dependence=None)
        drawn = world.terms.phase_cycle
        if drawn is not None:  # reviews meet holidays at any time of the year
            drawn = np.where(closing(world), drawn, 0)
        world = replace(world, terms=replace(world.terms, window=None, phase_cycle=drawn))
        self.sought, self.world = sought, world
        self.quantity, self.start, self.targets = (
            sought.quantity[rows],
            sought.start[rows],
            sought.targets[rows],
        )
        self.seed = phase_seed(sought.seed, "planning")
        self.high = np.maximum(self.start.max(axis=1), sought.least + 1)
        self.evidence = Evidence(rows.size)
        self.work = _WORK if self.targets.shape[1] <= _FEW else _WORK_OF_MANY
        self.periods, self.warmup = windows(world)
        least = _LOOKS * SLOTS * (_GRID + _TWICE) * (self.periods + self.warmup)
        self.left = np.maximum(float(self.work), least)
        self.shapes = self._shapes(rows, sought.measure)
        self.fills = self.shapes if sought.measure == "fill_rate" else self._shapes(rows, "fill_rate")
        self.expected = self._expected(exact)

    def _shapes(self, rows: IntArray, measure: Measure) -> list[Shape]:
        above = 0 if self.sought.rule == Family.ORDER_UP_TO else 1
        curves = service_curves(self.sought.problems, rows, measure)
        return [Shape(curve, step, above) for curve, step in curves]

    def _expected(self, exact: BoolArray) -> Expected:
        """Control variates: demand where its mean is the law's own; what would wait if that is exact too."""
        law = self.world.demand
        true = np.isin(law.kind, [int(kind) for kind in _TRUE_MEANS])
        if law.seasons is not None:
            true = true & ((law.seasons.profile < 0) | law.seasons.by_length)
        self.twin = replace(
            self.world,
            terms=replace(self.world.terms, unmet=np.full(true.size, Unmet.BACKORDER, np.int8), waits=None),
        )
        steady = begins_stationary(self.twin, self._levels(np.arange(true.size), self.high[:, None]))
        self.exact = exact & true & steady
        return Expected(law.mean.astype(np.float64), true, np.full((true.size, ROOM), np.nan))

    def run(self) -> list[Decided]:
        """Rounds until every target is decided or the work is done, and what is then decided."""
        looks = {item: (self._grid(item), 0) for item in range(self.high.size)}
        for number in range(_ROUNDS):
            asked = self._allowed(looks, number)
            if not asked:
                break
            for rows, columns, horizon in self._together(asked, number):
                self._simulate(rows, columns, horizon, asked)
            known = self._known(asked)
            looks = {item: self._next(item, one) for item, one in known.items()}
        return [
            decide(one, self.targets[item].tolist(), self.start[item].tolist(), self.shapes[item])
            for item, one in self._known(range(self.high.size)).items()
        ]

    def _grid(self, item: int) -> list[int]:
        high = int(self.high[item])
        share = _needed(float(self.targets[item].min()))
        low = min(max(self.sought.least, int(share * self.start[item].min()) - 1), high - 1)
        levels = np.rint(np.linspace(low, high, min(_GRID, high - low + 1)))
        return [int(level) for level in np.unique(levels)]

    def _next(self, item: int, known: Seen) -> tuple[list[int], int]:
        wanted = next_looks(known, self.targets[item].tolist(), self.shapes[item])
        return sorted(wanted), max(wanted.values(), default=0)

    def _known(self, items: Iterable[int]) -> dict[int, Seen]:
        """What is known of some items now."""
        of = self.evidence
        wanted = list(items)
        estimate = of.estimate(self.expected, np.array(wanted))
        found = {}
        for item, service, error in zip(wanted, *estimate, strict=True):
            used = np.flatnonzero(of.seen[item, : service.size] > 0)
            most = _TOO_FAR * int(self.high[item]) + _GRID
            levels, replications = of.levels[item, used], of.seen[item, used]
            least = self.sought.least
            found[item] = seen(levels, service[used], error[used], replications, least, most)
        return found

    def _allowed(
        self, looks: dict[int, tuple[list[int], int]], number: int
    ) -> dict[int, tuple[list[int], int]]:
        """Levels and replications of the next round, within an item's share of work."""
        asked = {}
        for item, (wanted, more) in looks.items():
            levels = [level for level in wanted if self._place(item, level) >= 0]
            if not levels:
                continue
            cost = float((len(levels) + _TWICE) * (self.periods[item] + self.warmup[item]))
            known = int(self.evidence.seen[item].max())
            size = _FIRST if number == 0 else max(_FIRST, min(more, _MOST_AT_ONCE * known))
            size = min(
                SLOTS << max(0, -(-size // SLOTS) - 1).bit_length(),
                int(self.left[item] / cost) // SLOTS * SLOTS,
            )
            if number == 0:
                size = min(size, int(self.work / cost) // SLOTS * SLOTS or SLOTS)
            if size >= SLOTS:
                self.left[item] -= size * cost
                asked[item] = levels, size
        return asked

    def _place(self, item: int, level: int) -> int:
        place = self.evidence.place(item, level)
        if place >= 0 and self.exact[item]:
            missed = self.fills[item].missed(level)
            self.expected.waiting[item, place] = missed * self.expected.demanded[item]
        return place

    def _together(
        self, asked: dict[int, tuple[list[int], int]], number: int
    ) -> Iterator[tuple[IntArray, IntArray, Horizon]]:
        """Items that ask for as many levels over the same window, as one call; levels padded by the last."""
        shapes: dict[tuple[int, int, int, int], list[int]] = {}
        for item, (levels, size) in asked.items():
            wide = len(levels) + len(levels) % 2
            key = int(self.periods[item]), int(self.warmup[item]), size, wide
            shapes.setdefault(key, []).append(item)
        for (length, before, size, wide), items in shapes.items():
            columns = np.array([asked[i][0] + [asked[i][0][-1]] * (wide - len(asked[i][0])) for i in items])
            yield np.array(items), columns, Horizon(length, before, size, SLOTS, self.seed, number << 24)

    def _levels(self, rows: IntArray, columns: IntArray) -> Levels:
        family = np.full(rows.size, self.sought.rule, np.int8)
        every = np.repeat(self.quantity[rows][:, None], columns.shape[1], axis=1)
        if self.sought.rule == Family.ORDER_UP_TO:
            return Levels(family, columns - 1, columns, every)
        return Levels(family, columns, columns + every, every)

    def _simulate(
        self, rows: IntArray, columns: IntArray, horizon: Horizon, asked: dict[int, tuple[list[int], int]]
    ) -> None:
        """One call, and what it shows entered: (levels, 4, batches) sums of each item."""
        from simlab.engine.run import simulate_items

        levels = self._levels(rows, columns)
        curves = simulate_items(self.world.take(rows), levels, horizon)
        sums = np.zeros((rows.size, columns.shape[1], 4, SLOTS))
        sums[:, :, 0], sums[:, :, 1] = _counts(curves, self.sought.measure)
        sums[:, :, 2] = curves.demanded[:, None, :]
        twins = np.flatnonzero(self.exact[rows])
        if twins.size:
            waiting = simulate_items(self.twin.take(rows[twins]), levels.take(twins), horizon)
            sums[twins, :, 3] = _counts(waiting, "fill_rate")[0]
        sizes = np.array([len(asked[item][0]) for item in rows.tolist()])
        row, place = np.nonzero(np.arange(columns.shape[1])[None, :] < sizes[:, None])
        at = [self.evidence.place(item, level) for item in rows.tolist() for level in asked[item][0]]
        periods = horizon.periods * horizon.replications / SLOTS
        self.evidence.add(rows[row], np.array(at), sums[row, place], periods, horizon.replications)


def _needed(target: float) -> float:
    """Share of a formula's level that is about enough: what is not served is not ordered again either."""
    return 0.15 + 0.8 * target


def _counts(curves: Curves, measure: Measure) -> tuple[FloatArray, FloatArray]:
    """(n, k, slots) what was missed and what was asked: units, or receipts after a shortage and all."""
    if measure == "cycle_service_level":
        return (curves.receipts - curves.good_receipts).astype(float), curves.receipts.astype(float)
    served = curves.on_hand_start - curves.on_hand
    asked = np.broadcast_to(curves.demanded[:, None, :], served.shape)
    return (asked - served).astype(float), asked.astype(float)
