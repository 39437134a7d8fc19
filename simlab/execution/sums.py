"""Per-replication sums of given plans, by cell: what verdicts and their intervals are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from simlab.arrays import LARGEST_SUM, ChoiceArray, FloatArray, IntArray
from simlab.engine.world.curves import Curves
from simlab.errors import OutOfRangeError

_TOO_LARGE = "sums of money would leave 64 bits: choose a coarser data.cost_resolution or fewer periods"


@dataclass(frozen=True, eq=False)
class Account:
    """How a study counts cost and service, where that is not holding cost and units.

    Attributes
    ----------
    stock, order, short : (n,) int64
        What a unit of stock (as in `PlanSums.stock_value`), an order and a unit not served at once
        add to `PlanSums.cost`.
    measure : {"fill_rate", "cycle_service_level", "ready_rate"}
        Service: units served of those asked, good receipts of all, periods with stock of all.
    unit : (n,) int64
        What a unit (cycle, period) of each item weighs in service.
    periods : int
        Counted periods of a replication (parts of them on a working grid): the whole of the ready rate.
    weight : str
        ``units``, ``value``, ``margin``, ``items`` or another: what `unit` is. With ``items`` each
        SKU-location weighs the same, whatever it sells: `item_weights` of the run in place of `unit`.
    """

    stock: IntArray
    order: IntArray
    short: IntArray
    measure: str
    unit: IntArray
    periods: int
    weight: str = ""

    def take(self, rows: IntArray) -> Account:
        """The account of some items."""
        weights = {name: getattr(self, name)[rows] for name in ("stock", "order", "short", "unit")}
        return replace(self, **weights)

    def largest(self, curves: Curves) -> FloatArray:
        """(n,) bound on what an item adds to one sum of cost or service."""
        n = curves.n_items
        peaks = {
            "stock": curves.on_hand + curves.on_hand_start,
            "order": curves.orders,
            "short": curves.demanded,
        }
        rows = {name: table.reshape(n, -1).max(axis=1).astype(np.float64) for name, table in peaks.items()}
        cost = sum((rows[name] * getattr(self, name) for name in rows), np.zeros(n))
        units = np.maximum(rows["short"], curves.receipts.reshape(n, -1).max(axis=1))
        return np.asarray(np.maximum(cost, self._unit(curves) * np.maximum(units, self.periods)))

    def _unit(self, curves: Curves) -> IntArray:
        return item_weights(curves.demanded) if self.weight == "items" else self.unit

    def cost(self, curves: Curves) -> IntArray:
        """(n, k, slots) cost of each item, column and slot."""
        if (self.largest(curves) >= LARGEST_SUM).any():
            raise OutOfRangeError(_TOO_LARGE)
        total: IntArray = _of_items(self.stock) * (curves.on_hand + curves.on_hand_start)
        if self.order.any():
            total = total + _of_items(self.order) * curves.orders
        if self.short.any():
            total = total + _of_items(self.short) * (curves.demanded[:, None] - curves.served)
        return total

    def service(self, curves: Curves, replications: int) -> tuple[IntArray, IntArray]:
        """(n, k, slots) good part, and what it is a part of; `replications` are those of a slot."""
        unit = _of_items(self._unit(curves))
        if self.measure == "cycle_service_level":
            good, asked = curves.good_receipts, curves.receipts
        elif self.measure == "ready_rate":
            good = curves.ready
            asked = np.full_like(curves.demanded[:, None], self.periods * replications)
        else:
            good, asked = curves.served, curves.demanded[:, None]
        return unit * good, np.broadcast_to(unit * asked, good.shape)


ONE_ITEM = 10**12
"""What a SKU-location weighs where each counts once: enough for 0.1 % at a thousand million units."""


def item_weights(demanded: IntArray) -> IntArray:
    """(n,) what a unit of each item weighs where each counts once: `ONE_ITEM` ÷ its units, rounded.

    Parameters
    ----------
    demanded : (n, slots) int64
        Units of all replications of the run. Items without demand weigh 0.
    """
    units = demanded.reshape(demanded.shape[0], -1).sum(axis=1)
    some = np.maximum(units, 1)
    return np.asarray(np.where(units > 0, (2 * ONE_ITEM + some) // (2 * some), 0), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Weights:
    """What one unit of each item counts for.

    Attributes
    ----------
    unit_cost : (n,) int64
        Price of a unit in multiples of the cost resolution.
    holding : (n,) int64
        Cost of holding a unit for a year, in hundredths of the cost resolution.
    account : Account, optional
        Cost and service as the study counts them; holding cost and units if left out.
    margin : (n,) int64, optional
        Price less unit cost of a unit, in multiples of the cost resolution; below 0 it counts in money
        and weighs nothing in service.
    """

    unit_cost: IntArray
    holding: IntArray
    account: Account | None = None
    margin: IntArray | None = None

    def take(self, rows: IntArray) -> Weights:
        """The weights of some items."""
        account = None if self.account is None else self.account.take(rows)
        margin = None if self.margin is None else self.margin[rows]
        return Weights(self.unit_cost[rows], self.holding[rows], account, margin)


@dataclass(frozen=True, eq=False)
class PlanRequest:
    """Plans to be added up.

    Attributes
    ----------
    choice : (n, p) int16
        Column that each plan gives each item.
    cell : (n,) int64
        Cell (segment) that each item is added to.
    n_cells : int
        Number of cells.
    whole : bool
        Whether every measure is added up; else demand and service in all weights, stock and holding only.
    """

    choice: ChoiceArray
    cell: IntArray
    n_cells: int
    whole: bool = True

    @property
    def n_plans(self) -> int:
        return int(self.choice.shape[1])

    def take(self, rows: IntArray) -> PlanRequest:
        """The same plans for some of the items."""
        return PlanRequest(self.choice[rows], self.cell[rows], self.n_cells, self.whole)


@dataclass(frozen=True, eq=False)
class PlanSums:
    """Sums over the counted periods, per plan × cell × replication. A cell is a segment.

    Attributes
    ----------
    demanded, served : (p, c, r) int64
        Units asked for, and served at once.
    demanded_value, served_value : (p, c, r) int64
        The same at unit cost, in multiples of the cost resolution.
    delivered_value : (p, c, r) int64
        Units that customers get, at once or after waiting, at unit cost: demanded less lost.
    stock_value : (p, c, r) int64
        Shelf stock at the count plus after ordering (twice the mean of the two), at unit cost,
        summed over periods (their parts, with a working grid).
    holding : (p, c, r) int64
        The same at the holding weight of a year.
    ready, short : (p, c, r) int64
        SKU-location-periods with stock left at the count, and with demand not served at once.
    receipts, good_receipts, orders : (p, c, r) int64
        Orders of positive size received, those that came in time, and orders placed.
    lost_margin : (p, c, r) int64
        Units not served at once, at their margin; 0 where `Weights` names none.
    demanded_margin, served_margin : (p, c, r) int64
        Units at their margin, those below 0 left out; 0 where `Weights` names none.
    demanded_items, served_items : (p, c, r) int64
        Units at `item_weights` of the run: each SKU-location once.
    cost, good, asked : (p, c, r) int64
        Cost, and service as part and whole, as the study counts them (`Account`): those of holding,
        served and demanded unless it says otherwise.
    """

    demanded: IntArray
    served: IntArray
    demanded_value: IntArray
    served_value: IntArray
    delivered_value: IntArray
    stock_value: IntArray
    holding: IntArray
    ready: IntArray
    short: IntArray
    receipts: IntArray
    good_receipts: IntArray
    orders: IntArray
    lost_margin: IntArray
    demanded_margin: IntArray
    served_margin: IntArray
    demanded_items: IntArray
    served_items: IntArray
    cost: IntArray
    good: IntArray
    asked: IntArray

    @classmethod
    def zeros(cls, n_plans: int, n_cells: int, n_replications: int) -> PlanSums:
        """No items yet."""
        shape = (n_plans, n_cells, n_replications)
        return cls(**{field.name: np.zeros(shape, dtype=np.int64) for field in fields(cls)})

    @property
    def n_plans(self) -> int:
        return int(self.served.shape[0])

    @property
    def n_replications(self) -> int:
        return int(self.served.shape[2])

    def add(self, other: PlanSums) -> None:
        """Add another block's sums in place."""
        for field in fields(self):
            getattr(self, field.name)[...] += getattr(other, field.name)

    def largest(self) -> int:
        """What no sum over cells exceeds, in Python integers."""
        peaks = (np.abs(getattr(self, field.name)).max(axis=(0, 2), initial=0) for field in fields(self))
        return max(sum(int(peak) for peak in one) for one in peaks)

    def times(self, factor: int) -> PlanSums:
        """The same counted in finer parts of periods: what adds up over periods, times a factor."""
        if factor == 1:
            return self
        over_time = ("stock_value", "holding", "ready", "short", "cost")
        return replace(self, **{name: factor * getattr(self, name) for name in over_time})

    def total(self) -> PlanSums:
        """All cells together, as the only cell."""
        return PlanSums(
            **{field.name: getattr(self, field.name).sum(axis=1, keepdims=True) for field in fields(self)}
        )

    def cells(self, columns: IntArray) -> PlanSums:
        """Some of the cells."""
        return PlanSums(**{field.name: getattr(self, field.name)[:, columns] for field in fields(self)})

    def plans(self, rows: slice | IntArray) -> PlanSums:
        """Some of the plans."""
        return PlanSums(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @classmethod
    def stack(cls, parts: list[PlanSums]) -> PlanSums:
        """Plans of several runs on the same streams, one after the other."""
        return cls(
            **{
                field.name: np.concatenate([getattr(part, field.name) for part in parts])
                for field in fields(cls)
            }
        )


def reduce_items(curves: Curves, request: PlanRequest, weights: Weights) -> PlanSums:
    """Add up the items of a block for every plan.

    Parameters
    ----------
    curves : Curves
        Item × column × replication (as many slots as replications).
    request : PlanRequest
        The plans and the cells, for the same items.
    weights : Weights
        Money per unit.

    Raises
    ------
    EngineFaultError
        If a sum of money might leave the range of int64.
    """
    sums = PlanSums.zeros(request.n_plans, request.n_cells, curves.served.shape[2])
    if not request.n_plans:
        return sums
    stock = curves.on_hand + curves.on_hand_start
    _prove_bounds(stock, curves.demanded, weights)
    by_weight = _by_weight(curves, weights)
    for item in range(curves.n_items):
        columns, at = request.choice[item], int(request.cell[item])
        served, held, demanded = curves.served[item, columns], stock[item, columns], curves.demanded[item]
        sums.stock_value[:, at] += held * weights.unit_cost[item]
        sums.holding[:, at] += held * weights.holding[item]
        for name, unit in by_weight.items():
            if unit[item]:
                getattr(sums, f"demanded{name}")[0, at] += demanded * unit[item]
                getattr(sums, f"served{name}")[:, at] += served * unit[item]
        if weights.margin is not None and weights.margin[item] < 0:
            sums.lost_margin[:, at] += (demanded - served) * weights.margin[item]
        if request.whole:
            delivered = demanded - _columns(curves.lost[item], columns)
            sums.delivered_value[:, at] += delivered * weights.unit_cost[item]
            for name in ("ready", "short", "receipts", "good_receipts", "orders"):
                getattr(sums, name)[:, at] += _columns(getattr(curves, name)[item], columns)
    for name in by_weight:
        whole = getattr(sums, f"demanded{name}")
        whole[1:] = whole[:1]
    if weights.margin is not None:
        sums.lost_margin[...] += sums.demanded_margin - sums.served_margin
    _count(sums, curves, request, weights)
    return sums


def _by_weight(curves: Curves, weights: Weights) -> dict[str, IntArray]:
    """What a unit of each item weighs in service, by the ending of the sums' names."""
    n = curves.n_items
    found = {"": np.ones(n, dtype=np.int64), "_value": weights.unit_cost}
    if weights.margin is not None:
        found["_margin"] = np.maximum(weights.margin, 0)
    return {**found, "_items": item_weights(curves.demanded)}


def _count(sums: PlanSums, curves: Curves, request: PlanRequest, weights: Weights) -> None:
    """Cost and service as the study counts them: sums that are there already, or added up."""
    account = weights.account
    cost, service = ("holding", "") if account is None else _known(account, weights)
    if cost is not None:
        sums.cost[...] = getattr(sums, cost)
    if service is not None:
        sums.good[...] = getattr(sums, f"served{service}")
        sums.asked[...] = getattr(sums, f"demanded{service}")
    if account is None or (cost is not None and service is not None):
        return
    refuse_large(float(account.largest(curves).sum()))
    tables: list[tuple[str, IntArray]] = []
    if cost is None:
        tables.append(("cost", account.cost(curves)))
    if service is None:
        tables += zip(("good", "asked"), account.service(curves, replications=1), strict=True)
    for item in range(curves.n_items):
        columns, at = request.choice[item], int(request.cell[item])
        for name, table in tables:
            getattr(sums, name)[:, at] += table[item, columns]


_ENDING = {"units": "", "value": "_value", "margin": "_margin", "items": "_items"}


def _known(account: Account, weights: Weights) -> tuple[str | None, str | None]:
    """Which sums cost is already, and the ending of those that service is; None: neither."""
    cost = None
    if not account.order.any() and not account.short.any():
        for name, unit in (("holding", weights.holding), ("stock_value", weights.unit_cost)):
            cost = name if cost is None and np.array_equal(account.stock, unit) else cost
    return cost, _ENDING.get(account.weight) if account.measure == "fill_rate" else None


def add_blocks(
    blocks: Iterable[list[PlanSums]], requests: Sequence[PlanRequest], replications: int
) -> list[PlanSums]:
    """Add up the sums of blocks of items, one per request.

    Raises
    ------
    EngineFaultError
        If a total might leave the range of int64.
    """
    sums = [PlanSums.zeros(r.n_plans, r.n_cells, replications) for r in requests]
    most = 0
    for parts in blocks:
        most += max((part.largest() for part in parts), default=0)
        refuse_large(most)
        for total, part in zip(sums, parts, strict=True):
            total.add(part)
    return sums


def money_bound(stock: IntArray, weights: Weights) -> int:
    """Largest total that these items could add to any one sum, in Python integers."""
    peaks = stock.reshape(stock.shape[0], -1).max(axis=1)
    heavier = np.maximum(np.maximum(weights.unit_cost, weights.holding), 1)  # units are added up too
    if weights.margin is not None:
        heavier = np.maximum(heavier, np.abs(weights.margin))
    return sum(int(peak) * int(weight) for peak, weight in zip(peaks, heavier, strict=True))


def _prove_bounds(stock: IntArray, demanded: IntArray, weights: Weights) -> None:
    refuse_large(max(money_bound(stock, weights), money_bound(demanded, weights)))


def refuse_large(bound: float) -> None:
    """Fail where a sum might be as large as this and so leave 64 bits."""
    if bound >= LARGEST_SUM:
        raise OutOfRangeError(_TOO_LARGE)


def _of_items(weights: IntArray) -> IntArray:
    return weights[:, None, None]


def _columns(measure: IntArray, columns: ChoiceArray) -> IntArray:
    """Rows of a measure that may be the same in every column."""
    return measure[columns] if measure.shape[0] > 1 else measure
