"""Items sorted into the groups that a limit speaks of: a segment, a column, a scheme."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simlab.api.data.data import Data
from simlab.arrays import IntArray
from simlab.segments import Segmentation
from simlab.segments.assign import assign, values_left_out


@dataclass(frozen=True, eq=False)
class Grouping:
    """Items sorted into groups.

    Attributes
    ----------
    by : str
        What was grouped by.
    codes : (n,) int64
        Group of each item; −1 where its cell is empty.
    names : tuple of str
        Sorted.
    """

    by: str
    codes: IntArray
    names: tuple[str, ...]

    def cells(self, segmentation: Segmentation) -> IntArray:
        """(n,) number of the pair (segment, group); items of no group come last in their segment."""
        width = len(self.names) + 1
        inside = np.where(self.codes < 0, len(self.names), self.codes)
        return np.asarray(segmentation.codes * width + inside, dtype=np.int64)


def everything(data: Data) -> Grouping:
    """All items as one group."""
    return Grouping("all items", np.zeros(data.catalog.n_items, dtype=np.int64), ("all items",))


def group_by(data: Data, segmentation: Segmentation, by: str) -> Grouping:
    """Group by segment, by an attribute of it, by a column of items, or by a scheme.

    Raises
    ------
    SimlabError
        `by` is none of these.
    """
    catalog = data.catalog
    if by == "segment":
        return Grouping(by, segmentation.codes, segmentation.names)
    if by in segmentation.by:
        place = segmentation.by.index(by)
        values = np.array([attribute[place] for attribute in segmentation.attributes], dtype=object)
        return _of_values(by, values[segmentation.codes])
    plain = by.removeprefix("column:")
    columns = {"sku": catalog.sku, "location": catalog.location, **catalog.texts}
    if plain in columns:
        return _of_values(by, np.array(columns[plain], dtype=object))
    found = assign(catalog, data.models, by, data.study.segments)
    return Grouping(by, found.codes, found.names)


def empty_groups(data: Data, grouping: Grouping, by: str, names: Iterable[str]) -> tuple[str, ...]:
    """Names of groups whose items were all left out without history: a limit of theirs waits for demand."""
    left = values_left_out(data.catalog, by)
    return tuple(name for name in names if name in left and name not in grouping.names)


def _of_values(by: str, values: npt.NDArray[np.object_]) -> Grouping:
    names = sorted({str(value) for value in values if value is not None})
    place = {name: number for number, name in enumerate(names)}
    codes = np.array([-1 if value is None else place[str(value)] for value in values], dtype=np.int64)
    return Grouping(by, codes, tuple(names))
