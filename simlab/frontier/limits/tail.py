"""Quantile and peak of a total: exact for a plan, and bounded from below by sums over segments.

A quantile of a total is not the sum of quantiles, so neither measure is additive over segments. But
around any plan there are additive tables that no plan's measure falls below, one of which this plan
reaches (`Tail.supports`): with these an additive solver finds and proves plans (outer approximation).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from simlab.arrays import IntArray
from simlab.errors import UsageError
from simlab.frontier.curves import INT64_SAFE
from simlab.frontier.limits.program import Limit

_PARTS = (10, 3)  # widths of the supports besides 1: `above` ÷ these


class Tail(Protocol):
    """A measure of the total over segments, the smaller the better, in whole numbers."""

    @property
    def name(self) -> str:
        """In the user's words."""

    @property
    def unit(self) -> Fraction:
        """Money of one unit of the measure."""

    def value(self, choice: IntArray) -> int:
        """Exact measure of one plan."""

    def supports(self, choice: IntArray) -> tuple[Support, ...]:
        """Additive lower bounds on the measure of any plan; the first is equal to it at `choice`."""


@dataclass(frozen=True, eq=False)
class Support:
    """An additive lower bound: times × measure ≥ constant + Σ table over the targets of any plan.

    Attributes
    ----------
    table : (n_segments, n_targets) int64
    constant, times : int
    """

    table: IntArray
    constant: int
    times: int

    def below(self, name: str, most: int) -> Limit:
        """What every plan whose measure is at most `most` meets."""
        return Limit(name, self.table, at_most=self.times * most - self.constant)


@dataclass(frozen=True, eq=False)
class QuantileOfTotal:
    """The least amount that at least a share of the scenarios stay at or below (no interpolation).

    Attributes
    ----------
    amount : (n_segments, n_targets, n_scenarios) int64
        What each segment adds at each target; a scenario is a replication, or a period of one.
    probability : float
        The share, such as 0.95.
    name : str
        In the user's words.
    unit : Fraction
        Money of one unit of `amount`.
    """

    amount: IntArray
    probability: float
    name: str = "P95 of stock value"
    unit: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        check_amount(self.amount, self.name)
        if not 0 < self.probability <= 1:
            raise UsageError(f"'{self.name}': probability {self.probability:g} is not between 0 and 1")

    @cached_property
    def above(self) -> int:
        """The measure is this largest amount: 1 is the largest of all."""
        n = int(self.amount.shape[2])
        return n - math.ceil(Fraction(repr(float(self.probability))) * n) + 1

    def totals(self, choice: IntArray) -> IntArray:
        """(n_scenarios,) total of one plan in every scenario."""
        return total_of(self.amount, choice)

    def value(self, choice: IntArray) -> int:
        """Exact quantile of one plan's total."""
        total = self.totals(choice)
        return int(np.partition(total, total.size - self.above)[total.size - self.above])

    def supports(self, choice: IntArray) -> tuple[Support, ...]:
        """See `Tail.supports`; one per entry of `_WIDTHS`.

        Notes
        -----
        Let T be the scenarios with the `above` + m − 1 largest totals of this plan. At least m of T lie
        at or below any plan's quantile, so that m × quantile ≥ the m smallest totals over T. These are
        at least this plan's m smallest over T plus, for each segment, the m smallest changes over T that
        its target brings. m = 1 is equal at the plan itself; larger m is higher farther away.
        """
        total = self.totals(choice)
        order = np.argsort(total)[::-1]
        return tuple(self._support(choice, total, order, m) for m in self._widths)

    def _support(self, choice: IntArray, total: IntArray, order: npt.NDArray[np.intp], m: int) -> Support:
        top = order[: self.above + m - 1]
        inside = self.amount[:, :, top]
        change = inside - inside[np.arange(choice.size), choice][:, None, :]
        lowest = np.partition(change, m - 1, axis=2)[:, :, :m].sum(axis=2)
        return Support(lowest, int(total[top[-m:]].sum()), m)

    @cached_property
    def _widths(self) -> tuple[int, ...]:
        most = self.amount.shape[2] - self.above + 1
        return tuple(sorted({min(most, self._safe, max(1, self.above // part)) for part in _PARTS} | {1}))

    @cached_property
    def _safe(self) -> int:
        """Most scenarios whose totals can be added in 64 bits."""
        largest = max(1, abs(int(self.amount.max())), abs(int(self.amount.min())))
        return max(1, INT64_SAFE // (4 * largest * int(self.amount.shape[0])))


@dataclass(frozen=True, eq=False)
class MeanPeak:
    """Mean over replications of the largest total of any period (as a sum over replications).

    Attributes
    ----------
    amount : (n_segments, n_targets, n_replications, n_periods) int64
        What each segment adds at each target.
    name, unit
        As in `QuantileOfTotal`; the unit divides by the number of replications.
    """

    amount: IntArray
    name: str = "mean peak of stock value"
    unit: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        check_amount(self.amount, self.name, int(self.amount.shape[2]))

    def value(self, choice: IntArray) -> int:
        """Exact sum of one plan's peaks over replications."""
        return int(total_of(self.amount, choice).max(axis=1).sum())

    def supports(self, choice: IntArray) -> tuple[Support, ...]:
        """See `Tail.supports`: no plan peaks lower than its stock in the periods of this plan's peaks."""
        period = total_of(self.amount, choice).argmax(axis=1)
        at = self.amount[:, :, np.arange(period.size), period]
        return (Support(at.sum(axis=2), 0, 1),)


def total_of(amount: IntArray, choice: IntArray) -> IntArray:
    """Total over segments of one plan, in every scenario."""
    total: IntArray = amount[0, choice[0]].copy()
    for segment in range(1, choice.size):
        total += amount[segment, choice[segment]]
    return total


def check_amount(amount: IntArray, name: str, times: int = 1) -> None:
    """Refuse amounts whose totals could leave 64 bits, and tables without a scenario."""
    if not amount.size:
        raise UsageError(f"'{name}': there is no scenario")
    largest = max(abs(int(amount.max())), abs(int(amount.min())))
    if 2 * largest * amount.shape[0] * times >= INT64_SAFE:
        raise UsageError(f"'{name}': the amounts are too large to be added exactly")
