"""Lead times in whole periods: by supplier from receipts, else as the items table states them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.catalog.quality import QualityRow
from simlab.catalog.tables.known_names import hint, meant
from simlab.engine.world.world import LeadTimeLaw
from simlab.errors import InvalidInputError, Problem
from simlab.models.grouping import lead_time_laws
from simlab.models.shared import Sharing
from simlab.models.suppliers.delays import (
    DayLaw,
    Delays,
    Key,
    item_keys,
    pooled,
    product_limit,
    read_delays,
    smoothed,
)
from simlab.models.suppliers.orders import observe, open_days_in, open_week
from simlab.models.suppliers.redrawn import DelayUncertainty, GroupLaw, Source, alike, delay_uncertainty
from simlab.models.suppliers.remarks import remarks
from simlab.models.suppliers.stated import in_periods, stated_lead_times, stated_points
from simlab.models.working_parts import constants_stay, receipts_can_be_constant
from simlab.register import grounds as of
from simlab.register.grounds import Reason

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.study import Study


_MOST_WEIGHT = 2**31 - 1
_NAMES_SHOWN = 3
_NOTHING = 1e-6
_Learnt = tuple[int, Reason]
_Found = tuple[int, Reason, "Source | None"]


@dataclass(frozen=True, eq=False)
class LeadTimes:
    """Law of every SKU-location's lead time.

    Attributes
    ----------
    law : LeadTimeLaw
        In whole periods.
    reason : tuple of Reason
        Where it comes from, per SKU-location.
    source : tuple of str
        The same as a key: "receipts", "stated", or "stated_spread" (stated with how much it varies).
    notes : tuple of QualityRow
        Rows of the quality account.
    known : DelayUncertainty or None
        How sure the laws are; None where all are stated, or the study does not ask.
    constant : (n,) float
        Lead times that never vary, in periods and parts of them; NaN where they are random. The law has
        the nearest whole period: see `working_parts`.
    rounding : (n,) float
        Variance that rounding to whole periods adds, periods².
    """

    law: LeadTimeLaw
    reason: tuple[Reason, ...]
    source: tuple[str, ...]
    notes: tuple[QualityRow, ...]
    rounding: FloatArray
    known: DelayUncertainty | None = None
    constant: FloatArray = field(default_factory=lambda: np.zeros(0))


@dataclass(eq=False)
class _Laws:
    """Distinct laws as they are met, numbered."""

    points: list[tuple[IntArray, IntArray]] = field(default_factory=list)
    number: dict[object, int] = field(default_factory=dict)
    constant: dict[int, float] = field(default_factory=dict)

    def add_constant(self, key: object, value: float) -> int:
        """A lead time that never varies, at its nearest whole period."""
        number = self.add(key, np.array([round(value)], np.int64), np.ones(1, np.int64), 0.0)
        self.constant[number] = value
        return number

    variance: list[float] = field(default_factory=list)

    def add(self, key: object, periods: IntArray, weights: IntArray, variance: float) -> int:
        """Number of a law; `variance` is that of the lead time before it was rounded, periods²."""
        if key not in self.number:
            self.number[key] = len(self.points)
            self.points.append(merge_points(periods, weights))
            self.variance.append(variance)
        return self.number[key]

    def arrays(self, law: IntArray, crossing: bool) -> LeadTimeLaw:
        length = np.array([periods.size for periods, _ in self.points], dtype=np.int64)
        periods = np.concatenate([periods for periods, _ in self.points])
        weights = np.concatenate([weights for _, weights in self.points])
        return LeadTimeLaw(law, np.cumsum(length) - length, length, periods, weights, crossing)


@dataclass(frozen=True, eq=False)
class _Pool:
    """What the receipts tell of the groups that items ask for.

    Attributes
    ----------
    group : tuple of str
        Values of `lead_times.by` that a group has in common, as JSON.
    count : (g,) int64
        Receipts.
    there : (g,) bool
        The group stands in the table, received or open.
    length, days, weights : (g,), (p,), (p,) int64
        Laws mixed with those around, end to end; of length 0: no item has it.
    own_length, own_days, own_weights : (g,), (q,), (q,) int64
        Laws of the groups' own orders likewise; where parameters are drawn again, else of length 0.
    likeness : float
        How far suppliers are alike; where parameters are drawn again.
    ratio : (2,) int64
        Periods in a day, as a fraction.
    crossing : bool
        Whether orders may overtake: lead times of some item are random.
    """

    group: tuple[str, ...]
    count: IntArray
    there: BoolArray
    length: IntArray
    days: IntArray
    weights: IntArray
    own_length: IntArray
    own_days: IntArray
    own_weights: IntArray
    likeness: float
    ratio: IntArray
    crossing: bool


@dataclass(eq=False)
class _Receipts:
    """Receipts and open orders by group, and the laws of groups as they are asked for."""

    study: Study
    delays: Delays | None
    notes: tuple[QualityRow, ...] = ()
    ratio: tuple[int, int] = (1, 1)
    counts: dict[Key, int] = field(default_factory=dict)
    there: dict[Key, bool] = field(default_factory=dict)
    found: dict[Key, DayLaw] = field(default_factory=dict)
    owned: dict[Key, DayLaw] = field(default_factory=dict)
    alike: float = np.nan

    @classmethod
    def known(cls, study: Study, pool: _Pool) -> _Receipts:
        """As the whole catalogue's items asked for."""
        keys: list[Key] = [tuple(json.loads(one)) for one in pool.group]
        laws = _apart(keys, pool.length, pool.days, pool.weights)
        own = _apart(keys, pool.own_length, pool.own_days, pool.own_weights)
        counts, there = (dict(zip(keys, one.tolist(), strict=True)) for one in (pool.count, pool.there))
        ratio = int(pool.ratio[0]), int(pool.ratio[1])
        return cls(study, None, (), ratio, counts, there, laws, own, pool.likeness)

    def pool(self, crossing: bool) -> _Pool:
        """What was asked for so far."""
        keys = sorted(self.counts.keys() | self.there.keys() | self.found.keys() | self.owned.keys())
        return _Pool(
            tuple(json.dumps(key) for key in keys),
            np.array([self.counts.get(key, 0) for key in keys], np.int64),
            np.array([self.there.get(key, False) for key in keys], np.bool_),
            *_end_to_end([self.found.get(key) for key in keys]),
            *_end_to_end([self.owned.get(key) for key in keys]),
            self.alike,
            np.array(self.ratio),
            crossing,
        )

    def rows(self, prefix: Key) -> IntArray:
        """Rows of a group."""
        return np.zeros(0, np.int64) if self.delays is None else self.delays.rows(prefix)

    def count(self, prefix: Key) -> int:
        """Receipts of a group."""
        if prefix not in self.counts:
            rows = self.rows(prefix)
            self.counts[prefix] = 0 if self.delays is None else int((~self.delays.is_open[rows]).sum())
        return self.counts[prefix]

    def knows(self, prefix: Key) -> bool:
        """Whether the group stands in the table, received or open."""
        if prefix not in self.there:
            self.there[prefix] = self.rows(prefix).size > 0
        return self.there[prefix]

    def own(self, prefix: Key) -> DayLaw:
        """Law of a group's own orders; the empty prefix is everything."""
        if prefix in self.owned:
            return self.owned[prefix]
        assert self.delays is not None
        rows = self.rows(prefix)
        return product_limit(self.delays.days[rows], self.delays.is_open[rows])

    def groups(self, sources: Sequence[Source | None]) -> dict[Key, GroupLaw]:
        """Own laws of the groups of some sources and of those around them."""
        wanted = {
            one.group[:depth]
            for one in set(sources)
            if one is not None
            for depth in range(len(one.group) + 1)
        }
        self.owned |= {key: self.own(key) for key in sorted(wanted)}
        return {key: GroupLaw(self.owned[key], self.count(key)) for key in sorted(wanted)}

    def likeness(self) -> float:
        """How far suppliers (values of the first column of `by`) are alike; see `redrawn_delays.alike`."""
        if self.delays is not None:
            came = np.flatnonzero(~self.delays.is_open)
            names = [self.delays.key[row][0] for row in came.tolist()]
            self.alike = alike(self.delays.days[came], np.unique(names, return_inverse=True)[1])
        return self.alike

    def law(self, prefix: Key) -> DayLaw:
        """Own law of the first group, then mixtures with the group around."""
        if prefix not in self.found:
            law = self.own(prefix)
            if len(prefix) > 1:
                strength = self.study.lead_times.min_receipts
                law = pooled(law, self.law(prefix[:-1]), self.count(prefix), strength)
            self.found[prefix] = law
        return self.found[prefix]


def fit_lead_times(catalog: Catalog, sharing: Sharing | None = None) -> LeadTimes:
    """Lead-time laws of all SKU-locations.

    Parameters
    ----------
    catalog : Catalog
        `items` (`supplier`, `lead_time` and `lead_time_sd` in `data.time_unit`), `receipts`, study.
    sharing : Sharing, optional
        Pools of all items; these are all if left out. Of some rows receipts are not read again.

    Raises
    ------
    InvalidInputError
        No source of a lead time, a spread without a mean, or random lead times without a word on crossing.

    Notes
    -----
    In this order: the empirical law of the supplier's receipts (of the first column of `by`) if there are
    `min_receipts` or more; with fewer, all receipts pooled; with none, the item's `lead_time`; without
    that, all receipts pooled. Further columns of `by` are groups within: n receipts of the group and the
    law around it are mixed with weights n and `min_receipts`. Orders still open count as longer than so
    far (Kaplan–Meier). ``gamma`` and ``lognormal`` keep mean and variance of these laws. ``law =
    "fixed"`` takes what the item states alone: its `lead_time`, which varies by `lead_time_sd` where that
    is above 0 (a gamma law, lognormal under ``law = "lognormal"``; `spread_periods`). Each reason says which.
    What never varies (stated without a spread, or the same in all receipts) stays constant: whole here, and
    on the working grid of `working_parts` where it is no whole number of periods.
    """
    sharing = sharing or Sharing()
    receipts = _usable(catalog) if sharing.whole else _of_rows(catalog, sharing)
    laws = _Laws()
    number = np.zeros(catalog.n_items, np.int64)
    reason: list[Reason] = []
    sources: list[Source | None] = []
    missing: list[int] = []
    keys, kinds = item_keys(catalog), lead_time_laws(catalog).tolist()
    means, spreads = stated_lead_times(catalog)
    known_laws: dict[tuple[Key, float | None, float, str], _Found | None] = {}
    for row, (key, mean, sd, kind) in enumerate(zip(keys, means, spreads, kinds, strict=True)):
        alike = (key, None if isnan(mean) else mean, sd, kind)
        if alike not in known_laws:
            said = _Stated(mean, sd, f"{catalog.sku[row]}@{catalog.location[row]}")
            known_laws[alike] = _law_of(key, said, kind, receipts, laws)
        found = known_laws[alike]
        if found is None:
            missing.append(row)
        else:
            number[row], why, source = found
            reason.append(why)
            sources.append(source)
    if missing:
        raise InvalidInputError([_no_lead_time(catalog, missing)])
    is_random = any(periods.size > 1 for periods, _ in laws.points)
    crossing = catalog.study.lead_times.crossing
    if is_random and crossing is None:
        by_data = any(sources) or any(sd > 0 for sd in spreads)
        raise InvalidInputError([_crossing_unsaid(catalog.study, by_data)])
    notes = receipts.notes
    if sharing.whole:
        notes = (*notes, *_borrowed(catalog, reason, sources), *remarks(catalog))
    constant = np.array([laws.constant.get(one, np.nan) for one in number.tolist()])
    known = None
    if catalog.study.models.parameter_uncertainty:
        spec = catalog.study.lead_times
        groups = receipts.groups(sources)
        known = delay_uncertainty(sources, groups, spec, receipts.ratio, receipts.likeness())
    pool = sharing.of("receipts", _Pool, lambda: receipts.pool(bool(crossing) and is_random))
    law = laws.arrays(number, pool.crossing)
    added = moments(law)[1] - np.array(laws.variance)[number]
    rounding = np.where(added > _NOTHING, added, 0.0)
    keys_of_source = tuple(
        "receipts" if source else "stated_spread" if sd > 0 else "stated"
        for source, sd in zip(sources, spreads, strict=True)
    )
    return LeadTimes(law, tuple(reason), keys_of_source, notes, rounding, known, constant)


def _end_to_end(laws: Sequence[DayLaw | None]) -> tuple[IntArray, IntArray, IntArray]:
    """Length of each law, none where there is none, and days and weights of all."""
    none = np.zeros(0, np.int64)
    known = [DayLaw(none, none) if law is None else law for law in laws]
    days, weights = ([none, *(getattr(law, name) for law in known)] for name in ("days", "weights"))
    length = np.array([law.days.size for law in known], np.int64)
    return length, np.concatenate(days), np.concatenate(weights)


def _apart(keys: Sequence[Key], length: IntArray, days: IntArray, weights: IntArray) -> dict[Key, DayLaw]:
    """The laws of `_end_to_end`, by group."""
    ends = np.cumsum(length).tolist()
    at = [slice(end - n, end) for end, n in zip(ends, length.tolist(), strict=True)]
    return {key: DayLaw(days[i], weights[i]) for key, i in zip(keys, at, strict=True) if i.start < i.stop}


def _borrowed(
    catalog: Catalog, reason: Sequence[Reason], sources: Sequence[Source | None]
) -> tuple[QualityRow, ...]:
    """A remark on SKU-locations whose lead times come from all suppliers: reasons, and examples of each."""
    borrowers = [row for row, one in enumerate(sources) if one is not None and not one.group]
    if not borrowers:
        return ()
    of_reason: dict[str, list[str]] = {}
    for row in borrowers:
        of_reason.setdefault(str(reason[row]), []).append(f"{catalog.sku[row]}@{catalog.location[row]}")
    told = [
        f"{text} ({', '.join(names[:_NAMES_SHOWN])}{', …' if len(names) > _NAMES_SHOWN else ''})"
        for text, names in sorted(of_reason.items())
    ]
    more = "; …" if len(told) > _NAMES_SHOWN else ""
    note = f"{len(borrowers)} SKU-locations: " + "; ".join(told[:_NAMES_SHOWN]) + more
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


def split_days(days: IntArray, per_day: tuple[int, int]) -> tuple[IntArray, IntArray]:
    """Days → whole periods by the rounding that keeps the mean, in integer weights.

    Parameters
    ----------
    days : (m,) int64
        Lead times in days, ≥ 0.
    per_day : (int, int)
        Periods in a day as a fraction: (1, 7) for weeks, (12, 365) for months; see
        `working_days.periods_per_day`.

    Returns
    -------
    periods, weights : (2m,) int64
        16 days are 2 weeks with weight 5 and 3 weeks with weight 2: exact in units of 1/7 week
        (1/365 month).
    """
    times, share = per_day
    whole, rest = np.divmod(days * times, share)
    return np.concatenate([whole, whole + 1]), np.concatenate([share - rest, rest])


@dataclass(frozen=True)
class _Stated:
    """What an item says of its lead time, in `data.time_unit`; a mean of NaN: nothing."""

    mean: float
    sd: float
    who: str


def _law_of(key: Key, stated: _Stated, kind: str, receipts: _Receipts, laws: _Laws) -> _Found | None:
    """Number, reason and source of one item's law; None without any."""
    spec, study = receipts.study.lead_times, receipts.study
    has_own = np.isfinite(stated.mean)
    if kind == "fixed":
        return (*_stated(stated, kind, laws, study, ""), None) if has_own else None
    first = spec.by[0]
    name = f"{first} '{key[0]}'" if key else f"no {first}"
    n = receipts.count(key[:1]) if key else 0
    if n >= spec.min_receipts:
        return _grouped(key, n, kind, receipts, laws, name)
    known = bool(key) and receipts.knows(key[:1])
    n_all = receipts.count(())
    if known and n_all:
        text = f"{name}: {n} receipts, fewer than {spec.min_receipts} → all {n_all} pooled"
        why = Reason(text, (of.FEW_RECEIPTS,))
        learnt = _learnt("all", receipts.law(()), kind, receipts, laws, why)
        return (*learnt, Source((), key[0], kind))
    if has_own:
        before = f"{name} has no receipts: " if key and n_all else ""
        return (*_stated(stated, kind, laws, study, before), None)
    if n_all == 0:
        return None
    who = f"{name} has no receipts" if key else name
    why = Reason(f"{who} and no lead_time → all {n_all} receipts pooled", (of.NO_RECEIPTS,))
    learnt = _learnt("all", receipts.law(()), kind, receipts, laws, why)
    return (*learnt, Source((), key[0] if key else "", kind))


def _grouped(key: Key, n: int, kind: str, receipts: _Receipts, laws: _Laws, name: str) -> _Found:
    """The law of the innermost group that has receipts, mixed with those around it."""
    depth = 1
    while depth < len(key) and receipts.count(key[: depth + 1]):
        depth += 1
    why = Reason(f"{name}: {n} receipts", (of.OWN_RECEIPTS,))
    for level in range(1, depth):
        inside = receipts.count(key[: level + 1])
        share = receipts.study.lead_times.min_receipts / (inside + receipts.study.lead_times.min_receipts)
        column = (*receipts.study.lead_times.by, "ordered on")[level]
        text = f", {column} '{key[level]}': {inside} of them ({100 * share:.0f}% borrowed)"
        why = why.adding(text, of.INNER_GROUP)
    learnt = _learnt(("by", *key[:depth]), receipts.law(key[:depth]), kind, receipts, laws, why)
    return (*learnt, Source(key[:depth], None, kind))


def _learnt(group: object, law: DayLaw, kind: str, receipts: _Receipts, laws: _Laws, why: Reason) -> _Learnt:
    study, key = receipts.study, (group, kind)
    if kind in ("gamma", "lognormal") and key not in laws.number:
        law = smoothed(law, kind, study.lead_times.longest_days)
    if law.days.size == 1 and receipts_can_be_constant(study):
        number = laws.add_constant(key, float(law.days[0]) * receipts.ratio[0] / receipts.ratio[1])
    else:
        in_periods = receipts.ratio[0] / receipts.ratio[1]
        spread = law.variance * in_periods**2
        week = open_week(study) if study.lead_times.calendar == "days" else None
        if week is None:
            periods, weights = split_days(law.days, receipts.ratio)
            weights *= np.tile(law.weights, 2)
        else:
            periods = open_days_in(law.days, week).ravel()
            weights = np.repeat(law.weights, int(week.sum()))
        number = laws.add(key, periods, weights, spread)
    shape = "" if kind == "empirical" else f", {kind}"
    days = "days" if study.lead_times.calendar == "days" else "working days"
    return number, why.adding(f", mean {law.mean:.3g} {days}{shape}")


def _stated(stated: _Stated, kind: str, laws: _Laws, study: Study, why: str) -> _Learnt:
    shape = "lognormal" if kind == "lognormal" else "gamma"
    key = ("stated", stated.mean, stated.sd, shape if stated.sd else "")
    if key not in laws.number:
        unit = study.time_unit_periods
        mean = in_periods(stated.mean, study)
        if stated.sd == 0 and constants_stay(study):
            laws.add_constant(key, mean)
        else:
            points = stated_points(mean, stated.sd * unit, shape, stated.who)
            laws.add(key, *points, (stated.sd * unit) ** 2)
    text = f"{why}items.lead_time = {stated.mean:g} {study.data.time_unit}"
    if not stated.sd:
        return laws.number[key], Reason(text, (of.STATED,))
    spread = f", lead_time_sd = {stated.sd:g}, {shape}"
    return laws.number[key], Reason(text + spread, (of.STATED_SPREAD,))


def _usable(catalog: Catalog) -> _Receipts:
    """Lead times in days; longer than `longest_days` refused and counted."""
    spec = catalog.study.lead_times
    fixed = all(law == "fixed" for law in (spec.law, *(one.law for one in spec.override)))
    seen = None if fixed else observe(catalog)
    if seen is None:
        return _Receipts(catalog.study, Delays(np.zeros(0, np.int64), np.zeros(0, np.bool_), ()))
    what = f"lead times above longest_days = {spec.longest_days}"
    note = "left out of the laws"
    refused = QualityRow("receipts", what, "refused", seen.n_refused, float(seen.units_refused), 0.0, note)
    notes = (refused,) if seen.n_refused else ()
    return _Receipts(catalog.study, read_delays(catalog, seen), notes, seen.ratio)


def _of_rows(catalog: Catalog, sharing: Sharing) -> _Receipts:
    """As the items of the whole catalogue found them."""
    return _Receipts.known(catalog.study, sharing.taken("receipts", _Pool))


def _no_lead_time(catalog: Catalog, rows: Sequence[int]) -> Problem:
    names = ", ".join(f"{catalog.sku[row]}@{catalog.location[row]}" for row in rows[:5])
    more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
    fix = "fill lead_time in items, or give receipts of their suppliers"
    if catalog.study.lead_times.law == "fixed":
        fix = 'fill lead_time in items: [lead_times] law = "fixed" uses nothing else'
    like = [name for name in catalog.numbers if meant("items", name, ("lead_time",))[0]]
    if "lead_time" not in catalog.numbers and like:
        said = hint(like[0], ("lead_time",), catalog.study.data.time_unit)
        fix = f"column '{like[0]}': {said} under [data.items]; or {fix}"
    file = catalog.study.data.items.path or "items"
    return Problem("E-MOD-003", f"no lead time for {names}{more}", file, column="lead_time", fix=fix)


def _crossing_unsaid(study: Study, by_data: bool) -> Problem:
    """Lead times are random: by the data, else because constant ones are drawn in whole periods."""
    fix = "say [lead_times] crossing = false (arrivals keep the order of orders) or true (they may overtake)"
    message = "must be said where lead times are random: learned from receipts, or with lead_time_sd"
    if not by_data:
        policy = study.policy.family == "forecast"
        why = 'under policy.family = "forecast"' if policy else f'under models.law = "{study.models.law}"'
        message = (
            f"must be said: {why} time goes by whole {study.period}s, so that a constant lead time between "
            f"two whole numbers of {study.period}s is drawn as the one or the other"
        )
        fix += f", or give lead times in whole {study.period}s"
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
