"""Frontier: curves to certified plans, bounds and prices; arrays only, no simulator."""

from simlab.frontier.conflict import Explanation, Relaxation
from simlab.frontier.curves import SegmentCurves, aggregate, restrict, sum_by_group
from simlab.frontier.items import ItemFrontier, ItemPlan, per_item_bound
from simlab.frontier.limits import allowed_targets, ceilings, pin_items, ratio_floor, service_floors
from simlab.frontier.plan import NoPlanError, Plan
from simlab.frontier.problem import Problem
from simlab.frontier.program import Limit, chain
from simlab.frontier.solve import Frontier, Thinned, solve, thin, uniform

__all__ = [
    "Explanation",
    "Frontier",
    "ItemFrontier",
    "ItemPlan",
    "Limit",
    "NoPlanError",
    "Plan",
    "Problem",
    "Relaxation",
    "SegmentCurves",
    "Thinned",
    "aggregate",
    "allowed_targets",
    "ceilings",
    "chain",
    "per_item_bound",
    "pin_items",
    "ratio_floor",
    "restrict",
    "service_floors",
    "solve",
    "sum_by_group",
    "thin",
    "uniform",
]
