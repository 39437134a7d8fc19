"""Lead times in whole periods: by supplier from receipts, else as the items table states them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from simlab.catalog.quality import QualityRow
from simlab.engine.types import FloatArray, IntArray, LeadTimeLaw
from simlab.errors import InvalidInputError, Problem

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.study import Study

_SHARES = 10_000  # resolution of a stated lead time between two whole periods
_MOST_WEIGHT = 2**31 - 1


@dataclass(frozen=True, eq=False)
class LeadTimes:
    """Law of every SKU-location's lead time.

    Attributes
    ----------
    law : LeadTimeLaw
        In whole periods.
    reason : tuple of str
        Where it comes from, per SKU-location.
    notes : tuple of QualityRow
        Rows of the quality account.
    """

    law: LeadTimeLaw
    reason: tuple[str, ...]
    notes: tuple[QualityRow, ...]


@dataclass(eq=False)
class _Laws:
    """Distinct laws as they are met, numbered."""

    points: list[tuple[IntArray, IntArray]] = field(default_factory=list)
    number: dict[object, int] = field(default_factory=dict)

    def add(self, key: object, periods: IntArray, weights: IntArray) -> int:
        if key not in self.number:
            self.number[key] = len(self.points)
            self.points.append(merge_points(periods, weights))
        return self.number[key]

    def arrays(self, law: IntArray, crossing: bool) -> LeadTimeLaw:
        length = np.array([periods.size for periods, _ in self.points], dtype=np.int64)
        periods = np.concatenate([periods for periods, _ in self.points])
        weights = np.concatenate([weights for _, weights in self.points])
        return LeadTimeLaw(law, np.cumsum(length) - length, length, periods, weights, crossing)


@dataclass(frozen=True, eq=False)
class _Receipts:
    """Usable receipts: lead times in days by supplier name."""

    days: dict[str, IntArray]
    notes: tuple[QualityRow, ...]

    @cached_property
    def pooled(self) -> IntArray:
        return np.concatenate([np.zeros(0, np.int64), *self.days.values()])


def fit_lead_times(catalog: Catalog) -> LeadTimes:
    """Lead-time laws of all SKU-locations.

    Parameters
    ----------
    catalog : Catalog
        `items` (`supplier`, `lead_time` in `data.time_unit`), `receipts`, study.

    Raises
    ------
    InvalidInputError
        No source of a lead time, or random lead times without a word on crossing.

    Notes
    -----
    In this order: the empirical law of the supplier's receipts if there are `min_receipts` or more;
    with fewer, all suppliers' receipts pooled; with none, the item's `lead_time`; without that, all
    receipts pooled. ``law = "fixed"`` takes the item's `lead_time` alone. Each reason says which.
    """
    _check_options(catalog.study)
    receipts = _usable(catalog)
    laws = _Laws()
    number = np.zeros(catalog.n_items, np.int64)
    reason: list[str] = []
    missing: list[int] = []
    supplier = catalog.texts.get("supplier")
    stated = catalog.numbers.get("lead_time", np.full(catalog.n_items, np.nan)).tolist()
    for row in range(catalog.n_items):
        name = None if supplier is None or supplier[row] is None else str(supplier[row])
        found = _law_of(name, stated[row], receipts, laws, catalog.study)
        if found is None:
            missing.append(row)
        else:
            number[row], text = found
            reason.append(text)
    if missing:
        raise InvalidInputError([_no_lead_time(catalog, missing)])
    is_random = any(periods.size > 1 for periods, _ in laws.points)
    crossing = catalog.study.lead_times.crossing
    if is_random and crossing is None:
        raise InvalidInputError([_crossing_unsaid(catalog.study)])
    law = laws.arrays(number, bool(crossing) and is_random)
    return LeadTimes(law, tuple(reason), (*receipts.notes, *_borrowed(reason)))


def _borrowed(reason: Sequence[str]) -> tuple[QualityRow, ...]:
    """A remark on suppliers whose lead times come from all suppliers."""
    pooled = [text for text in reason if "pooled" in text]
    if not pooled:
        return ()
    note = f"{len(pooled)} SKU-locations: " + "; ".join(sorted(set(pooled))[:3])
    return (QualityRow("receipts", "lead times pooled over all suppliers", "repaired", 0, note=note),)


def merge_points(periods: IntArray, weights: IntArray) -> tuple[IntArray, IntArray]:
    """Distinct support points, ascending, with summed weights in lowest terms (sum < 2**31)."""
    values, inverse = np.unique(periods, return_inverse=True)
    total = np.zeros(values.size, np.int64)
    np.add.at(total, inverse, weights)
    values, total = values[total > 0], total[total > 0]
    total //= np.gcd.reduce(total)
    while int(total.sum()) > _MOST_WEIGHT:
        total = np.maximum(total // 2, 1)
    return values, total


def split_days(days: IntArray, period: str) -> tuple[IntArray, IntArray]:
    """Days → whole periods by the rounding that keeps the mean, in integer weights.

    Parameters
    ----------
    days : (m,) int64
        Lead times in days, ≥ 0.
    period : str
        day, week or month (365/12 days).

    Returns
    -------
    periods, weights : (2m,) int64
        16 days are 2 weeks with weight 5 and 3 weeks with weight 2: exact in units of 1/7 week
        (1/365 month).
    """
    times, share = {"day": (1, 1), "week": (1, 7), "month": (12, 365)}[period]
    whole, rest = np.divmod(days * times, share)
    return np.concatenate([whole, whole + 1]), np.concatenate([share - rest, rest])


def split_periods(value: float) -> tuple[IntArray, IntArray]:
    """A stated lead time in periods as at most two whole ones: 2.3 → 2 with 0.7, 3 with 0.3."""
    whole = int(np.floor(value))
    upper = round((value - whole) * _SHARES)
    points = [(whole, _SHARES - upper), (whole + 1, upper)]
    kept = [(period, weight) for period, weight in points if weight > 0]
    return np.array([p for p, _ in kept], np.int64), np.array([w for _, w in kept], np.int64)


def _check_options(study: Study) -> None:
    if tuple(study.lead_times.by) != ("supplier",):
        shown = f"lead_times.by = {list(study.lead_times.by)}"
        fix = 'use by = ["supplier"]'
        raise InvalidInputError(
            [Problem("E-STU-009", "not in this version", study.file, column=shown, fix=fix)]
        )


def _law_of(
    name: str | None, stated: float, receipts: _Receipts, laws: _Laws, study: Study
) -> tuple[int, str] | None:
    """Number and reason of one item's law; None without any source."""
    spec = study.lead_times
    has_own = np.isfinite(stated)
    if spec.law == "fixed":
        return _stated(stated, laws, study, "") if has_own else None
    own = receipts.days.get(name) if name is not None else None
    if own is not None and own.size >= spec.min_receipts:
        return _learnt(("by", name), own, laws, study, f"supplier '{name}': {own.size} receipts")
    pooled = receipts.pooled if (own is not None or not has_own) else None
    if own is not None and pooled is not None:
        few = f"supplier '{name}': {own.size} receipts, fewer than {spec.min_receipts}"
        why = f"{few} → all {pooled.size} pooled"
        return _learnt("all", pooled, laws, study, why)
    if has_own:
        why = "" if name is None or not receipts.days else f"supplier '{name}' has no receipts: "
        return _stated(stated, laws, study, why)
    if pooled is None or pooled.size == 0:
        return None
    who = "no supplier" if name is None else f"supplier '{name}' has no receipts"
    return _learnt("all", pooled, laws, study, f"{who} and no lead_time → all {pooled.size} receipts pooled")


def _learnt(key: object, days: IntArray, laws: _Laws, study: Study, why: str) -> tuple[int, str]:
    number = laws.add(key, *split_days(days, study.period))
    return number, f"{why}, mean {days.mean():.3g} days"


def _stated(stated: float, laws: _Laws, study: Study, why: str) -> tuple[int, str]:
    periods = stated * study.time_unit_periods
    number = laws.add(("stated", stated), *split_periods(periods))
    return number, f"{why}items.lead_time = {stated:g} {study.data.time_unit}"


def _usable(catalog: Catalog) -> _Receipts:
    """Lead times in days by supplier; longer than `longest_days` refused and counted."""
    table, spec = catalog.receipts, catalog.study.lead_times
    if table is None or spec.law == "fixed":
        return _Receipts({}, ())
    days = (table.receipt_date - table.order_date).astype("timedelta64[D]").astype(np.int64)
    too_long = days > spec.longest_days
    what = f"lead times above longest_days = {spec.longest_days}"
    units = float(table.quantity[too_long].sum())
    note = QualityRow("receipts", what, "refused", int(too_long.sum()), units, 0.0, "left out of the laws")
    good = ~too_long
    names = np.array(["" if one is None else str(one) for one in table.supplier], dtype=object)
    by_name = {
        name: np.sort(days[good & (names == name)]) for name in sorted(set(names[good].tolist())) if name
    }
    return _Receipts(by_name, (note,) if note.rows else ())


def _no_lead_time(catalog: Catalog, rows: Sequence[int]) -> Problem:
    names = ", ".join(f"{catalog.sku[row]}@{catalog.location[row]}" for row in rows[:5])
    more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
    fix = "fill lead_time in items, or give receipts of their suppliers"
    if catalog.study.lead_times.law == "fixed":
        fix = 'fill lead_time in items: [lead_times] law = "fixed" uses nothing else'
    file = catalog.study.data.items.path or "items"
    return Problem("E-MOD-003", f"no lead time for {names}{more}", file, column="lead_time", fix=fix)


def _crossing_unsaid(study: Study) -> Problem:
    fix = "say [lead_times] crossing = false (arrivals keep the order of orders) or true (they may overtake)"
    message = "must be said where lead times are random; one that is no whole number of periods is, too"
    return Problem("E-STU-011", message, study.file, column="lead_times.crossing", fix=fix)


def moments(law: LeadTimeLaw) -> tuple[FloatArray, FloatArray]:
    """(n,) mean and variance of each item's lead time, in periods and periods²."""
    share = _shares(law)
    mean = np.add.reduceat(share * law.periods, law.start)
    away = (law.periods - np.repeat(mean, law.length)) ** 2
    variance = np.add.reduceat(share * away, law.start)
    return mean[law.law], variance[law.law]


def _shares(law: LeadTimeLaw) -> FloatArray:
    total = np.add.reduceat(law.weights, law.start)
    return np.asarray(law.weights / np.repeat(total, law.length))
