"""Waterfalls from planned to achieved fill rate (matplotlib)."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from simlab.verdict.audit import CAUSES, PolicyAudit, SegmentAudit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito (2008): told apart with every kind of colour vision.
_LOSS, _GAIN, _LEVEL = "#D55E00", "#009E73", "#0072B2"
_COLUMNS = 3


def plot_audit(policy: PolicyAudit) -> Figure:
    """One waterfall per segment and one for all: planned, each cause, achieved."""
    from simlab.api.picture import Picture

    accounts = [account for account in policy.accounts if account.demanded]
    rows = max(1, ceil(len(accounts) / _COLUMNS))
    columns = max(1, min(_COLUMNS, len(accounts)))
    figure = Picture(figsize=(5.2 * columns, 0.9 + 3.1 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.ravel()[len(accounts) :]:
        axes.set_axis_off()
    for axes, account in zip(grid.ravel(), accounts, strict=False):
        _waterfall(axes, account)
    figure.suptitle(f"Fill rate planned and achieved ({policy.policy}, {policy.planning} formula)")
    return figure


def _waterfall(axes: Axes, account: SegmentAudit) -> None:
    """Horizontal bars from the top: planned, causes, achieved."""
    level = account.planned_fill
    labels = ["planned by the formula"]
    axes.plot([level], [0], "D", color=_LEVEL)
    for place, line in enumerate(account.lines, start=1):
        change = -line.points.value
        axes.barh(place, change, left=level, color=_GAIN if change > 0 else _LOSS, height=0.6)
        level += change
        axes.plot([level, level], [place, place + 1], color="0.6", linewidth=0.8)
        labels.append(CAUSES[line.cause])
    achieved = account.achieved
    axes.plot([achieved.value], [len(labels)], "D", color=_LEVEL)
    axes.plot([achieved.low, achieved.high], [len(labels)] * 2, color=_LEVEL)
    labels.append("achieved in simulation")
    if account.asked == account.asked:
        axes.axvline(account.asked, color="0.5", linestyle=":", linewidth=1)
    axes.use_sticky_edges = False
    axes.margins(x=0.08)
    axes.locator_params(axis="x", nbins=5)
    axes.set_yticks(range(len(labels)), labels, fontsize="small")
    axes.invert_yaxis()
    axes.set_title(f"{account.name}: {account.planned_fill:.3f} → {achieved.value:.3f}", fontsize="medium")
    axes.spines[["top", "right"]].set_visible(False)
