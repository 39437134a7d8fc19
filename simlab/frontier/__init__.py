"""Frontier: curves to certified plans, bounds and prices; arrays only, no simulator."""

from simlab.frontier.conflict import Explanation, Relaxation
from simlab.frontier.curves import SegmentCurves, aggregate, restrict, sum_by_group
from simlab.frontier.exchange import (
    ExchangeRates,
    Move,
    Release,
    budget_sweep,
    exchange_rates,
    hull_price,
    knee,
    next_moves,
    release,
    release_moves,
    share_by_segment,
    slope_estimate,
)
from simlab.frontier.items import ItemFrontier, ItemPlan, per_item_bound
from simlab.frontier.limits import allowed_targets, ceilings, pin_items, ratio_floor, service_floors
from simlab.frontier.noise import Band, simultaneous_band, statistical_gap, tie_groups
from simlab.frontier.plan import NoPlanError, Plan
from simlab.frontier.problem import Problem
from simlab.frontier.program import Limit, chain
from simlab.frontier.robust import Robust, least_regret, regret_table
from simlab.frontier.solve import Frontier, Thinned, solve, thin, uniform

__all__ = [
    "Band",
    "ExchangeRates",
    "Explanation",
    "Frontier",
    "ItemFrontier",
    "ItemPlan",
    "Limit",
    "Move",
    "NoPlanError",
    "Plan",
    "Problem",
    "Relaxation",
    "Release",
    "Robust",
    "SegmentCurves",
    "Thinned",
    "aggregate",
    "allowed_targets",
    "budget_sweep",
    "ceilings",
    "chain",
    "exchange_rates",
    "hull_price",
    "knee",
    "least_regret",
    "next_moves",
    "per_item_bound",
    "pin_items",
    "ratio_floor",
    "regret_table",
    "release",
    "release_moves",
    "restrict",
    "service_floors",
    "share_by_segment",
    "simultaneous_band",
    "slope_estimate",
    "solve",
    "statistical_gap",
    "sum_by_group",
    "thin",
    "tie_groups",
    "uniform",
]
