"""What finance asks of an optimized study, and the tables of it in the run folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api import bounds as bounding
from simlab.api import prices
from simlab.api.capital_segments import capital_by_segment, now_of
from simlab.api.confidence import band_frame
from simlab.api.limits import chance_limits
from simlab.api.lost_margin import lost_margin_statements
from simlab.api.releasing import release_statements, releases_frame
from simlab.api.result_table import Column, Kind, ResultTable
from simlab.api.stock_value import COLUMNS
from simlab.api.stress import stress_statements
from simlab.api.tails import NAMES
from simlab.measures import format_money, format_rate

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from simlab.api.optimization import Optimization
    from simlab.frontier import Plan

_STEP = (
    Column("segment", "segment", Kind.TEXT),
    Column("from_target", "target", Kind.RATE),
    Column("to_target", "to", Kind.RATE),
)


def exchange_rates(opt: Optimization) -> ResultTable:
    """Money per percentage point of service between neighbouring plans."""
    from simlab.api.finance_plots import plot_rates

    service, a_year = opt.accounting.service, "a year" if opt.accounting.yearly else ""
    columns = (
        Column("fill_rate_from", f"{service} from", Kind.RATE),
        Column("fill_rate", "to", Kind.RATE),
        Column("cost_per_point", f"{opt.accounting.objective} per point", Kind.MONEY, a_year),
        Column("cost_per_point_hull", "Lagrangian price", Kind.MONEY, a_year),
        Column("value_per_point", "stock per point", Kind.MONEY),
    )
    note = (
        f"{opt.accounting.objective} of one more percentage point of {service}, plans fixed, "
        "paired on the verdict seed; Lagrangian price: of the hull on the seed that chose, not of a plan"
    )
    return _table(opt, "Exchange rates", prices.rates_frame(opt), note, columns, plot_rates)


def next_euro(opt: Optimization) -> ResultTable:
    """Each segment's best next step up and down."""
    columns = (
        Column("direction", "step", Kind.TEXT),
        *_STEP,
        Column("value_verdict", "stock", Kind.MONEY),
        Column("fill_verdict", opt.accounting.service, Kind.POINTS),
        Column("points_per_1000", "points per 1,000 of stock", Kind.NUMBER),
        Column("keeps_limits", "keeps limits", Kind.TEXT),
    )
    note = (
        "one segment moves, all others stay; changes paired on the verdict seed; "
        f"points per 1,000 {opt.data.study.currency} of stock on the seed that chose, best first"
    )
    return _table(opt, "Next moves", prices.moves_frame(opt), note, columns)


def release(opt: Optimization, amount: float) -> ResultTable:
    """Where an amount of stock comes from at the least loss."""
    found = prices.release_of(opt, amount)
    columns = (
        *_STEP,
        Column("value", "stock", Kind.MONEY),
        Column("cost", opt.accounting.objective, Kind.MONEY, "a year" if opt.accounting.yearly else ""),
        Column("fill", opt.accounting.service, Kind.POINTS),
    )
    note = (
        f"{format_money(amount, opt.data.study.currency)} set free: service falls from "
        f"{format_rate(found.before.fill_rate)} to {format_rate(found.after.fill_rate)} on the search seed"
    )
    return _table(opt, "Release of stock", prices.release_frame(found), note, columns)


def by_segment(opt: Optimization) -> ResultTable:
    """Stock now and proposed, segment by segment."""
    from simlab.api.finance_plots import plot_capital_by_segment

    columns = (
        Column("segment", "segment", Kind.TEXT),
        Column("n_items", "SKU-locations", Kind.COUNT),
        Column("inventory_value_now", "stock now", Kind.MONEY),
        Column("inventory_value", "proposed", Kind.MONEY),
        Column("change", "change", Kind.MONEY),
        Column("fill_rate_now", "fill rate now", Kind.RATE),
        Column("fill_rate", "proposed fill rate", Kind.RATE),
    )
    what = "today's levels" if now_of(opt) == "today" else "the habit, for today's levels are not all known"
    note = (
        f"mean inventory value, {opt.data.study.currency}; now: {what}; both plans on the verdict seed, the "
        "change is paired"
    )
    frame = capital_by_segment(opt)
    return _table(opt, "Capital by segment", frame, note, columns, plot_capital_by_segment)


def _table(
    opt: Optimization,
    title: str,
    frame: pd.DataFrame,
    note: str,
    columns: tuple[Column, ...],
    draw: Callable[[ResultTable], Figure] | None = None,
) -> ResultTable:
    return ResultTable(title, frame, note, columns, opt.data.study.currency, draw)


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
