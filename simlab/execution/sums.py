"""Per-replication sums of given plans, by cell: what verdicts and their intervals are made of."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from simlab.arrays import LARGEST_SUM, ChoiceArray, FloatArray, IntArray
from simlab.engine.world.curves import Curves
from simlab.errors import OutOfRangeError
from simlab.measures.shown import Public

TOO_LARGE = "sums of money would leave 64 bits: choose a coarser data.cost_resolution or fewer periods"
PLAIN = {"cost": "holding", "good": "served", "asked": "demanded"}
"""What cost and service are, unless an account says otherwise."""
_SERVICE = {
    "fill_rate": ("served", "demanded"),
    "cycle_service_level": ("good_receipts", "receipts"),
    "ready_rate": ("ready", "periods"),
}


@dataclass(frozen=True, eq=False, repr=False)
class Account(Public):
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

    @property
    def parts(self) -> tuple[str, str]:
        """Measures of which service is the ratio."""
        return _SERVICE[self.measure]

    def take(self, rows: IntArray) -> Account:
        """The account of some items."""
        weights = {name: getattr(self, name)[rows] for name in ("stock", "order", "short", "unit")}
        return replace(self, **weights)

    def largest(self, curves: Curves, stock: IntArray | None = None) -> FloatArray:
        """(n,) bound on what an item adds to one sum of cost or service; `stock`: on hand at both counts."""
        n = curves.n_items
        peaks = {
            "stock": curves.on_hand + curves.on_hand_start if stock is None else stock,
            "order": curves.orders,
            "short": curves.demanded,
        }
        rows = {name: table.reshape(n, -1).max(axis=1).astype(np.float64) for name, table in peaks.items()}
        cost = sum((rows[name] * np.abs(getattr(self, name)) for name in rows), np.zeros(n))
        units = np.maximum(rows["short"], curves.receipts.reshape(n, -1).max(axis=1))
        return np.asarray(np.maximum(cost, self.unit_of(curves) * np.maximum(units, self.periods)))

    def unit_of(self, curves: Curves) -> IntArray:
        """(n,) what a unit (cycle, period) weighs in service in a run."""
        return item_weights(curves.demanded) if self.weight == "items" else self.unit

    def cost(self, curves: Curves) -> IntArray:
        """(n, k, slots) cost of each item, column and slot."""
        stock = curves.on_hand + curves.on_hand_start
        if (self.largest(curves, stock) >= LARGEST_SUM).any():
            raise OutOfRangeError(TOO_LARGE)
        total: IntArray = _of_items(self.stock) * stock
        if self.order.any():
            total = total + _of_items(self.order) * curves.orders
        if self.short.any():
            total = total + _of_items(self.short) * (curves.demanded[:, None] - curves.served)
        return total

    def service(self, curves: Curves, replications: int) -> tuple[IntArray, IntArray]:
        """(n, k, slots) good part, and what it is a part of; `replications` are those of a slot."""
        unit = _of_items(self.unit_of(curves))
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


@dataclass(frozen=True, eq=False, repr=False)
class Weights(Public):
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
    order : (n,) int64, optional
        Cost of an order, in hundredths of the cost resolution.
    """

    unit_cost: IntArray
    holding: IntArray
    account: Account | None = None
    margin: IntArray | None = None
    order: IntArray | None = None

    def take(self, rows: IntArray) -> Weights:
        """The weights of some items."""
        account = None if self.account is None else self.account.take(rows)
        margin = None if self.margin is None else self.margin[rows]
        order = None if self.order is None else self.order[rows]
        return Weights(self.unit_cost[rows], self.holding[rows], account, margin, order)


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


@dataclass(frozen=True, eq=False, repr=False)
class PlanSums(Public):
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
    asked_margin, delivered_margin : (p, c, r) int64
        Units asked for, and those that customers get at once or after waiting, at their margin with its
        sign; 0 where `Weights` names none.
    ordering : (p, c, r) int64
        Orders at their cost, in hundredths of the cost resolution; 0 where `Weights` names none.
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
    asked_margin: IntArray
    delivered_margin: IntArray
    ordering: IntArray
    demanded_margin: IntArray
    served_margin: IntArray
    demanded_items: IntArray
    served_items: IntArray
    cost: IntArray
    good: IntArray
    asked: IntArray

    def __repr__(self) -> str:
        plans, cells, runs = self.served.shape
        return f"PlanSums({plans} plans × {cells} cells × {runs} replications of {len(fields(self))} sums)"

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of all sums."""
        return tuple(field.name for field in fields(cls))

    @classmethod
    def zeros(cls, n_plans: int, n_cells: int, n_replications: int) -> PlanSums:
        """No items yet."""
        shape = (n_plans, n_cells, n_replications)
        return cls(**{field.name: np.zeros(shape, dtype=np.int64) for field in fields(cls)})

    @classmethod
    def of(cls, found: dict[str, IntArray], shape: tuple[int, int, int]) -> PlanSums:
        """Sums of a block: views where plans do not differ, or where nothing is added up."""
        nothing = np.zeros((1, 1, 1), dtype=np.int64)
        return cls(**{name: np.broadcast_to(found.get(name, nothing), shape) for name in cls.names()})

    @property
    def n_plans(self) -> int:
        return int(self.served.shape[0])

    @property
    def n_replications(self) -> int:
        return int(self.served.shape[2])

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


def _of_items(weights: IntArray) -> IntArray:
    return weights[:, None, None]
