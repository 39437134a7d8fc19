"""The sizes that finance works with are solved while one waits, with highspy and with scipy alone.

python -m pytest -m bench tests/bench/test_frontier_time.py -s
"""

import time

import numpy as np
import pytest

from simlab.frontier import (
    Problem,
    SegmentCurves,
    aggregate,
    ceilings,
    chain,
    per_item_bound,
    service_floors,
    solve,
)
from simlab.frontier.thin import thin

pytestmark = pytest.mark.bench


@pytest.fixture(params=["highspy", "scipy"])
def solver(request, monkeypatch):
    monkeypatch.setattr("simlab.frontier.solvers.session.has_highspy", lambda: request.param == "highspy")
    return request.param


def retailer(n=600, n_segments=12, k=24):
    rng = np.random.default_rng(1)
    targets = 1 - np.exp(-np.linspace(-np.log(0.5), -np.log(0.001), k))
    demanded = rng.integers(10**4, 10**6, n)
    served = (demanded[:, None] * (1 - (1 - targets) ** rng.uniform(0.7, 1.4, (n, 1)))).astype(np.int64)
    stock = np.cumsum(rng.integers(1000, 10**6, (n, k)), axis=1) * 1000
    codes = rng.integers(0, n_segments, n)
    curves = aggregate(
        codes,
        n_segments,
        cost=stock * rng.integers(15, 35, n)[:, None],
        value=stock * 100,
        served=served,
        demanded=demanded,
        targets=targets,
        names=[f"S{i}" for i in range(n_segments)],
    )
    return curves, codes, served, demanded, stock * 100, rng


def seconds(work):
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


def test_twelve_segments_by_24_targets():
    frontier, took = seconds(lambda: solve(retailer()[0]))
    assert set(frontier.certificate.tolist()) == {"exact"}
    print(f"12 segments × 24 targets: {took:.2f} s, {frontier.n_points:,} plans")
    assert took < 2.0
    assert thin(frontier, 100).cost_gap < 0.1


def test_200_certified_points_under_three_families_of_limits(solver):
    """Floors by location, a ceiling for a supplier, ordered targets, 12 × 24: under 10 s."""
    curves, codes, served, demanded, value, rng = retailer()
    location, supplier = rng.integers(0, 3, codes.size), rng.integers(0, 4, codes.size)
    middle = solve(curves, fill_rate=0.95).chosen
    acme = int(value[np.arange(codes.size), middle.choice[codes]][supplier == 0].sum())
    floors = service_floors(
        codes,
        12,
        groups=location,
        group_names=["E", "W", "N"],
        part=served,
        whole=demanded,
        at_least={"E": 0.94, "W": 0.93},
    )
    tops = ceilings(
        codes, 12, groups=supplier, group_names=list("abcd"), amount=value, at_most={"a": int(acme * 1.1)}
    )
    problem = Problem(curves, floors + tops, chain(curves.names, ["S0", "S1", "S2"]))
    frontier, took = seconds(lambda: problem.points(200))
    print(f"200 points, three families of limits, {solver}: {took:.1f} s, {frontier.n_points} plans")
    assert took < 10.0
    assert set(frontier.certificate.tolist()) == {"exact"}
    assert frontier.gap.max() == 0.0
    assert frontier.n_points > 50


def test_bound_for_30_000_items_by_24_targets_by_100_points():
    rng = np.random.default_rng(2)
    demanded = rng.integers(10, 10**5, 30_000)
    served = (demanded[:, None] * np.linspace(0.5, 0.999, 24)).astype(np.int64)
    cost = np.cumsum(rng.integers(1, 10**9, (30_000, 24)), axis=1) * 100
    frontier, took = seconds(lambda: per_item_bound(cost, served, demanded=demanded, n_points=100))
    print(f"per-SKU bound, 30,000 × 24 × 100 points: {took:.2f} s")
    assert took < 5.0
    assert frontier.cost.size >= 90
    assert frontier.at(fill_rate=0.95).gap < 1e-3


def test_a_thousand_segments():
    rng = np.random.default_rng(3)
    served = np.sort(rng.integers(10**4, 10**6, (1000, 24)), axis=1)
    stock = np.sort(rng.integers(10**6, 10**9, (1000, 24)), axis=1)
    names = tuple(str(i) for i in range(1000))
    curves = SegmentCurves(stock, stock, served, served[:, -1] + 1, np.linspace(0.5, 0.99, 24), names)
    frontier, took = seconds(lambda: solve(curves))
    print(f"1,000 segments × 24 targets: {took:.1f} s, {frontier.n_points:,} plans within ε")
    assert took < 15.0
    assert frontier.at(fill_rate=0.9).gap < 1e-3
