"""Dispersion lent by the SKU-locations with enough history to those without."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simlab.engine.types import FloatArray, IntArray
from simlab.errors import InvalidInputError, Problem
from simlab.models.history import History

if TYPE_CHECKING:
    from simlab.catalog import Catalog


@dataclass(frozen=True, eq=False)
class Pool:
    """What a short history borrows.

    Attributes
    ----------
    ratio : (n,) float
        Variance/mean per period.
    name : tuple of str
        Where it comes from, in words.
    """

    ratio: FloatArray
    name: tuple[str, ...]


def pooled_dispersion(catalog: Catalog, history: History, enough: int, usable: npt.NDArray[np.bool_]) -> Pool:
    """Variance/mean of each item's group, else of all items, else 1 (Poisson).

    Parameters
    ----------
    catalog : Catalog
        Gives the column `pool_by`; all items are one group if it is absent.
    history : History
        Demand per period.
    enough : int
        Periods from which an item lends.
    usable : (n,) bool
        Items whose history counts.

    Notes
    -----
    Ratio of sums: Σ (nᵢ − 1)·varianceᵢ ÷ Σ (nᵢ − 1)·meanᵢ over the lending items.
    """
    column = catalog.study.models.pool_by
    if column not in catalog.texts and "pool_by" in catalog.study.models.model_fields_set:
        raise InvalidInputError([no_such_column(catalog, column, "models.pool_by")])
    group, names = groups(catalog.texts.get(column), catalog.n_items)
    lends = usable & (history.n_observed >= enough) & (np.nan_to_num(history.mean) > 0)
    freedom = np.where(lends, history.n_observed - 1, 0)
    above = np.bincount(group, weights=freedom * np.nan_to_num(history.variance))
    below = np.bincount(group, weights=freedom * np.nan_to_num(history.mean))
    overall = float(above.sum() / below.sum()) if below.sum() > 0 else 1.0
    has_group = (below > 0) & np.array([bool(name) for name in names])
    ratio = np.where(has_group, above / np.where(below > 0, below, 1.0), overall)
    everyone = "pooled over all items" if below.sum() > 0 else "as Poisson, no item has a longer history"
    said = [
        f"pooled over {column} '{name}'" if known else everyone
        for name, known in zip(names, has_group.tolist(), strict=True)
    ]
    return Pool(ratio[group], tuple(said[code] for code in group.tolist()))


def no_such_column(catalog: Catalog, column: str, option: str) -> Problem:
    """The problem of an option that names a column which items do not have."""
    near = get_close_matches(column, list(catalog.texts), n=1)
    known = ", ".join(sorted(catalog.texts)) or "none"
    fix = f"did you mean '{near[0]}'?" if near else f"text columns of items: {known}"
    return Problem(
        "E-MOD-007",
        f"the items table has no column '{column}'",
        catalog.study.file,
        column=option,
        fix=fix,
    )


def groups(column: npt.NDArray[np.object_] | None, n: int) -> tuple[IntArray, list[str]]:
    """(n,) group of each item, and the groups' names; blank cells share a nameless group."""
    if column is None:
        return np.zeros(n, np.int64), [""]
    texts = ["" if value is None else str(value) for value in column]
    names = sorted(set(texts))
    code = {name: number for number, name in enumerate(names)}
    return np.array([code[text] for text in texts], dtype=np.int64), names
