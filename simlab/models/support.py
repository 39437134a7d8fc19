"""What whole units make of continuous laws: the mean stays, the variance changes, and that is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.catalog.quality import QualityRow
from simlab.engine.demand_law import SERIES_KINDS
from simlab.engine.laws import MOST_POINTS
from simlab.engine.pmfs import moments_of
from simlab.engine.types import DemandLaw, IntArray, LawKind
from simlab.errors import EngineFaultError, InvalidInputError, Problem

if TYPE_CHECKING:
    from simlab.catalog import Catalog

_CONTINUOUS = (LawKind.GAMMA, LawKind.LOGNORMAL, LawKind.NORMAL)
_TOLD = 1e-4
"""Relative changes of mean or variance up to this are not told."""


_FAR = 25.0  # (variance ÷ mean)s of a gamma tail of 1e-9
_SIGMAS = 6.3


def check_spans(catalog: Catalog, law: DemandLaw) -> None:
    """Refuse laws whose tables would be too large, by name, all at once.

    Raises
    ------
    InvalidInputError
        Parametric laws that span more than a million whole numbers but for tails below 1e-9.
    """
    found: list[Problem] = []
    for item in _suspicious(law).tolist():
        try:
            moments_of(law.take(np.array([item])))
        except EngineFaultError as error:
            found.append(too_wide(catalog, item, str(error)))
    if found:
        raise InvalidInputError(found)


def too_wide(catalog: Catalog, item: int, why: str) -> Problem:
    """The problem of an item whose law has no table, as the engine said."""
    name = f"{catalog.sku[item]}@{catalog.location[item]}"
    coarser = "a coarser unit_resolution in items that divides pack_size and moq"
    if catalog.study.models.support == "integer":
        coarser = f'models.support = "resolution" with {coarser}'
    fix = f"check the unit of mean and variance, or name a law with a lighter tail; else say {coarser}"
    file = catalog.study.data.items.path or "items"
    return Problem("E-MOD-024", f"{name}: {why.removeprefix('item 0: ')}", file, fix=fix)


def _suspicious(law: DemandLaw) -> IntArray:
    """Items whose law could span half of what a table holds."""
    stated = ~np.isin(law.kind, (LawKind.EMPIRICAL, LawKind.INTERMITTENT, *SERIES_KINDS, LawKind.MARKOV))
    rows = np.flatnonzero(stated & (law.mean > 0))
    mean, variance = law.mean[rows], law.variance[rows]
    reach = mean + _FAR * (variance / mean + np.sqrt(variance))
    scale = np.sqrt(np.log1p(variance / mean / mean))
    heavy = np.log(mean) + _SIGMAS * scale - scale**2 / 2
    reach = np.where(law.kind[rows] == LawKind.LOGNORMAL, np.exp(np.minimum(heavy, 99.0)), reach)
    most = 1.0 if law.seasons is None else float(law.seasons.multipliers.max())
    return np.asarray(rows[reach * most > MOST_POINTS / 2])


def support_notes(catalog: Catalog, law: DemandLaw) -> tuple[QualityRow, ...]:
    """A remark on the laws whose moments whole units (or the cut of a heavy tail) change.

    Parameters
    ----------
    catalog : Catalog
        For the names.
    law : DemandLaw
        n items, units per period.

    Notes
    -----
    A demand between two whole numbers is split over both so that its mean stays, which adds at most 1/4
    to the variance (units²). The simulator and exact planning use the law so changed.
    """
    rows = np.flatnonzero(np.isin(law.kind, _CONTINUOUS) & (law.mean > 0))
    if rows.size == 0:
        return ()
    mean, variance = moments_of(replace(law.take(rows), seasons=None))
    asked = law.variance[rows]
    gain = (variance - asked) / np.maximum(asked, 1e-300)
    shift = mean / law.mean[rows] - 1.0
    told = (np.abs(gain) > _TOLD) | (np.abs(shift) > _TOLD)
    if not told.any():
        return ()
    worst = int(np.argmax(np.where(told, np.abs(variance - asked), -1.0)))
    item = int(rows[worst])
    name = f"{catalog.sku[item]}@{catalog.location[item]}"
    kept = (
        "means kept" if np.abs(shift).max() <= _TOLD else f"means changed by up to {np.abs(shift).max():.2%}"
    )
    note = (
        f"{int(told.sum()):,} SKU-locations, {kept}; most at {name}: variance {variance[worst]:.4g} "
        f"for {asked[worst]:.4g} units² ({gain[worst]:+.2%})"
    )
    what = "continuous demand laws on whole units, none below zero: variances change, and are used so"
    return (QualityRow("demand", what, "used", 0, note=note),)
