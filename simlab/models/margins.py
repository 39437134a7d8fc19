"""Margins of units: what a price says, what stands in where there is none, and which weight decides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.catalog import Catalog
from simlab.models.terms import Costs

COVERED = 0.99
"""Share of the yearly value that prices must cover so that ``weight = "auto"`` means margin."""


@dataclass(frozen=True, eq=False)
class Margins:
    """Price less unit cost of every SKU-location.

    Attributes
    ----------
    unit : (n,) int64
        In multiples of the cost resolution, with its sign.
    stands_in : (n,) bool
        No price: unit cost × the mean margin per unit of value of its category.
    below_cost : (n,) bool
        The price lies below the unit cost.
    covered : float
        Share of the yearly value (units × unit cost) that has a price.
    """

    unit: IntArray
    stands_in: BoolArray
    below_cost: BoolArray
    covered: float

    @property
    def weight(self) -> IntArray:
        """(n,) what a unit weighs in service: its margin, 0 where that is negative."""
        return np.maximum(self.unit, 0)


def margins_of(catalog: Catalog, costs: Costs, annual_value: FloatArray) -> Margins | None:
    """The margins; None where no SKU-location has a price.

    Notes
    -----
    The mean of a category is Σ margin × units a year ÷ Σ unit cost × units a year over its SKU-locations
    with a price, margins below 0 counted as 0; categories without any take that of all.
    """
    price = catalog.numbers.get("price")
    if price is None or not np.isfinite(price).any():
        return None
    known = np.isfinite(price)
    unit = np.rint(np.where(known, price, 0.0) / costs.cost_resolution).astype(np.int64) - costs.unit_cost
    below = known & (unit < 0)
    if not known.all():
        share = _shares(catalog, costs, annual_value, np.where(known, np.maximum(unit, 0), 0), known)
        unit = np.where(known, unit, np.rint(share * costs.unit_cost).astype(np.int64))
    worth = np.nan_to_num(annual_value)
    whole = float(worth.sum())
    covered = float(worth[known].sum()) / whole if whole > 0 else float(known.mean())
    return Margins(unit, ~known, below, covered)


def _shares(
    catalog: Catalog, costs: Costs, annual_value: FloatArray, margin: IntArray, known: BoolArray
) -> FloatArray:
    """(n,) mean margin per unit of value of each SKU-location's category, over those with a price."""
    cost = costs.unit_cost.astype(np.float64)
    counts = known & (cost > 0)
    worth = np.where(counts, np.nan_to_num(annual_value), 0.0)
    if not worth.any():
        worth = counts.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        earned = np.where(counts, worth * margin / cost, 0.0)
    names = catalog.texts.get("category")
    codes = np.zeros(known.size, dtype=np.int64)
    if names is not None:
        labels = np.array([str(name) for name in names], dtype=object)
        codes = np.unique(labels, return_inverse=True)[1]
    over, under = (np.bincount(codes, weights=one) for one in (earned, worth))
    overall = float(earned.sum() / worth.sum()) if worth.any() else 0.0
    share = np.where(under > 0, over / np.where(under > 0, under, 1.0), overall)
    return np.asarray(share[codes], dtype=np.float64)


def deciding_weight(catalog: Catalog, costs: Costs, annual_value: FloatArray) -> str:
    """The weight of service that the study means: ``auto`` resolved by what the items table says.

    Margin where prices cover `COVERED` of the yearly value, else value, else units; units too where
    cycles or periods are counted, which have no other weight. Lost margin is what is missing of the
    fill rate weighted by margin.
    """
    asked = catalog.study.optimize
    if asked.objective == "lost_margin":
        return "margin"
    if asked.service.weight != "auto":
        return asked.service.weight
    if asked.service.measure != "fill_rate":
        return "units"
    margins = margins_of(catalog, costs, annual_value)
    if margins is not None and margins.covered >= COVERED and margins.weight.any():
        return "margin"
    return "value" if costs.unit_cost.any() else "units"
