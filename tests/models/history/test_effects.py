"""Effects of promotions and prices on simulated demand: intervals of groups cover the truth."""

from __future__ import annotations

import numpy as np

from simlab.models.history.effects import Exposed, grouped_effects

UPLIFT = np.log([1.5, 2.0, 2.5, 1.8])
ELASTICITY = -1.5
ITEMS, PERIODS = 40, 104


def simulated(rng: np.random.Generator) -> tuple[Exposed, np.ndarray]:
    """Negative binomial demand of 40 items in four groups, some promoted or cheaper."""
    base, group = rng.gamma(2, 3, ITEMS), np.arange(ITEMS) % UPLIFT.size
    shape = (ITEMS, PERIODS)
    promoted = rng.random(shape) < 0.12
    price = np.where(rng.random(shape) < 0.2, np.log(rng.uniform(0.7, 0.95, shape)), 0.0)
    mean = base[:, None] * np.exp(promoted * UPLIFT[group][:, None] + price * ELASTICITY)
    demand = rng.negative_binomial(2, 2 / (2 + mean)).astype(np.float64)
    driven = promoted | (price != 0)
    item = np.repeat(np.arange(ITEMS), PERIODS).reshape(shape)
    usual = np.where(driven, 0.0, demand)
    effect = np.array([promoted[driven].astype(np.float64), price[driven]]).T
    counts = (~driven).sum(axis=1).astype(np.float64)
    squares = (usual**2).sum(axis=1)
    return Exposed(item[driven], effect, demand[driven], counts, usual.sum(axis=1), squares), group


def test_intervals_of_shrunk_effects_cover_the_truth() -> None:
    """60 catalogues, four groups: nominal 95 % intervals of both drivers, on average over groups."""
    rng = np.random.default_rng(3)
    inside = []
    for _ in range(60):
        exposed, group = simulated(rng)
        found = grouped_effects(exposed, group, UPLIFT.size)
        truth = np.column_stack([UPLIFT, np.full(UPLIFT.size, ELASTICITY)])
        inside.append(np.abs(found.value - truth) < 1.96 * np.sqrt(found.variance))
    promotion, price = np.mean(inside, axis=(0, 1))
    assert 0.92 <= promotion <= 0.98
    assert price >= 0.92  # wide where groups do not differ
