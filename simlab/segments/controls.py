"""Controls: random partitions that are as fine as a segmentation, and know nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from simlab.segments.classes import ranked
from simlab.segments.schemes.random_partition import lots
from simlab.segments.segmentation import Segmentation, combine


def random_like(
    segmentation: Segmentation, sku: Sequence[str], location: Sequence[str], *, n: int = 20, seed: int = 1
) -> Iterator[Segmentation]:
    """Random partitions with the segment sizes of a segmentation.

    Parameters
    ----------
    segmentation : Segmentation
        Whose names and sizes are taken over; who is in which segment is drawn by lot.
    sku, location : sequence of str
        Ids in catalogue order; the draw does not depend on that order.
    n : int
        How many partitions.
    seed : int
        Partition number i is drawn with seed + i.
    """
    bounds = np.cumsum(segmentation.sizes)
    labels = tuple(f"R{number}" for number in range(1, segmentation.n_segments + 1))
    for draw in range(seed, seed + n):
        order = ranked(lots(sku, location, draw), sku, location)
        codes = np.empty(order.size, dtype=np.int64)
        codes[order] = np.searchsorted(bounds, np.arange(order.size), side="right")
        rule = f"random: drawn by lot (seed {draw}), as many and as large as by {' × '.join(segmentation.by)}"
        yield combine([("random", labels, codes)], rule)
