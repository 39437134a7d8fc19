"""Choices named for some SKU-locations: by SKU, location, category or segment."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from simlab.arrays import IntArray
from simlab.errors import Problem, did_you_mean
from simlab.study.history_sections import DemandSpec, LeadTimeSpec, Selector

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.study import Study


SECTIONS = ("demand", "models", "lead_times")
"""Of the study, those with overrides."""
_NAMES_SHOWN = 8
Value = TypeVar("Value", bound=Hashable)


def rows_of(catalog: Catalog, chosen: Selector) -> IntArray:
    """Rows of the catalogue that fit everything that an override names."""
    fits = np.ones(catalog.n_items, np.bool_)
    columns = {
        "sku": np.array(catalog.sku, dtype=object),
        "location": np.array(catalog.location, dtype=object),
        "category": catalog.texts.get("category"),
        "segment": catalog.segment,
    }
    for name, column in columns.items():
        wanted = getattr(chosen, name)
        if wanted is not None:
            fits &= np.zeros(catalog.n_items, np.bool_) if column is None else np.equal(column, wanted)
    return np.flatnonzero(fits)


def per_item(catalog: Catalog, name: str) -> npt.NDArray[np.object_]:
    """(n,) an option of [demand] for every SKU-location; of several overrides the last one counts."""
    return _each(catalog, catalog.study.demand, name)


def lead_time_laws(catalog: Catalog) -> npt.NDArray[np.object_]:
    """(n,) the law that [lead_times] names for every SKU-location; the last override counts."""
    return _each(catalog, catalog.study.lead_times, "law")


def _each(catalog: Catalog, spec: DemandSpec | LeadTimeSpec, name: str) -> npt.NDArray[np.object_]:
    out = np.empty(catalog.n_items, dtype=object)
    out.fill(getattr(spec, name))
    for override in spec.override:
        said = getattr(override, name)
        if said is not None:
            for row in rows_of(catalog, override):
                out[row] = said
    return out


def unknown_selectors(catalog: Catalog) -> Iterator[Problem]:
    """A problem for every override that fits no SKU-location."""
    study = catalog.study
    for section in SECTIONS:
        for place, override in enumerate(getattr(study, section).override):
            left_out = catalog.without_history
            if left_out is not None and rows_of(left_out, override).size > 0:
                continue
            if rows_of(catalog, override).size == 0:
                column = f"{section}.override[{place}]"
                yield Problem(
                    "E-MOD-005",
                    _why(catalog, override),
                    study.file,
                    column=column,
                    fix=_fix(catalog, override),
                )


def only_known(catalog: Catalog) -> Catalog:
    """The catalogue with the overrides that fit some of its SKU-locations, for parts of a catalogue."""
    return replace(catalog, study=without(catalog.study, lambda one: rows_of(catalog, one).size == 0))


def without(study: Study, left_out: Callable[[Selector], bool]) -> Study:
    """The study without some of its overrides."""
    changed = {}
    for section in SECTIONS:
        spec = getattr(study, section)
        kept = tuple(one for one in spec.override if not left_out(one))
        changed[section] = spec.model_copy(update={"override": kept})
    return study.model_copy(update=changed)


def _why(catalog: Catalog, chosen: Selector) -> str:
    if chosen.sku is not None and chosen.category is None and chosen.segment is None:
        where = chosen.sku if chosen.location is None else f"{chosen.sku}@{chosen.location}"
        return f"{where} is not in the items table"
    named = [f"{name} '{getattr(chosen, name)}'" for name in Selector.model_fields if getattr(chosen, name)]
    return f"no SKU-location has {' and '.join(named)}"


def _fix(catalog: Catalog, chosen: Selector) -> str:
    column = catalog.segment if chosen.segment is not None else catalog.texts.get("category")
    if chosen.segment is None and chosen.category is None:
        return ""
    what = "segments" if chosen.segment is not None else "categories"
    if column is None:
        return f"there are no {what}" + ("" if what == "segments" else ": items have no column 'category'")
    names = sorted({str(name) for name in column if name is not None})
    more = ", …" if len(names) > _NAMES_SHOWN else ""
    return f"{what}: {', '.join(names[:_NAMES_SHOWN])}{more}"


def no_such_column(catalog: Catalog, column: str, option: str) -> Problem:
    """The problem of an option that names a column which items do not have."""
    known = ", ".join(sorted(catalog.texts)) or "none"
    fix = did_you_mean(column, list(catalog.texts)) or f"text columns of items: {known}"
    return Problem(
        "E-MOD-007",
        f"the items table has no column '{column}'",
        catalog.study.file,
        column=option,
        fix=fix,
    )


def numbered(values: Iterable[Value]) -> tuple[IntArray, list[Value]]:
    """(m,) number of each value, and the distinct values in the order in which they are met.

    Examples
    --------
    >>> numbered(["b", "a", "b"])
    (array([0, 1, 0]), ['b', 'a'])
    """
    values = list(values)
    distinct = list(dict.fromkeys(values))
    number = {value: place for place, value in enumerate(distinct)}
    return np.fromiter(map(number.__getitem__, values), np.int64, len(values)), distinct


def groups(
    column: npt.NDArray[np.object_] | None, n: int, names: list[str] | None = None
) -> tuple[IntArray, list[str]]:
    """(n,) group of each item, and the groups' names; blank cells share a nameless group.

    names : list of str, optional
        Where the items are some of a catalogue, the names of all its groups.
    """
    if column is None:
        return np.zeros(n, np.int64), [""]
    texts = ["" if value is None else str(value) for value in column]
    names = sorted(set(texts)) if names is None else names
    code = {name: number for number, name in enumerate(names)}
    return np.array([code[text] for text in texts], dtype=np.int64), names
