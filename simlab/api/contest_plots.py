"""Pictures of a contest of schemes for notebooks (matplotlib)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.measures import format_rate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simlab.api.contest import Contest


def plot_contest(contest: Contest) -> Figure:
    """Holding cost over the per-SKU plan at equal fill: schemes with intervals, random controls in grey."""
    from simlab.api.picture import Picture

    held = contest.tournament
    names = [name for name in reversed(held.ranking()) if np.isfinite(held.cost(name).value)]
    figure = Picture(figsize=(8.0, 1.5 + 0.28 * len(names)), layout="constrained")
    axes = figure.subplots()
    base = held.per_sku.cost_at(held.fill).value
    at = held.arena.fills.index(held.fill)
    for row, name in enumerate(names):
        drawn = held.controls.get(name)
        if drawn is not None:
            axes.plot(100 * (drawn[at] / base - 1), np.full(drawn.shape[1], row), "|", color="0.6")
        one = held.percent(name, held.per_sku)
        sides = [[100 * (one.value - one.low)], [100 * (one.high - one.value)]]
        colour = "#0072B2" if held.may_be_best(name) else "#D55E00"
        axes.errorbar(100 * one.value, row, xerr=sides, fmt="o", color=colour, capsize=3)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(left=0)
    axes.set_xlabel("Holding cost over the per-SKU plan, % (verdict seed; grey: random partitions)")
    axes.set_title(f"Price of segmentation at equal fill {format_rate(held.fill)}")
    return figure
