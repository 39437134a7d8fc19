"""The weighted sum of several criteria."""

from __future__ import annotations

from simlab.segments.classes import Classes
from simlab.segments.criteria import CRITERIA, SIZES, criteria_table, named, unit_range
from simlab.segments.scheme import SchemeInput, scheme
from simlab.segments.schemes.edas import criteria_weights


@scheme(
    "weighted_sum",
    source="practice; Flores & Whybark (1986), Multiple criteria ABC analysis, IJOPM 6",
    options={"criteria": CRITERIA, "weights": (), "sizes": SIZES, "thresholds": ()},
)
def weighted_sum(data: SchemeInput) -> Classes:
    """Weighted sum of criteria, each stretched to 0 … 1; equal weights unless given."""
    table = criteria_table(data)
    score = unit_range(table) @ criteria_weights(data, table.shape[1])
    return data.scored(score, f"by weighted sum of {named(data)}, each from 0 to 1")
