"""(R,s,S) levels of least cost for every SKU-location, at prices of a unit owed that targets stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.engine.laws.pmfs import pmf_of
from simlab.errors import InvalidInputError, Problem, listed
from simlab.policies.levels.optimal import PeriodCosts, optimal_levels
from simlab.policies.sums.protection import Protection, in_sequence

if TYPE_CHECKING:
    from simlab.models import Models


_NAMED = 5


def best_levels(models: Models, targets: FloatArray, parts: IntArray) -> tuple[IntArray, IntArray]:
    """Levels of least holding, ordering and shortage cost (Zheng–Federgruen).

    Parameters
    ----------
    models : Models
        n items with `order_cost` and a cost of holding above 0.
    targets : (n, k) float
        Critical ratios: a unit owed at the count costs h·t / (1 − t), h the cost of holding one for a
        period. Without a cost of ordering, t of the counts would end without a unit owed.
    parts : (n,) int64
        Parts of a period that each item's law, R and L are in; 1 where these are in periods.

    Returns
    -------
    reorder_point, order_up_to : (n, k) int64
        s and S; S − s varies with the target. −1 and 0 where nothing is demanded.

    Raises
    ------
    InvalidInputError
        SKU-locations without a cost of ordering or of holding.

    Notes
    -----
    All unmet demand waits, orders arrive in sequence, and there are no packs or limits on orders: what is
    otherwise is left out here, and simulated.
    """
    costs = models.costs
    holding = check_costs(models) / parts
    low = np.full(targets.shape, -1, dtype=np.int64)
    top = np.zeros(targets.shape, dtype=np.int64)
    for item in np.flatnonzero(models.world.demand.mean > 0).tolist():
        law, protection = _law(models, item), _protection(models, item)
        for ratio in np.unique(targets[item]).tolist():
            owed = holding[item] * ratio / (1.0 - ratio)
            price = PeriodCosts(float(holding[item]), float(owed), float(costs.order_cost[item]))
            found = optimal_levels(law, protection, price)
            here = targets[item] == ratio
            low[item, here], top[item, here] = found.reorder_point, found.order_up_to
    return low, top


def check_costs(models: Models) -> FloatArray:
    """(n,) cost of holding a unit for a period; refused where it, or a cost of ordering, is missing."""
    costs = models.costs
    holding = costs.holding * (costs.cost_resolution / 100) / models.periods_per_year
    bad = ~(np.isfinite(costs.order_cost) & (costs.order_cost >= 0) & (holding > 0))
    if bad.any():
        raise InvalidInputError([_problem(models, np.flatnonzero(bad))])
    return np.asarray(holding)


def _law(models: Models, item: int) -> FloatArray:
    """Probabilities of a period's demand of 0, 1, … units."""
    first, shares = pmf_of(models.world.demand, item)
    return np.concatenate([np.zeros(first), shares])


def _protection(models: Models, item: int) -> Protection:
    lead = models.world.lead_time
    law = int(lead.law[item])
    rows = slice(int(lead.start[law]), int(lead.start[law] + lead.length[law]))
    weights = lead.weights[rows].astype(np.float64)
    return in_sequence(lead.periods[rows], weights, int(models.world.terms.review_period[item]))


def _problem(models: Models, rows: IntArray) -> Problem:
    names = listed([f"{models.sku[row]}@{models.location[row]}" for row in rows], _NAMED)
    what = f'policy.planning = "optimal" finds no cost of ordering or of holding for {names}'
    fix = "fill order_cost (0 is allowed), unit_cost and holding_rate (above 0) of items"
    return Problem("E-POL-013", what, "items", column="order_cost", fix=fix)
