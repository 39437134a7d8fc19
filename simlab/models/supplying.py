"""What befalls all orders at a supplier: how much comes at first, and when the rest follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simlab.catalog.quality import QualityRow
from simlab.engine.streams import supplier_keys
from simlab.engine.types import IntArray, Supply
from simlab.models.orders import Observed, Parts, observe, suppliers

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.study import Study

_WHOLE = 1_000_000
_CERTAIN = 1 << 32
_NEVER = -1


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


def fit_supply(catalog: Catalog) -> Supplying:
    """Suppliers of the items, where orders are split or share their delays.

    Parameters
    ----------
    catalog : Catalog
        `items.supplier`, receipts, and the options of [lead_times].

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
    seen = observe(catalog) if spec.partial == "split" and spec.law != "fixed" else None
    if seen is None and not spec.shared_delay:
        return plain
    groups = {} if seen is None else suppliers(seen.table)
    kinds = _kinds(catalog, groups)
    distinct = sorted(set(kinds))
    found = [
        _Split(_WHOLE, 0, "")
        if whole or seen is None
        else _of_supplier(groups.get(name), seen, catalog.study)
        for name, whole in distinct
    ]
    number = {kind: place for place, kind in enumerate(distinct)}
    of = np.array([number[kind] for kind in kinds], dtype=np.int64)
    names = sorted({name for name, _ in distinct})
    keys = dict(zip(names, supplier_keys(names), strict=True))
    supply = Supply(
        supplier=of,
        keys=np.array([keys[name] for name, _ in distinct], dtype=np.uint64),
        shared_delay=np.array([spec.shared_delay and bool(name) for name, _ in distinct], np.bool_),
        fails=np.zeros(len(distinct), np.int64),
        recovers=np.full(len(distinct), _CERTAIN, np.int64),
        on_time=np.array([one.on_time for one in found], dtype=np.int64),
        rest_delay=np.array([one.rest_delay for one in found], dtype=np.int64),
    )
    split = [one for one in found if one.on_time < _WHOLE]
    if not split and not supply.shared_delay.any():
        return plain
    texts = tuple(found[place].text for place in of.tolist())
    return Supplying(supply, texts, (_remark(catalog.study, len(split)),) if split else ())


def _kinds(catalog: Catalog, groups: Mapping[str, IntArray]) -> list[tuple[str, bool]]:
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
    return _Split(share, delay, f"; {share / 1e4:.3g} % of an order at first, the rest {rest}{from_all}")


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
