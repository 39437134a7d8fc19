"""Which weight of service is meant, margins of units, and what must be said of both."""

from __future__ import annotations

import numpy as np

from simlab.api.data.data import Data
from simlab.models.margins import Margins, deciding_weight, margins_of

_SHOWN = 3


def weight_of(data: Data) -> str:
    """What a unit weighs in service, ``auto`` resolved."""
    return deciding_weight(data.catalog, data.models.costs, data.models.annual_value)


def margins(data: Data) -> Margins | None:
    """Margins of a unit; None where no SKU-location has a price."""
    return margins_of(data.catalog, data.models.costs, data.models.annual_value)


def margin_notes(data: Data) -> tuple[str, ...]:
    """Prices that are missing or lie below cost: how many, which, and how they count."""
    found = margins(data)
    if found is None:
        return ("without a column 'price' of items there is no margin: neither as a weight nor in money",)
    notes = []
    if found.stands_in.any():
        n, of = int(found.stands_in.sum()), found.stands_in.size
        where = "its category" if "category" in data.catalog.texts else "all items"
        notes.append(
            f"{n:,} of {of:,} SKU-locations have no price{_named(data, found.stands_in)}: their margin is "
            f"unit cost × the mean margin per unit of value of {where} (prices cover "
            f"{100 * found.covered:.1f}% of the yearly value)"
        )
    if found.below_cost.any():
        n = int(found.below_cost.sum())
        have = "SKU-location has a price" if n == 1 else "SKU-locations have prices"
        notes.append(
            f"{n:,} {have} below unit cost{_named(data, found.below_cost)}: such a margin weighs nothing in "
            "service and counts in money with its sign"
        )
    return tuple(notes)


def _named(data: Data, which: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> str:
    rows, catalog = np.flatnonzero(which), data.catalog
    names = ", ".join(f"{catalog.sku[row]}@{catalog.location[row]}" for row in rows[:_SHOWN])
    return f" ({names}{' and others' if rows.size > _SHOWN else ''})"
