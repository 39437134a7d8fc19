"""The cheapest plan by segment that serves at least what today serves: real levels, nothing interpolated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from simlab.api.plans.solved import Solved
from simlab.api.simulator.simulator import SEGMENTS, References, Simulator, one_column, side_by_side
from simlab.errors import InfeasibleError
from simlab.execution import PlanSums
from simlab.frontier import SegmentCurves, restrict, solve
from simlab.frontier.curves import INT64_SAFE, Sums

SAME_SERVICE = "same_service"
_FRONTIER = "frontier:segmented"
_NONE = "no plan by segment on the grid serves what today serves; the column 'same service' stays empty"
_SHOWN = (
    "the column 'same service' is the cheapest of the plans shown, not of the whole grid: "
    "there are too many segments × targets"
)


def with_same_service(
    run: Simulator, solved: Solved, compared: References, targets: tuple[float, ...]
) -> References:
    """The plans compared, and among them the cheapest one that serves at least what today serves.

    Both are read on the selection seed, which chose neither, in the service that the study counts. The
    study's limits on means, pins and order hold; those on single replications and on P95 or peak do not.
    Where segments × targets × replications are too many to be kept, it is fewer replications, the same for
    both.
    """
    known, replications = solved.choosing.selection or {}, run.settings.verdict_replications
    groups = side_by_side({compared.now: compared.levels[compared.now]})
    if not known:
        replications = run.fitting_replications(run.settings.replications)
        frontiers = [group for group in solved.frontiers if group.kind == _FRONTIER]
        groups = (*groups, *(run.segment_cells(replications) or frontiers))
    sums = known  # of the same seed, where floors were judged
    if compared.now not in known:
        sums = known | run.run(list(groups), "selection", "same service", replications)
    served = int(sums[compared.now].good.sum(dtype=object))
    try:
        if SEGMENTS in sums:
            choice = _on_the_grid(run, solved, sums[SEGMENTS], served)
        else:
            choice = _on_the_frontier(solved, sums[_FRONTIER], served)
    except InfeasibleError:
        return replace(compared, notes=(*compared.notes, _NONE))
    column = run.rules.choice_of_items(run.segmentation, choice)
    levels = {**compared.levels, SAME_SERVICE: one_column(run.planned.levels, column)}
    asked = {**compared.targets, SAME_SERVICE: np.array(targets)[column]}
    notes = compared.notes if SEGMENTS in sums else (*compared.notes, _SHOWN)
    return replace(compared, levels=levels, targets=asked, notes=notes)


def _on_the_grid(run: Simulator, solved: Solved, cells: PlanSums, served: int) -> npt.NDArray[np.int64]:
    """(n_segments,) the cheapest choice of all on the grid, exactly."""
    curves = _curves(run, solved, cells)
    need = served / max(1, curves.total_demanded)
    if solved.problem.limits or solved.problem.ordered:
        return replace(solved.problem, curves=curves).at(fill_rate=need).choice
    return solve(curves).at(fill_rate=need).choice


def _curves(run: Simulator, solved: Solved, cells: PlanSums) -> SegmentCurves:
    """Sums of every target in every segment on the selection seed."""
    tables = (_added(table).T for table in (cells.cost, cells.stock_value, cells.good))
    cost, value, good = (np.ascontiguousarray(table) for table in tables)
    curves = replace(
        solved.problem.curves,
        cost=cost,
        value=value,
        served=good,
        demanded=_added(cells.asked)[0],
        columns=None,
    )
    return curves if run.rules.allowed is None else restrict(curves, run.rules.allowed)


def _added(table: npt.NDArray[np.int64]) -> Sums:
    """Sums over replications: int64 where every total surely fits, else Python integers."""
    most = int(np.abs(table).max(initial=0)) * table.shape[1] * table.shape[2]
    added: Sums = table.sum(axis=2) if most < INT64_SAFE else table.sum(axis=2, dtype=object)
    return added


def _on_the_frontier(solved: Solved, sums: PlanSums, served: int) -> npt.NDArray[np.int64]:
    """(n_segments,) the cheapest of the plans shown: where cells × targets are too many to be kept."""
    cost, good = (table.sum(axis=(1, 2), dtype=object) for table in (sums.cost, sums.good))
    able = [at for at in range(len(cost)) if good[at] >= served]
    if not able:
        raise InfeasibleError(_NONE)
    best = min(able, key=lambda at: (cost[at], -good[at]))
    return np.asarray(solved.shown.choice[best], dtype=np.int64)
