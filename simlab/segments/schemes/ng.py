"""Ng: a score from ranked criteria, without weights."""

from __future__ import annotations

import numpy as np

from simlab.arrays import FloatArray
from simlab.segments.classes import Classes
from simlab.segments.criteria import CRITERIA, SIZES, criteria_table, named, unit_range
from simlab.segments.scheme import SchemeInput, scheme


@scheme(
    "ng",
    source="Ng (2007), A simple classifier for multiple criteria ABC analysis, EJOR 177",
    options={"criteria": CRITERIA, "sizes": SIZES, "thresholds": ()},
)
def ng(data: SchemeInput) -> Classes:
    """Best running mean over criteria ranked from most to least important."""
    score = ng_scores(criteria_table(data))
    return data.scored(score, f"by best running mean of {named(data)}, each from 0 to 1")


def ng_scores(table: FloatArray) -> FloatArray:
    """max over j of the mean of the first j criteria, each stretched to 0 … 1 (Ng 2007, equation 11).

    Parameters
    ----------
    table : (n, m) float
        Criteria in descending importance, more is better.
    """
    stretched = unit_range(table)
    running = np.cumsum(stretched, axis=1) / np.arange(1, table.shape[1] + 1)
    return np.asarray(running.max(axis=1))
