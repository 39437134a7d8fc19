"""Random partitions: the control that every scheme has to beat."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from simlab.arrays import FloatArray
from simlab.segments.classes import Classes, by_size, letters, percents
from simlab.segments.criteria import SIZES
from simlab.segments.scheme import SchemeInput, scheme


@scheme("random", source="control", options={"sizes": SIZES, "seed": 1})
def random(data: SchemeInput) -> Classes:
    """Classes drawn by lot; option ``seed`` gives another draw."""
    sizes, seed = data.floats("sizes"), data.integer("seed")
    data.refuse_bad_sizes(sizes)
    order = data.ranked(lots(data.sku, data.location, seed))
    rule = f"random: drawn by lot (seed {seed}), classes of {percents(sizes)} of the SKU-locations"
    return Classes(by_size(order, sizes), letters(len(sizes)), rule)


def lots(sku: Sequence[str], location: Sequence[str], seed: int) -> FloatArray:
    """(n,) a number in [0, 1) per SKU-location from a hash: the same whatever the row order or machine."""
    words = [
        hashlib.blake2b(f"{seed}\0{one}\0{place}".encode(), digest_size=6).digest()
        for one, place in zip(sku, location, strict=True)
    ]
    return np.array([int.from_bytes(word, "big") for word in words], dtype=np.float64) / 2.0**48
