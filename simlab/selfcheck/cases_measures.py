"""Long-run measures of a case from the simulator's sums, each as a ratio of two sums per batch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simlab.arrays import FloatArray
from simlab.engine.laws.pmfs import pmf_of
from simlab.engine.recorder.cycles import review_cycles
from simlab.engine.run import simulate_items
from simlab.engine.world.curves import Curves
from simlab.engine.world.levels import Family
from simlab.engine.world.world import Horizon, World
from simlab.selfcheck.cases_schema import Case
from simlab.selfcheck.cases_world import Setup, never_idle
from simlab.selfcheck.intervals import Interval, constant, ratio


@dataclass(frozen=True)
class Effort:
    """How much is simulated per case.

    Attributes
    ----------
    periods : int
        Counted and warm-up periods of all replications together, about.
    slots : int
        Batches behind an interval, at most.
    replications : int
        Most replications of a case.
    shortest : int
        Fewest periods counted in a long-run replication.
    seed : int
    """

    periods: int = 24_000_000
    slots: int = 2_048
    replications: int = 1 << 19
    shortest: int = 1_000
    seed: int = 20_261_122

    def long_run(self, setup: Setup, review: int) -> Horizon:
        """Whole review cycles, long against the warm-up."""
        periods = -(-max(self.shortest, 4 * setup.warmup) // review) * review
        return self._horizon(periods, setup.warmup)

    def window(self, periods: int, warmup: int) -> Horizon:
        """A few periods, each replication a batch."""
        n = int(np.clip(self.periods // (periods + warmup), 64, 128 * self.slots))
        return Horizon(periods, warmup, n, n, self.seed)

    def _horizon(self, periods: int, warmup: int) -> Horizon:
        wanted = int(np.clip(self.periods // (periods + warmup), 64, self.replications))
        slots = min(self.slots, wanted)
        return Horizon(periods, warmup, wanted // slots * slots, slots, self.seed)


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums of one item by column and batch, floats in units; see `Curves`."""

    curves: Curves
    scale: int

    def units(self, measure: str, column: int = 0) -> FloatArray:
        """(slots,) a measure counted in units."""
        return self.counts(measure, column) / self.scale

    def counts(self, measure: str, column: int = 0) -> FloatArray:
        """(slots,) a measure counted in periods or orders."""
        array = getattr(self.curves, measure)[0]
        return np.asarray(array if array.ndim == 1 else array[column], np.float64)


def run(setup: Setup, horizon: Horizon, *offsets: int, world: World | None = None) -> Sums:
    """Simulate a case at its levels, each raised by some steps (default: as they are)."""
    levels = setup.levels(*(offsets or (0,)))
    return Sums(simulate_items(world or setup.world, levels, horizon), setup.scale)


def evaluate(case: Case, setup: Setup, effort: Effort) -> dict[str, Interval]:
    """All long-run measures that make sense for a case."""
    horizon = effort.long_run(setup, case.review)
    offsets = (0,) if case.lost else (0, 1, -1) if case.demand.is_continuous else (0, 1)
    sums = run(setup, horizon, *offsets)
    periods = np.full(horizon.slots, float(horizon.periods * (horizon.replications // horizon.slots)))
    ratios = _stock(case, sums, periods) | _service(case, sums, periods) | _ordering(case, sums, periods)
    stretches = horizon.periods * horizon.replications / (case.lead_time.longest + case.review)
    found = {}
    for name, (numerator, denominator) in ratios.items():
        interval = ratio(numerator, denominator, stretches)
        if interval is not None:
            found[name] = interval
    _by_review(case, setup, effort, found)
    if case.lost and case.demand.is_continuous and setup.family is Family.ORDER_UP_TO:
        _without_idle_reviews(case, setup, found)
    return found | _without_chance(case)


Ratios = dict[str, tuple[FloatArray, FloatArray]]


def _stock(case: Case, sums: Sums, periods: FloatArray) -> Ratios:
    """Stock, backorders, losses and their cost per period."""
    owed = sums.units("lost" if case.lost else "backorders")
    shelf = sums.units("on_hand")
    missed = sums.units("demanded") - sums.units("served")
    ratios = {
        "on_hand": (shelf, periods),
        "on_hand_start": (sums.units("on_hand_start"), periods),
        "on_order": (sums.units("on_order"), periods),
        "short": (missed, periods),
        "lost" if case.lost else "backorders": (owed, periods),
    }
    if case.costs is not None:
        costs = case.costs
        money = costs.h * shelf + costs.p * owed + costs.K * sums.counts("orders")
        ratios["cost"] = (money, periods)
    return ratios


def _service(case: Case, sums: Sums, periods: FloatArray) -> Ratios:
    """Fill, shares of periods and of cycles.

    With backorders net stock is ≥ 0 exactly where it is > 0 at levels one step higher, on the same
    path. Under a continuous law both are one event: their mean on the lattice is free of the
    lattice's half step, as is that of good receipts at S and one step below.
    """
    demanded, ready = sums.units("demanded"), sums.counts("ready")
    good = sums.counts("good_receipts")
    ratios = {"fill": (sums.units("served"), demanded)}
    covered = periods - sums.counts("short") if case.lost else sums.counts("ready", 1)
    if case.demand.is_continuous:
        ready = covered = 0.5 * (ready + covered)
        if not case.lost:
            good = 0.5 * (good + sums.counts("good_receipts", 2))
    if not case.lost:
        ratios["gamma"] = (demanded - sums.units("backorders"), demanded)
    return ratios | {
        "ready": (ready, periods),
        "nostockout": (covered, periods),
        "csl": (good, sums.counts("receipts")),
    }


def _ordering(case: Case, sums: Sums, periods: FloatArray) -> Ratios:
    orders, ordered = sums.counts("orders"), sums.units("ordered")
    if _always_orders(case):
        orders = periods * _orders_surely(case).est
    return {"orders": (orders, periods), "mean_order": (ordered, orders), "order_rate": (ordered, periods)}


def _always_orders(case: Case) -> bool:
    """Whether every review places an order but for demand below zero: (R,S) under a continuous law."""
    base_stock = case.rule is not None and case.rule.kind == "base_stock"
    return base_stock and not case.lost and case.demand.is_continuous


def _orders_surely(case: Case) -> Interval:
    """Orders per period of (R,S) under a continuous law: a review orders where anything was demanded.

    A normal law is below zero now and then. Whether such a review counts is a matter of definition (it
    orders nothing; taken literally demand went up; cut at zero there was none), so that the half width
    reaches from none of them to all.
    """
    nothing = 0.0
    if case.demand.kind == "normal":
        from scipy import special

        nothing = float(special.ndtr(-case.demand.mean * math.sqrt(case.review / case.demand.variance)))
    return Interval((1.0 - nothing) / case.review, nothing / case.review)


def _without_idle_reviews(case: Case, setup: Setup, found: dict[str, Interval]) -> None:
    """Correct what orders are counted in for reviews that order nothing because of the lattice.

    Under lost sales and (R,S) a review orders if something was sold. A continuous law in steps has
    periods without demand, whose chance is known and which depend on no stock: exact for R = 1, and
    off by no more than that chance otherwise, which the half width includes.
    """
    first, shares = pmf_of(setup.world.demand, 0)
    idle = float(shares[0]) if first == 0 else 0.0
    orders = 1.0 / (1.0 - idle**case.review)
    for name, factor in (("orders", orders), ("mean_order", 1.0 / orders), ("csl", 1.0)):
        if (one := found.get(name)) is not None:
            found[name] = Interval(one.est * factor, one.half_width * factor + idle * one.est, one.level)


def _without_chance(case: Case) -> dict[str, Interval]:
    """Measures that no path can change."""
    rule, at_once = case.rule, case.lead_time.longest == 0
    fixed: dict[str, Interval] = {}
    if at_once:
        fixed["on_order"] = constant(0.0)
    if rule is not None and rule.kind == "base_stock" and at_once and case.review == 1 and rule.S >= 0:
        fixed["on_hand_start"] = constant(float(rule.S))
    if _always_orders(case):
        fixed["orders"] = _orders_surely(case)
    return fixed


def _by_review(case: Case, setup: Setup, effort: Effort, found: dict[str, Interval]) -> None:
    """Add ``csl_review``: nothing owed (lost) just before what a review may have ordered arrives.

    It is P(nothing short at the count) if every period ends such a cycle; the ``csl`` of a world
    where every review orders under (R,S); else that of the one period (or R periods, lost sales)
    before each arrival, in a run of its own; where lead times are random and reviews may order nothing,
    every review's arrival is looked up in recorded paths.
    """
    constant_lead = case.lead_time.is_constant
    if constant_lead and case.review == 1:
        found["csl_review"] = found["nostockout"]
    elif setup.family is Family.ORDER_UP_TO and not case.lost:
        found["csl_review"] = _with_an_order_each(case, setup, effort)
    elif constant_lead:
        found["csl_review"] = _before_arrivals(case, setup, effort)
    else:
        found["csl_review"] = _by_arrival(case, setup, effort)
    if _always_orders(case):
        found["csl"] = found["csl_review"]


def _with_an_order_each(case: Case, setup: Setup, effort: Effort) -> Interval:
    """``csl`` where every review orders; see `never_idle`."""
    most = case.lead_time.longest + 2 * case.review + 1
    factor = most + 1
    world = never_idle(setup, factor)
    horizon = effort.long_run(setup, case.review)
    levels = setup.levels(0, -1) if case.demand.is_continuous else setup.levels(0)
    tops = levels.order_up_to * factor + most
    levels = type(levels)(levels.family, tops - 1, tops, levels.order_quantity)
    curves = simulate_items(world, levels, horizon)
    good = curves.good_receipts[0].mean(axis=0)
    receipts = curves.receipts[0, 0].astype(np.float64)
    interval = ratio(good, receipts, float(receipts.sum()))
    if interval is None:
        raise ValueError("no review in the horizon")
    return interval


def _by_arrival(case: Case, setup: Setup, effort: Effort) -> Interval:
    """Share of reviews whose cycle ends without a shortage, ordered or not."""
    horizon, levels = effort.long_run(setup, case.review), setup.levels(0)
    good, cycles = (sums[0].astype(np.float64) for sums in review_cycles(setup.world, levels, horizon))
    if case.demand.is_continuous and not case.lost:  # a step of the lattice stands for its middle
        finer, _ = review_cycles(setup.world, levels, horizon, least=1)
        good = 0.5 * (good + finer[0])
    interval = ratio(good, cycles, float(cycles.sum()))
    if interval is None:
        raise ValueError("no review in the horizon")
    return interval


def _before_arrivals(case: Case, setup: Setup, effort: Effort) -> Interval:
    """Share of cycles without a shortage, one cycle's end per replication."""
    R, lead = case.review, case.lead_time.longest
    last = setup.warmup + R + (lead - 1 - setup.warmup) % R
    if case.lost:
        horizon = effort.window(R, last - R + 1)
        good = (run(setup, horizon).counts("short") == 0).astype(np.float64)
    else:
        horizon = effort.window(1, last)
        sums = run(setup, horizon, 0, 1)
        good = sums.counts("ready", 1)
        if case.demand.is_continuous:
            good = 0.5 * (good + sums.counts("ready"))
    interval = ratio(good, np.ones_like(good), good.size)
    if interval is None:
        raise ValueError("no replication")
    return interval
