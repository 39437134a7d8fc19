"""What exact planning solves for every item: positions after reviews, sums of demand until the next order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.engine.prepare.on_grid import in_parts, parts_of, split_rows
from simlab.engine.prepare.sequence import drawn_law, unfolded
from simlab.engine.world.world import LeadTimeLaw
from simlab.models import is_plain, marginal
from simlab.policies.levels.exact import Measure, Problems
from simlab.policies.methods import (
    OUT_OF_SEQUENCE,
    also,
    limits_left_out,
    near,
    of_random_lead_times,
    of_serial_demand,
    of_serial_lots,
)
from simlab.policies.sums.consecutive import Consecutive
from simlab.policies.sums.holidays import Holidays, around_holidays, closures
from simlab.policies.sums.protection import (
    Protection,
    crossing,
    in_sequence,
    in_sequence_apart,
    independent,
    of_one_order,
)
from simlab.policies.sums.transforms import no_demand

if TYPE_CHECKING:
    from simlab.models import Models

_FAR_APART = 4.0
"""Mean demands of a review period in one order, from which orders count as far apart: simulated service
is nearer to that formula above, to the one where every review orders below."""
_RULES = {False: in_sequence, True: in_sequence_apart}
_OVERTAKING = {False: crossing, True: independent}

_FAR = 1 << 30
"""Reviews between orders that never meet."""


def by_parts(models: Models) -> Models:
    """The models with every item on its own grid: laws, R and L by part where it is split."""
    if models.world.grid is None:
        return models
    return replace(models, world=in_parts(models.world))


def parts_of_items(models: Models) -> IntArray:
    """(n,) parts of a period of every item: 1 where it goes by periods."""
    return np.where(split_rows(models.world), parts_of(models.world), 1).astype(np.int64)


def plannable(models: Models) -> tuple[Models, Consecutive | None]:
    """The models with the law of any one period, sums of consecutive ones where these depend on each other.

    Of seasons the mixture over phases (`simlab.models.demand.marginal`).
    """
    law, terms = models.world.demand, models.world.terms
    hanging = ~is_plain(law)
    if not hanging.any():
        return models, None
    world = replace(models.world, demand=marginal(law))
    consecutive = Consecutive(law, hanging, terms.review_period, terms.review_phase)
    return replace(models, world=world), consecutive


def service_problems(
    models: Models,
    quantity: IntArray,
    measure: Measure,
    *,
    depletes: bool = False,
    consecutive: Consecutive | None = None,
) -> tuple[Problems, list[str]]:
    """What exact planning solves for every item, and the name of the formula.

    Parameters
    ----------
    models : Models
        n items.
    quantity : (n,) int64
        Order quantity of (R,s,nQ), S − s of (R,s,S); 0 for (R,S).
    measure : {"fill_rate", "cycle_service_level"}
        For the name alone.
    depletes : bool
        (R,s,S): positions as demand takes them down from S, instead of uniform ones.
    consecutive : Consecutive, optional
        Items whose periods depend on each other, the models as `plannable` returns them.
    """
    width, words = _width(models, quantity)
    apart = width > _FAR_APART * models.world.demand.mean * models.world.terms.review_period
    spacing = _reviews_apart(models, width)
    chained = _behind_every_review(models, apart, spacing)
    tables, which = _protections(models, apart, spacing, chained)
    words = of_random_lead_times(models, words, width > 1, apart, chained, measure, depletes)
    words = near(words, spacing > 0, OUT_OF_SEQUENCE)
    words = of_serial_demand(words, consecutive)
    if consecutive is not None:
        words = of_serial_lots(models, words, consecutive, width > 1, measure, depletes)
    if not depletes:
        return Problems(models.world.demand, tables, which, width, consecutive=consecutive), words
    pack = models.world.terms.pack_size
    words = also(words, pack > 1, "packs as a uniform position")
    every = np.ones(width.size, np.bool_)
    return Problems(models.world.demand, tables, which, width, every, pack, consecutive), words


def _width(models: Models, quantity: IntArray) -> tuple[IntArray, list[str]]:
    """(n,) how many positions a review may leave, equally likely, and the name of the formula."""
    terms, demand = models.world.terms, models.world.demand
    is_quantity = quantity > 0
    smallest = -(-terms.moq // terms.pack_size) * terms.pack_size
    binds = ~is_quantity & (smallest > terms.pack_size) & (smallest > demand.mean * terms.review_period)
    free = ~is_quantity & (smallest > terms.pack_size) & ~binds
    width = np.where(is_quantity, quantity, np.where(binds, smallest, terms.pack_size))
    words = ["exact"] * models.n_items
    words = also(words, ~is_quantity & ~binds & (terms.pack_size > 1), "packs as a uniform position")
    words = also(words, binds, "smallest order as a uniform position")
    words = also(words, free, "smallest order left out (below the mean of a review period)")
    words = limits_left_out(models, words)
    return width.astype(np.int64), words


def _behind_every_review(models: Models, apart: BoolArray, spacing: IntArray) -> BoolArray:
    """(n,) random lead times of orders in sequence that are held back behind every review."""
    lead, review = models.world.lead_time, models.world.terms.review_period
    out = np.zeros(apart.size, np.bool_)
    if lead.crossing:
        return out
    for law, R in np.unique(np.stack([lead.law, review], axis=1), axis=0).tolist():
        periods, weights = _law_points(lead, law)
        if periods.size == 1:
            continue
        rows = (lead.law == law) & (review == R)
        alone = unfolded(periods, weights.astype(np.int64), R).reviews > 0
        out[rows] = ~apart[rows] & ((spacing[rows] == 1) | ((spacing[rows] == 0) & (not alone)))
    return out


def _protections(
    models: Models, apart: BoolArray, spacing: IntArray, chained: BoolArray
) -> tuple[tuple[Protection, ...], IntArray]:
    """Distinct tables of weights, by lead-time law, review, spacing of orders and supplier that closes."""
    world = models.world
    lead, review = world.lead_time, world.terms.review_period
    own = (apart.astype(np.int64), spacing, chained.astype(np.int64))
    keys = np.stack([lead.law, review, *own, *closures(world)], axis=1)
    distinct, which = np.unique(keys, axis=0, return_inverse=True)
    waits = None if world.supply is None else world.supply.until_open()
    tables = []
    for law, R, is_apart, reviews, chain, supplier, phase, drawn in distinct.tolist():
        points = _law_points(lead, law)
        if supplier >= 0 and waits is not None:
            one = of_one_order(*points, R, 1 if lead.crossing else reviews or _FAR, lead.crossing)
            holidays = Holidays.of(waits[supplier], R, phase, drawn=bool(drawn))
            first = drawn_law(points[0], points[1].astype(np.int64), R) if chain else None
            tables.append(around_holidays(one, holidays, bool(is_apart), first))
        elif lead.crossing:
            tables.append(_OVERTAKING[bool(is_apart)](*points, R))
        else:
            tables.append(_RULES[bool(is_apart)](*points, R, reviews or _FAR))
    return tuple(tables), which.ravel().astype(np.int64)


def _law_points(lead: LeadTimeLaw, law: int) -> tuple[IntArray, FloatArray]:
    rows = slice(int(lead.start[law]), int(lead.start[law] + lead.length[law]))
    return lead.periods[rows], lead.weights[rows].astype(np.float64)


def reviews_between_orders(models: Models, width: IntArray) -> FloatArray:
    """(n,) mean number of reviews from one order to the next; infinite where nothing is demanded.

    Parameters
    ----------
    models : Models
        As `plannable` returns them.
    width : (n,) int64
        Positions that a review may leave; see `service_problems`.
    """
    law, review = models.world.demand, models.world.terms.review_period
    some = 1.0 - no_demand(law) ** review
    with np.errstate(divide="ignore"):
        return np.asarray(np.maximum(width / (law.mean * review), 1.0 / some))


def _reviews_apart(models: Models, width: IntArray) -> IntArray:
    """(n,) `reviews_between_orders`, rounded, where orders so close cannot have the law; else 0."""
    lead, review = models.world.lead_time, models.world.terms.review_period
    out = np.zeros(width.size, np.int64)
    if lead.crossing or not (lead.length > 1).any():
        return out
    between = np.minimum(np.rint(reviews_between_orders(models, width)), _FAR).astype(np.int64)
    for law, R in np.unique(np.stack([lead.law, review], axis=1), axis=0).tolist():
        rows = (lead.law == law) & (review == R)
        periods, weights = _law_points(lead, law)
        meets = unfolded(periods, weights.astype(np.int64), R).reviews >= between[rows]
        out[rows] = np.where(meets, np.maximum(between[rows], 1), 0)
    return out
