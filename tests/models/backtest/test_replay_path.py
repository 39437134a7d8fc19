"""The compiled replay agrees to the unit with its plain twin, and one set of draws serves all plans."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from worlds.plain_replay import plain_replay

from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import LeadTimeLaw, OrderTerms, Unmet, World
from simlab.models import HeldOut
from simlab.models.backtest.at_cut import AtCut
from simlab.verdict.replay.replay import replay, replay_plans

N, PERIODS = 60, 26


def some_world(seed: int, crossing: bool) -> tuple[World, Levels, HeldOut, AtCut, np.ndarray]:
    """Every family and kind of unmet demand, packs, MOQs, caps, ceilings, lead times from 0 on."""
    rng = np.random.default_rng(seed)
    whole, mean = np.zeros(N, np.int64), rng.uniform(0.2, 9, N)
    law = DemandLaw(
        np.full(N, LawKind.POISSON, np.int8), mean, mean, np.zeros(N), whole, whole, whole[:0], whole[:0]
    )
    times = LeadTimeLaw(
        rng.integers(0, 2, N), np.array([0, 3]), np.array([3, 1]), np.array([0, 2, 5, 3]),
        np.array([2, 3, 1, 1]), crossing,
    )  # fmt: skip
    review, pack = rng.integers(1, 4, N), rng.integers(1, 7, N)
    terms = OrderTerms(
        review, rng.integers(0, 100, N) % review, pack, rng.integers(0, 12, N),
        rng.choice([0, 0, 0, 20, -1], N), rng.integers(0, 3, N).astype(np.int8),
        waits=np.where(rng.random(N) < 0.5, 300_000, 650_000), max_position=rng.choice([0, 0, 45], N),
    )  # fmt: skip
    terms.unmet[:3] = [Unmet.BACKORDER, Unmet.LOST, Unmet.PARTLY]
    family = rng.integers(0, 3, N).astype(np.int8)
    lot, point = rng.integers(1, 15, (N, 1)), rng.integers(-2, 25, (N, 1))
    top = np.where(family[:, None] == Family.ORDER_UP_TO, point + 1, point + lot)
    levels = Levels(family, point, top, np.where(family[:, None] == Family.REORDER_QUANTITY, lot, 0))
    days = np.datetime64("2024-01-01") + 7 * np.arange(PERIODS)
    held = HeldOut(rng.poisson(mean[:, None], (N, PERIODS)), rng.random(PERIODS) < 0.9, days)
    stock = np.where(rng.random(N) < 0.5, np.nan, rng.integers(-5, 60, N))
    item = np.sort(rng.integers(0, N, 40))
    opening = AtCut(stock, stock * 0, item, rng.integers(0, PERIODS + 1, 40), rng.integers(1, 30, 40))
    recorded = np.where(rng.random((N, PERIODS)) < 0.3, rng.integers(0, 6, (N, PERIODS)), -1)
    return World(np.arange(1, N + 1).astype(np.uint64), law, times, terms), levels, held, opening, recorded


@pytest.mark.parametrize("crossing", [False, True])
@pytest.mark.parametrize("as_expected", [False, True])
def test_compiled_and_plain_replay_agree_to_the_unit(crossing, as_expected) -> None:
    """Levels that stand still, and levels that move by a calendar."""
    for seed, start, cycle in ((1, True, 1), (2, False, 1), (4, True, 5), (5, False, 9)):
        world, levels, held, opening, recorded = some_world(seed, crossing)
        if cycle > 1:
            moves = np.random.default_rng(seed).integers(-6, 12, (N, 1, cycle))
            levels = replace(levels, offset=moves, phase=3)
        given = {"paths": 7, "seed": seed, "as_expected": as_expected}
        given |= {"opening": opening, "recorded": recorded} if start else {}
        found, plain = replay(world, levels, held, **given), plain_replay(world, levels, held, **given)
        assert (found.n_counted > 0).all()
        for name, expected in zip(("demanded", "served", "on_hand"), plain, strict=True):
            np.testing.assert_array_equal(getattr(found, name), expected, err_msg=name)
        assert 0 < found.served.sum() < found.demanded.sum()


def test_plans_replayed_together_are_as_each_by_itself(monkeypatch) -> None:
    """Also where items are drawn a few at a time."""
    world, levels, held, opening, recorded = some_world(3, crossing=False)
    lower = Levels(levels.family, levels.reorder_point - 3, levels.order_up_to - 3, levels.order_quantity)
    given = {"paths": 5, "seed": 9, "opening": opening}
    apart = [
        [
            replay(world, plan, held, recorded=recorded, **given),
            replay(world, plan, held, as_expected=True, **given),
        ]
        for plan in (levels, lower)
    ]
    monkeypatch.setattr("simlab.verdict.replay.replay._DRAWN", 1)
    together = replay_plans(world, [levels, lower], held, recorded=recorded, **given)
    for pair, singles in zip(together, apart, strict=True):
        for found, single in zip(pair, singles, strict=True):
            for name in ("demanded", "served", "on_hand"):
                np.testing.assert_array_equal(getattr(found, name), getattr(single, name))
    assert (together[0][0].served != together[1][0].served).any()
