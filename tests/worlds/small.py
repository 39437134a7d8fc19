"""A few SKU-locations for tests of execution and verdict."""

import numpy as np

from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import Horizon, LeadTimeLaw, OrderTerms, Unmet, World


def small_world(n: int = 7, unmet: Unmet = Unmet.BACKORDER) -> World:
    mean = np.linspace(0.5, 9.0, n)
    none = np.zeros(n, dtype=np.int64)
    demand = DemandLaw(
        np.full(n, LawKind.POISSON, dtype=np.int8), mean, mean, np.zeros(n), none, none, none[:0], none[:0]
    )
    lead = LeadTimeLaw(
        np.arange(n) % 2,
        np.array([0, 1]),
        np.array([1, 2]),
        np.array([2, 1, 4]),
        np.array([1, 3, 1]),
        crossing=False,
    )
    terms = OrderTerms(
        np.ones(n, dtype=np.int64), none, none + 1, none, none, np.full(n, unmet, dtype=np.int8)
    )
    keys = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return World(keys, demand, lead, terms)


def small_levels(world: World, k: int = 4) -> Levels:
    up_to = (np.ceil(world.demand.mean * 4)[:, None] + np.arange(k) * 3).astype(np.int64)
    return Levels(
        np.full(world.n_items, Family.ORDER_UP_TO, dtype=np.int8), up_to - 1, up_to, np.zeros_like(up_to)
    )


HORIZON = Horizon(periods=30, warmup=6, replications=12, slots=4, seed=99)
