"""Ranges: least and largest target of segments."""

from __future__ import annotations

import numpy as np

from simlab.api.requirements.kind import Shape, target_kind
from simlab.study.optimize_sections import TargetRangeSpec

_WHERE = "optimize.target_ranges"


@target_kind("target_ranges", place=30)
def target_ranges(shape: Shape, ranges: tuple[TargetRangeSpec, ...]) -> None:
    """Targets of a segment, or of all with one value of an attribute, between two ends."""
    targets = np.array(shape.targets)
    for span in ranges:
        low = 0.0 if span.at_least is None else span.at_least
        high = 1.0 if span.at_most is None else span.at_most
        for row in shape.segments_of(span.segment, _WHERE):
            left = shape.allowed[row] & (targets >= low) & (targets <= high)
            if shape.allowed[row].any() and not left.any():
                message = f"no target is left for segment '{shape.segmentation.names[row]}'"
                fix = f"its ranges and pins contradict each other at {low:g} to {high:g}"
                shape.refuse("E-OPT-022", message, _WHERE, fix)
            shape.allowed[row] = left
