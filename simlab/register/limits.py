"""Measures that limits are on, one record each: the study's choices, words and needs follow from it.

How much of a ceiling a level takes is counted in `api/requirements/kinds/ceilings.py` (`AMOUNTS`); quantile
and peak of stock are made in `api/plans/tails.py` (`MEASURES`). The recipes: CONTRIBUTING.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CeilingMeasure:
    """What a study may limit for groups of items.

    Attributes
    ----------
    name : str
        `optimize.ceilings.measure`.
    noun : str
        In statements and tables.
    is_money : bool
        Counted in the study's currency.
    is_flow : bool
        A stationary policy moves as much of it at every target, so that it may bind nothing.
    column : str
        Column of items that must be filled for every SKU-location, with numbers ≥ 0; empty: none.
    needs : str
        What that column holds, in the refusal.
    """

    name: str
    noun: str
    is_money: bool = True
    is_flow: bool = False
    column: str = ""
    needs: str = ""


CEILINGS = {
    one.name: one
    for one in (
        CeilingMeasure("inventory_value", "inventory value"),
        CeilingMeasure("holding_cost", "holding cost a year"),
        CeilingMeasure(
            "stock_volume",
            "stock volume",
            is_money=False,
            column="unit_volume",
            needs="the volume of a unit",
        ),
        CeilingMeasure("orders", "orders a year", is_money=False, is_flow=True),
        CeilingMeasure("purchases", "purchases a year", is_flow=True),
    )
}
CEILING_NAMES = tuple(CEILINGS)


@dataclass(frozen=True)
class TailMeasure:
    """A quantile or a peak of stock value over single replications, which no sum over segments gives.

    Attributes
    ----------
    name : str
        As `optimize.objective` makes it small.
    option : str
        Of [optimize], which bounds it.
    noun : str
        In statements and tables.
    """

    name: str
    option: str
    noun: str


def _by_name(*measures: TailMeasure) -> dict[str, TailMeasure]:
    return {one.name: one for one in measures}


TAILS = _by_name(
    TailMeasure("p95_inventory_value", "budget_p95", "P95 of stock value over replications × periods"),
    TailMeasure("peak_inventory_value", "budget_peak", "mean peak of stock value"),
)
TAIL_NAMES = tuple(TAILS)
