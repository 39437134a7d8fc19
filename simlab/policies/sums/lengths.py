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
    """Items whose parts have one of a few lengths, in the same order after every review.

    Attributes
    ----------
    laws : tuple of DemandLaw
        Plain laws of their parts of each length.
    which : (n, m) int64
        Length of the k-th part after a review; the order comes again after m parts.
    """

    laws: tuple[DemandLaw, ...]
    which: IntArray

    @classmethod
    def of(cls, law: DemandLaw, rows: IntArray, review_phase: IntArray) -> Lengths:
        """Of some items of a law whose profiles are lengths (`engine.laws.lengths`)."""
        seasons = law.seasons
        assert seasons is not None
        at = seasons.phase + review_phase[:, None] + np.arange(seasons.cycle)
        length = np.take_along_axis(seasons.multipliers[seasons.profile[rows]], at % seasons.cycle, axis=1)
        order = np.argsort(length, axis=1)
        rising = np.take_along_axis(length, order, axis=1)
        number = np.cumsum(np.diff(rising, axis=1, prepend=rising[:, :1]) > 0, axis=1)
        which = np.empty(number.shape, np.int64)
        np.put_along_axis(which, order, number, axis=1)
        plain = replace(law.take(rows), seasons=None)
        sizes = [np.where(which == one, length, 0.0).max(axis=1) for one in range(int(number.max()) + 1)]
        return cls(tuple(divided(plain, np.where(size > 0, size, 1.0)) for size in sizes), which)

    def weighted(self, points: int, step: IntArray, weights: FloatArray, quiet: IntArray) -> ComplexArray:
        """Σ_n weights[:, n]·transform of the demand of n parts from a review on (`Consecutive.weighted`)."""
        every = np.arange(step.size)
        powers = [transforms(law, every, points, step) for law in self.laws]
        before = self._counts(quiet)
        still = np.ones(step.size)
        for law, count in zip(self.laws, before.T, strict=True):
            still = still * no_demand(law) ** count
        out = np.zeros_like(powers[0])
        for n in np.flatnonzero((weights != 0).any(axis=0)).tolist():
            some = np.flatnonzero(weights[:, n])
            counts = (self._counts(np.full(step.size, n)) - before)[some]
            for row in np.unique(counts, axis=0):
                at = some[(counts == row).all(axis=1)]
                product = np.repeat((weights[at, n] * still[at])[:, None], out.shape[1], axis=1) + 0j
                for transform, times in zip(powers, row.tolist(), strict=True):
                    product *= power_of(transform[at], times)
                out[at] += product
        return out

    def _counts(self, n: IntArray) -> IntArray:
        """(items, lengths) parts of each length among the first n parts of each item."""
        items, m = self.which.shape
        some = self.which[:, :, None] == np.arange(len(self.laws))
        up_to = np.concatenate(
            [np.zeros((items, 1, len(self.laws)), np.int64), np.cumsum(some, axis=1)], axis=1
        )
        return np.asarray((n // m)[:, None] * up_to[:, -1] + up_to[np.arange(items), n % m])
