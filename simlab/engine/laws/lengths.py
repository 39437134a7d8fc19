"""Parts of unequal length: an order that is placed at a review arrives exactly where a part begins.

Reviews of R parts in periods of m come at every g-th part of a period, g = gcd(R, m), and nowhere else:
every period where R is whole ones, at every half of them where R is half a period. Such a stretch of g parts
is a cell, and an order that is on its way for k cells and a fraction f arrives at one place of a cell,
whichever it was placed in. The parts of a cell need not be alike then: the first j after a review together
take f of it, and the others 1 − f. Lead time, and with it demand between ordering and arrival, is exact,
whatever f is.

`on_hand` counts parts alike, however long they are. From `BALANCED` parts on a cell is therefore laid so
that this is right for what falls evenly: equally divided from the receipt on, but for the review, which lies
δ = j − f·g parts away from such a place, and the places beside it, which move by half of that in the other
direction each. The places lie as far from the receipt then, on average, as those of equal parts. In smaller
cells all parts before the receipt, and all after it, are alike; `on_hand` is off there by what f lies from
j/g.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.engine.world.demand_law import DemandLaw, Seasons
from simlab.engine.world.working_grid import WorkingGrid

BALANCED = 4
"""Parts of a cell from which their lengths are laid so that a mean over parts is one over time."""

_FIRST = -3
_MOVED = np.array(
    [
        [0.0, -0.5, 1.5, -1.5, 0.5, 0.0],  # the places before and after the review move back by half
        [0.0, 0.0, 1.0, -1.0, -1.0, 1.0],  # the receipt lies beside the review: the place two parts after it
        [-1.0, 1.0, 1.0, -1.0, 0.0, 0.0],  # or before it, by all
    ]
)
"""What a part is longer by, in δ: parts from three before the review on."""


def uneven(grid: WorkingGrid, law: DemandLaw) -> BoolArray:
    """(n,) items whose parts are of unequal length.

    The lead time ends inside a cell, demand has neither season nor rhythm.
    """
    if grid.exact is None:
        return np.zeros(grid.split.size, np.bool_)
    cell = grid.cell
    inside = grid.lead_time % cell
    place = grid.exact - (grid.lead_time - inside)
    with np.errstate(invalid="ignore"):
        within = (place > 0) & (place < cell) & (inside > 0)
    plain = ~law.has_rhythm
    if law.seasons is not None:
        plain = plain & (law.seasons.profile < 0)
    return np.asarray(grid.split & within & plain)


def lengthened(law: DemandLaw, grid: WorkingGrid, rows: BoolArray) -> DemandLaw:
    """Laws of equal parts, those of some items divided by the lengths of theirs.

    Parameters
    ----------
    law : DemandLaw
        Per part, all parts alike; seasons, if any, over a cycle that m divides.
    grid : WorkingGrid
        Of the same items.
    rows : (n,) bool
        See `uneven`.
    """
    if not rows.any() or grid.exact is None:
        return law
    m = grid.parts
    cell = grid.cell
    inside = grid.lead_time % cell
    place = grid.exact - (grid.lead_time - inside)
    begin = grid.review_phase % cell
    keys = np.stack([begin, inside, place, cell], axis=1)[rows]
    distinct, which = np.unique(keys, axis=0, return_inverse=True)
    seasons = law.seasons
    if seasons is None:
        seasons = Seasons(np.full(law.n_items, -1, np.int64), np.ones((0, m)))
    at = (np.arange(seasons.cycle) - seasons.phase) % m  # part of the run, within a period
    table = _lengths(distinct, at)
    profile = seasons.profile.copy()
    profile[rows] = seasons.multipliers.shape[0] + which.ravel()
    before = np.zeros(seasons.multipliers.shape[0], np.bool_) if seasons.divides is None else seasons.divides
    return replace(
        law,
        seasons=replace(
            seasons,
            profile=profile,
            multipliers=np.concatenate([seasons.multipliers, table]),
            divides=np.concatenate([before, np.ones(table.shape[0], np.bool_)]),
        ),
    )


def _lengths(distinct: FloatArray, at: IntArray) -> FloatArray:
    """(q, cycle) lengths of parts, 1 on average: of (part of the review, parts on the way, as is, cell)."""
    begin, inside, place, cell = (column[:, None] for column in distinct.T)
    after = ((at - begin) % cell).astype(np.int64)
    alike = np.where(after < inside, place / inside, (cell - place) / (cell - inside))
    rest = cell - inside  # parts from the receipt to the review
    which = np.where(rest == 1, 1, np.where(inside == 1, 2, 0))
    from_review = np.where(after < inside, after, after - cell)
    near = (from_review >= _FIRST) & (from_review < _FIRST + _MOVED.shape[1])
    column = np.where(near, from_review - _FIRST, 0).astype(np.int64)
    moved = np.where(near, _MOVED[which, column], 0.0)
    return np.asarray(np.where(cell >= BALANCED, 1 + moved * (inside - place), alike))
