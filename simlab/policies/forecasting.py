"""Levels that follow a forecast: updated inside the run, or taken from the user's own system."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.engine.moving import Forecast, ForecastMethod
from simlab.engine.types import Family, FloatArray, IntArray, Levels
from simlab.errors import InvalidInputError, Problem, UsageError
from simlab.policies.normal import safety_factors
from simlab.policies.transforms import no_demand

if TYPE_CHECKING:
    from simlab.models import Models
    from simlab.policies.exact import Measure
    from simlab.study.sections import ForecastSpec

FORECAST = "forecast"
METHODS = {
    "ma": ForecastMethod.MOVING_AVERAGE,
    "ses": ForecastMethod.SMOOTHING,
    "croston": ForecastMethod.CROSTON,
    "sba": ForecastMethod.SBA,
    "tsb": ForecastMethod.TSB,
}
WORDS = {
    "ma": "moving average",
    "ses": "exponential smoothing",
    "croston": "Croston's method",
    "sba": "the Syntetos-Boylan approximation",
    "tsb": "the Teunter-Syntetos-Babai method",
    "given": "forecasts of your own system",
}
MEAN, ERROR = "forecast_mean", "forecast_error_sd"
_LEAST_SHARE = 1e-6
_TIE = 1e-9


def forecast_levels(
    models: Models, targets: FloatArray, measure: Measure, planning: str, spec: ForecastSpec
) -> tuple[Levels, str]:
    """(R,S) with S = forecast over R + E[L] + safety factor × its standard error, and how it was planned.

    Parameters
    ----------
    models : Models
        n items.
    targets : (n, k) float
        In (0, 1).
    measure : {"fill_rate", "cycle_service_level"}
        What the targets are of.
    planning : str
        Must be "normal": the factor is z of the textbook formula. What it achieves stands beside it;
        `optimize` searches over the factors of its whole grid.
    spec : ForecastSpec
        Method and smoothing.

    Raises
    ------
    UsageError
        Another planning.
    InvalidInputError
        ``method = "given"`` without the items' columns.
    """
    if planning != "normal":
        raise UsageError('a forecast has no exact plan: say planning = "normal"')
    if spec.method == "given":
        return _given(models, targets, measure), "your forecast, normal"
    demand, review = models.world.demand, models.world.terms.review_period
    mean_lead, lead_variance = models.lead_time_moments
    spread = np.sqrt((review + mean_lead) * demand.variance + demand.mean**2 * lead_variance)
    factor = safety_factors(spread, targets, measure, demand.mean * review)
    return following(models, spec, factor), f"forecast ({spec.method}), normal"


def following(models: Models, spec: ForecastSpec, factor: FloatArray) -> Levels:
    """Levels that follow the forecast at given safety factors.

    Notes
    -----
    The order-up-to level in the table is that of the warm start, at which every path begins: mean and
    variance of the item's law, as the history tells them. The engine moves it from there.
    """
    start = warm_start(models, spec, factor)
    top = start_levels(start)
    n, k = factor.shape
    family = np.full(n, Family.ORDER_UP_TO, np.int8)
    return Levels(family, top - 1, top, np.zeros((n, k), np.int64), -top[:, :, None], start)


def warm_start(models: Models, spec: ForecastSpec, factor: FloatArray) -> Forecast:
    """The forecast of every item before anything was seen."""
    demand, n = models.world.demand, models.n_items
    mean_lead, lead_variance = models.lead_time_moments
    interval = models.world.terms.review_period + mean_lead
    alive = demand.mean > 0
    share = np.clip(np.where(alive, 1.0 - no_demand(demand), 1.0), _LEAST_SHARE, 1.0)
    beta = spec.alpha if spec.beta is None else spec.beta
    return Forecast(
        method=np.full(n, METHODS[spec.method], np.int8),
        alpha=np.full(n, spec.alpha),
        beta=np.full(n, beta),
        error_alpha=np.full(n, spec.error_alpha),
        window=np.full(n, spec.window, np.int64),
        interval=interval,
        lead_variance=lead_variance,
        level=np.asarray(demand.mean, np.float64),
        share=share,
        error=np.sqrt(interval * demand.variance),
        factor=np.ascontiguousarray(factor),
    )


def start_levels(start: Forecast) -> IntArray:
    """(n, k) order-up-to level of the warm start, units."""
    error = np.sqrt(start.error**2 + start.level**2 * start.lead_variance)
    top = (start.level * start.interval)[:, None] + start.factor * error[:, None]
    return np.ceil(top - _TIE).astype(np.int64)


def _given(models: Models, targets: FloatArray, measure: Measure) -> Levels:
    """Constant levels from the forecast and error per period that the items table states."""
    mean, sd = stated_forecasts(models)
    mean_lead, lead_variance = models.lead_time_moments
    interval = models.world.terms.review_period + mean_lead
    spread = np.sqrt(interval * sd**2 + mean**2 * lead_variance)
    lot = mean * models.world.terms.review_period
    factor = safety_factors(spread, targets, measure, lot)
    top = np.ceil((mean * interval)[:, None] + factor * spread[:, None] - _TIE).astype(np.int64)
    family = np.full(models.n_items, Family.ORDER_UP_TO, np.int8)
    return Levels(family, top - 1, top, np.zeros_like(top))


def stated_forecasts(models: Models) -> tuple[FloatArray, FloatArray]:
    """(n,) mean and (n,) standard error of a period's forecast, as the items table states them.

    Raises
    ------
    InvalidInputError
        SKU-locations without either.
    """
    mean, sd = (models.forecasts[name] for name in (MEAN, ERROR))
    wrong = ~(np.isfinite(mean) & np.isfinite(sd))
    if wrong.any():
        rows = np.flatnonzero(wrong)
        names = ", ".join(f"{models.sku[row]}@{models.location[row]}" for row in rows[:5])
        more = f" and {rows.size - 5} more" if rows.size > 5 else ""
        fix = f"fill {MEAN} and {ERROR} in items: units per period, and the standard error of one period"
        what = f'policy.forecast.method = "given" finds no forecast for {names}{more}'
        raise InvalidInputError([Problem("E-POL-003", what, "items", column=MEAN, fix=fix)])
    return mean, sd
