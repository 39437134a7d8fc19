"""Plans on randomness that did not choose them: every plan of every kind on the same fresh paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simlab.execution import (
    ChoiceArray,
    Horizon,
    Levels,
    PlanRequest,
    PlanSums,
    Progress,
    Weights,
    Workers,
    World,
    run_plans,
)

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PlanGroup:
    """Plans of one kind: a frontier in ascending holding cost, or one reference point.

    Attributes
    ----------
    kind : str
        ``segmented``, ``uniform``, ``per_sku``, ``habit`` or ``today`` for one plan of that kind;
        ``frontier:segmented`` and so on for many.
    levels : Levels
        (n, k) levels the plans choose from.
    choice : (n, p) int16
        Column that each plan gives each item.
    whole : bool
        Whether every measure is wanted, by segment; else stock and service in total.
    cell : (n,) int64, optional
        Cell of each item where it is not the segment; then sums are kept by cell either way.
    n_cells : int
        Number of these cells.
    """

    kind: str
    levels: Levels
    choice: ChoiceArray
    whole: bool = True
    cell: IntArray | None = None
    n_cells: int = 0

    @property
    def n_plans(self) -> int:
        return int(self.choice.shape[1])


def retest(
    world: World,
    groups: Sequence[PlanGroup],
    cell: IntArray,
    weights: Weights,
    horizon: Horizon,
    *,
    workers: Workers | None = None,
    progress: Progress | None = None,
    stage: str = "verdict",
) -> dict[str, PlanSums]:
    """Sums of every plan per cell and replication; groups that share levels share one simulation.

    Parameters
    ----------
    world : World
        n items.
    groups : sequence of PlanGroup
        What is compared; kinds must differ.
    cell : (n,) int64
        Segment of each item.
    weights : Weights
        Money per unit.
    horizon : Horizon
        With the seed of this phase.

    Returns
    -------
    dict
        Kind → `PlanSums` of its plans. All are paired: same items, same streams.
    """
    sums: dict[str, PlanSums] = {}
    for shared in _by_levels(groups):
        found = run_plans(
            world,
            shared[0].levels,
            [_request(group, cell) for group in shared],
            weights,
            horizon,
            workers=workers,
            progress=progress,
            stage=stage,
        )
        sums |= {group.kind: part for group, part in zip(shared, found, strict=True)}
    return sums


def _request(group: PlanGroup, cell: IntArray) -> PlanRequest:
    if group.cell is not None:
        return PlanRequest(group.choice, group.cell, group.n_cells, group.whole)
    if group.whole:
        return PlanRequest(group.choice, cell, int(cell.max()) + 1)
    return PlanRequest(group.choice, np.zeros_like(cell), 1, whole=False)


def _by_levels(groups: Sequence[PlanGroup]) -> list[list[PlanGroup]]:
    shared: list[list[PlanGroup]] = []
    for group in groups:
        for others in shared:
            if others[0].levels is group.levels:
                others.append(group)
                break
        else:
            shared.append([group])
    return shared
