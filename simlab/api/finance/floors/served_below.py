"""Segments that the plan serves below `optimize.warn_below`, and what lifting each would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.measures import format_money, format_rate, ratio_interval

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.plans.outcome import Outcome

_COLUMNS = ("segment", "n_items", "target", "service", "service_low", "service_high", "to_target", "cost")
_SHOWN = 4


def served_below(opt: Outcome) -> pd.DataFrame:
    """One row per segment of the chosen plan below the limit, the lowest first.

    ``service`` is that of the verdict seed in the weight that decides; ``to_target`` the cheapest target of
    the grid that serves the limit on the search seed (NaN: none does), ``cost`` what it costs more, in money
    of the objective (a year).
    """
    import pandas as pd

    limit = opt.data.study.optimize.warn_below
    sums = opt.verdict["segmented"]
    found = ratio_interval(sums.good[0], sums.asked[0], opt.settings.level)
    rows = [
        {
            "segment": opt.segmentation.names[at],
            "n_items": int(opt.segmentation.sizes[at]),
            "target": opt.target_of("segmented", int(at)),
            "service": found.value[at],
            "service_low": found.low[at],
            "service_high": found.high[at],
            **_lifted(opt, int(at), limit),
        }
        for at in np.flatnonzero(found.value < limit)
    ]
    return pd.DataFrame(rows, columns=list(_COLUMNS)).sort_values("service", kind="stable")


def _lifted(opt: Outcome, at: int, limit: float) -> dict[str, Any]:
    """The cheapest target of a segment that serves the limit, and what it costs more."""
    curves, now = opt.solved.problem.curves, int(opt.chosen.choice[at])
    able = curves.served[at] >= limit * float(curves.demanded[at])
    if curves.columns is not None:
        able &= curves.columns[at] == np.arange(curves.n_targets)
    places = np.flatnonzero(able)
    if not places.size:
        return {"to_target": np.nan, "cost": np.nan}
    to = int(places[np.argmin(curves.cost[at][places])])
    more = int(curves.cost[at][to]) - int(curves.cost[at][now])
    return {"to_target": float(curves.targets[to]), "cost": float(max(0, more) * curves.cost_unit)}


def served_below_statements(opt: Outcome, frame: pd.DataFrame) -> tuple[str, ...]:
    """Which segments are served below the limit, and the price of lifting each."""
    if frame.empty:
        return ()
    limit, currency = opt.data.study.optimize.warn_below, opt.data.study.currency
    yearly = " a year" if opt.accounting.yearly else ""
    parts = []
    for row in frame.head(_SHOWN).to_dict("records"):
        price = "no target of the grid lifts it"
        if np.isfinite(row["cost"]):
            price = f"{format_money(row['cost'], currency)}{yearly} more lifts it"
        parts.append(f"{row['segment']} {format_rate(row['service'])} ({price})")
    more = f" and {len(frame) - _SHOWN} more" if len(frame) > _SHOWN else ""
    return (
        f"Served below {format_rate(limit)} ({opt.accounting.service}): {'; '.join(parts)}{more} "
        "(optimize.warn_below).",
    )
