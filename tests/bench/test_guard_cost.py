"""What the guards of every run cost: the engine against a copy of itself without them.

Run with ``pytest -m bench tests/bench/test_guard_cost.py -s``. Two processes take turns, so that other
work on the machine disturbs both alike; CPU time of the thread is compared, median of nine pairs. Two
processes alike differ by a few percent (where their memory lies): three pairs each of three pairs of them.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from planted import copy_of_package, plant

import simlab

pytestmark = pytest.mark.bench

PROCESSES, ROUNDS, MOST = 3, 3, 1.02

REMOVED = {
    "guards.py": [
        "    if negative < 0 or off != 0:\n        return first_breach(n_real, lost, top, work)\n",
        "        if narrow and reach * 2 * FLUSH >= NARROW:\n            return WIDE\n",
    ],
    "recorder.py": [
        "        if on_order < 0 or lost < 0 or waiting < 0:\n            return UNITS_LOST, t\n",
        "        if position != net + on_order:\n            return POSITION_IDENTITY, t\n",
        "    if on_order != flow.beyond:\n        return GONE_ASTRAY, total\n",
    ],
}

WORK = """
import sys, time
import numpy as np
from simlab.engine import run
from simlab.engine.streams import item_keys
from simlab.engine.types import DemandLaw, Family, Horizon, LawKind, LeadTimeLaw, Levels, OrderTerms, World

n, k = 200, {columns}
zero, one = np.zeros(n, np.int64), np.ones(n, np.int64)
mean = np.linspace(0.5, 50, n)
none = np.zeros(0, np.int64)
demand = DemandLaw(np.full(n, LawKind.POISSON, np.int8), mean, mean, np.zeros(n), zero, zero, none, none)
lead = LeadTimeLaw(zero, zero[:1], one[:1], np.array([4]), one[:1], True)
terms = OrderTerms(one, zero, one, zero, zero, np.full(n, {lost}, np.int8), None, one * {highest})
world = World(item_keys([str(i) for i in range(n)], ["W"] * n), demand, lead, terms)
top = np.rint(mean[:, None] * 5 * np.linspace(0.6, 1.25, k)).astype(int)
levels = Levels(np.full(n, Family.ORDER_UP_TO, np.int8), top - 1, top, top * 0)
horizon = Horizon(periods=365, warmup=4, replications=128, slots=16, seed=5)
for line in sys.stdin:
    started = time.thread_time()
    for _ in range({repeats}):
        run.simulate_items(world, levels, horizon)
    print(time.thread_time() - started, flush=True)
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A folder with a copy of the package that checks nothing."""
    folder = tmp_path_factory.mktemp("bare")
    package = copy_of_package(folder)
    for where, guards in REMOVED.items():
        for guard in guards:
            plant(package, where, guard, "")
    return folder


def process(folder, cache, work):
    """A process that times one run whenever a line comes in."""
    environment = os.environ | {"PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(cache)}
    return subprocess.Popen(
        [sys.executable, "-c", work],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=folder,
    )


def seconds(one):
    one.stdin.write("go\n")
    one.stdin.flush()
    return float(one.stdout.readline())


def ratios(here, bare, cache, work):
    """CPU time with guards divided by that without, of a pair of processes taking turns."""
    guarded, plain = process(here, cache, work), process(bare, cache, work)
    try:
        for one in (guarded, plain):
            seconds(one)
            seconds(one)
        return [seconds(guarded) / seconds(plain) for _ in range(ROUNDS)]
    finally:
        for one in (guarded, plain):
            one.communicate()


@pytest.mark.parametrize(
    ("name", "columns", "lost", "highest", "repeats"),
    [
        ("one policy", 1, 0, 0, 20),
        ("24 levels", 24, 0, 0, 10),
        ("lost sales", 1, 1, 0, 20),
        ("single paths, written down", 1, 1, 10**6, 1),
    ],
)
def test_guards_cost_less_than_two_percent(bare, name, columns, lost, highest, repeats):
    here = Path(simlab.__file__).parent.parent
    work = WORK.format(columns=columns, lost=lost, highest=highest, repeats=repeats)
    cache = Path(os.environ.get("NUMBA_CACHE_DIR", bare / "cache"))
    pairs = [pair for _ in range(PROCESSES) for pair in ratios(here, bare, cache, work)]
    found = statistics.median(pairs)
    print(f"\n{name}: guards cost {100 * (found - 1):+.1f} % (median of {len(pairs)} interleaved pairs)")
    assert found < MOST
