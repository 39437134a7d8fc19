"""What whole units make of continuous laws: the mean stays, the variance changes, and that is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.catalog.quality import QualityRow
from simlab.engine.pmfs import moments_of
from simlab.engine.types import DemandLaw, LawKind

if TYPE_CHECKING:
    from simlab.catalog import Catalog

_CONTINUOUS = (LawKind.GAMMA, LawKind.LOGNORMAL, LawKind.NORMAL)
_TOLD = 1e-4
"""Relative changes of mean or variance up to this are not told."""


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
