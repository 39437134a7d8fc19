"""Audits as tables: the waterfall, and one row per segment."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING

import pandas as pd

from simlab.verdict.audit import CAUSES as CAUSES
from simlab.verdict.audit import EDITS, FORMULA, PolicyAudit, SegmentAudit, Switch

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def audit_frame(policies: Sequence[PolicyAudit], years: float) -> pd.DataFrame:
    """One row per policy, segment and line: planned → causes → achieved.

    Columns `from_level` and `to_level` are fill rates before and after a line; `points` is their
    difference (positive: service lost) with its simulation interval; `units_per_year` the same in
    units, of `years` simulated ones; `sampling_error` the standard error of drawing orders of switches,
    0 where all are counted.
    """
    rows: list[dict[str, object]] = []
    for policy in policies:
        for account in policy.accounts:
            rows += _waterfall(policy, account, years)
    return pd.DataFrame(rows)


def _waterfall(policy: PolicyAudit, account: SegmentAudit, years: float) -> list[dict[str, object]]:
    head = _head(policy, account)
    level = account.planned_fill
    rows = []
    for place, line in enumerate(account.lines):
        after = level - line.points.value
        rows.append(
            {
                **head,
                "line": place + 1,
                "cause": line.cause,
                "what": CAUSES[line.cause],
                "edit": "" if line.cause == FORMULA else EDITS[Switch(line.cause)],
                "from_level": level,
                "to_level": after,
                "points": line.points.value,
                "points_low": line.points.low,
                "points_high": line.points.high,
                "units_per_year": float(line.units) / years,
                "sampling_error": line.sampling_error,
            }
        )
        level = after
    return rows


def _head(policy: PolicyAudit, account: SegmentAudit) -> dict[str, object]:
    return {
        "policy": policy.policy,
        "segment": account.name,
        "n_items": account.n_items,
        "target_measure": policy.target_measure,
        "planning": policy.planning,
        "target": account.asked,
        "fill_rate_planned": account.planned_fill,
        "fill_rate": account.achieved.value,
        "fill_rate_low": account.achieved.low,
        "fill_rate_high": account.achieved.high,
        "cycle_service_level": account.cycle_service.value,
        "cycle_service_level_low": account.cycle_service.low,
        "cycle_service_level_high": account.cycle_service.high,
    }


def summary_frame(policies: Sequence[PolicyAudit]) -> pd.DataFrame:
    """One row per policy and segment; a column per cause, in points of fill lost (− gained)."""
    keys = [*map(str, Switch), FORMULA]
    found = {line.cause for policy in policies for one in policy.accounts for line in one.lines}
    rows = []
    for policy in policies:
        for account in policy.accounts:
            lines = {line.cause: line.points.value for line in account.lines}
            causes = {f"by_{key}": lines.get(key, 0.0) for key in keys if key in found}
            rows.append({**_head(policy, account), **causes})
    return pd.DataFrame(rows).drop(columns=["target_measure", "planning"])


# Okabe and Ito (2008); distinct with every kind of colour vision.
_LOSS, _GAIN, _LEVEL = "#D55E00", "#009E73", "#0072B2"
_COLUMNS = 3


def plot_audit(policy: PolicyAudit) -> Figure:
    """One waterfall per segment and one for all: planned, each cause, achieved."""
    from simlab.api.show import picture

    accounts = [account for account in policy.accounts if account.demanded]
    rows = max(1, ceil(len(accounts) / _COLUMNS))
    columns = max(1, min(_COLUMNS, len(accounts)))
    figure = picture(5.2 * columns, 0.9 + 3.1 * rows)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.ravel()[len(accounts) :]:
        axes.set_axis_off()
    for axes, account in zip(grid.ravel(), accounts, strict=False):
        _draw_waterfall(axes, account)
    figure.suptitle(f"Fill rate planned and achieved ({policy.policy}, {policy.planning} formula)")
    return figure


def _draw_waterfall(axes: Axes, account: SegmentAudit) -> None:
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
