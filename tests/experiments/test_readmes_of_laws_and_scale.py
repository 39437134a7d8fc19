"""Experiments 01, 02, 07 and 09: the tables of their READMEs stand in the committed results."""

import re

import pandas as pd
import pytest
from worlds.places import ROOT

FOLDERS = {
    name[:2]: ROOT / "experiments" / name
    for name in ("01_online_retail", "02_raf_spares", "07_simulated_histories", "09_scale")
}
SETTINGS = {
    "main": "main: mean 4 weeks, in sequence",
    "recorded": "as recorded, in sequence",
    "crossing": "mean 4 weeks, crossing",
}
RIVALS = {"uniform": "best uniform target", "habit": "habit A 98 / B 95 / C 90", "per_sku": "per-SKU plan"}
METHODS = {
    "fitted": "fitted",
    "intermittent": "intermittent",
    "stuttering_poisson": "stuttering Poisson",
    "markov": "Markov chain, jittered sizes",
    "empirical": "empirical (iid bootstrap)",
    "stationary_blocks": "stationary blocks",
    "moving_blocks": "moving blocks",
    "negative_binomial": "negative binomial",
    "calendar": "same calendar month",
    "sums of consecutive months": "sums of consecutive months",
    "normal": "normal",
    "poisson": "Poisson",
}


RULES = {
    "lines read": "lines read",
    "cancellations unmatched, not netted": "… of which find none: counted, not netted",
    "exact duplicate lines kept": "exact duplicate lines: kept",
    "sales lines kept": "sales lines kept",
    "sales lines outside the 52 weeks": "of these outside the 52 weeks 2010-12-06 … 2011-12-04",
    "distinct deliveries with both dates": "distinct (vendor, PO date, delivery date) with both dates",
    "deliveries before their order, refused": "… delivered before the order: refused",
    "deliveries over 364 days, refused": "… over 364 days: refused",
}
METHODS_OF = {law: law.replace("_", " ") for law in ("empirical", "intermittent", "negative_binomial")}
SHORT = {
    "fitted": "fitted",
    "negative_binomial": "negative binomial",
    "empirical": "empirical",
    "moving_blocks": "moving blocks",
    "markov": "Markov",
    "calendar": "calendar month",
    "normal": "normal",
    "poisson": "Poisson",
}
STOCKED = {
    "fitted": "fitted",
    "negative_binomial": "negative binomial",
    "stuttering_poisson": "stuttering Poisson",
    "empirical": "empirical",
    "markov": "Markov chain, jittered sizes",
    "normal formula": "textbook normal formula",
    "normal": "normal law, exact planning",
    "poisson": "Poisson",
}


def words(number):
    return " ".join((FOLDERS[number] / "README.md").read_text("utf-8").replace("**", "").split())


def table(number, name):
    return pd.read_csv(FOLDERS[number] / "results" / f"{name}.csv")


def rounded(number, digits=3):
    """What a table keeps with five digits; where these end in a half, rounded up or down."""
    low, high = (f"{number + side:,.{digits}f}" for side in (-1e-9, 1e-9))
    return low if low == high else f"«{low}¦{high}»"


def percent(number):
    """A difference in per cent with one decimal, its sign as the READMEs write it."""
    shown = f"{abs(100 * number):.1f}%"
    return shown if shown == "0.0%" else ("+" if number > 0 else "−") + shown


def both(number, own):
    return f"{rounded(number)} ({rounded(own)})"


def inside(one):
    """Share of the PIT in 5–95%, its interval over origins."""
    return f"{rounded(one.pit_share)} [{rounded(one.pit_share_low)}, {rounded(one.pit_share_high)}]"


def ends(low, high):
    """An interval in per cent, falls with their sign."""
    one, other = (f"{100 * number + 1e-9:.1f}" for number in (low, high))
    return f"[{one}, {other}]".replace("-0.0", "0.0").replace("-", "−")


def savings():
    found = table("01", "comparisons").set_index(["setting", "scheme", "against"])
    fills = table("01", "plans").query("plan == 'segmented' and sample == 'verdict'")
    for one in fills.itertuples():
        uniform, bound = (found.loc[(one.setting, one.scheme, name)] for name in ("uniform", "per_sku"))
        yield (
            f"| {SETTINGS[one.setting]} | {one.scheme.replace(' × ', '×')} | {one.fill_rate:.3f} | "
            f"{uniform.holding_cost:,.0f} | {uniform.holding_cost_other:,.0f} | {percent(uniform.percent)} "
            f"{ends(uniform.percent_low, uniform.percent_high)} | "
            f"{bound.holding_cost_other:,.0f} | {percent(bound.percent)} "
            f"{ends(bound.percent_low, bound.percent_high)} |"
        )


def weights():
    found = table("01", "weights").set_index(["decided_by", "plan", "weight"])
    for by in ("units", "value"):
        for plan, shown in RIVALS.items():
            three = (found.loc[(by, plan, weight)] for weight in ("value", "units", "items"))
            cells = (f"{percent(one.percent)} {ends(one.percent_low, one.percent_high)}" for one in three)
            yield f"| {by} | {shown} | {' | '.join(cells)} |"
    one, bound = (found.loc[("units", plan, "value")] for plan in ("segmented", "per_sku"))
    other = found.loc[("value", "segmented", "value")]
    yield f"by units the plan costs GBP {one.cost:,.0f} a year and leaves GBP {one.late_margin:,.0f} of"
    yield f"the per-SKU plan GBP {bound.cost:,.0f} and {bound.late_margin:,.0f}; "
    yield f"decided by value GBP {other.cost:,.0f} and {other.late_margin:,.0f}."


def counted():
    rows = table("01", "account").query("setting == 'main'").set_index("what")["rows"]
    yield f"| lines read | {rows['lines read']:,} |"
    for what, shown in RULES.items():
        yield f"| {shown} | {rows[what]:,} |"
    yield f"(`^\\d{{5}}`, upper-cased afterwards) | −{rows['lines without a product code']:,} |"
    places = ", ".join(
        f"{short} {rows[f'SKU-locations {place}']:,}"
        for short, place in (("UK", "United Kingdom"), ("Germany", "Germany"), ("France", "France"))
    )
    yield f"| {rows['SKU-locations']:,} ({places}, EIRE {rows['SKU-locations EIRE']}) |"
    yield f"| {rows['vendors']} / {rows['receipts']:,} |"


def predicted():
    found = table("01", "calibration")
    found = found[found["group"] == "(all)"].set_index(["sample", "horizon", "method"])
    last, every = found.loc["last 8 weeks"], found.loc["all origins"]
    for weeks in range(1, 9):
        rows = last.loc[weeks]
        one, singles = rows.loc["fitted"], rows.drop(index="fitted")
        score, crps = singles["log_score"].idxmin(), singles["crps"].idxmin()
        assert singles["log_score"].idxmax() == "poisson"
        origins = every.loc[(weeks, "fitted")]
        yield (
            f"| {weeks} | {rounded(one.log_score)} | {rounded(singles.log_score[score])} "
            f"{METHODS_OF[score]} | {rounded(rows.log_score['normal'])} | {rounded(one.crps)} | "
            f"{rounded(singles.crps[crps])} {METHODS_OF[crps]} | "
            f"{rounded(one.pit_share)} ({inside(origins)}) | "
            f"{both(one.coverage, one.implied)} | {both(one.exceedance, one.implied_exceedance)} | "
            f"{rounded(one.bias, 2)} |"
        )


def spares():
    found = table("02", "calibration_final")
    found = found[found["group"] == "(all)"].set_index("method")
    for method, shown in METHODS.items():
        one = found.loc[method]
        yield (
            f"| {shown} | {rounded(one.pit_share)} | {rounded(one.coverage)} | {rounded(one.implied)} | "
            f"{both(one.exceedance, one.implied_exceedance)} | {rounded(one.log_score)} | "
            f"{rounded(one.crps)} |"
        )
    yield f"expected ÷ real is {rounded(found.loc['fitted', 'bias'], 2)} in the last 24 months"


def origins():
    found = table("02", "calibration_origins")
    found = found[found["group"] == "(all)"].set_index("method")
    for method, shown in SHORT.items():
        one = found.loc[method]
        yield f"{shown} {inside(one)}"


def stock():
    found = table("02", "stock").set_index(["law", "fill_rate"])
    for law, shown in STOCKED.items():
        some, much = (found.loc[(law, fill)] for fill in (0.8, 0.9))
        cells = [_against(law, one) for one in (some, much)]
        yield f"| {shown} | {100 * some['reached_at_target_0.95']:.1f}% | {' | '.join(cells)} |"


def _against(law, one):
    if one.isna()["stock_value"]:
        return f"not reached (at most {100 * one['highest']:.1f}%)"
    if law == "fitted":
        return f"£{one['stock_value'] / 1e6:.2f} M"
    if one.isna()["low"]:
        return f"{percent(one['against_fitted'])} (no interval: not reached in every draw)"
    return f"{percent(one['against_fitted'])} {ends(one['low'], one['high'])}"


def recovered():
    found = table("07", "recovery")
    assert found["inside"].all()
    for one in found.itertuples():
        yield f"| {one.what} | {one.truth:.3f} | {rounded(one.found)} | {one.tolerance:.3f} |"


def calibrated():
    found = table("07", "calibration").set_index(["horizon", "group", "method"])
    for (weeks, group), _ in found.groupby(level=[0, 1]):
        three = [found.loc[(weeks, group, method)] for method in ("fitted", "empirical", "normal")]
        one = three[0]
        yield (
            f"| {weeks} | {group.strip('()')} | {both(one.coverage, one.implied)} | "
            f"{inside(one)} | "
            f"{both(one.exceedance, one.implied_exceedance)} | "
            f"{' / '.join(rounded(law.log_score) for law in three)} | "
            f"{' / '.join(rounded(law.crps) for law in three)} |"
        )


def scale():
    for one in table("09", "runs").itertuples():
        age = "" if one.demand_rows > 0 else " (older)"
        seconds = "" if one.sku_locations < 100_000 else f"{one.seconds:,.1f}"
        tree = f"{one.peak_tree_gb:.2f}"
        if one.sku_locations == 1_000_000:
            seconds, tree = f"{one.seconds:,.0f} (load {one.load_average:.0f})", f"{tree} (sampled)"
        yield " ".join(
            f"| {one.sku_locations:,} | {one.backend}, {one.workers}{age} | {seconds} | "
            f"{one.cpu_seconds:,.1f} | {one.peak_gb:.2f} | {tree} | {one.said_gb:.2f} |".split()
        )


def model():
    of = table("09", "cost_model").set_index("quantity")["value"]
    yield (
        f"{1000 * of['cpu_seconds_per_sku_location']:.1f} ms of CPU and {of['fixed_bytes'] / 1e9:.1f} GB + "
        f"{of['bytes_per_sku_location'] / 1e3:.1f} kB per SKU-location; "
        f"{100 * of['share_of_time_in_blocks']:.0f}%"
    )
    found = table("09", "predicted").set_index(["sku_locations", "cores"]).loc[(50_000_000, 32)]
    yield (
        f"| 50,000,000 | {found.hours_on_the_first_machine:.0f} hours, "
        f"{found.gigabytes_on_the_first_machine:.0f} GB | "
        f"{60 * found.hours_of_blocks_on_these_cores:.0f} minutes of 32 cores |"
    )


EVERY = [
    ("01", savings),
    ("01", weights),
    ("01", counted),
    ("01", predicted),
    ("02", spares),
    ("02", origins),
    ("02", stock),
    ("07", recovered),
    ("07", calibrated),
    ("09", scale),
    ("09", model),
]


@pytest.mark.parametrize(("number", "figures"), EVERY, ids=lambda one: getattr(one, "__name__", one))
def test_figures_of_the_readme_stand_in_the_results(number, figures):
    text, wanted = words(number), list(figures())
    assert wanted
    patterns = (re.sub("«(.*?)¦(.*?)»", r"(\1|\2)", re.escape(one)) for one in wanted)
    assert [one for one in patterns if not re.search(one, text)] == []
