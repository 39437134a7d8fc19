"""``simlab doctor --speed``: nanoseconds per SKU-period of this machine, on work that never changes.

Three workloads, each with all sums, random numbers and tables included: base stock with backorders
of one SKU (W1) and of many (W3), and an (s,S) policy with lost sales and random lead times (W2).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.engine.kernels.streams import item_keys
from simlab.engine.laws.pmfs import pmf_of
from simlab.engine.run import simulate_items
from simlab.engine.world.curves import Curves
from simlab.engine.world.demand_law import DemandLaw, Dependence, LawKind
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import Horizon, LeadTimeLaw, OrderTerms, Unmet, World

ROUNDS = 5
BATCHES = 32
REPLICATIONS = 128

ALONE = 32_768
"""Replications of a single SKU: enough that what a call costs beside them does not show."""
YEAR = 365
SEED = 2026
MARKET_LOADING = 0.5
N_TARGETS = 24

TARGETS = tuple(-np.expm1(-np.linspace(-np.log(0.5), -np.log(0.001), N_TARGETS)))
"""The default grid: 0.50 to 0.999, even in −log(1 − target)."""
_LEAST_SECONDS = 0.02
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Workload:
    """Something to simulate that is the same on every machine.

    Attributes
    ----------
    name, what : str
        Its short name, and what is simulated.
    world, levels, horizon : World, Levels, Horizon
    """

    name: str
    what: str
    world: World
    levels: Levels
    horizon: Horizon

    @property
    def targets(self) -> int:
        """Targets simulated together."""
        return self.levels.n_columns

    @property
    def cells(self) -> int:
        """SKU-periods × targets."""
        periods = self.horizon.warmup + self.horizon.periods
        return self.world.n_items * periods * self.horizon.replications * self.targets

    def run(self) -> Curves:
        """Simulate it in this thread."""
        return simulate_items(self.world, self.levels, self.horizon)

    def nanoseconds(self) -> float:
        """CPU time of this thread per cell; short work is repeated until the clock can tell."""
        runs, start = 0, time.thread_time()
        while (spent := time.thread_time() - start) < _LEAST_SECONDS:
            self.run()
            runs += 1
        return spent / runs / self.cells * 1e9


@dataclass(frozen=True)
class Speed:
    """What a workload took: nanoseconds of CPU time per SKU-period, or per SKU-period and target.

    Attributes
    ----------
    workload, what : str
        As in `Workload`.
    ns : float
    targets : int
        Targets simulated together, by which the time was divided.
    """

    workload: str
    what: str
    ns: float
    targets: int = 1

    @property
    def per(self) -> str:
        """What a time is per."""
        return "SKU-period" if self.targets == 1 else "SKU-period and target"

    def as_row(self) -> dict[str, str | float]:
        """The speed as an entry of a document for machines."""
        return {
            "workload": self.workload,
            "ns": round(self.ns, 4),
            "per": self.per,
            "targets": self.targets,
        }


def measure(
    work: Sequence[Workload] | None = None, *, rounds: int = ROUNDS, progress: Progress | None = None
) -> tuple[Speed, ...]:
    """Run every workload once to compile it, then several times in turn.

    Parameters
    ----------
    work : sequence of Workload, optional
        Default: `workloads()`.
    rounds : int
        Runs of each; their median counts, so that one interruption does not.
    progress : callable, optional
        Called with stage, runs done and their number.

    Returns
    -------
    tuple of Speed
        In the order of the workloads.
    """
    work = workloads() if work is None else work
    tell = progress or (lambda stage, done, total: None)
    for done, one in enumerate(work, 1):
        tell("compile (first run only)", done - 1, len(work))
        one.run()
        tell("compile (first run only)", done, len(work))
    found: dict[str, list[float]] = {one.name: [] for one in work}
    for round_ in range(rounds):
        for place, one in enumerate(work, 1):
            found[one.name].append(one.nanoseconds())
            tell("measure", round_ * len(work) + place, rounds * len(work))
    return tuple(Speed(one.name, one.what, statistics.median(found[one.name]), one.targets) for one in work)


def workloads() -> tuple[Workload, ...]:
    """What ``simlab doctor --speed`` runs: some seconds in total."""
    one_path = (single_base_stock(), single_order_up_to(), base_stock(), market())
    return (*one_path, sweep(), lost_sales(), order_up_to())


def single_base_stock() -> Workload:
    """W1: one SKU, S = 60, Poisson demand of mean 10, lead time 4."""
    demand = _laws(LawKind.POISSON, np.array([10.0]), 1.0)
    world = _world("W1", demand, (4,), Unmet.BACKORDER)
    what = "base stock, Poisson demand, lead time 4, backorders: one SKU"
    return Workload("W1", what, world, _base_stock_levels(np.array([[60]])), _horizon(ALONE))


def single_order_up_to() -> Workload:
    """W2: one SKU, (s,S) = (60,100), negative binomial demand, lead time 2 … 6, lost sales."""
    what = "(s,S), negative binomial demand, random lead time, lost sales: one SKU"
    return Workload("W2", what, *_order_up_to(1, np.array([60])), _horizon(ALONE))


def base_stock(n_items: int = 1000, *, kept: Sequence[float] = (0.95,)) -> Workload:
    """W3: means 0.5 … 50 in geometric steps, lead time 4, the levels that keep a ready rate."""
    mean = np.geomspace(0.5, 50, n_items)
    world = _world("W3", _laws(LawKind.POISSON, mean, 1.0), (4,), Unmet.BACKORDER)
    levels = _base_stock_levels(_quantiles(_laws(LawKind.POISSON, 5 * mean, 1.0), kept))
    what = f"as W1, {n_items:,} SKUs of mean demand 0.5 to 50"
    return Workload("W3", what, world, levels, _horizon())


def market(n_items: int = 1000) -> Workload:
    """W3 with one factor that moves the demand of all SKUs."""
    alone = base_stock(n_items)
    world = replace(alone.world, dependence=Dependence.of(np.full(n_items, MARKET_LOADING)))
    return replace(alone, name="market", what="W3 with one market factor (Gaussian copula)", world=world)


def sweep(n_items: int = 1000) -> Workload:
    """W3 at every integer level, read at 24 targets × 32 batches."""
    what = f"W3 at every integer level, read at {N_TARGETS} targets × {BATCHES} batches, per target"
    return replace(base_stock(n_items, kept=TARGETS), name="sweep", what=what)


def lost_sales(n_items: int = 100) -> Workload:
    """W3 with lost sales, 24 targets side by side."""
    backorders = base_stock(n_items, kept=TARGETS)
    terms = replace(backorders.world.terms, unmet=np.full(n_items, Unmet.LOST, np.int8))
    world = replace(backorders.world, terms=terms)
    what = f"W3 with lost sales at {N_TARGETS} targets, per target"
    return replace(backorders, name="lanes", what=what, world=world)


def order_up_to(n_items: int = 32) -> Workload:
    """W2 at 24 targets side by side: s covers the demand of five periods, S − s = 40."""
    five_periods = _laws(LawKind.NEGATIVE_BINOMIAL, np.array([50.0]), 2.0)
    world, levels = _order_up_to(n_items, _quantiles(five_periods, TARGETS)[0])
    what = f"W2 at {N_TARGETS} targets, per target"
    return Workload("lanes (s,S)", what, world, levels, _horizon())


def _order_up_to(n_items: int, s: IntArray) -> tuple[World, Levels]:
    demand = _laws(LawKind.NEGATIVE_BINOMIAL, np.full(n_items, 10.0), 2.0)
    points = np.tile(s, (n_items, 1))
    family = np.full(n_items, Family.REORDER_UP_TO, np.int8)
    levels = Levels(family, points, points + 40, np.zeros_like(points))
    return _world("W2", demand, (2, 3, 4, 5, 6), Unmet.LOST), levels


def _base_stock_levels(top: IntArray) -> Levels:
    family = np.full(top.shape[0], Family.ORDER_UP_TO, np.int8)
    return Levels(family, top - 1, top, np.zeros_like(top))


def _laws(kind: LawKind, mean: FloatArray, dispersion: float) -> DemandLaw:
    """Laws of one kind; dispersion = variance ÷ mean."""
    n = mean.size
    zeros = np.zeros(n, np.int64)
    kinds = np.full(n, kind, np.int8)
    return DemandLaw(kinds, mean, dispersion * mean, np.zeros(n), zeros, zeros, zeros[:0], zeros[:0])


def _quantiles(law: DemandLaw, shares: Sequence[float]) -> IntArray:
    """(n, k) least level that the demand stays within with each probability."""
    rows = []
    for item in range(law.n_items):
        first, probabilities = pmf_of(law, item)
        rows.append(first + np.searchsorted(np.cumsum(probabilities), shares))
    return np.array(rows, np.int64)


def _world(name: str, demand: DemandLaw, lead_times: Sequence[int], unmet: Unmet) -> World:
    """SKUs of one supplier, reviewed every period, lead times equally likely."""
    n = demand.n_items
    zeros, ones = np.zeros(n, np.int64), np.ones(n, np.int64)
    points = np.array(lead_times, np.int64)
    lead_time = LeadTimeLaw(
        zeros, zeros[:1], np.array([points.size]), points, np.ones_like(points), crossing=True
    )
    terms = OrderTerms(ones, zeros, ones, zeros, zeros, np.full(n, unmet, np.int8))
    keys = item_keys([f"{name}-{item}" for item in range(n)], ["HERE"] * n)
    return World(keys, demand, lead_time, terms)


def _horizon(replications: int = REPLICATIONS) -> Horizon:
    return Horizon(periods=YEAR, warmup=0, replications=replications, slots=BATCHES, seed=SEED)
