"""Suppliers as the study states them: outages, and orders that come in part."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, IntArray
from simlab.catalog.quality import QualityRow
from simlab.engine.kernels.streams import supplier_keys
from simlab.engine.world.world import MILLION, Supply
from simlab.errors import InvalidInputError, Problem
from simlab.models.shared import Sharing
from simlab.models.suppliers.closures import check_closures, with_closures
from simlab.models.suppliers.orders import Observed, Parts, observe, suppliers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simlab.catalog import Catalog
    from simlab.study import Study
    from simlab.study.sections import SupplierSpec


_CERTAIN = 1 << 32
_NEVER = -1
_NAMED = 5


@dataclass(frozen=True, eq=False)
class Stated:
    """What the study says of suppliers.

    Attributes
    ----------
    supply : Supply or None
        As the simulator takes it; None where nothing sets one order apart from another.
    assumptions : tuple of str
        In sentences.
    """

    supply: Supply | None
    assumptions: tuple[str, ...]


def check_suppliers(catalog: Catalog) -> None:
    """Refuse suppliers that no item has, and delays that nobody shares.

    Raises
    ------
    InvalidInputError
        All of them at once.
    """
    check_closures(catalog)
    study = catalog.study
    known = {str(name) for name in catalog.texts.get("supplier", ()) if name}
    problems: list[Problem] = []
    for place, spec in enumerate(study.suppliers):
        if spec.name not in known:
            shown = ", ".join(sorted(known)[:_NAMED]) or "none: fill column 'supplier'"
            where = f"suppliers[{place}].name = {spec.name!r}"
            problems.append(
                Problem(
                    "E-MOD-021",
                    "no item has this supplier",
                    study.file,
                    column=where,
                    fix=f"items have {shown}",
                )
            )
        if spec.outages_per_year is not None and spec.outage_length is not None:
            stopped = spec.outages_per_year * spec.outage_length * study.time_unit_periods
            if stopped >= study.periods_per_year:
                where = f"suppliers[{place}].outage_length = {spec.outage_length:g}"
                what = "outages would last the whole year"
                fix = f"times are in {study.data.time_unit} (data.time_unit)"
                problems.append(Problem("E-MOD-021", what, study.file, column=where, fix=fix))
    if study.lead_times.shared_delay and not known:
        fix = "fill column 'supplier' of items, or leave shared_delay out"
        where = "lead_times.shared_delay = true"
        problems.append(Problem("E-MOD-021", "no item has a supplier", study.file, column=where, fix=fix))
    if problems:
        raise InvalidInputError(problems)


def stated_suppliers(catalog: Catalog, fitted: Supply | None) -> Stated:
    """What was learnt of suppliers, with what `[[suppliers]]` states in its place.

    Parameters
    ----------
    catalog : Catalog
        `items.supplier` and the study.
    fitted : Supply or None
        From the receipts and the options of [lead_times].
    """
    study = catalog.study
    shares: tuple[str, ...] = ()
    if study.lead_times.shared_delay:
        shares = ("all orders that a supplier gets in one period share one delay",)
    specs = [spec for spec in study.suppliers if _sentence(spec, study)]
    column = catalog.texts.get("supplier", np.full(catalog.n_items, None, dtype=object))
    names = np.array([str(name or "") for name in column], dtype=object)
    plain = _plain(names.tolist())
    fitted, closures = with_closures(catalog, fitted, plain)
    lines = [*shares, *closures]
    if not specs:  # terms of ordering alone change nothing that is simulated
        return Stated(fitted, tuple(lines))
    supply = plain if fitted is None else fitted
    for spec in specs:
        numbers = np.unique(supply.supplier[names == spec.name])
        supply = _said(supply, numbers, spec, study)
        lines.append(f"supplier {spec.name} {_sentence(spec, study)} (stated)")
    return Stated(supply, tuple(lines))


def outage_chances(mean_length: float, mean_between: float) -> tuple[int, int]:
    """Chances per period, in 2**-32, that a working supplier stops and that a stopped one is back.

    Parameters
    ----------
    mean_length : float
        Mean length of an outage, periods.
    mean_between : float
        Mean time from the beginning of one to the beginning of the next, periods.
    """
    fails = min(1.0, 1.0 / max(1.0, mean_between - mean_length))
    recovers = min(1.0, 1.0 / max(1.0, mean_length))
    return min(_CERTAIN, round(fails * _CERTAIN)), min(_CERTAIN, round(recovers * _CERTAIN))


def _plain(names: Sequence[str]) -> Supply:
    """Every supplier of the items, without anything of its own."""
    distinct = sorted(set(names))
    number = {name: place for place, name in enumerate(distinct)}
    none = np.zeros(len(distinct), dtype=np.int64)
    return Supply(
        supplier=np.array([number[name] for name in names], dtype=np.int64),
        keys=supplier_keys(distinct),
        shared_delay=np.zeros(len(distinct), dtype=np.bool_),
        fails=none,
        recovers=none + _CERTAIN,
        on_time=none + MILLION,
        rest_delay=none,
    )


def _said(supply: Supply, numbers: IntArray, spec: SupplierSpec, study: Study) -> Supply:
    """The same with one supplier as stated."""
    columns = {name: getattr(supply, name).copy() for name in ("fails", "recovers", "on_time", "rest_delay")}
    if spec.outages_per_year is not None and spec.outage_length is not None:
        between = study.periods_per_year / spec.outages_per_year
        chances = outage_chances(spec.outage_length * study.time_unit_periods, between)
        columns["fails"][numbers], columns["recovers"][numbers] = chances
    if spec.on_time_share is not None:
        columns["on_time"][numbers] = round(spec.on_time_share * MILLION)
        columns["rest_delay"][numbers] = _rest_delay(spec, study)
    return replace(supply, **columns)


def _rest_delay(spec: SupplierSpec, study: Study) -> int:
    if spec.rest == "cancelled" or spec.rest_delay is None:
        return _NEVER
    return max(1, round(spec.rest_delay * study.time_unit_periods))


def _sentence(spec: SupplierSpec, study: Study) -> str:
    said = []
    if spec.outages_per_year is not None and spec.outage_length is not None:
        length = spec.outage_length * study.time_unit_periods
        said.append(
            f"stops {spec.outages_per_year:g} times a year on average, for {length:.3g} {study.period}s on "
            "average, at random, and holds orders back until it works again"
        )
    if spec.on_time_share is not None:
        delay = _rest_delay(spec, study)
        rest = "is cancelled" if delay == _NEVER else f"follows {delay} {study.period}s later"
        said.append(f"sends {100 * spec.on_time_share:.4g}% of every order at first; the rest {rest}")
    return " and ".join(said)


_WHOLE = 1_000_000


@dataclass(frozen=True, eq=False)
class Supplying:
    """Suppliers of the items, as the simulator takes them.

    Attributes
    ----------
    supply : Supply or None
        None where every order comes whole and has a lead time of its own.
    reason : tuple of str
        What to add to the reason of each item's lead time; maybe empty.
    notes : tuple of QualityRow
    """

    supply: Supply | None
    reason: tuple[str, ...]
    notes: tuple[QualityRow, ...] = ()


@dataclass(frozen=True)
class _Split:
    """How one supplier's orders come."""

    on_time: int  # millionths
    rest_delay: int  # periods, or never
    text: str


@dataclass(frozen=True, eq=False)
class _Pool:
    """How suppliers' orders come, of all items.

    Attributes
    ----------
    known : tuple of str
        Suppliers with receipts.
    name, text : tuple of str
        Of every kind of order: its supplier, and what to say of it.
    whole : (k,) bool
        It comes whole, as its lead time is a stated one.
    on_time, rest_delay : (k,) int64
        Millionths, and periods.
    none : bool
        Every order comes whole and has a lead time of its own.
    """

    known: tuple[str, ...]
    name: tuple[str, ...]
    text: tuple[str, ...]
    whole: BoolArray
    on_time: IntArray
    rest_delay: IntArray
    none: bool


def fit_supply(catalog: Catalog, sharing: Sharing | None = None) -> Supplying:
    """Suppliers of the items, where orders are split or share their delays.

    Parameters
    ----------
    catalog : Catalog
        `items.supplier`, receipts, and the options of [lead_times].
    sharing : Sharing, optional
        Pools of all items; these are all if left out.

    Notes
    -----
    With ``shared_delay`` all orders that a named supplier gets in one period have one delay.

    With ``partial = "split"``, over complete orders: units of first receipts ÷ units ordered, and the mean
    days (over units) from the first receipt to a later one, rounded to the nearest whole period. Where
    more units were never received than received later, the rest is cancelled. Suppliers with fewer than
    `min_receipts` complete orders take what all orders tell, and so do items whose supplier has none;
    those of them with a stated lead_time come whole. Every simulated order is split alike, whatever its
    size.
    """
    plain = Supplying(None, ("",) * catalog.n_items)
    spec = catalog.study.lead_times
    splits = spec.partial == "split" and spec.law != "fixed" and catalog.receipts is not None
    if not splits and not spec.shared_delay:
        return plain
    sharing = sharing or Sharing()
    pool = sharing.of("supply", _Pool, lambda: _pool(catalog, splits=splits))
    if pool.none:
        return plain
    kinds = _kinds(catalog, pool.known)
    distinct = sorted(set(kinds))
    place = {kind: k for k, kind in enumerate(zip(pool.name, pool.whole.tolist(), strict=True))}
    own = np.array([place[kind] for kind in distinct], np.int64)
    number = {kind: k for k, kind in enumerate(distinct)}
    of = np.array([number[kind] for kind in kinds], dtype=np.int64)
    names = sorted({name for name, _ in distinct})
    keys = dict(zip(names, supplier_keys(names), strict=True))
    supply = Supply(
        supplier=of,
        keys=np.array([keys[name] for name, _ in distinct], dtype=np.uint64),
        shared_delay=np.array([spec.shared_delay and bool(name) for name, _ in distinct], np.bool_),
        fails=np.zeros(len(distinct), np.int64),
        recovers=np.full(len(distinct), _CERTAIN, np.int64),
        on_time=pool.on_time[own],
        rest_delay=pool.rest_delay[own],
    )
    texts = tuple(pool.text[own[k]] for k in of.tolist())
    n_split = int((supply.on_time < _WHOLE).sum())
    return Supplying(supply, texts, (_remark(catalog.study, n_split),) if n_split else ())


def _pool(catalog: Catalog, *, splits: bool) -> _Pool:
    seen = observe(catalog) if splits else None
    groups = {} if seen is None else suppliers(seen.table)
    distinct = sorted(set(_kinds(catalog, groups)))
    found = [
        _Split(_WHOLE, 0, "")
        if whole or seen is None
        else _of_supplier(groups.get(name), seen, catalog.study)
        for name, whole in distinct
    ]
    split = any(one.on_time < _WHOLE for one in found)
    shares = catalog.study.lead_times.shared_delay and any(name for name, _ in distinct)
    return _Pool(
        tuple(groups),
        tuple(name for name, _ in distinct),
        tuple(one.text for one in found),
        np.array([whole for _, whole in distinct], np.bool_),
        np.array([one.on_time for one in found], np.int64),
        np.array([one.rest_delay for one in found], np.int64),
        none=not split and not shares,
    )


def _kinds(catalog: Catalog, groups: Collection[str]) -> list[tuple[str, bool]]:
    """Supplier of each item, and whether its lead time is a stated one: such orders come whole."""
    nothing = np.full(catalog.n_items, None, dtype=object)
    names = [name or "" for name in catalog.texts.get("supplier", nothing)]
    stated = np.isfinite(catalog.numbers.get("lead_time", np.full(catalog.n_items, np.nan))).tolist()
    return [(name, known and name not in groups) for name, known in zip(names, stated, strict=True)]


def _of_supplier(rows: IntArray | None, seen: Observed, study: Study) -> _Split:
    """Its own complete orders, or all."""
    parts = seen.parts
    assert parts is not None
    told = parts.complete & (parts.n_receipts > 0)
    own = np.zeros(0, np.int64) if rows is None else rows[told[rows]]
    pooled = own.size < study.lead_times.min_receipts
    rows = np.flatnonzero(told) if pooled else own
    share, delay = _share(parts, rows), _delay(parts, rows, seen.ratio)
    if share >= _WHOLE or delay == 0:
        return _Split(_WHOLE, 0, "")
    from_all = f" (all {rows.size} complete orders)" if pooled else ""
    rest = "is cancelled" if delay == _NEVER else f"follows {delay} {study.period}s later"
    return _Split(share, delay, f"; {share / 1e4:.3g}% of an order at first, the rest {rest}{from_all}")


def _share(parts: Parts, rows: IntArray) -> int:
    first = int(parts.first_units[rows].sum())
    asked = first + int(parts.later_units[rows].sum()) + int(parts.short_units[rows].sum())
    return _WHOLE if asked == 0 else round(_WHOLE * first / asked)


def _delay(parts: Parts, rows: IntArray, ratio: tuple[int, int]) -> int:
    later, short = int(parts.later_units[rows].sum()), int(parts.short_units[rows].sum())
    if later == 0 or short > later:
        return _NEVER
    return round(int(parts.later_unit_days[rows].sum()) / later * ratio[0] / ratio[1])


def _remark(study: Study, n: int) -> QualityRow:
    text = (
        f"{n} suppliers: every order is split by the supplier's mean share, the rest follows after its mean "
        f"delay in whole {study.period}s; levels are planned as if orders came whole"
    )
    return QualityRow("receipts", "orders simulated in parts", "used", 0, note=text)
