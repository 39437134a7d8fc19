"""Pictures of what finance asks of an optimized study (matplotlib)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlab.api.plots import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simlab.api.capital import Capital
    from simlab.api.result_table import ResultTable

_NOW, _PLAN = COLOURS["habit"], COLOURS["segmented"]


def plot_rates(table: ResultTable) -> Figure:
    """Money per percentage point as a staircase over service, with its interval; the chosen plan marked."""
    figure, axes = _canvas(8.0, 4.5)
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
    frame = table.frame[table.frame["segment"] != "(all)"]
    frame = frame.reindex(frame["change"].abs().sort_values().index)
    figure, axes = _canvas(8.0, 1.0 + 0.35 * len(frame))
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


def plot_capital(capital: Capital) -> Figure:
    """Stock value from today on with the band of single replications, and what is bought."""
    figure, axes = _canvas(8.0, 4.5)
    frame = capital.frame
    axes.fill_between(
        frame["period"],
        frame["inventory_value_low"],
        frame["inventory_value_high"],
        color=_PLAN,
        alpha=0.25,
        linewidth=0,
        label="nine of ten replications",
    )
    axes.plot(frame["period"], frame["inventory_value"], color=_PLAN, label="stock value, mean")
    axes.plot(frame["period"], frame["purchases"], color="0.5", linewidth=0.8, label="purchases, mean")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel(f"{capital.period.capitalize()}s from today")
    axes.set_ylabel(capital.currency)
    axes.legend(frameon=False, fontsize="small")
    return figure


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    from simlab.api.picture import Picture

    figure = Picture(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
