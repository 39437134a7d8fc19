"""Which items live on a finer grid than the period, so that what is constant stays constant."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray, take_rows

NEAR = 1e-3
"""Of R: what L and R may be rounded by without a word."""


@dataclass(frozen=True, eq=False)
class WorkingGrid:
    """Items whose lead time or review period is no whole number of periods: m parts make a period.

    Attributes
    ----------
    parts : int
        m, the same for all items; at least 2.
    split : (n,) bool
        Items that are simulated and planned part by part; the others keep their periods.
    lead_time, review_period, review_phase : (n,) int64
        In parts, of the items that are split: constant lead times, R ≥ 1, 0 ≤ phase < R. Unused (0, 1
        and 0) elsewhere.
    exact : (n,) float, optional
        Lead times as they are, in parts, of items whose parts are of unequal length so that an order placed
        at a review arrives where a part begins (see `engine.laws.lengths`); NaN elsewhere.
    """

    parts: int
    split: BoolArray
    lead_time: IntArray
    review_period: IntArray
    review_phase: IntArray
    exact: FloatArray | None = None

    @property
    def lead_time_exact(self) -> FloatArray:
        """(n,) lead times in parts: as they are, where parts are made to fit, else as taken."""
        whole = self.lead_time.astype(np.float64)
        return whole if self.exact is None else np.where(np.isnan(self.exact), whole, self.exact)

    @property
    def cell(self) -> IntArray:
        """(n,) parts of a cell: reviews come where one begins, nowhere else (see `engine.laws.lengths`)."""
        return np.asarray(np.gcd(self.review_period, self.parts))

    def scaled(self, factor: float) -> WorkingGrid:
        """The grid with lead times times a factor, to the nearest part or, where parts fit, inside a cell."""
        longer = np.rint(self.lead_time_exact * factor).astype(np.int64)
        if self.exact is None:
            return replace(self, lead_time=longer)
        exact = self.exact * factor
        inside = in_cells(np.nan_to_num(exact), self.review_period, self.parts)
        return replace(self, lead_time=np.where(np.isnan(exact), longer, inside), exact=exact)

    def take(self, rows: IntArray) -> WorkingGrid:
        """The grid of some items; `parts` stays, even where none of them is split."""
        return take_rows(self, rows, shared=("parts",))


def in_cells(lead_time: FloatArray, review_period: IntArray, parts: int) -> IntArray:
    """(n,) lead times in whole parts: the nearest, but inside a cell what ends there.

    Parameters
    ----------
    lead_time : (n,) float
        As they are, in parts.
    review_period : (n,) int64
        In parts; where it is whole periods, the nearest part is taken even if that ends a cell.
    parts : int
        Parts of a period.
    """
    cell, nearest = np.gcd(review_period, parts), np.rint(lead_time).astype(np.int64)
    begin = np.floor(lead_time / cell).astype(np.int64) * cell
    ends = (cell > 1) & (cell < parts) & (np.abs(lead_time - nearest) > NEAR * review_period)
    return np.where(ends, begin + np.clip(nearest - begin, 1, np.maximum(cell - 1, 1)), nearest)
