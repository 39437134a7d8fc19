"""What planners should know of the receipts, as remarks of the quality account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from simlab.catalog.quality import QualityRow
from simlab.errors import listed
from simlab.models.suppliers.records import SupplierRecord, supplier_records

if TYPE_CHECKING:
    from simlab.catalog import Catalog


_SHOWN = 5
_MOSTLY = 0.5
_MUCH = 0.1
"""Newer lead times further than this from the mean of older and newer are a question, not a note."""


def remarks(catalog: Catalog) -> tuple[QualityRow, ...]:
    """Drift, promises, weekdays, shared delays and orders in parts; nothing where laws use no receipts."""
    if catalog.receipts is None:
        return ()
    promises = _promises(catalog)
    if catalog.study.lead_times.law == "fixed":
        return promises
    records = supplier_records(catalog)
    return (
        *_drifted(records),
        *promises,
        *_weekdays(catalog, records),
        *_shared(catalog, records),
        *_in_parts(catalog, records),
    )


def _remark(what: str, note: str, *, look: bool = False) -> QualityRow:
    return QualityRow("receipts", what, "used", 0, note=note, notice="look" if look else "")


def _drifted(records: Sequence[SupplierRecord]) -> Iterator[QualityRow]:
    """Suppliers whose newer receipts took longer or shorter than their older ones."""
    found = [one.drift for one in records if one.drift is not None and one.drift.flagged]
    if found:
        shown = listed(
            [f"'{one.supplier}' {one.older:.3g} → {one.newer:.3g} days" for one in found], _SHOWN, "; "
        )
        text = f"older against newer half of the order days, Mann–Whitney, 5% false: {shown}"
        far = [one for one in found if abs(one.newer - one.older) >= _MUCH * (one.newer + one.older)]
        if far:
            text += "; their laws mix both: if the newer are what will come, leave the older out, "
            text += "[data.receipts] where = { order_date = { at_least = DATE } }"
        yield _remark("lead times have drifted", text, look=bool(far))


def _weekdays(catalog: Catalog, records: Sequence[SupplierRecord]) -> Iterator[QualityRow]:
    """Suppliers whose lead time depends on the weekday of the order."""
    parts = [
        f"'{one.supplier}' {one.weekday.fastest} {one.weekday.fastest_days:.3g}, "
        f"{one.weekday.slowest} {one.weekday.slowest_days:.3g} days"
        for one in records
        if one.weekday is not None and one.has_weekday
    ]
    if parts:
        said = catalog.study.lead_times.order_weekday
        use = "" if said else "; lead_times.order_weekday takes the lead times of one weekday"
        text = f"Kruskal–Wallis over order days, 5% false: {listed(parts, _SHOWN, '; ')}{use}"
        yield _remark("lead times differ by weekday of the order", text)


def _shared(catalog: Catalog, records: Sequence[SupplierRecord]) -> Iterator[QualityRow]:
    """Suppliers whose orders of one day are late together."""
    found = [one for one in records if one.shared is not None and one.is_shared]
    if not found:
        return
    parts = [f"'{one.supplier}' {one.shared.correlation:.2f}" for one in found if one.shared is not None]
    mostly = [one for one in found if one.shared is not None and one.shared.correlation >= _MOSTLY]
    use = ""
    if mostly and not catalog.study.lead_times.shared_delay:
        use = (
            f"; {len(mostly)} of {len(found)} share half or more: lead_times.shared_delay = true is nearer "
            "to them than delays that are independent, as drawn here"
        )
    shown = listed(parts, _SHOWN, "; ")
    text = f"intraclass correlation of one day's lead times, F test, 5% false: {shown}{use}"
    yield _remark("orders of one day are late together", text)


def _in_parts(catalog: Catalog, records: Sequence[SupplierRecord]) -> Iterator[QualityRow]:
    """Orders that came in several receipts, or short."""
    n = sum(one.parts.n_orders for one in records)
    several = sum(one.parts.n_partial for one in records)
    if several:
        law = {"first": "to the first receipt", "full": "to the last one", "units": "mean over units"}
        law["split"] = law["first"] + ", and the rest follows"
        how = law[catalog.study.lead_times.partial]
        text = f"{several:,} of {n:,} complete orders; the lead time of an order is that {how}"
        yield _remark("orders received in parts or short", text)


def _promises(catalog: Catalog) -> tuple[QualityRow, ...]:
    """A remark on promised against actual receipt dates; no law is made of promises."""
    table = catalog.receipts
    words = None if table is None else table.texts.get("promised_date")
    if table is None or words is None:
        return ()
    known = np.array([word is not None for word in words], dtype=np.bool_)
    if not known.any():
        return ()
    promised = np.array([str(word) for word in words[known]], dtype="datetime64[D]")
    late = (table.receipt_date[known] - promised).astype("timedelta64[D]").astype(np.int64)
    share, exact = 100 * (late > 0).mean(), 100 * (late == 0).mean()
    mean = late[late > 0].mean() if (late > 0).any() else 0.0
    note = (
        f"{known.sum():,} receipts with a promise: {share:.1f}% late (by {mean:.3g} days on average), "
        f"{exact:.1f}% on the very day; promises may have been moved, so laws use actual dates alone"
    )
    early = int((promised < table.order_date[known]).sum())
    backward = (
        (_remark("promised before its order", f"{early} receipts: see the promised_date"),) if early else ()
    )
    return (_remark("promised against actual", note), *backward)
