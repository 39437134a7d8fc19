"""Experiments 03, 08 and 10: the tables of their READMEs stand in the committed results."""

import pandas as pd
import pytest
from worlds.places import ROOT

FOLDERS = {
    name[:2]: ROOT / "experiments" / name for name in ("03_scms_lead_times", "08_raf_held_out", "10_vn2")
}
LAWS = {
    "hierarchy, gamma": "hierarchy gamma",
    "hierarchy, lognormal": "hierarchy lognormal",
    "hierarchy, empirical": "hierarchy",
    "vendor, empirical": "vendor",
    "all orders, empirical": "all",
    "normal by vendor": "normal by vendor",
}
LEVELS = {
    "empirical law, exact formula": "empirical",
    "normal law of the same mean and variance, exact formula": "normal shape",
    "textbook normal formula": "normal formula",
    "the mean alone": "mean only",
}
RULES = {"13-week mean × 3.5": "13-week mean x 3.5"} | {
    f'orders, `memory = "{name}"`': f'orders, memory = "{name}"' for name in ("auto", "all")
}


def words(number):
    return " ".join((FOLDERS[number] / "README.md").read_text("utf-8").replace("**", "").split())


def table(number, name):
    return pd.read_csv(FOLDERS[number] / "results" / f"{name}.csv")


def three(number):
    """Three decimals of what a table keeps with five digits: a half goes up."""
    return f"{number + 1e-9:.3f}"


def calibration():
    last, four = (
        found[found["group"] == "(all)"].set_index("method")
        for found in (table("03", "calibration_final"), table("03", "calibration_origins"))
    )
    yield f"last origin, {last['n'].iloc[0]} orders"
    yield f"four origins, {four['n'].iloc[0]:,} orders"
    for shown, name in LAWS.items():
        one, every = last.loc[name], four.loc[name]
        yield (
            f"| {shown} | {three(one.pit_share)} | {three(one.log_score)} | {three(one.crps)} | "
            f"{three(every.pit_share)} [{three(every.pit_share_low)}, {three(every.pit_share_high)}] | "
            f"{three(every.log_score)} | {three(every.crps)} |"
        )


def service():
    found = table("03", "service").query("target == 0.95").set_index(["arrivals", "planned with", "measure"])
    for shown, name in LEVELS.items():
        fill, cycle = (found.loc[("in sequence", name, one)] for one in ("fill_rate", "cycle_service_level"))
        cross = found.loc[("crossing", name, "fill_rate")]
        yield f"| {shown} | {fill.achieved:.3f}"
        yield (
            f" | {cycle.achieved:.3f} | {cross.achieved:.3f} | {fill['mean level']:.0f} / "
            f"{cross['mean level']:.0f} |"
        )


def held_out():
    new, old = table("08", "plans").set_index("study").loc[["default", "defaults of 0.2.0"]].itertuples()
    both = (new, old)
    units = " | ".join(f"{one.units:,} ({one.units_expected:,})" for one in both)
    yield f"| units demanded in 2002 (expected) | {units} |"
    fill = " | ".join(f"{one.fill:.3f} ({one.fill_expected:.3f})" for one in both)
    yield f"| fill by units (expected) | {fill} |"
    value = " | ".join(f"{one.value_served:.3f} ({one.value_served_expected:.3f})" for one in both)
    yield f"| fill by value (expected) | {value} |"
    stock = " | ".join(f"{one.stock / 1e6:.2f} million ({one.stock_expected / 1e6:.2f})" for one in both)
    yield f"| stock, GBP (expected) | {stock} |"
    yield f"| {new.levels_beyond} of {new.items:,} | {old.levels_beyond} ({100 * old.share_beyond:.1f}%;"
    few = " | ".join(f"{100 * one.stock_of_few_sales:.1f}%" for one in both)
    yield f"({100 * new.items_of_few_sales:.1f}% of items) | {few} |"


def years():
    plain = table("08", "years").query("variance_times == 1 and target == 0.95")
    assert sorted(plain["year"]) == [1999, 2000, 2001, 2002]
    for one in plain.itertuples():
        yield (
            f"| {one.year} | {one.units_of_mean_year:.2f} | {one.fill:.3f} | {one.value_served:.3f} | "
            f"{one.mean_fill_of_items:.3f} | {100 * one.lost_units_in_50_items:.0f}% |"
        )


def rules():
    origins = table("10", "origins")
    of_rule = table("10", "rules").set_index("rule")
    for shown, name in RULES.items():
        cost = f"| {shown} | {origins.loc[origins['rule'] == name, 'cost'].sum():,.0f} |"
        one = of_rule.loc[name]
        if one["difference"]:
            cost += f" {one['difference']:,.0f} [{one['low']:,.0f}, {one['high']:,.0f}] |"
            cost += f" {100 * one['share']:.1f}% |"
        yield cost.replace(" -", " −").replace("[-", "[−")
    for day, rows in origins.groupby("origin"):
        costs = rows.set_index("rule")["cost"].loc[list(RULES.values())]
        yield f"| {day} | {rows['store_products'].iloc[0]} | " + " | ".join(f"{x:,.0f}" for x in costs) + " |"


def rounds():
    found = table("10", "rounds").set_index("rule")
    for shown, name in RULES.items():
        yield f"| {shown} | {found.loc[name, 'total']:,.0f} | {found.loc[name, 'fill_3_8']:.3f} |"


EVERY = [("03", calibration), ("03", service), ("08", held_out), ("08", years), ("10", rules), ("10", rounds)]


@pytest.mark.parametrize(("number", "figures"), EVERY, ids=lambda one: getattr(one, "__name__", one))
def test_figures_of_the_readme_stand_in_the_results(number, figures):
    text, wanted = words(number), list(figures())
    assert wanted
    assert [one for one in wanted if one not in text] == []
