"""Totals per replication of a run's plans, kept so that finished runs can be compared with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from simlab.api.optimization import Optimization
    from simlab.api.simulation import Simulation
    from simlab.execution import PlanSums
    from simlab.verdict.scores import Scale

FRONTIER = "frontier"
"""Name of the rows that hold the segmented frontier, one plan after the other."""


def optimization_sums(opt: Optimization) -> pd.DataFrame:
    """Kept plans and the segmented frontier on the verdict seed.

    One row per plan: plan, point (of the frontier), sample, and lists over replications: demanded and
    served (units), inventory_value and holding_cost (per year).
    """
    scale = opt.settings.scale(opt.data.study)
    rows = [row for kind in opt.kinds for row in _rows(kind, "verdict", opt.verdict[kind], scale)]
    return pd.DataFrame([*rows, *_rows(FRONTIER, "verdict", opt.verdict["frontier:segmented"], scale)])


def simulation_sums(simulation: Simulation) -> pd.DataFrame:
    """The given plan on the search seed; columns as those of an optimized run."""
    scale = simulation.settings.scale(simulation.data.study)
    return pd.DataFrame(_rows("given", "search", simulation.sums, scale))


def _rows(plan: str, sample: str, sums: PlanSums, scale: Scale) -> list[dict[str, Any]]:
    whole = sums.total()
    return [
        {
            "plan": plan,
            "point": point,
            "sample": sample,
            "demanded": whole.demanded[point, 0],
            "served": whole.served[point, 0],
            "inventory_value": whole.stock_value[point, 0] * scale.value,
            "holding_cost": whole.holding[point, 0] * scale.holding,
        }
        for point in range(whole.n_plans)
    ]
