"""Models made by hand, and the slow obvious versions of what planning computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.engine.world.world import LeadTimeLaw, OrderTerms, World
from simlab.models import Costs, Models

NONE = float("nan")


@dataclass
class Item:
    """One SKU-location; a dict is an empirical law or a lead-time law."""

    demand: Mapping[int, int] | tuple[LawKind, float, float] = (LawKind.POISSON, 5.0, 5.0)
    lead: Mapping[int, int] = field(default_factory=lambda: {2: 1})
    review: int = 1
    pack: int = 1
    moq: int = 0
    order_quantity: float = NONE
    order_cost: float = NONE
    current: tuple[float, float, float] = (NONE, NONE, NONE)


def _demand(items: list[Item]) -> DemandLaw:
    n = len(items)
    kind, mean, variance = np.zeros(n, np.int8), np.zeros(n), np.zeros(n)
    start, length = np.zeros(n, np.int64), np.zeros(n, np.int64)
    values: list[int] = []
    weights: list[int] = []
    for row, item in enumerate(items):
        if isinstance(item.demand, tuple):
            kind[row], mean[row], variance[row] = item.demand
            continue
        points, counts = np.array(list(item.demand)), np.array(list(item.demand.values()))
        kind[row], start[row], length[row] = LawKind.EMPIRICAL, len(values), points.size
        mean[row] = np.average(points, weights=counts)
        variance[row] = np.average((points - mean[row]) ** 2, weights=counts)
        values += points.tolist()
        weights += counts.tolist()
    share = np.zeros(n)
    return DemandLaw(
        kind, mean, variance, share, start, length, np.array(values, int), np.array(weights, int)
    )


def _lead_time(items: list[Item], crossing: bool) -> LeadTimeLaw:
    length = np.array([len(item.lead) for item in items])
    periods = np.array([period for item in items for period in item.lead])
    weights = np.array([weight for item in items for weight in item.lead.values()])
    return LeadTimeLaw(np.arange(len(items)), np.cumsum(length) - length, length, periods, weights, crossing)


def _models(*items: Item, crossing: bool = False) -> Models:
    rows = list(items)
    n = len(rows)
    demand = _demand(rows)
    terms = OrderTerms(
        np.array([item.review for item in rows]),
        np.zeros(n, np.int64),
        np.array([item.pack for item in rows]),
        np.array([item.moq for item in rows]),
        np.zeros(n, np.int64),
        np.zeros(n, np.int8),
    )
    costs = Costs(
        np.full(n, 100_000),
        np.full(n, 2_000_000),
        np.full(n, 0.2),
        np.array([item.order_cost for item in rows]),
        np.array([item.order_quantity for item in rows]),
        0.0001,
    )
    names = ("current_reorder_point", "current_order_up_to", "current_order_quantity")
    return Models(
        world=World(np.arange(n, dtype=np.uint64), demand, _lead_time(rows, crossing), terms),
        demand_reason=("",) * n,
        lead_time_reason=("",) * n,
        n_observed=np.zeros(n, np.int64),
        costs=costs,
        annual_units=demand.mean * 365 / 7,
        annual_value=demand.mean * 365 / 7 * 10,
        cv=np.ones(n),
        current={name: np.array([item.current[i] for item in rows]) for i, name in enumerate(names)},
        periods_per_year=365 / 7,
        assumptions=(),
        notes=(),
        sku=tuple(f"P{row}" for row in range(n)),
        location=("EAST",) * n,
    )


@pytest.fixture(scope="session")
def item() -> type[Item]:
    return Item


@pytest.fixture(scope="session")
def make_models() -> Callable[..., Models]:
    return _models


@pytest.fixture(scope="session")
def slow_service() -> Callable[..., Any]:
    """Fill rate and cycle service by convolving probabilities one after the other."""
    from scipy import stats

    def law(item: Item, size: int) -> np.ndarray:
        if not isinstance(item.demand, tuple):
            out = np.zeros(size)
            out[list(item.demand)] = list(item.demand.values())
            return out / out.sum()
        kind, mean, variance = item.demand
        x = np.arange(size)
        if kind == LawKind.POISSON:
            return stats.poisson.pmf(x, mean)
        return stats.nbinom.pmf(x, mean**2 / (variance - mean), mean / variance)

    def service(item: Item, protection: Any, level: int, size: int = 400) -> tuple[float, float]:
        one = law(item, size)
        sums = [np.eye(1, size)[0]]
        for _ in range(protection.longest + 1):
            sums.append(np.convolve(sums[-1], one)[:size])
        x = np.arange(size)
        above = [float((np.maximum(x - level, 0) * p).sum()) for p in sums]
        below = [float(p[: level + 1].sum()) if level >= 0 else 0.0 for p in sums]
        R = item.review
        short = sum(w * above[n] for n, w in enumerate(protection.short))
        nothing = one[0] ** R
        good = sum(w * (below[n] - nothing * below[n - R]) for n, w in enumerate(protection.cycle) if w)
        return 1 - short / (R * float((x * one).sum())), good / (1 - nothing)

    return service
