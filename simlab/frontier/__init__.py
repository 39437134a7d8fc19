"""Frontier: curves to certified plans, bounds and prices; arrays only, no simulator."""

from simlab.frontier.asked import Asked
from simlab.frontier.bounds.items import ItemFrontier, ItemPlan, per_item_bound
from simlab.frontier.bounds.levels import GapSplit, level_hull, split_gap
from simlab.frontier.bounds.noise import (
    Band,
    cheapest_meeting,
    simultaneous_band,
    statistical_gap,
    tie_groups,
)
from simlab.frontier.bounds.steps import Stairs, hull_bound
from simlab.frontier.classes.free import ClassFrontier, ClassPlan, class_frontiers, free_classes
from simlab.frontier.curves import SegmentCurves, aggregate, non_monotone, restrict, sum_by_group
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
from simlab.frontier.frontier import Frontier, solve, uniform
from simlab.frontier.limits.chance import Chance, ChancePlan, ceiling_chance, service_chance, solve_chance
from simlab.frontier.limits.conflict import Explanation, Relaxation
from simlab.frontier.limits.limits import allowed_targets, ceilings, pin_items, ratio_floor, service_floors
from simlab.frontier.limits.program import Limit, Program, chain
from simlab.frontier.limits.tail import MeanPeak, QuantileOfTotal
from simlab.frontier.limits.tail_solve import TailLimit, TailSolution, solve_tails
from simlab.frontier.plan import NoPlanError, Plan
from simlab.frontier.problem import Problem
from simlab.frontier.robust import Robust, best_plan, least_regret, regret_table
from simlab.frontier.service import integer_weights, ratio_points, weighted
from simlab.frontier.thin import Thinned

__all__ = [
    "Asked",
    "Band",
    "Chance",
    "ChancePlan",
    "ClassFrontier",
    "ClassPlan",
    "ExchangeRates",
    "Explanation",
    "Frontier",
    "GapSplit",
    "ItemFrontier",
    "ItemPlan",
    "Limit",
    "MeanPeak",
    "Move",
    "NoPlanError",
    "Plan",
    "Problem",
    "Program",
    "QuantileOfTotal",
    "Relaxation",
    "Release",
    "Robust",
    "SegmentCurves",
    "Stairs",
    "TailLimit",
    "TailSolution",
    "Thinned",
    "aggregate",
    "allowed_targets",
    "best_plan",
    "budget_sweep",
    "ceiling_chance",
    "ceilings",
    "chain",
    "cheapest_meeting",
    "class_frontiers",
    "exchange_rates",
    "free_classes",
    "hull_bound",
    "hull_price",
    "integer_weights",
    "knee",
    "least_regret",
    "level_hull",
    "next_moves",
    "non_monotone",
    "per_item_bound",
    "pin_items",
    "ratio_floor",
    "ratio_points",
    "regret_table",
    "release",
    "release_moves",
    "restrict",
    "service_chance",
    "service_floors",
    "share_by_segment",
    "simultaneous_band",
    "slope_estimate",
    "solve",
    "solve_chance",
    "solve_tails",
    "split_gap",
    "statistical_gap",
    "sum_by_group",
    "tie_groups",
    "uniform",
    "weighted",
]
