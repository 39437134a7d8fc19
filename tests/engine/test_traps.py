"""The classic mistakes, planted one by one: the comparison with the engine must see each of them.

A mistake is planted in the source of the plain simulator (`simlab/selfcheck/reference.py`); engine and plain
simulator agree to the unit without it. Where a closed form is at hand, it must tell right from
wrong as well, so that engine and reference cannot share the mistake.
"""

import types
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from worlds.engine import plain, reference_item, start_of, world_of

from simlab.engine import run
from simlab.engine.world.demand_law import LawKind
from simlab.engine.world.levels import Family
from simlab.engine.world.world import Horizon, Unmet
from simlab.selfcheck import reference

SOURCE = Path(reference.__file__).read_text("utf-8")
BASE = plain() | {"horizon": Horizon(periods=60, warmup=12, replications=8, slots=1, seed=5)}

ON_TIME = {"lead_times": [0], "lead_weights": [1], "R": 1}

MISTAKES = {
    "demand is served before the arrivals of the period": (
        {},
        [
            ("        state.net += received\n", ""),
            ("        # 4. count\n", "        state.net += received\n        # 4. count\n"),
        ],
    ),
    "the review forgets what arrives on its day": (
        {"lead_times": [2], "lead_weights": [1]},
        [("position = state.position + sum(units for _, units, _ in due)", "position = state.position")],
    ),
    "the undershoot below s is not made up for": (
        {"family": Family.REORDER_UP_TO, "s": [10, 14, 19], "demand": (LawKind.POISSON, 9.0, 9.0, [], [])},
        [("            units = item.S - position\n", "            units = item.S - item.s\n")],
    ),
    "the position is seen in every period: protection over L instead of R + L": (
        {},
        [("if t >= item.phase and (t - item.phase) % item.R == 0:", "if t >= item.phase:")],
    ),
    "orders that cross arrive in order": (
        {"crossing": True, "lead_times": [1, 7], "R": 1},
        [("if not item.crossing:", "if item.crossing:")],
    ),
    "orders arrive as drawn although none may overtake": (
        {"crossing": False, "lead_times": [1, 7], "R": 1},
        [("if not item.crossing:", "if False:")],
    ),
    "lost units leave the denominator of the fill rate": (
        {"unmet": Unmet.LOST},
        [('seen["demanded"], seen["served"] = demand', 'seen["demanded"], seen["served"] = served')],
    ),
    "lost sales wait": (
        {"unmet": Unmet.LOST},
        [("if item.unmet == LOST:\n        return 0", "if item.unmet == LOST:\n        return owed")],
    ),
    "packs are not rounded up": (
        {"pack": 12},
        [("round_up(max(units, item.moq), item.pack)", "max(units, item.moq)")],
    ),
    "the minimum order is rounded before it is raised": (
        {"pack": 12, "moq": 31},
        [("round_up(max(units, item.moq), item.pack)", "max(round_up(units, item.pack), item.moq)")],
    ),
    "the warm-up is counted": (
        {},
        [("        if t >= warmup:\n", "        if t < periods:\n")],
    ),
    "the law's upper tail is cut off": (
        {"demand": (LawKind.EMPIRICAL, 0.0, 0.0, [0, 3, 40], [6, 6, 1])},
        [("len(values) - 1)]", "len(values) - 2)]")],
    ),
    "cycles are counted by periods with arrivals, not by orders": (
        {"lead_times": [1, 2, 3], "lead_weights": [1, 1, 1], "R": 1},
        [("receipts = sum(count for _, _, count in due)", "receipts = int(bool(due))")],
    ),
    "a cycle is judged after its receipt": (
        {},
        [
            (
                'seen["receipts"], seen["good_receipts"] = receipts, receipts if was_good else 0',
                'seen["receipts"], seen["good_receipts"] = receipts, receipts if state.net >= 0 else 0',
            )
        ],
    ),
    "a lost sale is forgotten before the next receipt": (
        {"unmet": Unmet.LOST, "R": 6, "demand": (LawKind.POISSON, 0.7, 0.7, [], []), "S": [3, 4, 5]},
        [('state.lost_since_receipt |= seen["lost"] > 0', 'state.lost_since_receipt = seen["lost"] > 0')],
    ),
    "the backlog counts as short again": (
        {"demand": (LawKind.POISSON, 0.7, 0.7, [], []), "S": [1, 2, 3]},
        [('int(served < demand)', 'int(state.net - demand < 0)')],
    ),
}  # fmt: skip


def planted(changes):
    """The plain simulator with a mistake in it."""
    source = SOURCE
    for right, wrong in changes:
        assert source.count(right) == 1, right
        source = source.replace(right, wrong)
    module = types.ModuleType(reference.__name__)
    exec(compile(source, "planted", "exec"), vars(module))
    return module


def differing(x, simulator):
    """Measures in which engine and a plain simulator differ at any column."""
    world, levels = world_of(x)
    h = x["horizon"]
    curves = run.simulate_items(world, levels, h, start_of(x))
    wrong = set()
    for column in range(3):
        item = reference_item(x, world, column)
        paths = [
            simulator.simulate(item, h.seed, path, h.warmup, h.periods) for path in range(h.replications)
        ]
        for measure in reference.MEASURES:
            sums = getattr(curves, measure)[0]
            if (sums if sums.ndim == 1 else sums[column]).sum() != sum(path[measure] for path in paths):
                wrong.add(measure)
    return wrong


@pytest.mark.parametrize("name", MISTAKES)
def test_a_planted_mistake_is_seen(name):
    changed, mistake = MISTAKES[name]
    x = BASE | changed
    assert differing(x, reference) == set()
    assert differing(x, planted(mistake)) != set()


def ratio(simulator, x, over, under, n_paths=12, periods=1500):
    """A ratio of sums with its standard error over paths."""
    world, _ = world_of(x)
    item = reference_item(x, world, 0)
    sums = [simulator.simulate(item, 3, path, 20, periods) for path in range(n_paths)]
    a, b = (np.array([one[name] for one in sums], float) for name in (over, under))
    r = a.sum() / b.sum()
    return r, np.sqrt(((a - r * b) ** 2).sum() * n_paths / (n_paths - 1)) / b.sum()


def base_stock(R, L):
    """Exact fill rate of S = 40 under Poisson demand of 9: the mean over the periods of a cycle."""
    short = [expected_excess(9 * (L + i + 1), 40) - expected_excess(9 * (L + i), 40) for i in range(R)]
    return 1 - sum(short) / (9 * R)


def reorder_up_to(s, S):
    """Exact fill rate of (s,S) under Poisson demand of 9 without lead time: the chain of positions."""
    after = np.arange(s + 1, S + 1)
    chain = stats.poisson(9).pmf(after[:, None] - after[None, :])
    chain[:, -1] += 1 - chain.sum(axis=1)
    share = np.linalg.matrix_power(chain, 4096)[0]
    return 1 - sum(p * expected_excess(9, y) for p, y in zip(share, after, strict=True)) / 9


def expected_excess(mean, level):
    if mean == 0:
        return 0.0
    k = np.arange(level)
    return mean - level + ((level - k) * stats.poisson(mean).pmf(k)).sum()


@pytest.mark.parametrize(
    ("name", "x", "exact"),
    [
        (
            "demand is served before the arrivals of the period",
            BASE | {"lead_times": [2], "lead_weights": [1]},
            base_stock(2, 2),
        ),
        (
            "the position is seen in every period: protection over L instead of R + L",
            BASE | {"lead_times": [1], "lead_weights": [1], "R": 4},
            base_stock(4, 1),
        ),
        (
            "lost units leave the denominator of the fill rate",
            BASE | ON_TIME | {"unmet": Unmet.LOST, "s": [8] * 3, "S": [9] * 3},
            1 - expected_excess(9, 9) / 9,
        ),
        (
            "the undershoot below s is not made up for",
            BASE | ON_TIME | {"family": Family.REORDER_UP_TO, "s": [3] * 3, "S": [12] * 3},
            reorder_up_to(3, 12),
        ),
    ],
)  # fmt: skip
def test_a_closed_form_tells_right_from_wrong(name, x, exact):
    _, mistake = MISTAKES[name]
    right, error = ratio(reference, x, "served", "demanded")
    wrong, wrong_error = ratio(planted(mistake), x, "served", "demanded")
    assert abs(right - exact) < 4 * error
    assert abs(wrong - exact) > 10 * max(error, wrong_error)
