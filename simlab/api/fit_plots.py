"""Pictures of how laws fit (matplotlib)."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from simlab.api.plots import COLOURS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_COLUMNS, _MOST = 4, 12


def plot_pit(table: pd.DataFrame) -> Figure:
    """Histograms of the randomised PIT, one per segment: flat at the dashed line where the laws are right."""
    from simlab.api.picture import Picture

    groups = list(dict.fromkeys(table["group"]))[:_MOST]
    rows, columns = ceil(len(groups) / _COLUMNS), min(_COLUMNS, len(groups))
    figure = Picture(figsize=(2.4 * columns, 0.4 + 1.8 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes in grid.ravel()[len(groups) :]:
        axes.set_axis_off()
    for axes, group in zip(grid.ravel(), groups, strict=False):
        mine = table[table["group"] == group]
        width = mine["high"] - mine["low"]
        axes.bar(mine["low"], mine["share"], width=0.92 * width, align="edge", color=COLOURS["segmented"])
        axes.axhline(float(width.mean()), color=COLOURS["habit"], linestyle="--", linewidth=1)
        axes.set_title(group, fontsize="small")
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("Randomised PIT", fontsize="small")
    figure.supylabel("Share of periods", fontsize="small")
    return figure
