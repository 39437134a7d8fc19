"""ABC: the few that carry most of the value, and the many that do not."""

from __future__ import annotations

import numpy as np

from simlab.arrays import FloatArray
from simlab.segments.classes import Classes, by_share, letters, percents
from simlab.segments.scheme import SchemeInput, scheme

CUTS = (0.80, 0.95)
MEASURES = ("value", "volume", "margin", "lines")
_WORDS = {
    "value": "annual value (units per year × unit cost)",
    "volume": "annual volume (units per year)",
    "margin": "annual margin (units per year × (price − unit cost))",
    "lines": "order lines per year (units per year × lines_per_unit)",
}
_SOURCE = "Dickie (1951), ABC inventory analysis shoots for dollars, not pennies"


@scheme("abc", source=_SOURCE, options={"measure": "value", "cuts": CUTS})
def abc(data: SchemeInput) -> Classes:
    """A, B, C by cumulated share of annual value, volume, margin or order lines.

    Notes
    -----
    Ranked from the highest measure down, ties by sku, then location. An item is A as long as the items
    before it carry less than the first cut; items whose measure is zero are in the last class.
    """
    return abc_by(data, data.string("measure", MEASURES))


@scheme("abc_volume", source=_SOURCE, options={"cuts": CUTS})
def abc_volume(data: SchemeInput) -> Classes:
    """A, B, C by cumulated share of units sold per year."""
    return abc_by(data, "volume")


@scheme("abc_margin", source=_SOURCE, options={"cuts": CUTS})
def abc_margin(data: SchemeInput) -> Classes:
    """A, B, C by cumulated share of margin per year; needs `price`."""
    return abc_by(data, "margin")


@scheme("abc_lines", source=_SOURCE, options={"cuts": CUTS})
def abc_lines(data: SchemeInput) -> Classes:
    """A, B, C by cumulated share of order lines per year; needs `lines_per_unit`."""
    return abc_by(data, "lines")


def abc_by(data: SchemeInput, measure: str) -> Classes:
    """Classes by cumulated share of one measure; option ``cuts``."""
    cuts = data.cuts(highest=1.0)
    weight = _measure(data, measure)
    if data.cutter is not None:
        return data.scored(weight, f"by {_WORDS[measure]}")
    names = letters(len(cuts) + 1)
    rule = (
        f"{data.scheme}: ranked by {_WORDS[measure]}, highest first, ties by sku, location; "
        f"{', '.join(names[:-1])} while the items before carry less than {percents(cuts)} of the total, "
        f"{names[-1]} the rest and whatever has none"
    )
    return Classes(by_share(weight, data.ranked(weight), cuts), names, rule)


def _measure(data: SchemeInput, measure: str) -> FloatArray:
    units = data.numbers["annual_units"]
    if measure == "value":
        weight = data.numbers["annual_value"]
    elif measure == "volume":
        weight = units
    elif measure == "margin":
        weight = units * (data.number("price") - data.number("unit_cost"))
    else:
        weight = units * data.number("lines_per_unit")
    return np.where(weight > 0, weight, 0.0)
