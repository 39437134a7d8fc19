"""Tables of levels laid side by side, so that one simulation serves them all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simlab.engine.types import Levels

_COLUMNS = ("reorder_point", "order_up_to", "order_quantity")


def beside(tables: Sequence[Levels]) -> Levels:
    """One table with the columns of all, in their order; the items follow the same families in each."""
    joined = (np.concatenate([getattr(table, name) for table in tables], axis=1) for name in _COLUMNS)
    return Levels(tables[0].family, *joined)


def by_family(tables: Sequence[Levels]) -> list[list[int]]:
    """Numbers of the tables whose items follow the same families, in the order of their first."""
    groups: list[list[int]] = []
    for number, table in enumerate(tables):
        for group in groups:
            if np.array_equal(tables[group[0]].family, table.family):
                group.append(number)
                break
        else:
            groups.append([number])
    return groups
