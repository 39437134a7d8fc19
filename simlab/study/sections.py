"""The sections of a study file: names, defaults and ranges, in one place and frozen.

Here: segments, policy, simulation, verdict and what surrounds them; `history_sections` and
`optimize_sections` hold the others.

Attribute names are the names of the file. Relations between options live in `checks`, options that
exist in the interface and not yet in the program in `later`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from simlab.register.families import FAMILY_NAMES
from simlab.study.scheme_tables import OPTIONS, gathered, spread
from simlab.study.section import Names, Spec, each_once, one_or_more
from simlab.study.values import (
    Count,
    Factor,
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
)


def _cuts_in_table(value: Any) -> Any:
    return {"cuts": value} if isinstance(value, str) else value


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


def parts_of(names: Iterable[str]) -> Iterator[str]:
    """Names of schemes as `compare` writes them: "abc+xyz" is the product of abc and xyz.

    A column whose name has a plus sign is named ``column:a+b``.
    """
    for name in names:
        yield from (name,) if name.startswith("column:") else name.split("+")


def _products(names: tuple[str, ...]) -> tuple[str, ...]:
    return each_once(tuple(parts_of(names)))


class SegmentSpec(Spec):
    """[segments]: the schemes or columns whose product makes the segments.

    `by` takes the names that `compare` uses: "tree" and "cuts" are learned, "abc+xyz" is a product.
    `options` holds the tables of all other schemes, [segments.tbs] under ``tbs``.
    """

    by: Annotated[Names, Field(min_length=1), AfterValidator(_products)] = ("abc", "xyz")
    abc: AbcSpec = AbcSpec()
    xyz: Annotated[XyzSpec, BeforeValidator(_cuts_in_table, json_schema_input_type=XyzSpec | str)] = XyzSpec()
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
    `forecast_error_sd` of the items table; or ``constant``: mean and spread of the item's law, never updated.
    `error_alpha` smooths the squared error. `seasonal` takes the indices of `models.seasonality` (``ses``,
    ``given``, ``constant``); they stay as they are in the run.
    """

    method: Literal["ma", "ses", "croston", "sba", "tsb", "given", "constant"] = "ses"
    alpha: Fraction = 0.1
    beta: Fraction | None = None
    error_alpha: Fraction = 0.1
    window: Count = 12
    seasonal: Flag = False

    @model_validator(mode="after")
    def _indices(self) -> ForecastSpec:
        if self.seasonal and self.method not in ("ses", "given", "constant"):
            raise ValueError(f'seasonal indices go with "ses", "given" and "constant", not "{self.method}"')
        return self


def _no_limit_below_one(value: float) -> float:
    if value == 0 or value >= 1:
        return value
    text = "levels below what was demanded before are no limit: 1 or more, such as 3, or 0 for none"
    raise PydanticCustomError("limit", "{text}", {"text": text})


if TYPE_CHECKING:
    FamilyName = str
else:
    FamilyName = Literal[FAMILY_NAMES]


class PolicySpec(Spec):
    """[policy]: how orders are made and what a target means.

    `review_period` is in `data.time_unit`. `targets` maps a segment, or one value of one attribute,
    to its target; without it `study.parse` puts the habit A 98 %, B 95 %, C 90 % where segments are by abc.
    `current_reorder_when`: whether today's reorder points order at or below them, or only below; the column
    of items of this name wins.
    `level_limit`: of laws fitted to a history no level is planned above this many times the largest demand
    in any R + L of it (2 at least, in whole packs); 0: no limit.
    """

    family: FamilyName = "order_up_to"
    planning: Literal["exact", "normal", "optimal"] = "exact"
    target_measure: Literal["fill_rate", "cycle_service_level"] = "fill_rate"
    review_period: Positive = 7.0
    targets: dict[str, Target] = Field(default_factory=dict)
    unmet: Literal["backorder", "lost"] | WaitsSpec = "backorder"
    start: Literal["stationary", "today"] = "stationary"
    current_reorder_when: Literal["at_or_below", "below"] = "at_or_below"
    forecast: ForecastSpec | None = None
    level_limit: Annotated[Number, AfterValidator(_no_limit_below_one)] = 3.0


# ---------------------------------------------------------------------------------------------------
# Simulation, optimisation, verdict
class PrecisionSpec(Spec):
    """Replicate until the interval is this narrow."""

    half_width: Positive = 0.002
    max_replications: Count = 5000


class SimulationSpec(Spec):
    """[simulation]: counted periods, replications, batches and the search seed.

    Left out, `periods` is 364 days, 52 weeks or 12 months (`study.parse`). Reviews that do not divide them
    have their phase drawn anew in every replication, unless `review_phase` of items gives it.
    """

    periods: Count = 52
    warmup: Literal["auto"] | Annotated[int, Field(strict=True, ge=0)] = "auto"
    replications: Count = 200
    batches: Annotated[int, Field(strict=True, ge=1, le=32)] = 20
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = 7
    precision: PrecisionSpec | None = None


class VerdictSpec(Spec):
    """[verdict]: replications on fresh randomness, level of the intervals, the last periods replayed."""

    replications: Count = 400
    level: Fraction = 0.95
    replay: bool = True


class ReplaySpec(Spec):
    """[replay]: periods replayed on laws, segments and levels made without them; the plan uses them."""

    holdout: Count
    lead_times: Literal["sampled", "recorded"] = "sampled"


class ScenarioSpec(Spec):
    """One named scenario: factors on the fitted world, or a supplier out for some weeks."""

    demand: Factor | None = None
    variance: Factor | None = None
    lead_time: Factor | None = None
    price: Factor | None = None
    supplier: Text | None = None
    weeks: Number | None = None


class SupplierSpec(Spec):
    """One of [[suppliers]]: what happens to all orders at one of the items' suppliers.

    Times are in `data.time_unit`. `outages_per_year` and `outage_length` (mean) make it stop and come
    back at random; orders placed meanwhile leave when it works again. `on_time_share` of every order
    comes after the lead time, the rest `rest_delay` later, or never.

    What `simlab orders` keeps to: `minimum_order_value` (below it nothing is ordered), `order_weekdays` (its
    items are reviewed on these days), `container_volume` (most of `unit_volume` that one order holds).
    """

    name: Text
    outages_per_year: Positive | None = None
    outage_length: Positive | None = None
    on_time_share: Share | None = None
    rest: Literal["late", "cancelled"] = "late"
    rest_delay: Positive | None = None
    minimum_order_value: Positive | None = None
    order_weekdays: Annotated[tuple[Weekday, ...], BeforeValidator(one_or_more)] = ()
    container_volume: Positive | None = None


class CalendarSpec(Spec):
    """[calendar]: days on which suppliers are closed; nothing leaves them, nothing of theirs arrives.

    `closed` holds (first, last) dates by supplier, both included. Of the year that follows the last date of
    the study, or of the year before; they come again every year.
    """

    closed: dict[str, tuple[Span, ...]] = Field(default_factory=dict)


class OrdersSpec(Spec):
    """[orders]: how `simlab orders` looks ahead, and what a unit more is worth under a budget.

    `paths` are followed from today's state until the next order can arrive. A unit earns `margin` (else
    price − unit_cost), a unit short costs `stock_out` (else shortage_cost of items, else the margin), each
    next round of demand counts `margin_discount` and `carrying_discount` of the one before.
    """

    paths: Annotated[int, Field(strict=True, ge=100, le=100_000)] = 1000
    margin: Positive | None = None
    stock_out: NotNegative | None = None
    margin_discount: Share = 0.3
    carrying_discount: Share = 0.98


class GateSpec(Spec):
    """[gate]: what counts as harm when a proposed policy replaces the current one.

    An item is harmed where it serves less than both promises (today's and its segment's planned service) less
    `tolerance` (the column of items wins), ties up more stock value than both times 1 + `stock_tolerance`, or
    orders more often than both and `order_tolerance` a year. `against`: "today" leaves the plan's promise
    out. `q` bounds the shares of false go's and of false hold backs; `lowered` releases segments whose
    service is lowered on purpose; `accept_misfit` those whose laws are flagged by what does not matter.
    """

    tolerance: Share = 0.02
    stock_tolerance: Share = 0.02
    order_tolerance: NotNegative = 1.0
    against: Literal["today_or_plan", "today"] = "today_or_plan"
    q: Fraction = 0.05
    lowered: Names = ()
    accept_misfit: Names = ()
    replications: Annotated[int, Field(strict=True, ge=400)] = 400


class RunSpec(Spec):
    """[run]: how the work is spread; results do not depend on it.

    `backend`: threads of this process, processes ("loky"), this thread alone ("serial"), or the workers of a
    Dask cluster: that of `scheduler`, such as "tcp://10.0.0.5:8786", else `workers` local processes.
    `keep_curves`: whether the run folder holds the sums of every SKU-location × target (`--curves` needs
    them); "auto": up to 50,000 SKU-locations. Those by segment are kept either way.
    `memory_gb`: a run that would need more is refused before it begins; left out, 80 % of what there is.
    """

    workers: Count = 2
    block_items: Count = 512
    backend: Literal["threads", "serial", "loky", "dask"] = "threads"
    scheduler: Text | None = None
    memory_gb: Positive | None = None
    keep_curves: Literal["auto"] | bool = "auto"
