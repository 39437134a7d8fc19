"""Integer sums of one seed, and what they add up to in the segments of a scheme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simlab.arrays import LARGEST_SUM, ChoiceArray, IntArray
from simlab.errors import OutOfRangeError, UsageError
from simlab.execution import BY_SLOT, Curves

KEPT = (*BY_SLOT, "ready")
"""Measures that a tournament wants by batch; to be passed to `run_curves`."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Sums of one seed per SKU-location × target × batch of replications, in units and periods.

    Attributes
    ----------
    stock : (n, k, b) int64
        Shelf stock at the count plus after ordering (twice the mean of the two), summed over periods.
    served, ready, good_receipts : (n, k, b) int64
        Units served at once, periods with stock at the count, receipts in time.
    receipts : (n, k or 1, b) int64
        Receipts of orders of positive size.
    demanded : (n, b) int64
        Units demanded.
    exposure : int
        Periods (parts of them on a working grid) × replications in a batch; all batches are equally long.
    """

    stock: IntArray
    served: IntArray
    ready: IntArray
    good_receipts: IntArray
    receipts: IntArray
    demanded: IntArray
    exposure: int

    def __post_init__(self) -> None:
        if self.ready.shape != self.served.shape:
            raise UsageError("a tournament needs the ready periods by batch: simulate with by_slot=KEPT")

    @classmethod
    def of(cls, curves: Curves, periods: int, replications: int) -> Sample:
        """From curves that were simulated with ``by_slot=KEPT`` and equally long batches."""
        n_batches = curves.served.shape[2]
        if replications % n_batches:
            raise UsageError(f"{replications} replications do not make {n_batches} equally long batches")
        return cls(
            curves.on_hand + curves.on_hand_start,
            curves.served,
            curves.ready,
            curves.good_receipts,
            curves.receipts,
            curves.demanded,
            periods * (replications // n_batches),
        )

    @property
    def n_items(self) -> int:
        """SKU-locations."""
        return int(self.served.shape[0])

    @property
    def n_targets(self) -> int:
        """Targets of the grid."""
        return int(self.served.shape[1])

    @property
    def n_batches(self) -> int:
        """Batches."""
        return int(self.served.shape[2])

    def pooled(self) -> Sample:
        """All batches as one: enough where no interval is wanted."""
        return Sample(
            stock=_all(self.stock),
            served=_all(self.served),
            ready=_all(self.ready),
            good_receipts=_all(self.good_receipts),
            receipts=_all(self.receipts),
            demanded=_all(self.demanded),
            exposure=self.exposure * self.n_batches,
        )

    def periods(self) -> IntArray:
        """(n, b) SKU-location-periods, the whole of the ready rate."""
        return np.full_like(self.demanded, self.exposure)


def _all(table: IntArray) -> IntArray:
    return np.asarray(table.sum(axis=-1, keepdims=True))


def batches_of(replications: int, most: int = 32) -> int:
    """The largest number of equally long batches, at most `most`.

    Raises
    ------
    UsageError
        Fewer than 8 such batches: intervals over them would say little.
    """
    found = max(number for number in range(1, most + 1) if replications % number == 0)
    if found < 8:
        near = -(-replications // 20) * 20
        raise UsageError(
            f"{replications} replications make no 8 to {most} equally long batches: take {near} instead"
        )
    return found


def group_sums(codes: IntArray, n_groups: int, weights: IntArray, table: IntArray) -> IntArray:
    """(n_groups, …) exact sums of weight × row over the items of each group.

    Parameters
    ----------
    codes : (n,) int64
        Group of each item.
    weights : (n,) int64
        What one unit of each item counts for.
    table : (n, …) int64
        Units.

    Raises
    ------
    EngineFaultError
        If a sum might leave the range of int64.
    """
    from scipy.sparse import csr_array

    n = codes.size
    flat = table.reshape(n, -1)
    peaks = np.abs(flat).max(axis=1, initial=0).astype(np.float64)
    if float((peaks * np.abs(weights)).sum()) >= LARGEST_SUM:
        raise OutOfRangeError("sums of money would leave 64 bits: choose a coarser data.cost_resolution")
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(n_groups + 1))
    groups: Any = csr_array((weights[order], order, starts), shape=(n_groups, n))
    sums: IntArray = np.asarray(groups @ flat, dtype=np.int64).reshape(n_groups, *table.shape[1:])
    return sums


def plan_sums(cells: IntArray, choice: ChoiceArray) -> IntArray:
    """(p, b) totals of each plan from sums per segment × target × batch; `choice` is (p, segments)."""
    total = np.zeros((choice.shape[0], cells.shape[2]), dtype=np.int64)
    for segment in range(cells.shape[0]):
        row = cells[segment]
        total += row[choice[:, segment]] if row.shape[0] > 1 else row
    return total


def item_plan_sums(table: IntArray, weights: IntArray, choices: Sequence[IntArray]) -> IntArray:
    """(p, b) totals of plans with a target of their own for every item."""
    rows = np.arange(table.shape[0])
    return np.array([weights @ table[rows, choice] for choice in choices], dtype=np.int64)
