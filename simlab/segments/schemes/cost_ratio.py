"""Schemes that follow from cost: who earns service, measured by what service costs."""

from __future__ import annotations

import numpy as np

from simlab.arrays import FloatArray
from simlab.segments.classes import Classes
from simlab.segments.criteria import SIZES
from simlab.segments.scheme import SchemeInput, scheme
from simlab.segments.service_ratios import service_weight

_SHORTAGE = ("auto", "column", "weight", "margin", "cost")


@scheme(
    "tbs",
    source="Teunter, Babai & Syntetos (2010), ABC classification: service levels and inventory costs, POM 19",
    options={"sizes": SIZES, "thresholds": (), "shortage": "auto"},
)
def tbs(data: SchemeInput) -> Classes:
    """Teunter–Babai–Syntetos: shortage cost × demand ÷ (holding cost × order quantity).

    Notes
    -----
    b·D/(h·Q), highest first: the order in which service pays for many SKUs under one fill rate. b is the
    column ``shortage_cost``; without it what a unit weighs in the service that the study counts
    (``optimize.service.weight``: 1 where units count). Option ``shortage`` = column | weight | margin |
    cost; with the unit cost b ÷ h cancels and D ÷ Q is left. The paper's six classes: ``sizes`` =
    4/7/10/16/25/38 %.
    """
    shortage, words = _shortage_cost(data)
    score = ratio(
        shortage * data.numbers["annual_units"], data.numbers["holding_cost"] * data.numbers["order_size"]
    )
    return data.scored(score, f"by {words} × units per year ÷ (holding cost × order size)")


@scheme(
    "zhs",
    source="Zhang, Hopp & Supatgit (2001), Spreadsheet implementable inventory control for a distribution "
    "center, Journal of Heuristics 7",
    options={"sizes": SIZES, "thresholds": ()},
)
def zhs(data: SchemeInput) -> Classes:
    """Zhang–Hopp–Supatgit: demand ÷ (lead time × squared unit holding cost), D/(L·h²)."""
    holding = data.numbers["holding_cost"]
    score = ratio(data.numbers["annual_units"], data.numbers["mean_lead_time"] * holding**2)
    return data.scored(score, "by units per year ÷ (mean lead time × squared holding cost)")


@scheme("low_cost_first", source="practice", options={"sizes": SIZES, "thresholds": ()})
def low_cost_first(data: SchemeInput) -> Classes:
    """Cheap items first: A holds the lowest unit costs."""
    return data.scored(-data.number("unit_cost"), "by −unit cost (the cheapest first)")


def ratio(over: FloatArray, under: FloatArray) -> FloatArray:
    """over ÷ under; infinite where only `under` is zero, NaN where both are."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(over / under)


def _shortage_cost(data: SchemeInput) -> tuple[FloatArray, str]:
    choice = data.string("shortage", _SHORTAGE)
    if choice == "auto":
        choice = "column" if "shortage_cost" in data.numbers else "weight"
    if choice == "column":
        return data.number("shortage_cost"), "shortage cost"
    if choice == "weight":
        return service_weight(data.numbers, data.n_items, data.service), f"service weight ({data.service})"
    unit_cost = data.number("unit_cost")
    if choice == "margin":
        return np.maximum(data.number("price") - unit_cost, 0.0), "margin per unit"
    return unit_cost, "unit cost"
