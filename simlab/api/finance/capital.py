"""Capital over time: from today's stock and pipeline to the new plan, week by week, with bands."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.data.dead_stock import dead_stock
from simlab.api.data.payments import PaymentTerms, paid, payment_terms
from simlab.api.finance.changeover import can_change_over, profile_of_change
from simlab.api.show import COLOURS, canvas, spread
from simlab.arrays import FloatArray, sum_of
from simlab.engine.recorder.periods import TimeProfile
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon, Start
from simlab.execution import Progress, run_curves
from simlab.execution.by_period.profiles import run_profile
from simlab.measures import ALL, format_money, format_rate, mean_estimate, ratio_estimate
from simlab.measures.shown import Public
from simlab.models.opening import (
    Pipeline,
    moving_part,
    shelf_record,
    stock_record,
    units_in_words,
    whole_units,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from simlab.api.plans.outcome import Outcome


REPLICATIONS = 100
FEWEST = 40

_WORK = 30_000_000
"""SKU-location-periods that the time profile simulates at most, as long as `FEWEST` allow it."""
_BAND = (0.05, 0.95)

_CHANCE = 3.5
"""Standard errors: the lowest of some hundred periods."""


@dataclass(frozen=True, eq=False, repr=False)
class Capital(Public):
    """Stock and purchases from today on, under the chosen plan.

    Attributes
    ----------
    frame : DataFrame
        One row per period from 0 on: mean over replications, and the band in which nine of ten
        single replications lie (quantiles of the total, never summed from items). ``cash_out`` is what
        ``purchases`` cost when they are due (`payment_days` of items); bills older than today are not in it.
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
        Whether the start is the stock record; else the long run of the old levels, pipeline included.
    begins : str
        Where the way begins, in words.
    lump : float
        Units on order without a date, taken to arrive together: the dip that follows is an artefact.
    unknown : int
        SKU-locations of which nothing says what is on order.
    dip : (int, float) or None
        Period with the lowest fill rate on the way, and that; None where none lies below what single
        periods reach at the end, beyond chance.
    lowest : (int, float) or None
        Period with the lowest fill rate of all, chance included; None where nothing is demanded.
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
    begins: str
    lump: float
    unknown: int
    dip: tuple[int, float] | None
    lowest: tuple[int, float] | None
    period: str
    currency: str

    def to_frame(self) -> pd.DataFrame:
        """One row per period."""
        return self.frame

    def plot(self) -> Figure:
        """Stock value from today on with its band, and what is bought."""
        return plot_capital(self)

    def __repr__(self) -> str:
        return textwrap.fill(" ".join(self.statements()), 100)

    def _repr_html_(self) -> str:
        from simlab.api.show import describe

        return describe(f"{self!r} Money in {self.currency}.", self.frame)

    def statements(self) -> tuple[str, ...]:
        """What happens to capital, in sentences."""
        money = [format_money(x, self.currency) for x in (self.frame["inventory_value"].iloc[0], self.end)]
        names = ("half of the way", "95% of it")
        reached = [
            f"{name} after {at} {self.period}{'s' if at != 1 else ''}"
            for name, at in zip(names, (self.half_released, self.released), strict=True)
            if at is not None
        ]
        speed = f" ({', '.join(reached)}; excess only sells off)" if reached else ""
        lowest = "; on the way no period's fill rate lies below those of the end, beyond chance"
        if self.lowest is not None:
            lowest += f" (the lowest: {format_rate(self.lowest[1])}, in {self.period} {self.lowest[0] + 1})"
        if self.dip is not None:
            at, fill = self.dip
            lowest = f"; on the way the fill rate is lowest in {self.period} {at + 1}: {format_rate(fill)}"
        lines = [
            f"From {self.begins} the stock goes from {money[0]} in the first {self.period} "
            f"to {money[1]}{speed}"
            f"{'' if self.lump or self.unknown else lowest}.",
            f"Stock and open orders together peak at {format_money(self.peak, self.currency)} on "
            f"average ({format_money(self.peak_p95, self.currency)} in one of twenty cases).",
        ]
        if self.lump:
            lines.append(
                f"{units_in_words(self.lump)} units on order have no date and are taken to arrive together, "
                "one mean lead time from now: how deep service dips on the way cannot be told. Give their "
                "due dates in [data.open_orders] (sku, location, supplier, quantity, due_date)."
            )
        if self.unknown:
            lines.append(
                f"Nothing says what is on order of {self.unknown:,} SKU-locations (items.on_order is empty, "
                "there is no [data.open_orders]); taken as nothing, so that stock first falls by what really "
                "is on order, and how deep service dips cannot be told."
            )
        if np.isfinite(self.capital_cost):
            cost = format_money(self.capital_cost, self.currency)
            lines.append(f"Capital for stock and open orders costs {cost} over the window.")
        return tuple(lines)


def capital(opt: Outcome, progress: Progress | None = None) -> Capital:
    """Stock, pipeline and purchases per period under the chosen plan, started from today.

    From today's stock record and what is on order; without a record from the long run of the old levels.
    """
    costs = opt.data.models.costs
    record = stock_record(opt.data.catalog, opt.data.models.world.lead_time)
    lump, unknown = (0, 0) if record is None else _open_questions(record[1])
    start = _means(opt, old_levels(opt)) if record is None else record[0]
    start = moving_part(start, opt.data.models.world.demand, opt.data.models.least_level)
    dead = dead_stock(opt.data).lying.value
    terms = payment_terms(opt.data.catalog)
    path_by_path = record is None and can_change_over(opt.solved.kept["segmented"])
    if path_by_path:
        profile = _from_long_run(opt, terms, progress)
    else:
        profile = _from_start(opt, start, terms, progress)
        lump += sum_of(start.on_order / opt.data.catalog.parts) if record is None else 0
    money = float(((start.on_hand.clip(0) + start.all_on_order()) * costs.unit_cost).sum())
    begun = money * costs.cost_resolution + dead
    found = _of_profile(opt, profile, terms, begun, record is not None, dead)
    begins = _begins(opt, record is not None, not path_by_path)
    return replace(found, begins=begins, lump=lump, unknown=unknown)


def _horizon(opt: Outcome) -> Horizon:
    """The verdict's window, with as many replications as time allows."""
    horizon = opt.settings.horizon("verdict", 0)
    able = max(FEWEST, _WORK // (opt.data.catalog.n_items * horizon.periods))
    return replace(horizon, replications=min(REPLICATIONS, able, opt.settings.verdict_replications))


def _from_long_run(opt: Outcome, terms: PaymentTerms, progress: Progress | None) -> TimeProfile:
    return profile_of_change(
        opt.data.models.world,
        old_levels(opt),
        opt.solved.kept["segmented"],
        replace(_horizon(opt), warmup=opt.warmup),
        opt.data.models.costs.unit_cost,
        terms.group,
        terms.days.size,
        workers=opt.settings.workers,
        progress=progress,
    )


def _from_start(opt: Outcome, start: Start, terms: PaymentTerms, progress: Progress | None) -> TimeProfile:
    unit_value = opt.data.models.costs.unit_cost
    return run_profile(
        opt.data.models.world,
        opt.solved.kept["segmented"],
        _horizon(opt),
        terms.group,
        unit_value,
        n_groups=terms.days.size,
        start=start,
        workers=opt.settings.workers,
        progress=progress,
        stage="capital over time",
    )


def _open_questions(pipeline: Pipeline) -> tuple[float, int]:
    """Units on order without a date, and SKU-locations of which nothing is said."""
    return pipeline.lump, int((pipeline.unknown | pipeline.assumed).sum())


def old_levels(opt: Outcome) -> Levels:
    """Today's levels where every SKU-location has them, else the habit's: (n, 1)."""
    return opt.references.levels[opt.references.now]


def _begins(opt: Outcome, from_record: bool, of_means: bool) -> str:
    """Where the way begins: the record, the long run path by path, or the means of the long run."""
    if from_record:
        return "today's stock record"
    of = "today's levels" if opt.references.now == "today" else "the A 98 / B 95 / C 90 habit"
    what = f"the long run of {of}, with its open orders on their way"
    if of_means:
        what = f"the mean stock and the mean open orders of the long run of {of}"
    return f"{what} (no stock record was given: items.on_hand),"


def _means(opt: Outcome, levels: Levels) -> Start:
    """Mean net stock and units on order in the long run."""
    horizon = replace(opt.settings.horizon("search", opt.warmup), slots=1)
    horizon = replace(horizon, replications=min(REPLICATIONS, horizon.replications))
    curves = run_curves(opt.data.models.world, levels, horizon, workers=opt.settings.workers)
    exposure = horizon.exposure * opt.settings.parts * horizon.replications
    shelf = (curves.on_hand[:, 0, 0] - curves.backorders[:, 0, 0]) / exposure
    return Start(whole_units(np.maximum(shelf, 0.0)), whole_units(curves.on_order[:, 0, 0] / exposure))


def _of_profile(
    opt: Outcome,
    profile: TimeProfile,
    terms: PaymentTerms,
    start: float,
    from_record: bool,
    dead: float,
) -> Capital:
    """The time profile in money; dead stock is in all stock, and in a column of its own."""
    import pandas as pd

    resolution = opt.data.models.costs.cost_resolution
    parts = opt.settings.parts  # what a period holds is summed over its parts
    shelf = (profile.stock_start_value + profile.stock_value)[0].sum(axis=0)
    stock = shelf * (resolution / (2 * parts)) + dead
    under_way = profile.on_order_value[0].sum(axis=0) * (resolution / parts)
    by_terms = profile.purchases_value[0] * resolution
    bought = by_terms.sum(axis=0)
    served, asked = (getattr(profile, name)[0].sum(axis=0) for name in ("served", "demanded"))
    demanded = asked.sum(axis=0)
    frame = pd.DataFrame(
        {
            "period": np.arange(stock.shape[1]),
            **_with_band("inventory_value", stock),
            **_with_band("purchases", bought),
            **_with_band("cash_out", paid(by_terms, terms, opt.data.study.period_days)),
            **_with_band("on_order_value", under_way),
            "fill_rate": np.divide(
                served.sum(axis=0),
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
        "",
        0,
        0,
        _dip(served.astype(np.float64), asked.astype(np.float64), _today_serves(opt)),
        _lowest(served.astype(np.float64), asked.astype(np.float64)),
        opt.data.study.period,
        opt.data.study.currency,
    )


def _today_serves(opt: Outcome) -> float:
    """Fill rate by units of today's levels, else of the habit, in the long run."""
    fill = opt.scores(opt.references.now).fill_rate.value
    return fill if np.isfinite(fill) else 1.0


def _dip(served: FloatArray, demanded: FloatArray, today: float = 1.0) -> tuple[int, float] | None:
    """The period with the lowest fill rate, if it lies below today's and the last quarter's beyond chance.

    A way that begins below today's long run and never falls beneath it is no dip. Periods are no more alike
    in the long run than days before and after a review, so that the lowest of the last quarter, not their
    mean, says what the plan itself does. (replications, periods) units; the standard error of a ratio, by
    replications.
    """
    asked, n = demanded.sum(axis=0), served.shape[0]
    last = slice(-max(1, asked.size // 4), None)
    if n < 2 or not asked[last].any():
        return None
    fill = np.divide(served.sum(axis=0), asked, out=np.full(asked.size, np.nan), where=asked > 0)
    end = min(float(np.nanmin(fill[last])), today)
    error = np.sqrt(n * (served - fill * demanded).var(axis=0, ddof=1)) / np.maximum(asked, 1)
    below = np.where(asked > 0, end - fill - _CHANCE * error, -np.inf)
    if not (below > 0).any():
        return None
    worst = int(np.argmin(np.where(below > 0, fill, np.inf)))
    return worst, float(fill[worst])


def _lowest(served: FloatArray, demanded: FloatArray) -> tuple[int, float] | None:
    """The period with the lowest fill rate over all replications, and that."""
    asked = demanded.sum(axis=0)
    if not asked.any():
        return None
    fill = np.divide(served.sum(axis=0), asked, out=np.full(asked.size, np.inf), where=asked > 0)
    return int(fill.argmin()), float(fill.min())


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
    return opt.references.now


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
        **_by_weight(opt, {"_now": kind, "": "segmented"}, cells),
        "stock_record": recorded,
    }


_KEYS = ("stock_value", "served", "demanded")
_WEIGHTS = ("value", "margin", "items")


def _by_weight(opt: Outcome, plans: dict[str, str], cells: list[int]) -> dict[str, float]:
    """Service of both plans by every weight but units: NaN where nothing is demanded or priced."""
    found = {}
    for weight in _WEIGHTS:
        for end, plan in plans.items():
            part, whole = (
                int(_of(opt, plan, f"{what}_{weight}", cells).sum()) for what in ("served", "demanded")
            )
            found[f"served_{weight}{end}"] = part / whole if whole else float("nan")
    return found


def _of(opt: Outcome, plan: str, name: str, cells: list[int]) -> Any:
    return getattr(opt.verdict[plan], name)[0, cells].sum(axis=0)


def _recorded(opt: Outcome) -> Any:
    """(n_segments,) money of today's stock as recorded; NaN without a record."""
    record, n = shelf_record(opt.data.catalog), opt.segmentation.n_segments
    if record is None:
        return np.full(n, np.nan)
    costs = opt.data.models.costs
    units = (record.clip(0) * costs.unit_cost).astype(np.float64)
    return np.bincount(opt.segmentation.codes, units, minlength=n) * costs.cost_resolution


def plot_capital(capital: Capital) -> Figure:
    """Stock value from today on with the band of single replications, and what is bought."""
    figure, axes = canvas(8.0, 4.5)
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
