"""Levels that follow a forecast: updated inside the run, or taken from the user's own system."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.engine.prepare.arrays import ahead
from simlab.engine.world.levels import Family, Forecast, ForecastMethod, Levels
from simlab.errors import InvalidInputError, Problem, UsageError
from simlab.models import marginal
from simlab.policies.levels.floors import lifted
from simlab.policies.levels.normal import safety_factors
from simlab.policies.sums.transforms import no_demand

if TYPE_CHECKING:
    from simlab.models import Models
    from simlab.policies.levels.exact import Measure
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
    "constant": "mean and spread of the fitted law",
}
MEAN, ERROR = "forecast_mean", "forecast_error_sd"
_LEAST_SHARE = 1e-6
_LEAST_INDEX = 0.05
_TIE = 1e-9
_HALF = 0.5  # a unit, by which a level is rounded up on average
_LEAST_SPREAD = 0.1  # of the mean spread


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
    named = f"{spec.method}, seasonal" if spec.seasonal else spec.method
    if spec.method in ("given", "constant"):
        word = named.replace("given", "your forecast") if spec.method == "given" else f"forecast ({named})"
        return _still(models, targets, measure, spec), f"{word}, normal"
    (mean, variance), review = _of_law(models, spec), models.world.terms.review_period
    mean_lead, lead_variance = models.lead_time_moments
    spread = np.sqrt((review + mean_lead) * variance + mean**2 * lead_variance)
    factor = safety_factors(spread, targets, measure, mean * review)
    return following(models, spec, factor), f"forecast ({named}), normal"


def following(models: Models, spec: ForecastSpec, factor: FloatArray) -> Levels:
    """Levels that follow the forecast at given safety factors.

    Notes
    -----
    The order-up-to level in the table is that of the warm start, at which every path begins: mean and
    variance of the item's law, as the history tells them. The engine moves it from there.
    """
    start = warm_start(models, spec, factor)
    season, phase = seasonal_indices(models) if spec.seasonal else (None, 0)
    start = replace(start, season=season)
    top = start_levels(start, phase)
    n, k = factor.shape
    family = np.full(n, Family.ORDER_UP_TO, np.int8)
    return Levels(family, top - 1, top, np.zeros((n, k), np.int64), -top[:, :, None], start, phase)


def seasonal_indices(models: Models) -> tuple[FloatArray | None, int]:
    """(n, cycle) indices of every item by calendar phase, and the phase of the first period of a run.

    None where no season is believed. They are the profiles that demand is drawn with, estimated from the
    history; a planner knows them as they are, 0.05 at least.
    """
    seasons = models.world.demand.seasons
    if seasons is None:
        return None, 0
    table = np.vstack([seasons.multipliers, np.ones(seasons.cycle)])
    return np.maximum(table[seasons.profile], _LEAST_INDEX), int(seasons.phase)


def warm_start(models: Models, spec: ForecastSpec, factor: FloatArray) -> Forecast:
    """The forecast of every item before anything was seen."""
    (mean, variance), n = _of_law(models, spec), models.n_items
    mean_lead, lead_variance = models.lead_time_moments
    interval = models.world.terms.review_period + mean_lead
    share = np.where(mean > 0, 1.0 - no_demand(marginal(models.world.demand)), 1.0)
    share = np.clip(share, _LEAST_SHARE, 1.0)
    beta = spec.alpha if spec.beta is None else spec.beta
    return Forecast(
        method=np.full(n, METHODS[spec.method], np.int8),
        alpha=np.full(n, spec.alpha),
        beta=np.full(n, beta),
        error_alpha=np.full(n, spec.error_alpha),
        window=np.full(n, spec.window, np.int64),
        interval=interval,
        lead_variance=lead_variance,
        level=mean,
        share=share,
        error=np.sqrt(interval * variance),
        factor=np.ascontiguousarray(factor),
    )


def start_levels(start: Forecast, phase: int = 0) -> IntArray:
    """(n, k) order-up-to level of the warm start in a phase of the calendar, units."""
    periods = start.interval if start.season is None else ahead(start.season, start.interval)[:, phase]
    error = np.sqrt(start.error**2 + start.level**2 * start.lead_variance)
    top = (start.level * periods)[:, None] + start.factor * error[:, None]
    return np.ceil(top - _TIE).astype(np.int64)


def _still(models: Models, targets: FloatArray, measure: Measure, spec: ForecastSpec) -> Levels:
    """Levels from a forecast that is not updated, and its error per period."""
    mean, sd = _of_a_period(models, spec)
    mean_lead, lead_variance = models.lead_time_moments
    interval = models.world.terms.review_period + mean_lead
    spread = np.sqrt(interval * sd**2 + mean**2 * lead_variance)
    lot = mean * models.world.terms.review_period
    factor = safety_factors(spread, targets, measure, lot)
    phase = _first_phase(models, spec)
    expected = _expected(models, spec, mean, interval)[:, phase]
    ahead_of_it = _spreads(models, spec)
    now = spread if ahead_of_it is None else np.where(ahead_of_it.moves, ahead_of_it.own[:, phase], spread)
    top = np.ceil(expected[:, None] + factor * now[:, None] - _TIE).astype(np.int64)
    top, _ = lifted(models, top, 1)
    top = np.where(models.never_ordered[:, None], 0, top)
    offset, _ = calendar_offsets(models, spec, top)
    if offset is not None:
        offset = np.where(models.never_ordered[:, None, None], 0, offset)
    family = np.full(models.n_items, Family.ORDER_UP_TO, np.int8)
    return Levels(family, top - 1, top, np.zeros_like(top), offset, phase=phase)


def calendar_offsets(models: Models, spec: ForecastSpec, top: IntArray) -> tuple[IntArray | None, int]:
    """Units by which levels of a forecast that is not updated move from period to period, and the phase.

    Parameters
    ----------
    models : Models
        n items.
    spec : ForecastSpec
    top : (n, k) int64
        Order-up-to levels of the phase in which the run begins.

    Notes
    -----
    (n, 1, cycle): expected demand over R + E[L] from each phase less that from the phase in which the run
    begins, to the nearest unit. Where the stated error moves, the safety stock is times σ of each phase ÷ σ
    of the first, σ the standard error of the sum over R + E[L] from there: the factor stays. It is read off
    the level (less the half unit by which levels are rounded up on average), so that whoever knows a level
    of a plan knows how it moves. It then differs by column: (n, k, cycle).
    """
    phase = _first_phase(models, spec)
    mean, _ = _of_a_period(models, spec)
    mean_lead, _ = models.lead_time_moments
    expected = _expected(models, spec, mean, models.world.terms.review_period + mean_lead)
    if expected.shape[1] == 1:
        return None, 0
    moved = (expected - expected[:, phase, None])[:, None, :]
    spreads = _spreads(models, spec)
    if spreads is None or not spreads.moves.any():
        return np.rint(moved).astype(np.int64), phase
    stock = np.where(spreads.moves[:, None], top - _HALF - expected[:, phase, None], 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(spreads.moves[:, None], spreads.own / spreads.own[:, phase, None] - 1.0, 0.0)
    return np.rint(moved + stock[:, :, None] * share[:, None, :]).astype(np.int64), phase


@dataclass(frozen=True, eq=False)
class _Spreads:
    """(n, cycle) standard error of the sum over R + E[L] from each phase, and (n,) where it moves."""

    own: FloatArray
    moves: BoolArray


def _spreads(models: Models, spec: ForecastSpec) -> _Spreads | None:
    """Errors of sums that move with the stated errors of periods; None where none of them moves.

    Where that of the first phase is below `_LEAST_SPREAD` of the mean one, nothing can be read off a level
    in whole units, and the safety stock stays.
    """
    paths = models.paths if spec.method == "given" else None
    if paths is None or not paths.spread_moves.any():
        return None
    mean, _ = _of_a_period(models, spec)
    mean_lead, lead_variance = models.lead_time_moments
    square = ahead(paths.period_sd**2, models.world.terms.review_period + mean_lead)
    own = np.sqrt(square + (mean**2 * lead_variance)[:, None])
    usual = np.sqrt((own**2).mean(axis=1))
    moves = paths.spread_moves & (own[:, 0] > _LEAST_SPREAD * usual)
    return _Spreads(own, np.asarray(moves))


def _first_phase(models: Models, spec: ForecastSpec) -> int:
    """Phase of the calendar in which a run begins: a forecast table begins with it."""
    if spec.method == "given" and models.paths is not None and models.paths.moves:
        return 0
    return seasonal_indices(models)[1] if spec.seasonal else 0


def _expected(models: Models, spec: ForecastSpec, mean: FloatArray, interval: FloatArray) -> FloatArray:
    """(n, cycle) expected demand of the interval from each phase on; one phase where nothing moves."""
    paths = models.paths if spec.method == "given" else None
    if paths is not None and paths.moves:
        path = np.where(paths.mask[:, None], paths.path, mean[:, None])
        return ahead(path, interval)
    season, _ = seasonal_indices(models) if spec.seasonal else (None, 0)
    if season is None:
        return np.asarray((mean * interval)[:, None])
    return np.asarray(mean[:, None] * ahead(season, interval))


def _of_a_period(models: Models, spec: ForecastSpec) -> tuple[FloatArray, FloatArray]:
    """(n,) mean and (n,) standard error of a period whose seasonal index is 1."""
    if spec.method == "given":
        return stated_forecasts(models)
    mean, variance = _of_law(models, spec)
    return mean, np.sqrt(variance)


def _of_law(models: Models, spec: ForecastSpec) -> tuple[FloatArray, FloatArray]:
    """(n,) mean and (n,) variance by the law: of any period, or of index 1 where the season is known."""
    law, plain = models.world.demand, marginal(models.world.demand)
    mean, variance = plain.mean, plain.variance
    if spec.seasonal and law.seasons is not None:
        known = law.seasons.profile >= 0
        mean, variance = np.where(known, law.mean, mean), np.where(known, law.variance, variance)
    return np.asarray(mean, np.float64), np.asarray(variance, np.float64)


def expected_at_start(models: Models, spec: ForecastSpec) -> FloatArray:
    """(n,) mean demand of R + E[L] from the first period of a run on, by the law."""
    mean, _ = _of_law(models, spec)
    interval = models.world.terms.review_period + models.lead_time_moments[0]
    if models.paths is not None and spec.method == "given":
        return _expected(models, spec, mean, interval)[:, 0]
    season, phase = seasonal_indices(models) if spec.seasonal else (None, 0)
    return np.asarray(mean * (interval if season is None else ahead(season, interval)[:, phase]))


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
