"""Catalogue and models as plain columns, the only thing a scheme sees.

Measures added to the numeric columns of `items` (their names win over columns of the same name):

===================== ============================================================
``unit_cost``        study currency
``annual_units``     units per year
``annual_value``     study currency per year
``cv``               coefficient of variation of demand per period
``mean_demand``      units per period
``holding_cost``     study currency to hold one unit for a year
``holding_rate``     per year
``review_periods``   periods between reviews
``mean_lead_time``   periods
``cv_lead_time``     standard deviation ÷ mean; 0 for a fixed lead time
``adi``              average inter-demand interval, periods
``cv2_size``         squared coefficient of variation of the sizes of non-zero periods
``order_size``       mean order: given Q, else the demand of a review period
``tbs``              service weight × units per year ÷ (holding cost × order size)
``zhs``              units per year ÷ (mean lead time × squared holding cost)
``unit_margin``      price − unit cost, 0 where that is negative; where prices are
``uncertainty_cost`` holding cost × sd of demand over R + L ÷ (service weight × order size × units per year)
``uncertainty_share`` holding cost × sd of demand over R + L ÷ (service weight × units per year)
===================== ============================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simlab import mapped
from simlab.arrays import DateArray, FloatArray, IntArray
from simlab.catalog.parts import in_file_units
from simlab.models.margins import deciding_weight, margins_of
from simlab.segments.scheme import SchemeInput
from simlab.segments.service_ratios import ratio_columns, service_weight

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.catalog.catalog import DemandTable
    from simlab.models import Models


_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday = 0
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def scheme_input(catalog: Catalog, models: Models) -> SchemeInput:
    """The columns that schemes may use, in catalogue order."""
    costs = models.costs
    review = models.world.terms.review_period.astype(np.float64)
    taken, grid = models.parts, models.world.grid
    mean = models.world.demand.mean.astype(np.float64)
    mean_lead, cv_lead = _lead_times(models)
    if taken is not None and grid is not None:
        review = np.where(grid.split, taken.review_period_taken, review)
        mean_lead = np.where(grid.split, taken.lead_time_taken, mean_lead)
    adi, cv2_size = _intermittence(catalog, models)
    parts = catalog.parts.astype(np.float64)
    measures: dict[str, FloatArray] = {
        "unit_cost": np.asarray(costs.unit_cost * costs.cost_resolution * parts, dtype=np.float64),
        "holding_cost": np.asarray(costs.holding * (costs.cost_resolution / 100) * parts, dtype=np.float64),
        "holding_rate": np.asarray(costs.holding_rate, dtype=np.float64),
        "annual_units": np.asarray(models.annual_units / parts, dtype=np.float64),
        "annual_value": np.asarray(models.annual_value, dtype=np.float64),
        "cv": np.asarray(models.cv, dtype=np.float64),
        "mean_demand": np.asarray(mean / parts, dtype=np.float64),
        "review_periods": review,
        "mean_lead_time": mean_lead,
        "cv_lead_time": cv_lead,
        "adi": adi,
        "cv2_size": cv2_size,
        "order_size": np.where(np.isnan(costs.order_quantity), mean * review, costs.order_quantity) / parts,
    }
    numbers = in_file_units(catalog.numbers, catalog.parts)
    margins = margins_of(catalog, costs, models.annual_value)
    if margins is not None:
        unit = margins.weight * costs.cost_resolution * parts
        measures["unit_margin"] = np.asarray(unit, dtype=np.float64)
    service = deciding_weight(catalog, costs, models.annual_value)
    weight = service_weight({**numbers, **measures}, catalog.n_items, service)
    measures |= ratio_columns(measures, _sd_over_protection(models, review) / parts, weight)
    numbers = {**numbers, **{name: mapped.away(column, piece=True) for name, column in measures.items()}}
    texts: dict[str, npt.NDArray[np.object_]] = {
        name: column for name, column in catalog.texts.items() if name not in measures
    }
    return SchemeInput(catalog.sku, catalog.location, numbers, texts, service=service)


def _sd_over_protection(models: Models, review: FloatArray) -> FloatArray:
    """(n,) standard deviation of demand over R + L, units: periods independent of each other."""
    mean, variance = models.lead_time_moments
    law = models.world.demand
    return np.asarray(np.sqrt((review + mean) * law.variance + law.mean**2 * variance))


def _lead_times(models: Models) -> tuple[FloatArray, FloatArray]:
    """(n,) mean lead time in periods, and its coefficient of variation."""
    law = models.world.lead_time
    means = np.empty(law.start.size)
    cvs = np.zeros(law.start.size)
    for number, (start, length) in enumerate(zip(law.start.tolist(), law.length.tolist(), strict=True)):
        periods = law.periods[start : start + length].astype(np.float64)
        weights = law.weights[start : start + length].astype(np.float64)
        means[number] = np.average(periods, weights=weights)
        if means[number] > 0:
            variance = np.average((periods - means[number]) ** 2, weights=weights)
            cvs[number] = np.sqrt(variance) / means[number]
    return means[law.law], cvs[law.law]


def _intermittence(catalog: Catalog, models: Models) -> tuple[FloatArray, FloatArray]:
    """(n,) average inter-demand interval in periods and squared variation of the non-zero sizes.

    From the history (Syntetos & Boylan 2005); NaN for an item without demand or without history.
    """
    n = catalog.n_items
    table = catalog.demand
    if table is None or table.item.size == 0:
        return np.full(n, np.nan), np.full(n, np.nan)
    count, mean, variance = np.zeros(n), np.full(n, np.nan), np.full(n, np.nan)
    for rows in table.blocks():
        first, last = int(table.item[rows.start]), int(table.item[rows.stop - 1]) + 1
        own = slice(first, last)
        count[own], mean[own], variance[own] = _sizes(catalog, table, rows, first)
    with np.errstate(divide="ignore", invalid="ignore"):
        adi = np.maximum(models.n_observed / count, 1.0)
        cv2 = variance / mean**2
    return np.where(count > 0, adi, np.nan), np.where(count > 0, cv2, np.nan)


def _sizes(
    catalog: Catalog, table: DemandTable, rows: slice, first: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Periods with demand, mean and variance of their sizes, of the items that some rows are of."""
    item = table.item[rows] - first
    period = _period_of(table.dates(rows), catalog.study.period, catalog.study.week_starts)
    new = np.append(True, (np.diff(item) != 0) | (np.diff(period) != 0))  # rows are sorted
    size = np.add.reduceat(table.quantity[rows], np.flatnonzero(new), dtype=np.int64).astype(np.float64)
    n = int(item[-1]) + 1
    item, size = item[new][size > 0], size[size > 0]
    count = np.bincount(item, minlength=n).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(item, weights=size, minlength=n) / count
        return count, mean, np.bincount(item, weights=(size - mean[item]) ** 2, minlength=n) / count


def _period_of(date: DateArray, period: str, week_starts: str) -> IntArray:
    """Running number of the period a date lies in."""
    if period == "month":
        return date.astype("datetime64[M]").astype(np.int64)
    day = date.astype("datetime64[D]").astype(np.int64)
    if period == "day":
        return day
    return (day + _EPOCH_WEEKDAY - _WEEKDAYS.index(str(week_starts))) // 7
