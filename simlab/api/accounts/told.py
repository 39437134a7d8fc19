"""Who gives and who gets against today, by any column of items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.requirements.grouping import group_by
from simlab.api.show import spread
from simlab.execution import PlanSums
from simlab.measures import ALL, mean_estimate, paired_difference, paired_ratio_difference, ratio_estimate
from simlab.verdict.retest import PlanGroup

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.plans.outcome import Outcome

PROPOSED = "segmented"
OTHERS = "(no entry)"


def told_frame(opt: Outcome) -> pd.DataFrame | None:
    """The `told` table: stock and service of every value of `optimize.told_by`, now and proposed.

    Both plans run on the verdict seed, so that changes are paired: ``inventory_value`` (study currency),
    ``units`` and ``value`` served at once (fractions; changes of them too), ``lost_margin`` (a year; NaN
    without prices), each for ``_now``, the plan, and ``_change`` = plan − now. Largest change of stock
    first, then all. None unless the study asks.
    """
    import pandas as pd

    by = opt.data.study.optimize.told_by
    if by is None:
        return None
    grouping = group_by(opt.data, opt.segmentation, by)
    names = list(grouping.names)
    codes = np.where(grouping.codes < 0, len(names), grouping.codes)
    if (grouping.codes < 0).any():
        names.append(OTHERS)
    now = opt.references.now
    one = np.zeros((codes.size, 1), dtype=np.int16)
    levels = {"now": opt.references.levels[now], "plan": opt.solved.kept[PROPOSED]}
    groups = [
        PlanGroup(f"told:{name}", plan, one, cell=codes.astype(np.int64), n_cells=len(names))
        for name, plan in levels.items()
    ]
    found = opt.simulator.run(groups, "verdict", f"told by {by}")
    before, after = (found[group.kind] for group in groups)
    rows = [_row(opt, name, [at], before, after) for at, name in enumerate(names)]
    rows.sort(key=lambda row: -abs(row["inventory_value_change"]))
    rows.append(_row(opt, ALL, list(range(len(names))), before, after))
    sizes = dict(zip(names, np.bincount(codes, minlength=len(names)).tolist(), strict=True))
    frame = pd.DataFrame(rows)
    frame.insert(1, "n_items", [sizes.get(name, codes.size) for name in frame["group"]])
    return frame.assign(by=by, now=now)


def _row(opt: Outcome, name: str, cells: list[int], before: PlanSums, after: PlanSums) -> dict[str, Any]:
    level, scale = opt.settings.level, opt.settings.scale(opt.data.study)
    study = opt.data.study

    def of(sums: PlanSums, key: str) -> Any:
        return getattr(sums, key)[0, cells].sum(axis=0)

    row: dict[str, Any] = {"group": name}
    money = {"inventory_value": ("stock_value", scale.value)}
    if opt.accounting.weights.margin is not None:
        a_year = study.data.cost_resolution * study.periods_per_year / opt.settings.exposure
        money["lost_margin"] = ("lost_margin", a_year)
    for key, (source, factor) in money.items():
        a, b = of(before, source) * factor, of(after, source) * factor
        row |= spread(f"{key}_now", mean_estimate(a, level)) | spread(key, mean_estimate(b, level))
        row |= spread(f"{key}_change", paired_difference(b, a, level))
    for key, ending in (("units", ""), ("value", "_value")):
        now, plan = ((of(one, f"served{ending}"), of(one, f"demanded{ending}")) for one in (before, after))
        row |= spread(f"{key}_now", ratio_estimate(*now, level)) | spread(key, ratio_estimate(*plan, level))
        row |= spread(f"{key}_change", paired_ratio_difference(*plan, *now, level))
    return row
