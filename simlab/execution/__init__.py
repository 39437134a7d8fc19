"""Blocks of SKU-locations over workers: from levels to sums, with progress and bounded memory."""

from simlab.arrays import ChoiceArray
from simlab.engine.world.curves import Curves
from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import MILLION, Horizon, LeadTimeLaw, OrderTerms, Unmet, World
from simlab.execution.backends.asking import by_item, evaluator_of
from simlab.execution.backends.spread import Progress, close_pools, reach
from simlab.execution.backends.workers import Workers, asked, backend
from simlab.execution.blocks import (
    BY_SLOT,
    Keep,
    in_batches,
    may_keep,
    run_curves,
    run_held_curves,
    run_plans,
    run_plans_and_items,
)
from simlab.execution.columns import alike, beside, by_family
from simlab.execution.extremes import run_extremes
from simlab.execution.held import CellSums, cell_sums, in_parts, take_items
from simlab.execution.redrawn import batches_of, run_redrawn
from simlab.execution.replications import Replications, room_for, run_curves_and_replications
from simlab.execution.sums import Account, PlanRequest, PlanSums, Weights
from simlab.execution.warmup import common_warmup, mser

__all__ = [
    "BY_SLOT",
    "MILLION",
    "Account",
    "CellSums",
    "ChoiceArray",
    "Curves",
    "DemandLaw",
    "Family",
    "Horizon",
    "Keep",
    "LawKind",
    "LeadTimeLaw",
    "Levels",
    "OrderTerms",
    "PlanRequest",
    "PlanSums",
    "Progress",
    "Replications",
    "Unmet",
    "Weights",
    "Workers",
    "World",
    "alike",
    "asked",
    "backend",
    "batches_of",
    "beside",
    "by_family",
    "by_item",
    "cell_sums",
    "close_pools",
    "common_warmup",
    "evaluator_of",
    "in_batches",
    "in_parts",
    "may_keep",
    "mser",
    "reach",
    "room_for",
    "run_curves",
    "run_curves_and_replications",
    "run_extremes",
    "run_held_curves",
    "run_plans",
    "run_plans_and_items",
    "run_redrawn",
    "take_items",
]
