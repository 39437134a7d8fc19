"""Which items live on a finer grid than the period, so that what is constant stays constant."""

from __future__ import annotations

from dataclasses import dataclass

from simlab.arrays import BoolArray, IntArray, take_rows


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
    """

    parts: int
    split: BoolArray
    lead_time: IntArray
    review_period: IntArray
    review_phase: IntArray

    def take(self, rows: IntArray) -> WorkingGrid:
        """The grid of some items; `parts` stays, even where none of them is split."""
        return take_rows(self, rows, shared=("parts",))
