"""Which review phases are given and which are drawn, so that counted windows speak for the long run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import IntArray, KeyArray
from simlab.engine.kernels.streams import location_keys, supplier_keys
from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.engine.world.world import OrderTerms

if TYPE_CHECKING:
    from simlab.catalog import Catalog


def with_review_cycles(catalog: Catalog, terms: OrderTerms, law: DemandLaw) -> OrderTerms:
    """The terms, and by which key and in which steps review phases are drawn.

    Notes
    -----
    A phase that the column `review_phase` gives is never drawn. All others may be, in replications whose
    window holds no whole number of reviews: by (supplier, else location; R), so that items that are ordered
    together stay so, and in steps of the season's cycle, so that a season does not move against reviews.
    """
    cycle = np.where(phase_given(catalog), 0, season_cycle(law))
    return replace(terms, phase_cycle=cycle.astype(np.int64), phase_keys=_keys(catalog))


def phase_given(catalog: Catalog) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """(n,) items whose review phase is said."""
    said = catalog.numbers.get("review_phase")
    return np.zeros(catalog.n_items, np.bool_) if said is None else ~np.isnan(said)


def season_cycle(law: DemandLaw) -> IntArray:
    """(n,) periods after which each item's law of demand repeats; 1 where it is the same in every period."""
    cycle = np.ones(law.n_items, np.int64)
    if law.seasons is not None:
        cycle[law.seasons.profile >= 0] = law.seasons.cycle
    if law.past is not None:
        cycle[law.kind == LawKind.CALENDAR] = law.past.cycle
    return cycle


def _keys(catalog: Catalog) -> KeyArray:
    """(n,) key of each item's supplier, else of its location."""
    nothing = np.full(catalog.n_items, None, object)
    suppliers = [str(name or "") for name in catalog.texts.get("supplier", nothing)]
    names = sorted(set(suppliers) - {""})
    places = sorted({str(place) for place in catalog.location})
    keys = dict(zip(names, supplier_keys(names), strict=True))
    elsewhere = dict(zip(places, location_keys(places), strict=True))
    return np.array(
        [
            keys[name] if name else elsewhere[str(place)]
            for name, place in zip(suppliers, catalog.location, strict=True)
        ],
        np.uint64,
    )
