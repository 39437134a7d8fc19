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
    """

    stock: IntArray
    order: IntArray
    short: IntArray
    measure: str
    unit: IntArray
    periods: int

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
        return np.asarray(np.maximum(cost, self.unit * np.maximum(units, self.periods)))

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
        unit = _of_items(self.unit)
        if self.measure == "cycle_service_level":
            good, asked = curves.good_receipts, curves.receipts
        elif self.measure == "ready_rate":
            good = curves.ready
            asked = np.full_like(curves.demanded[:, None], self.periods * replications)
        else:
            good, asked = curves.served, curves.demanded[:, None]
        return unit * good, np.broadcast_to(unit * asked, good.shape)


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
        Price less unit cost of a unit, in multiples of the cost resolution.
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
        Whether every measure is added up; else demanded, served, stock value and holding only.
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
    stock = curves.on_hand + curves.on_hand_start
    _prove_bounds(stock, curves.demanded, weights)
    for item in range(curves.n_items):
        columns, at = request.choice[item], int(request.cell[item])
        cost, holding = weights.unit_cost[item], weights.holding[item]
        served, held, demanded = curves.served[item, columns], stock[item, columns], curves.demanded[item]
        sums.demanded[:, at] += demanded
        sums.served[:, at] += served
        sums.stock_value[:, at] += held * cost
        sums.holding[:, at] += held * holding
        if request.whole:
            sums.demanded_value[:, at] += demanded * cost
            sums.served_value[:, at] += served * cost
            sums.delivered_value[:, at] += (demanded - _columns(curves.lost[item], columns)) * cost
            if weights.margin is not None:
                sums.lost_margin[:, at] += (demanded - served) * weights.margin[item]
            for name in ("ready", "short", "receipts", "good_receipts", "orders"):
                getattr(sums, name)[:, at] += _columns(getattr(curves, name)[item], columns)
    _count(sums, curves, request, weights.account)
    return sums


def _count(sums: PlanSums, curves: Curves, request: PlanRequest, account: Account | None) -> None:
    """Cost and service as the study counts them."""
    if account is None:
        for name, plain in (("cost", "holding"), ("good", "served"), ("asked", "demanded")):
            getattr(sums, name)[...] = getattr(sums, plain)
        return
    refuse_large(float(account.largest(curves).sum()))
    cost = account.cost(curves)
    good, asked = account.service(curves, replications=1)
    for item in range(curves.n_items):
        columns, at = request.choice[item], int(request.cell[item])
        for name, table in (("cost", cost), ("good", good), ("asked", asked)):
            getattr(sums, name)[:, at] += table[item, columns]


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
