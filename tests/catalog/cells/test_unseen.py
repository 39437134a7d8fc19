"""A key of nothing but blanks is an empty cell: refused where one is needed, none where it is not."""

from __future__ import annotations

import pandas as pd
import pytest

import simlab as sl
from simlab.errors import InvalidInputError


def items(**columns: object) -> pd.DataFrame:
    frame = {"sku": ["a", "b"], "location": "X", "unit_cost": 2.0, "lead_time": 7, "supplier": ["S", "T"]}
    return pd.DataFrame(frame | columns).assign(demand_law="poisson", demand_mean=3.0)


@pytest.mark.parametrize("blank", [" ", "   ", "\t", "\u00a0"])
@pytest.mark.parametrize("column", ["sku", "location"])
def test_blanks_alone_are_no_name(column: str, blank: str) -> None:
    """Exports of fixed width fill cells with blanks: '   ' was taken as the name of a SKU."""
    with pytest.raises(InvalidInputError, match="the cell is empty") as refused:
        sl.load_frames(items(**{column: ["a", blank]}), study={"segments": {"by": "all"}})
    assert f"column '{column}'" in f"{refused.value}"


def test_blanks_alone_are_no_supplier() -> None:
    """And blanks within a name stay."""
    data = sl.load_frames(items(supplier=["Smith and Co", "  "]), study={"segments": {"by": "all"}})
    assert list(data.catalog.texts["supplier"]) == ["Smith and Co", None]
