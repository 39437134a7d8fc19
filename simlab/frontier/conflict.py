"""Why no plan works: a minimal set of conflicting limits and the smallest changes that help."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simlab.frontier.curves import exact_sum
from simlab.frontier.program import ChoiceArray, Limit, Program, solve_program

MAX_ROUNDS = 20


@dataclass(frozen=True)
class Relaxation:
    """The least that one limit must give way so that a plan exists, all others kept.

    Attributes
    ----------
    limit : Limit
        The limit that gives way.
    choice : (n_segments,) int or None
        A plan that meets all others and this one as nearly as possible; None if giving up the
        limit is not enough.
    """

    limit: Limit
    choice: ChoiceArray | None


@dataclass(frozen=True)
class Explanation:
    """A minimal conflict: without any one of these limits the others can be met together.

    Attributes
    ----------
    conflict : tuple of Limit
        The conflicting limits; empty if the pins and the order of targets alone conflict.
    relaxations : tuple of Relaxation
        For each of them, the smallest change that works against all limits.
    """

    conflict: tuple[Limit, ...]
    relaxations: tuple[Relaxation, ...]

    def relaxed(self, name: str) -> int | None:
        """New bound of the limit with this name in its own sums, None if it cannot help."""
        for way in self.relaxations:
            if way.limit.name == name and way.choice is not None:
                return way.limit.total(way.choice)
        return None

    def __str__(self) -> str:
        """The reason in the user's words."""
        if not self.conflict:
            return "no plan on the grid: the pins and the order of targets contradict each other"
        names = [f"'{limit.name}'" for limit in self.conflict]
        if len(names) == 1:
            head = f"no plan on the grid meets {names[0]}"
        else:
            head = f"no plan on the grid meets {', '.join(names[:-1])} and {names[-1]} together"
        ways = [
            f"'{way.limit.name}' {'down' if way.limit.at_least is not None else 'up'} to "
            f"{way.limit.reading(way.choice)}"
            for way in self.relaxations
            if way.choice is not None
        ]
        return f"{head}; what works: {' or '.join(ways)}" if ways else f"{head}; no single change is enough"


def explain(program: Program, *, time_limit: float = 60.0) -> Explanation | None:
    """The reason why a program has no plan; None if it has one (or time ran out before it was known).

    Notes
    -----
    Deletion filter: limits are left out one by one; one that is not needed for the conflict stays
    out. What remains is minimal: each of its limits is needed.

    References
    ----------
    Chinneck (2008), Feasibility and Infeasibility in Optimization, section 6.2.
    """
    if not _impossible(program, program.limits, time_limit):
        return None
    conflict = list(program.limits)
    for limit in program.limits:
        without = [other for other in conflict if other is not limit]
        if _impossible(program, tuple(without), time_limit):
            conflict = without
    relaxations = tuple(Relaxation(limit, _smallest(program, limit, time_limit)) for limit in conflict)
    return Explanation(tuple(conflict), relaxations)


def _impossible(program: Program, limits: tuple[Limit, ...], time_limit: float) -> bool:
    zero = np.zeros(program.cost.shape, dtype=np.int64)
    found = solve_program(replace(program, cost=zero, limits=limits), time_limit=time_limit)
    return found.status == "infeasible"


def _smallest(program: Program, limit: Limit, time_limit: float) -> ChoiceArray | None:
    """The plan nearest to the limit under all other limits.

    A ratio whose whole moves with the targets is maximised by repeated solves (Dinkelbach 1967).
    """
    others = replace(program, limits=tuple(other for other in program.limits if other is not limit))
    table = -limit.table if limit.at_least is not None else limit.table
    best = solve_program(replace(others, cost=table), time_limit=time_limit).choice
    if best is None or limit.part is None or limit.whole is None:
        return best
    rows = np.arange(best.size)
    for _ in range(MAX_ROUNDS):
        part, whole = (exact_sum(sums[rows, best]) for sums in (limit.part, limit.whole))
        if whole <= 0:
            break
        ahead = limit.whole.astype(object) * part - limit.part.astype(object) * whole
        found = solve_program(replace(others, cost=ahead), time_limit=time_limit).choice
        if found is None or sum(int(x) for x in ahead[rows, found]) >= 0:
            break
        best = found
    return best
