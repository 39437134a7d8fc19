"""Best (s, S) levels of a case and their cost per period: computed, not simulated."""

from __future__ import annotations

import math

import numpy as np

from simlab.arrays import FloatArray
from simlab.engine.laws.pmfs import pmf_of
from simlab.policies.levels.optimal import OptimalLevels, PeriodCosts, optimal_levels
from simlab.policies.sums.protection import in_sequence
from simlab.selfcheck.cases_schema import Case, Costs
from simlab.selfcheck.cases_world import exact_pmf, law_in_steps
from simlab.selfcheck.intervals import Interval, constant

_STEPS_PER_SD = 48
_MEASURES = ("s", "S", "cost")


def best_levels(case: Case) -> tuple[dict[str, Interval], dict[str, str]]:
    """Estimates of s, S and cost, or the reason why there are none.

    Notes
    -----
    Whole units: exact. A continuous law is put on a lattice, and on one twice as fine: half widths are
    what that changes, and two steps for the levels. The cost is extrapolated (its error is that of the
    variance, quadratic in the step).

    Lost sales with L = 0 and R = 1 are the same problem where s ≥ 0: what is short is gone or ordered at
    once, and either way the next period begins from S. Otherwise they have no (s, S) of a known form.
    """
    costs = case.costs
    reason = _reason(case)
    if reason or costs is None:
        return {}, dict.fromkeys(_MEASURES, reason)
    found = _on_lattices(case, costs) if case.demand.is_continuous else _on_units(case, costs)
    if case.lost and (found["s"].est < 0 or found["cost"].est >= costs.p * case.demand.mean):
        return {}, dict.fromkeys(_MEASURES, "with lost sales it may be best never to order")
    return found, {}


def _reason(case: Case) -> str:
    """Why nothing can be computed; empty where it can."""
    costs = case.costs
    if case.lost and (case.lead_time.longest > 0 or case.review > 1):
        return "with lost sales and a lead time or R > 1 the best (s, S) is not computed"
    if any(value.denominator > 1 for value, _ in case.demand.points):
        return "demand that is no whole number of units is not computed"
    if case.lead_time.crossing:
        return "orders may overtake"
    if costs is None or min(costs.h, costs.p) <= 0:
        return "h and p must be above 0"
    return "" if case.demand.mean > 0 else "nothing is demanded"


def _on_units(case: Case, costs: Costs) -> dict[str, Interval]:
    best = _best(case, exact_pmf(case.demand), PeriodCosts(costs.h, costs.p, costs.K))
    return {
        "s": constant(best.reorder_point),
        "S": constant(best.order_up_to),
        "cost": constant(best.cost),
    }


def _on_lattices(case: Case, costs: Costs) -> dict[str, Interval]:
    """From two lattices; a position at or below s on one stands for half a step above it."""
    coarse = max(1, round(_STEPS_PER_SD / math.sqrt(case.demand.variance)))
    levels = []
    for scale in (coarse, 2 * coarse):
        first, shares = pmf_of(law_in_steps(case.demand, scale), 0)
        steps = PeriodCosts(costs.h / scale, costs.p / scale, costs.K)
        best = _best(case, np.concatenate([np.zeros(first), shares]), steps)
        levels.append(((best.reorder_point + 0.5) / scale, best.order_up_to / scale, best.cost))
    found = {}
    for name, rough, fine in zip(_MEASURES, *levels, strict=True):
        change = abs(fine - rough)
        if name == "cost":
            found[name] = Interval(fine + (fine - rough) / 3.0, max(change, 1e-6 * fine))
        else:
            found[name] = Interval(fine, change + 2.0 / (2 * coarse))
    return found


def _best(case: Case, shares: FloatArray, costs: PeriodCosts) -> OptimalLevels:
    points = case.lead_time.points
    periods, chances = np.array([at for at, _ in points]), np.array([share for _, share in points])
    return optimal_levels(shares, in_sequence(periods, chances, case.review), costs)
