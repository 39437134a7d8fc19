"""Test and picture of fit per segment, for every run that has a history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from simlab.api.data import Data
from simlab.api.result_table import Column, Kind, ResultTable
from simlab.errors import UsageError
from simlab.models import FITTED, one_step
from simlab.segments import Segmentation
from simlab.verdict.fit_test import fit_test, pit_of_segments

if TYPE_CHECKING:
    from matplotlib.figure import Figure

IntArray = npt.NDArray[np.int64]

_MOST_ITEMS, _MOST_SEGMENTS = 600, 60
_FEWEST_EACH, _MOST_EACH = 5, 60


_COLUMNS = (
    Column("segment", "segment", Kind.TEXT),
    Column("n_items", "SKU-locations judged", Kind.COUNT),
    Column("n_periods", "periods", Kind.COUNT),
    Column("pit_mean", "mean PIT (right: 0.5)", Kind.RATE),
    Column("pit_share", "PIT in 0.05–0.95 (right: 0.9)", Kind.RATE),
    Column("p", "p of the test", Kind.RATE),
    Column("flagged", "flagged", Kind.TEXT),
)


def fit_table(data: Data, segmentation: Segmentation) -> ResultTable:
    """The test as a table that draws its PIT histograms.

    Raises
    ------
    UsageError
        No history is long enough to judge anything.
    """
    found = fit_tables(data, segmentation)
    if not found:
        raise UsageError("no history is long enough to test laws on periods that they were not fitted to")
    table = found["fit_test"]
    note = (
        f"laws fitted to the first two thirds of the history, every period from {table['cut'].iloc[0]} on "
        "judged by them; at most 5 % of the flagged segments are expected to be flagged falsely"
    )

    def draw(_: ResultTable) -> Figure:
        from simlab.api.fit_plots import plot_pit

        return plot_pit(found["fit_pit"])

    return ResultTable("Fit of the laws, out of sample", table, note, _COLUMNS, data.study.currency, draw)


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
