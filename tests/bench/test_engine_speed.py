"""Speed of the engine as ratios to the C yardstick, measured in the same process and minute.

Run with ``SIMLAB_YARDSTICK=<folder of peer_c.py> pytest -m bench tests/bench -s``. CPU time of the
thread is compared, so that other work on the machine disturbs little.
"""

import argparse
import importlib
import os
import sys
import time
import warnings

import numpy as np
import pytest

from simlab.engine import run
from simlab.engine.kernels.streams import item_keys
from simlab.engine.laws.tables import prepare
from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import Horizon, LeadTimeLaw, OrderTerms, World

pytestmark = pytest.mark.bench

ITEMS, PERIODS, REPLICATIONS = 200, 365, 128
FOLDER = os.environ.get("SIMLAB_YARDSTICK")


@pytest.fixture(scope="module")
def peers():
    if not FOLDER:
        pytest.skip("SIMLAB_YARDSTICK does not name the yardstick's folder")
    sys.path.insert(0, FOLDER)
    modules = importlib.import_module("common"), importlib.import_module("peer_c")
    sys.path.remove(FOLDER)
    return modules


def yardstick(peers, workload, items, replications=REPLICATIONS):
    """One run of the C lanes, as a function of nothing."""
    arguments = argparse.Namespace(
        workload=workload, items=items, reps=replications, periods=PERIODS, warm=0, cores=1
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        return peers[1].make_factory("lane", "")(arguments, 12345)


def nanoseconds(work, cells, rounds=7):
    """Least CPU time of several rounds, per cell."""
    work()
    best = np.inf
    for _ in range(rounds):
        start = time.thread_time()
        work()
        best = min(best, time.thread_time() - start)
    return best / cells * 1e9


def world_of(kind, mean, variance, lead, lost):
    n = len(mean)
    zero, one = np.zeros(n, np.int64), np.ones(n, np.int64)
    demand = DemandLaw(
        np.full(n, kind, np.int8), mean, variance, np.zeros(n), zero, zero, np.zeros(0, int), np.zeros(0, int)
    )
    lead_time = LeadTimeLaw(
        zero, np.array([0]), np.array([len(lead)]), np.array(lead), np.ones(len(lead), int), True
    )
    terms = OrderTerms(one, zero, one, zero, zero, np.full(n, int(lost), np.int8))
    return World(item_keys([str(i) for i in range(n)], ["W"] * n), demand, lead_time, terms)


def base_stock(peers, lost=False, columns=1):
    """W3: base stock, Poisson means 0.5 … 50, lead time 4; levels around the yardstick's."""
    means, tops = (np.array(x, float) for x in peers[0].w3_items(ITEMS))
    top = np.rint(tops[:, None] * (np.linspace(0.6, 1.25, columns) if columns > 1 else [1.0])).astype(int)
    world = world_of(LawKind.POISSON, means, means, [4], lost)
    return world, Levels(np.full(ITEMS, Family.ORDER_UP_TO, np.int8), top - 1, top, top * 0)


def order_up_to(columns=1, items=64):
    """W2: (s,S) = (60,100), negative binomial demand, lead time 2 … 6 crossing, lost sales."""
    shift = np.arange(columns) - columns // 2
    s, S = np.tile(60 + shift, (items, 1)), np.tile(100 + shift, (items, 1))
    mean = np.full(items, 10.0)
    world = world_of(LawKind.NEGATIVE_BINOMIAL, mean, 2 * mean, [2, 3, 4, 5, 6], True)
    return world, Levels(np.full(items, Family.REORDER_UP_TO, np.int8), s, S, S * 0)


def report(name, ratio, limit):
    print(f"{name:45s} {ratio:6.2f}  (at most {limit})")


def speed(world, levels, slots=32):
    horizon = Horizon(PERIODS, 0, REPLICATIONS, slots, 1)
    return nanoseconds(
        lambda: run.simulate_items(world, levels, horizon), world.n_items * PERIODS * REPLICATIONS
    )


def test_ratios_to_the_yardstick(peers):
    """Prints the table; fails only where a figure is three times the limit."""
    c3 = nanoseconds(yardstick(peers, "W3", ITEMS), ITEMS * PERIODS * REPLICATIONS)
    c2 = nanoseconds(yardstick(peers, "W2", 64), 64 * PERIODS * REPLICATIONS)
    one = speed(*base_stock(peers))
    rows = [
        ("one policy, base stock ÷ C (W3)", one / c3, 2.0),
        ("(s,S), lost sales, random lead time ÷ C (W2)", speed(*order_up_to()) / c2, 2.7),
        ("every level, 24 targets × 32 batches ÷ one", speed(*base_stock(peers, columns=24)) / one, 1.8),
        ("24 targets lost sales, per target ÷ C (W3)", speed(*base_stock(peers, True, 24)) / 24 / c3, 0.65),
        ("24 targets (s,S), per target ÷ C (W2)", speed(*order_up_to(24)) / 24 / c2, 1.1),
    ]
    print(f"\nC lanes: W3 {c3:.2f} ns, W2 {c2:.2f} ns per SKU-period")
    for row in rows:
        report(*row)
    slow = [row for row in rows if row[1] > 3 * row[2]]
    assert not slow


@pytest.mark.parametrize(
    ("kind", "limit"), [(LawKind.POISSON, 3.0), (LawKind.NEGATIVE_BINOMIAL, 3.0), (LawKind.GAMMA, 20.0)]
)
def test_tables_are_quick(kind, limit):
    """Microseconds per table; machines differ, so only ten times the limit fails."""
    n = 2000 if kind != LawKind.GAMMA else 200
    mean = np.geomspace(0.5, 50, n)
    world = world_of(kind, mean, 3 * mean, [1], False)
    microseconds = nanoseconds(lambda: prepare(world.demand), n, rounds=3) / 1000
    report(f"table of {kind.name.lower()}, µs", microseconds, limit)
    assert microseconds < 10 * limit
