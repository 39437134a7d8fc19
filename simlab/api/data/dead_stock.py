"""Dead stock: what is never demanded and that no target moves, a constant of its own."""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from simlab.api.data.data import Data
from simlab.arrays import BoolArray
from simlab.errors import InvalidInputError, Problem
from simlab.measures import format_money
from simlab.models.history import no_history
from simlab.models.history.no_history import Stock
from simlab.models.opening import never_moves
from simlab.models.terms import stated_column

if TYPE_CHECKING:
    import pandas as pd


IN_BUDGET = "dead_stock"


@dataclass(frozen=True)
class DeadStock:
    """Stock that no plan moves: what lies there today, and what packs bring above a minimum.

    Attributes
    ----------
    left_out : Stock
        Of SKU-locations without history that the study leaves out.
    silent : Stock
        Of SKU-locations in the study whose law never demands anything, without a `minimum_level`.
    above : Stock
        Above the `minimum_level` of others that never demand anything: plans carry the minimum alone.
    bought : Stock
        Above such a minimum of SKU-locations that lack it today: orders up to it come in packs and lots. None
        where plans start from today, which simulates these orders.
    """

    left_out: Stock
    silent: Stock
    above: Stock = field(default_factory=lambda: Stock(0, 0.0, 0.0))
    bought: Stock = field(default_factory=lambda: Stock(0, 0.0, 0.0))

    @property
    def lying(self) -> Stock:
        """What is there today."""
        return _together(self.left_out, self.silent, self.above)

    @property
    def value(self) -> float:
        """Of all of it at unit cost, study currency."""
        return self.lying.value + self.bought.value

    @property
    def units(self) -> float:
        """Of all of it, as in files."""
        return self.lying.units + self.bought.units

    def statements(self, currency: str) -> tuple[str, ...]:
        """What finance should know, in sentences; none without such items."""
        lines = []
        out, silent = self.left_out, self.silent
        if out.n_items:
            lines.append(
                f"{_items(out)} without demand in the history left out ([demand] no_history = "
                f'"exclude"), with {_stock(out, currency)}: results/no_history.csv lists them.'
            )
        if silent.n_items:
            lines.append(
                f"Nothing is demanded of {_items(silent)} in the study: nothing is stocked or ordered "
                f"there; today's stock is {_stock(silent, currency)}."
            )
        if self.above.n_items:
            lines.append(
                f"Above the minimum_level of what is never demanded lie {_stock(self.above, currency)} of "
                f"{_items(self.above)}: plans carry the minimum alone."
            )
        if self.bought.n_items:
            lines.append(
                "Orders up to a minimum_level of what is never demanded come in packs and lots: they bring "
                f"{_stock(self.bought, currency)} more than the minimum that plans carry: dead stock, too."
            )
        if self.value > 0:
            lines.append(
                f"Dead stock of {format_money(self.value, currency)} comes on top of every plan and of "
                "today's levels alike; no target moves it, and no budget counts it unless optimize.budget_on "
                "says so."
            )
        return tuple(lines)

    def to_frame(self) -> pd.DataFrame:
        """One row per kind, and one for all."""
        import pandas as pd

        every = _together(self.lying, self.bought)
        kinds = {"left out": self.left_out, "never demanded": self.silent}
        if self.above.n_items:
            kinds["above minimum_level"] = self.above
        if self.bought.n_items:
            kinds["packs above minimum_level"] = self.bought
        kinds["(all)"] = every
        rows = [
            {"kind": kind, "n_items": stock.n_items, "units": stock.units, "value": stock.value}
            for kind, stock in kinds.items()
        ]
        return pd.DataFrame(rows)


def dead_stock(data: Data) -> DeadStock:
    """Of a study's data, as far as `on_hand` and `on_order` of items say."""
    from simlab.models.history.holdout import take

    least = data.models.least_level
    still = never_moves(
        data.models.world.demand, least, np.nan_to_num(stated_column(data.catalog, "on_hand"))
    )
    silent = no_history.stock_of(take(data.catalog, np.flatnonzero(still & (least == 0))))
    left_out = no_history.stock_of(data.catalog.without_history)
    return DeadStock(left_out, silent, _above(data, still & (least > 0)), _bought(data))


def _above(data: Data, rows: BoolArray) -> Stock:
    """What lies, or is on order, above the minimum of SKU-locations that have it on the shelf."""
    catalog, least = data.catalog, data.models.least_level
    every = no_history.stock_units(catalog) - least
    over = np.flatnonzero(rows & (every > 0))
    cost = catalog.unit_cost[over] * catalog.study.data.cost_resolution
    units = float((every[over] / catalog.parts[over]).sum())
    return Stock(int(over.size), units, float((every[over] * cost).sum()))


def _bought(data: Data) -> Stock:
    """What the first orders up to the minimum of what is never demanded bring above it."""
    models, catalog = data.models, data.catalog
    missing = models.least_level - no_history.stock_units(catalog)
    rows = np.flatnonzero((models.world.demand.mean == 0) & (models.least_level > 0) & (missing > 0))
    if not rows.size or data.study.policy.start == "today":
        return Stock(0, 0.0, 0.0)
    lots = models.world.terms.pack_size[rows].astype(np.float64)
    if data.study.policy.family == "reorder_quantity":
        lots = np.maximum(lots, np.nan_to_num(stated_column(catalog, "order_quantity"))[rows])
    first = np.maximum(models.world.terms.moq[rows], missing[rows])
    over = np.ceil(first / lots) * lots - missing[rows]
    cost = catalog.unit_cost[rows] * catalog.study.data.cost_resolution
    return Stock(int((over > 0).sum()), float((over / catalog.parts[rows]).sum()), float((over * cost).sum()))


def movable(data: Data, budget: float | None) -> float | None:
    """What a budget leaves for stock that plans move.

    Raises
    ------
    InvalidInputError
        The budget counts dead stock (`optimize.budget_on`) and that alone is more.
    """
    if budget is None or IN_BUDGET not in data.study.optimize.budget_on:
        return budget
    found, currency = dead_stock(data), data.study.currency
    if found.value >= budget:
        what = f"dead stock of {format_money(found.value, currency)} alone fills the budget"
        fix = 'raise the budget, or say budget_on = "on_hand": stock that no target moves is then left out'
        where = f"optimize.budget = {budget:g}"
        raise InvalidInputError([Problem("E-OPT-030", what, data.study.file, column=where, fix=fix)])
    return budget - found.value


def _together(*stocks: Stock) -> Stock:
    return Stock(*(sum(each) for each in zip(*(astuple(one) for one in stocks), strict=True)))


def _items(stock: Stock) -> str:
    return f"{stock.n_items:,} SKU-location{'s' if stock.n_items != 1 else ''}"


def _stock(stock: Stock, currency: str) -> str:
    if not stock.units:
        return "no stock on record"
    return f"{stock.units:,.0f} units worth {format_money(stock.value, currency)}"
