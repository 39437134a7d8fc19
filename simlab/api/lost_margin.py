"""Margin of the units that a plan does not serve at once, in money a year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.api.tables import ALL
from simlab.measures import Estimate, format_estimate, mean_estimate

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.optimization import Optimization


def lost_margin(opt: Optimization, kind: str, sample: str, segment: str | None) -> Estimate | None:
    """Mean over replications of (price − unit cost) × units not served at once, scaled to a year.

    Parameters
    ----------
    kind, sample, segment
        As in `Optimization.scores`.

    Returns
    -------
    Estimate or None
        Study currency a year; None where a SKU-location has no price.
    """
    if opt.accounting.weights.margin is None:
        return None
    sums = (opt.verdict if sample == "verdict" else opt.search)[kind].lost_margin[0]
    rows = sums.sum(axis=0) if segment is None else sums[opt.segmentation.names.index(segment)]
    money = opt.data.models.costs.cost_resolution * opt.data.study.periods_per_year / opt.settings.periods
    return mean_estimate(rows * money, opt.settings.level)


def with_lost_margin(frame: pd.DataFrame, opt: Optimization) -> pd.DataFrame:
    """A table of plans (by sample, and by segment) with lost margin and its interval, where prices are."""
    if opt.accounting.weights.margin is None:
        return frame
    segments = frame["segment"] if "segment" in frame else [ALL] * len(frame)
    found = [
        lost_margin(opt, plan, sample, None if segment == ALL else segment)
        for plan, sample, segment in zip(frame["plan"], frame["sample"], segments, strict=True)
    ]
    known = [(one.value, one.low, one.high) for one in found if one is not None]
    table = np.array(known, dtype=np.float64).reshape(-1, 3)
    return frame.assign(lost_margin=table[:, 0], lost_margin_low=table[:, 1], lost_margin_high=table[:, 2])


def lost_margin_statements(opt: Optimization) -> tuple[str, ...]:
    """What the plan loses, where prices are known."""
    found = lost_margin(opt, "segmented", "verdict", None)
    if found is None:
        return ()
    gone = "lost with them" if opt.data.study.policy.unmet == "lost" else "at risk or late with them"
    text = format_estimate(found, "holding_cost", opt.data.study.currency)
    return (f"Units not served at once carry a margin of {text} a year on the verdict seed ({gone}).",)
