"""Experiment 11: the tables of its README are made from the committed results."""

import pandas as pd
import pytest
from worlds.places import ROOT

FOLDER = ROOT / "experiments" / "11_new_items"
LAWS = {'life = "first_sale"': '`life = "first_sale"`'}


def signed(number, digits):
    shown = f"{abs(number) + 1e-12:.{digits}f}"
    sign = "−" if number < 0 else "+"
    return (sign if float(shown) else "") + shown


def percent(share):
    return signed(100 * share, 1) + "%"


def scores(data):
    for row in pd.read_csv(FOLDER / "results" / f"{data}_scores.csv").itertuples():
        if row.items > 1:
            more = f"{signed(row.log_protection_more, 3)} ± {row.log_protection_error:.3f}"
            yield (
                f"| {row.group} | {LAWS.get(row.laws, row.laws)} | {row.items:,} | {row.log_protection:.3f}"
                f" | {'' if row.laws == 'default' else more} | {100 * row.same_level:.0f}% |"
            )


def cost(data):
    table = pd.read_csv(FOLDER / "results" / f"{data}_cost.csv")
    for (group, fill), rows in table.groupby(["group", "fill_rate"], sort=False):
        if rows["cost"].notna().all() and rows["cost"].max() > 1000:
            cells = [f"{rows['cost'].iloc[0]:,.0f}"]
            for row in rows.iloc[1:].itertuples():
                ends = f" [{percent(row.low)}, {percent(row.high)}]" if pd.notna(row.low) else ""
                cells.append(percent(row.against_default) + ends)
            yield f"| {group} | {fill:.2f} | {' | '.join(cells)} |"


@pytest.mark.parametrize("data", ["demo", "raf", "online_retail"])
def test_tables_of_the_readme_stand_in_the_results(data):
    lines = (FOLDER / "README.md").read_text("utf-8").splitlines()
    wanted = [*scores(data), *cost(data)]
    assert len(wanted) > 3
    assert [one for one in wanted if one not in lines] == []


def test_sentences_of_the_readme_stand_in_the_results():
    text = " ".join((FOLDER / "README.md").read_text("utf-8").split())
    late = pd.read_csv(FOLDER / "results" / "demo_new.csv").set_index("study")
    one, other = late.loc["default"], late.loc['life = "first_sale"']
    assert f"Of {one.new} new SKU-locations {one.new_sold} sold" in text
    assert f"for {one.new_begin_late} of them, and for {one.others_begin_late} of the {one.others:,}" in text
    assert f"begins all {other.new_begin_late} late, and {other.others_begin_late:,} of the others" in text
    few = pd.read_csv(FOLDER / "results" / "online_retail_scores.csv").query("group == 'few sales'").iloc[0]
    assert f"({few.demanded / 1000:.0f} thousand units came where {few.expected / 1000:.0f} thousand" in text
