"""Pins: segments and SKU-locations whose target is fixed."""

from __future__ import annotations

import numpy as np

from simlab.api.requirements.kind import Shape, target_kind
from simlab.study.optimize_sections import PinnedSpec

_WHERE = "optimize.pinned"


@target_kind("pinned", place=20)
def pinned(shape: Shape, pins: tuple[PinnedSpec, ...]) -> None:
    """One target is left to a pinned segment; a pinned SKU-location keeps its own."""
    for pin in pins:
        if (pin.segment is None) == (pin.sku is None):
            fix = '{ segment = "C", target = 0.90 } or { sku = "00123", location = "EAST", target = 0.99 }'
            shape.refuse("E-OPT-014", "a pin names a segment or a SKU", _WHERE, fix)
        elif pin.segment is not None:
            rows = shape.segments_of(pin.segment, _WHERE)
            shape.allowed[rows] &= np.array(shape.targets) == pin.target
            if rows and not shape.allowed[rows].any(axis=1).all():
                message = f"segment '{pin.segment}' is pinned to two targets"
                shape.refuse("E-OPT-015", message, _WHERE, "keep one of them")
        else:
            _pin_items(shape, pin)


def _pin_items(shape: Shape, pin: PinnedSpec) -> None:
    catalog = shape.data.catalog
    places = enumerate(zip(catalog.sku, catalog.location, strict=True))
    rows = [row for row, (sku, place) in places if sku == pin.sku and pin.location in (None, place)]
    name = f"{pin.sku}@{pin.location}" if pin.location else pin.sku
    if not rows:
        shape.refuse("E-OPT-017", f"SKU '{name}' is not in items", _WHERE, "correct the id")
    column = shape.targets.index(pin.target)
    if any(shape.items.get(row, column) != column for row in rows):
        shape.refuse("E-OPT-015", f"SKU '{name}' is pinned to two targets", _WHERE, "keep one of them")
    shape.items |= dict.fromkeys(rows, column)
