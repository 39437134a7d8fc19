"""What the receipts tell of every supplier, as a table."""

from __future__ import annotations

from typing import Any

import pandas as pd

from simlab.catalog import Catalog
from simlab.models import SupplierRecord, supplier_records

_NAN = float("nan")


def supplier_frame(catalog: Catalog) -> pd.DataFrame:
    """One row per supplier of the receipts table; no rows without one.

    Days are as `lead_times.calendar` counts them (promises: calendar days, parts: from the first receipt
    on). Empty: not told, or too few receipts. `drifted`, `has_weekday` and `is_shared` are believed with
    at most 5 % of each expected to be false.
    """
    return pd.DataFrame([_row(one) for one in supplier_records(catalog)])


def _row(one: SupplierRecord) -> dict[str, Any]:
    drift, weekday, shared = one.drift, one.weekday, one.shared
    return {
        "supplier": one.supplier,
        "received": one.n_received,
        "open": one.n_open,
        "mean_days": one.mean_days,
        "sd_days": one.sd_days,
        "p95_days": one.p95_days,
        "promised": one.promises.n,
        "late_share": one.promises.late_share,
        "late_days": one.promises.late_days,
        "mean_lateness_days": one.promises.mean_days,
        "overdue": one.promises.n_overdue,
        "older_days": _NAN if drift is None else drift.older,
        "newer_days": _NAN if drift is None else drift.newer,
        "drift_p": _NAN if drift is None else drift.p,
        "drifted": drift is not None and drift.flagged,
        "fastest_weekday": "" if weekday is None else weekday.fastest,
        "fastest_days": _NAN if weekday is None else weekday.fastest_days,
        "slowest_weekday": "" if weekday is None else weekday.slowest,
        "slowest_days": _NAN if weekday is None else weekday.slowest_days,
        "weekday_p": _NAN if weekday is None else weekday.p,
        "has_weekday": one.has_weekday,
        "order_days": 0 if shared is None else shared.n_days,
        "shared_correlation": _NAN if shared is None else shared.correlation,
        "shared_p": _NAN if shared is None else shared.p,
        "is_shared": one.is_shared,
        "complete_orders": one.parts.n_orders,
        "orders_in_parts": one.parts.n_partial,
        "first_share": one.parts.first_share,
        "rest_days": one.parts.rest_days,
        "short_share": one.parts.short_share,
    }
