"""Demand patterns by interval between demands and variation of their sizes."""

from __future__ import annotations

import numpy as np

from simlab.segments.classes import Classes
from simlab.segments.scheme import SchemeInput, scheme


@scheme(
    "adi_cv2",
    source="Syntetos, Boylan & Croston (2005), On the categorization of demand patterns, JORS 56",
    options={"adi": 1.32, "cv2": 0.49},
)
def adi_cv2(data: SchemeInput) -> Classes:
    """Smooth, erratic, intermittent or lumpy demand.

    Notes
    -----
    ADI = observed periods ÷ periods with demand; CV² = squared coefficient of variation of the non-zero
    periods. Smooth: both at or below their cut-off; erratic: CV² above; intermittent: ADI above; lumpy: both.
    No demand at all is lumpy.
    """
    cut_adi, cut_cv2 = _positive(data, "adi"), _positive(data, "cv2")
    adi, cv2 = data.numbers["adi"], data.numbers["cv2_size"]
    if np.isnan(adi).all():
        raise data.refuse("E-SEG-001", "needs a demand history, and there is none")
    rare = ~(adi <= cut_adi)
    uneven = ~(cv2 <= cut_cv2)
    rule = (
        f"adi_cv2: mean interval between demands above {cut_adi:g}: intermittent; squared variation of "
        f"sizes above {cut_cv2:g}: erratic; both, or no demand: lumpy; neither: smooth"
    )
    codes = 2 * rare.astype(np.int64) + uneven
    return Classes(codes, ("smooth", "erratic", "intermittent", "lumpy"), rule)


def _positive(data: SchemeInput, option: str) -> float:
    value = data.options[option]
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise data.refuse("E-SEG-010", f"option '{option}' must be a positive number, not {value!r}")
    return float(value)
