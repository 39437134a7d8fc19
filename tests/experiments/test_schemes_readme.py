"""Experiment 05: the tables and main figures of its README stand in the committed results."""

import pandas as pd
import pytest
from worlds.places import ROOT

FOLDER = ROOT / "experiments" / "05_schemes_testbed"
TEXT = " ".join((FOLDER / "README.md").read_text("utf-8").replace("**", "").split())


def table(name):
    return pd.read_csv(FOLDER / "results" / f"{name}.csv")


def at(frame, scheme, fill=0.95):
    """One scheme's rows at one fill, by catalogue."""
    return frame[(frame["scheme"] == scheme) & (frame["at_fill"] == fill)].set_index("catalogue")


def percent(share, sign=""):
    return f"{100 * share:{sign}.1f}".replace("-", "−")


def spread(shares):
    return f"{percent(shares.median())}% ({percent(shares.min())} to {percent(shares.max())}%)"


def schemes():
    found = table("tournament").replace(-0.0, 0.0)
    assert found["catalogue"].nunique() == 10
    for name in found["scheme"].unique():
        rows, low, high = (at(found, name, fill) for fill in (0.95, 0.90, 0.98))
        yield (
            f"| {name} | {rows['n_segments'].median():.0f} | {spread(rows['percent_vs_per_sku'])} | "
            f"{percent(low['percent_vs_per_sku'].median())}% | "
            f"{percent(high['percent_vs_per_sku'].median())}% | "
            f"{spread(rows['percent_vs_one_class'])} | {rows['beats_random'].sum()} | "
            f"{rows['may_be_best'].sum()} | {100 * rows['explained'].median():.0f}% |"
        )


def ratios():
    named, asked = table("tournament"), table("ratios_tournament")
    for fill in (0.95, 0.90, 0.98):
        tree, six = (at(asked, name, fill) for name in ("tree", "D/(h Q) six classes"))
        columns = (
            tree["percent_vs_per_sku"],
            at(named, "tree", fill)["percent_vs_per_sku"],
            tree["percent_vs_free"],
            tree["percent_vs_one_class"],
            tree["holding_cost"] / six["holding_cost"] - 1,
        )
        yield f"| {fill:.2f} | " + " | ".join(spread(column) for column in columns) + " |"


def by_margin():
    judged, units = table("margin_scheme_weights"), table("tournament")
    medians = judged.pivot_table(
        index="scheme", columns="judged_by", values="percent_vs_one_class", aggfunc="median"
    )
    for name in ("tree", "ABC x XYZ", "XYZ terciles", "ABC by value", "D/(h Q)", "HML by unit cost"):
        name_there = name + " (3 classes)" * (name == "tree")
        own = judged[(judged["scheme"] == name) & judged["decides"]]["percent_vs_one_class"]
        row = medians.loc[name]
        below = percent(at(units, name)["percent_vs_one_class"].median())
        yield (
            f"| {name_there} | {spread(own).replace('%)', ')')} | {percent(row['value_fill_rate'])}% | "
            f"{percent(row['fill_rate'], '+')}% | {percent(row['item_fill_rate'], '+')}% | {below}% |"
        )


def conclusions():
    found, asked = table("tournament"), table("ratios_tournament")
    for frame, start in ((found, "comes within"), (asked, "it comes within")):
        free = at(frame, "tree")["percent_vs_free"]
        least, most, middle = percent(free.min()), percent(free.max()), percent(free.median())
        yield f"{start} {least} to {most}% (median {middle}%) of the best three"
    cost = {name: at(found, name)["holding_cost"] for name in found["scheme"].unique()}
    for name, words in (("D/(h Q)", "less than ABC by value (median"), ("D/(h Q) six classes", "(median")):
        gain = 1 - cost[name] / cost["ABC by value"]
        yield f"{100 * gain.min():.0f} to {100 * gain.max():.0f}% {words} {percent(gain.median())}%)"
    gain = 1 - cost["tree"] / cost["ABC x XYZ"]
    yield f"with its nine classes by {100 * gain.min():.0f} to {100 * gain.max():.0f}%"
    gain = at(found, "tree")["percent_vs_per_sku"] - at(asked, "tree")["percent_vs_per_sku"]
    least, most, middle = percent(gain.min()), percent(gain.max()), percent(gain.median())
    yield f"gain it {least} to {most} points over the per-SKU plan (median {middle})"


def bounds():
    free = table("free_classes").query("at_fill == 0.95").groupby("classes")["percent_vs_per_sku"]
    yield f"cost {spread(free.get_group(2))} more than the per-SKU plan for k = 2"
    yield f"for k = 2, {spread(free.get_group(3))} for k = 3"
    four, six, nine = (percent(free.get_group(k).median()) for k in (4, 6, 9))
    yield f"{four}% for 4, {six}% for 6, {nine}% for 9"


def pairs():
    found, regret = table("pairs"), table("regret")
    called = found[found["told_apart"]]
    assert not called["sign_changes"].any()
    yield f"Of {len(found):,} pairs {len(called):,} are called different"
    yield f"{(called['not_told_apart_on'] > 0).sum()} are not distinguishable on at least one"
    judged = 100 * regret[regret["made_for"] == "fill_rate"].groupby("judged_by")["regret"].median()
    yield f"wastes {judged['value_fill_rate']:.0f}% of its cost (median) when judged by value fill"
    yield (
        f"{judged['margin_fill_rate']:.0f}% by margin fill, {judged['ready_rate']:.0f}% by ready rate, "
        f"{judged['item_fill_rate']:.0f}% where items count once"
    )


EVERY = (schemes, ratios, by_margin, conclusions, bounds, pairs)


@pytest.mark.parametrize("figures", EVERY, ids=lambda figures: figures.__name__)
def test_figures_of_the_readme_stand_in_the_results(figures):
    wanted = list(figures())
    assert wanted
    assert [one for one in wanted if one not in TEXT] == []
