"""[data], [demand], [models] and [lead_times]: where tables come from and what history means."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from simlab.register.laws import FURTHER_NAMES, LAW_NAMES, OVER_SPAN_NAMES, SCORED_NAMES
from simlab.study.section import Names, Spec, one_or_more
from simlab.study.values import (
    Count,
    DateFormat,
    Day,
    Flag,
    Positive,
    Share,
    Span,
    Text,
    Weekday,
    closed_days,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


# ---------------------------------------------------------------------------------------------------
# [data]
Cell = str | int | float | bool | dt.date
"""What a cell is compared with: a word, a number, true or false, a date."""
Bound = int | float | dt.date


def _cells(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else (value,)


Cells = Annotated[
    tuple[Cell, ...], BeforeValidator(_cells, json_schema_input_type=Cell | list[Cell]), Field(min_length=1)
]


class Condition(Spec):
    """What the cells of one column must say for their row to take part.

    `any_of`: one of these words, numbers or dates, as the file writes them (blanks around a cell do not
    count); ``""`` is an empty cell. `none_of`: none of these. `at_least`, `above`, `at_most`, `below`:
    numbers or dates; an empty cell fails them. Of several, all must hold.
    """

    any_of: Cells | None = None
    none_of: Cells | None = None
    at_least: Bound | None = None
    above: Bound | None = None
    at_most: Bound | None = None
    below: Bound | None = None

    @field_validator("at_least", "above", "at_most", "below", mode="before")
    @classmethod
    def _date(cls, value: Any) -> Any:
        """A date may be written as a text, as TOML has it in its own kind."""
        if not isinstance(value, str):
            return value
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{value!r} is neither a number nor a date like 2025-12-31") from None

    @model_validator(mode="after")
    def _says_something(self) -> Condition:
        said = [bound for bound in self.bounds.values() if bound is not None]
        if not said and self.any_of is None and self.none_of is None:
            names = ", ".join(type(self).model_fields)
            raise ValueError(f"says nothing: a value, a list of values, or one of {names}")
        if len({isinstance(bound, dt.date) for bound in said}) > 1:
            raise ValueError("bounds are all numbers, or all dates")
        return self

    @property
    def bounds(self) -> dict[str, Bound | None]:
        """The four bounds by name."""
        return {name: getattr(self, name) for name in ("at_least", "above", "at_most", "below")}


def _condition(value: Any) -> Any:
    """A value or a list of values stands for `any_of`."""
    return value if isinstance(value, (Mapping, Condition)) else {"any_of": value}


_Written = Condition | Cell | list[Cell]
RowFilter = dict[str, Annotated[Condition, BeforeValidator(_condition, json_schema_input_type=_Written)]]
"""Column → condition; a row takes part where all hold."""


class TableSource(Spec):
    """Where a table comes from and how its text is written.

    `path` is relative to the study file; None where DataFrames are handed over in Python.
    In place of a path: a database (`url_env`, the environment variable that holds its URL, or `url` where
    that has neither password nor query), and `table` or `sql`, one SELECT.
    `encoding` is that of the text of a CSV file: utf-8, cp1252 (Windows, western Europe) or utf-16.
    `columns` maps our name to the name in the file. `where` says which rows take part (`row_filter`).
    """

    path: Text | None = None
    sheet: Text | None = None
    url: Annotated[Text | None, Field(exclude=True, repr=False)] = None
    url_env: Text | None = None
    table: Text | None = None
    sql: Text | None = None
    columns: dict[str, Text] = Field(default_factory=dict)
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] = ""
    delimiter: Literal["auto", ",", ";", "\t", "|"] = "auto"
    encoding: Literal["utf-8", "cp1252", "utf-16"] = "utf-8"
    date_format: DateFormat = "iso"
    where: RowFilter = Field(default_factory=dict)

    @property
    def of_database(self) -> bool:
        """Whether the table comes from a database."""
        return self.url is not None or self.url_env is not None

    def declares(self, option: str) -> bool:
        """Whether the study says this option itself, rather than leaving it to the default."""
        return option in self.model_fields_set


class ItemsSource(TableSource):
    """[data.items]: one row per SKU-location."""


class DemandSource(TableSource):
    """[data.demand]: one row per SKU-location and date, and what to do with doubtful rows.

    `unit`: what a quantity counts: units, packs of `pack_size` units (items), or so many units each.
    `layout`: ``wide`` where every period has a column of its own, named by its first day.
    """

    layout: Literal["long", "wide"] = "long"
    unit: Literal["unit", "pack"] | Positive = "unit"
    duplicates: Literal["refuse", "sum"] = "refuse"
    unknown_sku: Literal["refuse", "drop"] = "refuse"
    returns: Literal["refuse", "net", "drop"] = "refuse"
    missing_quantity: Literal["refuse", "drop"] = "refuse"
    isolated: Literal["refuse", "keep", "drop"] = "refuse"


class ReceiptsSource(TableSource):
    """[data.receipts]: one row per purchase order line received."""

    receipt_before_order: Literal["refuse", "drop"] = "refuse"
    duplicates: Literal["refuse", "keep", "drop"] = "refuse"


class PeriodsSource(TableSource):
    """[data.periods]: one row per fiscal period (name, start, end), for period = "fiscal"."""


class ForecastSource(TableSource):
    """[data.forecast]: what people expect of the periods to come, one row per SKU-location and period.

    `mean` with `sd` or quantiles (`q05` … `q95`), by `date` or by `origin` and `horizon`. Demand of the
    SKU-locations in it follows the forecast with its error; their histories make no law. `law`: shape of the
    error; ``auto`` is negative binomial, or gamma where it varies less than a Poisson law would. `levels`:
    whether planned levels ``move`` with it from period to period, or stand ``still``, as those that are typed
    into an ERP once. The periods of the table come again and again where a run is longer.
    """

    law: Literal["auto", "negative_binomial", "stuttering_poisson", "gamma", "lognormal", "normal"] = "auto"
    levels: Literal["move", "still"] = "move"
    unknown_sku: Literal["refuse", "drop"] = "refuse"


class ForecastErrorsSource(TableSource):
    """[data.forecast_errors]: past forecasts and what came, by origin and date (or horizon).

    Columns sku, location, origin, date, forecast, actual. Bias, spread and the variance of sums over R + L
    are estimated from it and take the place of `sd`.

    `bias`: ``correct`` adds a bias that stands out (more than twice its standard error) to the forecast,
    ``keep`` leaves the forecast as it is.
    """

    bias: Literal["correct", "keep"] = "correct"
    unknown_sku: Literal["refuse", "drop"] = "refuse"


class DataSpec(Spec):
    """[data]: the tables, the coin that money is counted in, the unit of times in `items`.

    `cost_resolution` becomes finer by tens where it is not said and would move a unit cost by over 0.01 %.
    `location` names the only place there is, for tables without a column of that name.
    """

    location: Text | None = None
    cost_resolution: Positive = 0.0001
    time_unit: Literal["days", "weeks", "months", "periods"] = "days"
    items: ItemsSource = Field(default_factory=ItemsSource)
    demand: DemandSource | None = None
    receipts: ReceiptsSource | None = None
    periods: PeriodsSource | None = None
    open_orders: TableSource | None = None
    forecast: ForecastSource | None = None
    forecast_errors: ForecastErrorsSource | None = None


# ---------------------------------------------------------------------------------------------------
# What history means
class OutlierSpec(Spec):
    """Declared treatment of outliers.

    ``mad`` marks demand beyond the median + k × 1.4826 × the median absolute deviation of an item's non-zero
    demands. Skewed demand without any error has such values, too: clipping took 21 % of the variance of clean
    histories, and with it safety stock that is needed. Look at the list first (``action = "list"``).
    """

    rule: Literal["none", "mad"] = "none"
    k: Positive = 6.0
    action: Literal["list", "clip", "drop"] = "list"


Driver = Literal["promotion", "price"]


class UpliftSpec(Spec):
    """What moves demand, and how much of it is expected in future.

    `drivers` are columns of the demand table. `future` says how often promotions (and prices other than
    usual) come back: as often as in the history (``observed``), never (``none``), or in a share of the
    periods.
    """

    drivers: Annotated[
        tuple[Driver, ...],
        BeforeValidator(one_or_more, json_schema_input_type=Driver | list[Driver]),
        Field(min_length=1),
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


Life = Literal["evidence", "first_sale", "first_to_last", "window"]


class DemandOverride(Selector):
    """How the demand of some SKU-locations is prepared; what is not said is the study's."""

    life: Life | None = None
    outliers: OutlierSpec | None = None
    censoring: Literal["none"] | None = None


class DemandSpec(Spec):
    """[demand]: the calendar and the life of a SKU-location.

    `closed` holds (first, last) dates, both included. `no_history`: what becomes of a SKU-location without
    demand in any whole period and without a law given: ``exclude`` leaves it out, counted and listed (one
    with a `minimum_level` stays), ``zero`` keeps it as never demanded, ``refuse`` ends with exit code 3.
    `on_closed`: what becomes of demand dated in a period that is closed. `grain`: the time that one row
    stands for, found from the dates unless said.
    `complete_to`: nothing is missing from the table up to this date, even where its last rows are older.
    ``censoring = "stockout_column"``: a flag in the
    column `stockout` means that demand was at least what was sold in that period, not that nothing was asked.
    """

    no_history: Literal["exclude", "zero", "refuse"] = "exclude"
    absent_dates: Literal["zero", "unknown"] = "zero"
    life: Life = "evidence"
    closed: tuple[Span, ...] = ()
    weekdays: tuple[Weekday, ...] = ()
    on_closed: Literal["refuse", "next_open", "drop"] = "refuse"
    grain: Literal["auto", "day", "week", "month", "four_four_five", "fiscal"] = "auto"
    complete_to: Day | None = None
    censoring: Literal["none", "stockout_column", "on_hand"] = "none"
    outliers: OutlierSpec = OutlierSpec()
    uplift: UpliftSpec | None = None
    override: tuple[DemandOverride, ...] = ()

    @property
    def open_weekdays(self) -> int:
        """Days of a week that are not closed."""
        return 7 - len(set(self.weekdays))

    def closed_mask(self, dates: npt.NDArray[np.datetime64]) -> npt.NDArray[np.bool_]:
        """(m,) which of these dates (datetime64[D]) are closed, by date, range or weekday."""
        return closed_days(dates, self.closed, self.weekdays)


if TYPE_CHECKING:
    DemandLawName = str
    CandidateName = str
else:
    DemandLawName = Literal[("auto", *LAW_NAMES)]
    CandidateName = Literal[(*SCORED_NAMES, *FURTHER_NAMES, *OVER_SPAN_NAMES)]


class LawOverride(Selector):
    """The demand law of some SKU-locations, named by the user."""

    law: DemandLawName


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


class ModelSpec(Spec):
    """[models]: how a demand law is chosen.

    `candidates`: laws that ``auto`` compares; the negative binomial is always one of them. Blocks differ from
    the empirical law in sums over several periods only, which one-period scores do not see: they are named.
    ``renewal`` (intervals and sizes as seen, the phase drawn) is compared over R + L where at least 8
    intervals vary less than chance.

    `memory`: how long histories are remembered. A number is a half-life: an observation so many periods old
    counts half as much as the last one. ``auto`` chooses 13, 26, 52 or 104 periods, or all, for each group by
    sums over R + L that were not yet seen; ``all`` counts all periods alike.

    `block_length`: periods of a block of the laws `moving_blocks` and (on average) `stationary_blocks`; by
    the rule of Politis and White unless a number is given.
    """

    law: DemandLawName = "auto"
    memory: Literal["auto", "all"] | Positive = "auto"
    score: Literal["log", "crps"] = "log"
    candidates: tuple[CandidateName, ...] = (*SCORED_NAMES, *OVER_SPAN_NAMES)
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
        further = set(FURTHER_NAMES) & set(self.candidates)
        if self.score == "crps" and further:
            raise ValueError(f'{" and ".join(sorted(further))} can be candidates with score = "log" only')
        return self

    override: tuple[LawOverride, ...] = ()


LeadTimeLawName = Literal["empirical", "gamma", "lognormal", "fixed"]


class LeadTimeOverride(Selector):
    """The lead-time law of some SKU-locations; ``fixed`` takes their own `lead_time`, receipts or not."""

    law: LeadTimeLawName


class LeadTimeSpec(Spec):
    """[lead_times]: how lead times are learnt from receipts.

    `crossing` is None until said; it must be said where lead times are random. `partial` says what the
    lead time of an order is that came in several receipts. `closed` and `weekdays` are days without
    deliveries; those of [demand] where neither is given.
    """

    law: LeadTimeLawName = "empirical"
    by: Annotated[Names, Field(min_length=1)] = ("supplier",)
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
    override: tuple[LeadTimeOverride, ...] = ()
