"""Charts of a contest of schemes: differences, frontiers, numbers of classes, regret, ranks."""

from __future__ import annotations

import json
import textwrap
from functools import partial
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from simlab.measures.words import scheme_title
from simlab.report.contest.rule_tree import learned_rules, tree_chart
from simlab.report.contest.tables import ONE, PER_SKU, RANDOM, SERVICES
from simlab.report.kit.formats import currency_sign, target
from simlab.report.kit.sheet import Drawing
from simlab.report.kit.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    VERMILLION,
    Figure,
    axis_money,
    named,
    percent_format,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simlab.report.contest.tables import ContestTables


BOUND = "best targets, any sorting"
CHEAPEST, SAME, COSTS_MORE = "cheapest", "too close to it to call", "costs more"
_LINES, _WIDE, _LETTER = 5, 500, 5.9
_COLOURS = (BLUE, VERMILLION, GREEN, "#CC79A7", "#E69F00", "#7B4EA3", BLACK, GREY)
_SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right", "wedge")


def drawings(found: ContestTables) -> dict[str, Drawing]:
    """Every chart that the tables allow, by file name."""
    if not found.reached:
        return {}
    at = target(found.fill)
    charts = {
        "differences": Drawing(
            f"Holding cost of each scheme over the cheapest at {at} of {found.counted}, with simultaneous "
            "intervals, beside random partitions of the same class sizes",
            lambda width: differences_chart(found, width),
        ),
        "frontiers_by_scheme": Drawing(
            "Service against holding cost: the cheapest schemes, one class, the per-SKU plan above",
            lambda width: frontier_chart(found, width),
        ),
    }
    if len(found.tables["classes"]):
        charts["price_by_classes"] = Drawing(
            "Price of segmentation against the number of classes, with intervals; rings are recommended",
            lambda width: classes_chart(found, width),
        )
    if len(found.tables["regret"]):
        charts["regret_matrix"] = Drawing(
            "Regret between definitions of service", lambda width: regret_chart(found), on_page=False
        )
    if len(found.tables["stability"]):
        charts["ranks"] = Drawing(
            "Ranks of each scheme on resampled catalogues and when repeated",
            lambda width: ranks_chart(found, width),
        )
    for name, scheme in learned_rules(found).items():
        charts[name] = Drawing(
            f"The rule of {scheme} as a tree of questions", partial(tree_chart, found, scheme)
        )
    return charts


def differences_table(found: ContestTables) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Holding cost over the cheapest scheme's: schemes with ends, and random partitions."""
    winner, against = found.winner, found.against_winner()
    rows = []
    for row in found.reached:
        name = row["scheme"]
        if name == winner["scheme"]:
            rows.append({"scheme": name, "value": 0.0, "low": 0.0, "high": 0.0, "told": CHEAPEST})
        elif name in against:
            one = against[name]
            told = COSTS_MORE if one["told_apart"] else SAME
            rows.append({"scheme": name, **{key: one[key] for key in ("value", "low", "high")}, "told": told})
    lots = found.at("controls")[["scheme", "holding_cost"]]
    lots = lots[lots["scheme"].isin([row["scheme"] for row in rows])]
    lots = lots.assign(value=lots["holding_cost"] / winner["holding_cost"] - 1)
    return pd.DataFrame(rows), lots[["scheme", "value"]]


def differences_chart(found: ContestTables, width: int) -> Figure:
    """Dots with simultaneous intervals; grey ticks are random partitions of the scheme's class sizes."""
    rows, lots = differences_table(found)
    order = rows["scheme"].tolist()
    space = 130 if width < _WIDE else 200
    y = alt.Y("scheme:N", title=None, sort=order, axis=_names(order, space))
    title = (
        "Holding cost over the cheapest"
        if width < _WIDE
        else "Holding cost over the cheapest, at the same service"
    )
    axis = alt.Axis(
        format=_percent(pd.concat([rows["value"], lots["value"]])), tickCount=max(3, width // 110)
    )
    x = alt.X("value:Q", title=title, axis=axis, scale=alt.Scale(zero=True, nice=False, padding=12))
    names = [name for name in (CHEAPEST, SAME, COSTS_MORE) if (rows["told"] == name).any()]
    looks = {CHEAPEST: (BLUE, "circle"), SAME: (GREEN, "diamond"), COSTS_MORE: (VERMILLION, "square")}
    legend = alt.Legend(
        title=None, orient="top", columns=3 if width >= _WIDE else 1, labelLimit=220, columnPadding=36
    )
    colour = alt.Color(
        "told:N", scale=alt.Scale(domain=names, range=[looks[name][0] for name in names]), legend=legend
    )
    shape = alt.Shape(
        "told:N", scale=alt.Scale(domain=names, range=[looks[name][1] for name in names]), legend=legend
    )
    base = named("schemes")
    ticks = named("random").mark_tick(color=GREY, opacity=0.6, thickness=1, size=14).encode(y=y, x=x)
    spans = base.mark_rule(strokeWidth=2.5).encode(y=y, x=alt.X("low:Q"), x2=alt.X2("high:Q"), color=colour)
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(y=y, x=x, color=colour, shape=shape)
    chart = alt.layer(
        ticks, spans, dots, width=_plot(width, space), height=(24 if width >= _WIDE else 34) * len(order)
    )
    return Figure(chart, {"schemes": rows, "random": lots})


def frontier_chart(found: ContestTables, width: int) -> Figure:
    """Fill rate against holding cost of the cheapest schemes, one class and the per-SKU plan above them."""
    points = found.tables["scheme_frontiers"]
    names = [row["scheme"] for row in found.reached if row["scheme"] != ONE][:_LINES]
    names += [name for name in (ONE, PER_SKU) if (points["scheme"] == name).any()]
    low, high = 1 - 2.5 * (1 - min(found.fills)), 1 - (1 - max(found.fills)) / 2.5
    rows = points[points["scheme"].isin(names) & points["fill_rate"].between(low, high)]
    rows = rows.sort_values(["scheme", "fill_rate"], kind="stable")[["scheme", "fill_rate", "holding_cost"]]
    sign = currency_sign(found.currency)
    x = alt.X(
        "holding_cost:Q",
        title=f"Holding cost a year ({found.currency})",
        axis=alt.Axis(format="~s", labelExpr=axis_money(sign), tickCount=max(3, width // 110)),
        scale=alt.Scale(zero=False, nice=False, padding=12),
    )
    y = alt.Y(
        "fill_rate:Q",
        title=f"{found.counted[:1].upper()}{found.counted[1:]}, on fresh demand",
        axis=alt.Axis(format=percent_format(low, high), tickCount=6),
        scale=alt.Scale(zero=False, nice=False, padding=8),
    )
    colour, shape = _series(names, width)
    dash = alt.condition(
        alt.FieldEqualPredicate(field="scheme", equal=PER_SKU), alt.value([5, 4]), alt.value([1, 0])
    )
    base = named("rows")
    lines = base.mark_line(strokeWidth=1.8).encode(
        x=x, y=y, color=colour, strokeDash=dash, order=alt.Order("fill_rate:Q")
    )
    dots = base.mark_point(filled=True, size=22, opacity=1).encode(x=x, y=y, color=colour, shape=shape)
    floor = pd.DataFrame({"fill_rate": list(found.fills)})
    floors = named("floors").mark_rule(color=GREY, strokeDash=[2, 3]).encode(y=alt.Y("fill_rate:Q"))
    chart = alt.layer(floors, lines, dots, width=_plot(width, 70), height=360)
    return Figure(chart, {"rows": rows, "floors": floor})


def classes_table(found: ContestTables) -> pd.DataFrame:
    """Price against the number of classes of the cheapest schemes, chance, and the bound on any scheme."""
    table = found.tables["classes"]
    known = set(table["scheme"])
    names = [row["scheme"] for row in found.reached if row["scheme"] in known][:_LINES]
    names += [RANDOM] if RANDOM in known else []
    columns = ["scheme", "classes", "percent_vs_per_sku", "percent_vs_per_sku_low", "percent_vs_per_sku_high"]
    rows = table[table["scheme"].isin(names)][[*columns, "gain_vanishes", "recommended"]]
    bound = found.at("free_classes").assign(scheme=BOUND, gain_vanishes=False, recommended=False)
    rows = pd.concat([rows, bound[[*columns, "gain_vanishes", "recommended"]]], ignore_index=True)
    short = {old: old.replace("percent_vs_per_sku", "price") for old in columns}
    return rows.rename(columns=short)


def classes_chart(found: ContestTables, width: int) -> Figure:
    """Price of segmentation with intervals by number of classes; rings are recommended."""
    rows = classes_table(found)
    names = list(dict.fromkeys(rows["scheme"]))
    ticks = sorted({int(k) for k in rows["classes"]})
    x = alt.X("classes:Q", title="Classes", axis=alt.Axis(format="d", values=ticks, grid=False))
    title = (
        "Over the per-SKU plan"
        if width < _WIDE
        else "Holding cost over the per-SKU plan, at the same service"
    )
    y = alt.Y("price:Q", title=title, axis=alt.Axis(format=_percent(rows["price"])))
    colour, shape = _series(names, width)
    dash = alt.condition(
        alt.FieldEqualPredicate(field="scheme", equal=BOUND), alt.value([5, 4]), alt.value([1, 0])
    )
    base = named("rows")
    lines = base.mark_line(strokeWidth=1.8).encode(x=x, y=y, color=colour, strokeDash=dash)
    spans = base.mark_rule(strokeWidth=2).encode(
        x=x, y=alt.Y("price_low:Q"), y2=alt.Y2("price_high:Q"), color=colour
    )
    dots = base.mark_point(filled=True, size=45, opacity=1).encode(x=x, y=y, color=colour, shape=shape)
    rings = (
        base.transform_filter("datum.recommended")
        .mark_point(size=230, strokeWidth=2, opacity=1)
        .encode(x=x, y=y, color=colour)
    )
    chart = alt.layer(lines, spans, dots, rings, width=_plot(width, 70), height=340)
    return Figure(chart, {"rows": rows})


def regret_chart(found: ContestTables) -> Figure:
    """Share of the plan's cost that a plan made for the judge's own definition would save."""
    regret = found.tables["regret"]
    rows = pd.DataFrame(
        {
            "made_for": regret["made_for"].map(lambda name: SERVICES.get(name, name)),
            "judged_by": regret["judged_by"].map(lambda name: SERVICES.get(name, name)),
            "regret": regret["regret"],
        }
    )
    order = list(dict.fromkeys(rows["made_for"]))
    judges = list(dict.fromkeys(rows["judged_by"]))
    axis = alt.Axis(labelAngle=-30, orient="top", domain=False)
    x = alt.X("judged_by:N", title="judged by", sort=judges, axis=axis)
    y = alt.Y("made_for:N", title="made for", sort=order, axis=alt.Axis(labelLimit=200, domain=False))
    shade = alt.Color("regret:Q", scale=alt.Scale(range=["#FFFFFF", "#F2A66B"], domainMin=0), legend=None)
    boxes = named("rows").mark_rect(stroke="#E5E7EB").encode(x=x, y=y, color=shade)
    shown = named("rows").transform_filter("isValid(datum.regret)")
    text = shown.mark_text(fontSize=12, color=BLACK).encode(x=x, y=y, text=alt.Text("regret:Q", format=".1%"))
    chart = alt.layer(boxes, text, width=96 * len(judges), height=38 * len(order))
    return Figure(chart, {"rows": rows})


def ranks_chart(found: ContestTables, width: int) -> Figure:
    """Bubbles: share of resampled catalogues on which a scheme takes a rank; diamonds: further seeds."""
    table = found.tables["stability"]
    order = [row["scheme"] for row in found.standings]
    count = table.groupby(["of", "scheme", "rank"], sort=False).size().rename("n").reset_index()
    whole = count.groupby(["of", "scheme"])["n"].transform("sum")
    rows = count.assign(share=count["n"] / whole)[["of", "scheme", "rank", "share"]]
    space = 130 if width < _WIDE else 200
    y = alt.Y("scheme:N", title=None, sort=order, axis=_names(order, space))
    last = int(rows["rank"].max())
    x = alt.X(
        "rank:Q",
        title="Rank (1 = cheapest)",
        axis=alt.Axis(format="d", tickMinStep=1, tickCount=min(last, max(3, width // 60)), grid=False),
        scale=alt.Scale(domain=[0.4, last + 0.6], nice=False),
    )
    base = named("rows")
    size = alt.Size("share:Q", scale=alt.Scale(domain=[0, 1], range=[20, 420]), legend=None)
    bubbles = (
        base.transform_filter("datum.of == 'catalogue'")
        .mark_point(filled=True, color=BLUE, opacity=1, shape="circle")
        .encode(x=x, y=y, size=size)
    )
    seeds = (
        base.transform_filter("datum.of == 'seed'")
        .mark_point(filled=True, color=VERMILLION, stroke="white", shape="diamond", size=110, opacity=1)
        .encode(x=x, y=y)
    )
    chart = alt.layer(
        bubbles, seeds, width=_plot(width, space), height=(26 if width >= _WIDE else 34) * len(order)
    )
    return Figure(chart, {"rows": rows})


def _percent(values: pd.Series[float]) -> str:
    return percent_format(float(values.min()), float(values.max()))


def _plot(width: int, labels: int) -> int:
    """Width of the plot that leaves room for labels on a narrow screen."""
    return max(160, width - (labels if width < _WIDE else labels // 2))


def _names(names: Sequence[str], space: int) -> alt.Axis:
    """Schemes down the side, in words."""
    letters = int(space / _LETTER)
    return alt.Axis(labelLimit=space, domain=False, grid=True, labelExpr=_spelled(names, letters))


def _spelled(names: Sequence[str], letters: int = 0) -> str:
    """Vega expression of a label: the scheme in words, in lines of so many letters."""
    told = {name: scheme_title(name) for name in names}
    lines = (
        {name: textwrap.wrap(title, letters) or [title] for name, title in told.items()} if letters else told
    )
    return f"({json.dumps(lines)})[datum.label] || datum.label"


def _series(names: list[str], width: int) -> tuple[alt.Color, alt.Shape]:
    """Colour and shape by scheme; distinct with any colour vision."""
    columns = 4 if width >= _WIDE else 1
    legend = alt.Legend(
        title=None,
        orient="top",
        columns=columns,
        labelLimit=220,
        symbolSize=70,
        columnPadding=28,
        labelExpr=_spelled(names),
    )
    colours = alt.Scale(domain=names, range=list(_COLOURS[: len(names)]))
    shapes = alt.Scale(domain=names, range=list(_SHAPES[: len(names)]))
    return (
        alt.Color("scheme:N", scale=colours, legend=legend),
        alt.Shape("scheme:N", scale=shapes, legend=legend),
    )
