"""Why no plan works: a minimal set of conflicting limits and the smallest changes that help."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from simlab.arrays import IntArray
from simlab.errors import enumerated
from simlab.frontier.curves import exact_sum
from simlab.frontier.limits.chance import Chance, search_chance
from simlab.frontier.limits.program import Limit, Program, Solution, solve_program
from simlab.frontier.limits.tail import QuantileOfTotal, Tail
from simlab.frontier.limits.tail_solve import TailLimit, solve_tails
from simlab.frontier.plan import BOUND, NoPlanError
from simlab.measures.shown import Public

MAX_ROUNDS = 20

TOTAL = 6
"""Times the seconds for one question that all questions of an explanation may take."""
AnyLimit: TypeAlias = Limit | Chance | TailLimit


@dataclass(frozen=True, repr=False)
class Relaxation(Public):
    """The least that one limit must give way so that a plan exists, all others kept.

    Attributes
    ----------
    limit : Limit, Chance or TailLimit
        The limit that gives way.
    choice : (n_segments,) int or None
        A plan that meets all others and this one as nearly as possible; None if giving up the
        limit is not enough.
    """

    limit: AnyLimit
    choice: IntArray | None


@dataclass(frozen=True, repr=False)
class Explanation(Public):
    """A minimal conflict: without any one of these limits the others can be met together.

    Attributes
    ----------
    conflict : tuple of Limit, Chance or TailLimit
        The conflicting limits; empty if the pins and the order of targets alone conflict.
    relaxations : tuple of Relaxation
        For each of them, the smallest change that works against all limits.
    further : Explanation or None
        Where no single change is enough: what conflicts even without all of these limits.
    complete : bool
        False where time ran out: the limits conflict, but perhaps not all of them are needed for it,
        and changes that work may not have been found.
    """

    conflict: tuple[AnyLimit, ...]
    relaxations: tuple[Relaxation, ...]
    further: Explanation | None = None
    complete: bool = True

    def __repr__(self) -> str:
        return f"Explanation: {self}"

    def relaxed(self, name: str) -> int | None:
        """New bound of the limit on means with this name in its own sums, None if it cannot help."""
        for way in self.relaxations:
            if way.limit.name == name and way.choice is not None and isinstance(way.limit, Limit):
                return way.limit.total(way.choice)
        return None

    def __str__(self) -> str:
        """The reason in the user's words."""
        if self.ways:
            return f"{self.reason}; what works: {self.ways}"
        return self.reason

    @property
    def ways(self) -> str:
        """The single changes that work, empty where there are none."""
        return " or ".join(
            f"'{way.limit.name}' {_way(way.limit)} to {way.limit.reading(way.choice)}"
            for way in self.relaxations
            if way.choice is not None
        )

    @property
    def reason(self) -> str:
        """What conflicts; where no single change works, that, too."""
        if not self.conflict:
            return "no plan on the grid: the pins and the order of targets contradict each other"
        names = [f"'{limit.name}'" for limit in self.conflict]
        if len(names) == 1:
            head = f"no plan on the grid meets {names[0]}"
        else:
            head = f"no plan on the grid meets {enumerated(names)} together"
        if self.ways:
            return head
        if not self.complete:
            return f"{head}; what would work was not found in time"
        rest = "" if self.further is None else f", for without {_them(names)}, {self.further}"
        return f"{head}; no single change is enough{rest}"


def _them(names: list[str]) -> str:
    return "it" if len(names) == 1 else "them"


def _way(limit: AnyLimit) -> str:
    """Where a limit must move to be easier to keep."""
    floor = isinstance(limit, Chance) or (isinstance(limit, Limit) and limit.at_least is not None)
    return "down" if floor else "up"


def explain(
    program: Program,
    *,
    chances: tuple[Chance, ...] = (),
    tails: tuple[TailLimit, ...] = (),
    time_limit: float = 60.0,
) -> Explanation | None:
    """The reason why a program has no plan; None if it has one (or time ran out before it was known).

    Parameters
    ----------
    program : Program
        Limits on means, bars and orders.
    chances, tails : tuple of Chance, of TailLimit
        Limits on single replications, on quantiles and peaks.
    time_limit : float
        Seconds for each of the questions asked on the way; `TOTAL` times as many for all of them.

    Notes
    -----
    Deletion filter: limits are left out one by one; one that is not needed for the conflict stays
    out. What remains is minimal: each of its limits is needed.

    References
    ----------
    Chinneck (2008), Feasibility and Infeasibility in Optimization, section 6.2.
    """
    return _explain(program, (*program.limits, *chances, *tails), _Clock(time_limit))


@dataclass
class _Clock:
    """Seconds for a question, and whether all of them could be answered."""

    each: float
    complete: bool = True

    def __post_init__(self) -> None:
        self._end = time.monotonic() + TOTAL * self.each

    def seconds(self) -> float:
        """For the next question; 0 when the time for all is over."""
        return max(0.0, min(self.each, self._end - time.monotonic()))


def _explain(program: Program, every: tuple[AnyLimit, ...], clock: _Clock) -> Explanation | None:
    if not _impossible(program, every, clock):
        return None
    conflict = list(every)
    plain = tuple(limit for limit in every if isinstance(limit, Limit))
    if len(plain) < len(every) and _impossible(program, plain, clock):
        conflict = list(plain)
    for limit in tuple(conflict):
        without = [other for other in conflict if other is not limit]
        if _impossible(program, tuple(without), clock):
            conflict = without
    relaxations = tuple(Relaxation(limit, _smallest(program, every, limit, clock)) for limit in conflict)
    further = None
    if conflict and all(way.choice is None for way in relaxations):
        left = tuple(limit for limit in every if not any(limit is one for one in conflict))
        further = _explain(program, left, clock)
    return Explanation(tuple(conflict), relaxations, further, clock.complete)


def chance_ceiling(chance: Chance) -> TailLimit:
    """A floor in a share of the replications as a ceiling on the quantile of what is missing."""
    share = (chance.wanted - 0.5) / chance.n_replications  # of which the next whole number is wanted
    return TailLimit(QuantileOfTotal(-chance.surplus, share, chance.name), 0, chance.name)


def _impossible(program: Program, limits: tuple[AnyLimit, ...], clock: _Clock) -> bool:
    zero = np.zeros(program.cost.shape, dtype=np.int64)
    return _find(replace(program, cost=zero), limits, clock).status == "infeasible"


def _find(
    program: Program, limits: tuple[AnyLimit, ...], clock: _Clock, objective: Tail | None = None
) -> Solution:
    """Least cost of the program (or least tail) under these limits in place of its own."""
    seconds = clock.seconds()
    nothing = Solution(None, "bounded", 0, -math.inf, 0)
    found = nothing if not seconds else _found(program, limits, seconds, objective)
    clock.complete &= found.status != "bounded"
    return found


def _found(
    program: Program, limits: tuple[AnyLimit, ...], seconds: float, objective: Tail | None
) -> Solution:
    chances = tuple(limit for limit in limits if isinstance(limit, Chance))
    tails = tuple(limit for limit in limits if isinstance(limit, TailLimit))
    plain = replace(program, limits=tuple(limit for limit in limits if isinstance(limit, Limit)))
    if not tails and objective is None:
        if chances:
            return search_chance(plain, chances, time_limit=seconds)
        return solve_program(plain, time_limit=seconds)
    every = (*tails, *(chance_ceiling(chance) for chance in chances))
    try:
        found = solve_tails(plain, every, objective=objective, time_limit=seconds)
    except NoPlanError as error:
        return Solution(None, "infeasible" if error.proven else "bounded", 0, -math.inf, 0)
    status = "bounded" if found.certificate == BOUND else "optimal"
    return Solution(found.choice, status, found.value, found.bound, 0)


def _smallest(
    program: Program, every: tuple[AnyLimit, ...], limit: AnyLimit, clock: _Clock
) -> IntArray | None:
    """The plan nearest to the limit under all other limits."""
    others = tuple(other for other in every if other is not limit)
    if isinstance(limit, TailLimit):
        return _find(program, others, clock, limit.tail).choice
    if isinstance(limit, Chance):
        return _most_often(program, others, limit, clock)
    return _nearest(program, others, limit, clock)


def _nearest(program: Program, others: tuple[AnyLimit, ...], limit: Limit, clock: _Clock) -> IntArray | None:
    """The plan nearest to a limit on means.

    A ratio whose whole moves with the targets is maximised by repeated solves (Dinkelbach 1967).
    """
    table = -limit.table if limit.at_least is not None else limit.table
    best = _find(replace(program, cost=table), others, clock).choice
    if best is None or limit.part is None or limit.whole is None:
        return best
    rows = np.arange(best.size)
    for _ in range(MAX_ROUNDS):
        part, whole = (exact_sum(sums[rows, best]) for sums in (limit.part, limit.whole))
        if whole <= 0:
            break
        ahead = limit.whole.astype(object) * part - limit.part.astype(object) * whole
        found = _find(replace(program, cost=ahead), others, clock).choice
        if found is None or sum(int(x) for x in ahead[rows, found]) >= 0:
            break
        best = found
    return best


def _most_often(
    program: Program, others: tuple[AnyLimit, ...], chance: Chance, clock: _Clock
) -> IntArray | None:
    """The plan that holds a chance limit in as many replications as the others allow, by halving."""
    zero = replace(program, cost=np.zeros(program.cost.shape, dtype=np.int64))
    best = _find(zero, others, clock).choice
    if best is None:
        return None
    low, high = int(chance.kept(best[None, :])[0]), chance.wanted
    while high - low > 1:
        middle = (low + high) // 2
        found = _find(zero, (*others, replace(chance, at_least=middle)), clock).choice
        if found is None:
            high = middle
        else:
            best, low = found, int(chance.kept(found[None, :])[0])
    return best
