"""Zhou and Fan: Ramanathan's score balanced by its opposite."""

from __future__ import annotations

import numpy as np

from simlab.arrays import FloatArray
from simlab.segments.classes import Classes
from simlab.segments.criteria import CRITERIA, SIZES, best_scores, criteria_table, named, worst_scores
from simlab.segments.scheme import SchemeInput, scheme


@scheme(
    "zhou_fan",
    source="Zhou & Fan (2007), A note on multi-criteria ABC inventory classification using weighted linear "
    "optimization, EJOR 182",
    options={"criteria": CRITERIA, "sizes": SIZES, "thresholds": ()},
)
def zhou_fan(data: SchemeInput) -> Classes:
    """Mean of the scores under the most and the least favourable weights."""
    table = criteria_table(data)
    if (table <= 0).all(axis=1).any():
        raise data.refuse(
            "E-SEG-013", f"some item has none of {named(data)}, so its worst score does not exist"
        )
    score = zhou_fan_scores(table).round(12)
    return data.scored(score, f"by mean of best and worst weighted score of {named(data)}")


def zhou_fan_scores(table: FloatArray) -> FloatArray:
    """Composite index with λ = 0.5, between 0 and 1 (Zhou & Fan 2007, equation 4)."""
    return np.asarray((_stretched(best_scores(table)) + _stretched(worst_scores(table))) / 2.0)


def _stretched(score: FloatArray) -> FloatArray:
    span = float(np.ptp(score))
    return np.asarray((score - score.min()) / span) if span > 0 else np.zeros_like(score)
