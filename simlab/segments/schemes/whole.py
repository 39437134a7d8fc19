"""No segmentation: everything in one class."""

from __future__ import annotations

import numpy as np

from simlab.segments.classes import Classes
from simlab.segments.scheme import SchemeInput, scheme


@scheme("all", source="control")
def whole(data: SchemeInput) -> Classes:
    """One class that holds everything."""
    return Classes(np.zeros(data.n_items, dtype=np.int64), ("all",), "all: one class for everything")
