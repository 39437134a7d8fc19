"""Charts by segment: capital, service, and the matrix of two attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from simlab.measures import ALL
from simlab.report.kit.formats import currency_sign
from simlab.report.kit.reading import plan_name
from simlab.report.kit.style import (
    BLACK,
    BLUE,
    GREY,
    PLAN_COLOUR,
    PLAN_SHAPE,
    VERMILLION,
    Figure,
    Width,
    axis_money,
    named,
    percent_format,
)

if TYPE_CHECKING:
    from simlab.report.plan.tables import RunTables


def capital_chart(tables: RunTables, *, width: Width = 720) -> Figure:
    """Mean inventory value by segment under the plan and its rivals, as dots on one line each."""
    plans = [p for p in tables.plans() if p in PLAN_COLOUR]
    rows = pd.concat([tables.rows(p, tables.sample) for p in plans])[["plan", "segment", "inventory_value"]]
    rows["name"] = [plan_name(plan) for plan in rows["plan"]]
    order = rows[rows["plan"] == tables.main_plan].sort_values("inventory_value", ascending=False)["segment"]
    names = [plan_name(plan) for plan in plans]
    sign = currency_sign(tables.currency)
    y = alt.Y("segment:N", title=None, sort=list(order), axis=alt.Axis(labelLimit=160, domain=False))
    x = alt.X(
        "inventory_value:Q",
        title=f"Stock ({tables.currency})",
        axis=alt.Axis(format="~s", labelExpr=axis_money(sign), tickCount=6),
    )
    base = named("rows")
    span = base.mark_rule(color=GREY, opacity=0.35, strokeWidth=2).encode(
        y=y, x=alt.X("min(inventory_value):Q"), x2=alt.X2("max(inventory_value):Q")
    )
    scale = alt.Scale(domain=names, range=[PLAN_COLOUR[p] for p in plans])
    shapes = alt.Scale(domain=names, range=[PLAN_SHAPE.get(p, "circle") for p in plans])
    legend = alt.Legend(title=None, orient="top", columns=4)
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(
        y=y,
        x=x,
        color=alt.Color("name:N", scale=scale, legend=legend),
        shape=alt.Shape("name:N", scale=shapes, legend=legend),
        tooltip=[
            alt.Tooltip("segment:N", title="Segment"),
            alt.Tooltip("name:N", title="Plan"),
            alt.Tooltip("inventory_value:Q", title=f"Stock ({tables.currency})", format=",.0f"),
        ],
    )
    chart = alt.layer(span, dots, width=width, height=30 * rows["segment"].nunique())
    return Figure(chart, {"rows": rows})


def service_chart(tables: RunTables, *, width: Width = 720) -> Figure:
    """Target asked (tick) beside achieved service with its interval (dot and bar), by segment."""
    measure = tables.target_measure
    table = tables.rows(tables.main_plan, tables.sample)
    ends = {end: table.get(f"{measure}_{end}", table[measure]) for end in ("low", "high")}
    rows = pd.DataFrame(
        {"segment": table["segment"], "asked": table["target"], "got": table[measure], **ends}
    )
    y = alt.Y("segment:N", title=None, axis=alt.Axis(labelLimit=160, domain=False))
    title = "Units served at once" if measure == "fill_rate" else "Cycles without a shortage"
    seen = rows[["asked", "got", "low", "high"]]
    percent = percent_format(float(seen.min().min()), float(seen.max().max()))
    x = alt.X("got:Q", title=title, axis=alt.Axis(format=percent, tickCount=6), scale=alt.Scale(zero=False))
    shown = {"asked": "Target", "got": "Served", "low": "Random error from", "high": "to"}
    tooltip = [alt.Tooltip("segment:N", title="Segment")]
    tooltip += [alt.Tooltip(f"{f}:Q", title=title, format=".2%") for f, title in shown.items()]
    base = named("rows").encode(y=y, tooltip=tooltip)
    bar = base.mark_rule(color=BLUE, strokeWidth=3, opacity=0.5).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"))
    dot = base.mark_point(filled=True, color=BLUE, size=70, opacity=1).encode(x=x)
    tick = base.mark_tick(color=VERMILLION, thickness=3, size=18).encode(x=alt.X("asked:Q"))
    chart = alt.layer(tick, bar, dot, width=width, height=30 * len(rows))
    return Figure(chart, {"rows": rows})


def matrix_chart(tables: RunTables, cells: pd.DataFrame) -> Figure:
    """The segments of two attributes as boxes with target and achieved service (static figure).

    Parameters
    ----------
    cells : DataFrame
        Columns row, column, asked, got (text as shown) and share (inventory value ÷ total).
    """
    base = named("cells").encode(
        x=alt.X("column:N", title=tables.by[1], axis=alt.Axis(orient="top", labelAngle=0, domain=False)),
        y=alt.Y("row:N", title=tables.by[0], axis=alt.Axis(domain=False)),
    )
    box = base.mark_rect(stroke="white", strokeWidth=4, cornerRadius=6).encode(
        color=alt.Color(
            "share:Q",
            scale=alt.Scale(range=["#EEF4FA", "#7FB2DC"], domainMin=0),
            legend=alt.Legend(title="share of stock", format=".0%", orient="right"),
        )
    )
    got = base.mark_text(fontSize=16, fontWeight=600, dy=-8, color=BLACK).encode(text=alt.Text("got:N"))
    asked = base.mark_text(fontSize=11, dy=13, color="#374151").encode(text=alt.Text("asked:N"))
    chart = alt.layer(box, got, asked, width=alt.Step(150), height=alt.Step(84))
    return Figure(chart, {"cells": cells})


_MOST_GROUPS = 12
_FITTED = "fitted"


def pit_chart(table: pd.DataFrame, name: str, of: str) -> Figure:
    """Shares of the randomised PIT per tenth; flat at 10% where the laws are right."""
    mine = table[table["method"] == _FITTED]
    groups = list(dict.fromkeys(mine["group"]))[:_MOST_GROUPS]
    mine = mine[mine["group"].isin(groups)]
    mine = mine.assign(group=mine["group"].where(mine["group"] != ALL, "All"))
    base = named(name)
    bars = base.mark_bar(color=BLUE, binSpacing=1).encode(
        x=alt.X("low:Q", title="Where demand fell", bin="binned", axis=alt.Axis(values=[0, 0.5, 1])),
        x2=alt.X2("high:Q"),
        y=alt.Y("share:Q", title=of, axis=alt.Axis(format=".0%", tickCount=4)),
        tooltip=[alt.Tooltip("group:N", title="Segment"), alt.Tooltip("share:Q", title=of, format=".1%")],
    )
    flat = base.mark_rule(color=VERMILLION, strokeDash=[4, 3], aria=False).encode(y=alt.datum(0.1))
    picture = (
        alt.layer(bars, flat)
        .properties(width=140, height=90)
        .facet(alt.Facet("group:N", title=None, sort=["All"]), columns=4)
    )
    return Figure(picture, {name: mine[["group", "low", "high", "share"]]})


def worst_fits_chart(table: pd.DataFrame) -> Figure:
    """Periods per range of demand: bars seen, points expected."""
    same = table["first"] == table["last"]
    ends = table["first"].astype(str) + "–" + table["last"].astype(str)
    table = table.assign(
        range=ends.where(~same, table["first"].astype(str)),
        name=table["rank"].astype(str) + ". " + table["sku"] + " @ " + table["location"],
    )
    base = named("worst")
    order = list(dict.fromkeys(table.sort_values("rank")["name"]))
    x = alt.X("range:N", title="Units in a period", sort=alt.EncodingSortField("first", op="min"))
    y = alt.Y("observed:Q", title="Periods", axis=alt.Axis(tickCount=4))
    tooltip = [
        alt.Tooltip("range:N", title="Units in a period"),
        alt.Tooltip("observed:Q", title="Periods seen", format=",.0f"),
        alt.Tooltip("expected:Q", title="Periods modelled", format=",.1f"),
    ]
    bars = base.mark_bar(color=BLUE, opacity=0.7).encode(x=x, y=y, tooltip=tooltip)
    points = base.mark_point(color=VERMILLION, filled=True, size=40, opacity=1)
    points = points.encode(x=x, y=alt.Y("expected:Q"), tooltip=tooltip)
    picture = (
        alt.layer(bars, points)
        .properties(width=240, height=110)
        .facet(alt.Facet("name:N", title=None, sort=order), columns=2)
        .resolve_scale(x="independent", y="independent")
    )
    kept = table[["name", "range", "first", "observed", "expected"]]
    return Figure(picture, {"worst": kept})


def last_periods_chart(rows: pd.DataFrame) -> Figure:
    """Units served in the last periods (dot) beside the interval that was expected (bar), by segment."""
    shown = rows[["segment", "fill_rate", "fill_rate_expected", "fill_rate_low", "fill_rate_high"]]
    shown = shown.assign(
        segment=shown["segment"].where(shown["segment"] != ALL, "All"),
        came=["inside" if inside else "outside" for inside in rows["fill_rate_inside"]],
    )
    low = float(shown[["fill_rate", "fill_rate_low"]].min().min())
    y = alt.Y(
        "segment:N", title=None, sort=list(shown["segment"]), axis=alt.Axis(labelLimit=160, domain=False)
    )
    x = alt.X(
        "fill_rate:Q",
        title="Units served at once",
        axis=alt.Axis(format=percent_format(low, 1.0), tickCount=6),
        scale=alt.Scale(domain=[low, 1.0], nice=True, zero=False),
    )
    tooltip = [alt.Tooltip("segment:N", title="Segment")]
    names = {"fill_rate": "Served", "fill_rate_expected": "Expected", "fill_rate_low": "from"}
    names |= {"fill_rate_high": "to"}
    tooltip += [alt.Tooltip(f"{key}:Q", title=title, format=".1%") for key, title in names.items()]
    base = named("held_out").encode(y=y, tooltip=tooltip)
    bar = base.mark_rule(color=GREY, strokeWidth=6, opacity=0.5).encode(
        x=alt.X("fill_rate_low:Q"), x2=alt.X2("fill_rate_high:Q")
    )
    colour = alt.Color(
        "came:N",
        scale=alt.Scale(domain=["inside", "outside"], range=[BLUE, VERMILLION]),
        legend=alt.Legend(title="Served, against the grey bar expected", titleLimit=400, orient="top"),
    )
    shape = alt.Shape(
        "came:N",
        scale=alt.Scale(domain=["inside", "outside"], range=["circle", "diamond"]),
        legend=alt.Legend(title="Served, against the grey bar expected", titleLimit=400, orient="top"),
    )
    dot = base.mark_point(filled=True, size=90, opacity=1).encode(x=x, color=colour, shape=shape)
    chart = alt.layer(bar, dot, width="container", height=max(90, 26 * len(shown)))
    return Figure(chart, {"held_out": shown})
