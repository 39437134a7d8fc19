"""HiGHS through highspy: a model stays loaded, and the next one changes only what differs from it."""

from __future__ import annotations

import ctypes
import math
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from simlab.frontier.solvers.model import Answer, Mixed


class HighsSolver:
    """One loaded model: linear programs start from the last basis, integer ones from a clean slate.

    Solutions to start from are not handed to integer programs: version 1.16.0 then reports half the
    objective of some models, and calls the plan it was given optimal (`tests/frontier/test_asked.py`).
    """

    def __init__(self) -> None:
        self._highs: Any = None
        self._model: Mixed | None = None

    def solve(self, model: Mixed, time_limit: float) -> Answer:
        """See `Solver`."""
        with quiet():
            if self._model is None or not _alike(self._model, model):
                self._highs = _loaded(model)
            else:
                _change(self._highs, self._model, model)
            self._model = model
            self._highs.setOptionValue("time_limit", max(0.05, time_limit))
            if model.whole.any():
                self._highs.clearSolver()
            self._highs.run()
        return _answer(self._highs, model)


def _alike(before: Mixed, model: Mixed) -> bool:
    return before.whole.shape == model.whole.shape and bool((before.whole == model.whole).all())


def _loaded(model: Mixed) -> Any:
    """A fresh solver that holds the model and prints nothing."""
    import highspy

    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in (("output_flag", False), ("mip_rel_gap", 0.0), ("parallel", "off")):
        highs.setOptionValue(name, value)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = model.cost.size, model.low.size
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = model.cost, model.least, model.most
    lp.row_lower_, lp.row_upper_ = model.low, model.high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = model.matrix.indptr, model.matrix.indices
    lp.a_matrix_.value_ = model.matrix.data
    if model.whole.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(one)] for one in model.whole]
    highs.passModel(lp)
    return highs


def _change(highs: Any, before: Mixed, model: Mixed) -> None:
    """Bring the loaded model to the new one: rows in common keep their place, others are exchanged."""
    columns = np.arange(model.cost.size, dtype=np.int32)
    if (before.cost != model.cost).any():
        highs.changeColsCost(columns.size, columns, model.cost)
    if (before.most != model.most).any() or (before.least != model.least).any():
        highs.changeColsBounds(columns.size, columns, model.least, model.most)
    kept = _common_rows(before.matrix, model.matrix)
    if kept < before.low.size:
        gone = np.arange(kept, before.low.size, dtype=np.int32)
        highs.deleteRows(gone.size, gone)
    for row in np.flatnonzero(
        (before.low[:kept] != model.low[:kept]) | (before.high[:kept] != model.high[:kept])
    ).tolist():
        highs.changeRowBounds(row, float(model.low[row]), float(model.high[row]))
    if kept < model.low.size:
        new = model.matrix[kept:]
        highs.addRows(
            model.low.size - kept,
            model.low[kept:],
            model.high[kept:],
            int(new.nnz),
            new.indptr[:-1].astype(np.int32),
            new.indices.astype(np.int32),
            new.data,
        )


def _common_rows(before: Any, after: Any) -> int:
    """Number of first rows that two sparse matrices have in common."""
    rows = min(before.shape[0], after.shape[0])
    if rows == 0:
        return 0
    same = before.indptr[: rows + 1] == after.indptr[: rows + 1]
    rows = rows if same.all() else int(np.argmin(same)) - 1
    size = int(before.indptr[rows])
    same = (before.indices[:size] == after.indices[:size]) & (before.data[:size] == after.data[:size])
    if same.all():
        return rows
    return int(np.searchsorted(before.indptr, int(np.argmin(same)), side="right")) - 1


def _objective_room(model: Mixed) -> float:
    """By how much the objective of a solution may be misstated: its rounding, generously."""
    return 1e-6 * max(1.0, float(np.abs(model.cost).max()))


def _answer(highs: Any, model: Mixed) -> Answer:
    import highspy

    status = {
        highspy.HighsModelStatus.kOptimal: "optimal",
        highspy.HighsModelStatus.kInfeasible: "infeasible",
        highspy.HighsModelStatus.kUnboundedOrInfeasible: "infeasible",
    }.get(highs.getModelStatus(), "bounded")
    info, whole = highs.getInfo(), bool(model.whole.any())
    found = highs.getSolution()
    able = status != "infeasible" and info.primal_solution_status == 2
    x = np.array(found.col_value) if able and len(found.col_value) == model.cost.size else None
    if whole:
        bound = float(info.mip_dual_bound) if math.isfinite(info.mip_dual_bound) else -math.inf
        if x is not None and abs(model.cost @ x - info.objective_function_value) > _objective_room(model):
            return Answer("bounded", x, -math.inf)  # what the solver says of its own plan is not so
        return Answer(status, x, bound)
    if status != "optimal" or x is None:
        return Answer("bounded" if status == "optimal" else status, None, -math.inf)
    return Answer(status, x, float(info.objective_function_value), np.array(found.row_dual))


_STDOUT = 1
_STRAY = (b"HighsMip", b"Highs:", b"Running HiGHS", b"Includes third-party software")
_ONE_AT_A_TIME = threading.Lock()


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what the solver prints past its own switch (`disp`, `output_flag`) on file descriptor 1.

    Lines that start with the solver's names are dropped; anything else that another thread wrote in
    the meantime is passed on afterwards.
    """
    with _ONE_AT_A_TIME:
        try:
            _flush()
            kept = os.dup(_STDOUT)
        except OSError:  # no standard output at all
            yield
            return
        with tempfile.TemporaryFile() as held:
            os.dup2(held.fileno(), _STDOUT)
            try:
                yield
            finally:
                _flush()
                os.dup2(kept, _STDOUT)
                os.close(kept)
                held.seek(0)
                _pass_on(held.read())


def _flush() -> None:
    """Empty the buffers of Python and of the C library, so that no line changes sides."""
    with suppress(AttributeError, ValueError, OSError):
        sys.stdout.flush()
    with suppress(AttributeError, OSError):
        (ctypes.CDLL("ucrtbase") if os.name == "nt" else ctypes.CDLL(None)).fflush(None)


def _pass_on(held: bytes) -> None:
    wanted = b"".join(line for line in held.splitlines(keepends=True) if not line.startswith(_STRAY))
    while wanted:
        wanted = wanted[os.write(_STDOUT, wanted) :]
