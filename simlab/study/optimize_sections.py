"""[optimize]: what is minimised, under which limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from simlab.register.limits import CEILING_NAMES
from simlab.study.section import Names, Spec
from simlab.study.values import Count, Fraction, NotNegative, Positive, Target, Text

Measure = Literal["fill_rate", "cycle_service_level", "ready_rate"]


class ServiceSpec(Spec):
    """What service the optimiser counts."""

    measure: Measure = "fill_rate"
    weight: Literal["auto", "units", "value", "margin", "items", "lines_per_unit"] = "units"


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
else:
    CeilingName = Literal[CEILING_NAMES]


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


class CostSpec(Spec):
    """Cost rates of total relevant cost."""

    order: NotNegative | None = None
    shortage_per_unit: NotNegative | None = None
    capital_rate: NotNegative | None = None


Objective = Literal[
    "holding_cost",
    "inventory_value",
    "total_cost",
    "lost_margin",
    "p95_inventory_value",
    "peak_inventory_value",
]
BudgetOn = Literal["on_hand", "on_hand+pipeline", "on_hand+dead_stock", "on_hand+pipeline+dead_stock"]


class OptimizeSpec(Spec):
    """[optimize]: objective, constraints and grid.

    Without floor and budget the floor is 0.95. Money in the study's currency. `budget` bounds the mean
    inventory value (with what `budget_on` adds: orders on the way, or dead stock, today's stock of what is
    never demanded, which no plan moves); with `objective = "lost_margin"` the plan loses the least margin
    (price − unit cost of units not served at once) that the budget allows, and service is the fill rate
    weighted by margin, of which it is the complement; `budget_p95` bounds the value that 95 % of
    replications × periods stay at or below; `budget_peak` the mean over replications of the largest value
    of any period. `time_limit`: seconds for one plan that no exact method settles at once.
    """

    objective: Objective = "holding_cost"
    service: ServiceSpec = ServiceSpec()
    fill_rate: Target | None = None
    budget: Positive | None = None
    budget_on: BudgetOn = "on_hand"
    budget_p95: Positive | None = None
    budget_peak: Positive | None = None
    time_limit: Positive = 60.0
    target_min: Target = 0.50
    target_max: Target = 0.999
    n_targets: Count = 24
    targets: tuple[Target, ...] = ()
    ordered: Names = ()
    pinned: tuple[PinnedSpec, ...] = ()
    target_ranges: tuple[TargetRangeSpec, ...] = ()
    points: Count = 100
    choose: Literal["in_sample", "lower_bound"] = "in_sample"
    floors: tuple[FloorSpec, ...] = ()
    ceilings: tuple[CeilingSpec, ...] = ()
    chance: tuple[ChanceSpec, ...] = ()
    costs: CostSpec | None = None
