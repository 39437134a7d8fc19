"""Many schemes compared at once: simultaneous intervals for all pairs, and comparisons with the best.

All schemes were read on the same paths, so their readings move together. The jackknife over batches gives
the joint covariance of the judging, redrawn searches that of the choosing of plans; quantiles of the largest
|t| are those of a multivariate t law with their sum, by seeded draws, so that correlated comparisons are not
punished as independent ones would be.

References
----------
Hothorn, Bretz & Westfall (2008), Simultaneous inference in general parametric models, Biometrical J. 50
(intervals for all pairs). Hsu (1984), Constrained simultaneous confidence intervals for multiple comparisons
with the best, Annals of Statistics 12; Hsu (1996), Multiple Comparisons, chapter 4 (one-sided factors that
differ by treatment). Nelson & Matejcik (1995), Using common random numbers for indifference-zone selection
and multiple comparisons in simulation, Management Science 41.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray
from simlab.measures import Estimate

_DRAWS = 20_000
_AT_ONCE = 2_000
_SEED = 20260101

_SAME = 1e-12
"""Contrasts whose standard error is this fraction of the values are taken as exactly equal."""


@dataclass(frozen=True, eq=False)
class Multiple:
    """One reading per scheme, smaller is better, with everything said of all of them at once.

    Attributes
    ----------
    value : (s,) float
        The readings; NaN where a scheme has none.
    left : (s, b) float
        The readings without each batch of the verdict seed.
    level : float
        Joint confidence of the intervals of all pairs, and of all comparisons with the best.
    again : (s, draws) float
        The readings of plans chosen on redrawn searches; no columns: plans taken as they are.
    """

    value: FloatArray
    left: FloatArray
    level: float
    again: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def n_batches(self) -> int:
        """Batches behind every interval."""
        return int(self.left.shape[1])

    @cached_property
    def known(self) -> npt.NDArray[np.intp]:
        """Numbers of the schemes that have a reading."""
        found = np.isfinite(self.value) & np.isfinite(self.left).all(axis=1)
        return np.flatnonzero(found & np.isfinite(self.again).all(axis=1) if self.again.size else found)

    @cached_property
    def _deviation(self) -> FloatArray:
        """(s, b + draws): inner products of rows are covariances, of the judging and of the choosing."""
        n = self.n_batches
        judged = math.sqrt((n - 1.0) / n) * np.asarray(self.left - self.left.mean(axis=1, keepdims=True))
        if not self.again.size:
            return judged
        chosen = (self.again - self.value[:, None]) / math.sqrt(self.again.shape[1])
        return np.concatenate([judged, chosen], axis=1)

    @property
    def _freedom(self) -> float:
        """Degrees of freedom: those of the less known of the two parts."""
        return float(min(self.n_batches, self.again.shape[1] if self.again.size else self.n_batches) - 1)

    @cached_property
    def factor(self) -> float:
        """Standard errors on either side of every pair's difference, all pairs together."""
        rows = [self._contrast(i, j) for at, i in enumerate(self.known) for j in self.known[at + 1 :]]
        width = self._deviation.shape[1]
        return _quantile(np.array(rows).reshape(-1, width), self.level, self._freedom, two_sided=True)

    def difference(self, i: int, j: int) -> Estimate:
        """Scheme i minus scheme j, with an interval that holds for all pairs together."""
        value, error = float(self.value[i] - self.value[j]), self._error(i, j)
        if math.isnan(value) or not (np.isin([i, j], self.known)).all():
            return Estimate(math.nan, math.nan, math.nan, self.level, "simulation", self.n_batches)
        half = self.factor * error if error > 0 else 0.0
        note = "simultaneous for all pairs"
        return Estimate(value, value - half, value + half, self.level, "simulation", self.n_batches, note)

    @cached_property
    def with_best(self) -> tuple[FloatArray, FloatArray]:
        """(s,) ends of Hsu's constrained intervals for a scheme minus the best of the others.

        A lower end below 0 means: this scheme may be the best. An upper end of 0 or less: it is the best.
        """
        low, high = np.full(self.value.size, np.nan), np.full(self.value.size, np.nan)
        known = self.known
        if known.size < 2:
            return low, high
        factor = {int(i): self._factor_as_best(int(i)) for i in known}
        for i in known:
            others = known[known != i]
            gaps = [self.value[i] - self.value[j] - factor[int(i)] * self._error(i, j) for j in others]
            low[i] = min(0.0, max(gaps))
        may_win = [int(i) for i in known if low[i] < 0 or self.value[i] == self.value[known].min()]
        for i in known:
            rivals = [j for j in may_win if j != i]
            gaps = [self.value[i] - self.value[j] + factor[j] * self._error(i, j) for j in rivals]
            high[i] = max(0.0, max(gaps)) if gaps else 0.0
        return low, high

    def _factor_as_best(self, i: int) -> float:
        """One-sided factor that holds for scheme i against all others together."""
        rows = np.array([self._contrast(int(j), i) for j in self.known if j != i])
        return _quantile(rows, self.level, self._freedom, two_sided=False)

    def _contrast(self, i: int, j: int) -> FloatArray:
        return np.asarray(self._deviation[i] - self._deviation[j])

    def _error(self, i: int, j: int) -> float:
        error = math.sqrt(float(np.square(self._contrast(i, j)).sum()))
        return 0.0 if error <= _SAME * abs(float(self.value[i])) else error


def _quantile(contrasts: FloatArray, level: float, freedom: float, *, two_sided: bool) -> float:
    """Quantile of the largest (absolute) t of these contrasts under a multivariate t law."""
    lengths = np.sqrt(np.square(contrasts).sum(axis=1)) if contrasts.size else np.zeros(0)
    keep = lengths > 1e-9 * lengths.max(initial=0.0)
    if not keep.any():
        return 0.0
    directions = (contrasts[keep] / lengths[keep][:, None]).T
    draws = _t_draws(contrasts.shape[1], freedom)
    largest = np.empty(_DRAWS)
    for first in range(0, _DRAWS, _AT_ONCE):
        statistic = draws[first : first + _AT_ONCE] @ directions
        largest[first : first + _AT_ONCE] = (np.abs(statistic) if two_sided else statistic).max(axis=1)
    return float(np.quantile(largest, level, method="higher"))


@lru_cache(maxsize=4)
def _t_draws(n: int, freedom: float) -> FloatArray:
    """(draws, n) vectors whose projections on unit vectors follow Student's t."""
    rng = np.random.default_rng(_SEED)
    scale = np.sqrt(rng.chisquare(freedom, _DRAWS) / freedom)
    return np.asarray(rng.standard_normal((_DRAWS, n)) / scale[:, None])
