"""Demand rows → counts per SKU-location and whole period, kept only where something was sold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from simlab import mapped
from simlab.arrays import AnyArray, BoolArray, FloatArray, IntArray, narrow
from simlab.catalog.quality import QualityRow
from simlab.models.history.calendar import Calendar

if TYPE_CHECKING:
    from simlab.catalog import Catalog


Part = TypeVar("Part")
Found = TypeVar("Found")
_BLOCK = 1 << 17
_CELLS = 1 << 16  # periods with demand that a block of items has, about: what a core's own cache holds
_SHORTEST = 0.5  # of the mean length: what shorter periods sold tells too little to be divided by it


@dataclass(frozen=True, eq=False)
class Changes:
    """Demands of periods that preparation changed, in the order of its steps.

    Attributes
    ----------
    item, period : (k,) int64
    what : (k,) object
        outlier, stocked out, promotion, price or promotion and price.
    before, after : (k,) int64
        Units; after is −1 where the period was dropped.
    """

    item: IntArray
    period: IntArray
    what: npt.NDArray[np.object_]
    before: IntArray
    after: IntArray

    def __post_init__(self) -> None:
        names = ("item", "period", "before", "after")
        vars(self).update({name: getattr(self, name).astype(np.int64, copy=False) for name in names})

    def joined(self, other: Changes | None) -> Changes:
        """These, then the others."""
        if other is None:
            return self
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Changes(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True)
class Uplift:
    """Effect of one driver on the demand of one group.

    Attributes
    ----------
    driver : str
        promotion or price.
    group : str
        Value of `models.pool_by`; empty: all items.
    factor, low, high : float
        Promotion: demand ÷ demand without it. Price: demand at a price 10 % lower ÷ demand at the usual
        price. With the 95 % interval of the estimate.
    n_items, n_periods : int
        SKU-locations and item-periods that show the effect.
    borrowed : float
        Weight of all groups together in this one's value.
    """

    driver: str
    group: str
    factor: float
    low: float
    high: float
    n_items: int
    n_periods: int
    borrowed: float


@dataclass(frozen=True, eq=False)
class History:
    """Demand per SKU-location and period.

    Attributes
    ----------
    calendar : Calendar
        The whole periods.
    n_observed : (n,) int64
        Open periods inside the life of each SKU-location, those without demand included.
    first, last : (n,) int64
        First and last period of its life; last < first where there is none.
    item, period, quantity : (c,) int32, or int64 where four bytes do not hold the largest
        Periods with demand (units > 0), ascending by item, then period.
    is_complete : bool
        Every open period of a life was observed; False with `absent_dates = "unknown"`.
    notes : tuple of QualityRow
        What was left out or repaired, for the quality account.
    gap_item, gap_period : (g,) int64
        Periods inside a life that are no observation of that item (outliers dropped), ascending.
    changes : Changes or None
        Cells that were changed or dropped, one by one.
    uplift : tuple of Uplift
        Estimated effects of promotions and prices.
    new : (n,) bool or None
        Items whose life begins late by evidence (`lives_of`); None where nobody asked.
    half_life : (n,) float or None
        Observed periods after which an observation counts half; infinite: all periods alike. None: of all
        items.
    threads : int
        That look at some items each at the same time; no influence on what is found.

    Notes
    -----
    A period of age a (0 = the last observed one) has the weight w = 2^(−a ÷ half-life), all of them scaled so
    that they add up to the effective number of periods (Σw)² ÷ Σw² (Kish 1965, Survey Sampling, section
    11.7): then means, variances and standard errors have the formulas of plain histories.
    """

    calendar: Calendar
    n_observed: IntArray
    first: IntArray
    last: IntArray
    item: AnyArray
    period: AnyArray
    quantity: AnyArray
    is_complete: bool = True
    notes: tuple[QualityRow, ...] = ()
    gap_item: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    gap_period: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    changes: Changes | None = None
    uplift: tuple[Uplift, ...] = ()
    new: BoolArray | None = None
    half_life: FloatArray | None = None
    threads: int = 1

    def __post_init__(self) -> None:
        names = ("item", "period", "quantity")
        vars(self).update({name: mapped.away(narrow(getattr(self, name))) for name in names})

    @property
    def n_items(self) -> int:
        return int(self.n_observed.size)

    @cached_property
    def bounds(self) -> IntArray:
        """(n + 1,) where the periods of each item begin, and end."""
        return np.searchsorted(self.item, np.arange(self.n_items + 1, dtype=self.item.dtype))

    def blocks(self) -> Iterator[tuple[slice, History]]:
        """Some items after the other, and their histories as if they were all.

        What this class finds of an item depends on its own periods, so that it is the same to the bit in
        any block; arrays as long as the periods are then never held for all of them.
        """
        parts = self._parts
        for items in parts:
            yield items, self.part(items) if len(parts) > 1 else self
            if len(parts) > 1:
                mapped.rest()

    @cached_property
    def _parts(self) -> list[slice]:
        """Neighbouring items with about `_CELLS` periods with demand; one slice at least."""
        n, parts = self.n_items, [slice(0, 0)]
        if self.item.size <= _CELLS or n == 1:
            return [slice(0, n)]
        while (begin := parts[-1].stop) < n:
            end = int(np.searchsorted(self.bounds, self.bounds[begin] + _CELLS, side="right")) - 1
            parts.append(slice(begin, min(max(end, begin + 1), n)))
        return parts[1:]

    def of_blocks(self, find: Callable[[slice, History], Found]) -> list[Found]:
        """What is found of each of the `blocks`, `threads` of them at a time."""
        parts = self._parts
        if len(parts) == 1:
            return [find(parts[0], self)]

        def one(items: slice) -> Found:
            found = find(items, self.part(items))
            mapped.rest()
            return found

        return side_by_side(one, parts, self.threads)

    def part(self, items: slice) -> History:
        """The history of neighbouring items, numbered from 0."""
        cells = slice(*self.bounds[[items.start, items.stop]].tolist())
        gaps = slice(*np.searchsorted(self.gap_item, [items.start, items.stop]).tolist())
        return replace(
            self,
            n_observed=self.n_observed[items],
            first=self.first[items],
            last=self.last[items],
            item=self.item[cells] - self.item.dtype.type(items.start),
            period=self.period[cells],
            quantity=self.quantity[cells],
            gap_item=self.gap_item[gaps] - items.start,
            gap_period=self.gap_period[gaps],
            new=None if self.new is None else self.new[items],
            half_life=None if self.half_life is None else self.half_life[items],
            notes=(),
            changes=None,
            uplift=(),
            threads=1,
        )

    def by_item(self, find: Callable[[History], AnyArray]) -> AnyArray:
        """(…, n) what is found of each item alone; of each period, (c,): block by block."""
        found = self.of_blocks(lambda _, block: find(block))
        if len(found) == 1:
            return found[0]
        return mapped.joined(found) if found[0].ndim == 1 else np.concatenate(found, axis=-1)

    @cached_property
    def n_effective(self) -> FloatArray:
        """(n,) periods that the observed ones are worth; all of them where none counts less."""
        plain = self.n_observed.astype(np.float64)
        return plain if self.half_life is None else effective_periods(plain, self.half_life)

    @cached_property
    def weight(self) -> FloatArray:
        """(c,) weight of each period with demand; 1 where none counts less."""
        if self.half_life is None:
            return np.ones(self.item.size)
        n, own = self.n_observed[self._row], self.half_life[self._row]
        raw = 0.5 ** ((n - 1 - places(self)) / own)
        scale = self.n_effective / np.maximum(total_weight(self.n_observed, self.half_life), 1e-300)
        return np.asarray(raw * scale[self._row])

    @cached_property
    def weight_positive(self) -> FloatArray:
        """(n,) weights of the periods with demand, added up."""
        plain: FloatArray = self.n_positive.astype(np.float64)
        return plain if self.half_life is None else self._sizes[0]

    def half_life_of(self, item: int) -> float:
        """Of one item, in periods; infinite where all periods count alike."""
        return np.inf if self.half_life is None else float(self.half_life[item])

    def sums(self, values: FloatArray) -> FloatArray:
        """(n,) Σ weight × value over each item's periods with demand."""
        own = values if self.half_life is None else values * self.weight
        return np.bincount(self._row, weights=own, minlength=self.n_items).astype(np.float64)

    @cached_property
    def _row(self) -> IntArray:
        """(c,) `item` as NumPy counts and looks up by it: made once for all sums of a block."""
        return self.item.astype(np.intp)

    @cached_property
    def evened(self) -> FloatArray:
        """(c,) units of each period with demand as in a period of mean length, an item's sum kept.

        Demand of a month of 31 days is 3/28 above that of one of 28 without varying at all; what is drawn
        are periods of one length. A part of a period shorter than half stands for itself.
        """
        plain = self.quantity.astype(np.float64)
        if self._alike:
            return plain
        even = plain / np.maximum(self.calendar.lengths, _SHORTEST)[self.period]
        kept = self.sums(plain) / np.maximum(self.sums(even), 1e-300)
        return np.asarray(even * kept[self._row])

    @property
    def _alike(self) -> bool:
        """Whether all periods are of one length."""
        return bool((np.maximum(self.calendar.lengths, _SHORTEST) == 1).all())

    @cached_property
    def n_positive(self) -> IntArray:
        """(n,) periods with demand."""
        return np.diff(self.bounds)

    @cached_property
    def mean(self) -> FloatArray:
        """(n,) units per period; NaN without a period."""
        return _ratio(self.units, self.n_effective)

    @property
    def units(self) -> FloatArray:
        """(n,) units of the periods with demand, weighted."""
        return np.asarray(self._sizes[1])

    @cached_property
    def variance(self) -> FloatArray:
        """(n,) units² per period, unbiased; NaN below two periods."""
        mean = np.nan_to_num(self.mean)
        at_zero = (self.n_effective - self.weight_positive) * mean**2
        return _ratio(self._sizes[2] + at_zero, self.n_effective - 1)

    @property
    def size_sums(self) -> FloatArray:
        """(2, n) weighted sums of demands and of their squares, `evened`."""
        return self._sizes[3:5]

    @property
    def size_moments(self) -> FloatArray:
        """(2, n) variance/mean² and fourth central moment/mean⁴ of non-zero demands, `evened`; 0 without."""
        return self._sizes[5:]

    @cached_property
    def _sizes(self) -> FloatArray:
        """(7, n) what the demands of each item add up to, in one reading of its periods."""
        found: FloatArray = self.by_item(_sizes)
        return found


def _sizes(history: History) -> FloatArray:
    """Weights, units, squares of distances from the mean of periods, then `size_sums` and `size_moments`."""
    units, n = history.quantity.astype(np.float64), history.n_positive
    weights = n.astype(np.float64) if history.half_life is None else history.sums(np.ones(units.size))
    total = history.sums(units)
    mean = np.nan_to_num(_ratio(total, history.n_effective))
    squares = history.sums((units - mean[history._row]) ** 2)
    even = history.evened
    sums = (total if history._alike else history.sums(even)), history.sums(even**2)
    count = np.where(n > 0, weights, 1.0)
    away = (even / np.maximum(sums[0] / count, 1e-300)[history._row] - 1) ** 2
    moments = history.sums(away) / count, history.sums(away**2) / count
    return np.array([weights, total, squares, *sums, *moments])


def total_weight(n: FloatArray | IntArray, half_life: FloatArray) -> FloatArray:
    """(k,) Σ 2^(−a ÷ half-life) over ages a = 0 … n − 1."""
    ratio = 0.5 ** (1 / half_life)
    some = ratio < 1
    safe = np.where(some, ratio, 0.5)
    return np.asarray(np.where(some, (1 - safe**n) / (1 - safe), n))


def effective_periods(n: FloatArray | IntArray, half_life: FloatArray) -> FloatArray:
    """(k,) (Σw)² ÷ Σw² of n periods whose weights halve every `half_life` periods."""
    squares = np.maximum(total_weight(n, half_life / 2), 1e-300)
    return np.asarray(np.where(np.asarray(n) > 0, total_weight(n, half_life) ** 2 / squares, 0.0))


def opened(history: History) -> IntArray:
    """(n_periods + 1,) open periods before each period."""
    return np.concatenate([[0], np.cumsum(history.calendar.open)]).astype(np.int64)


def places(history: History) -> IntArray:
    """(c,) number of each period with demand among the observed periods of its item, from 0.

    Gaps are closed: the period after a dropped one follows the one before it.
    """
    return places_of(history, history.item, history.period)


def places_of(history: History, item: AnyArray, period: AnyArray) -> IntArray:
    """(k,) `places` of some periods with demand."""
    before = opened(history)
    found = np.asarray(before[period] - before[history.first[item]])
    if history.gap_item.size == 0:
        return found
    width = history.calendar.n_periods + 1
    gaps, begin = history.gap_item * width + history.gap_period, item.astype(np.int64) * width
    starts = np.searchsorted(gaps, begin)
    return np.asarray(found - (np.searchsorted(gaps, begin + period) - starts))


def tables(history: History) -> Iterator[tuple[IntArray, FloatArray]]:
    """Observed periods as dense rows, block by block: item numbers and (rows, most periods) units.

    Row r holds the periods of its life in order, `n_observed` of them; what follows is 0. Needs
    `is_complete`.
    """
    for items in table_parts(history):
        yield np.arange(items.start, items.stop), table_of(history.part(items))


def table_parts(history: History) -> list[slice]:
    """Items of each of the `tables`."""
    size, n = max(1, _BLOCK // max(history.calendar.n_periods, 1)), history.n_items
    return [slice(begin, min(begin + size, n)) for begin in range(0, n, size)]


def table_of(block: History) -> FloatArray:
    """(rows, most periods) units in the observed periods of a few items."""
    table = np.zeros((block.n_items, int(block.n_observed.max(initial=0))))
    table[block.item, places(block)] = block.quantity
    return table


def side_by_side(find: Callable[[Part], Found], parts: Sequence[Part], threads: int) -> list[Found]:
    """What is found of each part, in their order; so many of them are looked at at a time.

    Examples
    --------
    >>> side_by_side(abs, [-1, 2, -3], threads=2)
    [1, 2, 3]
    """
    if threads < 2 or len(parts) < 2:
        return [find(part) for part in parts]
    contexts = [copy_context() for _ in parts]  # what the caller says of warnings holds in the threads, too
    with ThreadPoolExecutor(min(threads, len(parts))) as pool:
        return list(pool.map(lambda part, context: context.run(find, part), parts, contexts))


def _ratio(total: FloatArray, count: FloatArray) -> FloatArray:
    some = count > 1e-9
    return np.asarray(np.where(some, total / np.where(some, count, 1.0), np.nan))


def unit_cost(catalog: Catalog) -> FloatArray:
    """(n,) unit cost, study currency."""
    return np.asarray(catalog.unit_cost * catalog.study.data.cost_resolution, dtype=np.float64)
