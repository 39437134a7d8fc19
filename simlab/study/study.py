"""The whole study: one frozen tree whose attributes carry the names of the file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from simlab.measures.display import NO_CURRENCY
from simlab.study.checked import study_from_sections
from simlab.study.history_sections import DataSpec, DemandSpec, LeadTimeSpec, ModelSpec, TableSource
from simlab.study.optimize_sections import OptimizeSpec
from simlab.study.section import HEADER, Spec
from simlab.study.sections import (
    CalendarSpec,
    GateSpec,
    OrdersSpec,
    PolicySpec,
    ReplaySpec,
    RunSpec,
    ScenarioSpec,
    SegmentSpec,
    SimulationSpec,
    SupplierSpec,
    VerdictSpec,
)
from simlab.study.values import Day, Text, Weekday

_DAYS = {"day": Fraction(1), "week": Fraction(7), "month": Fraction(365, 12)}
_UNIT_DAYS = {"days": 1.0, "weeks": 7.0, "months": 365.0 / 12.0}
_DIGITS = 6  # of a grid target: the same on every machine, whatever its log and exp


class Study(Spec):
    """Everything that is asked, checked; data are read later, by `catalog`.

    Attributes
    ----------
    schema_version : int
        2: written for the defaults of this version. 1, or a file that does not say: what has moved since is
        told with the line that keeps the old answer.
    name : str
        Default name of the run folder; the stem of the study file unless said.
    currency : str
        For display only; ``money``, and amounts without a sign, unless said.
    period : str
        day, week or month: all levels and laws are per period.
    as_of : date or None
        Last date used; None: the last date of demand.
    open_share : float
        Share of a year's periods that are open, beyond weekdays that a daily study closes: known once the
        history is read (`catalog.closed_sales.open_share`), 1 until then.
    source : str
        Text of the study file as given; empty for a study made in Python.
    folder : Path
        Where paths of tables are relative to.
    file : str
        Name of the study file in messages.
    """

    schema_version: Literal[1, 2] = Field(default=2, alias="schema")
    name: Annotated[str, Field(strict=True, min_length=1, max_length=100)] = "study"
    currency: Annotated[str, Field(strict=True, min_length=1, max_length=12)] = NO_CURRENCY
    period: Literal["day", "week", "month"] = "week"
    week_starts: Weekday = "monday"
    as_of: Day | None = None
    data: DataSpec = DataSpec()
    demand: DemandSpec = DemandSpec()
    models: ModelSpec = ModelSpec()
    lead_times: LeadTimeSpec = LeadTimeSpec()
    segments: SegmentSpec = SegmentSpec()
    policy: PolicySpec = PolicySpec()
    simulation: SimulationSpec = SimulationSpec()
    optimize: OptimizeSpec = OptimizeSpec()
    verdict: VerdictSpec = VerdictSpec()
    replay: ReplaySpec | None = None
    suppliers: tuple[SupplierSpec, ...] = ()
    calendar: CalendarSpec = CalendarSpec()
    orders: OrdersSpec = OrdersSpec()
    gate: GateSpec = GateSpec()
    scenarios: dict[str, ScenarioSpec] = Field(default_factory=dict)
    run: RunSpec = RunSpec()
    open_share: float = Field(default=1.0, exclude=True, repr=False)
    source: Text = Field(default="", exclude=True, repr=False)
    folder: Path = Field(default=Path(), exclude=True, repr=False)
    file: Text = Field(default="study.toml", exclude=True, repr=False)

    @classmethod
    def default(cls, name: str = "study", **sections: Any) -> Self:
        """A study made in Python, for tables handed over as DataFrames.

        Parameters
        ----------
        name : str
            Name of the run folder.
        **sections : mapping
            Sections of the study file by name, such as ``policy={"review_period": 14}``; options of
            [study] may also be given directly, such as ``period="day"``.

        Raises
        ------
        InvalidInputError
            The same mistakes as in a study file, all at once.
        """
        return cls.model_validate(study_from_sections(cls, name, sections))

    @property
    def days_per_period(self) -> Fraction:
        """Calendar days that pass in a period: 1, 7 or 365/12.

        A daily study whose `demand.weekdays` are closed simulates open days alone: with closed weekends
        7/5 days pass from one to the next. Dates of `demand.closed` are not counted here.
        """
        days = _DAYS[self.period]
        return days if self.period != "day" else Fraction(7, max(self.demand.open_weekdays, 1))

    @property
    def period_days(self) -> float:
        """`days_per_period` as a number."""
        return float(self.days_per_period)

    @property
    def periods_per_year(self) -> float:
        """Periods in a year of 365 days in which demand is open: what closed dates leave of them."""
        return 365.0 / self.period_days * self.open_share

    @property
    def time_unit_periods(self) -> float:
        """How many periods one `data.time_unit` (of lead times and review periods) is."""
        unit = self.data.time_unit
        return 1.0 if unit == "periods" else _UNIT_DAYS[unit] / self.period_days

    def targets(self) -> tuple[float, ...]:
        """The grid of targets, ascending and distinct.

        `optimize.targets` where given; else `n_targets` even in −log(1 − target) from `target_min` to
        `target_max`, plus every target of `policy.targets`. What is pinned is always on the grid, and so
        are the ends of target ranges.
        """
        spec = self.optimize
        ends = {
            end for span in spec.target_ranges for end in (span.at_least, span.at_most) if end is not None
        }
        named = {*ends, *(pin.target for pin in spec.pinned)}
        if spec.targets:
            return tuple(sorted({*spec.targets, *named}))
        even = even_targets(spec.target_min, spec.target_max, spec.n_targets)
        return tuple(sorted({*even, *self.policy.targets.values(), *named}))

    def path_of(self, table: TableSource) -> Path | None:
        """Where a table's file lies; None if the study names no file for it."""
        return None if table.path is None else self.folder / table.path

    def resolved(self) -> dict[str, Any]:
        """Every option with its value, as plain JSON values in the sections of the file."""
        flat: Mapping[str, Any] = self.model_dump(mode="json", by_alias=True)
        header = {key: flat[key] for key in HEADER}
        rest = {key: value for key, value in flat.items() if key not in HEADER and key != "schema"}
        return {"schema": flat["schema"], "study": header, **rest}

    def resolved_with_times(self) -> dict[str, Any]:
        """`resolved`, and in a section `derived`, which no study file has, what it makes of times."""
        derived = {
            "calendar_days_per_period": self.period_days,
            "periods_per_year": self.periods_per_year,
            "periods_per_time_unit": self.time_unit_periods,
        }
        return {**self.resolved(), "derived": derived}


def even_targets(lowest: float, highest: float, n: int) -> tuple[float, ...]:
    """`n` targets even in −log(1 − target), both ends included, rounded to 6 digits between them."""
    if n == 1:
        return (lowest,)
    first, last = -math.log1p(-lowest), -math.log1p(-highest)
    step = (last - first) / (n - 1)
    inner = (round(-math.expm1(-(first + i * step)), _DIGITS) for i in range(1, n - 1))
    return (lowest, *inner, highest)
