"""Paths begin in the long run: the law of the first position against chains, and what a run shows."""

from dataclasses import replace

import numba
import numpy as np
import pytest
from worlds.engine import column, one_law, plain, world_of

from simlab.engine import run
from simlab.engine.laws.pmfs import pmf_of
from simlab.engine.prepare.arrays import item_arrays, level_arrays
from simlab.engine.prepare.evaluators import begins_stationary
from simlab.engine.prepare.starts import start_table, with_starts
from simlab.engine.world.demand_law import LawKind, Seasons
from simlab.engine.world.levels import Family
from simlab.engine.world.world import Horizon, Unmet

LUMPY = {"demand": (LawKind.EMPIRICAL, 0.0, 0.0, [0, 6, 10], [40, 2, 1])}
SLOW = {"demand": (LawKind.POISSON, 0.05, 0.05, [], [])}
UP_TO = {"family": Family.REORDER_UP_TO, "s": [4, 5, 7], "S": [24, 25, 27]}
CANCELS = {"shared_delay": False, "fails": 0, "recovers": 0, "on_time": 9 * 10**5, "rest_delay": -1}
ONE = {"lead_times": [3], "lead_weights": [1]}


SEASONS = Seasons.rounded(np.array([0]), np.array([[0.5, 1.5]]), 0)


def starts_of(x):
    world, levels = world_of(x)
    return with_starts(level_arrays(world.terms, levels), world, levels, item_arrays(world)).starts


def reviewed_positions(x, column=0, ahead=0):
    """Law of S less the position, `ahead` periods after a review, by a high power of its chain.

    An order is placed at or below s, and the review leaves S.
    """
    world, _ = world_of(x)
    first, p = pmf_of(world.demand, 0)
    p = np.concatenate([np.zeros(first), p])
    between = np.ones(1)
    for _ in range(x["R"]):
        between = np.convolve(between, p)
    gap = x["S"][column] - x["s"][column]
    chain = np.zeros((gap, gap))
    for j in range(gap):
        for d, chance in enumerate(between):
            below = j + d
            chain[j, below if below < gap else 0] += chance
    law = np.linalg.matrix_power(chain, 1 << 30)[0]
    for _ in range(ahead):
        law = np.convolve(law, p)
    return law / law.sum()


@pytest.mark.parametrize("demand", [SLOW, LUMPY, {}])
@pytest.mark.parametrize(("review", "phase"), [(1, 0), (3, 0), (4, 1), (4, 3)])
def test_the_position_begins_with_the_law_of_its_chain(demand, review, phase):
    x = plain() | UP_TO | demand | {"R": review, "phase": phase}
    starts = starts_of(x)
    begin, length = starts.begin[0, 1], starts.length[0, 1]
    edges = starts.thresholds[begin : begin + length].astype(float)
    edges[-1] = 2.0**32
    law = np.diff(edges, prepend=0.0) / 2.0**32
    exact = reviewed_positions(x, 1, ahead=(review - phase) % review)
    n = max(law.size, exact.size)
    gap = np.abs(np.pad(law, (0, n - law.size)) - np.pad(exact, (0, n - exact.size))).max()
    assert gap < 1e-8


@pytest.mark.parametrize(
    ("terms", "width"),
    [
        ({}, 1),
        ({"pack": 12}, 12),
        ({"pack": 12, "moq": 5}, 12),
        ({"moq": 30}, 30),
        ({"moq": 30, "pack": 12}, 36),
        ({"family": Family.REORDER_QUANTITY, "Q": [8, 8, 8]}, 8),
        ({"family": Family.REORDER_UP_TO, "s": [9, 9, 9], "S": [19, 19, 19], "moq": 25}, 25),
    ],
)
def test_rounded_orders_leave_a_uniform_position(terms, width):
    starts = starts_of(plain() | terms)
    assert (starts.width == width).all()
    assert (starts.length == 0).all()


LONG = Horizon(periods=26, warmup=6, replications=4000, slots=4000, seed=11)


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="plain Python would need hours")
@pytest.mark.parametrize("demand", [SLOW, LUMPY, {}])
@pytest.mark.parametrize(
    "more",
    [
        UP_TO,
        UP_TO | {"R": 4, "phase": 3},
        {"pack": 12},
        {"family": Family.REORDER_QUANTITY, "s": [4, 5, 7], "Q": [20, 20, 20]},
        {"family": Family.REORDER_QUANTITY, "s": [4, 5, 7], "Q": [20, 20, 20], "undershoot": False},
    ],
)
def test_what_begins_in_the_long_run_stays_there(demand, more):
    """Half a year from the start has the means of the years after; a full shelf had half as much more."""
    x = plain() | {"S": [24, 25, 27], "s": [23, 24, 26]} | demand | ONE | more
    world, levels = world_of(x)
    assert begins_stationary(world, levels).all()
    early = run.simulate_items(world, levels, LONG)
    late = run.simulate_items(world, levels, replace(LONG, warmup=2006, seed=12))
    for measure in ("on_hand", "orders", "good_receipts", "served"):
        a, b = (getattr(one, measure)[0, 1].astype(float) for one in (early, late))
        error = np.hypot(a.std(), b.std()) / np.sqrt(a.size)
        assert abs(a.mean() - b.mean()) <= 4.2 * error, measure


@pytest.mark.parametrize(
    "more",
    [
        {"unmet": Unmet.LOST},
        {"max_order": 30},
        {"max_position": 60},
        {"moq": 30},
        {"offset": [[0, 3]]},
        UP_TO | {"pack": 6},
        UP_TO | {"moq": 25},
        {"supplier": CANCELS},
    ],
)
def test_what_does_not_begin_in_its_long_run_says_so(more):
    world, levels = world_of(plain() | more)
    assert not begins_stationary(world, levels).any()


def test_a_law_that_varies_has_no_table():
    """The demand between two reviews of (R,s,S) depends on the season; (R,S) does not care."""
    seasonal = replace(one_law(*plain()["demand"]), seasons=SEASONS)
    for family, settled in ((UP_TO, False), ({}, True)):
        world, levels = world_of(plain() | family | {"law": seasonal})
        assert begins_stationary(world, levels).all() == settled


def test_a_start_that_would_cost_too_much_is_left_to_the_pilot_run():
    points = np.arange(5000)
    thresholds = np.linspace(0, 2**32 - 1, 5000).astype(np.uint32)
    assert start_table(points, thresholds, 1, 0, 4000).size == 0
    assert start_table(points[:40], thresholds[:40], 1, 0, 400).size == 400


def test_without_demand_a_path_stays_at_the_lowest_position_that_orders_nothing():
    x = plain() | UP_TO | {"demand": (LawKind.POISSON, 0.0, 0.0, [], [])}
    world, levels = world_of(x)
    curves = run.simulate_items(world, levels, replace(LONG, replications=3, slots=3))
    assert (curves.on_hand[0].sum(axis=1) == (np.array(x["s"]) + 1) * 3 * LONG.periods).all()


def test_a_share_of_periods_with_demand_too_small_for_a_float_is_none():
    """A multiplier of 1e-322 ended in a fault."""
    law = one_law(LawKind.INTERMITTENT, 1.0, 1.0, [1, 2, 7], [4, 2, 1])
    law = replace(law, probability=column(1 / 64, float))
    law = replace(law, seasons=Seasons.rounded(np.array([0]), np.array([[2.0, 1e-322]]), 0))
    world, levels = world_of(plain() | {"law": law})
    pieces = replace(LONG, replications=200, slots=200)
    first, second = (run.simulate_items(world, levels, replace(pieces, warmup=w, periods=1)) for w in (6, 7))
    assert first.demanded.sum() > 0
    assert second.demanded.sum() == 0
