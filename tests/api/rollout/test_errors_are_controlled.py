"""Shares of false go's and of false hold backs over many seeds, where the truth is known exactly."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from worlds.gates import base_stock_data, poisson_fill

from simlab.api.rollout.judging import Promise, judge
from simlab.api.rollout.pairs import run_pairs
from simlab.api.settings import Settings
from simlab.engine.kernels.streams import phase_seed
from simlab.engine.world.levels import Levels

Q = 0.05
N = 20
MEAN = 3.0


def levels(values: list[int]) -> Levels:
    top = np.array(values, np.int64)[:, None]
    return Levels(np.zeros(len(values), np.int8), top - 1, top, np.zeros_like(top))


@dataclass
class Shares:
    """Of every seed: false go's among go's, false hold backs among hold backs, harmed held, harmless gone."""

    false_go: list[float]
    false_hold: list[float]
    held: list[float]
    gone: list[float]

    def at_most(self, what: str) -> float:
        found = np.array(getattr(self, what))
        assert found.mean() <= Q + 2 * np.sqrt(Q * (1 - Q) / found.size), what
        return float(found.mean())


def shares(now: list[int], then: list[int], tolerance: float, seeds: range, planted: list[int]) -> Shares:
    data = base_stock_data(len(now), now, MEAN)
    settings = Settings.of(data.study, verdict_replications=400, workers=1)
    code = np.zeros(len(now), np.int64)
    out = Shares([], [], [], [])
    harmed = np.isin(np.arange(len(now)), planted)
    for seed in seeds:
        horizon = replace(settings.horizon("gate", 4), seed=phase_seed(seed, "gate"))
        pairs = run_pairs(data, levels(now), levels(then), horizon, settings)
        promise = Promise(
            np.full(len(now), tolerance), 0.02, 1.0, np.full(len(now), np.nan), np.full(len(now), np.nan),
            code, False, horizon.periods / 52.0, 2.0 * horizon.periods,
        )  # fmt: skip
        decision = judge(pairs, promise, Q).decided.decision
        go, hold = decision == "go", decision == "hold back"
        out.false_go.append(float((go & harmed).sum() / max(go.sum(), 1)))
        out.false_hold.append(float((hold & ~harmed).sum() / max(hold.sum(), 1)))
        out.held.append(float(hold[harmed].mean()) if harmed.any() else 1.0)
        out.gone.append(float(go[~harmed].mean()) if (~harmed).any() else 1.0)
    return out


def at_the_boundary(seeds: range, *, harmed: bool) -> Shares:
    """τ is the exact loss of fill of the pair: every go, and every hold back, is a false one."""
    exact = poisson_fill(9, MEAN, 2) - poisson_fill(8, MEAN, 2)
    return shares([9] * N, [8] * N, exact, seeds, list(range(N)) if harmed else [])


def planted(seeds: range) -> Shares:
    """One of twenty loses three tolerances; of the others nothing but stock moves (a level of 24 for 25)."""
    now, then = [9] * 2 + [25] * 38, [6] * 2 + [24] * 38
    exact = poisson_fill(9, MEAN, 2) - poisson_fill(6, MEAN, 2)
    return shares(now, then, exact / 3, seeds, [0, 1])


def test_few_seeds_at_the_boundary_and_planted() -> None:
    seeds = range(500, 512)
    assert sum(one > 0 for one in at_the_boundary(seeds, harmed=True).false_go) <= 4
    assert sum(one > 0 for one in at_the_boundary(seeds, harmed=False).false_hold) <= 4
    found = planted(range(500, 504))
    assert np.mean(found.held) >= 0.9
    assert np.mean(found.gone) >= 0.9


@pytest.mark.slow
def test_three_hundred_seeds_at_the_boundary() -> None:
    """Share of false go's, and of false hold backs, at most q + 2 standard errors."""
    go = at_the_boundary(range(300), harmed=True).at_most("false_go")
    hold = at_the_boundary(range(300), harmed=False).at_most("false_hold")
    print(f"false go's {go:.3f}, false hold backs {hold:.3f}")
    assert max(go, hold) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)


@pytest.mark.slow
def test_three_hundred_seeds_with_one_of_twenty_harmed() -> None:
    """At least 90 % of the harmed are held, few falsely, and at least 90 % of the harmless go."""
    found = planted(range(300))
    found.at_most("false_hold")
    found.at_most("false_go")
    print(f"held {np.mean(found.held):.3f}, gone {np.mean(found.gone):.3f}")
    assert np.mean(found.held) >= 0.9
    assert np.mean(found.gone) >= 0.9
