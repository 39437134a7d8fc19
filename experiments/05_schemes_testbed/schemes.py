"""The schemes of the contests, under the names of the tables."""

from __future__ import annotations

from dataclasses import replace

from simlab.segments.assign import assign

FILLS = (0.95, 0.90, 0.98)
THREE = {"sizes": (0.2, 0.3, 0.5)}
SIX = {"sizes": (0.04, 0.07, 0.10, 0.16, 0.25, 0.38)}
SCHEMES = {
    "ABC by value": ("weighted_sum", {"criteria": ("annual_value",), **THREE}),
    "ABC by value 80/95": ("abc", {}),
    "ABC by volume": ("weighted_sum", {"criteria": ("annual_units",), **THREE}),
    "ABC by margin 80/95": ("abc_margin", {}),
    "XYZ terciles": ("xyz", {"cuts": "terciles"}),
    "HML by unit cost": ("hml", THREE),
    "lead time terciles": ("lead_time_class", {}),
    "b D/(h Q) with b = unit cost": ("tbs", {"shortage": "cost", **THREE}),
    "b D/(h Q) with b = margin": ("tbs", {"shortage": "margin", **THREE}),
    "D/(h Q)": ("one_price", THREE),
    "D/(h Q) six classes": ("one_price", SIX),
    "D/(L h^2)": ("zhs", THREE),
    "EDAS": ("edas", THREE),
    "Ng": ("ng", THREE),
    "k-means": ("kmeans", {"classes": 3}),
    "random": ("random", THREE),
}
"""Classes of 20/30/50 % of the SKUs unless the name says otherwise. The contest counts unit fill, for which
every unit short weighs the same: b is one constant in "D/(h Q)" ("one_price")."""


def sorted_by(data, scheme: str, options: dict[str, object]):
    """One scheme with its options; "one_price" is b·D/(h·Q) with one shortage cost for all units."""
    if scheme != "one_price":
        return assign(data.catalog, data.models, scheme, options={scheme: options})
    priced = data.catalog.numbers | {"shortage_cost": data.models.annual_units * 0 + 1.0}
    return assign_with(data, priced, options)


def assign_with(data, numbers, options):
    """b·D/(h·Q) on a catalogue with a column of shortage costs."""
    catalog = replace(data.catalog, numbers=numbers)
    return assign(catalog, data.models, "tbs", options={"tbs": {"shortage": "column", **options}})
