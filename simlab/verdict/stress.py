"""Other circumstances: the fitted world with demand, spread, lead times or a supplier changed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simlab.arrays import BoolArray
from simlab.execution import DemandLaw, LawKind, LeadTimeLaw, World
from simlab.models.demand.renewal import times_demand
from simlab.models.forecasts.moving import in_other_circumstances
from simlab.models.suppliers.lead_times import merge_points
from simlab.register.laws import OF_MEAN_KINDS
from simlab.verdict.audit.demand import planned_law

_PARTS = 100
_MOST_WEIGHT = 2**31


@dataclass(frozen=True)
class Change:
    """Factors on what was fitted.

    Attributes
    ----------
    demand : float
        On the mean; the standard deviation follows, so that the shape stays.
    variance : float
        On the variance, at the same mean.
    lead_time : float
        On every lead time; what is no whole period is split so that the mean is kept. On a working grid
        the nearest part.
    """

    demand: float = 1.0
    variance: float = 1.0
    lead_time: float = 1.0


def changed(world: World, change: Change) -> World:
    """The world under other circumstances, with the same streams.

    Notes
    -----
    Demand with a rhythm keeps its intervals: sizes are times `demand`, and `variance` leaves it as it is.
    Demand drawn by calendar phase is changed phase by phase (`in_other_circumstances`).
    Demand with a season keeps its profile: its law at multiplier 1 is changed, so that means follow in every
    phase, and spreads as `Seasons` says.
    Poisson demand stays Poisson when it grows. Where the variance is changed, laws that have no
    variance of their own (Poisson, tables) become negative binomial, Poisson or binomial with that
    mean and variance, whichever allows it.
    """
    law = world.demand
    kept = law.has_rhythm | (law.kind == LawKind.CALENDAR)
    if change.variance != 1.0:
        law = _only(_spread(law, change.variance), law, kept)
    if change.demand != 1.0:
        other = planned_law(law, law.mean * change.demand, law.true_variance * change.demand**2)
        law = _only(other, times_demand(law, change.demand), kept)
    law = in_other_circumstances(law, change.demand, change.variance)
    if change.lead_time == 1.0:
        return replace(world, demand=law)
    grid = world.grid
    if grid is not None:
        grid = grid.scaled(change.lead_time)
    return replace(world, demand=law, lead_time=scaled(world.lead_time, change.lead_time), grid=grid)


def _only(law: DemandLaw, kept: DemandLaw, rows: BoolArray) -> DemandLaw:
    """The laws, with those of some items, series, from another."""
    names = ("kind", "mean", "variance", "probability", "length")
    own = {name: np.where(rows, getattr(kept, name), getattr(law, name)) for name in names}
    return replace(law, **own, past=kept.past)


def _spread(law: DemandLaw, factor: float) -> DemandLaw:
    """The same means, variances times a factor."""
    variance = law.true_variance * factor
    plain = np.isin(law.kind, OF_MEAN_KINDS) | (law.length > 0)
    kind = np.where(variance > law.mean, LawKind.NEGATIVE_BINOMIAL, LawKind.POISSON)
    kind = np.where((variance < law.mean) & (variance > 0), LawKind.BINOMIAL, kind).astype(np.int8)
    still = law.mean <= 0
    own = replace(
        law,
        kind=np.where(plain & ~still, kind, law.kind).astype(np.int8),
        variance=np.where(plain & ~still, variance, law.variance),
        probability=np.where(plain, 0.0, law.probability),
        length=np.where(plain & ~still, 0, law.length),
    )
    return planned_law(own, own.mean, np.where(still, law.variance, variance))


def scaled(law: LeadTimeLaw, factor: float) -> LeadTimeLaw:
    """Every lead time times a factor, in whole periods by the split that keeps the mean."""
    points, weights = [], []
    for start, length in zip(law.start.tolist(), law.length.tolist(), strict=True):
        rows = slice(start, start + length)
        exact = law.periods[rows] * factor
        whole = np.floor(exact).astype(np.int64)
        above = np.rint((exact - whole) * _PARTS).astype(np.int64)
        own = law.weights[rows].astype(np.int64)
        if int(own.sum()) * _PARTS >= _MOST_WEIGHT:
            own = np.maximum(1, own * (_MOST_WEIGHT // (2 * _PARTS)) // int(own.sum()))
        both = np.concatenate([whole, whole + 1])
        share = np.concatenate([own * (_PARTS - above), own * above])
        kept = share > 0
        found, counts = merge_points(both[kept], share[kept])
        points.append(found)
        weights.append(counts)
    lengths = np.array([found.size for found in points], dtype=np.int64)
    return replace(
        law,
        start=np.cumsum(lengths) - lengths,
        length=lengths,
        periods=np.concatenate(points),
        weights=np.concatenate(weights),
    )
