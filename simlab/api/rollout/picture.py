"""Proposed service against today's, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.api.show import COLOURS
from simlab.verdict.gate.decisions import DECISIONS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def plot_gate(table: pd.DataFrame) -> Figure:
    """Proposed service against today's."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 6.0), layout="constrained")
    axes = figure.subplots()
    colours = dict(zip(DECISIONS, ("#009E73", "#D55E00", "#999999", COLOURS["today"]), strict=True))
    for decision in DECISIONS:
        own = table[table["decision"] == decision]
        label = f"{decision} ({len(own):,})"
        axes.scatter(
            own["service_now"], own["service"], s=14, color=colours[decision], label=label, alpha=0.7
        )
    low = float(np.nanmin([table["service_now"].min(), table["service"].min(), 0.99]))
    axes.plot([low, 1], [low, 1], color="#444444", linewidth=0.8)
    axes.set_xlabel("Fill rate of today's levels")
    axes.set_ylabel("Fill rate of the proposed levels")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return figure
