"""Plans on randomness that did not choose them: every plan of every kind on the same fresh paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

import numpy as np

from simlab import mapped
from simlab.arrays import IntArray
from simlab.execution import (
    ChoiceArray,
    Curves,
    Horizon,
    Keep,
    Levels,
    PlanRequest,
    PlanSums,
    Progress,
    Weights,
    Workers,
    World,
    beside,
    by_family,
    run_plans,
    run_plans_and_items,
    run_redrawn,
)
from simlab.models import Redraws


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
    redraws: Redraws | None = None,
    batch: IntArray | None = None,
    keep: str = "",
    totals: str = "",
    items: dict[str, Curves] | None = None,
) -> dict[str, PlanSums]:
    """Sums of every plan per cell and replication; groups of one family share one simulation.

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
    redraws : Redraws, optional
        One parameter draw per `batch` (r,) of replications, instead of the fitted parameters.
    keep : str
        A kind of one plan whose sums of every item and replication are put into `items`.
    totals : str
        Another whose sums of every item are, over all replications.

    Returns
    -------
    dict
        Kind → `PlanSums` of its plans. All are paired: same items, same streams.
    """
    sums: dict[str, PlanSums] = {}
    for levels, shared in _joined(groups):
        asked = [_request(group, cell) for group in shared]
        how = _How(workers=workers, progress=progress, stage=stage)
        wanted = [group for group in shared if items is not None and group.kind in (keep, totals)]
        if redraws is None or batch is None:
            if items is None or not wanted:
                found = run_plans(world, levels, asked, weights, horizon, **how)
            else:
                own = [Keep(group.choice[:, 0], group.kind == keep) for group in wanted]
                found, kept = run_plans_and_items(world, levels, asked, weights, horizon, own, **how)
                items |= {group.kind: one for group, one in zip(wanted, kept, strict=True)}
        else:
            found = run_redrawn(world, redraws, levels, asked, weights, horizon, batch, **how)
        sums |= {group.kind: part for group, part in zip(shared, found, strict=True)}
    return sums


class _How(TypedDict):
    workers: Workers | None
    progress: Progress | None
    stage: str


def _request(group: PlanGroup, cell: IntArray) -> PlanRequest:
    if group.cell is not None:
        return PlanRequest(group.choice, group.cell, group.n_cells, group.whole)
    if group.whole:
        return PlanRequest(group.choice, cell, int(cell.max()) + 1)
    return PlanRequest(group.choice, np.zeros_like(cell), 1, whole=False)


def _joined(groups: Sequence[PlanGroup]) -> list[tuple[Levels, list[PlanGroup]]]:
    """Groups whose items follow the same family, over one table of levels laid side by side.

    One path serves every column of a family, so that further columns cost next to nothing.
    """
    families = by_family([group.levels for group in groups])
    return [_side_by_side([groups[number] for number in family]) for family in families]


def _moved(choice: ChoiceArray, first: int) -> ChoiceArray:
    """Columns of a table that stands behind others."""
    if first == 0:
        return choice
    moved = mapped.room(choice.shape, np.int16)
    np.add(choice, first, out=moved, casting="unsafe")
    return moved


def _side_by_side(groups: list[PlanGroup]) -> tuple[Levels, list[PlanGroup]]:
    tables: list[Levels] = []
    moved = []
    for group in groups:
        place = next((i for i, table in enumerate(tables) if table is group.levels), len(tables))
        if place == len(tables):
            tables.append(group.levels)
        first = sum(table.n_columns for table in tables[:place])
        moved.append(replace(group, choice=_moved(group.choice, first)))
    return beside(tables), moved
