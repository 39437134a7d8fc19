"""A breach is named by item, replication and the very period, however late it is noticed."""

import json
import re
from dataclasses import replace

import pytest
from worlds.engine import mixed_world
from worlds.planted import copy_of_package, plant, told

from simlab.engine import run
from simlab.engine.kernels.guards import POSITION_IDENTITY
from simlab.engine.world.world import Horizon
from simlab.errors import EngineFaultError

HORIZON = Horizon(periods=40, warmup=9, replications=6, slots=2, seed=3)


@pytest.mark.parametrize("period", [0, 1, 17, 47, 48])
@pytest.mark.parametrize("item", [0, 3])
def test_lanes_that_notice_a_breach_at_the_end_name_its_period(monkeypatch, period, item):
    world, levels = mixed_world(4)
    key, honest = world.keys[item], run._run

    def breached(evaluator, world, levels, horizon, dtype):
        sums, faults = honest(evaluator, world, levels, horizon, dtype)
        total = horizon.warmup + horizon.periods
        last = horizon.first_replication + horizon.replications
        if total > period and horizon.first_replication <= 5 < last:
            faults[world.keys == key] = POSITION_IDENTITY, 5, total
        return sums, faults

    monkeypatch.setattr(run, "_run", breached)
    with pytest.raises(EngineFaultError, match=f"item {item}, replication 5, in period {period}: position"):
        run.simulate_items(world, levels, HORIZON)


@pytest.mark.parametrize("needs", ["neighbours", "narrow lanes"])
def test_a_breach_that_needs_its_neighbours_or_its_lanes_is_named_by_period_too(monkeypatch, needs):
    world, levels = mixed_world(4)
    honest = run._run

    def breached(evaluator, world, levels, horizon, dtype):
        sums, faults = honest(evaluator, world, levels, horizon, dtype)
        here = horizon.replications > 1 if needs == "neighbours" else dtype.itemsize == 4
        if here and horizon.warmup + horizon.periods > 31:
            faults[0] = POSITION_IDENTITY, 2, horizon.warmup + horizon.periods
        return sums, faults

    monkeypatch.setattr(run, "_run", breached)
    with pytest.raises(EngineFaultError, match="item 0, replication 2, in period 31: position"):
        run.simulate_items(world, levels, HORIZON)


def test_a_breach_that_does_not_come_again_keeps_the_period_by_which_it_was_noticed(monkeypatch):
    """As a fault of the machine would: the same bits, run again, show nothing."""
    world, levels = mixed_world(4)
    honest, calls = run._run, []

    def once(evaluator, world, levels, horizon, dtype):
        sums, faults = honest(evaluator, world, levels, horizon, dtype)
        if not calls:
            faults[0] = POSITION_IDENTITY, 2, 49
        calls.append(1)
        return sums, faults

    monkeypatch.setattr(run, "_run", once)
    with pytest.raises(EngineFaultError, match="replication 2, by period 49"):
        run.simulate_items(world, levels, replace(HORIZON, seed=4))


WARMUP, PERIODS, REPLICATIONS = 4, 12, 3
LOST, BROKEN, ASTRAY = "units were lost", "position ≠ net stock", "units on order at the end"
EITHER = f"{LOST}|{BROKEN}"
OWN_PATH = "for lane in range(n):\n                if work.paths[lane] == 1:\n                    "
LOOPS = {
    "lanes.py": "    while t < end:\n",
    "sweep.py": "    while t < end:\n",
    "path.py": "        due, n_due = record.due[t], record.due_orders[t]\n",
}
"""Where periods begin, or units arrive: a line that stands once in each source."""

FORGETS = "the recorder forgets units for a period"
PLANTED = {
    "lanes lose a unit": ("lanes.py", f"{OWN_PATH}state[NET + lane] -= 1", EITHER),
    "lanes find a unit": ("lanes.py", f"{OWN_PATH}state[NET + lane] += 1", BROKEN),
    "lanes order what nobody sends": ("lanes.py", f"{OWN_PATH}state[POSITION + lane] += 1", BROKEN),
    "lanes lose what never came": ("lanes.py", f"{OWN_PATH}state[NET + lane] -= 999", LOST),
    "the sweep loses a unit": ("sweep.py", f"{OWN_PATH}state[NET + lane] -= 1", EITHER),
    "the sweep finds a unit": ("sweep.py", f"{OWN_PATH}state[NET + lane] += 1", BROKEN),
    "the sweep orders what nobody sends": (
        "sweep.py",
        f"{OWN_PATH}state[POSITION + lane] += 1",
        BROKEN,
    ),
    "the sweep loses what never came": ("sweep.py", f"{OWN_PATH}state[NET + lane] -= 999", LOST),
    "the recorder loses a unit": ("path.py", "net -= planted.path == 1", BROKEN),
    "the recorder orders what nobody sends": ("path.py", "position += planted.path == 1", BROKEN),
    "the recorder loses what never came": (
        "path.py",
        "on_order -= 999 * (planted.path == 1)\n            position -= 999 * (planted.path == 1)",
        LOST,
    ),
    "the recorder loses a unit on its way": (
        "path.py",
        "record.due[t + record.due[t:].argmax()] -= planted.path == 1\n            due = record.due[t]",
        ASTRAY,
    ),
    "the recorder loses for a period what comes back": (
        "path.py",
        "on_order -= 999 * (planted.path == 0)\n            position -= 999 * (planted.path == 0)\n"
        "            record.gone[t + 1] -= 999 * (planted.path == 0)",
        LOST,
    ),
    FORGETS: (
        "path.py",
        "net -= 7 * (planted.path == 1)\n"
        f"        if (planted.name, planted.key, planted.period + 1) == ({FORGETS!r}, items.keys[item], t):\n"
        "            net += 7 * (planted.path == 1)",
        BROKEN,
    ),
}
"""Source, what happens to replication 1 or 0 of one item in one period, and the fault that must be named."""

LOOKED_THROUGH = {"the recorder loses for a period what comes back"}
"""Seen in replication 0 alone, whose every period is looked at: at its end the path has all it should."""

LATE = {name for name, (*_, fault) in PLANTED.items() if fault in (LOST, ASTRAY)}
"""Nothing is lost before something came."""

RUN = """
import json
from dataclasses import replace
import numpy as np
from worlds.small import small_levels, small_world
from simlab.engine import planted, run
from simlab.engine.world.world import Horizon
from simlab.errors import EngineFaultError
from test_guards import LATE, PERIODS, PLANTED, REPLICATIONS, WARMUP

world = small_world(4)
horizon = Horizon(PERIODS, WARMUP, REPLICATIONS, 1, 7)
ways = {"lanes.py": ["lanes"], "sweep.py": ["sweep"], "path.py": ["ledger", "recorded sweep"]}
faults = {}
for planted.name, (source, *_) in {"nothing": ("path.py",), **PLANTED}.items():
    for way in ways[source]:
        for planted.item, planted.period in ((2, 9 if planted.name in LATE else 1), (3, 9)):
            planted.key, said = world.keys[planted.item], ""
            try:
                run.evaluate(way, world, small_levels(world), horizon)
            except EngineFaultError as error:
                said = str(error)
            faults.setdefault(planted.name, []).append((planted.item, planted.period, said))

def raising(period, position, net, last_demand, s, S, Q):
    return [][0] if period == 9 and planted.path == 1 else 0

levels = replace(small_levels(world), policy=raising)
for planted.name in ("the recorder loses a unit", "nothing"):
    planted.key, planted.period = world.keys[2], 6
    try:
        run.evaluate("ledger", world.take(np.array([2])), levels.take(np.array([2])), horizon)
    except EngineFaultError as error:
        faults[f"{planted.name} and a policy raises"] = str(error)
print(json.dumps(faults))
"""


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    """What runs say whose kernels go wrong in one period of one replication of one item."""
    package = copy_of_package(tmp_path_factory.mktemp("planted"))
    (package / "engine" / "planted.py").write_text(
        "name, key, item, period, path = '', 0, 0, 0, 0\n", "utf-8"
    )
    for where, line in LOOPS.items():
        here = {name: wrong for name, (source, wrong, *_) in PLANTED.items() if source == where}
        spoilt = "".join(
            f"        if (planted.name, planted.key, planted.period) == ({name!r}, items.keys[item], t):\n"
            f"            {wrong}\n"
            for name, wrong in here.items()
        )
        plant(package, where, line, line + spoilt)
        numpy = "import numpy as np\n"
        plant(package, where, numpy, f"{numpy}from simlab.engine import planted\n")
    own = "    path = work.paths[lane]\n"
    plant(package, "path.py", own, f"{own}    planted.path = path\n")
    return json.loads(told(package, RUN))


def test_sound_kernels_breach_no_guard(faults):
    assert {fault for *_, fault in faults["nothing"]} == {""}


@pytest.mark.parametrize("name", PLANTED)
def test_a_kernel_that_loses_a_unit_or_a_position_fails_the_run_by_name(faults, name):
    """Guards see it in whichever evaluator, in the warm-up too, and name item, replication and period."""
    fault, replication = PLANTED[name][-1], 0 if name in LOOKED_THROUGH else 1
    assert len(faults[name]) >= 2
    for item, period, said in faults[name]:
        when = f"in period {period}" if fault != ASTRAY else f"by period {WARMUP + PERIODS}"
        assert re.match(f"item {item}, replication {replication}, {when}: ({fault})", said), said


def test_of_a_breach_and_a_policy_that_raises_the_first_is_named(faults):
    """A path is checked once it is written down; one that a policy ends is checked up to there."""
    both, alone = (faults[f"{name} and a policy raises"] for name in ("the recorder loses a unit", "nothing"))
    assert re.match(f"item 0, replication 1, in period 6: {BROKEN}", both), both
    assert re.match("item 0, replication 1, in period 9: the user's policy raised", alone), alone
