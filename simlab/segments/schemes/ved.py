"""VED: how much a missing item hurts."""

from __future__ import annotations

import numpy as np

from simlab.segments.classes import Classes, by_threshold
from simlab.segments.scheme import SchemeInput, scheme


@scheme(
    "ved",
    source="practice (vital, essential, desirable); criticality as in Flores & Whybark (1986)",
    options={"column": "criticality", "cuts": ()},
)
def ved(data: SchemeInput) -> Classes:
    """Classes of a criticality column: its words as they stand, or V, E, D by its numbers.

    Notes
    -----
    Numbers are cut at two values: D up to the first, E up to the second, V above; at 1/3 and 2/3 where no
    cuts are said and all of them lie between 0 and 1. Other numbers without cuts are grades, each a class.
    Option ``column`` names another column.
    """
    name = data.string("column")
    cuts = data.cuts() if data.options["cuts"] else _thirds(data, name)
    if name in data.numbers and cuts:
        if len(cuts) != 2:
            raise data.refuse("E-SEG-011", f"cuts = {list(cuts)}: V, E and D need two")
        codes = 2 - by_threshold(data.number(name), cuts)
        rule = f"ved: {name}: V above {cuts[1]:.3g}, E above {cuts[0]:.3g}, D the rest"
        return Classes(codes, ("V", "E", "D"), rule)
    if name not in data.texts:
        raise data.refuse("E-SEG-001", f"needs the column '{name}', which the items lack")
    labels, codes = np.unique(data.text(name).astype(str), return_inverse=True)
    if data.options["cuts"]:
        raise data.refuse("E-SEG-011", f"cuts need numbers, and column '{name}' has other words, too")
    rule = f"ved: the value of the column '{name}'"
    if labels.size == 1:
        rule = f"ved: column '{name}' is '{labels[0]}' everywhere, so that it makes one class"
    return Classes(codes.astype(np.int64), tuple(labels.tolist()), rule, labels.size > 1)


def _thirds(data: SchemeInput, name: str) -> tuple[float, ...]:
    """Cuts of numbers between 0 and 1; none for words and for grades such as 1 to 5."""
    if name not in data.numbers:
        return ()
    values = data.number(name)
    return (1 / 3, 2 / 3) if ((values >= 0) & (values <= 1)).all() else ()
