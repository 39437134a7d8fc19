"""What finance learns, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.api.data.dead_stock import dead_stock
from simlab.api.finance import prices
from simlab.api.finance.bounds import bounds
from simlab.api.finance.finance import Finance
from simlab.api.finance.floors.prices import price_statements
from simlab.api.finance.prices import _NAMED, SHARES, releases_frame
from simlab.api.finance.stock_value import COLUMNS, lost_margin_statements
from simlab.api.plans.profit import profit_statements
from simlab.api.plans.tails import NAMES
from simlab.api.requirements.refusals import BASE
from simlab.measures import format_money, format_percent, format_rate

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.finance.stress import Stress
    from simlab.api.plans.outcome import Outcome


def release_statements(opt: Outcome, frame: pd.DataFrame) -> tuple[str, ...]:
    """Where a tenth of the plan's stock would come from, and where the frontier has its knee."""
    return (*_release(opt, frame), *_knee(opt))


def _release(opt: Outcome, frame: pd.DataFrame) -> tuple[str, ...]:
    rows = frame[frame["share"] == SHARES[1]]
    if rows.empty:
        none = "No plan of the grid under the study's limits sets"
        return (f"{none} {format_percent(SHARES[1], 0)} of the plan's stock free.",)
    currency, total = opt.data.study.currency, rows.iloc[-1]
    given = rows.iloc[:-1].query("value < 0").head(_NAMED)
    parts = ", ".join(
        f"{row['segment']} {format_money(-row['value'], currency)}" for row in given.to_dict("records")
    )
    points = f"{-100 * float(total['fill']):.2f} points of {opt.accounting.service}"
    return (
        f"Setting {format_percent(SHARES[1], 0)} of the plan's stock free "
        f"({format_money(float(total['amount']), currency)}) costs {points} at least "
        f"(to {format_rate(float(total['service_after']))}, search seed), "
        f"most of it from {parts}.",
    )


def _knee(opt: Outcome) -> tuple[str, ...]:
    points = opt.solved.frontier
    if points.n_points < 3:
        return ()
    knee, currency = prices.knee_of(opt), opt.data.study.currency
    yearly = " a year" if opt.accounting.yearly else ""
    ends = " and ".join(format_rate(float(points.fill_rate[end])) for end in (0, -1))
    return (
        f"The frontier has its knee at {opt.accounting.service} {format_rate(knee.fill_rate)} for "
        f"{format_money(knee.cost_money, currency)}{yearly} ({opt.accounting.objective}): the point farthest "
        f"below the straight line between its ends at {ends}.",
    )


def stress_statements(found: Stress, currency: str, floor: float | None) -> tuple[str, ...]:
    """What scenarios do to the chosen plan, in sentences."""
    own = found.frame[found.frame["plan"] == "segmented"]
    lines = [
        f"Scenario '{row['scenario']}': the chosen plan fills {format_rate(row['fill_rate'])} "
        f"[{format_rate(row['fill_rate_low'])}, {format_rate(row['fill_rate_high'])}] at a holding cost of "
        f"{format_money(row['holding_cost'], currency)} per year."
        for row in own.to_dict("records")
        if row["scenario"] != BASE
    ]
    return (*lines, *(note[:1].upper() + note[1:] + "." for note in found.notes))


def tail_statements(finance: Finance) -> tuple[str, ...]:
    """How high the stock of the plan goes, and what an objective or a ceiling on it became out of sample."""
    opt = finance.outcome
    currency, fresh = opt.data.study.currency, finance.stock_value.of("segmented")
    p95, peak, high = (format_money(fresh[name], currency) for name in COLUMNS)
    found = [
        f"On fresh random demand the plan's stock value stays at or below {p95} in 95% of replications × "
        f"{opt.data.study.period}s; its highest {opt.data.study.period} is {peak} on average over "
        f"replications, at or below {high} in 95% of them."
    ]
    for one in opt.solved.choosing.tails:
        if not np.isfinite(one.at_most):
            continue
        name = NAMES[one.measure][:1].upper() + NAMES[one.measure][1:]
        stands = "keeps within" if fresh[one.measure] <= one.at_most else "exceeds"
        found.append(
            f"{name} {stands} its ceiling of {format_money(one.at_most, currency)} on fresh random demand: "
            f"{format_money(fresh[one.measure], currency)} ({format_money(one.value, currency)} on the seed "
            "that chose)."
        )
    return tuple(found)


def finance_statements(finance: Finance) -> tuple[str, ...]:
    """What finance should know, in sentences."""
    opt = finance.outcome
    currency, found = opt.data.study.currency, []
    yearly = " a year" if opt.accounting.yearly else ""
    for key, which in (("last_point", "last point"), ("next_point", "next point")):
        price = prices.point_prices(opt)[key]
        if np.isfinite(price.value):
            ends = ", ".join(format_money(end, currency) for end in (price.low, price.high))
            where = "below" if key == "last_point" else "above"
            found.append(
                f"The {which} of {opt.accounting.service} {where} the plan costs "
                f"{format_money(price.value, currency)} [{ends}]{yearly} in {opt.accounting.objective}."
            )
    truth = bounds(opt, every_level=False).truth
    if np.isfinite(truth):
        found.append(
            f"The plan exceeds the cheapest plan of segment targets by at most "
            f"{format_money(truth, currency)}{yearly} at its own price of service (upper "
            f"{100 * opt.settings.level:g}% limit from independent batches)."
        )
    rate = opt.data.study.optimize.costs
    if rate is not None and rate.capital_rate is not None:
        money = opt.scores("segmented").inventory_value.scaled(rate.capital_rate)
        found.append(
            f"At {100 * rate.capital_rate:g}% a year the plan's stock costs "
            f"{format_money(money.value, currency)} of capital a year."
        )
    found += price_statements(opt, finance.price_of_floor)
    found += profit_statements(opt)
    found += dead_stock(opt.data).statements(currency)
    found += release_statements(opt, releases_frame(opt))
    found += tail_statements(finance)
    found += lost_margin_statements(opt)
    found += finance.capital.statements()
    if finance.stress is not None:
        found += stress_statements(finance.stress, currency, opt.solved.fill_rate)
    return tuple(found)
