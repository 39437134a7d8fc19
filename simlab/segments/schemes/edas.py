"""EDAS: distance from the average solution."""

from __future__ import annotations

import numpy as np

from simlab.arrays import FloatArray, mean_of
from simlab.segments.classes import Classes
from simlab.segments.criteria import CRITERIA, SIZES, criteria_table, named
from simlab.segments.scheme import SchemeInput, scheme

_SOURCE = (
    "Keshavarz Ghorabaee, Zavadskas, Olfat & Turskis (2015), Multi-criteria inventory classification "
    "using a new method of evaluation based on distance from average solution (EDAS), Informatica 26"
)


@scheme(
    "edas", source=_SOURCE, options={"criteria": CRITERIA, "weights": (), "sizes": SIZES, "thresholds": ()}
)
def edas(data: SchemeInput) -> Classes:
    """EDAS appraisal score of several criteria, equal weights unless given."""
    table = criteria_table(data)
    score = edas_scores(table, criteria_weights(data, table.shape[1]))
    return data.scored(score, f"by EDAS score of {named(data)}")


def edas_scores(table: FloatArray, weights: FloatArray) -> FloatArray:
    """Appraisal scores between 0 and 1.

    Parameters
    ----------
    table : (n, m) float
        Criteria, more is better, positive mean.
    weights : (m,) float
        Sum 1.

    References
    ----------
    Keshavarz Ghorabaee et al. (2015), equations 4 to 13.
    """
    good, bad = edas_parts(table, weights)
    return np.asarray((good + bad) / 2.0)


def edas_parts(table: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Normalised positive (NSP) and negative (NSN) distance from the average, whose mean is the score."""
    average = np.array([mean_of(column) for column in table.T])
    above = np.maximum(0.0, table - average) / average @ weights
    below = np.maximum(0.0, average - table) / average @ weights
    good = above / above.max() if above.max() > 0 else np.ones_like(above)
    poor = below / below.max() if below.max() > 0 else np.zeros_like(below)
    return good, 1.0 - poor


def criteria_weights(data: SchemeInput, m: int) -> FloatArray:
    """The option ``weights`` scaled to sum 1; equal where left out."""
    given = data.floats("weights")
    if not given:
        return np.full(m, 1.0 / m)
    if len(given) != m or min(given) < 0 or sum(given) <= 0:
        raise data.refuse("E-SEG-010", f"weights = {list(given)}: {m} non-negative numbers are needed")
    return np.array(given) / sum(given)
