"""VED: how much a missing item hurts."""

from __future__ import annotations

import numpy as np

from simlab.segments.classes import Classes, by_threshold
from simlab.segments.scheme import SchemeInput, scheme


@scheme(
    "ved",
    source="practice (vital, essential, desirable); criticality as in Flores & Whybark (1986)",
    options={"column": "criticality", "cuts": (1 / 3, 2 / 3)},
)
def ved(data: SchemeInput) -> Classes:
    """Classes of a criticality column: its words as they stand, or V, E, D by its numbers.

    Notes
    -----
    Numbers are cut at two values: D up to the first, E up to the second, V above. Option ``column`` names
    another column.
    """
    name = data.string("column")
    if name in data.numbers:
        cuts = data.cuts()
        if len(cuts) != 2:
            raise data.refuse("E-SEG-011", f"cuts = {list(cuts)}: V, E and D need two")
        codes = 2 - by_threshold(data.number(name), cuts)
        rule = f"ved: {name}: V above {cuts[1]:.3g}, E above {cuts[0]:.3g}, D the rest"
        return Classes(codes, ("V", "E", "D"), rule)
    if name not in data.texts:
        raise data.refuse("E-SEG-001", f"needs the column '{name}', which the items lack")
    labels, codes = np.unique(data.text(name).astype(str), return_inverse=True)
    if labels.size == 1 and data.n_items > 1:
        raise data.refuse("E-SEG-003", f"column '{name}' is '{labels[0]}' everywhere, it segments nothing")
    return Classes(codes.astype(np.int64), tuple(labels.tolist()), f"ved: the value of the column '{name}'")
