"""Order: segments whose target is at least that of the next."""

from __future__ import annotations

from itertools import pairwise

from simlab.api.requirements.kind import SHOWN, Shape, target_kind
from simlab.errors import listed

_WHERE = "optimize.ordered"


@target_kind("ordered", place=10)
def ordered(shape: Shape, names: tuple[str, ...]) -> None:
    """Pairs of segments; values of one attribute order the segments alike in the others."""
    segmentation = shape.segmentation
    if len(names) == 1 or len(set(names)) < len(names):
        shape.refuse("E-OPT-012", "names at least two different segments", _WHERE, "A, B, C")
        return
    if all(name in segmentation.names for name in names):
        shape.pairs += pairwise(segmentation.names.index(name) for name in names)
        return
    place = _attribute_of(shape, names)
    if place is None:
        return
    alike: dict[tuple[str, ...], dict[str, int]] = {}
    for row, attribute in enumerate(segmentation.attributes):
        rest = attribute[:place] + attribute[place + 1 :]
        alike.setdefault(rest, {})[attribute[place]] = row
    for found in alike.values():
        shape.pairs += pairwise(found[name] for name in names if name in found)


def _attribute_of(shape: Shape, names: tuple[str, ...]) -> int | None:
    for place, labels in enumerate(shape.segmentation.labels):
        if all(name in labels for name in names):
            return place
    fix = f"segments: {listed(shape.segmentation.names, SHOWN)}"
    shape.refuse("E-OPT-013", f"{list(names)} are neither segments nor values of one attribute", _WHERE, fix)
    return None
