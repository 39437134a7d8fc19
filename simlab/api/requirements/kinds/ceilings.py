"""Ceilings: most stock of groups of items, or most orders or purchases a year."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from simlab.api.data.data import Data
from simlab.api.requirements.kind import Asked, Counts, limit_kind
from simlab.arrays import IntArray
from simlab.errors import Problem
from simlab.frontier import Limit, integer_weights
from simlab.frontier import ceilings as rows_of
from simlab.register.limits import CEILINGS

_VOLUME_RESOLUTION = 1e-6


def _unfilled(data: Data) -> Iterator[Problem]:
    """Some measures need a column of items filled for every SKU-location."""
    for name in sorted({spec.measure for spec in data.study.optimize.ceilings}):
        measure = CEILINGS[name]
        if not measure.column:
            continue
        given = data.catalog.numbers.get(measure.column)
        if given is None or np.isnan(given).any() or (given < 0).any():
            where, fix = f"optimize.ceilings.measure = '{name}'", f"fill column '{measure.column}' of items"
            message = f"needs {measure.needs} of every SKU-location"
            yield Problem("E-OPT-018", message, data.study.file, column=where, fix=fix)


def _flows(spec: Any) -> bool:
    return CEILINGS[spec.measure].is_flow


@limit_kind("ceilings", noun="ceilings of groups", bound="at_most", place=20, refuse=_unfilled, flows=_flows)
def ceilings(asked: Asked) -> Iterable[Limit]:
    """A row per group: Σ amount ≤ ceiling."""
    measure = CEILINGS[asked.spec.measure]
    amount, unit = AMOUNTS[measure.name](asked.counts)
    return rows_of(
        **asked.place,
        amount=asked.table(amount),
        at_most=asked.spec.at_most,
        unit=unit,
        what=measure.noun,
        currency=asked.counts.data.study.currency if measure.is_money else "",
    )


def _inventory_value(of: Counts) -> tuple[IntArray, Fraction]:
    return of.stock * of.costs.unit_cost[:, None], of.resolution / of.exposure


def _holding_cost(of: Counts) -> tuple[IntArray, Fraction]:
    return of.stock * of.costs.holding[:, None], of.resolution / 100 / of.exposure


def _stock_volume(of: Counts) -> tuple[IntArray, Fraction]:
    volume = integer_weights(of.data.catalog.numbers["unit_volume"], _VOLUME_RESOLUTION, "unit_volume")
    return of.stock * volume[:, None], Fraction(repr(_VOLUME_RESOLUTION)) / of.exposure


def _orders(of: Counts) -> tuple[IntArray, Fraction]:
    shape = of.curves.served.shape[:2]
    return np.array(np.broadcast_to(of.curves.orders.sum(axis=-1), shape)), of.per_year


def _purchases(of: Counts) -> tuple[IntArray, Fraction]:
    bought = of.curves.ordered.sum(axis=-1) * of.costs.unit_cost[:, None]
    shape = of.curves.served.shape[:2]
    return np.array(np.broadcast_to(bought, shape)), of.per_year * of.resolution


AMOUNTS: dict[str, Callable[[Counts], tuple[IntArray, Fraction]]] = {
    "inventory_value": _inventory_value,
    "holding_cost": _holding_cost,
    "stock_volume": _stock_volume,
    "orders": _orders,
    "purchases": _purchases,
}
"""(n, k) stock in money or volume, or a flow a year, and what one unit of it stands for."""
