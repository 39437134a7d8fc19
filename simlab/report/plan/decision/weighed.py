"""What every plan of the exchange curve serves by units, value and margin, on fresh demand.

A plan is a target per segment, and the sums of the panel "What if" hold every segment at every target: the
curve can be read by another weight than the one that chose the plans.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from simlab.arrays import FloatArray, IntArray
    from simlab.report.plan.tables import RunTables

SUMS = {"units": "", "value": "_value", "margin": "_margin"}
"""Endings of the columns `served` and `demanded` of the panel's sums, by weight."""
_SAME = 1e-9


def served_by_weight(tables: RunTables) -> dict[str, FloatArray]:
    """Served ÷ demanded of every row of the frontier, by weight; NaN for a plan that is none of segments.

    Returns
    -------
    dict of str to (n_rows,) float
        Weights that the run kept sums of; empty of a run without sums.
    """
    sums, frontier = tables.table("what_if"), tables.frontier
    if sums is None or frontier is None:
        return {}
    fresh = sums[sums["sample"] == "verdict"]
    names = [str(name) for name in tables.manifest.get("segments") or ()]
    grid = fresh.groupby("column")["target"].first()
    columns = _columns(frontier, grid.to_numpy(np.float64), len(names))
    known = columns[:, 0] >= 0
    found = {}
    for weight, ending in SUMS.items():
        served, demanded = (_table(fresh, f"{part}{ending}", names) for part in ("served", "demanded"))
        if served is None or demanded is None or not demanded.any():
            continue
        rates = np.full(len(frontier), np.nan)
        picked = np.take_along_axis(served, columns[known].T, axis=1).sum(axis=0)
        rates[known] = picked / demanded[:, 0].sum()
        found[weight] = rates
    return found


def _table(fresh: pd.DataFrame, name: str, names: list[str]) -> FloatArray | None:
    """(n_segments, k) totals over batches; None where the run has none."""
    if name not in fresh or fresh[name].isna().any():
        return None
    totals = fresh.assign(total=fresh[name].astype("float64")).groupby(["segment", "column"])["total"].sum()
    wide = totals.unstack("column")
    if set(wide.index) != set(names):
        return None
    return wide.loc[names].to_numpy(np.float64)


def _columns(frontier: pd.DataFrame, grid: FloatArray, n_segments: int) -> IntArray:
    """(n_rows, n_segments) numbers of targets; −1 for a row that does not hold a known target per segment."""
    columns = np.full((len(frontier), max(n_segments, 1)), -1, dtype=np.int64)
    for row, targets in enumerate(frontier["targets"]):
        values = np.asarray([] if targets is None else targets, dtype=np.float64)
        if values.size != n_segments or not grid.size:
            continue
        nearest = np.abs(values[:, None] - grid[None, :]).argmin(axis=1)
        if np.abs(grid[nearest] - values).max(initial=0.0) <= _SAME:
            columns[row] = nearest
    return columns
