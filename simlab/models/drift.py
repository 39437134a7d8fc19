"""Have lead times changed? Older against newer receipts of every supplier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simlab.models.orders import observe, suppliers
from simlab.models.testing import benjamini_hochberg, rank_sum_p

if TYPE_CHECKING:
    from simlab.catalog import Catalog

FALSE_SHARE = 0.05


@dataclass(frozen=True)
class Drift:
    """Older and newer half of a supplier's receipts, by order date.

    Attributes
    ----------
    supplier : str
    n_older, n_newer : int
        Receipts.
    older, newer : float
        Mean lead times, days.
    p : float
        Two-sided Mann–Whitney p-value; NaN where nothing varies.
    flagged : bool
        Believed, with at most 5 % of the flagged suppliers expected to be false.
    """

    supplier: str
    n_older: int
    n_newer: int
    older: float
    newer: float
    p: float
    flagged: bool


def lead_time_drift(catalog: Catalog) -> tuple[Drift, ...]:
    """One entry per supplier with `lead_times.min_receipts` usable receipts or more, by name."""
    seen, spec = observe(catalog), catalog.study.lead_times
    if seen is None:
        return ()
    table, days = seen.table.take(~seen.is_open), seen.days[~seen.is_open].astype(np.float64)
    found = []
    for name, rows in suppliers(table).items():
        if rows.size < max(spec.min_receipts, 2):
            continue
        rows = rows[np.argsort(table.order_date[rows], kind="stable")]
        older, newer = days[rows[: rows.size // 2]], days[rows[rows.size // 2 :]]
        found.append((name, older, newer, rank_sum_p(older, newer)))
    flagged = benjamini_hochberg(np.array([p for *_, p in found]), FALSE_SHARE)
    return tuple(
        Drift(name, older.size, newer.size, float(older.mean()), float(newer.mean()), p, bool(flag))
        for (name, older, newer, p), flag in zip(found, flagged, strict=True)
    )
