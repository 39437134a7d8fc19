"""The verdict as statements: headline, comparisons at equal service, floor and budget, what to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.api.decision.advice import advice
from simlab.api.decision.decision import Decision
from simlab.api.decision.headline import Pair, Replay, headline, noun
from simlab.api.requirements.accounting import counted_scale
from simlab.measures import PLAN_NAMES, Estimate, format_estimate, format_money, format_rate
from simlab.measures.decision import short_money, short_rate
from simlab.run.statements import Statement

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.plans.outcome import Outcome
    from simlab.verdict.compare import Comparison


def verdict_statements(
    opt: Outcome, decision: Decision, pairs: Sequence[Pair], replay: Replay | None
) -> tuple[Statement, ...]:
    """Headline, whether the plan is recommended, then the comparisons, the worst first."""
    spends = opt.comparisons[0].spends if opt.comparisons else ("costs", "to hold ")
    by_plan = {pair.plan: pair for pair in pairs}
    order = [pair.plan for pair in pairs]
    compared = sorted(opt.comparisons, key=lambda one: order.index(one.b) if one.b in order else len(order))
    kept = limits(opt)
    found = [headline(decision, pairs, spends, replay), advice(decision, pairs, kept, replay)]
    found += [comparison(one, by_plan.get(one.b), decision) for one in compared]
    return (*found, *kept, *missing_today(decision))


def comparison(one: Comparison, pair: Pair | None, decision: Decision) -> Statement:
    """One comparison at equal service: its title names the weight, its state what all weights say."""
    key, name = f"against {one.b}", PLAN_NAMES[one.b].the
    text = one.statement(decision.currency)
    if one.b == "per_sku":
        return Statement("none", "Price of segmentation.", text, key, "comparison")
    if pair is None:
        return Statement(
            "open" if one.decided else "none", f"By {noun(decision.weight)}:", text, key, "comparison"
        )
    others = [f"by {noun(weight)} {pair.marks[weight]}" for weight in pair.others]
    ours = {"less": "Costs less", "more": "Costs more", "same": "Costs the same"}.get(
        pair.mark, "Too close to call"
    )
    compared = f"{ours} by {noun(pair.deciding)} against {name}"
    tail = f"; {', '.join(others)}" if others else ", and by every other weight"
    return Statement(pair.state, f"{compared}{tail}.", text, key, "comparison")


def limits(opt: Outcome) -> tuple[Statement, ...]:
    """Floor and budget."""
    found = []
    if opt.solved.fill_rate is not None:
        material = opt.data.study.optimize.material
        one = met(opt.service, opt.solved.fill_rate, served_noun(opt), material)
        found.append(one if one.state == "good" else replace(one, text=f"{one.text}{next_up(opt)}"))
    if opt.solved.budget is not None:
        currency = opt.data.study.currency
        found.append(within(opt.scores("segmented").inventory_value, opt.solved.budget, currency))
    return tuple(found)


def next_up(opt: Outcome) -> str:
    """The cheapest plan shown that serves the floor on fresh randomness, and what it costs more."""
    sums, floor = opt.verdict["frontier:segmented"].total(), opt.solved.fill_rate or 0.0
    n = opt.solved.shown.n_points
    asked = np.broadcast_to(sums.asked, sums.good.shape)[:n, 0].sum(axis=1)
    service = sums.good[:n, 0].sum(axis=1) / np.maximum(asked, 1)
    scale = counted_scale(opt.settings.scale(opt.data.study), opt.accounting)
    cost = sums.cost[:n, 0].mean(axis=1) * scale.holding
    own = float(opt.verdict["segmented"].total().cost[0, 0].mean() * scale.holding)
    able = np.flatnonzero((service >= floor) & (cost > own))
    if not able.size:
        return " No plan shown serves it."
    best = able[np.argmin(cost[able])]
    more = short_money(float(cost[best] - own), opt.data.study.currency)
    yearly = " a year" if opt.accounting.yearly else ""
    return f" The next plan up serves {short_rate(float(service[best]))} and costs {more}{yearly} more."


def served_noun(opt: Outcome) -> str:
    """What is served: "units", "margin", or the service that the study counts."""
    keys = opt.accounting.keys
    return noun(keys["weight"]) if keys["service"] == "fill_rate" else opt.accounting.service


def met(fill: Estimate, floor: float, service: str = "fill rate", material: float = 0.0) -> Statement:
    """Whether the floor is met: only if the lower end of the interval reaches it.

    A value that lies below it by less than `material`, or by less than the interval is wide, is on the line,
    and neither met nor missed.
    """
    asked, key = format_rate(floor), "floor"
    short = floor - fill.value
    if fill.low < floor and floor - material < fill.value < floor:
        shown = format_estimate(fill, "fill_rate")
        text = (
            f"It is on the line of the floor {asked}: {shown}, {100 * short:.2g} points below, less than the "
            f"{100 * material:g} points that matter (optimize.material)."
        )
        return Statement("open", f"On the line of {short_rate(floor)} of {service}.", text, key, "limit")
    level = f"{100 * fill.level:g}%"
    if fill.low >= floor:
        text = (
            f"It meets the floor {asked}, if the fitted laws are right: the lower {level} bound reaches it."
        )
        return Statement("good", f"Meets {short_rate(floor)} of {service}.", text, key, "limit")
    if fill.high < floor and short >= fill.high - fill.low:
        text = f"It misses {asked} on fresh random demand: the whole {level} interval lies below it."
        return Statement("bad", f"Misses {short_rate(floor)} of {service}.", text, key, "limit")
    shown = format_estimate(fill, "fill_rate")
    text = f"Whether it meets the floor {asked} is not decided: the {level} interval contains it: {shown}."
    if fill.high < floor:
        text = (
            f"It misses the floor {asked} on fresh randomness by {100 * short:.2g} points, less than the "
            f"{level} interval is wide: {shown}."
        )
    return Statement("open", f"On the line of {short_rate(floor)} of {service}.", text, key, "limit")


def within(value: Estimate, budget: float, currency: str) -> Statement:
    """Whether mean stock keeps within the budget in the long run."""
    text = format_estimate(value, "inventory_value", currency)
    inside = (
        ("good", "keeps within")
        if value.high <= budget
        else ("bad", "exceeds")
        if value.low > budget
        else ("open", "is too close to call against")
    )
    state, verb = inside
    said = f"Mean inventory {text} {verb} the budget of {format_money(budget, currency)}."
    title = f"In the long run stock {verb} the budget of {short_money(budget, currency)}."
    return Statement(state, title, said, "budget", "limit")


def break_even(weights: pd.DataFrame, now: str, currency: str) -> tuple[Statement, ...]:
    """Up to which share of lost units the plan pays against today, as both stand."""
    rows = weights[(weights["plan"] == now) & weights["plain_break_even"].notna()]
    if rows.empty:
        return ()
    row = rows.iloc[0]
    saved, further = (short_money(row[key], currency) for key in ("plain_cost", "plain_late_margin"))
    share, low, high = (row[f"plain_break_even{end}"] for end in ("", "_low", "_high"))
    if share >= 1:
        short = pays = "pays even if all late units are lost"
    else:
        short = f"pays if fewer than {100 * share:.1f}% of late units are lost"
        range_ = f"{100 * low:.1f} to {100 * high:.1f}% by chance of the simulation alone"
        pays = f"{short} ({range_}); what share you lose, no table says"
    text = (
        f"Against {PLAN_NAMES[now].the}: {saved} a year saved, {further} more margin late (of units not "
        f"served at once); it {pays}."
    )
    title = f"{short.capitalize()}."
    return (Statement("open", title, text, "break-even", "break-even"),)


def missing_today(decision: Decision) -> tuple[Statement, ...]:
    """Ask for current levels where there are none."""
    if decision.plans["today"] == "today":
        return ()
    text = (
        "No current levels were given (items.current_order_up_to, current_reorder_point): 'today' is the "
        "A98 B95 C90 habit. Give them to see what changes."
    )
    return (Statement("none", "", text, "current levels", "note"),)
