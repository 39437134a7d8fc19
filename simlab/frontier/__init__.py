"""Frontier: curves to certified plans, bounds and prices; arrays only, no simulator."""

from simlab.frontier.curves import SegmentCurves, aggregate, sum_by_group
from simlab.frontier.items import ItemFrontier, ItemPlan, per_item_bound
from simlab.frontier.plan import NoPlanError, Plan
from simlab.frontier.solve import Frontier, Thinned, solve, thin, uniform

__all__ = [
    "Frontier",
    "ItemFrontier",
    "ItemPlan",
    "NoPlanError",
    "Plan",
    "SegmentCurves",
    "Thinned",
    "aggregate",
    "per_item_bound",
    "solve",
    "sum_by_group",
    "thin",
    "uniform",
]
