"""Order quantities of (R,s,nQ): given, else economic, in whole packs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.errors import InvalidInputError, Problem
from simlab.register.families import TARGET_FAMILIES, rule_of

if TYPE_CHECKING:
    from simlab.models import Models


def order_quantities(models: Models, family: str = "reorder_quantity") -> IntArray:
    """(n,) order quantity of every SKU-location, units: Q of (R,s,nQ), S − s of (R,s,S).

    Parameters
    ----------
    models : Models
        Costs and order terms.
    family : str
        Whose quantity, for the message.

    Raises
    ------
    InvalidInputError
        SKU-locations with neither `order_quantity` nor an `order_cost` above 0 and a holding cost; Q above
        the highest position, so that no order would fit.

    Notes
    -----
    `items.order_quantity`, else what `QUANTITIES` says of the family: the economic order quantity √(2·K·D/h)
    (K cost of an order, D units per year, h cost of holding a unit for a year); rounded to the nearest whole
    pack, at least one pack and at least `moq`.

    References
    ----------
    Harris (1913), How many parts to make at once.
    """
    given = models.costs.order_quantity
    quantity = np.where(np.isnan(given), QUANTITIES[family](models), given)
    bad = ~(np.isfinite(quantity) & (quantity >= 0)) | (given <= 0)
    if bad.any():
        raise InvalidInputError([_problem(models, np.flatnonzero(bad), family)])
    pack, moq = models.world.terms.pack_size, models.world.terms.moq
    packs = np.maximum(np.rint(quantity / pack), 1).astype(np.int64)
    size = np.asarray(np.maximum(packs, -(-moq // pack)) * pack)
    largest = models.world.terms.max_order // pack * pack
    size = np.where(largest > 0, np.minimum(size, largest), size)
    ceiling = models.world.terms.max_position
    lots = rule_of(TARGET_FAMILIES[family]).by_lot
    if lots and ceiling is not None and ((ceiling > 0) & (size > ceiling)).any():
        raise InvalidInputError([_no_room(models, np.flatnonzero((ceiling > 0) & (size > ceiling)))])
    return size


def economic_quantities(models: Models) -> FloatArray:
    """(n,) √(2·K·D/h) in units; NaN without an order cost or a holding cost."""
    costs = models.costs
    holding = costs.holding * (costs.cost_resolution / 100)
    usable = np.isfinite(costs.order_cost) & (costs.order_cost > 0) & (holding > 0)
    cost = np.where(usable, costs.order_cost, np.nan)
    ratio = 2.0 * cost * models.annual_units / np.where(usable, holding, 1.0)
    return np.asarray(np.sqrt(ratio))


QUANTITIES: dict[str, Callable[[Models], FloatArray]] = {
    "reorder_quantity": economic_quantities,
    "reorder_up_to": economic_quantities,
}
"""Units (n,) that a family orders at a time where items give no `order_quantity`; NaN where it cannot say."""


def _named(models: Models, rows: IntArray) -> str:
    names = ", ".join(f"{models.sku[row]}@{models.location[row]}" for row in rows[:5])
    return names + (f" and {rows.size - 5} more" if rows.size > 5 else "")


def _no_room(models: Models, rows: IntArray) -> Problem:
    fix = "raise max_position in items, or give a smaller order_quantity"
    what = f"max_position lies below the order quantity of {_named(models, rows)}: no order would fit"
    return Problem("E-POL-001", what, "items", column="max_position", fix=fix)


def _problem(models: Models, rows: IntArray, family: str) -> Problem:
    fix = "fill order_quantity (above 0) in items, or order_cost and a cost of holding above 0"
    what = f"policy.family = {family} has no order quantity for {_named(models, rows)}"
    return Problem("E-POL-001", what, "items", column="order_quantity", fix=fix)
