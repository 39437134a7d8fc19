"""Lower bound on plans per item under floors and ceilings of any groups of items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from simlab.arrays import FloatArray
from simlab.frontier.curves import Sums
from simlab.frontier.limits.program import Limit

MAX_CHOICES = 100_000
"""Items × targets up to which the multipliers are looked for."""
_MARGIN = 1e-9


def limited_bound(cost: Sums, limits: Sequence[Limit]) -> float:
    """Cost that no plan per item can undercut if it keeps all limits, in units of cost.

    Parameters
    ----------
    cost : (n, k) int
        Sums of each item at each target.
    limits : sequence of Limit
        Tables (n, k), the floor on service among them.

    Returns
    -------
    float
        NaN where there are too many choices, or where the relaxation has no solution.

    Notes
    -----
    Multipliers come from the linear relaxation; whatever they are, the sum over items of the least of
    cost − Σ λ · (table) plus Σ λ · bound is below the cost of every plan that keeps the limits. It is
    lowered by 1e-9 of the sizes added up, so that floating point cannot lift it above the truth.

    References
    ----------
    Geoffrion (1974), Lagrangean relaxation for integer programming, Mathematical Programming Study 2.
    """
    if cost.size > MAX_CHOICES:
        return float("nan")
    rows = [_scaled(limit) for limit in limits]
    tables, least = np.array([table for table, _ in rows]), np.array([need for _, need in rows])
    money = cost.astype(np.float64)
    scale = max(1.0, float(np.abs(money).max()))
    prices = _prices(money / scale, tables, least)
    if prices is None:
        return float("nan")
    terms = np.concatenate([money[None] / scale, -prices[:, None, None] * tables])
    bound = float(terms.sum(axis=0).min(axis=1).sum() + (prices * least).sum())
    size = float(np.abs(terms).max(axis=2).sum() + np.abs(prices * least).sum())
    return (bound - _MARGIN * size) * scale


def _scaled(limit: Limit) -> tuple[FloatArray, float]:
    """Table and bound of a limit as a floor, divided by the largest entry."""
    table, least = limit.as_floor()
    numbers = table.astype(np.float64)
    largest = max(1.0, float(np.abs(numbers).max()))
    return numbers / largest, float(least) / largest


def _prices(cost: FloatArray, tables: FloatArray, least: FloatArray) -> FloatArray | None:
    """(m,) multipliers of the limits, zero or more, of the linear relaxation."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    n, k = cost.shape
    own: Any = csr_array((np.ones(n * k), np.arange(n * k), np.arange(0, n * k + 1, k)), shape=(n, n * k))
    found = linprog(cost.ravel(), -tables.reshape(len(tables), -1), -least, own, np.ones(n), method="highs")
    if found.status != 0:
        return None
    return np.maximum(0.0, -np.asarray(found.ineqlin.marginals, dtype=np.float64))
