"""Dominance merge: every efficient (cost, served) total over the targets of all segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from simlab.arrays import ChoiceArray, IntArray
from simlab.frontier.curves import INT64_SAFE, Sums, reduced

MAX_CANDIDATES = 60_000_000
"""Candidates that a merge may look at in all before it keeps one point per cost bucket."""
FEWEST_POINTS = 500


@dataclass(frozen=True, eq=False)
class Merged:
    """Efficient totals, ascending in cost and served, and how to obtain them.

    Attributes
    ----------
    choice : (p, n_segments) int16
        Target number of each segment.
    cost, served : (p,) int
        Totals.
    slack : int
        0: exact. Else every efficient plan is matched by a listed one that serves at least as much
        and costs at most `slack` more.
    """

    choice: ChoiceArray
    cost: Sums
    served: Sums
    slack: int


@dataclass(frozen=True, eq=False)
class Stage:
    """Efficient totals of some first (or last) segments and where each came from."""

    cost: Sums
    served: Sums
    parent: npt.NDArray[np.int32]
    column: ChoiceArray


def merge(cost: Sums, served: Sums, *, max_candidates: int = MAX_CANDIDATES) -> Merged:
    """All efficient plans by exact comparison of integer sums, no tolerance.

    Parameters
    ----------
    cost, served : (n_segments, n_targets) int
        To be kept low and to be kept high.
    max_candidates : int
        Work limit; where it would be passed, points are thinned to one per cost bucket and the
        loss is returned as `slack`.

    Notes
    -----
    Of plans with equal cost and served the first found stays, in the order of the segments'
    efficient targets.
    """
    cost, divisor = reduced(cost)
    served, unit = reduced(served)
    limit = _point_limit(cost, max_candidates)
    stages: list[Stage] = []
    slack = 0
    for row in range(cost.shape[0]):
        stage = _join(stages[-1] if stages else None, cost[row], served[row])
        if limit and stage.cost.size > limit:
            stage, width = _thin(stage, limit)
            slack += width - 1
        stages.append(stage)
    last = stages[-1]
    choice = _trace(stages)
    return Merged(choice, _restore(last.cost, divisor), _restore(last.served, unit), slack * divisor)


def _restore(sums: Sums, divisor: int) -> Sums:
    return sums if divisor == 1 else sums.astype(object) * divisor


def _point_limit(cost: Sums, max_candidates: int) -> int:
    """Points kept per stage so that the whole merge stays within its work limit; 0 = no limit."""
    n_segments, n_targets = cost.shape
    per_stage = max_candidates // max(1, (n_segments - 1) * n_targets)
    return max(FEWEST_POINTS, per_stage) if n_segments > 1 else 0


def efficient(cost: Sums, served: Sums) -> npt.NDArray[np.intp]:
    """Numbers of the entries that no other beats, ascending in cost; of equals the first."""
    order = np.argsort(cost, kind="stable")
    s = served[order]
    best = np.maximum.accumulate(s)
    order = order[np.concatenate(([True], np.asarray(s[1:] > best[:-1], dtype=np.bool_)))]
    c = cost[order]
    return np.asarray(order[np.concatenate((np.asarray(c[1:] != c[:-1], dtype=np.bool_), [True]))])


def _join(before: Stage | None, cost: Sums, served: Sums) -> Stage:
    columns = efficient(cost, served)
    if before is None:
        return Stage(
            cost[columns], served[columns], np.zeros(columns.size, np.int32), columns.astype(np.int16)
        )
    n = before.cost.size
    c = (cost[columns][:, None] + before.cost).ravel()  # one ascending run per target: quick to sort
    s = (served[columns][:, None] + before.served).ravel()
    kept = efficient(c, s)
    return Stage(c[kept], s[kept], (kept % n).astype(np.int32), columns[kept // n].astype(np.int16))


def _thin(stage: Stage, limit: int) -> tuple[Stage, int]:
    """At most `limit` points: of each cost bucket the last, which serves most."""
    first, last = int(stage.cost[0]), int(stage.cost[-1])
    width = (last - first) // limit + 1
    bucket = (stage.cost - first) // width
    keep = np.concatenate((np.asarray(bucket[1:] != bucket[:-1], dtype=np.bool_), [True]))
    return Stage(stage.cost[keep], stage.served[keep], stage.parent[keep], stage.column[keep]), width


def _trace(stages: list[Stage]) -> ChoiceArray:
    at: npt.NDArray[Any] = np.arange(stages[-1].cost.size)
    choice = np.empty((at.size, len(stages)), dtype=np.int16)
    for row in range(len(stages) - 1, -1, -1):
        choice[:, row] = stages[row].column[at]
        at = stages[row].parent[at]
    return choice


def proportional(a: Sums, b: Sums) -> bool:
    """Whether two tables differ by one factor, so that a limit on one is a limit on the other."""
    flat_a, flat_b = a.ravel(), b.ravel()
    at = int(np.argmax(flat_b != 0)) if (flat_b != 0).any() else 0
    x, y = int(flat_a[at]), int(flat_b[at])
    if x <= 0 or y <= 0:
        return False
    return bool((flat_a.astype(object) * y == flat_b.astype(object) * x).all())


def fits_int64(*tables: Sums) -> bool:
    """Whether every plan's total of these tables provably fits int64."""
    for table in tables:
        if table.dtype == object:
            return False
        bound = sum(int(x) for x in np.abs(table).max(axis=-1))
        if bound >= INT64_SAFE:
            return False
    return True


def as_int64(table: Sums) -> IntArray | None:
    """The table as int64 after division by its common divisor, None if it cannot be."""
    small, _ = reduced(table)
    return small if fits_int64(small) else None
