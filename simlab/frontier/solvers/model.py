"""Linear and mixed-integer models for HiGHS: highspy with persistent models where installed, else scipy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class Mixed:
    """Least cost · x with low ≤ matrix · x ≤ high and least ≤ x ≤ most.

    Attributes
    ----------
    cost, least, most : (v,) float
        Objective and bounds of the variables.
    matrix : (m, v) csr_array
    low, high : (m,) float
        Bounds of the rows.
    whole : (v,) bool
        Variables that must be whole numbers; none of them: a linear program.
    """

    cost: FloatArray
    matrix: Any
    low: FloatArray
    high: FloatArray
    least: FloatArray
    most: FloatArray
    whole: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Answer:
    """What HiGHS says, within its tolerances.

    Attributes
    ----------
    status : {"optimal", "infeasible", "bounded"}
        The last where it was stopped before either was known.
    x : (v,) float or None
        Best solution found.
    bound : float
        Dual bound on the objective; −∞ where none is known.
    prices : (m,) float or None
        Of a linear program: what one more unit asked of a row adds to the cost.
    """

    status: str
    x: FloatArray | None
    bound: float
    prices: FloatArray | None = None


class Solver(Protocol):
    """Solves models one after another; it may keep what the last one taught it."""

    def solve(self, model: Mixed, time_limit: float) -> Answer:
        """One model."""


@lru_cache(maxsize=16)
def one_target_each(n_segments: int, n_targets: int) -> Any:
    """(n, n·k) rows that say: one target for every segment."""
    from scipy.sparse import identity, kron

    return kron(identity(n_segments), np.ones((1, n_targets)), format="csr")


def choice_model(
    cost: FloatArray,
    mask: npt.NDArray[np.bool_],
    coefficients: list[FloatArray],
    low: list[float],
    *,
    whole: bool,
) -> Mixed:
    """Least cost of one target for every segment, under rows Σ coefficient · x ≥ low.

    Parameters
    ----------
    cost, mask : (n, k)
        Objective, and targets that may be taken.
    coefficients : list of (n·k,) float
    low : list of float
    whole : bool
        Whole targets, or shares of them (the linear relaxation).
    """
    from scipy.sparse import csr_array, vstack

    n, k = cost.shape
    matrix = one_target_each(n, k)
    if coefficients:
        matrix = vstack([matrix, csr_array(np.vstack(coefficients))], format="csr")
    return Mixed(
        cost=cost.ravel(),
        matrix=matrix,
        low=np.concatenate([np.ones(n), np.array(low, dtype=np.float64)]),
        high=np.concatenate([np.ones(n), np.full(len(low), np.inf)]),
        least=np.zeros(n * k),
        most=mask.ravel().astype(np.float64),
        whole=np.full(n * k, whole),
    )
