"""What was known before the last periods: laws, segments and targets made again without them.

A plan uses the whole history. To be tested on its last periods it is made a second time, from what was known
before them, with the same targets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from simlab.api.data.data import Data
from simlab.arrays import FloatArray, IntArray
from simlab.errors import InvalidInputError, UsageError
from simlab.models import HeldOut, split
from simlab.models.history import no_history
from simlab.segments import Segmentation
from simlab.segments.assign import assign


@dataclass(frozen=True, eq=False)
class Before:
    """A plan as it would have been made before the last periods.

    Attributes
    ----------
    data : Data
        The same tables; laws know nothing of the last `periods`. SKU-locations never sold before are out.
    segmentation : Segmentation
        The scheme applied to what was known.
    rows : (k,) int64
        Row of the whole catalogue of each SKU-location known then.
    targets : (k,) float
        Target of each, by the segment it was in then; NaN where levels are given.
    periods : int
    """

    data: Data
    segmentation: Segmentation
    rows: IntArray
    targets: FloatArray
    periods: int

    @property
    def held(self) -> HeldOut:
        """What really happened in the last periods."""
        return split(self.data.catalog, self.periods)[1]

    @property
    def laws_to(self) -> str:
        """Last date that the laws have seen."""
        return str((self.held.days[0] - np.timedelta64(1, "D")).astype("datetime64[D]"))


def before(
    data: Data,
    periods: int,
    segmentation: Segmentation,
    by_segment: FloatArray,
    by_item: FloatArray,
    past: Data | None = None,
) -> Before:
    """Fit, segment and ask again as on the day before the last `periods` whole periods.

    Parameters
    ----------
    data : Data
        With the whole history.
    periods : int
    segmentation : Segmentation
        Of the plan.
    by_segment : (segments,) float
        Targets of the plan.
    by_item : (n,) float
        Targets of its SKU-locations; those that differ from their segment's are pinned and stay.
    past : Data, optional
        `past_of` these periods, where it is there already.
    """
    past = past_of(data, periods) if past is None else past
    rows = known_rows(past, data)
    then = _segments(past, segmentation, rows)
    known = dict(zip(segmentation.names, by_segment.tolist(), strict=True))
    own = by_item[rows]
    asked = np.array([known.get(then.names[code], np.nan) for code in then.codes.tolist()])
    pinned = own != by_segment[segmentation.codes[rows]]
    return Before(past, then, rows, np.where(pinned | np.isnan(asked), own, asked), periods)


def past_of(data: Data, periods: int) -> Data:
    """The same tables, with laws that do not know the last periods."""
    demand = data.study.demand.model_copy(update={"no_history": "exclude"})
    study = data.study.model_copy(update={"demand": demand})
    catalog = no_history.leave_out(replace(data.catalog, study=study, held_out=periods))
    return Data(catalog, data.threads)


def length_of(periods: int, period: str) -> str:
    """ "8 weeks"."""
    if period == "day" and periods % 7 == 0:
        periods, period = periods // 7, "week"
    return f"{periods} {period}{'' if periods == 1 else 's'}"


def _segments(past: Data, segmentation: Segmentation, rows: IntArray) -> Segmentation:
    """The scheme applied to what was known; segments that were learned, or made by hand, stay as they are."""
    try:
        found = assign(past.catalog, past.models, list(segmentation.by), past.study.segments)
    except (InvalidInputError, UsageError):
        codes = segmentation.codes[rows]
        return replace(segmentation, codes=codes, sku=past.catalog.sku, location=past.catalog.location)
    return replace(found, sku=past.catalog.sku, location=past.catalog.location)


def known_rows(past: Data, data: Data) -> IntArray:
    """(k,) row of the whole catalogue of each SKU-location known before the cut."""
    whole = enumerate(_keys(data))  # what is known then is in the order of now
    rows = (next(row for row, other in whole if other == key) for key in _keys(past))
    return np.fromiter(rows, np.int64, past.catalog.n_items)


def _keys(data: Data) -> Iterator[tuple[str, str]]:
    return zip(data.catalog.sku, data.catalog.location, strict=True)
