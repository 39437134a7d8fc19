"""Constant lead times and review periods that are no whole number of periods: a working grid of parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.catalog.quality import QualityRow
from simlab.engine.laws.lengths import BALANCED, uneven
from simlab.engine.laws.pieces import pieces
from simlab.engine.world.demand_law import DemandLaw
from simlab.engine.world.working_grid import NEAR, WorkingGrid, in_cells
from simlab.errors import InvalidInputError, Problem
from simlab.models.shared import Sharing
from simlab.register.families import Family, family_named
from simlab.register.laws import DIVISIBLE_KINDS, SERIAL_KINDS, SERIAL_NAMES, law_of

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.study import Study


MOST_PARTS = {"month": 31, "week": 7, "day": 1}
"""Parts of a period at most: about a day."""

WHOLE = 0.005
"""What is this near to a whole number of periods is whole, as a share of it."""

_LONGER = 1.1
_ROUNDED = 0.01
"""How far L and R may lie from whole parts, as a share of R (and so of R + L, too)."""
_A_REVIEW = 9  # parts of a review period at least, or days where it has fewer: stock is a mean over parts
_A_PART = 0.95  # of a part, from which a review period is one
_OWN = 0.02  # how far parts of an item's own may be from an m-th of a period
_SAME = 1e-9
_SHOWN = 4


@dataclass(frozen=True, eq=False)
class WorkingParts:
    """How the items' constant times are taken.

    Attributes
    ----------
    grid : WorkingGrid or None
        None where every item goes by whole periods.
    on_grid : (n,) bool
        Items with a constant lead time, L or R being no whole number of periods: what follows is theirs.
    lead_time, review_period : (n,) float
        As stated, in periods.
    lead_time_taken, review_period_taken : (n,) float
        As planned and simulated, in periods.
    """

    grid: WorkingGrid | None
    on_grid: BoolArray
    lead_time: FloatArray
    review_period: FloatArray
    lead_time_taken: FloatArray
    review_period_taken: FloatArray


def constants_stay(study: Study) -> bool:
    """Whether the study knows parts of periods: forecasts are updated period by period, and laws that keep
    what neighbouring periods have in common know whole periods only."""
    return study.policy.family != "forecast" and study.models.law not in SERIAL_NAMES


def receipts_can_be_constant(study: Study) -> bool:
    """Whether receipts that all took as long tell a constant lead time.

    Not where their law is drawn again with its uncertainty, and not in days, which closed weekdays make
    more or fewer open ones.
    """
    known = study.models.parameter_uncertainty or MOST_PARTS[study.period] == 1
    return constants_stay(study) and not known


def stated_reviews(catalog: Catalog) -> tuple[FloatArray, FloatArray]:
    """(n,) review periods and phases as asked for, in periods; an item's own, else the study's.

    Where weekdays are closed, a day is less than an open one: a review every day is one every open day.
    """
    unit, study = catalog.study.time_unit_periods, catalog.study
    none = np.full(catalog.n_items, np.nan)
    own = np.asarray(catalog.numbers.get("review_period", none))
    phase = np.nan_to_num(np.asarray(catalog.numbers.get("review_phase", none)))
    review = np.where(np.isnan(own), study.policy.review_period, own) * unit
    if study.period == "day":
        every_day = (review < 1) & (review * study.period_days >= 1 - WHOLE)
        review = np.where(every_day, 1.0, review)
    return np.asarray(review), phase * unit


def is_whole(periods: FloatArray) -> BoolArray:
    """Whether times are whole periods, or nearly."""
    nearest = np.rint(periods)
    return np.asarray(np.abs(periods - nearest) <= WHOLE * nearest + 1e-9)


@dataclass(frozen=True)
class _Parts:
    """Parts of a period, of all items."""

    parts: int


def working_parts(catalog: Catalog, constant: FloatArray, sharing: Sharing | None = None) -> WorkingParts:
    """The least working grid on which all constant lead times and their review periods are whole.

    Parameters
    ----------
    catalog : Catalog
    constant : (n,) float
        Constant lead times, periods; NaN where they are random.
    sharing : Sharing, optional
        Pools of all items; these are all if left out.

    Raises
    ------
    InvalidInputError
        Review periods that are shorter than a part: the study's period is too long for them.

    Notes
    -----
    m begins with the least number, at most 31 a month, 7 a week and 1 a day, at which every L and R of the
    items concerned is whole to 1 % of R, and so of R + L: units short in a cycle move by demand of what L is
    rounded by, of those R asks for. Where no m is enough, the one with the least such share. L and R take the
    nearest part. From there on m is the least number at which nothing has a remainder, by parts of unequal
    length if need be, and a review period has nine parts, or as many as days (`_parts`): a mean of stock over
    r parts a review misses where the shelf becomes empty, and is too high by about 1 / (6 (r β)²) of itself,
    β the share of the review that is served. Where R is no whole parts, its parts are a little longer or
    shorter than an m-th of a period: R, L and demand in them are exact, and what is added up over a year is
    off by that instead. What lies within 0.5 % of a whole period is whole (a month is 365/12 days), and so
    concerns nothing.
    """
    review, phase = stated_reviews(catalog)
    most = MOST_PARTS[catalog.study.period]
    split = ~np.isnan(constant) & ~(is_whole(np.nan_to_num(constant)) & is_whole(review))
    short = np.where(split, review * most < _A_PART, review < 0.5)
    if short.any():
        raise InvalidInputError([_too_short(catalog, np.flatnonzero(short), review, most)])
    may = _made_to_fit(catalog)

    def shared() -> _Parts:
        unequal = bool(may[split].all() and catalog.study.models.seasonality is None)
        return _Parts(_parts(constant[split], review[split], most, unequal=unequal))

    m = (sharing or Sharing()).of("parts", _Parts, shared).parts
    own = _review_parts(review, m)
    rounded = split & (np.abs(review * m - own) > NEAR * review * m) & (m > 1)
    length = np.where(rounded, review * m / own, 1.0)
    as_is = np.nan_to_num(constant) * m / length
    lead = _nearest(as_is)
    taken = (
        np.where(split & ~(rounded & (np.abs(lead - as_is) < _SAME)), lead * length / m, constant),
        np.where(rounded, review, np.where(split, own / m, np.maximum(np.rint(review), 1))),
    )
    grid = None
    if m > 1:
        begin = np.rint(phase * m / length).astype(np.int64) % own
        off = np.abs(constant - taken[0]) > NEAR * review
        fits = split & off & may
        exact = np.where(fits, as_is, np.nan) if fits.any() else None
        lead = np.where(fits, in_cells(as_is, own, m), lead)
        lead, own, begin = (np.where(split, one, least) for one, least in ((lead, 0), (own, 1), (begin, 0)))
        grid = WorkingGrid(m, split, lead, own, begin, exact, length if (length != 1).any() else None)
    return WorkingParts(grid, split, constant, review, *taken)


def _made_to_fit(catalog: Catalog) -> BoolArray:
    """(n,) items whose parts may be of unequal length.

    Not under (R,s,S), in the plan or today: a slow item's path begins in its long run only on equal parts.
    """
    if family_named(catalog.study.policy.family).rule == Family.REORDER_UP_TO:
        return np.zeros(catalog.n_items, np.bool_)
    none = np.full(catalog.n_items, np.nan)
    point, top = (
        catalog.numbers.get(name, none) for name in ("current_reorder_point", "current_order_up_to")
    )
    return np.asarray(np.isnan(point) | np.isnan(top))


def fitted_parts(found: WorkingParts, law: DemandLaw) -> WorkingParts:
    """The same with times as they are where the items' laws can be divided so.

    Parameters
    ----------
    law : DemandLaw
        As simulated, by period: items with a season or a rhythm keep parts that are alike, those with a
        rhythm m-ths of a period (see `engine.laws.lengths`).
    """
    if found.grid is None or (found.grid.exact is None and found.grid.length is None):
        return found
    found = _in_equal_parts(found, found.grid, law.has_rhythm & found.grid.split)
    grid = found.grid
    if grid is None or grid.exact is None:
        return found
    fits = uneven(grid, law)
    nearest = np.where(grid.split, _nearest(found.lead_time / grid.in_periods), grid.lead_time)
    lead = np.where(fits, grid.lead_time, nearest)
    exact = np.where(fits, grid.exact, np.nan) if fits.any() else None
    grid = replace(grid, lead_time=lead, exact=exact)
    return replace(found, grid=grid, lead_time_taken=np.where(fits, found.lead_time, found.lead_time_taken))


def _in_equal_parts(found: WorkingParts, grid: WorkingGrid, rows: BoolArray) -> WorkingParts:
    """The same with m-ths of a period as the parts of some items: L and R to the nearest."""
    if grid.length is None or not rows.any():
        return found
    length = np.where(rows, 1.0, grid.length)
    lead = np.where(rows, _nearest(found.lead_time * grid.parts), grid.lead_time)
    exact = None if grid.exact is None else np.where(rows, np.nan, grid.exact)
    return replace(
        found,
        grid=replace(grid, length=length if (length != 1).any() else None, lead_time=lead, exact=exact),
        lead_time_taken=np.where(rows, lead / grid.parts, found.lead_time_taken),
        review_period_taken=np.where(rows, grid.review_period / grid.parts, found.review_period_taken),
    )


def _least(lead: FloatArray, review: FloatArray, parts: Sequence[int]) -> int:
    """The least number of parts at which all are whole, else the one at which they are so most nearly."""
    shares = {m: _share(lead, review, m) for m in parts}
    nearest = min(shares, key=lambda m: shares[m])
    return next((m for m, share in shares.items() if share <= _ROUNDED), nearest)


def _share(lead: FloatArray, review: FloatArray, m: int) -> float:
    """How far L and R lie from whole m-ths, as a share of R; without end where R is below one."""
    if (review * m < _A_PART).any():
        return np.inf
    off = np.maximum(_off(lead * m, 0), _off(review * m, 1)) / m
    return float((off / review).max(initial=0.0))


def _parts(lead: FloatArray, review: FloatArray, most: int, *, unequal: bool) -> int:
    """The least number from the `_least` on at which nothing has a remainder and stock is right.

    See `working_parts`. Of those with parts `_enough` for a mean over them: the least without a remainder, by
    `unequal` parts where these are allowed, in large cells rather than in small ones. R is whole parts then,
    or to 2 %, or most nearly. Where there is none, the same of those with fewer parts, or with R farther from
    whole ones. Where nothing is without a remainder, the `_least` of those with parts enough, unless more is
    rounded then.
    """
    least = _least(lead, review, range(1, most + 1))
    if least == 1 and _fits(lead, review, 1, most + 1) and _review_off(review, 1) <= NEAR:
        return 1
    in_turn = [*range(max(least, 2), most + 1), *range(2, least)]
    off = {m: _review_off(review, m) for m in in_turn}
    enough = [m for m in in_turn if _enough(review, m, most)]
    if not enough:  # days
        return least
    cells = tuple(range(BALANCED, 1, -1)) if unequal else (most + 1,)
    exact = {cell: [m for m in in_turn if _fits(lead, review, m, cell)] for cell in cells}
    nearly = max(_OWN, min(off.values()))
    at_all = max(_OWN, min((off[m] for m in exact[cells[-1]]), default=0.0))
    tries: tuple[tuple[list[int], tuple[float, ...]], ...] = (
        (enough, (NEAR, nearly)),
        (in_turn[::-1], (NEAR, nearly)),
        (in_turn, (at_all,)),
    )
    for some, nears in tries:
        for cell, near in product(cells, nears):
            for m in some:
                if m in exact[cell] and off[m] <= near * (1 + _SAME):
                    return m
    finer = _least(lead, review, enough)
    allowed = max(_ROUNDED, _share(lead, review, least))
    return finer if _share(lead, review, finer) <= allowed else least


def _enough(review: FloatArray, m: int, most: int) -> bool:
    """Whether review periods have parts enough for a mean of stock over them."""
    wanted = np.minimum(_A_REVIEW, np.floor(review * most + _SAME))
    return bool((_review_parts(review, m) >= wanted).all())


def _fits(lead: FloatArray, review: FloatArray, m: int, cell: int) -> bool:
    """Whether every L is whole parts or ends inside a cell of so many (`engine.laws.lengths`)."""
    own, as_is, taken = _in_parts(lead, review, m)
    cells = np.gcd(own, m)
    ends = (np.abs(as_is - taken) <= NEAR * own) | ((taken % cells > 0) & (cells >= cell))
    return bool(ends.all())


def _review_off(review: FloatArray, m: int) -> float:
    """How far review periods lie from whole parts, as a share of them."""
    return float((np.abs(review * m - _review_parts(review, m)) / (review * m)).max(initial=0.0))


def _review_parts(review: FloatArray, m: int) -> IntArray:
    """(n,) R in parts, the nearest."""
    return np.maximum(np.rint(review * m), 1).astype(np.int64)


def _nearest(lead: FloatArray) -> IntArray:
    """(n,) L in whole parts, the nearest; 0 where it is not constant."""
    return np.rint(np.nan_to_num(lead)).astype(np.int64)


def _in_parts(lead: FloatArray, review: FloatArray, m: int) -> tuple[IntArray, FloatArray, IntArray]:
    """(n,) R in parts, and L as it is and in whole ones, inside a cell where it ends there."""
    own = _review_parts(review, m)
    as_is = lead * own / review
    return own, as_is, in_cells(as_is, own, m)


def _off(parts: FloatArray, least: int) -> FloatArray:
    return np.asarray(np.abs(parts - np.maximum(np.rint(parts), least)))


def _too_short(catalog: Catalog, rows: IntArray, review: FloatArray, most: int) -> Problem:
    study = catalog.study
    names = ", ".join(
        f"{catalog.sku[row]}@{catalog.location[row]} ({review[row]:.3g} {study.period}s)"
        for row in rows[:_SHOWN].tolist()
    )
    more = f" and {rows.size - _SHOWN} more" if rows.size > _SHOWN else ""
    shortest = "a day"
    if most > 1:
        shortest += f" in a study by {study.period}, half a {study.period} where lead times are random"
    what = f"review periods below what the period allows: {names}{more}; the shortest is {shortest}"
    fix = 'use period = "day" under [study]' if most > 1 else "reviews are at least one day apart"
    return Problem("E-MOD-031", what, study.data.items.path or "items", column="review_period", fix=fix)


def grid_notes(catalog: Catalog, found: WorkingParts, law: DemandLaw) -> tuple[QualityRow, ...]:
    """What is planned and simulated by parts, what was rounded by how much, and what it costs in time."""
    if not found.on_grid.any():
        return ()
    return (
        *_split_note(catalog, found),
        *_remainder_note(catalog, found),
        *_law_note(catalog, found, law),
    )


def _split_note(catalog: Catalog, found: WorkingParts) -> tuple[QualityRow, ...]:
    if found.grid is None:
        return ()
    study, m, n = catalog.study, found.grid.parts, int(found.on_grid.sum())
    time = 1 + (m - 1) * n / catalog.n_items
    note = (
        f"{n} of {catalog.n_items} SKU-locations have a constant lead time, which with the review period "
        f"is no whole number of {study.period}s: they are planned and simulated by parts, {m} a "
        f"{study.period} ({study.period_days / m:.3g} days each), so that it stays constant"
    )
    note += _unequal(catalog, found)
    note += f"; simulating takes up to {time:.2g} times as long" if time >= _LONGER else ""
    return (QualityRow("items", f"working grid of {m} parts a {study.period}", "repaired", 0, note=note),)


def _unequal(catalog: Catalog, found: WorkingParts) -> str:
    """That items' parts are of unequal length, or all longer or shorter, and what that moves at most."""
    grid, said = found.grid, ""
    if grid is None:
        return said
    if grid.exact is not None:
        fits = ~np.isnan(grid.exact)
        said += f"; of {int(fits.sum())} the parts are of unequal length, so that it is exact"
        biased = fits & (grid.cell < BALANCED)
        if biased.any():
            off = float(np.abs(grid.exact - grid.lead_time)[biased].max()) / grid.parts
            said += f" (stock counts them alike: up to {off:.1%} of a {catalog.study.period} off)"
    if grid.length is not None:
        own = grid.length != 1
        off = float(np.abs(grid.length - 1).max())
        said += (
            f"; of {int(own.sum())} the parts are a little longer or shorter, so that the review period is "
            f"exact (what is demanded, ordered and short in a year is up to {off:.1%} off, fill is not)"
        )
    return said


def _remainder_note(catalog: Catalog, found: WorkingParts) -> tuple[QualityRow, ...]:
    study = catalog.study
    unit, name = study.time_unit_periods, str(study.data.time_unit)
    if study.period == "day" and study.demand.weekdays:  # what waits for an open day is in no proportion
        unit, name = 1.0, "open days"
    pairs = (
        ("lead_time", found.lead_time, found.lead_time_taken),
        ("review_period", found.review_period, found.review_period_taken),
    )
    names = [f"{sku}@{location}" for sku, location in zip(catalog.sku, catalog.location, strict=True)]
    told = [
        f"{names[row]} {what} {stated[row] / unit:.4g} → {taken[row] / unit:.4g}"
        for row in np.flatnonzero(found.on_grid).tolist()
        for what, stated, taken in pairs
        if abs(stated[row] - taken[row]) > NEAR * found.review_period[row]
    ]
    if not told:
        return ()
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    note = f"{', '.join(told[:_SHOWN])}{more} (in {name}; all in the table of items)"
    what = "constant lead times and review periods rounded to the nearest part"
    return (QualityRow("items", what, "repaired", 0, note=note),)


def _law_note(catalog: Catalog, found: WorkingParts, law: DemandLaw) -> tuple[QualityRow, ...]:
    """Laws that are no sum of independent pieces, and the variance that their parts have."""
    if found.grid is None:
        return ()
    rows = np.flatnonzero(found.on_grid & ~np.isin(law.kind, DIVISIBLE_KINDS) & ~law.has_rhythm)
    if rows.size == 0:
        return ()
    m, own = found.grid.parts, law.take(rows)
    fine, whole = pieces(own, m).variance, own.variance
    ratio = np.divide(m * fine, whole, out=np.ones(rows.size), where=whole > 0)
    kinds = ", ".join(sorted({law_of(kind).name for kind in own.kind}))
    study = catalog.study
    note = (
        f"{rows.size} SKU-locations with laws that are no sum of independent pieces ({kinds}): every order "
        "line stays whole and falls into a part at random; the variance of a part is "
        f"{ratio.min() / m:.3g} to {ratio.max() / m:.3g} of the {study.period}'s (1/{m} = {1 / m:.3g} "
        "leaves that as it was)"
    )
    return (
        QualityRow("items", "laws divided by lines", "repaired", 0, note=note),
        *_series_note(catalog, rows[np.isin(own.kind, SERIAL_KINDS)]),
    )


def _series_note(catalog: Catalog, rows: IntArray) -> tuple[QualityRow, ...]:
    """Items whose rhythm, or what else neighbouring periods have in common, is lost on the grid."""
    if rows.size == 0:
        return ()
    more = f" and {rows.size - _SHOWN} more" if rows.size > _SHOWN else ""
    names = ", ".join(f"{catalog.sku[row]}@{catalog.location[row]}" for row in rows[:_SHOWN].tolist())
    note = (
        f"{names}{more}: drawn from a series (a rhythm, blocks, a calendar) or a chain; in parts "
        "what neighbouring periods have in common is lost, so that levels may be far too high or low; choose "
        "a study.period of which lead_time and review_period are whole multiples"
    )
    return (QualityRow("items", "rhythms lost in parts of a period", "repaired", 0, note=note),)
