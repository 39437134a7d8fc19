"""Demand in multiples of a unit: declared, or as coarse as packs, mean and variance allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.catalog.quality import QualityRow
from simlab.engine.laws.pmfs import moments_of, pmf_of
from simlab.engine.laws.weights import MOST_POINTS
from simlab.engine.world.demand_law import DemandLaw
from simlab.engine.world.world import OrderTerms
from simlab.errors import EngineFaultError, InvalidInputError, OutOfRangeError, Problem
from simlab.register.laws import CONTINUOUS_KINDS, STATED_KINDS, LawKind

if TYPE_CHECKING:
    from simlab.catalog import Catalog


_ERROR = 1e-4
_WEIGHT = 1 << 30


@dataclass(frozen=True, eq=False)
class Resolved:
    """Laws whose demand comes in multiples of a unit.

    Attributes
    ----------
    law : DemandLaw
        Counted values, multiples of `step`, where the step is above 1; moments as drawn.
    step : (n,) int64
        Units; 1 where demand stays on whole units.
    notes : tuple of QualityRow
        Steps and what they do to the moments, for the quality account.
    """

    law: DemandLaw
    step: IntArray
    notes: tuple[QualityRow, ...]


def resolved_laws(catalog: Catalog, law: DemandLaw, terms: OrderTerms) -> Resolved:
    """The laws on the support that the study asks for.

    Parameters
    ----------
    catalog : Catalog
        `models.support` and the column `unit_resolution`.
    law : DemandLaw
        n items, units per period.
    terms : OrderTerms
        Packs and MOQs.

    Raises
    ------
    InvalidInputError
        A unit that does not divide pack size and MOQ; a unit above 1 with whole-unit support; laws that
        spread too far for their unit; support and parameter uncertainty, seasons or laws drawn from a past
        together.

    Notes
    -----
    Each demand is split over the two neighbouring multiples so that the mean stays. Without a declared
    unit: the largest divisor of pack size and MOQ for which mean and variance change by less than 1e-4.
    """
    said = catalog.numbers.get("unit_resolution", np.full(law.n_items, np.nan))
    declared = np.nan_to_num(said, nan=0.0).astype(np.int64)
    problems = list(_problems(catalog, law, declared, terms))
    if problems:
        raise InvalidInputError(problems)
    if catalog.study.models.support == "integer":
        return Resolved(law, np.ones(law.n_items, np.int64), ())
    common = np.where(terms.moq > 0, np.gcd(terms.pack_size, terms.moq), terms.pack_size)
    tables: dict[int, tuple[int, IntArray, IntArray]] = {}
    wide: list[Problem] = []
    for item in np.flatnonzero((law.mean > 0) & ((declared > 1) | ((declared == 0) & (common > 1)))).tolist():
        try:
            found = _table(law, item, int(declared[item]), int(common[item]))
        except OutOfRangeError as error:
            if declared[item]:
                wide.append(too_wide(catalog, item, f"in units of {declared[item]}, {error}"))
            continue
        if found is not None:
            tables[item] = found
    if wide:
        raise InvalidInputError(wide)
    step = np.ones(law.n_items, np.int64)
    for item, (size, _, _) in tables.items():
        step[item] = size
    out = _with_tables(law, tables)
    return Resolved(out, step, tuple(_notes(catalog, law, out, step)))


def _problems(catalog: Catalog, law: DemandLaw, declared: IntArray, terms: OrderTerms) -> Iterator[Problem]:
    models, file = catalog.study.models, catalog.study.data.items.path or "items"
    if models.support == "integer":
        rows = np.flatnonzero(declared > 1)
        if rows.size:
            why = f"unit_resolution above 1 for {_name(catalog, rows)}, while demand is on whole units"
            fix = 'say models.support = "resolution", or leave the column out'
            yield Problem("E-MOD-010", why, file, column="unit_resolution", fix=fix)
        return
    unit = np.maximum(declared, 1)
    rows = np.flatnonzero((terms.pack_size % unit != 0) | (terms.moq % unit != 0))
    if rows.size:
        why = f"unit_resolution divides neither or not both of pack_size and moq for {_name(catalog, rows)}"
        yield Problem("E-MOD-010", why, file, column="unit_resolution", fix="a divisor of both")
    further = law.seasons is not None or law.past is not None or law.chain is not None
    if models.parameter_uncertainty or further:
        why = 'support = "resolution" with parameter uncertainty, seasons or laws drawn from a past'
        fix = 'support = "integer", or one without the other'
        yield Problem("E-MOD-010", f"{why} is not in this version", "study", column="models.support", fix=fix)


def _name(catalog: Catalog, rows: IntArray) -> str:
    names = [f"{catalog.sku[row]}@{catalog.location[row]}" for row in rows[:5]]
    return ", ".join(names) + (f" and {rows.size - 5} more" if rows.size > 5 else "")


def _table(law: DemandLaw, item: int, declared: int, common: int) -> tuple[int, IntArray, IntArray] | None:
    """Step, values and weights; None if no step above 1 keeps the variance."""
    if declared > 1:
        return declared, *_counted(*_split(law, item, declared), declared)
    divisors = sorted((d for d in range(2, common + 1) if common % d == 0), reverse=True)
    mean, variance = _moments(law, item)
    smooth = law.kind[item] in CONTINUOUS_KINDS
    first, shares = (0, np.zeros(0)) if smooth else pmf_of(law, item)
    for step in divisors:
        if smooth:
            found = _counted(*_split(law, item, step), step) if step**2 < 8 * _ERROR * variance else None
            own = (np.nan, np.nan) if found is None else _counted_moments(*found)
            kept = abs(own[0] - mean) < _ERROR * mean and abs(own[1] - variance) < _ERROR * variance
        else:
            rest = (first + np.arange(shares.size)) % step
            kept = float((shares * rest * (step - rest)).sum()) < _ERROR * variance
        if kept:
            return step, *_counted(*_split(law, item, step), step)
    return None


def _counted_moments(values: IntArray, weights: IntArray) -> tuple[float, float]:
    share = weights / weights.sum()
    mean = float((values * share).sum())
    return mean, float((share * (values - mean) ** 2).sum())


def _moments(law: DemandLaw, item: int) -> tuple[float, float]:
    """Mean and variance that a law on multiples has to keep."""
    if law.kind[item] in CONTINUOUS_KINDS:
        return float(law.mean[item]), float(law.variance[item])
    first, shares = pmf_of(law, item)
    x = first + np.arange(shares.size)
    mean = float((x * shares).sum())
    return mean, float((shares * (x - mean) ** 2).sum())


def _split(law: DemandLaw, item: int, step: int) -> tuple[int, FloatArray]:
    """First multiple and probabilities; continuous laws directly, the others from their whole units."""
    one = law.take(np.array([item]))
    if law.kind[item] in CONTINUOUS_KINDS:
        return pmf_of(replace(one, mean=one.mean / step, variance=one.variance / step**2), 0)
    first, shares = pmf_of(one, 0)
    below, rest = np.divmod(first + np.arange(shares.size), step)
    upper = shares * (rest / step)
    out = np.zeros(int(below[-1] - below[0]) + 2)
    np.add.at(out, below - below[0], shares - upper)
    np.add.at(out, below - below[0] + 1, upper)
    return int(below[0]), out


def _counted(first: int, shares: FloatArray, step: int) -> tuple[IntArray, IntArray]:
    """Values and integer weights of probabilities on multiples."""
    upto = np.rint(np.cumsum(shares) / shares.sum() * _WEIGHT).astype(np.int64)
    weights = np.diff(upto, prepend=0)
    kept = np.flatnonzero(weights > 0)
    return (first + kept) * step, weights[kept]


def _with_tables(law: DemandLaw, tables: dict[int, tuple[int, IntArray, IntArray]]) -> DemandLaw:
    """The laws with counted values for some items, whose variance is then that of the values."""
    if not tables:
        return law
    kind, variance, probability = law.kind.copy(), law.variance.copy(), law.probability.copy()
    start, length = law.start.copy(), law.length.copy()
    values, weights, end = [law.values], [law.weights], law.values.size
    for item, (_, points, counts) in tables.items():
        share = counts / counts.sum()
        mean = (points * share).sum()
        kind[item], variance[item], probability[item] = (
            LawKind.EMPIRICAL,
            (share * (points - mean) ** 2).sum(),
            0.0,
        )
        start[item], length[item] = end, points.size
        end += points.size
        values.append(points)
        weights.append(counts)
    return replace(
        law,
        kind=kind,
        variance=variance,
        probability=probability,
        start=start,
        length=length,
        values=np.concatenate(values),
        weights=np.concatenate(weights),
    )


def _notes(catalog: Catalog, asked: DemandLaw, law: DemandLaw, step: IntArray) -> Iterator[QualityRow]:
    rows = np.flatnonzero(step > 1)
    still = int((step == 1).sum())
    if rows.size == 0:
        note = "no divisor of packs and MOQs keeps mean and variance to 1e-4"
        yield QualityRow("demand", "demand in whole units throughout", "used", 0, note=note)
        return
    before = np.array([_moments(asked, item)[1] for item in rows.tolist()])
    gain = law.variance[rows] / np.maximum(before, 1e-300) - 1.0
    worst = int(np.argmax(np.abs(gain)))
    item = int(rows[worst])
    least, most = int(step[rows].min()), int(step[rows].max())
    note = (
        f"{rows.size:,} SKU-locations in multiples of {least:,} to {most:,} units, {still:,} in whole units; "
        f"means kept, variance changed most at {_name(catalog, rows[worst : worst + 1])}: "
        f"{law.variance[item]:.6g} for {before[worst]:.6g} units² ({gain[worst]:+.3%})"
    )
    yield QualityRow("demand", "demand in multiples of a unit", "used", 0, note=note)


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
        except MemoryError:
            found.append(too_wide(catalog, item, "the demand law spreads over more values than memory holds"))
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
    rows = np.flatnonzero(np.isin(law.kind, STATED_KINDS) & (law.mean > 0))
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
    rows = np.flatnonzero(np.isin(law.kind, CONTINUOUS_KINDS) & (law.mean > 0))
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
