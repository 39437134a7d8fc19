"""Experiment 04: every table and the main figures of its README stand in the committed results."""

import re

import pandas as pd
import pytest
from worlds.places import ROOT

FOLDER = ROOT / "experiments" / "04_capital"
TEXT = " ".join((FOLDER / "README.md").read_text("utf-8").replace("**", "").split())


def table(name):
    return pd.read_csv(FOLDER / "results" / f"{name}.csv")


def whole(*numbers):
    return tuple(f"{number:,.0f}" for number in numbers)


def prices():
    for row in table("exchange_rates").itertuples():
        if row.fill_rate < 0.89:
            continue
        cost, low, high = whole(row.cost_per_point, row.cost_per_point_low, row.cost_per_point_high)
        about = f"{round(row.value_per_point, -4 if row.value_per_point > 5e5 else -3):,.0f}"
        yield f"| {row.fill_rate_from:.3f} | {row.fill_rate:.3f} | {cost} [{low}, {high}] | about {about} |"


def splits():
    gap = table("bounds").iloc[0]
    plan, item, grid, between, levels = whole(
        gap.plan, gap.per_sku, gap["grid"], gap["between"], gap["levels"]
    )
    segment, formula, left = whole(gap.segment_gap, gap.formula_gap, gap.open_gap)
    yield f"| {plan} | |"
    yield f"| {item} | segment: {segment} |"
    yield f"| {grid} | not attributed: {left} |"
    assert gap["between"] < gap["grid"] < gap["per_sku"]  # more levels, a lower bound
    yield f"| {between} | grid: {gap.grid_gap:.0f} |"
    yield f"| {levels} | planning formula: {formula} |"
    yield f"| {gap.truth:.0f} a year ({100 * gap.truth / gap.plan:.1f}%) |"


def stresses():
    rows = table("stress").set_index(["scenario", "plan"])
    named = {
        "late": "lead times × 1.3",
        "busy": "demand × 1.2",
        "rough": "variance × 1.5",
        "dear": "prices × 1.1",
    }
    for scenario in rows.index.get_level_values(0).unique():
        own, least, habit = (rows.loc[(scenario, kind)] for kind in ("segmented", "least regret", "habit"))
        cost, best, dear = whole(own.holding_cost, own.least_cost, least.holding_cost)
        yield (
            f"| {named.get(scenario, scenario)} | {own.fill_rate:.3f} | {cost} | {best} | "
            f"{least.fill_rate:.3f} | {dear} | {habit.fill_rate:.3f} |"
        )


def comparisons():
    rows = table("comparisons").set_index("against")
    for kind, word in (("uniform", "less"), ("habit", "less"), ("per_sku", "more")):
        row = rows.loc[kind]
        first, second = sorted((abs(row.percent_low), abs(row.percent_high)))
        yield f"{100 * abs(row.percent):.1f}% [{100 * first:.1f}%, {100 * second:.1f}%] {word}"


def plans_and_limits():
    rows = table("limits").set_index("limits")
    plan, country, years = (rows.loc[name] for name in rows.index)
    yield f"{plan.fill_rate:.4f} [{plan.fill_rate_low:.4f}, {plan.fill_rate_high:.4f}]"
    more = country.holding_cost - plan.holding_cost
    yield f"costs {round(more, -2):,.0f} more (+{100 * more / plan.holding_cost:.1f}%)"
    more = years.holding_cost - plan.holding_cost
    yield f"costs {round(more, -1):,.0f} a year more (+{100 * more / plan.holding_cost:.1f}%)"
    missed = table("limits_years").iloc[0]
    shares = [100 * missed[f"missed_verdict{end}"] for end in ("", "_low", "_high")]
    yield "missed in {:.1f}% [{:.1f}%, {:.1f}%] of fresh years".format(*shares)


def ways_and_releases():
    released = table("release")
    tenth = released[(released["share"] == 0.1) & (released["segment"] != "(all)")].set_index("segment")
    for segment in ("A-X", "A-Y"):
        row = tenth.loc[segment]
        yield f"from {segment} ({row.from_target:.3f} → {row.to_target:.3f})"
    lost = released[released["segment"] == "(all)"].set_index("share")["fill"]
    yield f"It costs {-100 * lost[0.1]:.1f} points of fill. The first 5% cost {-100 * lost[0.05]:.1f} points"
    yield f"20% cost {-100 * lost[0.2]:.1f} points"
    capital = table("capital")
    yield f"the lowest: {capital.fill_rate.min():.3f}, in week {capital.fill_rate.idxmin() + 1}"
    yield f"from {round(capital.inventory_value[0], -3):,.0f} of stock the plan needs"


def sureness():
    frontier, band = table("frontier"), table("band")
    segmented = frontier[frontier["kind"] == "segmented"]
    assert (segmented["gap"] == 0).all()
    yield f"certificate `exact` at {(segmented.certificate == 'exact').sum()} of {len(segmented)} plans"
    yield f"differs by at most {band.optimism.abs().max():.4f} from what was optimised"
    assert band["tie_group"].is_unique
    yield f"± {band.factor[0]:.2f} standard errors"
    cover = table("coverage").set_index("claim")["coverage"]
    yield "{:.3f} fill, {:.3f} cost, {:.3f} exchange rate, {:.3f} band".format(*cover)


def said():
    """Money of the statements that the README repeats."""
    text = " ".join(table("statements")["statement"])
    for start in ("stays at or below GBP", "its highest week is GBP", "carry a margin of GBP"):
        yield re.search(re.escape(start) + r" ([\d,]*\d)", text).group(1)


EVERY = (prices, splits, stresses, comparisons, plans_and_limits, ways_and_releases, sureness, said)


@pytest.mark.parametrize("figures", EVERY, ids=lambda figures: figures.__name__)
def test_figures_of_the_readme_stand_in_the_results(figures):
    wanted = list(figures())
    assert wanted
    assert [one for one in wanted if one not in TEXT] == []
