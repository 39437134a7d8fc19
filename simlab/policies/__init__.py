"""Targets and laws → reorder points, order-up-to levels and order quantities."""

from simlab.policies.levels.optimal import OptimalLevels, PeriodCosts, optimal_levels
from simlab.policies.planning import PlannedLevels, plan
from simlab.policies.policy import Policy
from simlab.policies.quantities import economic_quantities, order_quantities
from simlab.policies.today import current_levels, given_levels

__all__ = [
    "OptimalLevels",
    "PeriodCosts",
    "PlannedLevels",
    "Policy",
    "current_levels",
    "economic_quantities",
    "given_levels",
    "optimal_levels",
    "order_quantities",
    "plan",
]
