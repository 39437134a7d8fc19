"""How sure the frontier is: band over all plans, ties, optimism, and distance from the true optimum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.api.accounts import counted_scale
from simlab.api.cells import SEGMENTS
from simlab.frontier import hull_price, simultaneous_band, statistical_gap, tie_groups
from simlab.measures import Estimate

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.optimization import Optimization

_BATCHES = 20


def band_frame(opt: Optimization) -> pd.DataFrame:
    """One row per plan shown: fresh service and cost with bands that hold for all plans at once.

    Plans are fixed, all replications of the verdict are used. `tie_group`: plans of one group cannot
    be told apart in service from its first. `optimism`: service on the seed that chose minus fresh.
    """
    import pandas as pd

    shown, sums = opt.solved.shown, opt.verdict["frontier:segmented"]
    level, seed = opt.settings.level, opt.settings.seed
    good, asked, cost = sums.good[:, 0], sums.asked[0, 0], sums.cost[:, 0]
    service = simultaneous_band(good, asked, level, seed=seed)
    money = counted_scale(opt.settings.scale(opt.data.study), opt.accounting).holding
    costs = simultaneous_band(cost, np.ones(cost.shape[1]), level, seed=seed)
    return pd.DataFrame(
        {
            "point": np.arange(shown.n_points),
            "fill_rate": service.value,
            "fill_rate_low": np.clip(service.low, 0.0, 1.0),
            "fill_rate_high": np.clip(service.high, 0.0, 1.0),
            "objective": costs.value * money,
            "inventory_value": sums.stock_value[:, 0].mean(axis=1) * opt.settings.scale(opt.data.study).value,
            "objective_low": costs.low * money,
            "objective_high": costs.high * money,
            "tie_group": tie_groups(good, asked, level, seed=seed),
            "optimism": shown.fill_rate - service.value,
            "factor": service.factor,
            "replications": cost.shape[1],
            "note": service.note,
        }
    )


def gap_to_truth(opt: Optimization) -> Estimate | None:
    """Money by which the chosen plan may exceed the true optimum at its price of service; one-sided.

    From independent batches of the verdict seed (Mak, Morton, Wood 1999). None where the sums of every
    segment and target were too many to keep.
    """
    cells = opt.verdict.get(SEGMENTS)
    if cells is None:
        return None
    curves, plan = opt.solved.problem.curves, opt.chosen
    point = 0.01 * curves.total_demanded * float(curves.cost_unit)
    price = float(hull_price(curves, np.array([float(plan.served)]))[0]) / point
    n = min(_BATCHES, cells.n_replications)
    firsts = np.arange(n) * cells.n_replications // n
    tables = []
    for table in (cells.cost, cells.good):
        batches = np.add.reduceat(table, firsts, axis=2).transpose(1, 0, 2)
        if curves.columns is not None:
            batches = np.take_along_axis(batches, curves.columns[:, :, None], axis=1)
        tables.append(batches)
    if not np.isfinite(price):
        return None
    scale = counted_scale(opt.settings.scale(opt.data.study), opt.accounting)
    found = statistical_gap(tables[0], tables[1], plan.choice, price, opt.settings.level)
    return found.scaled(scale.holding * n / cells.n_replications)
