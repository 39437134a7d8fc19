"""Levels that move with time because a forecast updated inside the run carries them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simlab.engine.kernel_types import MovingArrays
from simlab.errors import EngineFaultError

Mask = npt.NDArray[np.bool_]

if TYPE_CHECKING:
    from simlab.engine.types import CodeArray, FloatArray, IntArray, Levels

LARGEST_FACTOR = 1e6


class ForecastMethod(IntEnum):
    """How the mean demand of a period is forecast."""

    NONE = 0
    MOVING_AVERAGE = 1
    SMOOTHING = 2
    CROSTON = 3
    SBA = 4
    TSB = 5


@dataclass(frozen=True, eq=False)
class Forecast:
    """A forecast of every item's demand over its protection interval, and of its own error.

    Attributes
    ----------
    method : (n,) int8
        `ForecastMethod`; NONE: this item's levels do not move.
    alpha : (n,) float
        Smoothing of the level (SMOOTHING) or of the size of demands (CROSTON, SBA, TSB); 0 … 1.
    beta : (n,) float
        Smoothing of the interval between demands (CROSTON, SBA) or of their share of periods (TSB).
    error_alpha : (n,) float
        Smoothing of the squared error.
    window : (n,) int64
        Periods of a moving average, ≥ 1.
    interval : (n,) float
        Periods to protect, R + E[L] > 0.
    lead_variance : (n,) float
        Variance of the lead time, periods².
    level, share, error : (n,) float
        Warm start: mean demand of a period (units), share of periods with demand (0 … 1, above 0) and
        standard deviation of the demand over the interval (units), before anything was seen.
    factor : (n, k) float
        Safety factor of each column.
    season : (n, c) float, optional
        Seasonal indices > 0 by phase of `Levels.phase`'s calendar, mean 1; SMOOTHING only: demand is
        divided by its index before, the forecast multiplied by those of the periods to come.

    Notes
    -----
    Before the review of period t only demands of periods 0 … t − 1 are known. With f the forecast of a
    period's demand, P the interval and n its nearest whole number (at least 1):

    - MOVING_AVERAGE: mean of the last `window` demands; periods before the first count as `level`.
    - SMOOTHING: f ← f + α·(d − f).
    - CROSTON: at demands, size z ← z + α·(d − z) and interval q ← q + β·(gap − q); f = z/q.
      SBA: f = (1 − β/2)·z/q. TSB: f = p·z with p ← p + β·([d > 0] − p) in every period.
    - error: v ← v + γ·(e² − v), e the demand of the last n periods less what was forecast for them
      n periods ago; v starts from `error`² · n/P.

    The level of a review is ``order_up_to + ⌈f·P + factor·√(v·P/n + f²·lead_variance)⌉``. Forecast and error
    do not depend on the column. Only + − × ÷ √ in a fixed order: the same bits on every CPU.

    References
    ----------
    Croston (1972), Forecasting and stock control for intermittent demands. Syntetos & Boylan (2005), The
    accuracy of intermittent demand estimates. Teunter, Syntetos & Babai (2011), Intermittent demand:
    linking forecasting to inventory obsolescence.
    """

    method: CodeArray
    alpha: FloatArray
    beta: FloatArray
    error_alpha: FloatArray
    window: IntArray
    interval: FloatArray
    lead_variance: FloatArray
    level: FloatArray
    share: FloatArray
    error: FloatArray
    factor: FloatArray
    season: FloatArray | None = None

    @property
    def moves(self) -> Mask:
        """(n,) items that are forecast."""
        return np.asarray(self.method != ForecastMethod.NONE)

    def take(self, rows: IntArray) -> Forecast:
        """The forecasts of some items."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: one[rows] for name, one in columns.items() if one is not None})

    def check(self, n_items: int, n_columns: int) -> None:
        """Refuse what the kernels could not survive."""
        if self.factor.shape != (n_items, n_columns) or self.method.shape != (n_items,):
            raise EngineFaultError("a forecast needs one line per item and one factor per item and column")
        moves = self.moves
        unit = {"alpha": self.alpha, "beta": self.beta, "error_alpha": self.error_alpha, "share": self.share}
        wrong: dict[str, Any] = {
            f"{name} lies in 0 … 1": ~((one >= 0) & (one <= 1)) for name, one in unit.items()
        }
        wrong["the share of periods with demand is above 0"] = ~(self.share > 0)
        wrong["the method is known"] = ~np.isin(self.method, [int(one) for one in ForecastMethod])
        wrong["the window is at least 1"] = self.window < 1
        wrong["the interval is above 0"] = ~((self.interval > 0) & np.isfinite(self.interval))
        amounts = (self.level, self.error, self.lead_variance)
        wrong["warm start and lead-time variance are finite and at least 0"] = np.any(
            [~((one >= 0) & np.isfinite(one)) for one in amounts], axis=0
        )
        wrong["factors are finite"] = ~(np.abs(self.factor) <= LARGEST_FACTOR).all(axis=1)
        if self.season is not None:
            seasonal = (self.season != 1.0).any(axis=1)
            wrong["seasonal indices are above 0"] = ~((self.season > 1e-6) & (self.season < 1e6)).all(axis=1)
            wrong["seasonal indices go with smoothing"] = seasonal & (self.method != ForecastMethod.SMOOTHING)
        for text, bad in wrong.items():
            if (bad & moves).any():
                raise EngineFaultError(f"item {int(np.argmax(bad & moves))}: {text}")


def moving_arrays(levels: Levels) -> MovingArrays:
    """What the recorder adds to the levels, period by period."""
    n, k = levels.n_items, levels.n_columns
    offset = levels.offset
    if offset is None:
        offset = np.zeros((n, 1, 1), np.int64)
    offset = np.ascontiguousarray(np.broadcast_to(offset, (n, k, offset.shape[2])).astype(np.int64))
    forecast = levels.forecast
    if forecast is None:
        none, zero, one = np.zeros(n, np.int64), np.zeros(n), np.ones((n, 1))
        plain = (none, none, none, *(zero,) * 8, one, one, one, np.zeros((n, k)))
        return MovingArrays(offset, levels.phase, *plain)
    season = np.ones((n, 1)) if forecast.season is None else forecast.season.astype(np.float64)
    span = np.maximum(np.rint(forecast.interval), 1.0).astype(np.int64)
    return MovingArrays(
        offset,
        levels.phase,
        forecast.method.astype(np.int64),
        forecast.window.astype(np.int64),
        span,
        forecast.alpha.astype(np.float64),
        forecast.beta.astype(np.float64),
        forecast.error_alpha.astype(np.float64),
        forecast.interval / span,
        forecast.lead_variance.astype(np.float64),
        forecast.level.astype(np.float64),
        forecast.share.astype(np.float64),
        forecast.error * forecast.error * (span / forecast.interval),
        np.ascontiguousarray(season),
        ahead(season, forecast.interval),
        ahead(season, span.astype(np.float64)),
        np.ascontiguousarray(forecast.factor.astype(np.float64)),
    )


def ahead(season: FloatArray, interval: FloatArray) -> FloatArray:
    """(n, c) indices added up over the interval that begins in each phase, a last part period in part."""
    n, cycle = season.shape
    out = np.zeros((n, cycle))
    whole = np.floor(interval).astype(np.int64)
    for step in range(int(whole.max(initial=0)) + 1):
        share = np.clip(interval - step, 0.0, 1.0)
        out += share[:, None] * np.roll(season, -(step % cycle), axis=1)
    return out


def check_moves(levels: Levels) -> None:
    """Refuse movements that cannot be."""
    n, k = levels.n_items, levels.n_columns
    cycles = set()
    if levels.offset is not None:
        if levels.offset.ndim != 3 or levels.offset.shape[0] != n or levels.offset.shape[1] not in (1, k):
            raise EngineFaultError("offsets of levels have shape (items, 1 or columns, cycle)")
        cycles |= {levels.offset.shape[2]} - {1}  # one that never changes fits any calendar
    if levels.forecast is not None:
        levels.forecast.check(n, k)
        if levels.forecast.season is not None:
            cycles.add(levels.forecast.season.shape[1])
    if any(not 0 <= levels.phase < cycle for cycle in cycles) or (not cycles and levels.phase != 0):
        raise EngineFaultError("the phase of period 0 lies in 0 … cycle - 1")
