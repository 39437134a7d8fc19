"""Parts of unequal length, laid out by hand: what a simulated cell of a working grid looks like."""

from __future__ import annotations

import numpy as np


def from_a_receipt(cell: int, inside: int, place: float) -> list[float]:
    """Lengths of the parts of a cell, from a receipt on: 1 on average.

    `inside` of the parts lie between a review and the receipt and take `place` together. Stock that falls
    evenly is right as a mean over the parts if their ends lie as far from the receipt, on average, as those
    of equal ones: beside the review, which is where it must be, two ends move back by half as much each.
    Cells of two or three parts have not ends enough.
    """
    if cell < 4:
        return [(cell - place) / (cell - inside)] * (cell - inside) + [place / inside] * inside
    ends = np.arange(cell + 1.0)
    review, moved = cell - inside, inside - place
    ends[review] += moved
    beside = [review - 1, review + 1]
    if not all(0 < one < cell for one in beside):
        beside = [one for one in (review - 2, review + 2) if 0 < one < cell]
    ends[beside] -= moved / len(beside)
    return np.diff(ends).tolist()
