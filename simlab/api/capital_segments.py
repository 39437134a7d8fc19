"""Capital by segment: what is tied up now and under the plan, paired on fresh randomness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.prices import spread
from simlab.measures import mean_estimate, ratio_estimate
from simlab.models.opening import stock_record

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.optimization import Optimization

ALL = "(all)"


def now_of(opt: Optimization) -> str:
    """The plan that stands for now: today's levels where every SKU-location has them, else the habit."""
    return "today" if "today" in opt.verdict else "habit"


def capital_by_segment(opt: Optimization) -> pd.DataFrame:
    """One row per segment and one for all: mean inventory value now and proposed, and the change.

    Both plans run on the verdict seed, so that the change is paired. ``stock_record`` is today's stock
    as recorded, at unit cost; NaN without a record. All money in the study's currency.
    """
    import pandas as pd

    names, sizes = opt.segmentation.names, opt.segmentation.sizes
    recorded = _recorded(opt)
    rows = [_row(opt, name, [row], int(sizes[row]), recorded[row]) for row, name in enumerate(names)]
    rows.append(_row(opt, ALL, list(range(len(names))), int(sizes.sum()), recorded.sum()))
    return pd.DataFrame(rows)


def _row(opt: Optimization, name: str, cells: list[int], n_items: int, recorded: float) -> dict[str, Any]:
    kind, level = now_of(opt), opt.settings.level
    money = opt.settings.scale(opt.data.study).value
    before, after = ({key: _of(opt, plan, key, cells) for key in _KEYS} for plan in (kind, "segmented"))
    stock = {plan: one["stock_value"] * money for plan, one in (("now", before), ("plan", after))}
    fill = [ratio_estimate(one["served"], one["demanded"], level) for one in (before, after)]
    return {
        "segment": name,
        "n_items": n_items,
        "now": kind,
        "target": opt.target_of("segmented", None if name == ALL else cells[0]),
        **spread("inventory_value_now", mean_estimate(stock["now"], level)),
        **spread("inventory_value", mean_estimate(stock["plan"], level)),
        **spread("change", mean_estimate(stock["plan"] - stock["now"], level)),
        **spread("fill_rate_now", fill[0]),
        **spread("fill_rate", fill[1]),
        "stock_record": recorded,
    }


_KEYS = ("stock_value", "served", "demanded")


def _of(opt: Optimization, plan: str, name: str, cells: list[int]) -> Any:
    return getattr(opt.verdict[plan], name)[0, cells].sum(axis=0)


def _recorded(opt: Optimization) -> Any:
    """(n_segments,) money of today's stock as recorded; NaN without a record."""
    record, n = stock_record(opt.data.catalog), opt.segmentation.n_segments
    if record is None:
        return np.full(n, np.nan)
    costs = opt.data.models.costs
    units = (record.on_hand.clip(0) * costs.unit_cost).astype(np.float64)
    return np.bincount(opt.segmentation.codes, units, minlength=n) * costs.cost_resolution
