"""Plans with a quantile or a peak of a total as objective or limit, proven or with their gap."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from simlab.arrays import IntArray
from simlab.frontier.limits.core import solve_exactly
from simlab.frontier.limits.program import ROW_SCALE, Limit, Program, Solution, matrix_rows
from simlab.frontier.limits.tail import Support, Tail
from simlab.frontier.plan import BOUND, EXACT, SOLVER, NoPlanError, money_up
from simlab.frontier.solvers.model import Mixed, one_target_each
from simlab.frontier.solvers.session import Session, new_solver

_START_SHARE = 0.2
_BOUND_SHARE = 0.2
MAX_ROUNDS = 2000


@dataclass(frozen=True, eq=False)
class TailLimit:
    """A ceiling on a quantile or a peak of a total.

    Attributes
    ----------
    tail : Tail
        The measure.
    at_most : int
        The ceiling, in units of the measure.
    name : str
        In the user's words.
    currency : str
        For reading the measure as money.
    """

    tail: Tail
    at_most: int
    name: str
    currency: str = ""

    def met(self, choice: IntArray) -> bool:
        """Whether one plan meets it, in exact sums."""
        return self.tail.value(choice) <= self.at_most

    def reading(self, choice: IntArray) -> str:
        """What one plan reaches, rounded up so that the figure suffices as a limit."""
        return money_up(self.tail.value(choice) * self.tail.unit, self.currency)


@dataclass(frozen=True, eq=False)
class TailSolution:
    """The best plan found, and how far from the best it can be.

    Attributes
    ----------
    choice : (n_segments,) int
        Target number of each segment.
    value : int
        The objective of that plan: the tail's measure, or the additive cost.
    bound : float
        No plan under the same limits has less.
    certificate : {"exact", "solver", "bound"}
        Proven best in integers, within the solver's tolerance, or not proven.
    rounds : int
        Additive problems solved.
    seconds : float
    """

    choice: IntArray
    value: int
    bound: float
    certificate: str
    rounds: int
    seconds: float

    @property
    def gap(self) -> float:
        """Largest possible saving as a fraction of the objective; 0 where proven."""
        if self.certificate != BOUND or self.value == 0:
            return 0.0
        return max(0.0, (self.value - self.bound) / abs(self.value))


@dataclass
class _Search:
    """What is known so far: the best plan, and additive bounds around the plans that were looked at."""

    program: Program
    objective: Tail | None
    limits: tuple[TailLimit, ...]
    best: IntArray | None = None
    value: int = 0
    cuts: list[Limit] = field(default_factory=list)
    supports: list[Support] = field(default_factory=list)
    bound: float = -math.inf

    def of(self, choice: IntArray) -> int:
        """The objective of one plan."""
        return self.program.total(choice) if self.objective is None else self.objective.value(choice)

    def look(self, choice: IntArray) -> bool:
        """Take a plan that meets the additive limits as the best where it is; whether it meets the rest."""
        good = all(limit.met(choice) for limit in self.limits)
        if good and (value := self.of(choice)) < (self.value if self.best is not None else math.inf):
            self.best, self.value = choice, value
        return good

    def learn(self, choice: IntArray) -> None:
        """Additive bounds around a plan that fails a limit, or that could only be bettered."""
        for limit in self.limits:
            if not limit.met(choice):
                self.cuts += [one.below(limit.name, limit.at_most) for one in limit.tail.supports(choice)]
        if self.objective is not None:
            self.supports += self.objective.supports(choice)

    def relaxed(self) -> Program:
        """The additive problem that every plan better than the best meets."""
        better: list[Limit] = []
        if self.objective is not None and self.best is not None:
            better = [one.below("better than the best", self.value - 1) for one in self.supports]
        return replace(self.program, limits=(*self.program.limits, *self.cuts, *better))


def solve_tails(
    program: Program,
    limits: tuple[TailLimit, ...] = (),
    *,
    objective: Tail | None = None,
    starts: npt.NDArray[Any] | None = None,
    time_limit: float = 60.0,
) -> TailSolution:
    """Least cost, or least quantile or peak of a total, under additive limits and limits on tails.

    Parameters
    ----------
    program : Program
        Additive cost and limits; the cost decides which plans are looked at first where `objective`
        is given.
    limits : tuple of TailLimit
        Ceilings on quantiles and peaks.
    objective : Tail, optional
        What is made small; the program's cost if left out.
    starts : (p, n_segments) int, optional
        Plans to be tried first, in ascending cost.
    time_limit : float
        Seconds in all. When they are over, the best plan is returned with bound and gap.

    Raises
    ------
    NoPlanError
        No plan meets the limits, or none was found in time.

    Notes
    -----
    Outer approximation (Duran and Grossmann 1986): the additive relaxation is solved exactly, its plan
    is measured exactly, and additive lower bounds around it (`Tail.supports`) join the relaxation; the
    first of them removes the plan itself. No plan is removed that would be better than the best known.
    """
    started, session = time.monotonic(), Session()

    def left(share: float = 1.0) -> float:
        return share * time_limit - (time.monotonic() - started)

    search = _Search(program, objective, limits)
    _try_starts(search, starts, lambda: left(_START_SHARE) > 0)
    rounds, status, exact = 0, "bounded", False
    kept_back = _BOUND_SHARE if objective is not None else 0.0
    while rounds < MAX_ROUNDS and left(1.0 - kept_back) > 0:
        found = solve_exactly(search.relaxed(), time_limit=max(0.1, left(1.0 - kept_back)), session=session)
        rounds += 1
        if found.choice is None:
            status = found.status
            break
        if _settled(search, found):
            status, exact = found.status, found.exact
            break
    return _answer(search, rounds, status, exact, time.monotonic() - started, max(0.1, left()))


def _settled(search: _Search, found: Solution) -> bool:
    """Look at the relaxation's plan; whether it is the answer (an additive cost, all limits met)."""
    assert found.choice is not None
    good = search.look(found.choice)
    if search.objective is None:
        search.bound = max(search.bound, float(found.bound))
        if good:
            return True
    search.learn(found.choice)
    return False


def _try_starts(search: _Search, starts: npt.NDArray[Any] | None, going: Any) -> None:
    for choice in () if starts is None else starts.astype(np.int64):
        if search.best is not None and not going():
            return
        if search.program.shaped(choice) and not search.program.broken(choice):
            before = search.best
            search.look(choice)
            if before is not None and search.best is before:  # starts ascend in cost: no better one follows
                return


def _answer(
    search: _Search, rounds: int, status: str, exact: bool, seconds: float, left: float
) -> TailSolution:
    of_tails, of_sums = ([one.name for one in found] for found in (search.limits, search.program.limits))
    names = " and ".join(f"'{name}'" for name in (*of_tails, *of_sums))
    if search.best is None:
        reason = "no plan on the grid meets" if status == "infeasible" else "no plan was found in time for"
        message = f"{reason} {names or 'the limits'}"
        raise NoPlanError(message, None, math.nan, proven=status == "infeasible")
    value = search.value
    if status in ("optimal", "infeasible"):
        label = EXACT if exact else SOLVER
        return TailSolution(search.best, value, float(value), label, rounds, seconds)
    bound = search.bound if search.objective is None else _epigraph(search, left)
    return TailSolution(search.best, value, min(bound, float(value)), BOUND, rounds, seconds)


def _epigraph(search: _Search, time_limit: float) -> float:
    """Dual bound on the tail: least θ with times × θ ≥ constant + Σ table for every support."""
    from scipy.sparse import csr_array, hstack, vstack

    if not search.supports and search.objective is not None and search.best is not None:
        search.supports += search.objective.supports(search.best)
    program = replace(search.program, limits=(*search.program.limits, *search.cuts))
    n, k = program.cost.shape
    scale = max(1.0, float(abs(search.value))) / ROW_SCALE
    table = matrix_rows(program, ROW_SCALE)
    matrices = [hstack([one_target_each(n, k), csr_array((n, 1))], format="csr")]
    if table.low:
        wide = np.column_stack([np.vstack(table.coefficients), np.zeros(len(table.low))])
        matrices.append(csr_array(wide))
    own = np.array([one.table.ravel() / one.times / scale for one in search.supports])
    constant = np.array([one.constant / one.times / scale for one in search.supports])
    matrices.append(csr_array(np.column_stack([-own, np.ones(constant.size)])))
    free = len(table.low) + constant.size
    model = Mixed(
        cost=np.append(np.zeros(n * k), 1.0),
        matrix=vstack(matrices, format="csr"),
        low=np.concatenate([np.ones(n), np.array(table.low), constant]),
        high=np.concatenate([np.ones(n), np.full(free, np.inf)]),
        least=np.append(np.zeros(n * k), -np.inf),
        most=np.append(program.mask.ravel().astype(np.float64), np.inf),
        whole=np.append(np.ones(n * k, dtype=np.bool_), np.False_),
    )
    bound = new_solver().solve(model, max(0.1, time_limit)).bound
    return float(Fraction(bound) * Fraction(scale)) if math.isfinite(bound) else -math.inf
