"""What schemes are measured by, and what they bring: service, plans, readings."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from simlab.arrays import ChoiceArray, FloatArray, IntArray
from simlab.measures import Estimate, cost_at_fill, fill_at_cost, jackknife, t_quantile
from simlab.verdict.tournament.sample import Sample

Part = Literal["served", "ready", "good_receipts"]


@dataclass(frozen=True, eq=False)
class Service:
    """One definition of service: a ratio of sums over all SKU-locations.

    Attributes
    ----------
    name : str
        ``fill_rate``, ``value_fill_rate``, … ; see `simlab.verdict.tournament.service`.
    part : {"served", "ready", "good_receipts"}
        What is counted; its whole is demanded units, periods, receipts.
    weights : (n,) int64
        What one unit (period, receipt) of each SKU-location counts for.
    """

    name: str
    part: Part
    weights: IntArray

    def part_of(self, sample: Sample) -> IntArray:
        """(n, k, b) what is counted."""
        table: IntArray = getattr(sample, self.part)
        return table

    def whole_of(self, sample: Sample) -> IntArray:
        """(n, k or 1, b) what it is counted against."""
        if self.part == "good_receipts":
            return sample.receipts
        whole = sample.demanded if self.part == "served" else sample.periods()
        return whole[:, None, :]


@dataclass(frozen=True, eq=False)
class Reading:
    """A number read off a frontier on the verdict seed.

    Attributes
    ----------
    value : float
    left : (b,) float
        The same without each batch of the verdict seed.
    again : (draws,) float
        The same for plans chosen on redrawn batches of the search seed; empty where the plans are
        taken as they are.
    """

    value: float
    left: FloatArray
    again: FloatArray = field(default_factory=lambda: np.zeros(0))

    def estimate(self, level: float) -> Estimate:
        """With an interval: jackknife over verdict batches, and the spread of redrawn searches."""
        one = jackknife(self.value, self.left, level)
        if not self.again.size or math.isnan(one.low):
            return one
        n = min(one.n, self.again.size)
        judged = one.half_width / t_quantile(0.5 + 0.5 * level, one.n - 1.0)
        chosen = float(np.sqrt(np.square(self.again - self.value).mean()))
        half = t_quantile(0.5 + 0.5 * level, n - 1.0) * math.hypot(judged, chosen)
        return replace(one, low=self.value - half, high=self.value + half)


@dataclass(frozen=True, eq=False)
class Judged:
    """Plans on the verdict seed, (p, b) each: holding cost per year, inventory value, service, its whole."""

    cost: FloatArray
    value: FloatArray
    part: IntArray
    whole: IntArray


@dataclass(frozen=True, eq=False)
class Entry:
    """A scheme's plans, chosen on the search seed and judged on the verdict seed.

    Attributes
    ----------
    name : str
    n_segments : int
    choice : (p, s) int16
        Target number of each segment (of each SKU-location for a per-SKU plan): the cheapest plan of
        the scheme's frontier at each floor of the ladder.
    cost, value : (p, b) float
        Holding cost per year and mean inventory value, study currency, per batch of the verdict seed.
    part, whole : (p, b) int64
        Service counted, and what it is counted against.
    search_cost : dict of float to float
        Floor → holding cost per year of the cheapest plan that meets it on the search seed.
    asked : dict of float to (s,) int
        Floor → target number of each segment in that plan.
    gap : float
        Largest possible saving at the first floor, as a fraction; 0: the plan is exact.
    again : dict of float to (draws,) float
        Floor → holding cost per year there of plans chosen on redrawn searches.
    """

    name: str
    n_segments: int
    choice: ChoiceArray
    cost: FloatArray
    value: FloatArray
    part: IntArray
    whole: IntArray
    search_cost: dict[float, float]
    asked: dict[float, IntArray]
    gap: float
    again: dict[float, FloatArray] = field(default_factory=dict)

    def cost_at(self, fill_rate: float) -> Reading:
        """Holding cost per year at a fill rate."""
        value, left = cost_at_fill(self.cost, self.part, self.whole, fill_rate)
        return Reading(value, left, self.again.get(fill_rate, np.zeros(0)))

    def fill_at(self, capital: float) -> Reading:
        """Fill rate at a mean inventory value, plans fixed."""
        return Reading(*fill_at_cost(self.value, self.part, self.whole, capital))

    def capital_at(self, fill_rate: float) -> Reading:
        """Mean inventory value at a fill rate, plans fixed."""
        return Reading(*cost_at_fill(self.value, self.part, self.whole, fill_rate))


def scaled(sums: IntArray, unit: float) -> FloatArray:
    """Sums as money, one rounding each."""
    return np.asarray(sums * unit, dtype=np.float64)
