"""From today's yearly result to the plan's: fixed steps that add up to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from simlab.api.show import spread
from simlab.arrays import FloatArray
from simlab.measures import mean_estimate

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.plans.outcome import Outcome

PROPOSED = "segmented"
STEPS = {
    "demand_weight": "Margin asked for",
    "levels": "Stock held, at today's holding rate",
    "holding": "Holding rate of what is held",
    "ordering": "Orders placed",
    "late_margin": "Margin late or lost",
}
"""Steps of the bridge, in their order; between the ends ``today`` and ``plan``."""
_ENDS = {"today": "Result a year today", "plan": "Result a year proposed"}


def lost_share(opt: Outcome) -> tuple[float, bool]:
    """Share of late units whose margin counts as lost, and whether the study says it; else all."""
    said = getattr(opt.data.study.optimize.costs, "lost_share", None)
    return (1.0, False) if said is None else (float(said), True)


def bridge_frame(opt: Outcome) -> pd.DataFrame:
    """The `bridge` table: result a year under today's levels, the steps, and under the plan.

    The result is margin asked for − margin late or lost × `lost_share` − holding cost − ordering cost,
    a year, on the verdict seed, both plans on the same demand. ``amount`` has its interval (paired);
    ``cents`` are whole cents of the currency that add up exactly: what rounding leaves goes to the
    largest remainders, there is no row for a residual.

    Holding cost changes with stock and with the rate of what is held: ``levels`` is the change of stock
    at today's mean rate, ``holding`` the change of the mean rate on the plan's stock; together they are
    the whole change, replication by replication. Without prices there is no margin: its steps are 0.
    """
    import pandas as pd

    now, plan = _account(opt, opt.references.now), _account(opt, PROPOSED)
    share, _ = lost_share(opt)
    steps = _steps(now, plan, share)
    ends = {"today": _result(now, share), "plan": _result(plan, share)}
    level = opt.settings.level
    amounts = {"today": ends["today"], **steps, "plan": ends["plan"]}
    means = [float(one.mean()) for one in amounts.values()]
    cents = whole_cents(means)
    rows = [
        {
            "step": name,
            "name": (STEPS | _ENDS)[name],
            **spread("amount", mean_estimate(values, level)),
            "cents": amount,
        }
        for (name, values), amount in zip(amounts.items(), cents, strict=True)
    ]
    return pd.DataFrame(rows).assign(lost_share=share)


def whole_cents(amounts: Sequence[float]) -> list[int]:
    """Whole cents of a first amount, its steps and the last one, such that they add up.

    The ends are rounded; the steps get what lies between by largest remainders (each at most a cent from
    its own value where the steps add up in the reals).
    """
    first, last = round(100 * amounts[0]), round(100 * amounts[-1])
    steps = [100 * amount for amount in amounts[1:-1]]
    floors = [int(np.floor(step)) for step in steps]
    left = last - first - sum(floors)
    order = sorted(range(len(steps)), key=lambda at: (floors[at] - steps[at], at))
    for turn in range(abs(left)):
        at = order[turn % len(order)] if left > 0 else order[-1 - turn % len(order)]
        floors[at] += 1 if left > 0 else -1
    return [first, *floors, last]


def _account(opt: Outcome, kind: str) -> dict[str, FloatArray]:
    """(r,) money a year of a plan by replication; stock is money tied up."""
    sums, scale, study = opt.verdict[kind], opt.settings.scale(opt.data.study), opt.data.study
    coin = study.data.cost_resolution * study.periods_per_year / opt.settings.exposure

    def of(name: str, factor: float) -> FloatArray:
        return np.asarray(getattr(sums, name)[0].sum(axis=0) * factor, dtype=np.float64)

    return {
        "asked": of("asked_margin", coin),
        "late": of("lost_margin", coin),
        "stock": of("stock_value", scale.value),
        "holding": of("holding", scale.holding),
        "ordering": of("ordering", coin / 100),
    }


def _result(account: dict[str, FloatArray], share: float) -> FloatArray:
    return account["asked"] - share * account["late"] - account["holding"] - account["ordering"]


def _steps(now: dict[str, FloatArray], plan: dict[str, FloatArray], share: float) -> dict[str, FloatArray]:
    """(r,) what each step adds to the result."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(now["stock"] > 0, now["holding"] / now["stock"], 0.0)
    levels = rate * (plan["stock"] - now["stock"])
    return {
        "demand_weight": plan["asked"] - now["asked"],
        "levels": -levels,
        "holding": -(plan["holding"] - now["holding"] - levels),
        "ordering": -(plan["ordering"] - now["ordering"]),
        "late_margin": -share * (plan["late"] - now["late"]),
    }
