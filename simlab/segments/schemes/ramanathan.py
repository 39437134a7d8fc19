"""Ramanathan: every item chooses the weights that flatter it most."""

from __future__ import annotations

from simlab.segments.classes import Classes
from simlab.segments.criteria import CRITERIA, SIZES, best_scores, criteria_table, named
from simlab.segments.scheme import SchemeInput, scheme


@scheme(
    "ramanathan",
    source="Ramanathan (2006), ABC inventory classification with multiple-criteria using weighted linear "
    "optimization, C&OR 33",
    options={"criteria": CRITERIA, "sizes": SIZES, "thresholds": ()},
)
def ramanathan(data: SchemeInput) -> Classes:
    """Weighted linear optimisation: the best weighted score under which no item exceeds 1."""
    score = best_scores(criteria_table(data)).round(12)
    return data.scored(score, f"by best weighted sum of {named(data)} under which no item exceeds 1")
