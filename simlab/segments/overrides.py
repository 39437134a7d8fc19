"""Segments that overrides of the study speak of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simlab.api.data.data import Data
from simlab.errors import InvalidInputError, Problem
from simlab.models import SECTIONS, without

if TYPE_CHECKING:
    from simlab.catalog import Catalog


def segments_of_overrides(catalog: Catalog) -> npt.NDArray[np.object_] | None:
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
    from simlab.api.learning.growers import is_grown
    from simlab.api.learning.learning import segment

    study = catalog.study
    every = [one for section in SECTIONS for one in getattr(study, section).override]
    if all(one.segment is None for one in every):
        return None
    data = Data(replace(catalog, study=without(study, lambda one: one.segment is not None)))
    if any(is_grown(data, name) for name in study.segments.by):
        fix = "name the SKU, location or category instead, or segment by schemes and columns"
        message = "segments found by simulation are not known before the laws"
        raise InvalidInputError([Problem("E-STU-008", message, study.file, column="override", fix=fix)])
    found = segment(data)
    return np.array(found.names, dtype=object)[found.codes]
