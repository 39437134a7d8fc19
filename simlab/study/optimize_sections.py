"""[optimize]: what is minimised, under which limits."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator

from simlab.register.limits import CEILING_NAMES, TAIL_NAMES
from simlab.study.section import Names, Spec
from simlab.study.values import (
    Count,
    Fraction,
    NotNegative,
    Positive,
    Share,
    Target,
    Targets,
    Text,
    YearlyRate,
)

Measure = Literal["fill_rate", "cycle_service_level", "ready_rate"]


class ServiceSpec(Spec):
    """What service the optimiser counts.

    `weight`: what a unit counts for in the fill rate. ``auto``: its margin where prices cover 99 % of the
    yearly value, else its value, else 1. ``items``: every SKU-location counts once, whatever it sells.
    """

    measure: Measure = "fill_rate"
    weight: Literal["auto", "units", "value", "margin", "items", "lines_per_unit"] = "auto"


class PinnedSpec(Spec):
    """A segment or a SKU whose target is fixed."""

    segment: Text | None = None
    sku: Text | None = None
    location: Text | None = None
    target: Target


class TargetRangeSpec(Spec):
    """Least and largest target of a segment, or of every segment with one value of an attribute."""

    segment: Text
    at_least: Target | None = None
    at_most: Target | None = None


class FloorSpec(Spec):
    """Least service of groups of items."""

    by: Text
    measure: Measure = "fill_rate"
    at_least: dict[str, Target]


if TYPE_CHECKING:
    CeilingName = str
    Objective = str
else:
    CeilingName = Literal[CEILING_NAMES]
    Objective = Literal[
        ("holding_cost", "inventory_value", "total_cost", "lost_margin", "profit", *TAIL_NAMES)
    ]


class CeilingSpec(Spec):
    """Most stock of groups of items, or most orders or purchases a year."""

    by: Text
    measure: CeilingName = "inventory_value"
    at_most: dict[str, Positive]


class ChanceSpec(Spec):
    """A floor that must hold in a share of the replications."""

    measure: Measure = "fill_rate"
    at_least: Target
    probability: Fraction
    by: Text | None = None


class ReserveSpec(Spec):
    """A band of age: from so many days without a sale on, a share of the stock's value is reserved."""

    after_days: Count
    rate: Share


def _older(bands: tuple[ReserveSpec, ...]) -> tuple[ReserveSpec, ...]:
    days = [band.after_days for band in bands]
    if any(late <= early for early, late in pairwise(days)):
        raise ValueError("bands of age must rise: each after_days above the one before")
    return bands


class CostSpec(Spec):
    """Cost rates of total relevant cost, and of profit.

    `lost_share`: the share of units not served at once that is lost with its margin, for
    ``objective = "profit"``; 1 where unmet demand is lost. `holding_rate`: one rate a year for all, in place
    of the items' column.
    """

    order: NotNegative | None = None
    shortage_per_unit: NotNegative | None = None
    lost_share: Share | None = None
    capital_rate: YearlyRate | None = None
    holding_rate: YearlyRate | None = None


BudgetOn = Literal["on_hand", "on_hand+pipeline", "on_hand+dead_stock", "on_hand+pipeline+dead_stock"]


class OptimizeSpec(Spec):
    """[optimize]: objective, constraints and grid.

    Without floor and budget the floor is 0.95, unless the objective itself has a price for what is not served
    at once: ``profit``, and ``total_cost`` with a cost of units short (`costs.shortage_per_unit`, or
    `shortage_cost` of items), have no floor but one that is named, and are made small within a budget where
    other objectives give the highest service for it. Money in the study's currency. `budget` bounds the mean
    inventory value (with what `budget_on` adds: orders on the way, or dead stock, today's stock of what is
    never demanded, which no plan moves); with `objective = "lost_margin"` the plan loses the least margin
    (price − unit cost of units not served at once) that the budget allows, and service is the fill rate
    weighted by margin, of which it is the complement; `budget_p95` bounds the value that 95 % of
    replications × periods stay at or below; `budget_peak` the mean over replications of the largest value
    of any period. `choose`: ``in_sample`` takes the cheapest plan that meets the floor on the search seed,
    ``lower_bound`` the cheapest whose lower bound on the selection seed does (floors of whole segments, too),
    ``auto`` the latter where it costs at most 1 % more, and says so. `time_limit`: seconds for one plan that
    no exact method settles at once. `warn_below`: a segment of the chosen plan that is served below it is
    named with the price of lifting it. `material`: a floor missed by less than this is told as on the line.
    `told_by`: a column of items by which the run tells who gives and who gets against today. `reserve`: rates
    on stock by days since its last sale. `objective = "profit"`: margin of what is asked less
    `costs.lost_share` of that not served at once, holding and orders.
    """

    objective: Objective = "holding_cost"
    service: ServiceSpec = ServiceSpec()
    fill_rate: Target | None = None
    budget: Positive | None = None
    budget_on: BudgetOn = "on_hand"
    budget_p95: Positive | None = None
    budget_peak: Positive | None = None
    time_limit: Positive = 60.0
    target_min: Target = 0.80
    target_max: Target = 0.999
    n_targets: Targets = 24
    targets: tuple[Target, ...] = ()
    ordered: Names = ()
    pinned: tuple[PinnedSpec, ...] = ()
    target_ranges: tuple[TargetRangeSpec, ...] = ()
    points: Count = 100
    choose: Literal["auto", "in_sample", "lower_bound"] = "auto"
    warn_below: Share = 0.80
    material: Share = 0.0005
    floors: tuple[FloorSpec, ...] = ()
    ceilings: tuple[CeilingSpec, ...] = ()
    chance: tuple[ChanceSpec, ...] = ()
    costs: CostSpec | None = None
    told_by: Text | None = None
    reserve: Annotated[tuple[ReserveSpec, ...], AfterValidator(_older)] = ()
