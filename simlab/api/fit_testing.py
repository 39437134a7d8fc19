"""Test and picture of fit per segment, for every run that has a history."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from simlab.api.data import Data
from simlab.models import FITTED, one_step
from simlab.segments import Segmentation
from simlab.verdict.fit_test import fit_test, pit_of_segments

IntArray = npt.NDArray[np.int64]

_MOST_ITEMS, _MOST_SEGMENTS = 600, 60
_FEWEST_EACH, _MOST_EACH = 5, 60


def fit_tables(data: Data, segmentation: Segmentation) -> dict[str, pd.DataFrame]:
    """Tables `fit_test` and `fit_pit`; empty where no history is long enough.

    Notes
    -----
    Judged are at most 60 items of a segment (fewer of many segments), drawn by the hash of their keys, and
    the 60 largest segments: a second fit of everything would double the time of a run.
    """
    history = data.history
    if history is None:
        return {}
    found = one_step(data.catalog, _judged(data, segmentation, history.n_observed > 0))
    if found is None:
        return {}
    codes, names = segmentation.codes, segmentation.names
    table = fit_test(found, codes, names).assign(cut=found.cut)
    return {"fit_test": table, "fit_pit": pit_of_segments(found, codes, names, FITTED)}


def _judged(data: Data, segmentation: Segmentation, known: npt.NDArray[np.bool_]) -> IntArray:
    """Rows of the catalogue, ascending."""
    sizes = np.bincount(segmentation.codes[known], minlength=len(segmentation.names))
    largest = np.argsort(-sizes, kind="stable")[:_MOST_SEGMENTS]
    largest = largest[sizes[largest] > 0]
    each = int(np.clip(_MOST_ITEMS // max(largest.size, 1), _FEWEST_EACH, _MOST_EACH))
    key = data.models.world.keys
    rows = []
    for code in largest.tolist():
        mine = np.flatnonzero(known & (segmentation.codes == code))
        rows.append(mine[np.argsort(key[mine], kind="stable")][:each])
    return np.sort(np.concatenate(rows)) if rows else np.zeros(0, np.int64)
