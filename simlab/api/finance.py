"""What finance asks of an optimized study, and the tables of it in the run folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api import bounds as bounding
from simlab.api import prices
from simlab.api.capital_segments import capital_by_segment, now_of
from simlab.api.confidence import band_frame
from simlab.api.limits import chance_limits
from simlab.api.lost_margin import lost_margin_statements
from simlab.api.releasing import release_statements, releases_frame
from simlab.api.stock_value import COLUMNS
from simlab.api.stress import stress_statements
from simlab.api.tails import NAMES
from simlab.measures import format_money, format_rate

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.optimization import Optimization
    from simlab.frontier import Plan


def exchange_rates(opt: Optimization) -> prices.FinanceTable:
    """Money per percentage point of service between neighbouring plans."""
    note = (
        f"{opt.accounting.objective} of one more percentage point of {opt.accounting.service}, plans fixed, "
        "paired on the verdict seed; _search: on the seed that chose; _hull: Lagrangian price, not a plan"
    )
    return prices.FinanceTable("Exchange rates", prices.rates_frame(opt), note)


def next_euro(opt: Optimization) -> prices.FinanceTable:
    """Each segment's best next step up and down."""
    note = "one segment moves, all others stay; points_per_1000: percentage points per 1,000 of stock"
    return prices.FinanceTable("Next moves", prices.moves_frame(opt), note)


def release(opt: Optimization, amount: float) -> prices.FinanceTable:
    """Where an amount of stock comes from at the least loss."""
    found = prices.release_of(opt, amount)
    note = (
        f"{format_money(amount, opt.data.study.currency)} set free: service falls from "
        f"{format_rate(found.before.fill_rate)} to {format_rate(found.after.fill_rate)} on the search seed"
    )
    return prices.FinanceTable("Release of stock", prices.release_frame(found), note)


def by_segment(opt: Optimization) -> prices.FinanceTable:
    """Stock now and proposed, segment by segment."""
    what = "today's levels" if now_of(opt) == "today" else "the habit, for today's levels are not all known"
    note = (
        f"mean inventory value, {opt.data.study.currency}; now: {what}; both plans on the verdict seed, the "
        "change is paired"
    )
    return prices.FinanceTable("Capital by segment", capital_by_segment(opt), note)


def bounds(opt: Optimization, *, every_level: bool, headroom: float = 0.0) -> bounding.Bounds:
    """Per-SKU bounds and the split of the gap."""
    return bounding.bounds(opt, every_level=every_level, headroom=headroom)


def knee(opt: Optimization) -> Plan:
    """The knee of the frontier."""
    return prices.knee_of(opt)


def limits_frame(opt: Optimization) -> pd.DataFrame:
    """Every limit besides floor and budget: what the plan reaches, and what no target can move.

    Chance limits carry the share of fresh replications in which the plan misses them.
    """
    import pandas as pd

    choice = opt.chosen.choice
    rows: list[dict[str, Any]] = [
        {
            "kind": "mean",
            "limit": limit.name,
            "reached": limit.reading(choice),
            "met": limit.met(choice),
            "constant": limit.constant,
        }
        for limit in opt.solved.problem.limits
    ]
    if opt.rules.chances:
        sums = [opt.verdict[f"cells:chance{at}"] for at in range(len(opt.rules.chances))]
        fresh = chance_limits(opt.rules, opt.segmentation, sums, opt.settings.periods)
        for chance, seen, kept in zip(
            opt.solved.choosing.chances, fresh, opt.solved.choosing.kept, strict=True
        ):
            missed = seen.violation(choice, opt.settings.level)
            rows.append(
                {
                    "kind": "chance",
                    "limit": chance.name,
                    "reached": f"{kept} of {chance.n_replications} replications",
                    "met": kept >= chance.wanted,
                    "constant": False,
                    **prices.spread("missed_verdict", missed),
                }
            )
    return pd.DataFrame([*rows, *_target_rows(opt), *_tails(opt), *_constants(opt)])


def _target_rows(opt: Optimization) -> list[dict[str, Any]]:
    """Pins and ranges of segments; a pinned one is what no plan can move."""
    allowed, targets = opt.rules.allowed, np.array(opt.targets)
    if allowed is None:
        return []
    found = []
    for row, name in enumerate(opt.segmentation.names):
        if allowed[row].all():
            continue
        left, own = targets[allowed[row]], float(opt.chosen.targets[row])
        pinned = left.size == 1
        text = f"at {left[0]:g}" if pinned else f"between {left[0]:g} and {left[-1]:g}"
        found.append(
            {
                "kind": "target",
                "limit": f"target of {name} {text}",
                "reached": f"{own:g}",
                "met": bool((left == own).any()),
                "constant": pinned,
            }
        )
    return found


def _tails(opt: Optimization) -> list[dict[str, Any]]:
    """Ceilings on P95 and peak of stock value: reached on the search seed, and on fresh replications."""
    bounded = [one for one in opt.solved.choosing.tails if np.isfinite(one.at_most)]
    if not bounded:
        return []
    currency, fresh = opt.data.study.currency, opt.stock_value.of("segmented")
    return [
        {
            "kind": "tail",
            "limit": f"{NAMES[one.measure]} ≤ {format_money(one.at_most, currency)}",
            "reached": format_money(one.value, currency),
            "met": one.value <= one.at_most,
            "constant": False,
            "reached_verdict": fresh[one.measure],
        }
        for one in bounded
    ]


def tail_statements(opt: Optimization) -> tuple[str, ...]:
    """How high the stock of the plan goes, and what an objective or a ceiling on it became out of sample."""
    currency, fresh = opt.data.study.currency, opt.stock_value.of("segmented")
    p95, peak, high = (format_money(fresh[name], currency) for name in COLUMNS)
    found = [
        f"On the verdict seed the plan's stock value stays at or below {p95} in 95 % of replications × "
        f"{opt.data.study.period}s; its highest {opt.data.study.period} is {peak} on average over "
        f"replications, at or below {high} in 95 % of them."
    ]
    for one in opt.solved.choosing.tails:
        if not np.isfinite(one.at_most):
            continue
        name = NAMES[one.measure][:1].upper() + NAMES[one.measure][1:]
        stands = "keeps within" if fresh[one.measure] <= one.at_most else "exceeds"
        found.append(
            f"{name} {stands} its ceiling of {format_money(one.at_most, currency)} on the verdict seed: "
            f"{format_money(fresh[one.measure], currency)} ({format_money(one.value, currency)} on the seed "
            "that chose)."
        )
    return tuple(found)


def _constants(opt: Optimization) -> list[dict[str, Any]]:
    """Flows that are the same at every target: they bind nothing and are reported as they are."""
    curves, study = opt.curves, opt.data.study
    per_year = study.periods_per_year / (opt.settings.periods * opt.settings.replications)
    cost = opt.data.models.costs.unit_cost * opt.data.models.costs.cost_resolution
    found = [
        {
            "kind": "constant",
            "limit": limit.name,
            "reached": limit.reading(opt.chosen.choice),
            "met": limit.met(opt.chosen.choice),
            "constant": True,
        }
        for limit in opt.solved.constants
    ]
    for name, table, weight in (
        ("orders a year", curves.orders, np.ones(cost.size)),
        ("purchases a year", curves.ordered, cost),
    ):
        totals = table.sum(axis=-1)
        if (totals == totals[:, :1]).all():
            amount = float((totals[:, 0] * weight).sum()) * per_year
            reached = f"{amount:,.0f}" if table is curves.orders else format_money(amount, study.currency)
            row = {"kind": "constant", "limit": name, "reached": reached, "met": True, "constant": True}
            found.append(row)
    return found


def finance_frames(opt: Optimization) -> dict[str, pd.DataFrame]:
    """The tables under `results` that finance reads."""
    scenarios = {} if opt.stress is None else {"stress": opt.stress.frame}
    return {
        **scenarios,
        "capital": opt.capital.to_frame(),
        "stock_value": opt.stock_value.to_frame(),
        "capital_by_segment": capital_by_segment(opt),
        "exchange_rates": prices.rates_frame(opt),
        "moves": prices.moves_frame(opt),
        "budget_sweep": prices.sweep_frame(opt),
        "release": releases_frame(opt),
        "band": band_frame(opt),
        "bounds": bounds(opt, every_level=bounding.quick(opt)).to_frame(),
        "limits": limits_frame(opt),
    }


def finance_statements(opt: Optimization) -> tuple[str, ...]:
    """What finance should know, in sentences."""
    currency, found = opt.data.study.currency, []
    rates = prices.rates_frame(opt)
    near = rates[rates["ends_at_chosen"]]
    yearly = " a year" if opt.accounting.yearly else ""
    if len(near) and np.isfinite(near["cost_per_point_low"].iloc[0]):
        row = near.iloc[0]
        found.append(
            f"The last point of {opt.accounting.service} below the plan costs "
            f"{format_money(row['cost_per_point'], currency)} "
            f"[{format_money(row['cost_per_point_low'], currency)}, "
            f"{format_money(row['cost_per_point_high'], currency)}]{yearly} in {opt.accounting.objective}."
        )
    truth = bounds(opt, every_level=False).truth
    if np.isfinite(truth):
        found.append(
            f"The plan exceeds the cheapest plan of segment targets by at most "
            f"{format_money(truth, currency)}{yearly} at its own price of service (upper "
            f"{100 * opt.settings.level:g} % limit from independent batches)."
        )
    rate = opt.data.study.optimize.costs
    if rate is not None and rate.capital_rate is not None:
        money = opt.scores("segmented").inventory_value.scaled(rate.capital_rate)
        found.append(
            f"At {100 * rate.capital_rate:g} % a year the plan's stock costs "
            f"{format_money(money.value, currency)} of capital a year."
        )
    found += release_statements(opt, releases_frame(opt))
    found += tail_statements(opt)
    found += lost_margin_statements(opt)
    found += opt.capital.statements()
    if opt.stress is not None:
        found += stress_statements(opt.stress, currency, opt.solved.fill_rate)
    return tuple(found)
