"""Lines cut at the frame of a chart, so that a static figure needs no clip paths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

EDGE_POINT = -2
_COLUMNS = ["cost", "fill", "low", "high"]


@dataclass(frozen=True)
class View:
    """The part of the plane that is shown: limits of cost and of fill."""

    cost: tuple[float, float]
    fill: tuple[float, float]


def cut_lines(lines: pd.DataFrame, view: View) -> pd.DataFrame:
    """The parts of the lines inside the view; points added on its edge are numbered `EDGE_POINT`.

    A line is a series of rows in drawing order; one that leaves the view and comes back is joined up.
    """
    parts = [_cut(part, view) for _, part in lines.groupby("series", sort=False)]
    cut = pd.concat(parts, ignore_index=True)
    cut["low"] = cut["low"].clip(*view.fill)
    cut["high"] = cut["high"].clip(*view.fill)
    return cut


def _cut(line: pd.DataFrame, view: View) -> pd.DataFrame:
    values = line[_COLUMNS].to_numpy(dtype=np.float64)
    points = line["point"].to_numpy()
    rows: list[tuple[float, ...]] = []
    for k in range(len(line)):
        if k > 0:
            rows += _crossings(values[k - 1], values[k], view)
        if _inside(values[k], view):
            rows.append((float(points[k]), *values[k]))
    cut = pd.DataFrame(rows, columns=["point", *_COLUMNS]).astype({"point": "int64"})
    return cut.assign(series=line["series"].iloc[0])


def _crossings(a: np.ndarray, b: np.ndarray, view: View) -> list[tuple[float, ...]]:
    """Where the segment from a to b enters or leaves the view (Liang and Barsky, 1984)."""
    enter, leave = 0.0, 1.0
    for axis, (low, high) in enumerate((view.cost, view.fill)):
        step = b[axis] - a[axis]
        if step == 0:
            if not low <= a[axis] <= high:
                return []
            continue
        first, last = sorted(((low - a[axis]) / step, (high - a[axis]) / step))
        enter, leave = max(enter, first), min(leave, last)
    if enter > leave:
        return []
    return [(EDGE_POINT, *(a + t * (b - a))) for t in (enter, leave) if 0 < t < 1]


def _inside(point: np.ndarray, view: View) -> bool:
    return bool(view.cost[0] <= point[0] <= view.cost[1] and view.fill[0] <= point[1] <= view.fill[1])
