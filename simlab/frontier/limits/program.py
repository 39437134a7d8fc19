"""Least cost under any number of limits: a mixed-integer program, every answer re-checked exactly.

Solvers accept violations of about 1e-6. A plan that fails the check in integer sums is removed by
a no-good cut that removes proven failures only; a floor is never tightened.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.errors import EngineFaultError, UsageError
from simlab.frontier.curves import Sums, exact_sum
from simlab.frontier.plan import money_up, rate_down
from simlab.frontier.solvers.model import choice_model
from simlab.frontier.solvers.session import Session

ROW_SCALE = 1e5
"""Largest coefficient of a row as the solver sees it; its tolerance of 1e-6 is 1e-11 of that."""
MAX_CUTS = 500


@dataclass(frozen=True, eq=False)
class Limit:
    """A floor or a ceiling on a sum over segments, in whole numbers.

    Attributes
    ----------
    name : str
        The limit in the user's words, for messages: ``fill rate of EAST ≥ 0.960``.
    table : (n_segments, n_targets) int
        What each segment adds at each target.
    at_least, at_most : int or None
        One of the two.
    part, whole : (n_segments, n_targets) int, optional
        The ratio that the table stands for, so that it can be read as a rate.
    unit : Fraction
        Money (or volume) of one unit of the table.
    currency : str
        For reading sums as money.
    of, rate : str and Fraction, optional
        Of a floor on a ratio: what it is on, ``fill rate of EAST``, and the least ratio.
    """

    name: str
    table: Sums
    at_least: int | None = None
    at_most: int | None = None
    part: Sums | None = None
    whole: Sums | None = None
    unit: Fraction = Fraction(1)
    currency: str = ""
    of: str = ""
    rate: Fraction | None = None

    def __post_init__(self) -> None:
        if (self.at_least is None) == (self.at_most is None):
            raise UsageError(f"limit '{self.name}' needs either a floor or a ceiling")

    def total(self, choice: IntArray) -> int:
        """Exact sum of one plan."""
        rows = np.arange(choice.size)
        return sum(int(x) for x in self.table[rows, choice])

    def met(self, choice: IntArray) -> bool:
        """Whether one plan meets it, without any tolerance."""
        total = self.total(choice)
        return total >= self.at_least if self.at_least is not None else total <= int(self.at_most or 0)

    def reading(self, choice: IntArray) -> str:
        """What one plan reaches, in the user's unit, rounded so that the figure suffices as a limit."""
        if self.part is not None and self.whole is not None:
            rows = np.arange(choice.size)
            return rate_down(exact_sum(self.part[rows, choice]), exact_sum(self.whole[rows, choice]))
        return money_up(self.total(choice) * self.unit, self.currency)

    def as_floor(self) -> tuple[Sums, int]:
        """Table and bound of the same limit written as a floor."""
        if self.at_least is not None:
            return self.table, self.at_least
        return -self.table, -int(self.at_most or 0)

    @property
    def constant(self) -> bool:
        """Whether no choice of targets can move the sum."""
        return bool((self.table == self.table[:, :1]).all())


@dataclass(frozen=True, eq=False)
class Program:
    """What to minimise and under which limits.

    Attributes
    ----------
    cost : (n_segments, n_targets) int
        Objective.
    limits : tuple of Limit
        All must hold.
    allowed : (n_segments, n_targets) bool
        Targets that a segment may take (pins, minimum and maximum targets).
    ordered : tuple of (int, int)
        Pairs (a, b): segment a's target number is at least that of b.
    """

    cost: Sums
    limits: tuple[Limit, ...] = ()
    allowed: BoolArray | None = None
    ordered: tuple[tuple[int, int], ...] = ()

    @property
    def mask(self) -> BoolArray:
        """(n_segments, n_targets) targets that may be taken."""
        return np.ones(self.cost.shape, np.bool_) if self.allowed is None else self.allowed

    def total(self, choice: IntArray) -> int:
        """Exact cost of one plan."""
        return sum(int(x) for x in self.cost[np.arange(choice.size), choice])

    def broken(self, choice: IntArray) -> tuple[Limit, ...]:
        """Limits that one plan fails, in exact sums."""
        return tuple(limit for limit in self.limits if not limit.met(choice))

    def shaped(self, choice: IntArray) -> bool:
        """Whether pins, minimum and maximum targets and the order hold."""
        rows = np.arange(choice.size)
        return bool(self.mask[rows, choice].all()) and all(choice[a] >= choice[b] for a, b in self.ordered)


@dataclass(frozen=True, eq=False)
class Solution:
    """Answer of the solver after re-checking.

    Attributes
    ----------
    choice : (n_segments,) int or None
        The plan; None if there is none (or none was found in time).
    status : {"optimal", "infeasible", "bounded", "nearly"}
        Proven best within the solver's tolerance, proven impossible, stopped early, or a rounded plan
        within a stated distance of its bound.
    cost : int
        Exact objective; 0 without a plan.
    bound : float
        Dual bound of the solver on the objective.
    cuts : int
        Answers of the solver that failed the exact check and were cut off.
    exact : bool
        Proven in integers, not by a solver's tolerance.
    """

    choice: IntArray | None
    status: str
    cost: int
    bound: float
    cuts: int
    exact: bool = False

    @property
    def gap(self) -> float:
        """(cost − bound) ÷ cost, not below 0; infinite without a plan."""
        if self.choice is None:
            return math.inf
        return max(0.0, (self.cost - self.bound) / self.cost) if self.cost > 0 else 0.0


@dataclass
class Rows:
    """Rows of the solver's matrix, each Σ coefficient × x ≥ low."""

    coefficients: list[FloatArray] = field(default_factory=list)
    low: list[float] = field(default_factory=list)

    def add(self, coefficients: FloatArray, low: float) -> None:
        self.coefficients.append(coefficients.ravel())
        self.low.append(low)


def solve_program(
    program: Program,
    *,
    time_limit: float = 60.0,
    row_scale: float = ROW_SCALE,
    session: Session | None = None,
) -> Solution:
    """Cheapest plan under all limits, by HiGHS with gap 0 and exact re-check.

    Parameters
    ----------
    program : Program
        Objective and limits.
    time_limit : float
        Seconds per call of the solver.
    row_scale : float
        Largest coefficient of each row as the solver sees it.
    session : Session, optional
        Solvers of a sweep, so that they need not start anew.
    """
    rows, session = matrix_rows(program, row_scale), session or Session()
    for cuts in range(MAX_CUTS):
        choice, bound, status = _milp(program, rows, time_limit, session)
        if choice is None:
            return Solution(None, status, 0, bound, cuts)
        if not program.shaped(choice):
            raise EngineFaultError("the solver broke a pin or an order of targets")
        broken = program.broken(choice)
        if not broken:
            return Solution(choice, status, program.total(choice), bound, cuts)
        for limit in broken:
            rows.add(no_good(limit, choice), 1.0)
    return Solution(None, "bounded", 0, -math.inf, MAX_CUTS)


def no_good(limit: Limit, choice: IntArray) -> FloatArray:
    """Row of the cut Σ ≥ 1: some segment must add more to the limit than in the plan that failed it.

    Removes that plan and those that add no more in any segment; all of them fail the limit.
    """
    table, _ = limit.as_floor()
    own = table[np.arange(choice.size), choice]
    return np.asarray(table > own[:, None], dtype=np.float64)


def matrix_rows(program: Program, row_scale: float) -> Rows:
    """The limits and the order of targets as rows Σ coefficient × x ≥ low, each scaled."""
    rows = Rows()
    n, k = program.cost.shape
    for limit in program.limits:
        table, low = limit.as_floor()
        least = table.min(axis=1)
        shifted = (table - least[:, None]).astype(np.float64)
        scale = row_scale / max(1.0, float(shifted.max()))
        rows.add(shifted * scale, float(low - sum(int(x) for x in least)) * scale)
    for a, b in program.ordered:
        for column in range(k - 1):
            row = np.zeros((n, k))
            row[b, : column + 1], row[a, : column + 1] = 1.0, -1.0
            rows.add(row, 0.0)
    return rows


def _milp(
    program: Program, rows: Rows, time_limit: float, session: Session
) -> tuple[IntArray | None, float, str]:
    """One call of the solver: plan or None, dual bound in units of cost, status."""
    n, k = program.cost.shape
    mask = program.mask
    if not mask.any(axis=1).all():
        return None, math.inf, "infeasible"
    least = np.array([min(row[ok]) for row, ok in zip(program.cost, mask, strict=True)], dtype=object)
    shifted = (program.cost - least[:, None]).astype(np.float64)
    scale = ROW_SCALE / max(1.0, float(shifted[mask].max()))
    model = choice_model(shifted * scale, mask, rows.coefficients, rows.low, whole=True)
    answer = session.whole.solve(model, time_limit)
    bound = sum(int(x) for x in least) + answer.bound / scale
    if answer.x is None:
        return None, bound, "infeasible" if answer.status == "infeasible" else "bounded"
    choice = np.asarray(answer.x.reshape(n, k).argmax(axis=1), dtype=np.int64)
    return choice, bound, answer.status


def indicator(choice: IntArray, n_targets: int) -> FloatArray:
    """(n_segments, n_targets) 1 at the chosen targets, 0 elsewhere."""
    return np.asarray(choice[:, None] == np.arange(n_targets), dtype=np.float64)


def chain(names: Sequence[str], order: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Pairs of segment numbers for targets that must not rise along `order`."""
    unknown = [name for name in order if name not in names]
    if unknown:
        raise UsageError(f"ordered names {unknown[0]!r}, which is no segment of {', '.join(names)}")
    at = [list(names).index(name) for name in order]
    return tuple(itertools.pairwise(at))
