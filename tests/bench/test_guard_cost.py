"""What the guards of every run cost: the engine against a copy of itself without them.

Run with ``pytest -m bench tests/bench/test_guard_cost.py -s``. CPU time of the thread is compared, median of
nine pairs of processes, since two that are alike differ by where their memory lies.

The speed of a machine can change by a third within a second, while other guests of its host work. So a
pair is not one long run of each: two processes take turns in runs of some hundredths of a second, first one
first, then the other, and the least times are compared. The engine against itself is measured in the same
way and printed beside, so that the reader sees what the measure can tell apart.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from worlds.planted import copy_of_package, plant
from worlds.trust_figures import noted

import simlab

pytestmark = pytest.mark.bench

PROCESSES, TURNS, MOST = 9, 40, 2.0
COSTS: dict[str, str] = {}

REMOVED = {
    "guards.py": [
        "    if negative < 0 or off != 0:\n        return first_breach(n_real, top, work)\n",
        "        if narrow and reach >= NARROW:\n            return WIDE\n",
    ],
    "path.py": [
        "    if positions_off(rows, total) != 0 or on_order != record.due[total] + record.gone[total]:\n"
        "        code, at = check_rows(rows, total)\n"
        "        return (code, at) if code else (GONE_ASTRAY, total)\n",
        "    if code == 0 and path % LOOKED_THROUGH == 0:\n"
        "        code, breach = check_rows(record.rows, record.demand.size)\n"
        "        at = breach if code else at\n",
    ],
}

WORK = """
import sys, time
import numpy as np
from simlab.engine import run
from simlab.engine.kernels.streams import item_keys, supplier_keys
from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import Horizon, LeadTimeLaw, OrderTerms, Supply, World

n, k = {items}, {columns}
zero, one = np.zeros(n, np.int64), np.ones(n, np.int64)
mean = np.linspace(0.5, 50, n)
none = np.zeros(0, np.int64)
demand = DemandLaw(np.full(n, LawKind.POISSON, np.int8), mean, mean, np.zeros(n), zero, zero, none, none)
lead = LeadTimeLaw(zero, zero[:1], one[:1], np.array([4]), one[:1], True)
terms = OrderTerms(one, zero, one, zero, zero, np.full(n, {lost}, np.int8), None)
no, million = np.zeros(1, np.int64), np.full(1, 10**6)
shared = Supply(zero, supplier_keys(["S"]), no == 0, no, no, million, no) if {shared} else None
world = World(item_keys([str(i) for i in range(n)], ["W"] * n), demand, lead, terms, supply=shared)
top = np.rint(mean[:, None] * 5 * np.linspace(0.6, 1.25, k)).astype(int)
levels = Levels(np.full(n, Family.ORDER_UP_TO, np.int8), top - 1, top, top * 0)
horizon = Horizon(periods=365, warmup=4, replications=128, slots=16, seed=5)
for line in sys.stdin:
    started = time.thread_time()
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


def pair(one, other):
    """Least CPU time of one process divided by that of another, taking turns."""
    times = {one: [], other: []}
    for turn in range(TURNS):
        for who in (one, other) if turn % 2 else (other, one):
            times[who].append(seconds(who))
    return min(times[one]) / min(times[other])


def cost(here, there, cache, work):
    """Median ratio of the engine in one folder to that in another."""
    pairs = []
    for _ in range(PROCESSES):
        one, other = process(here, cache, work), process(there, cache, work)
        try:
            for who in (one, other):
                seconds(who)
                seconds(who)
            pairs.append(pair(one, other))
        finally:
            for who in (one, other):
                who.communicate()
    return statistics.median(pairs)


@pytest.mark.parametrize(
    ("name", "items", "columns", "lost", "shared"),
    [
        ("one policy", 200, 1, 0, 0),
        ("24 levels", 200, 24, 0, 0),
        ("lost sales", 200, 1, 1, 0),
        ("single paths, written down", 20, 1, 1, 1),
    ],
)
def test_guards_cost_less_than_two_percent(bare, name, items, columns, lost, shared):
    here = Path(simlab.__file__).parent.parent
    work = WORK.format(items=items, columns=columns, lost=lost, shared=shared)
    cache = Path(os.environ.get("NUMBA_CACHE_DIR", bare / "cache"))
    found, itself = (100 * (cost(here, there, cache, work) - 1) for there in (bare, here))
    print(
        f"\n{name}: guards cost {found:+.1f} % (median of {PROCESSES} interleaved pairs; "
        f"the engine against itself {itself:+.1f} %)"
    )
    assert found < MOST
    COSTS[name] = f"{found:.1f} % ({name})"
    noted("guards", said=", ".join(COSTS.values()))
