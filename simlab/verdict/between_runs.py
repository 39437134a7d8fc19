"""Differences between two finished runs: paired where they drew the same randomness, else independent."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from simlab.measures import Estimate, FloatArray, cost_at_fill, independent_difference, jackknife

FILL, VALUE, COST, COST_AT_FILL = "fill_rate", "inventory_value", "holding_cost", "holding_cost_at_equal_fill"


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
    """

    seed: int
    demanded: FloatArray
    served: FloatArray
    inventory_value: FloatArray
    holding_cost: FloatArray
    frontier_served: FloatArray
    frontier_cost: FloatArray

    @property
    def n(self) -> int:
        """Replications."""
        return int(self.demanded.size)

    @property
    def fill_rate(self) -> float:
        """Ratio of sums; NaN if nothing was demanded."""
        return float(self.served.sum() / self.demanded.sum()) if self.demanded.sum() else math.nan

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
        Fill rate at which both frontiers are read; NaN for the other measures.
    """

    measure: str
    a: float
    b: float
    difference: Estimate
    paired: bool
    at_fill: float = math.nan


def run_differences(a: Sample, b: Sample, level: float) -> tuple[RunDifference, ...]:
    """Fill rate, stock, cost, and cost at equal fill where both frontiers span the fill of a.

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
    independent: the variances add up (Welch).
    """
    paired = a.seed == b.seed
    if paired:
        n = min(a.n, b.n)
        a, b = a.first(n), b.first(n)
    found = [
        _difference(FILL, _fill(a), _fill(b), level, paired=paired),
        _difference(VALUE, _mean(a.inventory_value), _mean(b.inventory_value), level, paired=paired),
        _difference(COST, _mean(a.holding_cost), _mean(b.holding_cost), level, paired=paired),
    ]
    if a.frontier_cost.shape[0] > 1 and b.frontier_cost.shape[0] > 1:
        at = a.fill_rate
        read = [cost_at_fill(one.frontier_cost, one.frontier_served, one.demanded, at) for one in (a, b)]
        equal = _difference(COST_AT_FILL, read[0], read[1], level, paired=paired)
        found.append(replace(equal, at_fill=at))
    return tuple(found)


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


def _fill(one: Sample) -> tuple[float, FloatArray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        left = (one.served.sum() - one.served) / (one.demanded.sum() - one.demanded)
    return one.fill_rate, np.asarray(left)


def _mean(values: FloatArray) -> tuple[float, FloatArray]:
    n = values.size
    return float(values.mean()), np.asarray((values.sum() - values) / max(1, n - 1))
