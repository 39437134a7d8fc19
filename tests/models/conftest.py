"""Small catalogues through the real door: DataFrames in, the catalogue's own rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from simlab.catalog import Catalog, from_frames
from simlab.study import Study


def _catalog(
    sales: Mapping[str, Mapping[str, int]] | None = None,
    receipts: list[tuple[str, int]] | None = None,
    items: Mapping[str, list[Any]] | None = None,
    **options: Any,
) -> Catalog:
    """Demand by SKU and date; receipts as (supplier, days); items columns by name."""
    table = pd.DataFrame(
        {"sku": list(sales or ["P0"]), "location": "EAST", "unit_cost": 10.0, "lead_time": 14.0}
    )
    for name, column in (items or {}).items():
        table[name] = column
    rows = [
        (sku, "EAST", date, quantity)
        for sku, sold in (sales or {}).items()
        for date, quantity in sold.items()
    ]
    table_of_sales = pd.DataFrame(rows, columns=["sku", "location", "date", "quantity"]) if rows else None
    arrived = None
    if receipts:
        ordered = np.datetime64("2024-01-01")
        arrived = pd.DataFrame(
            [(name, str(ordered), str(ordered + days), 1) for name, days in receipts],
            columns=["supplier", "order_date", "receipt_date", "quantity"],
        )
    options.setdefault("lead_times", {"crossing": False})
    return from_frames(Study.default(**options), table, table_of_sales, arrived)


@pytest.fixture(scope="session")
def make_catalog() -> Callable[..., Catalog]:
    return _catalog


def _weekly(first: str, quantities: list[int]) -> dict[str, int]:
    start = np.datetime64(first)
    return {str(start + 7 * week): int(quantity) for week, quantity in enumerate(quantities)}


@pytest.fixture(scope="session")
def weekly() -> Callable[..., dict[str, int]]:
    """One row a week from a first date; zero rows are written too."""
    return _weekly
