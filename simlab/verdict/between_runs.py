"""Differences between two finished runs: paired where they drew the same randomness, else independent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from simlab.measures import Estimate, FloatArray, cost_at_fill, independent_difference, jackknife
from simlab.measures.curve import Reading
from simlab.measures.weights import NONE, break_even, mark_of

UNITS = "units"
FILL, VALUE, COST, COST_AT_FILL = "fill_rate", "inventory_value", "holding_cost", "holding_cost_at_equal_fill"
LATE = "lost_margin"
SERVED = {UNITS: FILL, "value": "served_value", "margin": "served_margin", "items": "served_items"}
"""Measure of service by weight."""
AT_EQUAL = {
    UNITS: COST_AT_FILL,
    "value": "holding_cost_at_equal_value",
    "margin": "holding_cost_at_equal_margin",
    "items": "holding_cost_at_equal_items",
}
"""Measure of cost at equal service by weight."""


@dataclass(frozen=True, eq=False)
class Served:
    """Service of a run in one weight, per replication.

    Attributes
    ----------
    demanded, served : (n,) float
        Units at their weight.
    frontier : (p, n) float
        Served, by every plan of the frontier; p = 0 where the run has none that may be read.
    """

    demanded: FloatArray
    served: FloatArray
    frontier: FloatArray

    @property
    def rate(self) -> float:
        """Ratio of sums; NaN if nothing was demanded."""
        return float(self.served.sum() / self.demanded.sum()) if self.demanded.sum() else math.nan

    def first(self, n: int) -> Served:
        """The first n replications alone."""
        return Served(self.demanded[:n], self.served[:n], self.frontier[:, :n])


@dataclass(frozen=True, eq=False)
class Sample:
    """Totals of one run per replication.

    Attributes
    ----------
    seed : int
        Of the sample; runs with one seed share their randomness.
    demanded, served : (n,) float
        Units.
    inventory_value, holding_cost : (n,) float
        Study currency; the cost per year.
    frontier_served, frontier_cost : (p, n) float
        The same of every plan of the frontier; p = 0 where the run has none that may be read.
    others : dict of str to Served
        The other weights that the run knows.
    late : (n,) float, optional
        Margin a year of units not served at once; None without prices.
    """

    seed: int
    demanded: FloatArray
    served: FloatArray
    inventory_value: FloatArray
    holding_cost: FloatArray
    frontier_served: FloatArray
    frontier_cost: FloatArray
    others: Mapping[str, Served] = field(default_factory=dict)
    late: FloatArray | None = None

    @property
    def n(self) -> int:
        """Replications."""
        return int(self.demanded.size)

    @property
    def by_weight(self) -> dict[str, Served]:
        """Service in every weight that is known, units first."""
        return {UNITS: Served(self.demanded, self.served, self.frontier_served), **self.others}

    def first(self, n: int) -> Sample:
        """The first n replications alone."""
        return Sample(
            self.seed,
            self.demanded[:n],
            self.served[:n],
            self.inventory_value[:n],
            self.holding_cost[:n],
            self.frontier_served[:, :n],
            self.frontier_cost[:, :n],
            {weight: one.first(n) for weight, one in self.others.items()},
            None if self.late is None else self.late[:n],
        )


@dataclass(frozen=True)
class RunDifference:
    """One measure of two runs.

    Attributes
    ----------
    measure : str
    a, b : float
        Values of the earlier named and of the other run.
    difference : Estimate
        b − a.
    paired : bool
        The replications share their randomness.
    at_fill : float
        Service at which both frontiers are read; NaN for the other measures.
    weight : str
        Weight of service, where the measure is one of it.
    mark : str
        Of cost at equal service: what an interval that holds for all weights together says.
    """

    measure: str
    a: float
    b: float
    difference: Estimate
    paired: bool
    at_fill: float = math.nan
    weight: str = ""
    mark: str = ""


def run_differences(a: Sample, b: Sample, level: float) -> tuple[RunDifference, ...]:
    """Service by weight, stock, cost, late margin, and cost at equal service where both frontiers span it.

    Parameters
    ----------
    a, b : Sample
        Of runs on the same SKU-locations.
    level : float
        Of the intervals.

    Notes
    -----
    With one seed, replication r of both shares its random numbers: differences by replication (a jackknife
    for ratios and frontiers), over the replications that both have. With two seeds the runs are
    independent: the variances add up (Welch). Frontiers are read in every weight with their plans held
    fixed, at the service of a; marks hold for all weights of the pair together (Bonferroni).
    """
    a, b, paired = _shared(a, b)
    both = [weight for weight in a.by_weight if weight in b.by_weight]
    found = []
    for weight in both:
        of_a, of_b = _rate(a.by_weight[weight]), _rate(b.by_weight[weight])
        found.append(replace(_difference(SERVED[weight], of_a, of_b, level, paired=paired), weight=weight))
    for measure in (VALUE, COST):
        of_a, of_b = _mean(getattr(a, measure)), _mean(getattr(b, measure))
        found.append(_difference(measure, of_a, of_b, level, paired=paired))
    if a.late is not None and b.late is not None:
        found.append(_difference(LATE, _mean(a.late), _mean(b.late), level, paired=paired))
    if a.frontier_cost.shape[0] > 1 and b.frontier_cost.shape[0] > 1:
        found += _at_equal_service(a, b, both, level, paired=paired)
    return tuple(found)


def share_that_pays(a: Sample, b: Sample, level: float) -> tuple[str, Estimate] | None:
    """Which of two runs costs less and is late with more, and the share of that margin it may lose.

    None where neither does so beyond its interval, where margins are unknown, and with two seeds.
    """
    a, b, paired = _shared(a, b)
    if not paired or a.late is None or b.late is None:
        return None
    for name, one, other in (("b", b, a), ("a", a, b)):
        saving, further = (
            Reading(*_mean(values), 0.0)
            for values in (other.holding_cost - one.holding_cost, _late(one) - _late(other))
        )
        share = break_even(saving, further, level)
        if not math.isnan(share.value):
            return name, share
    return None


def _shared(a: Sample, b: Sample) -> tuple[Sample, Sample, bool]:
    """Both over the replications that they share, where they share any."""
    paired = a.seed == b.seed
    if not paired:
        return a, b, False
    n = min(a.n, b.n)
    return a.first(n), b.first(n), True


def _late(one: Sample) -> FloatArray:
    assert one.late is not None
    return one.late


def _at_equal_service(
    a: Sample, b: Sample, weights: list[str], level: float, *, paired: bool
) -> Iterator[RunDifference]:
    joint = 1.0 - (1.0 - level) / max(1, len(weights))
    for weight in weights:
        own = a.by_weight[weight], b.by_weight[weight]
        at = own[0].rate
        read = [
            cost_at_fill(one.frontier_cost, part.frontier, part.demanded, at)
            for one, part in zip((a, b), own, strict=True)
        ]
        measure = AT_EQUAL[weight]
        equal = _difference(measure, read[0], read[1], level, paired=paired)
        wide = _difference(measure, read[0], read[1], joint, paired=paired).difference
        base = abs(read[0][0]) or math.nan
        share = Estimate(wide.value / base, wide.low / base, wide.high / base, joint, n=wide.n)
        mark = NONE if math.isnan(base) else mark_of(wide, share)
        yield replace(equal, at_fill=at, weight=weight, mark=mark)


def _difference(
    measure: str, a: tuple[float, FloatArray], b: tuple[float, FloatArray], level: float, *, paired: bool
) -> RunDifference:
    """From values and values without each replication."""
    if math.isnan(a[0]) or math.isnan(b[0]):
        nothing = Estimate(math.nan, math.nan, math.nan, level, note="outside the range of the plans")
        return RunDifference(measure, a[0], b[0], nothing, paired)
    if paired:
        return RunDifference(measure, a[0], b[0], jackknife(b[0] - a[0], b[1] - a[1], level), paired)
    apart = independent_difference(jackknife(*b, level), jackknife(*a, level))
    return RunDifference(measure, a[0], b[0], apart, paired)


def _rate(one: Served) -> tuple[float, FloatArray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        left = (one.served.sum() - one.served) / (one.demanded.sum() - one.demanded)
    return one.rate, np.asarray(left)


def _mean(values: FloatArray) -> tuple[float, FloatArray]:
    n = values.size
    return float(values.mean()), np.asarray((values.sum() - values) / max(1, n - 1))
