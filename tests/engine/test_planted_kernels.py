"""The classic mistakes planted in the kernels: the trap tests, run on the spoilt package, must go red.

`test_traps` plants them in the plain simulator, which is the same comparison from its other side. Here a
copy of the package is spoilt and run as plain Python (NUMBA_DISABLE_JIT), so that nothing is compiled.

    pytest -m slow tests/engine/test_planted_kernels.py
"""

import pytest
from worlds.planted import copy_of_package, plant, told

from simlab.engine.world.demand_law import LawKind
from simlab.engine.world.levels import Family
from simlab.engine.world.world import Horizon, Unmet

LOST = {"unmet": Unmet.LOST}
TODAY = {"start": (15, 20), "horizon": Horizon(periods=20, warmup=2, replications=8, slots=1, seed=5)}
PARTLY = {"unmet": Unmet.PARTLY, "waits": 333_333}
FAST = {"R": 1, "lead_times": [5], "lead_weights": [1]}
"""Four periods in one go."""
AT_ONCE = {"R": 2, "lead_times": [3], "lead_weights": [1]}
"""One review's orders arrive together, on no day of review."""
RECORDED = {"supplier": {"shared_delay": True, "fails": 0, "recovers": 0, "on_time": 10**6, "rest_delay": -1}}
"""What only the recorder knows."""
LARGE = {"family": Family.REORDER_UP_TO, "s": [10, 14, 19]}
LOW = {"S": [20, 24, 29], "s": [19, 23, 28]}
CROSSING = {"lead_times": [1, 2, 3], "lead_weights": [1, 1, 1], "R": 1, "crossing": True}
VARYING = {"lead_times": [2, 3, 4, 5, 6], "lead_weights": [1] * 5, "R": 1, "crossing": True}
"""Two periods in one go."""
FEW = {"demand": (LawKind.POISSON, 0.7, 0.7, [], []), "S": [2, 3, 4], "s": [1, 2, 3]}

UNLIKE = {"family": Family.REORDER_UP_TO, "s": [0, 1, 1], "S": [2, 4, 6]}
"""Columns that share no path although all demand waits."""

FROM_THE_START = ("    clear_sums(state, work.tally)\n", "")
TOO_EARLY = ("lifted = max(cast(before - lowest), zero)", "lifted = max(cast(net - lowest), zero)")
NOT_MADE_UP = ("    return max(deficit, cast(rule.moq))", "    return max(cast(rule.gap), cast(rule.moq))")
LATE_JUDGE = ("shelf = min(max(cast(net - lowest)", "shelf = min(max(cast(net + arrived - lowest)")

PLANTED = {
    "event order, sweep": ("marks.py", TOO_EARLY, AT_ONCE),
    "event order, four periods at a time": ("marks.py", TOO_EARLY, FAST),
    "event order, lost sales": (
        "selling.py",
        (
            "            net = cast(state[NET + lane] + size)\n            kept",
            "            net = state[NET + lane]\n            kept",
        ),
        AT_ONCE | LOST,
    ),
    "event order, recorder": (
        "path.py",
        ("d, shelf = record.demand[t], max(net, 0)", "d, shelf = record.demand[t], max(net - due, 0)"),
        RECORDED | LOST,
    ),
    "undershoot": ("rules.py", NOT_MADE_UP, AT_ONCE | LARGE),
    "undershoot, four periods at a time": ("rules.py", NOT_MADE_UP, FAST | LARGE),
    "undershoot, recorder": (
        "rules.py",
        ("    size = np.int64(deficit)\n", "    size = np.int64(rule.gap)\n"),
        RECORDED | LARGE,
    ),
    "L in place of R + L, sweep": (
        "sweep.py",
        ("review, phase = reviews_of(items, item)", "review, phase = 1, reviews_of(items, item)[1]"),
        AT_ONCE,
    ),
    "L in place of R + L, lanes": (
        "lanes.py",
        ("review, phase = reviews_of(items, item)", "review, phase = 1, reviews_of(items, item)[1]"),
        AT_ONCE | LOST,
    ),
    "every second review is left out, recorder": (
        "path.py",
        ("(t - phase) % review == 0", "(t - phase) % (2 * review) == 0"),
        RECORDED,
    ),
    "orders that cross arrive in order": (
        "paths.py",
        ("    if items.crossing == 0:\n", "    if items.crossing == 1:\n"),
        {"crossing": True, "lead_times": [1, 7], "R": 1},
    ),
    "orders overtake although none may": (
        "paths.py",
        ("    if items.crossing == 0:\n", "    if items.crossing == 2:\n"),
        {"crossing": False, "lead_times": [1, 2, 3, 4], "lead_weights": [1, 1, 1, 1], "R": 1},
    ),
    "lost units leave the denominator": (
        "lanes.py",
        (
            "out.demanded[item, slot] += work.demanded[lane]",
            "out.demanded[item, slot] += tally[T_BEFORE, lane] - tally[T_AFTER, lane]",
        ),
        LOST,
    ),
    "lost sales wait": (
        "selling.py",
        ("min(d, before) if lost else d, lost)", "d, lost)"),
        AT_ONCE | LOST,
    ),
    "the parts of units that wait are forgotten": (
        "selling.py",
        ("split_unmet(owed, waits, np.int64(state[PART + lane])", "split_unmet(owed, waits, np.int64(0)"),
        LOW | PARTLY,
    ),
    "lost sales since the last receipt are forgotten where some wait": (
        "selling.py",
        ("= one if owed > waiting else state[BAD + lane]", "= state[BAD + lane]"),
        LOW | PARTLY,
    ),
    "what is on order today never comes": (
        "paths.py",
        ("now = opening[lane] == t", "now = opening[lane] < 0"),
        TODAY,
    ),
    "what is on order today comes a period late": (
        "paths.py",
        ("now = opening[lane] == t", "now = opening[lane] == t - 1"),
        TODAY,
    ),
    "what is on order today is overtaken": (
        "paths.py",
        ("max(delays[0, lane], cast(work.opening[lane] - ahead))", "delays[0, lane]"),
        TODAY | {"R": 7, "lead_times": [1, 7], "lead_weights": [3, 1]},
    ),
    "what is on order today is overtaken by orders drawn in sequence": (
        "sequences.py",
        ("work.opening[lane] if given else np.int64(0)", "np.int64(0)"),
        TODAY | {"R": 1, "lead_times": [1, 7], "lead_weights": [3, 1]},
    ),
    "what is on order today does not count as on order": (
        "guards.py",
        ("        unit_periods = units * (left - 1)\n", ""),
        TODAY | FAST,
    ),
    "the highest position is passed": (
        "rules.py",
        ("    if rule.ceiling == NO_CEILING:\n", "    if rule.ceiling > -(1 << 60):\n"),
        {"max_position": 42, "pack": 3},
    ),
    "packs are not rounded up": (
        "rules.py",
        ("    if rule.pack > 1:", "    if rule.pack > 12:"),
        {"pack": 12},
    ),
    "packs are rounded down": (
        "rules.py",
        ("np.float64(size + rule.pack - 1)", "np.float64(size)"),
        {"pack": 12},
    ),
    "the upper tail is cut off": (
        "lookup.py",
        ("guide[i] = np.uint32(n - 1)", "guide[i] = np.uint32(n - 2)"),
        {"demand": (LawKind.EMPIRICAL, 0.0, 0.0, [0, 3, 40], [6, 6, 1])},
    ),
    "the first of two points of a word is forgotten": (
        "lookup.py",
        ("np.uint32(words[r, lane] << BITS) < np", "np.uint32(words[r, lane] << BITS) > np"),
        {},
    ),
    "cycles are counted by periods with arrivals, sweep": (
        "marks.py",
        ("arrivals[row, lane] = receipts", "arrivals[row, lane] = min(receipts, 1)"),
        CROSSING,
    ),
    "cycles are counted by periods with arrivals, lanes": (
        "paths.py",
        ("    receipts = cast(receipts + (one if e > zero else zero))", "    receipts = min(receipts, one)"),
        LOST | CROSSING,
    ),
    "a cycle is judged after its receipt": ("marks.py", LATE_JUDGE, AT_ONCE | LOW),
    "a cycle is judged after its receipt, recorder": (
        "path.py",
        ("GOOD_RECEIPTS, t] = n_due if good else 0", "GOOD_RECEIPTS, t] = n_due if net + d >= 0 else 0"),
        RECORDED | LOST | LOW,
    ),
    "a lost sale is forgotten before the receipt": (
        "fours.py",
        ("    weight = missed if short else weight\n", "    weight = missed if short else one\n"),
        LOST | FEW | FAST,
    ),
    "event order, two periods at a time": (
        "twos.py",
        ("shelf = stock if lost", "shelf = net if lost"),
        VARYING | LOST,
    ),
    "undershoot, two periods at a time": ("rules.py", NOT_MADE_UP, VARYING | LARGE | LOST),
    "orders of one of five lead times never come, two periods at a time": (
        "twos.py",
        ("    l4 = cast(least + 4)\n", "    l4 = cast(-1)\n"),
        VARYING | LOST,
    ),
    "the second of two periods reads the first's arrivals": (
        "twos.py",
        ("live_on(live, then,", "live_on(live, now,"),
        VARYING | LOST,
    ),
    "the ring's first rows are not repeated, two periods at a time": (
        "twos.py",
        ("        repeat(placed, n, rows)\n", ""),
        VARYING | LOST,
    ),
    "cycles are counted by periods with arrivals, two periods at a time": (
        "twos.py",
        ("count, stock = arrived >> receipt_bit(state),", "count, stock = min(arrived, one),"),
        VARYING | LOST,
    ),
    "a lost sale is forgotten before the receipt, two periods at a time": (
        "twos.py",
        ("(zero if arrived > zero else bad)", "zero"),
        VARYING | LOST | FEW,
    ),
    "a receipt is judged by the position, two periods at a time": (
        "twos.py",
        ("if lost else net < zero", "if lost else position < zero"),
        VARYING | FEW | UNLIKE,
    ),
    "the backlog counts as short again, two periods at a time": (
        "twos.py",
        ("d > shelf", "d > stock"),
        VARYING | FEW | UNLIKE,
    ),
    "the position is summed before the demand, two periods at a time": (
        "twos.py",
        ("cast(positions + position)", "cast(positions + position + gone)"),
        VARYING | LOST,
    ),
    "the warm-up is counted, two periods at a time": ("guards.py", FROM_THE_START, VARYING | LOST),
    "the warm-up is counted, sweep": ("guards.py", FROM_THE_START, {}),
    "the warm-up is counted, lanes": ("guards.py", FROM_THE_START, LOST),
    "the backlog counts as short again": (
        "selling.py",
        ("(short if d > shelf else zero)", "(short if d > before else zero)"),
        AT_ONCE | FEW | {"family": Family.REORDER_UP_TO, "s": [0, 1, 1], "S": [2, 4, 6]},
    ),
}  # fmt: skip

RUN = """
from simlab.selfcheck import reference
from simlab.errors import EngineFaultError
from test_planted_kernels import PLANTED
from test_traps import BASE, differing
try:
    print("differ:", *sorted(differing(BASE | PLANTED[sys.argv[4]][2], reference)))
except EngineFaultError as fault:
    print("guard:", fault)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTED)
def test_a_mistake_planted_in_a_kernel_is_seen(name, tmp_path):
    """Without it both agree to the unit; with it a sum differs, or a guard of the run is breached."""
    package = copy_of_package(tmp_path)
    assert told(package, RUN, name) == "differ:"
    where, (right, wrong), _ = PLANTED[name]
    plant(package, where, right, wrong)
    seen = told(package, RUN, name)
    print(f"{name}: {seen}")
    assert seen != "differ:"
