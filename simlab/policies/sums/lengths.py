"""Demand of consecutive parts of unequal length from a review on, of many items at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simlab.arrays import ComplexArray, FloatArray, IntArray
from simlab.engine.laws.phases import divided
from simlab.engine.world.demand_law import DemandLaw
from simlab.policies.sums.transforms import no_demand, power_of, transforms


@dataclass(frozen=True, eq=False)
class Lengths:
    """Items whose parts have one of two lengths, in the same order after every review.

    Attributes
    ----------
    first, second : DemandLaw
        Plain laws of their shorter and longer parts.
    shorter : (n, m) bool
        Whether the k-th part after a review is a shorter one; the order comes again after m parts.
    """

    first: DemandLaw
    second: DemandLaw
    shorter: np.typing.NDArray[np.bool_]

    @classmethod
    def of(cls, law: DemandLaw, rows: IntArray, review_phase: IntArray) -> Lengths:
        """Of some items of a law whose profiles are lengths (`engine.laws.lengths`)."""
        seasons = law.seasons
        assert seasons is not None
        at = seasons.phase + review_phase[:, None] + np.arange(seasons.cycle)
        length = np.take_along_axis(seasons.multipliers[seasons.profile[rows]], at % seasons.cycle, axis=1)
        least, most = length.min(axis=1), length.max(axis=1)
        plain = replace(law.take(rows), seasons=None)
        return cls(divided(plain, least), divided(plain, most), length < ((least + most) / 2)[:, None])

    def weighted(self, points: int, step: IntArray, weights: FloatArray, quiet: IntArray) -> ComplexArray:
        """Σ_n weights[:, n]·transform of the demand of n parts from a review on (`Consecutive.weighted`)."""
        every = np.arange(step.size)
        one, other = (transforms(law, every, points, step) for law in (self.first, self.second))
        before = self._counts(quiet)
        still = no_demand(self.first) ** before[0] * no_demand(self.second) ** before[1]
        out = np.zeros_like(one)
        for n in np.flatnonzero((weights != 0).any(axis=0)).tolist():
            some = np.flatnonzero(weights[:, n])
            short, long = self._counts(np.full(step.size, n))
            counts = np.stack([short - before[0], long - before[1]], axis=1)[some]
            for a, b in np.unique(counts, axis=0).tolist():
                at = some[(counts == (a, b)).all(axis=1)]
                both = power_of(one[at], a) * power_of(other[at], b)
                out[at] += (weights[at, n] * still[at])[:, None] * both
        return out

    def _counts(self, n: IntArray) -> tuple[IntArray, IntArray]:
        """(items,) shorter and longer ones among the first n parts of each item."""
        items, m = self.shorter.shape
        up_to = np.concatenate([np.zeros((items, 1), np.int64), np.cumsum(self.shorter, axis=1)], axis=1)
        short = n // m * up_to[:, -1] + up_to[np.arange(items), n % m]
        return short, n - short
