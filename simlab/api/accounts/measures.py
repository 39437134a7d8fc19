"""Working capital and margin of every compared plan and segment, on the verdict seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.show import Column, Kind, ResultTable
from simlab.arrays import FloatArray, sum_of
from simlab.measures import ALL, mean_interval, ratio_interval

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.plans.outcome import Outcome
    from simlab.execution import PlanSums

DAYS = 365
"""Days of a year."""

_SHOWN = (
    Column("plan", "plan", Kind.TEXT),
    Column("segment", "segment", Kind.TEXT),
    Column("inventory_value", "stock", Kind.MONEY),
    Column("days_of_supply", "days of supply", Kind.NUMBER),
    Column("turns", "turns a year", Kind.NUMBER),
    Column("gross_margin", "gross margin", Kind.MONEY, "a year"),
    Column("gmroi", "GMROI", Kind.NUMBER),
    Column("capital_charge", "capital charge", Kind.MONEY, "a year"),
    Column("ordering_cost", "ordering", Kind.MONEY, "a year"),
)


def capital_rate(opt: Outcome) -> tuple[float, bool]:
    """Yearly rate of the capital charge, and whether the study says it.

    Without `optimize.costs.capital_rate` the mean holding rate, weighted by annual demand at unit cost.
    """
    said = opt.data.study.optimize.costs
    if said is not None and said.capital_rate is not None:
        return float(said.capital_rate), True
    models = opt.data.models
    weight = np.nan_to_num(models.annual_value)
    if weight.sum() <= 0:
        weight = np.ones_like(weight)
    return sum_of(models.costs.holding_rate * weight) / sum_of(weight), False


def accounts_frame(opt: Outcome) -> pd.DataFrame:
    """The `accounts` table.

    One row per kept plan × segment (and all), each measure with its interval on the verdict seed.
    Money in the study's currency; cost of sales, sales and margins are of units that customers get (at
    once or after waiting) and a year of 365 days:

    - ``days_of_supply`` = 365 × stock ÷ cost of sales; ``turns`` = cost of sales ÷ stock.
    - ``gross_margin`` = sales − cost of sales; ``gmroi`` = gross margin ÷ stock (a ratio, no proportion).
    - ``capital_charge`` = stock × `optimize.costs.capital_rate`, else the mean holding rate.
    - ``ordering_cost``: orders × their cost, NaN where nobody says any.
    - ``lost_margin``: margin of units not served at once.
    """
    import pandas as pd

    frames = [_of_plan(opt, kind) for kind in opt.kinds]
    return pd.concat(frames, ignore_index=True)


def accounts(opt: Outcome) -> ResultTable:
    """The table of the whole plans, for people."""
    rate, said = capital_rate(opt)
    what = "optimize.costs.capital_rate" if said else "the mean holding rate (no capital_rate is said)"
    frame = accounts_frame(opt)
    note = (
        "long run, fresh random demand; days of supply: 365 × stock ÷ cost of sales; GMROI: gross margin ÷ "
        f"stock; capital charge at {rate:.3g} a year, {what}"
    )
    return ResultTable("Accounts", frame[frame["segment"] == ALL], note, _SHOWN, opt.data.study.currency)


def _of_plan(opt: Outcome, kind: str) -> pd.DataFrame:
    import pandas as pd

    sums = opt.verdict[kind]
    names = [*opt.segmentation.names, ALL]
    sizes = [*opt.segmentation.sizes.tolist(), int(opt.segmentation.sizes.sum())]
    measured = _measures(opt, sums)
    columns: dict[str, Any] = {"plan": kind, "segment": names, "n_items": sizes}
    for name, (part, whole) in measured.items():
        if whole is None:
            found = mean_interval(part, opt.settings.level)
        else:
            found = ratio_interval(part, whole, opt.settings.level, proportion=False)
        columns |= {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
    return pd.DataFrame(columns)


def _measures(opt: Outcome, sums: PlanSums) -> dict[str, tuple[FloatArray, FloatArray | None]]:
    """(c + 1, r) amounts, or ratios of two, of every segment and of all together."""
    scale, study = opt.settings.scale(opt.data.study), opt.data.study
    a_year = study.periods_per_year / opt.settings.exposure
    coin = study.data.cost_resolution * a_year

    def of(name: str, factor: float) -> FloatArray:
        table = getattr(sums, name)[0]
        return np.vstack([table, table.sum(axis=0, keepdims=True)]) * factor

    stock, sold = of("stock_value", scale.value), of("delivered_value", coin)
    found: dict[str, tuple[FloatArray, FloatArray | None]] = {
        "inventory_value": (stock, None),
        "cost_of_sales": (sold, None),
        "days_of_supply": (DAYS * stock, sold),
        "turns": (sold, stock),
        "holding_cost": (of("holding", scale.holding), None),
        "capital_charge": (stock * capital_rate(opt)[0], None),
    }
    weights = opt.accounting.weights
    if weights.margin is not None:
        margin = of("delivered_margin", coin)
        found |= {
            "sales": (sold + margin, None),
            "gross_margin": (margin, None),
            "gmroi": (margin, stock),
            "lost_margin": (of("lost_margin", coin), None),
        }
    if weights.order is not None:
        found["ordering_cost"] = (of("ordering", coin / 100), None)
    return found
