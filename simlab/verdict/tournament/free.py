"""The best k targets with free assignment, judged beside the schemes: the bound for all of k classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from simlab.arrays import IntArray
from simlab.frontier import NoPlanError, class_frontiers, free_classes
from simlab.segments import Segmentation
from simlab.verdict.tournament.arena import Arena
from simlab.verdict.tournament.entry import Entry

MOST_CLASSES = 9
"""Schemes with more classes are measured against the per-SKU plan alone."""
_POINTS = 48


def enter_free(
    arena: Arena,
    numbers: Iterable[int],
    known: Sequence[tuple[Entry, Segmentation]] = (),
) -> dict[int, Entry]:
    """Number of classes → the best plans with so many targets, chosen on the search seed.

    Parameters
    ----------
    arena : Arena
    numbers : iterable of int
        Those above `MOST_CLASSES` are left out.
    known : sequence of (Entry, Segmentation)
        Schemes whose plans may not be cheaper in the sample than the plan found for their number.

    Notes
    -----
    At every floor the plan is that of `free_classes`, with its certified gap; around the floors those of
    `class_frontiers`, so that the judge can read between them.
    """
    wanted = sorted({k for k in numbers if 1 <= k <= MOST_CLASSES})
    if not wanted:
        return {}
    cost, part, need = arena.item_tables()
    around = class_frontiers(cost, part, wanted, n_points=_POINTS)
    at_floor: dict[int, dict[float, tuple[IntArray, float]]] = {k: {} for k in wanted}
    for fill in arena.fills:
        plans = [entry.asked[fill][one.codes] for entry, one in known if fill in entry.asked]
        try:
            found = free_classes(cost, part, need[fill], wanted, known=plans)
        except NoPlanError:
            continue
        for plan in found:
            at_floor[plan.classes][fill] = (plan.choice, plan.gap)
    return {k: _entry(arena, k, around[k].choice, at_floor[k]) for k in wanted}


def _entry(arena: Arena, k: int, around: IntArray, at_floor: Mapping[float, tuple[IntArray, float]]) -> Entry:
    asked = {fill: number for number, fill in enumerate(at_floor)}
    plans = [choice for choice, _ in at_floor.values()] + [np.asarray(one) for one in around]
    gap = at_floor[arena.fills[0]][1] if arena.fills[0] in at_floor else float("nan")
    return arena.enter_items(f"best {k} targets", plans, asked, n_segments=k, gap=gap)
