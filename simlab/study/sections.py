"""The sections of a study file: names, defaults and ranges, in one place and frozen.

Attribute names are the names of the file. Relations between options live in `checks`, options that
exist in the interface and not yet in the program in `later`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from simlab.study.scheme_tables import OPTIONS, gathered, spread
from simlab.study.values import (
    Count,
    Flag,
    Fraction,
    NotNegative,
    Number,
    Positive,
    Share,
    Span,
    Target,
    Text,
    Weekday,
    closed_days,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Spec(BaseModel):
    """A section: frozen, no keys but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def _one_or_more(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _cuts_in_table(value: Any) -> Any:
    return {"cuts": value} if isinstance(value, str) else value


Names = Annotated[tuple[Text, ...], BeforeValidator(_one_or_more)]


# ---------------------------------------------------------------------------------------------------
# [data]


class TableSource(Spec):
    """Where a table comes from and how its text is written.

    `path` is relative to the study file; None where DataFrames are handed over in Python.
    `columns` maps our name to the name in the file.
    """

    path: Text | None = None
    sheet: Text | None = None
    sql: Text | None = None
    url_env: Text | None = None
    columns: dict[str, Text] = Field(default_factory=dict)
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] = ""
    delimiter: Literal["auto", ",", ";", "\t", "|"] = "auto"
    date_format: Annotated[str, Field(strict=True, min_length=1)] = "iso"

    def declares(self, option: str) -> bool:
        """Whether the study says this option itself, rather than leaving it to the default."""
        return option in self.model_fields_set


class ItemsSource(TableSource):
    """[data.items]: one row per SKU-location."""


class DemandSource(TableSource):
    """[data.demand]: one row per SKU-location and date, and what to do with doubtful rows.

    `unit`: what a quantity counts: units, packs of `pack_size` units (items), or so many units each.
    """

    unit: Literal["unit", "pack"] | Positive = "unit"
    duplicates: Literal["refuse", "sum"] = "refuse"
    unknown_sku: Literal["refuse", "drop"] = "refuse"
    returns: Literal["refuse", "net", "drop"] = "refuse"
    missing_quantity: Literal["refuse", "drop"] = "refuse"


class ReceiptsSource(TableSource):
    """[data.receipts]: one row per purchase order line received."""

    receipt_before_order: Literal["refuse", "drop"] = "refuse"


class DataSpec(Spec):
    """[data]: the tables, the coin that money is counted in, the unit of times in `items`."""

    cost_resolution: Positive = 0.0001
    time_unit: Literal["days", "weeks", "months", "periods"] = "days"
    items: ItemsSource = Field(default_factory=ItemsSource)
    demand: DemandSource | None = None
    receipts: ReceiptsSource | None = None


# ---------------------------------------------------------------------------------------------------
# What history means


class OutlierSpec(Spec):
    """Declared treatment of outliers."""

    rule: Literal["none", "mad"] = "none"
    k: Positive = 6.0
    action: Literal["list", "clip", "drop"] = "list"


class UpliftSpec(Spec):
    """What moves demand, and how much of it is expected in future.

    `drivers` are columns of the demand table. `future` says how often promotions (and prices other than
    usual) come back: as often as in the history (``observed``), never (``none``), or in a share of the
    periods.
    """

    drivers: Annotated[
        tuple[Literal["promotion", "price"], ...], BeforeValidator(_one_or_more), Field(min_length=1)
    ] = ("promotion",)
    future: Literal["observed", "none"] | Share = "observed"


class Selector(Spec):
    """Some SKU-locations: those that fit everything named."""

    sku: Text | None = None
    location: Text | None = None
    category: Text | None = None
    segment: Text | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Selector:
        if all(getattr(self, name) is None for name in Selector.model_fields):
            raise ValueError("names no SKU-location: say sku, location, category or segment")
        return self


class DemandOverride(Selector):
    """How the demand of some SKU-locations is prepared; what is not said is the study's."""

    life: Literal["first_sale", "first_to_last", "window"] | None = None
    outliers: OutlierSpec | None = None
    censoring: Literal["none"] | None = None


class DemandSpec(Spec):
    """[demand]: the calendar and the life of a SKU-location.

    `closed` holds (first, last) dates, both included.
    """

    absent_dates: Literal["zero", "unknown"] = "zero"
    life: Literal["first_sale", "first_to_last", "window"] = "first_sale"
    closed: tuple[Span, ...] = ()
    weekdays: tuple[Weekday, ...] = ()
    censoring: Literal["none", "stockout_column", "on_hand"] = "none"
    outliers: OutlierSpec = OutlierSpec()
    uplift: UpliftSpec | None = None
    override: tuple[DemandOverride, ...] = ()

    def closed_mask(self, dates: npt.NDArray[np.datetime64]) -> npt.NDArray[np.bool_]:
        """(m,) which of these dates (datetime64[D]) are closed, by date, range or weekday."""
        return closed_days(dates, self.closed, self.weekdays)


DemandLawName = Literal[
    "poisson",
    "negative_binomial",
    "empirical",
    "geometric",
    "binomial",
    "stuttering_poisson",
    "intermittent",
    "gamma",
    "lognormal",
    "normal",
    "moving_blocks",
    "stationary_blocks",
    "calendar",
    "markov",
]


class LawOverride(Selector):
    """The demand law of some SKU-locations, named by the user."""

    law: Literal["auto"] | DemandLawName


class SeasonalitySpec(Spec):
    """Seasonal profiles: items with one value of the column `profile_by` share one; "" is one for all.

    `cycle`: periods of it; 7 days, 52 weeks or 12 months unless said.
    """

    profile_by: Annotated[str, Field(strict=True)] = "category"
    cycle: Annotated[int, Field(strict=True, ge=2, le=400)] | None = None


class DependenceSpec(Spec):
    """Common factors of demand: one for all items (`market`), one per value of the column `group_by`."""

    market: Flag = True
    group_by: Text | None = None

    @model_validator(mode="after")
    def _some_factor(self) -> DependenceSpec:
        if not self.market and self.group_by is None:
            raise ValueError("neither a market nor groups: say market = true, or group_by, or leave it out")
        return self


CandidateName = Literal[
    "poisson", "negative_binomial", "intermittent", "empirical", "stuttering_poisson", "markov"
]


class ModelSpec(Spec):
    """[models]: how a demand law is chosen.

    `candidates`: laws that ``auto`` compares; the negative binomial is always one of them. Blocks differ from
    the empirical law in sums over several periods only, which one-period scores do not see: they are named.

    `block_length`: periods of a block of the laws `moving_blocks` and (on average) `stationary_blocks`; by
    the rule of Politis and White unless a number is given.
    """

    law: Literal["auto"] | DemandLawName = "auto"
    score: Literal["log", "crps"] = "log"
    candidates: tuple[CandidateName, ...] = ("poisson", "negative_binomial", "intermittent", "empirical")
    min_periods: Count = 8
    pool_by: Text = "category"
    support: Literal["integer", "resolution"] = "integer"
    parameter_uncertainty: Flag = False
    block_length: Literal["auto"] | Count = "auto"
    seasonality: SeasonalitySpec | None = None
    dependence: DependenceSpec | None = None

    @field_validator("candidates")
    @classmethod
    def _with_base(cls, value: tuple[CandidateName, ...]) -> tuple[CandidateName, ...]:
        """The negative binomial is what the others are compared with."""
        if "negative_binomial" not in value or len(set(value)) < len(value):
            raise ValueError("name each law once, and negative_binomial, which the others are compared with")
        return value

    @model_validator(mode="after")
    def _scored(self) -> ModelSpec:
        further = {"stuttering_poisson", "markov"} & set(self.candidates)
        if self.score == "crps" and further:
            raise ValueError(f'{" and ".join(sorted(further))} can be candidates with score = "log" only')
        return self

    override: tuple[LawOverride, ...] = ()


class LeadTimeSpec(Spec):
    """[lead_times]: how lead times are learnt from receipts.

    `crossing` is None until said; it must be said where lead times are random. `partial` says what the
    lead time of an order is that came in several receipts. `closed` and `weekdays` are days without
    deliveries; those of [demand] where neither is given.
    """

    law: Literal["empirical", "gamma", "lognormal", "fixed"] = "empirical"
    by: Names = ("supplier",)
    min_receipts: Count = 8
    crossing: Flag | None = None
    rounding: Literal["split"] = "split"
    longest_days: Count = 364
    shared_delay: Flag = False
    partial: Literal["rows", "first", "full", "units", "split"] = "rows"
    calendar: Literal["days", "working_days"] = "days"
    closed: tuple[Span, ...] = ()
    weekdays: tuple[Weekday, ...] = ()
    order_weekday: Weekday | None = None


# ---------------------------------------------------------------------------------------------------
# Segments and policy


class AbcSpec(Spec):
    """Pareto classes: cumulated shares of `measure` at which A and B end."""

    measure: Literal["value", "volume", "margin", "lines"] = "value"
    cuts: tuple[Fraction, ...] = (0.80, 0.95)


class XyzSpec(Spec):
    """Classes by coefficient of variation per period, cut at values or at terciles."""

    cuts: Literal["terciles"] | tuple[Positive, ...] = (0.5, 1.0)


class RuleSpec(Spec):
    """One segment by a condition on columns."""

    name: Text
    where: Text


class LearnedSpec(Spec):
    """Segments found by optimisation."""

    classes: Count = 4
    method: Literal["tree", "cuts", "free"] = "tree"
    attributes: Names = ()
    min_size: Count = 20


class SegmentSpec(Spec):
    """[segments]: the schemes or columns whose product makes the segments.

    `options` holds the tables of all other schemes, [segments.tbs] under ``tbs``.
    """

    by: Annotated[Names, Field(min_length=1)] = ("abc", "xyz")
    abc: AbcSpec = AbcSpec()
    xyz: Annotated[XyzSpec, BeforeValidator(_cuts_in_table)] = XyzSpec()
    rules: tuple[RuleSpec, ...] = ()
    learned: LearnedSpec | None = None
    options: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, value: Any) -> Any:
        return gathered(value, set(cls.model_fields) - {OPTIONS})

    @model_serializer(mode="wrap")
    def _spread(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return spread(write(self))


class WaitsSpec(Spec):
    """The fraction of unmet demand that waits; the rest is lost."""

    waits: Share


class ForecastSpec(Spec):
    """[policy.forecast]: the forecast that family = "forecast" orders by.

    `method` is a moving average (`window` periods), exponential smoothing (`alpha`), Croston, its
    Syntetos-Boylan correction or Teunter-Syntetos-Babai (`alpha` for sizes, `beta` for intervals or
    shares; default alpha), each updated in every simulated period; or ``given``: `forecast_mean` and
    `forecast_error_sd` of the items table. `error_alpha` smooths the squared error.
    """

    method: Literal["ma", "ses", "croston", "sba", "tsb", "given"] = "ses"
    alpha: Fraction = 0.1
    beta: Fraction | None = None
    error_alpha: Fraction = 0.1
    window: Count = 12


class PolicySpec(Spec):
    """[policy]: how orders are made and what a target means.

    `review_period` is in `data.time_unit`. `targets` maps a segment, or one value of one attribute,
    to its target; without it `study.parse` puts the habit A 98 %, B 95 %, C 90 % where segments are by abc.
    """

    family: Literal["order_up_to", "reorder_quantity", "reorder_up_to", "given", "forecast"] = "order_up_to"
    planning: Literal["exact", "normal", "optimal"] = "exact"
    target_measure: Literal["fill_rate", "cycle_service_level"] = "fill_rate"
    review_period: Positive = 7.0
    targets: dict[str, Target] = Field(default_factory=dict)
    unmet: Literal["backorder", "lost"] | WaitsSpec = "backorder"
    start: Literal["stationary", "today"] = "stationary"
    forecast: ForecastSpec | None = None


# ---------------------------------------------------------------------------------------------------
# Simulation, optimisation, verdict


class PrecisionSpec(Spec):
    """Replicate until the interval is this narrow."""

    half_width: Positive = 0.002
    max_replications: Count = 5000


class SimulationSpec(Spec):
    """[simulation]: counted periods, replications, batches and the search seed."""

    periods: Count = 52
    warmup: Literal["auto"] | Annotated[int, Field(strict=True, ge=0)] = "auto"
    replications: Count = 200
    batches: Annotated[int, Field(strict=True, ge=1, le=32)] = 20
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = 7
    precision: PrecisionSpec | None = None


Measure = Literal["fill_rate", "cycle_service_level", "ready_rate"]


class ServiceSpec(Spec):
    """What service the optimiser counts."""

    measure: Measure = "fill_rate"
    weight: Literal["units", "value", "margin", "lines_per_unit"] = "units"


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


class CeilingSpec(Spec):
    """Most stock of groups of items, or most orders or purchases a year."""

    by: Text
    measure: Literal["inventory_value", "holding_cost", "stock_volume", "orders", "purchases"] = (
        "inventory_value"
    )
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


class OptimizeSpec(Spec):
    """[optimize]: objective, constraints and grid.

    Without floor and budget the floor is 0.95. Money in the study's currency. `budget` bounds the mean
    inventory value; with `objective = "lost_margin"` the plan loses the least margin (price − unit cost of
    units not served at once) that the budget allows, and service is the fill rate weighted by margin, of
    which it is the complement; `budget_p95` bounds the value that 95 % of replications × periods stay at
    or below; `budget_peak` the mean over replications of the largest value of any period. `time_limit`:
    seconds for one plan that no exact method settles at once.
    """

    objective: Objective = "holding_cost"
    service: ServiceSpec = ServiceSpec()
    fill_rate: Target | None = None
    budget: Positive | None = None
    budget_on: Literal["on_hand", "on_hand+pipeline"] = "on_hand"
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


class VerdictSpec(Spec):
    """[verdict]: replications on fresh randomness and the level of the intervals."""

    replications: Count = 400
    level: Fraction = 0.95


class ReplaySpec(Spec):
    """[replay]: periods kept from fitting and replayed."""

    holdout: Count
    lead_times: Literal["sampled", "recorded"] = "sampled"


class ScenarioSpec(Spec):
    """One named scenario: factors on the fitted world, or a supplier out for some weeks."""

    demand: Positive | None = None
    variance: Positive | None = None
    lead_time: Positive | None = None
    price: Positive | None = None
    supplier: Text | None = None
    weeks: Number | None = None


class SupplierSpec(Spec):
    """One of [[suppliers]]: what befalls all orders at one of the items' suppliers.

    Times are in `data.time_unit`. `outages_per_year` and `outage_length` (mean) make it stop and come
    back at random; orders placed meanwhile leave when it works again. `on_time_share` of every order
    comes after the lead time, the rest `rest_delay` later, or never.
    """

    name: Text
    outages_per_year: Positive | None = None
    outage_length: Positive | None = None
    on_time_share: Share | None = None
    rest: Literal["late", "cancelled"] = "late"
    rest_delay: Positive | None = None


class RunSpec(Spec):
    """[run]: how the work is spread; results do not depend on it."""

    workers: Count = 2
    block_items: Count = 512
    backend: Literal["threads", "loky", "dask"] = "threads"
