"""Ratios by which service pays: what a unit short weighs against what holding stock for it costs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simlab.arrays import FloatArray

WEIGHTS = ("units", "value", "margin", "items", "lines_per_unit")
"""What `optimize.service.weight` may be."""


def service_weight(numbers: Mapping[str, FloatArray], n: int, weight: str) -> FloatArray:
    """(n,) what a unit of each SKU-location weighs in the service that is counted.

    Parameters
    ----------
    numbers : mapping of str to (n,) float
        Columns of a `SchemeInput`.
    weight : str
        One of `WEIGHTS`; 1 each for units, and where the column it needs is missing.
    """
    one = np.ones(n)
    if weight == "value":
        return numbers.get("unit_cost", one)
    if weight == "margin" and "unit_margin" in numbers:
        return numbers["unit_margin"]
    if weight == "margin" and "price" in numbers:
        return np.maximum(numbers["price"] - numbers["unit_cost"], 0.0)
    if weight == "items":
        units = numbers["annual_units"]
        return np.where(units > 0, 1.0 / np.where(units > 0, units, 1.0), 0.0)
    if weight == "lines_per_unit":
        return numbers.get("lines_per_unit", one)
    return one


def ratio_columns(
    numbers: Mapping[str, FloatArray], sd: FloatArray, weight: FloatArray
) -> dict[str, FloatArray]:
    """Ratios that learned rules may ask about.

    Parameters
    ----------
    numbers : mapping of str to (n,) float
        `annual_units`, `holding_cost`, `order_size` and `mean_lead_time` of a `SchemeInput`.
    sd : (n,) float
        Standard deviation of demand over R + L, units.
    weight : (n,) float
        Of a unit in the service that is counted.

    Returns
    -------
    dict
        ``tbs`` = b·D/(h·Q) (Teunter, Babai & Syntetos 2010), ``zhs`` = D/(L·h²) (Zhang, Hopp & Supatgit
        2001), ``uncertainty_cost`` = h·sd(R + L)/(b·Q·D) and ``uncertainty_share`` = h·sd(R + L)/(b·D): what
        it costs to hold a standard deviation, against what is served. Without demand tbs and zhs are 0;
        what has no finite value has the largest of all.

    Notes
    -----
    At a price per unit of service the chance of a shortage before a receipt is p ∝ h·Q/(b·D), the reciprocal
    of tbs; the share not served is G(z)·sd/Q with the normal loss G(z) nearly proportional to p, and so
    nearly proportional to h·sd/(b·D): items alike in it earn the same fill-rate target.
    """
    demand, holding = numbers["annual_units"], numbers["holding_cost"]
    order = np.maximum(numbers["order_size"], 1e-300)
    some = demand > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        tbs = np.where(some, weight * demand / (holding * order), 0.0)
        zhs = np.where(some, demand / (numbers["mean_lead_time"] * holding**2), 0.0)
        share = np.where(some, holding * sd / (weight * demand), np.inf)
    found = {"tbs": tbs, "zhs": zhs, "uncertainty_cost": share / order, "uncertainty_share": share}
    return {name: _finite(column) for name, column in found.items()}


def _finite(column: FloatArray) -> FloatArray:
    known = np.isfinite(column)
    largest = float(column[known].max()) if known.any() else 0.0
    return np.asarray(np.where(known, column, largest))
