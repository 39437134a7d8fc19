"""Small worlds with one law or feature each, and digests of their tables and of every evaluator's sums.

As a program it prints the digests, so that another Python, CPU or way of running can be compared:

    NUMBA_CPU_NAME=generic PYTHONPATH=.:tests python -m worlds.digests
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace

import numpy as np
from worlds.engine import FORECAST, METHODS, one_law, past_of, plain, start_of, world_of

from simlab.engine import run
from simlab.engine.kernels.streams import group_keys
from simlab.engine.prepare.arrays import item_arrays, level_arrays
from simlab.engine.prepare.starts import with_starts
from simlab.engine.world.demand_law import Chain, Dependence, LawKind, Seasons
from simlab.engine.world.levels import Family
from simlab.engine.world.world import Horizon, Unmet
from simlab.errors import EngineFaultError

HORIZON = Horizon(periods=26, warmup=3, replications=5, slots=2, seed=2**63 + 11)
WAYS = ("sweep", "recorded sweep", "lanes", "ledger")
SERIES = np.array([0, 3, 12, 7, 0, 0, 25, 4, 9, 1, 14, 6, 2])
SUPPLIER = {"shared_delay": False, "fails": 0, "recovers": 2**30, "on_time": 1_000_000, "rest_delay": -1}


def half_of_it(period, position, net, last_demand, s, S, Q):
    return (S - position + 1) // 2 if position < S else 0


def of_kind(kind, variance=27.0, probability=0.0, values=(), weights=(), **more):
    """Mean 9 a period by one law."""
    law = one_law(kind, 9.0, variance, values, weights)
    return {"law": replace(law, probability=np.array([probability]), **more)}


def factors(market, group):
    return Dependence.of(np.array([market]), np.array([group]), np.array([1]), group_keys(["a", "b"]))


COUNTED = {"values": [1, 4, 30], "weights": [5, 3, 1]}
CHAIN = Chain(np.array([2**30]), np.array([2**31]), np.array([False]))
WEEK = Seasons.rounded(np.array([0]), np.array([[0.5, 1.0, 1.75, 0.75]]), 2)
CALENDAR = past_of(SERIES, phases=np.arange(13) % 3, cycle=3, phase=2)
LOTS = {"family": Family.REORDER_QUANTITY, "Q": [20, 20, 20]}
UP_TO = {"family": Family.REORDER_UP_TO, "s": [12, 16, 21]}

LAWS = {
    "Poisson": of_kind(LawKind.POISSON, 9.0),
    "negative binomial": of_kind(LawKind.NEGATIVE_BINOMIAL),
    "empirical": of_kind(LawKind.EMPIRICAL, **COUNTED),
    "geometric": of_kind(LawKind.GEOMETRIC, 90.0),
    "binomial": of_kind(LawKind.BINOMIAL, 4.5),
    "stuttering Poisson": of_kind(LawKind.STUTTERING_POISSON),
    "intermittent": of_kind(LawKind.INTERMITTENT, 150.0, 0.4),
    "intermittent, sizes counted": of_kind(LawKind.INTERMITTENT, 27.0, 0.4, **COUNTED),
    "gamma": of_kind(LawKind.GAMMA),
    "moving blocks": of_kind(LawKind.MOVING_BLOCKS, past=past_of(SERIES, 4)),
    "stationary blocks": of_kind(LawKind.STATIONARY_BLOCKS, past=past_of(SERIES, 4)),
    "calendar": of_kind(LawKind.CALENDAR, past=CALENDAR),
    "chain": of_kind(LawKind.MARKOV, chain=CHAIN, **COUNTED),
    "seasons": of_kind(LawKind.NEGATIVE_BINOMIAL, seasons=WEEK),
    "market and group factors": of_kind(LawKind.POISSON, 9.0) | {"dependence": factors(0.5, -0.4)},
}
FEATURES = {
    "one lead time": {"lead_times": [5], "lead_weights": [1], "R": 1},
    "one lead time, lost sales": {"lead_times": [5], "lead_weights": [1], "R": 1, "unmet": Unmet.LOST},
    "orders overtake": {"lead_times": [0, 2, 7], "lead_weights": [1, 2, 1], "R": 1, "crossing": True},
    "orders in sequence": {"lead_times": [0, 1, 2, 3], "lead_weights": [1, 1, 1, 1], "R": 1},
    "orders in sequence, gaps": {"lead_times": [0, 2, 7], "lead_weights": [1, 2, 1], "R": 1},
    "review phase": {"R": 5, "phase": 3},
    "(R,s,nQ)": LOTS,
    "(R,s,S)": UP_TO,
    "(R,s,S), packs and smallest orders": UP_TO | {"pack": 6, "moq": 20},
    "(R,s,S), undershoot forgiven": UP_TO | {"undershoot": False},
    "largest orders": {"max_order": 12, "pack": 4},
    "highest position": {"max_position": 42, "pack": 3},
    "lost sales": {"unmet": Unmet.LOST},
    "a share waits": {"unmet": Unmet.PARTLY, "waits": 333_333},
    "outages": {"supplier": SUPPLIER | {"fails": 2**29}},
    "shared delay": {"supplier": SUPPLIER | {"shared_delay": True}},
    "the rest comes later": {"supplier": SUPPLIER | {"on_time": 700_000, "rest_delay": 2}},
    "the rest is cancelled": {"supplier": SUPPLIER | {"on_time": 700_000}},
    "a given start": {"start": (15, 20)},
    "open orders with dates": {"start": (15, 0), "dated": [(2, 9), (7, 20), (7, 3), (40, 5)]},
    "levels by calendar": {"offset": [[0, 5, -3]], "phase0": 1},
    "a policy of one's own": {"policy": half_of_it},
    **{
        f"forecast, {method}": LAWS["chain"] | {"forecast": FORECAST | {"method": method}}
        for method in METHODS
    },
}
WORLDS = LAWS | FEATURES
"""Their tables need only + − × ÷ and square roots, or whole numbers: the same bits on every machine."""
BY_LIBRARY = {
    "lognormal": of_kind(LawKind.LOGNORMAL),
    "normal": of_kind(LawKind.NORMAL),
}
"""Their tables need exp, log and erfc, whose last bit is the mathematical library's."""


def digest(name: str) -> str:
    """Of the tables of a world, and of all sums by every evaluator that covers it."""
    x = plain() | (WORLDS | BY_LIBRARY)[name]
    world, levels = world_of(x)
    levels = replace(levels, policy=x.get("policy"))
    out = hashlib.sha256()
    for table in tables(world, levels):
        enter(table, out)
    for curves in every_way(world, levels, start_of(x)):
        for field in fields(curves):
            enter(getattr(curves, field.name), out)
    return out.hexdigest()[:16]


def tables(world, levels):
    """What demand, lead times and starts are drawn from: a bit in a threshold hardly ever shows in a sum."""
    items = item_arrays(world)
    starts = with_starts(level_arrays(world.terms, levels), world, levels, items).starts
    return *items.laws, items.lead_periods, items.lead_thresholds, *starts


def every_way(world, levels, start):
    """Sums by the evaluator that a run chooses, and by each that covers the world."""
    yield run.simulate_items(world, levels, HORIZON, start)
    world = world.starting(start)
    for way in WAYS:
        try:
            yield run.evaluate(way, world, levels, HORIZON)
        except EngineFaultError as error:
            if "not covered" not in str(error):
                raise


def enter(array, out) -> None:
    """Shape and whole numbers of an array, alike on machines of either byte order."""
    out.update(str(array.shape).encode() + np.ascontiguousarray(array).astype("<i8").tobytes())


def digests() -> dict[str, str]:
    """By name of the world."""
    return {name: digest(name) for name in (*WORLDS, *BY_LIBRARY)}


if __name__ == "__main__":
    print(json.dumps(digests(), indent=4, ensure_ascii=False))
