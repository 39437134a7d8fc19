"""The value of one more unit: published numbers, and what it must never do."""

import math

import numpy as np
import pytest

from simlab.policies.stock_reward import Reward, stock_reward

PUBLISHED = (19.680, 18.396, 15.808, 12.305, 8.696, 5.633, 3.345, 1.738, 0.604, -0.239)


def poisson(mean: float, size: int = 80) -> np.ndarray:
    return np.array([math.exp(-mean) * mean**k / math.factorial(k) for k in range(size)])


def test_published_values_of_a_unit_more() -> None:
    """Poisson demand of mean 4, margin 12, stock-out −8, carrying −1, discounts 0.3 and 0.98."""
    found = np.diff(stock_reward(poisson(4.0), 10, Reward(12.0, 8.0, 1.0, 0.3, 0.98)))
    assert found == pytest.approx(PUBLISHED, abs=0.0006)


def test_the_recursion_holds_at_every_k() -> None:
    """Against the three equations, written out for a law with gaps and D = 0."""
    p = np.array([0.35, 0.0, 0.4, 0.15, 0.0, 0.1])
    money = Reward(3.0, 2.0, 0.5, 0.6, 0.9)
    values = {0: (0.0, 0.0)}
    for k in range(1, 13):
        now = sum(q * 3.0 * min(d, k) for d, q in enumerate(p))
        held = -sum(q * 0.5 * max(k - d, 0) for d, q in enumerate(p))
        later = [sum(q * values[k - d][j] for d, q in enumerate(p) if 0 < d < k) for j in (0, 1)]
        values[k] = ((now + 0.6 * later[0]) / (1 - 0.6 * p[0]), (held + 0.9 * later[1]) / (1 - 0.9 * p[0]))
    short = [2.0 * sum(q * max(d - k, 0) for d, q in enumerate(p)) for k in range(13)]
    expected = [sum(values[k]) - short[k] for k in range(13)]
    assert stock_reward(p, 12, money) == pytest.approx(expected, abs=1e-12)
