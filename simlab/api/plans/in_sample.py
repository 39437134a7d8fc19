"""The plans compared on the seed that chose them: added up from what the search found, or simulated."""

from __future__ import annotations

import numpy as np

from simlab.api.plans.solved import Solved
from simlab.api.simulator.simulator import Simulator
from simlab.errors import EngineFaultError
from simlab.execution import PlanRequest, PlanSums, Replications
from simlab.verdict.retest import PlanGroup

AGAIN = 1000
"""SKU-locations whose plans are simulated again where the others' are added up."""


def in_sample(
    simulator: Simulator, groups: list[PlanGroup], solved: Solved, kept: Replications | None
) -> dict[str, PlanSums]:
    """Sums of plans of one column each on the search seed, and the guard that they are what was chosen by.

    Raises
    ------
    EngineFaultError
        The chosen plan has other sums than the frontier was built on, or a SKU-location has others when its
        plans are simulated again.
    """
    sums = {} if kept is None else _added_up(simulator, groups, kept)
    others = [group for group in groups if group.kind not in sums]
    if others:
        sums |= simulator.run(others, "search", "in-sample")
    check_same(sums["segmented"], solved)
    return {group.kind: sums[group.kind] for group in groups}


def _added_up(simulator: Simulator, groups: list[PlanGroup], kept: Replications) -> dict[str, PlanSums]:
    """Sums of the plans that the search found all about, and a seeded sample of them simulated again."""
    column = {
        group.kind: kept.column_of(group.levels.columns(group.choice.astype(np.int64))) for group in groups
    }
    known = {kind: own for kind, own in column.items() if own is not None}
    if not known:
        return {}
    cell, settings = simulator.segmentation.codes, simulator.settings
    request = PlanRequest(np.stack(list(known.values()), axis=1), cell, int(cell.max()) + 1)
    again = np.random.default_rng(settings.seed).permutation(cell.size)[:AGAIN]
    found = kept.plans(
        simulator.data.models.world,
        request,
        simulator.accounting.weights,
        settings.horizon("search", simulator.warmup),
        np.sort(again),
    )
    kept.release()
    return {} if found is None else {kind: found.plans(slice(at, at + 1)) for at, kind in enumerate(known)}


def check_same(sums: PlanSums, solved: Solved) -> None:
    """Guard: the chosen plan's sums by replication are those that the frontier was built on."""
    again = (int(sums.cost.sum()), int(sums.stock_value.sum()), int(sums.good.sum()))
    plan = solved.chosen
    value = solved.plain.totals(plan.choice)[1]
    if again != (plan.cost, value, plan.served):
        raise EngineFaultError(
            f"the chosen plan gave {again} when added up again, not {(plan.cost, value, plan.served)}"
        )
