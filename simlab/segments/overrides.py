"""Segments that overrides of the study speak of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simlab.arrays import TextArray
from simlab.catalog import Catalog
from simlab.errors import InvalidInputError, Problem
from simlab.models import SECTIONS, fit, without
from simlab.segments.assign import LEARNED, assign, sized_by_cost


def segments_of_overrides(catalog: Catalog) -> TextArray | None:
    """(n,) segment of every SKU-location before the overrides by segment; None if there are none.

    Raises
    ------
    InvalidInputError
        The study's segments are found by simulation, which needs the laws first.

    Notes
    -----
    Classes of value and variation rest on histories, so that a law named for a segment hardly moves them;
    where one does move, the segment before counts for the override.
    """

    study = catalog.study
    every = [override for section in SECTIONS for override in getattr(study, section).override]
    if all(override.segment is None for override in every):
        return None
    plain = replace(catalog, study=without(study, lambda override: override.segment is not None))
    if any(name == LEARNED or sized_by_cost(name, study.segments) for name in study.segments.by):
        fix = "name the SKU, location or category instead, or segment by schemes and columns"
        message = "segments found by simulation are not known before the laws"
        raise InvalidInputError([Problem("E-STU-008", message, study.file, column="override", fix=fix)])
    segmentation = assign(plain, fit(plain), study.segments.by, study.segments)
    return np.array(segmentation.names, dtype=object)[segmentation.codes]
