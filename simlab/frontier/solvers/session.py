"""A solver session: highspy if installed, else scipy, behind one protocol."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.frontier.solvers.highs import quiet
from simlab.frontier.solvers.model import Answer

if TYPE_CHECKING:
    from simlab.frontier.solvers.model import Mixed, Solver


def has_highspy() -> bool:
    """Whether the extra `milp` is installed."""
    return find_spec("highspy") is not None


def new_solver() -> Solver:
    """A solver with nothing in mind yet: highspy's where installed, else scipy's."""
    if has_highspy():
        from simlab.frontier.solvers.highs import HighsSolver

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
