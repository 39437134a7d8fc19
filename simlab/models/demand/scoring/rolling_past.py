"""What is known at rolling origins: demand of the periods before, older ones counting less where asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.models.demand.shrinkage import SizePrior
from simlab.models.history.history import effective_periods, total_weight


@dataclass(frozen=True, eq=False)
class RollingPast:
    """Histories of some items, the last part of which is predicted.

    Attributes
    ----------
    table : (rows, periods) float
        Demand of the observed periods of each row, then zeros.
    first, n : (rows,) int64
        First predicted period, and periods of each row.
    prior : SizePrior
        Of these rows.
    half_life : (rows,) float or None
        Periods after which an observation counts half; None: all count alike.
    """

    table: FloatArray
    first: IntArray
    n: IntArray
    prior: SizePrior
    half_life: FloatArray | None = None

    def predicted(self) -> tuple[IntArray, IntArray]:
        """Row and period of every predicted period, by row."""
        periods = np.arange(self.table.shape[1])
        row, at = np.nonzero((periods >= self.first[:, None]) & (periods < self.n[:, None]))
        return np.asarray(row), np.asarray(at)

    def known(self, row: IntArray, at: IntArray) -> FloatArray:
        """(m,) periods that those before `at` are worth."""
        if self.half_life is None:
            return at.astype(np.float64)
        return np.asarray(self._worth[self._code[row], at])

    def scale(self, row: IntArray, at: IntArray) -> FloatArray:
        """(m,) what `before` is multiplied with, so that weights add up to `known`."""
        if self.half_life is None:
            return np.ones(at.size)
        return np.asarray(self._scale[self._code[row], at])

    @cached_property
    def own(self) -> tuple[FloatArray, IntArray]:
        """(k,) half-lives that there are, and (rows,) which of them is each row's."""
        values, code = np.unique(
            np.zeros(0) if self.half_life is None else self.half_life, return_inverse=True
        )
        return values, code.ravel()

    @property
    def _code(self) -> IntArray:
        return self.own[1]

    @cached_property
    def _worth(self) -> FloatArray:
        """(k, periods + 1) what so many periods are worth, for each half-life."""
        return effective_periods(np.arange(self.table.shape[1] + 1.0), self.own[0][:, None])

    @cached_property
    def _scale(self) -> FloatArray:
        """(k, periods + 1) `scale` before each period, for each half-life."""
        whole = total_weight(np.arange(self.table.shape[1] + 1.0), self.own[0][:, None])
        return np.asarray(self._worth / np.maximum(whole, 1e-300))

    def powers(self, places: IntArray, *, falling: bool) -> FloatArray:
        """(rows, periods) 2^(place ÷ half-life); falling: 2^((1 − place) ÷ half-life)."""
        every = np.arange(self.table.shape[1])
        table = 2.0 ** ((1 - every if falling else every) / self.own[0][:, None])
        return np.asarray(table[self._code[:, None], places])

    def before(self, values: FloatArray) -> FloatArray:
        """(rows, periods) Σ over the periods before, the last of them with weight 1."""
        if self.half_life is None:
            return np.asarray(np.cumsum(values, axis=1) - values)
        ratio = 0.5 ** (1 / self.half_life)
        out = np.zeros(values.shape)
        for t in range(1, values.shape[1]):
            out[:, t] = out[:, t - 1] * ratio + values[:, t - 1]
        return out

    def weights(self, known: IntArray) -> FloatArray:
        """(rows, periods) weight of each of the first `known` periods of a row, then zeros."""
        periods = np.arange(self.table.shape[1])
        inside = (periods < known[:, None]).astype(np.float64)
        if self.half_life is None:
            return inside
        raw = inside * 0.5 ** (np.maximum(known[:, None] - 1 - periods, 0) / self.half_life[:, None])
        scale = effective_periods(known, self.half_life) / np.maximum(raw.sum(axis=1), 1e-300)
        return np.asarray(raw * scale[:, None])

    def rows(self, some: slice) -> RollingPast:
        """Of some rows."""
        prior = SizePrior(self.prior.variation[some], self.prior.strength)
        own = None if self.half_life is None else self.half_life[some]
        return RollingPast(self.table[some], self.first[some], self.n[some], prior, own)
