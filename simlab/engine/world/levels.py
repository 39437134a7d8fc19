"""Control levels of a policy and the forecasts that move them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simlab.arrays import BoolArray, CodeArray, IntArray
from simlab.errors import EngineFaultError
from simlab.register.families import Family as Family

if TYPE_CHECKING:
    from simlab.arrays import FloatArray
    from simlab.engine.world.policy import OrderPolicy


@dataclass(frozen=True, eq=False)
class Levels:
    """Control levels of every item in every column (a target, or a reference point).

    Attributes
    ----------
    family : (n,) int8
        `Family`; one rule per item, the same in every column.
    reorder_point, order_up_to, order_quantity : (n, k) int64
        s, S and Q. (R,S) uses S alone: it orders whenever the position is below S (s = S − 1, Q = 0).
        (R,s,nQ) uses s and Q ≥ 1 (S = s + Q); (R,s,S) uses s and S (Q = S − s).
    offset : (n, 1 or k, cycle) int64, optional
        Moving levels: units added to s and S in the periods of each phase of a calendar cycle. One middle
        row serves all columns. Where the level falls below the position nothing is ordered, and
        nothing is sent back.
    forecast : Forecast, optional
        Moving levels: a forecast updated inside the run, added to s and S.
    phase : int
        Phase of the calendar in period 0, the first one run (as of seasonal demand).
    policy : callable, optional
        A user's own rule (`custom.OrderPolicy`) that decides what every item orders; s, S and Q are its
        parameters, and paths begin as for `family`.
    """

    family: CodeArray
    reorder_point: IntArray
    order_up_to: IntArray
    order_quantity: IntArray
    offset: IntArray | None = None
    forecast: Forecast | None = None
    phase: int = 0
    policy: OrderPolicy | None = None

    @property
    def n_items(self) -> int:
        return int(self.family.size)

    @property
    def n_columns(self) -> int:
        return int(self.order_up_to.shape[1])

    def take(self, rows: IntArray) -> Levels:
        """The levels of some items."""
        return Levels(
            self.family[rows],
            self.reorder_point[rows],
            self.order_up_to[rows],
            self.order_quantity[rows],
            None if self.offset is None else self.offset[rows],
            None if self.forecast is None else self.forecast.take(rows),
            self.phase,
            self.policy,
        )

    def columns(self, at: IntArray) -> Levels:
        """Some of the columns: (c,) numbers for all items, or (n, c) numbers by item."""
        by_item = np.broadcast_to(at, (self.n_items, np.shape(at)[-1]))
        tables = (self.reorder_point, self.order_up_to, self.order_quantity)
        offset, forecast = self.offset, self.forecast
        if offset is not None and offset.shape[1] > 1:
            offset = np.take_along_axis(offset, by_item[:, :, None], axis=1)
        if forecast is not None:
            forecast = replace(forecast, factor=np.take_along_axis(forecast.factor, by_item, axis=1))
        s, S, Q = (np.take_along_axis(table, by_item, axis=1) for table in tables)
        return Levels(self.family, s, S, Q, offset, forecast, self.phase, self.policy)

    def shifts(self) -> npt.NDArray[np.bool_]:
        """(n,) whether columns differ by one constant only, so that one path serves them all."""
        gap = self.order_up_to - self.reorder_point
        same = (gap == gap[:, :1]) & (self.order_quantity == self.order_quantity[:, :1])
        return np.asarray(same.all(axis=1) & self.moves_alike())

    def moves(self) -> npt.NDArray[np.bool_]:
        """(n,) items whose levels move with time."""
        moving = np.zeros(self.n_items, np.bool_)
        if self.offset is not None:
            moving |= (self.offset != 0).any(axis=(1, 2))
        return moving if self.forecast is None else moving | self.forecast.moves

    def moves_alike(self) -> npt.NDArray[np.bool_]:
        """(n,) items whose levels move by the same units at all columns; none under a user's own rule."""
        alike = np.full(self.n_items, self.policy is None)
        if self.offset is not None:
            alike &= (self.offset == self.offset[:, :1]).all(axis=(1, 2))
        if self.forecast is not None:
            factor = self.forecast.factor
            alike &= (factor == factor[:, :1]).all(axis=1) | ~self.forecast.moves
        return alike


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
    def moves(self) -> BoolArray:
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
