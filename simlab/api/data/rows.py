"""Some rows of a study: their laws and levels, to the bit those that the whole study gives them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from simlab.api.data.data import Data, load
from simlab.arrays import FloatArray, IntArray
from simlab.errors import UsageError
from simlab.models import Models
from simlab.models.fitting import fit_rows as fit_rows_of
from simlab.models.shared import Shared, unpacked
from simlab.policies.planning import PlannedLevels, plan
from simlab.run import RunFolder

PLACE = "results/shared.npz"
"""Of a run folder: what the laws of its items needed of each other (`models.shared.Shared`)."""


def shared_of(run: str | Path) -> Shared:
    """The record of a finished run.

    Raises
    ------
    ValueError
        Another version of simlab wrote it.
    """
    return unpacked(RunFolder.open(Path(run)).read_bytes(PLACE))


def fit_rows(study: str | Path | Data, shared: Shared, rows: npt.ArrayLike) -> Models:
    """Laws of some rows of a study's items; see `models.fitting.fit_rows`.

    Parameters
    ----------
    study : path or Data
        The study file, whose tables are read, or its data.
    shared : Shared
        Of a run of the same study (`shared_of`), or `Data.models.shared`.
    rows : (k,) int
        Rows of the table of items of the run, each once, in any order.

    Raises
    ------
    UsageError
        Rows that the study does not have.
    """
    data = study if isinstance(study, Data) else load(study)
    return fit_rows_of(data.catalog, shared, _rows(rows, data.catalog.n_items))


def plan_rows(
    study: str | Path | Data, shared: Shared, rows: npt.ArrayLike, targets: npt.ArrayLike
) -> PlannedLevels:
    """Levels of some rows for targets, (t,) or (k, t), planned as the study plans."""
    data = study if isinstance(study, Data) else load(study)
    asked: FloatArray = np.asarray(targets, np.float64)
    return planned(data, fit_rows(data, shared, rows), asked)


def planned(data: Data, models: Models, targets: FloatArray, threads: int = 1) -> PlannedLevels:
    """Levels for targets, the way the study plans."""
    policy = data.study.policy
    return plan(
        models,
        targets,
        family=policy.family,
        target_measure=policy.target_measure,
        planning=policy.planning,
        forecast=policy.forecast,
        seed=data.study.simulation.seed,
        threads=threads,
    )


def _rows(rows: npt.ArrayLike, n_items: int) -> IntArray:
    asked = np.asarray(rows, np.int64).ravel()
    wrong = (asked < 0) | (asked >= n_items)
    if wrong.any():
        raise UsageError(f"row {asked[wrong][0]} is none of the study's: it has {n_items:,}, from 0 on")
    if np.unique(asked).size < asked.size:
        raise UsageError("the same row is asked for twice")
    return asked
