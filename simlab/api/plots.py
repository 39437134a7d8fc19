"""Pictures of results for notebooks (matplotlib)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.measures import MEASURES
from simlab.verdict.compare import NAMES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simlab.api.optimization import Optimization
    from simlab.api.simulation import Simulation
    from simlab.frontier import Frontier

# Okabe and Ito (2008): told apart with every kind of colour vision.
COLOURS = {
    "segmented": "#0072B2",
    "uniform": "#E69F00",
    "per_sku": "#009E73",
    "habit": "#D55E00",
    "today": "#CC79A7",
}


def plot_frontier(opt: Optimization) -> Figure:
    """Holding cost per year against achieved fill rate; out of sample filled, in sample hollow."""
    from simlab.api.picture import Picture

    figure = Picture(figsize=(8.0, 5.0), layout="constrained")
    axes = figure.subplots()
    scale = opt.settings.scale(opt.data.study)
    for kind in ("segmented", "uniform", "per_sku"):
        sums = opt.verdict[f"frontier:{kind}"]
        fill = sums.served[:, 0].sum(axis=1) / sums.demanded[:, 0].sum(axis=1)
        cost = sums.holding[:, 0].mean(axis=1) * scale.holding
        order = np.argsort(cost)
        axes.plot(fill[order], cost[order], color=COLOURS[kind], label=NAMES[kind], linewidth=1.6)
    for kind in opt.kinds:
        fresh = opt.scores(kind)
        axes.errorbar(
            fresh.fill_rate.value,
            fresh.holding_cost.value,
            xerr=[
                [fresh.fill_rate.value - fresh.fill_rate.low],
                [fresh.fill_rate.high - fresh.fill_rate.value],
            ],
            marker="o",
            color=COLOURS[kind],
            capsize=3,
            label=f"{NAMES[kind]}: {fresh.fill_rate.value:.3f}",
        )
    if opt.solved.fill_rate is not None:
        axes.axvline(opt.solved.fill_rate, color="0.5", linestyle=":", linewidth=1)
    axes.set_xlabel("Achieved fill rate (verdict seed)")
    axes.set_ylabel(MEASURES["holding_cost"].heading(opt.data.study.currency))
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize="small")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def plot_points(frontier: Frontier) -> Figure:
    """The objective against service of every plan, in sample."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 5.0), layout="constrained")
    axes = figure.subplots()
    axes.plot(frontier.fill_rate, frontier.cost_money, color=COLOURS["segmented"], linewidth=1.6)
    curves = frontier.curves
    service, money = curves.service_name, curves.cost_name
    plain = money in ("cost", "holding cost")
    axes.set_xlabel(f"{service[0].upper()}{service[1:]} (search seed)")
    heading = f"{money[0].upper()}{money[1:]}{curves.per} ({curves.currency})"
    axes.set_ylabel(MEASURES["holding_cost"].heading(curves.currency) if plain else heading)
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def plot_service(simulation: Simulation) -> Figure:
    """Target asked and fill rate achieved per segment, with intervals."""
    from simlab.api.picture import Picture

    breakdown = simulation.by("segment")
    figure = Picture(figsize=(8.0, 0.6 + 0.35 * len(breakdown.names)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(breakdown.names))[::-1]
    fills = [scores.fill_rate for scores in breakdown.scores]
    axes.hlines(places, [f.low for f in fills], [f.high for f in fills], color=COLOURS["segmented"])
    axes.plot([f.value for f in fills], places, "o", color=COLOURS["segmented"], label="fill rate achieved")
    axes.plot(breakdown.targets, places, "|", color=COLOURS["habit"], markersize=12, label="target asked")
    axes.set_yticks(places, breakdown.names)
    axes.set_xlabel("Fraction")
    axes.legend(frameon=False, fontsize="small", loc="best")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
