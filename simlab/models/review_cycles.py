"""Which review phases are given and which are drawn, so that counted windows speak for the long run."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, IntArray, KeyArray
from simlab.catalog.quality import QualityRow
from simlab.engine.kernels.streams import location_keys, supplier_keys
from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.engine.world.world import OrderTerms
from simlab.errors import InvalidInputError, Problem
from simlab.models.shared import Sharing

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.engine.world.working_grid import WorkingGrid


_MOST_YEARS = 10
_MOST_SCALE = 1000


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


@dataclass(frozen=True, eq=False)
class Windows:
    """Over how many periods items are counted, so that windows hold whole cycles.

    Attributes
    ----------
    own : (n,) int64 or None
        Periods of items whose given phase needs a window of its own; 0: the study's.
    scale : int
        See `Horizon.scale`; 1 where no item has one.
    notes : tuple of QualityRow
        How many items, and how long.
    """

    own: IntArray | None
    scale: int
    notes: tuple[QualityRow, ...]


@dataclass(frozen=True)
class _Scale:
    scale: int


def own_windows(
    catalog: Catalog,
    terms: OrderTerms,
    law: DemandLaw,
    grid: WorkingGrid | None = None,
    sharing: Sharing | None = None,
) -> Windows:
    """Windows of whole cycles for items whose review phase is given.

    Raises
    ------
    InvalidInputError
        Items whose cycle, the least common multiple of review period and season, exceeds ten years.

    Notes
    -----
    With the study's P periods and a cycle of c, an item with c ∤ P is counted over w periods, a multiple of c
    of at least P. Sums are brought to P·F periods, F the least factor by which every cycle divides P·F, so
    that they stay exact; where F would exceed 1,000 it is 1,000, and sums are rounded (`Horizon.scale`).
    """
    study = catalog.study
    periods = study.simulation.periods
    cycle = _cycles(terms, season_cycle(law), grid)
    needs = phase_given(catalog) & (periods % cycle != 0)
    if study.policy.start == "today":
        return Windows(None, 1, ())
    remarks = _part_seasons(catalog, law, ~needs)
    cycles = np.unique(cycle[needs]).tolist()
    exact = math.lcm(*(c // math.gcd(c, periods) for c in cycles))
    scale = (sharing or Sharing()).of("windows", _Scale, lambda: _Scale(min(exact, _MOST_SCALE))).scale
    if not needs.any():
        return Windows(None, scale, remarks)
    longest = int(_MOST_YEARS * study.periods_per_year)
    too_long = needs & (cycle > longest)
    if too_long.any():
        raise InvalidInputError([_too_long(catalog, terms, cycle, int(np.argmax(too_long)), too_long)])
    lengths = {c: _window(c, periods, scale, longest) for c in cycles}
    own = np.zeros(terms.n_items, np.int64)
    own[needs] = [lengths[c] for c in cycle[needs].tolist()]
    shown = ", ".join(f"{n:,}" for n in sorted(set(lengths.values()))[:3]) + (
        ", …" if len(cycles) > 3 else ""
    )
    note = (
        f"{int(needs.sum())} SKU-locations whose review_phase is given are counted over {shown} "
        f"{study.period}s, whole cycles of their reviews, and scaled to the study's {periods}"
    )
    row = QualityRow("items", "windows of their own for given review phases", "repaired", 0, note=note)
    return Windows(own, scale, (row, *remarks))


def _cycles(terms: OrderTerms, season: IntArray, grid: WorkingGrid | None) -> IntArray:
    """(n,) periods after which reviews meet the season in the same way; of items on a grid in its parts."""
    cycle = np.lcm(terms.review_period, season)
    if grid is None:
        return cycle
    own = np.lcm(grid.review_period, season * grid.parts)
    return np.where(grid.split, own // grid.parts, cycle)


def _part_seasons(catalog: Catalog, law: DemandLaw, rows: BoolArray) -> tuple[QualityRow, ...]:
    """A remark where the counted window shows a part of a season more often than another."""
    study, cycle = catalog.study, season_cycle(law)
    part = rows & (study.simulation.periods % cycle != 0)
    if not part.any():
        return ()
    length = int(cycle[part].max())
    note = (
        f"{int(part.sum())} SKU-locations: simulation.periods = {study.simulation.periods} holds no whole "
        f"number of the season's {length} {study.period}s, so that some phases count more often than others; "
        f"say a multiple of {length}"
    )
    return (QualityRow("demand", "part of a season in the counted window", "repaired", 0, note=note),)


def _window(cycle: int, periods: int, scale: int, longest: int) -> int:
    """Shortest multiple of the cycle, at least `periods`, that divides periods × scale; else the shortest."""
    least = -(-periods // cycle) * cycle
    whole = (n for n in range(least, max(longest, least) + 1, cycle) if periods * scale % n == 0)
    return next(whole, least)


def _too_long(catalog: Catalog, terms: OrderTerms, cycle: IntArray, row: int, rows: BoolArray) -> Problem:
    period, more = catalog.study.period, int(rows.sum()) - 1
    others = f" (and {more} more)" if more else ""
    what = (
        f"{catalog.keys[row]}{others}: review_phase is given, and reviews every "
        f"{int(terms.review_period[row])} {period}s meet the season in the same way only every "
        f"{int(cycle[row]):,} {period}s: more than ten years"
    )
    fix = (
        "leave review_phase empty, so that the phase is drawn, or choose a review period that fits the season"
    )
    file = catalog.study.data.items.path or "items"
    return Problem("E-MOD-012", what, file, column="review_phase", fix=fix)


def phase_given(catalog: Catalog) -> BoolArray:
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
