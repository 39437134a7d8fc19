"""Linear and mixed-integer models for HiGHS: highspy with persistent models where installed, else scipy."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from simlab.frontier.curves import FloatArray
from simlab.frontier.quiet import quiet


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


def has_highspy() -> bool:
    """Whether the extra `milp` is installed."""
    return find_spec("highspy") is not None


def new_solver() -> Solver:
    """A solver with nothing in mind yet: highspy's where installed, else scipy's."""
    if has_highspy():
        from simlab.frontier.highs import HighsSolver

        return HighsSolver()
    return ScipySolver()


@dataclass(frozen=True, eq=False)
class Session:
    """The two solvers of a sweep: models that resemble the one before start from what it taught.

    Attributes
    ----------
    linear, whole : Solver
        For relaxations and for mixed-integer programs.
    """

    linear: Solver = field(default_factory=new_solver)
    whole: Solver = field(default_factory=new_solver)


class ScipySolver:
    """`scipy.optimize.milp` and `linprog`; every model is solved from scratch."""

    def solve(self, model: Mixed, time_limit: float) -> Answer:
        """See `Solver`."""
        return self._whole(model, time_limit) if model.whole.any() else self._linear(model, time_limit)

    def _whole(self, model: Mixed, time_limit: float) -> Answer:
        from scipy.optimize import Bounds, LinearConstraint, milp

        with quiet():
            result = milp(
                model.cost,
                integrality=model.whole.astype(np.int64),
                bounds=Bounds(model.least, model.most),
                constraints=LinearConstraint(model.matrix, model.low, model.high),
                options={"mip_rel_gap": 0.0, "time_limit": time_limit, "disp": False},
            )
        dual = getattr(result, "mip_dual_bound", None)
        x = None if result.x is None else np.asarray(result.x)
        status = {0: "optimal", 2: "infeasible"}.get(int(result.status), "bounded")
        return Answer(status, x, -math.inf if dual is None else float(dual))

    def _linear(self, model: Mixed, time_limit: float) -> Answer:
        """Rows are equations, floors or ceilings; no row has two different sides."""
        from scipy.optimize import linprog
        from scipy.sparse import vstack

        equal = model.low == model.high
        floor = ~equal & np.isposinf(model.high)
        ceiling = ~equal & ~floor
        above: Any = vstack([-model.matrix[floor], model.matrix[ceiling]], format="csr")
        limits = np.concatenate([-model.low[floor], model.high[ceiling]])
        minimise: Any = linprog  # the stubs know dense arrays only
        with quiet():
            result = minimise(
                model.cost,
                A_ub=above if limits.size else None,
                b_ub=limits if limits.size else None,
                A_eq=model.matrix[equal] if equal.any() else None,
                b_eq=model.low[equal] if equal.any() else None,
                bounds=np.column_stack([model.least, model.most]),
                method="highs",
                options={"time_limit": time_limit},
            )
        if not result.success:
            return Answer("infeasible" if result.status == 2 else "bounded", None, -math.inf)
        prices = np.zeros(model.low.size)
        if limits.size:
            marginals = np.asarray(result.ineqlin.marginals)
            prices[floor] = -marginals[: int(floor.sum())]
            prices[ceiling] = marginals[int(floor.sum()) :]
        if equal.any():
            prices[equal] = np.asarray(result.eqlin.marginals)
        return Answer("optimal", np.asarray(result.x), float(result.fun), prices)


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
