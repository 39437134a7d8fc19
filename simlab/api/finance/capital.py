"""Capital over time: from today's stock and pipeline to the new plan, week by week, with bands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.data.dead_stock import dead_stock
from simlab.api.show import COLOURS, _canvas, spread
from simlab.arrays import FloatArray
from simlab.engine.recorder.periods import TimeProfile
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Start
from simlab.execution import Progress, run_curves
from simlab.execution.profiles import run_profile
from simlab.measures import ALL, format_money, format_rate, mean_estimate, ratio_estimate
from simlab.models.terms import moving_part, still_of, stock_record, whole_units

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from simlab.api.plans.outcome import Outcome


REPLICATIONS = 100
FEWEST = 40

_WORK = 30_000_000
"""SKU-location-periods that the time profile simulates at most, as long as `FEWEST` allow it."""
_BAND = (0.05, 0.95)


@dataclass(frozen=True, eq=False, repr=False)
class Capital:
    """Stock and purchases from today on, under the chosen plan.

    Attributes
    ----------
    frame : DataFrame
        One row per period from 0 on: mean over replications, and the band in which nine of ten
        single replications lie (quantiles of the total, never summed from items).
    start : float
        Money in stock and on order before the first period.
    end : float
        Mean inventory value of the last tenth of the window.
    half_released, released : int or None
        First period in which half, and 95 %, of the difference between start and end is gone.
    peak, peak_p95 : float
        Largest money in stock and on order over the window: mean, and 95 % quantile over replications.
    capital_cost : float
        At `costs.capital_rate` on stock and pipeline over the window; NaN without a rate.
    from_record : bool
        Whether the start is the stock record; else the habit's mean stock and pipeline.
    period : str
        day, week or month.
    currency : str
    """

    frame: pd.DataFrame
    start: float
    end: float
    half_released: int | None
    released: int | None
    peak: float
    peak_p95: float
    capital_cost: float
    from_record: bool
    period: str
    currency: str

    def to_frame(self) -> pd.DataFrame:
        """One row per period."""
        return self.frame

    def plot(self) -> Figure:
        """Stock value from today on with its band, and what is bought."""
        return plot_capital(self)

    def __repr__(self) -> str:
        return " ".join(self.statements())

    def _repr_html_(self) -> str:
        from simlab.api.show import describe

        return describe(f"{self!r} Money in {self.currency}.", self.frame)

    def statements(self) -> tuple[str, ...]:
        """What happens to capital, in sentences."""
        money = [format_money(x, self.currency) for x in (self.frame["inventory_value"].iloc[0], self.end)]
        source = (
            "today's stock record"
            if self.from_record
            else ("the mean stock and pipeline of the A 98 / B 95 / C 90 habit (no stock record was given)")
        )
        names = ("half of the way", "95 % of it")
        reached = [
            f"{name} after {at} {self.period}{'s' if at != 1 else ''}"
            for name, at in zip(names, (self.half_released, self.released), strict=True)
            if at is not None
        ]
        speed = f" ({', '.join(reached)}; excess only sells off)" if reached else ""
        worst = int(np.nanargmin(self.frame["fill_rate"]))
        lines = [
            f"From {source} the stock goes from {money[0]} in the first {self.period} to {money[1]}{speed}; "
            f"on the way the fill rate is lowest in {self.period} {worst + 1}: "
            f"{format_rate(float(self.frame['fill_rate'].iloc[worst]))}.",
            f"Stock and orders under way together peak at {format_money(self.peak, self.currency)} on "
            f"average ({format_money(self.peak_p95, self.currency)} in one of twenty cases).",
        ]
        lines.append(
            "Orders under way are taken to arrive together, one lead time from now: where they are spread "
            "out, the dip in service is smaller."
        )
        if np.isfinite(self.capital_cost):
            cost = format_money(self.capital_cost, self.currency)
            lines.append(f"Capital for stock and orders under way costs {cost} over the window.")
        return tuple(lines)


def capital(opt: Outcome, progress: Progress | None = None) -> Capital:
    """Stock, pipeline and purchases per period under the chosen plan, started from today."""
    start, from_record = start_of(opt)
    horizon = opt.settings.horizon("verdict", 0)
    able = max(FEWEST, _WORK // (opt.data.catalog.n_items * horizon.periods))
    horizon = replace(horizon, replications=min(REPLICATIONS, able, opt.settings.verdict_replications))
    costs, models = opt.data.models.costs, opt.data.models
    start = moving_part(start, still_of(models.world.demand, models.least_level))
    dead = dead_stock(opt.data).value
    profile = run_profile(
        opt.data.models.world,
        opt.solved.kept["segmented"],
        horizon,
        np.zeros(costs.unit_cost.size, dtype=np.int64),
        costs.unit_cost,
        n_groups=1,
        start=start,
        workers=opt.settings.workers,
        progress=progress,
        stage="capital over time",
    )
    units = float(((start.on_hand.clip(0) + start.on_order) * costs.unit_cost).sum())
    return _of_profile(opt, profile, units * costs.cost_resolution + dead, from_record, dead)


def start_of(opt: Outcome) -> tuple[Start, bool]:
    """Today's stock and pipeline; without a stock record, the habit's means in the long run."""
    record = stock_record(opt.data.catalog)
    if record is not None:
        return record, True
    return _habit_start(opt, opt.references.levels["habit"]), False


def _habit_start(opt: Outcome, levels: Levels) -> Start:
    horizon = replace(opt.settings.horizon("search", opt.warmup), slots=1)
    horizon = replace(horizon, replications=min(REPLICATIONS, horizon.replications))
    curves = run_curves(opt.data.models.world, levels, horizon, workers=opt.settings.workers)
    exposure = horizon.exposure * opt.settings.parts * horizon.replications
    shelf = (curves.on_hand[:, 0, 0] - curves.backorders[:, 0, 0]) / exposure
    return Start(whole_units(np.maximum(shelf, 0.0)), whole_units(curves.on_order[:, 0, 0] / exposure))


def _of_profile(opt: Outcome, profile: TimeProfile, start: float, from_record: bool, dead: float) -> Capital:
    """The time profile in money; dead stock is in all stock, and in a column of its own."""
    import pandas as pd

    resolution = opt.data.models.costs.cost_resolution
    parts = opt.settings.parts  # what a period holds is summed over its parts
    stock = (profile.stock_start_value + profile.stock_value)[0, 0] * (resolution / (2 * parts)) + dead
    under_way = profile.on_order_value[0, 0] * (resolution / parts)
    bought = profile.purchases_value[0, 0] * resolution
    demanded = profile.demanded[0, 0].sum(axis=0)
    frame = pd.DataFrame(
        {
            "period": np.arange(stock.shape[1]),
            **_with_band("inventory_value", stock),
            **_with_band("purchases", bought),
            **_with_band("on_order_value", under_way),
            "fill_rate": np.divide(
                profile.served[0, 0].sum(axis=0),
                demanded,
                out=np.full(demanded.size, np.nan),
                where=demanded > 0,
            ),
            "dead_stock": np.full(demanded.size, dead),
        }
    )
    mean = stock.mean(axis=0)
    end = float(mean[-max(1, mean.size // 10) :].mean())
    tied = stock + under_way
    peaks = tied.max(axis=1)
    rates = opt.data.study.optimize.costs
    rate = float("nan") if rates is None or rates.capital_rate is None else rates.capital_rate
    years = stock.shape[1] / opt.data.study.periods_per_year
    return Capital(
        frame,
        start,
        end,
        _gone(mean, end, 0.5),
        _gone(mean, end, 0.05),
        float(peaks.mean()),
        float(np.quantile(peaks, 0.95)),
        float(tied.mean()) * rate * years,
        from_record,
        opt.data.study.period,
        opt.data.study.currency,
    )


def _with_band(name: str, table: FloatArray) -> dict[str, FloatArray]:
    low, high = np.quantile(table, _BAND, axis=0)
    return {name: table.mean(axis=0), f"{name}_low": low, f"{name}_high": high}


def _gone(mean: FloatArray, end: float, left: float) -> int | None:
    """First period in which no more than this share of the first distance to the end is left."""
    away = np.abs(mean - end)
    if away[0] <= 0.01 * abs(end):
        return None
    near = np.flatnonzero(away <= left * away[0])
    return int(near[0]) if near.size else None


def now_of(opt: Outcome) -> str:
    """The plan that stands for now: today's levels where every SKU-location has them, else the habit."""
    return "today" if "today" in opt.verdict else "habit"


def capital_by_segment(opt: Outcome) -> pd.DataFrame:
    """One row per segment and one for all: mean inventory value now and proposed, and the change.

    Both plans run on the verdict seed, so that the change is paired. ``stock_record`` is today's stock
    as recorded, at unit cost; NaN without a record. All money in the study's currency.
    """
    import pandas as pd

    names, sizes = opt.segmentation.names, opt.segmentation.sizes
    recorded = _recorded(opt)
    rows = [_row(opt, name, [row], int(sizes[row]), recorded[row]) for row, name in enumerate(names)]
    rows.append(_row(opt, ALL, list(range(len(names))), int(sizes.sum()), recorded.sum()))
    return pd.DataFrame(rows)


def _row(opt: Outcome, name: str, cells: list[int], n_items: int, recorded: float) -> dict[str, Any]:
    kind, level = now_of(opt), opt.settings.level
    money = opt.settings.scale(opt.data.study).value
    before, after = ({key: _of(opt, plan, key, cells) for key in _KEYS} for plan in (kind, "segmented"))
    stock = {plan: one["stock_value"] * money for plan, one in (("now", before), ("plan", after))}
    fill = [ratio_estimate(one["served"], one["demanded"], level) for one in (before, after)]
    return {
        "segment": name,
        "n_items": n_items,
        "now": kind,
        "target": opt.target_of("segmented", None if name == ALL else cells[0]),
        **spread("inventory_value_now", mean_estimate(stock["now"], level)),
        **spread("inventory_value", mean_estimate(stock["plan"], level)),
        **spread("change", mean_estimate(stock["plan"] - stock["now"], level)),
        **spread("fill_rate_now", fill[0]),
        **spread("fill_rate", fill[1]),
        "stock_record": recorded,
    }


_KEYS = ("stock_value", "served", "demanded")


def _of(opt: Outcome, plan: str, name: str, cells: list[int]) -> Any:
    return getattr(opt.verdict[plan], name)[0, cells].sum(axis=0)


def _recorded(opt: Outcome) -> Any:
    """(n_segments,) money of today's stock as recorded; NaN without a record."""
    record, n = stock_record(opt.data.catalog), opt.segmentation.n_segments
    if record is None:
        return np.full(n, np.nan)
    costs = opt.data.models.costs
    units = (record.on_hand.clip(0) * costs.unit_cost).astype(np.float64)
    return np.bincount(opt.segmentation.codes, units, minlength=n) * costs.cost_resolution


def plot_capital(capital: Capital) -> Figure:
    """Stock value from today on with the band of single replications, and what is bought."""
    figure, axes = _canvas(8.0, 4.5)
    frame = capital.frame
    axes.fill_between(
        frame["period"],
        frame["inventory_value_low"],
        frame["inventory_value_high"],
        color=COLOURS["segmented"],
        alpha=0.25,
        linewidth=0,
        label="nine of ten replications",
    )
    axes.plot(
        frame["period"], frame["inventory_value"], color=COLOURS["segmented"], label="stock value, mean"
    )
    axes.plot(frame["period"], frame["purchases"], color="0.5", linewidth=0.8, label="purchases, mean")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel(f"{capital.period.capitalize()}s from today")
    axes.set_ylabel(capital.currency)
    axes.legend(frameon=False, fontsize="small")
    return figure
