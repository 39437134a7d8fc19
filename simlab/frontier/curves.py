"""What the frontier is made of: exact integer sums per segment and target."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from simlab import mapped
from simlab.arrays import FloatArray, IntArray
from simlab.errors import UsageError
from simlab.measures.shown import Public

Sums: TypeAlias = npt.NDArray[Any]
"""int64 where a bound proves that every total fits, else Python integers (dtype object)."""
INT64_SAFE = 2**62


@dataclass(frozen=True, eq=False, repr=False)
class SegmentCurves(Public):
    """Cost, stock value and service of every segment at every target, as exact sums.

    Attributes
    ----------
    cost, value, served : (n_segments, n_targets) int
        Objective, what a budget is set on, and units served, summed over items and replications.
    demanded : (n_segments,) int
        Units demanded; the same at every target.
    targets : (n_targets,) float
        What the planning formula was asked.
    names : tuple of str
        Segment names.
    cost_unit, value_unit : Fraction
        Money of one unit of `cost` (per year) and of `value`, so that sums read as money.
    currency : str
        For messages.
    columns : (n_segments, n_targets) int or None
        Where targets are barred (`restrict`): the allowed target that stands in for each.
    cost_name, service_name : str
        What is made small and what is served, in words.
    yearly : bool
        Whether `cost` is money per year (else money tied up).
    """

    cost: Sums
    value: Sums
    served: Sums
    demanded: Sums
    targets: FloatArray
    names: tuple[str, ...]
    cost_unit: Fraction = Fraction(1)
    value_unit: Fraction = Fraction(1)
    currency: str = ""
    columns: IntArray | None = None
    cost_name: str = "cost"
    service_name: str = "fill rate"
    yearly: bool = True

    def __post_init__(self) -> None:
        shape = (len(self.names), self.targets.size)
        if not shape[0] or not shape[1]:
            raise UsageError(f"a frontier needs at least one segment and one target, not {shape}")
        for name in ("cost", "value", "served"):
            if getattr(self, name).shape != shape:
                raise UsageError(f"{name} has shape {getattr(self, name).shape}, expected {shape}")
        if self.demanded.shape != shape[:1]:
            raise UsageError(f"demanded has shape {self.demanded.shape}, expected {shape[:1]}")

    @property
    def n_segments(self) -> int:
        """Number of segments."""
        return len(self.names)

    @property
    def n_targets(self) -> int:
        """Number of targets on the grid."""
        return int(self.targets.size)

    @property
    def total_demanded(self) -> int:
        """Units demanded by all segments together."""
        return exact_sum(self.demanded)

    @property
    def per(self) -> str:
        """ " per year" behind an amount of `cost`, where it is one."""
        return " per year" if self.yearly else ""

    def needed(self, fill_rate: float | Fraction) -> int:
        """Fewest units served that make the fill rate, read as the decimal that was written.

        A float that is some plan's own fill rate, rounded as floats are, is reached by that plan.
        """
        return fewest(fill_rate, self.total_demanded)

    def allowed(self, budget: float | Decimal | Fraction) -> int:
        """Largest sum of `value` within the budget, given in money.

        A float that is some plan's own value, rounded as floats are, admits that plan.
        """
        limit = math.floor(exact_amount(budget) / self.value_unit)
        if isinstance(budget, float) and float((limit + 1) * self.value_unit) <= budget:
            return limit + 1
        return limit

    def canonical(self, choice: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Target numbers with those that stand for another replaced by it; (…, n_segments)."""
        if self.columns is None:
            return choice
        return np.asarray(self.columns[np.arange(self.n_segments), choice], dtype=choice.dtype)

    def totals(self, choice: npt.ArrayLike) -> tuple[int, int, int]:
        """Exact cost, value and served of one plan: one target number per segment."""
        rows, columns = np.arange(self.n_segments), np.asarray(choice)
        cost, value, served = (
            exact_sum(table[rows, columns]) for table in (self.cost, self.value, self.served)
        )
        return cost, value, served


def exact_rate(fill_rate: float | Fraction) -> Fraction:
    """The fraction that the user wrote: 0.95 is 19/20, not the nearest binary number."""
    if not (isinstance(fill_rate, Fraction) or math.isfinite(fill_rate)):
        raise UsageError(f"fill rate {fill_rate} is not a number")
    rate = fill_rate if isinstance(fill_rate, Fraction) else Fraction(repr(float(fill_rate)))
    if rate > 1:
        hint = f", did you mean {float(rate) / 100:g}?" if rate <= 100 else ""
        raise UsageError(f"fill rate {float(rate):g}: fill rates are fractions{hint}")
    if rate < 0:
        raise UsageError(f"fill rate {float(rate):g}: fill rates are fractions between 0 and 1")
    return rate


def in_money(sums: Sums, unit: Fraction) -> FloatArray:
    """Sums as money, each rounded once: the same float as `float(total * unit)` of a single plan."""
    numerator, denominator = unit.numerator, unit.denominator
    return np.array([total * numerator / denominator for total in sums.tolist()], dtype=np.float64)


def fewest(rate: float | Fraction, whole: int) -> int:
    """Least integer part with part ÷ whole ≥ rate; for floats the division is that of floats."""
    need = math.ceil(exact_rate(rate) * whole)
    if need and not isinstance(rate, Fraction) and (need - 1) / whole >= rate:
        return need - 1
    return need


def exact_amount(budget: float | Decimal | Fraction) -> Fraction:
    """A positive amount of money as the decimal that was written."""
    if isinstance(budget, float) and not math.isfinite(budget):
        raise UsageError(f"budget {budget} is not an amount")
    amount = Fraction(repr(budget)) if isinstance(budget, float) else Fraction(budget)
    if amount <= 0:
        raise UsageError(f"budget {float(amount):g}: a budget must be above zero")
    return amount


def exact_sum(values: Sums) -> int:
    """Sum as a Python integer, whatever its size."""
    if values.size == 0:
        return 0
    if values.dtype == object:
        return int(values.sum())
    largest = max(abs(int(values.max())), abs(int(values.min())))
    if largest * values.size < INT64_SAFE:
        return int(values.sum(dtype=np.int64))
    high, low = values >> 32, values & 0xFFFFFFFF
    return (int(high.sum()) << 32) + int(low.sum())


def aggregate(
    codes: npt.ArrayLike,
    n_segments: int,
    *,
    cost: IntArray,
    value: IntArray,
    served: IntArray,
    demanded: IntArray,
    targets: npt.ArrayLike,
    names: Sequence[str],
    cost_unit: Fraction = Fraction(1),
    value_unit: Fraction = Fraction(1),
    currency: str = "",
) -> SegmentCurves:
    """Add up item sums by segment, exactly.

    Parameters
    ----------
    codes : (n,) int
        Segment of each item, 0 … n_segments − 1.
    cost, value, served : (n, k) int64
        Sums over replications of each item at each target.
    demanded : (n,) int64
        Units demanded by each item.
    targets : (k,) float
        The grid.
    names, cost_unit, value_unit, currency
        As in `SegmentCurves`.
    """
    rows = np.asarray(codes, dtype=np.int64)
    return SegmentCurves(
        cost=sum_by_group(rows, n_segments, cost),
        value=sum_by_group(rows, n_segments, value),
        served=sum_by_group(rows, n_segments, served),
        demanded=sum_by_group(rows, n_segments, demanded[:, None])[:, 0],
        targets=np.asarray(targets, dtype=np.float64),
        names=tuple(names),
        cost_unit=cost_unit,
        value_unit=value_unit,
        currency=currency,
    )


def restrict(curves: SegmentCurves, allowed: npt.NDArray[np.bool_]) -> SegmentCurves:
    """The same curves with some targets barred: pins, minimum and maximum targets.

    Parameters
    ----------
    allowed : (n_segments, n_targets) bool
        At least one target per segment. A barred target stands for the nearest allowed one, so a
        uniform target moves only the segments that are free to follow.
    """
    barred = ~allowed.any(axis=1)
    if allowed.shape != curves.cost.shape:
        raise UsageError(f"allowed has shape {allowed.shape}, expected {curves.cost.shape}")
    if barred.any():
        raise UsageError(f"no target is left for segment '{curves.names[int(barred.argmax())]}'")
    grid = np.arange(curves.n_targets)
    distance = np.abs(grid[:, None] - grid) + np.where(allowed[:, None, :], 0, curves.n_targets)
    columns = distance.argmin(axis=2)
    tables = [
        np.take_along_axis(table, columns, axis=1) for table in (curves.cost, curves.value, curves.served)
    ]
    return replace(curves, cost=tables[0], value=tables[1], served=tables[2], columns=columns)


def non_monotone(curves: SegmentCurves) -> tuple[tuple[str, float, str], ...]:
    """Where a higher target gives less: (segment, the higher target, "served" or "value").

    On the same random numbers this happens only where the planning formula itself lowers a level;
    the simulation cannot cause it.
    """
    found = []
    for what, table in (("served", curves.served), ("value", curves.value)):
        for row, column in np.argwhere(np.asarray(table[:, 1:] < table[:, :-1], dtype=np.bool_)):
            found.append((curves.names[row], float(curves.targets[column + 1]), what))
    return tuple(found)


def sum_by_group(codes: IntArray, n_groups: int, items: Sums) -> Sums:
    """(n_groups, k) exact sums of the rows of each group; items with a negative code are left out.

    Notes
    -----
    int64 when n × the largest number stays under 2**62, so that no total of any plan overflows;
    else the halves of each number are added apart and joined as Python integers.
    """
    if codes.shape[:1] != items.shape[:1]:
        raise UsageError(f"{codes.size} segment codes for {items.shape[0]} items")
    if codes.size and int(codes.max()) >= n_groups:
        raise UsageError(f"segment code {int(codes.max())} of {n_groups} segments")
    outside = codes < 0
    if outside.any():
        codes, items = codes[~outside], mapped.chosen(items, ~outside)
    largest = max(abs(int(items.max())), abs(int(items.min()))) if items.size else 0
    if largest * max(1, codes.size) < INT64_SAFE or items.dtype == object:
        return _reduce(items, codes, n_groups, lambda rows: rows)
    halves: tuple[Callable[[Sums], Sums], ...] = (lambda rows: rows >> 32, lambda rows: rows & 0xFFFFFFFF)
    high, low = (_reduce(items, codes, n_groups, half) for half in halves)
    joined: Sums = high.astype(object) * 2**32 + low.astype(object)
    return narrow(joined)


_AT_ONCE = 1 << 15
"""Items that are put into the order of their groups at a time."""


def _reduce(items: Sums, codes: IntArray, n_groups: int, part: Callable[[Sums], Sums]) -> Sums:
    """Sums of a part of the rows of each group, some thousand rows after another: nothing is doubled."""
    out: Sums = np.zeros((n_groups, items.shape[1]), dtype=items.dtype)
    for first in range(0, codes.size, _AT_ONCE):
        rows = slice(first, first + _AT_ONCE)
        order = np.argsort(codes[rows], kind="stable")
        group, starts = np.unique(codes[rows][order], return_index=True)
        out[group] += np.add.reduceat(part(items[rows][order]), starts, axis=0)
    return out


def narrow(sums: Sums) -> Sums:
    """int64 if the sum of the largest entries of all rows stays under 2**62, else unchanged."""
    if sums.dtype != object or sums.size == 0:
        return sums
    bound = sum(int(largest) for largest in np.abs(sums).max(axis=-1))
    return sums.astype(np.int64) if bound < INT64_SAFE else sums


def reduced(sums: Sums) -> tuple[Sums, int]:
    """Sums divided by their greatest common divisor, and the divisor, where totals pass int64."""
    wide = sums.astype(object) if sums.dtype != object else sums
    if sums.dtype != object and narrow(wide).dtype != object:
        return sums, 1
    divisor = math.gcd(*(int(number) for number in wide.ravel())) or 1
    return narrow(wide // divisor), divisor
