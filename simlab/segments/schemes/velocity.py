"""FSN and HML: how fast an item moves, and how expensive it is."""

from __future__ import annotations

from dataclasses import replace

from simlab.segments.classes import Classes, by_share, percents
from simlab.segments.scheme import SchemeInput, scheme


@scheme("fsn", source="practice (fast, slow, non-moving)", options={"cuts": (0.70, 0.90)})
def fsn(data: SchemeInput) -> Classes:
    """F fast, S slow, N hardly moving, by cumulated share of units sold per year.

    Notes
    -----
    Ranked by units per year, highest first, ties by sku, location; F while the items before sell less than
    the first cut of all units; what sells nothing is N.
    """
    cuts = data.cuts(highest=1.0)
    if len(cuts) != 2:
        raise data.refuse("E-SEG-011", f"cuts = {list(cuts)}: F, S and N need two")
    units = data.numbers["annual_units"]
    rule = f"fsn: by units per year; F, S while the items before sell less than {percents(cuts)}, N the rest"
    return Classes(by_share(units, data.ranked(units), cuts), ("F", "S", "N"), rule)


@scheme("hml", source="practice (high, medium, low)", options={"sizes": (0.10, 0.20, 0.70), "thresholds": ()})
def hml(data: SchemeInput) -> Classes:
    """H high, M medium, L low, by unit cost; option ``sizes`` or ``thresholds``."""
    classes = data.scored(data.number("unit_cost"), "by unit cost")
    if data.cutter is not None:
        return classes
    if len(classes.labels) != 3:
        raise data.refuse("E-SEG-011", "H, M and L are three classes")
    return replace(classes, labels=("H", "M", "L"))
