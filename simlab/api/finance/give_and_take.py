"""Who gives stock and who gets it, against today: by any column of items."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.requirements.constraints import Grouping, group_by
from simlab.api.show import spread
from simlab.api.simulator.simulator import side_by_side
from simlab.errors import InvalidInputError, Problem, SimlabError
from simlab.execution import PlanSums
from simlab.measures import ALL, mean_estimate, ratio_estimate

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.plans.outcome import Outcome

NONE = "(none)"
"""Group of items whose cell in the column is empty."""


def give_and_take(opt: Outcome, by: str | None = None) -> pd.DataFrame:
    """Stock and service of every group today and under the chosen plan, with the change; largest giver first.

    Parameters
    ----------
    by : str, optional
        A column of items, a scheme, or ``segment``; every entry of `optimize.told_by` if left out.

    Notes
    -----
    Today is the current levels of items in the long run; without them the habit (column ``now``). Both
    plans are simulated once more on the verdict seed, sums kept by group.
    """
    import pandas as pd

    asked = opt.data.study.optimize.told_by if by is None else (by,)
    frames = [_by(opt, name) for name in asked]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _by(opt: Outcome, by: str) -> pd.DataFrame:
    import pandas as pd

    groups = _groups(opt, by)
    codes = np.where(groups.codes < 0, len(groups.names), groups.codes)
    names = [*groups.names, *([NONE] if (groups.codes < 0).any() else [])]
    now = opt.references.now
    levels = {now: opt.references.levels[now], "segmented": opt.solved.kept["segmented"]}
    plans = [replace(one, cell=codes, n_cells=len(names)) for one in _together(levels)]
    sums = opt.simulator.run(plans, "verdict", f"who gives, who gets: {by}")
    rows = [
        _row(opt, by, name, int((codes == cell).sum()), sums, now, np.array([cell]))
        for cell, name in enumerate(names)
    ]
    rows.sort(key=lambda row: row["change"])
    every = np.arange(len(names))
    return pd.DataFrame([*rows, _row(opt, by, ALL, codes.size, sums, now, every)])


def _together(levels: dict[str, Any]) -> list[Any]:
    from simlab.execution import alike

    if alike(*levels.values()):
        return list(side_by_side(levels))
    return [group for name, one in levels.items() for group in side_by_side({name: one})]


def _groups(opt: Outcome, by: str) -> Grouping:
    try:
        return group_by(opt.data, opt.segmentation, by)
    except SimlabError as error:
        fix = "a column of items such as location or supplier, a scheme, or segment"
        message = f"'{by}' is no column of items, no scheme and no segment ({error})"
        raise InvalidInputError(
            [Problem("E-OPT-010", message, opt.data.study.file, column="optimize.told_by", fix=fix)]
        ) from None


def _row(
    opt: Outcome, by: str, name: str, n: int, sums: dict[str, PlanSums], now: str, cells: Any
) -> dict[str, Any]:
    level, scale = opt.settings.level, opt.settings.scale(opt.data.study)
    both = {end: sums[kind].cells(cells).total() for end, kind in (("_now", now), ("", "segmented"))}
    stock = {end: one.stock_value[0, 0] * scale.value for end, one in both.items()}
    row: dict[str, Any] = {"by": by, "group": name, "n_items": n, "now": now}
    for end, one in both.items():
        row[f"inventory_value{end}"] = float(stock[end].mean())
        row[f"service{end}"] = ratio_estimate(one.good[0, 0], one.asked[0, 0], level).value
        row[f"service_value{end}"] = ratio_estimate(
            one.served_value[0, 0], one.demanded_value[0, 0], level
        ).value
    return row | spread("change", mean_estimate(stock[""] - stock["_now"], level))
