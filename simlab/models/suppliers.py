"""Suppliers as the study states them: outages, and orders that come in part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.engine.streams import supplier_keys
from simlab.engine.types import MILLION, IntArray, Supply
from simlab.errors import InvalidInputError, Problem

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
    if not study.suppliers:
        return Stated(fitted, shares)
    column = catalog.texts.get("supplier", np.full(catalog.n_items, None, dtype=object))
    names = np.array([str(name or "") for name in column], dtype=object)
    supply = _plain(names.tolist()) if fitted is None else fitted
    lines = list(shares)
    for spec in study.suppliers:
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
        said.append(f"sends {100 * spec.on_time_share:.4g} % of every order at first; the rest {rest}")
    return " and ".join(said)
