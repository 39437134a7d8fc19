"""A point under a chance limit within a minute, else its bound and gap: 12 segments × 24 targets × 200.

python -m pytest -m bench tests/bench/test_chance_time.py -s
"""

import time

import numpy as np
import pytest

from simlab.frontier import SegmentCurves, service_chance, solve_chance

pytestmark = pytest.mark.bench


def shop(seed, n=12, k=24, replications=200, spread=0.03):
    """Served and demanded per replication, noise partly common to all segments."""
    rng = np.random.default_rng(seed)
    targets = 1 - np.exp(-np.linspace(-np.log(0.5), -np.log(0.001), k))
    mean = rng.integers(10**4, 10**5, n)
    noise = rng.normal(0, spread, replications) + rng.normal(0, spread, (n, replications))
    demanded = np.maximum(1, mean[:, None] * (1 + noise)).astype(np.int64)
    size = np.exp(rng.normal(0, 0.15, (n, 1, replications)) + 8 * noise[:, None, :])
    short = (1 - targets)[None, :, None] * size * rng.uniform(0.7, 1.4, (n, 1, 1))
    served = np.floor(demanded[:, None, :] * (1 - np.minimum(short, 1))).astype(np.int64)
    cost = np.cumsum(rng.integers(1000, 10**6, (n, k)), axis=1) * 1000
    names = tuple(f"S{i}" for i in range(n))
    return (
        SegmentCurves(cost, cost, served.sum(axis=2), demanded.sum(axis=1), targets, names),
        served,
        demanded,
    )


@pytest.mark.parametrize("solver", ["highspy", "scipy"])
@pytest.mark.parametrize("seed", range(3))
def test_a_chance_constrained_point_within_a_minute(seed, solver, monkeypatch):
    monkeypatch.setattr("simlab.frontier.solvers.session.has_highspy", lambda: solver == "highspy")
    curves, served, demanded = shop(seed)
    chance = service_chance(served, demanded, 0.95, 0.9)
    started = time.perf_counter()
    found = solve_chance(curves, (chance,), time_limit=60.0)
    took = time.perf_counter() - started
    print(f"seed {seed}, {solver}: {took:.1f} s, {found.plan.certificate}, gap {found.plan.gap:.4f}")
    assert took < 65.0
    assert chance.met(found.plan.choice)
    assert found.plan.bound <= found.plan.cost
    assert found.plan.certificate == "solver" or found.plan.gap < 0.05
