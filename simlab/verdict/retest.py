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
        ``segmented``, ``uniform``, ``per_sku``, ``habit`` or ``today``.
    levels : Levels
        (n, k) levels the plans choose from.
    choice : (n, p) int16
        Column that each plan gives each item.
    """

    kind: str
    levels: Levels
    choice: ChoiceArray

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
        choice = np.concatenate([group.choice for group in shared], axis=1)
        together = run_plans(
            world,
            shared[0].levels,
            choice,
            cell,
            weights,
            horizon,
            workers=workers,
            progress=progress,
            stage=stage,
        )
        first = 0
        for group in shared:
            sums[group.kind] = together.plans(slice(first, first + group.n_plans))
            first += group.n_plans
    return sums


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
