"""Simulated periods are independent about the forecast: service against that under correlated errors."""

import numpy as np
import pytest

MEAN, SD = 100.0, 25.0


def variance_of_sum(phi: float, periods: int) -> float:
    """Of AR(1) errors, in closed form."""
    return SD**2 * (periods + 2 * sum((periods - lag) * phi**lag for lag in range(1, periods)))


def demand(phi: float, sd: float, n: int = 150_000) -> np.ndarray:
    noise = np.random.default_rng(1).standard_normal(n)
    own, scale = noise.copy(), np.sqrt(1 - phi**2)
    for t in range(1, n):
        own[t] = phi * own[t - 1] + scale * noise[t]
    return np.maximum(MEAN + sd * own, 0.0)


def fill(asked: np.ndarray, level: float, lead_time: int, *, lost: bool) -> float:
    """Base stock of one item: arrive, order, demand."""
    on_hand, on_order, served = level, 0.0, 0.0
    coming = np.zeros(asked.size + lead_time + 1)
    for t, units in enumerate(asked.tolist()):
        on_hand, on_order = on_hand + coming[t], on_order - coming[t]
        coming[t + lead_time] = max(level - on_hand - on_order, 0.0)
        on_order += coming[t + lead_time]
        now = min(max(on_hand, 0.0), units)
        served += now
        on_hand -= now if lost else units
    return served / asked.sum()


@pytest.mark.slow
@pytest.mark.parametrize(("phi", "lead_time"), [(0.3, 3), (0.6, 3), (0.6, 8)])
def test_independent_periods_with_the_variance_of_the_sum_serve_what_correlated_errors_do(phi, lead_time):
    """Where demand waits, within 0.15 points; where it is lost, what is simulated is too low, up to 0.4."""
    span = lead_time + 1
    total = variance_of_sum(phi, span)
    level = MEAN * span + 1.645 * np.sqrt(total)
    own, simulated = demand(phi, SD), demand(0.0, float(np.sqrt(total / span)))
    waits = [fill(one, level, lead_time, lost=False) for one in (own, simulated)]
    assert waits[1] == pytest.approx(waits[0], abs=0.0015)
    gone = [fill(one, level, lead_time, lost=True) for one in (own, simulated)]
    assert 0.0 < gone[0] - gone[1] < 0.004
