"""From per-replication sums to what people read: rates, turns, money, each with its interval."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray, IntArray
from simlab.execution import PlanSums
from simlab.measures import (
    Estimate,
    mean_estimate,
    mean_interval,
    nested_mean,
    nested_ratio,
    ratio_estimate,
    ratio_interval,
)
from simlab.measures.shown import Public


@dataclass(frozen=True)
class Scale:
    """What turns integer sums into rates and money per year.

    Attributes
    ----------
    periods : int
        Periods counted.
    periods_per_year : float
        Periods in a year.
    cost_resolution : float
        Money that one unit of the integer cost stands for.
    level : float
        Of the intervals, such as 0.95.
    parts : int
        Parts of a period that sums over periods count in (stock, periods with stock or short of it).
    """

    periods: int
    periods_per_year: float
    cost_resolution: float
    level: float
    parts: int = 1

    @property
    def counted(self) -> int:
        """Parts counted: what sums over periods are divided by."""
        return self.periods * self.parts

    @property
    def value(self) -> float:
        """Mean inventory value per unit of `PlanSums.stock_value`."""
        return self.cost_resolution / (2 * self.counted)

    @property
    def holding(self) -> float:
        """Holding cost per year per unit of `PlanSums.holding`."""
        return self.cost_resolution / 100 / (2 * self.counted)


@dataclass(frozen=True, repr=False)
class Scores(Public):
    """How a plan did in one segment, or in total.

    Attributes
    ----------
    fill_rate, cycle_service_level, ready_rate : Estimate
        Fractions (DESIGN: ratios of sums over replications).
    stockout_periods : Estimate
        Periods per SKU-location and year in which demand was not served at once.
    turns : Estimate
        Cost of goods delivered in a year (at once or after waiting, not what is lost) ÷ mean inventory
        value.
    inventory_value, holding_cost : Estimate
        Study currency, and study currency per year.
    """

    fill_rate: Estimate
    cycle_service_level: Estimate
    ready_rate: Estimate
    stockout_periods: Estimate
    turns: Estimate
    inventory_value: Estimate
    holding_cost: Estimate

    def __repr__(self) -> str:
        lines = [f"{field.name:<20} {getattr(self, field.name)}" for field in fields(self)]
        return "\n".join(("Scores", *lines))

    def columns(self, suffix: str = "") -> dict[str, float]:
        """One flat row: each measure, and its interval under ``_low`` and ``_high``, after `suffix`."""
        row: dict[str, float] = {}
        for field in fields(self):
            estimate: Estimate = getattr(self, field.name)
            row[f"{field.name}{suffix}"] = estimate.value
            row[f"{field.name}{suffix}_low"] = estimate.low
            row[f"{field.name}{suffix}_high"] = estimate.high
        return row


def score(
    sums: PlanSums, plan: int, cell: int, n_items: int, scale: Scale, batch: IntArray | None = None
) -> Scores:
    """Measures of one plan in one cell.

    Parameters
    ----------
    sums : PlanSums
        Per plan × cell × replication.
    plan, cell : int
        Which.
    n_items : int
        SKU-locations in the cell.
    scale : Scale
        Periods, money, level of the intervals.
    batch : (r,) int, optional
        Parameter draw of each replication: the intervals are then those named `model`.
    """

    def of(name: str) -> IntArray:
        array: IntArray = getattr(sums, name)[plan, cell]
        return array

    exposure = np.full(sums.n_replications, n_items * scale.counted, dtype=np.int64)
    per_year, level = scale.periods_per_year, scale.level

    def ratio(good: IntArray, asked: IntArray, proportion: bool = True) -> Estimate:
        if batch is None:
            return ratio_estimate(good, asked, level, proportion=proportion)
        return nested_ratio(good, asked, batch, level, proportion=proportion)

    def mean(values: npt.NDArray[Any]) -> Estimate:
        return mean_estimate(values, level) if batch is None else nested_mean(values, batch, level)

    turns = ratio(of("delivered_value"), of("stock_value"), proportion=False).scaled(
        2 * per_year * scale.parts
    )
    return Scores(
        fill_rate=ratio(of("served"), of("demanded")),
        cycle_service_level=ratio(of("good_receipts"), of("receipts")),
        ready_rate=ratio(of("ready"), exposure),
        stockout_periods=mean(of("short") * (per_year / (n_items * scale.counted))),
        turns=replace(turns, low=float(np.maximum(turns.low, 0.0))),
        inventory_value=mean(of("stock_value") * scale.value),
        holding_cost=mean(of("holding") * scale.holding),
    )


def score_cells(sums: PlanSums, plan: int, sizes: IntArray, scale: Scale) -> dict[str, FloatArray]:
    """Measures of one plan in every cell at once: `Scores.columns` of `score`, an array over cells each.

    Parameters
    ----------
    sums : PlanSums
        Per plan × cell × replication.
    plan : int
        Which.
    sizes : (c,) int
        SKU-locations of each cell.
    scale : Scale
        Periods, money, level of the intervals.
    """

    def of(name: str) -> IntArray:
        array: IntArray = getattr(sums, name)[plan]
        return array

    periods = np.asarray(sizes, dtype=np.int64) * scale.counted
    per_year, level = scale.periods_per_year, scale.level
    exposure = np.repeat(periods[:, None], sums.n_replications, axis=1)
    found = {
        "fill_rate": ratio_interval(of("served"), of("demanded"), level),
        "cycle_service_level": ratio_interval(of("good_receipts"), of("receipts"), level),
        "ready_rate": ratio_interval(of("ready"), exposure, level),
        "stockout_periods": mean_interval(of("short") * (per_year / periods)[:, None], level),
        "turns": ratio_interval(of("delivered_value"), of("stock_value"), level, proportion=False),
        "inventory_value": mean_interval(of("stock_value") * scale.value, level),
        "holding_cost": mean_interval(of("holding") * scale.holding, level),
    }
    columns: dict[str, FloatArray] = {}
    for name, many in found.items():
        factor = 2 * per_year * scale.parts if name == "turns" else 1.0
        low = np.maximum(many.low, 0.0) if name == "turns" else many.low
        columns |= {name: many.value * factor, f"{name}_low": low * factor}
        columns[f"{name}_high"] = many.high * factor
    return columns
