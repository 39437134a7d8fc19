"""What a check of a run found, and how two numbers are compared."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from simlab.errors import Problem

CHANGED = "E-RUN-006"
"""A number does not follow from those that it is made of."""
TOLERANCE = 1e-9
"""Relative; floats are added in another order here than in the run, which moves the last bits."""


@dataclass(eq=False)
class Ledger:
    """What was checked, in words, and what is wrong.

    Attributes
    ----------
    checked : list of str
    problems : list of Problem
    """

    checked: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def same(
        self, table: str, column: str, found: npt.ArrayLike, stands: npt.ArrayLike, names: list[str]
    ) -> None:
        """Compare what follows with what stands, row by row; the first few that differ are named."""
        a, b = np.asarray(found, dtype=np.float64), np.asarray(stands, dtype=np.float64)
        scale = np.maximum(np.maximum(np.abs(a), np.abs(b)), 1e-300)
        with np.errstate(invalid="ignore"):
            wrong = (np.abs(a - b) > TOLERANCE * scale) | (np.isnan(a) != np.isnan(b))
        rows = np.flatnonzero(wrong)
        if rows.size:
            k = int(rows[0])
            further = f", and {rows.size - 1} more" if rows.size > 1 else ""
            message = f"{names[k]}: {b[k]:.12g} stands where {a[k]:.12g} follows{further}"
            self.wrong(table, column, message)

    def wrong(self, table: str, column: str, message: str) -> None:
        """Something that does not follow."""
        self.problems.append(Problem(CHANGED, message, f"results/{table}.parquet", column=column))


def ratio(part: float, whole: float) -> float:
    """Part ÷ whole; NaN of nothing."""
    return part / whole if whole else math.nan
