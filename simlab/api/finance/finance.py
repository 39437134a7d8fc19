"""What finance asks of an optimized study, and the tables of it in the run folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from simlab.api.data.dead_stock import dead_stock
from simlab.api.finance import bounds, prices
from simlab.api.finance.capital import Capital, capital, capital_by_segment, now_of
from simlab.api.finance.floors.prices import price_of_floor
from simlab.api.finance.floors.served_below import served_below
from simlab.api.finance.limits import limits_frame
from simlab.api.finance.stock_value import StockValue, stock_value
from simlab.api.finance.stress import Stress, stress
from simlab.api.plans.outcome import Outcome
from simlab.api.plans.weighed import Weighed
from simlab.api.show import COLOURS, Column, Kind, ResultTable, canvas
from simlab.execution import Progress
from simlab.measures import ALL, format_money, format_rate, sign_of
from simlab.measures.shown import Public

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


_STEP = (
    Column("segment", "segment", Kind.TEXT),
    Column("from_target", "target", Kind.RATE),
    Column("to_target", "to", Kind.RATE),
)


def exchange_rates(opt: Outcome) -> ResultTable:
    """Money per percentage point of service between neighbouring plans."""

    service, a_year = opt.accounting.service, "a year" if opt.accounting.yearly else ""
    columns = (
        Column("fill_rate_from", f"{service} from", Kind.RATE),
        Column("fill_rate", "to", Kind.RATE),
        Column("cost_per_point", f"{opt.accounting.objective} per point", Kind.MONEY, a_year),
        Column("cost_per_point_hull", "Lagrangian price", Kind.MONEY, a_year),
        Column("value_per_point", "stock per point", Kind.MONEY),
    )
    note = (
        f"{opt.accounting.objective} of one more percentage point of {service}, plans fixed, "
        "paired on the verdict seed; Lagrangian price: of the hull on the seed that chose, not of a plan"
    )
    return _table(opt, "Exchange rates", prices.rates_frame(opt), note, columns, plot_rates)


def next_euro(opt: Outcome) -> ResultTable:
    """Each segment's best next step up and down."""
    columns = (
        Column("direction", "step", Kind.TEXT),
        *_STEP,
        Column("value_verdict", "stock", Kind.MONEY),
        Column("fill_verdict", opt.accounting.service, Kind.POINTS),
        Column("points_per_1000", "points per 1,000 of stock", Kind.NUMBER),
        Column("keeps_limits", "keeps limits", Kind.TEXT),
    )
    amount = f"1,000 {sign_of(opt.data.study.currency)}".strip()
    note = (
        "one segment moves, all others stay; changes paired on the verdict seed; "
        f"points per {amount} of stock on the seed that chose, best first"
    )
    return _table(opt, "Next moves", prices.moves_frame(opt), note, columns)


def release(opt: Outcome, amount: float) -> ResultTable:
    """Where an amount of stock comes from at the least loss."""
    found = prices.release_of(opt, amount)
    columns = (
        *_STEP,
        Column("value", "stock", Kind.MONEY),
        Column("cost", opt.accounting.objective, Kind.MONEY, "a year" if opt.accounting.yearly else ""),
        Column("fill", opt.accounting.service, Kind.POINTS),
    )
    note = (
        f"{format_money(amount, opt.data.study.currency)} released: service falls from "
        f"{format_rate(found.before.fill_rate)} to {format_rate(found.after.fill_rate)} on the search seed"
    )
    return _table(opt, "Release of stock", prices.release_frame(found), note, columns)


def by_segment(opt: Outcome) -> ResultTable:
    """Stock now and proposed, segment by segment."""

    columns = (
        Column("segment", "segment", Kind.TEXT),
        Column("n_items", "SKU-locations", Kind.COUNT),
        Column("inventory_value_now", "stock now", Kind.MONEY),
        Column("inventory_value", "proposed", Kind.MONEY),
        Column("change", "change", Kind.MONEY),
        Column("fill_rate_now", "fill rate now", Kind.RATE),
        Column("fill_rate", "proposed fill rate", Kind.RATE),
    )
    what = "today's levels" if now_of(opt) == "today" else "the habit, for today's levels are not all known"
    note = (
        f"mean inventory value, {opt.data.study.currency}; now: {what}; both plans on the verdict seed, the "
        "change is paired"
    )
    frame = capital_by_segment(opt)
    return _table(opt, "Capital by segment", frame, note, columns, plot_capital_by_segment)


def _table(
    opt: Outcome,
    title: str,
    frame: pd.DataFrame,
    note: str,
    columns: tuple[Column, ...],
    draw: Callable[[ResultTable], Figure] | None = None,
) -> ResultTable:
    return ResultTable(title, frame, note, columns, opt.data.study.currency, draw)


@dataclass(frozen=True, eq=False, repr=False)
class Finance(Public):
    """What money asks of an outcome; every analysis is found once, when first asked for.

    Attributes
    ----------
    outcome : Outcome
    progress : callable or None
        Called with (stage, done, total) while capital over time is simulated.
    """

    outcome: Outcome
    progress: Progress | None = None

    @cached_property
    def capital(self) -> Capital:
        """Stock and purchases from today's stock to the chosen plan, period by period."""
        return capital(self.outcome, self.progress)

    @cached_property
    def stock_value(self) -> StockValue:
        """P95 and peak of stock value of every compared plan, in the long run, on the verdict seed."""
        return stock_value(self.outcome)

    @cached_property
    def stress(self) -> Stress | None:
        """The study's scenarios on the same random numbers; None where it names none."""
        return stress(self.outcome) if self.outcome.data.study.scenarios else None

    @cached_property
    def weighed(self) -> Weighed:
        """The compared plans in every weight."""
        return Weighed(self.outcome)

    @cached_property
    def served_below(self) -> pd.DataFrame:
        """Segments of the plan below `optimize.warn_below`, with the price of lifting each."""
        return served_below(self.outcome)

    @cached_property
    def price_of_floor(self) -> pd.DataFrame:
        """What each floor costs a year, and a point more of it."""
        return price_of_floor(self.outcome)

    @cached_property
    def weights(self) -> pd.DataFrame:
        """One row per compared plan × weight: service, cost at equal service, late margin, break-even."""
        return self.weighed.frame()

    @property
    def known_stock_value(self) -> StockValue | None:
        """`stock_value` where it has been found already."""
        return vars(self).get("stock_value")

    def know(self, name: str, frame: pd.DataFrame) -> None:
        """Keep an analysis that was found elsewhere, so that it is not found again."""
        vars(self)[name] = frame

    def analyses(self) -> dict[str, Callable[[], pd.DataFrame | None]]:
        """How each table under `results` that finance reads is found, by its name; None: there is none."""
        outcome = self.outcome
        return {
            "stress": lambda: None if self.stress is None else self.stress.frame,
            "weights": lambda: self.weights,
            "served_below": lambda: self.served_below,
            "price_of_floor": lambda: self.price_of_floor,
            "capital": lambda: self.capital.to_frame(),
            "dead_stock": lambda: dead_stock(outcome.data).to_frame(),
            "stock_value": lambda: self.stock_value.to_frame(),
            "capital_by_segment": lambda: capital_by_segment(outcome),
            "exchange_rates": lambda: prices.rates_frame(outcome),
            "moves": lambda: prices.moves_frame(outcome),
            "budget_sweep": lambda: prices.sweep_frame(outcome),
            "release": lambda: prices.releases_frame(outcome),
            "band": lambda: bounds.band_frame(outcome),
            "bounds": lambda: bounds.bounds(outcome, every_level=bounds.quick(outcome)).to_frame(),
            "limits": lambda: limits_frame(outcome, self.stock_value),
        }

    def frames(self) -> dict[str, pd.DataFrame]:
        """The tables under `results` that finance reads."""
        found = {name: find() for name, find in self.analyses().items()}
        return {name: frame for name, frame in found.items() if frame is not None}


_NOW, _PLAN = COLOURS["habit"], COLOURS["segmented"]


def plot_rates(table: ResultTable) -> Figure:
    """Money per percentage point as a staircase over service, with its interval; the chosen plan marked."""
    figure, axes = canvas(8.0, 4.5)
    frame, shown = table.frame, {column.key: column for column in table.columns}
    name = "cost_per_point"
    ends = [*frame["fill_rate_from"], frame["fill_rate"].iloc[-1]]
    low, high = frame[f"{name}_low"], frame[f"{name}_high"]
    axes.stairs(frame[name], ends, color=_PLAN, linewidth=1.6, baseline=None)
    for start, stop, least, most in zip(ends[:-1], ends[1:], low, high, strict=True):
        axes.fill_between([start, stop], least, most, color=_PLAN, alpha=0.25, linewidth=0)
    for end in frame.loc[frame["ends_at_chosen"], "fill_rate"]:
        axes.axvline(end, color="0.5", linestyle=":", linewidth=1, label="chosen plan")
        axes.legend(frameon=False, fontsize="small", loc="upper left")
    if (frame[name] > 0).all():
        axes.set_yscale("log")
    axes.set_xlabel(f"Achieved {shown['fill_rate_from'].heading.removesuffix(' from')} (search seed)")
    axes.set_ylabel(shown[name].title(table.currency))
    return figure


def plot_capital_by_segment(table: ResultTable) -> Figure:
    """Stock of every segment now (hollow) and proposed (filled), largest change first."""
    frame = table.frame[table.frame["segment"] != ALL]
    frame = frame.reindex(frame["change"].abs().sort_values().index)
    figure, axes = canvas(8.0, 1.0 + 0.35 * len(frame))
    places = range(len(frame))
    now, plan = frame["inventory_value_now"], frame["inventory_value"]
    axes.hlines(places, now, plan, color="0.6", linewidth=1)
    axes.plot(now, places, "o", markerfacecolor="white", markeredgecolor=_NOW, label="now")
    axes.plot(plan, places, "o", color=_PLAN, label="proposed")
    axes.set_yticks(places, frame["segment"])
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel(f"Mean inventory value ({table.currency})")
    axes.legend(frameon=False, fontsize="small")
    return figure
