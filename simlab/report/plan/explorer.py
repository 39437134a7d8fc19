"""The points that can be chosen on the page, with every text ready, so that the page only looks up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.report.kit.formats import is_number, money, number, percent, span, target
from simlab.report.kit.reading import records
from simlab.report.plan.frontier_chart import UNITS, served_by, served_title

if TYPE_CHECKING:
    from simlab.report.plan.tables import RunTables


def explorer(tables: RunTables) -> dict[str, Any] | None:
    """Points by ascending cost, their targets per segment as numbers of labels, and the chosen one."""
    if tables.frontier is None:
        return None
    points = tables.frontier[tables.frontier["kind"] == "segmented"].sort_values("holding_cost")
    points = points[[targets is not None for targets in points["targets"]]]
    if points.empty:
        return None
    grid = np.stack([np.asarray(targets, dtype=np.float64) for targets in points["targets"]])
    values = np.unique(grid)
    rows = records(points)
    shown = [
        {"id": int(row["point"]), "text": _texts(row, tables), "targets": codes.tolist()}
        for row, codes in zip(rows, np.searchsorted(values, grid), strict=True)
    ]
    chosen = next((i for i, row in enumerate(rows) if row["chosen"]), 0)
    return {
        "points": shown,
        "labels": [target(value) for value in values],
        "values": [round(float(value), 6) for value in values],
        "chosen": chosen,
        "served": served_title(tables),
        "units": served_by(tables) != UNITS,
        "segments": _segments(tables, grid.shape[1]),
    }


def _segments(tables: RunTables, n: int) -> list[dict[str, str]]:
    names = [str(name) for name in tables.manifest.get("segments") or ()]
    names = names if len(names) == n else [f"segment {i + 1}" for i in range(n)]
    rows = tables.rows(tables.main_plan, tables.sample)
    counts = dict(zip(rows["segment"], rows["n_items"], strict=True))
    return [{"name": name, "n_items": number(counts.get(name, float("nan")))} for name in names]


def _texts(row: dict[str, Any], tables: RunTables) -> dict[str, str]:
    """What the read-out says of one point; units beside the service that decides, where it is another."""
    served = served_by(tables)
    fresh = is_number(row.get(f"{served}_verdict"))
    end = "_verdict" if fresh else ""
    seen = span(row.get(f"{served}_verdict_low"), row.get(f"{served}_verdict_high"), percent)
    units = {} if served == UNITS else {"units": percent(row[f"fill_rate{end}"])}
    return {
        "fill": percent(row[f"{served}{end}"]),
        "span": seen,
        **units,
        "cost": money(row[f"holding_cost{end}"], tables.currency),
        "value": money(row[f"inventory_value{end}"], tables.currency),
    }
