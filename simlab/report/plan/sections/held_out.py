"""The last periods, which the plan was not made from: what it would have served, beside what was expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from simlab.measures import ALL
from simlab.report.kit.style import BLUE, GREY, VERMILLION, Figure, named, percent_format
from simlab.report.plan.section import Content, section
from simlab.report.plan.sections.replay import replay_lines

if TYPE_CHECKING:
    from simlab.report.plan.tables import RunTables

_MOST_ROWS = 40
_CHART = "held_out_service"


def _rows(frame: pd.DataFrame, plan: str) -> pd.DataFrame:
    own = frame[(frame["plan"] == plan) & (frame["n_judged"] > 0)]
    return own[own["fill_rate"].notna() & own["fill_rate_expected"].notna()]


def _charts(tables: RunTables) -> dict[str, Figure]:
    frame = tables.table("held_out")
    if frame is None:
        return {}
    rows = _rows(frame, tables.main_plan).head(_MOST_ROWS)
    return {} if rows.empty else {_CHART: service_chart(rows)}


def service_chart(rows: pd.DataFrame) -> Figure:
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
        x=alt.X("fill_rate_low:Q"), x2="fill_rate_high:Q"
    )
    colour = alt.Color(
        "came:N",
        scale=alt.Scale(domain=["inside", "outside"], range=[BLUE, VERMILLION]),
        legend=alt.Legend(title="Served, against the grey bar expected", orient="top"),
    )
    shape = alt.Shape(
        "came:N",
        scale=alt.Scale(domain=["inside", "outside"], range=["circle", "diamond"]),
        legend=alt.Legend(title="Served, against the grey bar expected", orient="top"),
    )
    dot = base.mark_point(filled=True, size=90, opacity=1).encode(x=x, color=colour, shape=shape)
    chart = alt.layer(bar, dot).properties(width="container", height=max(90, 26 * len(shown)))
    return Figure(chart, {"held_out": shown})


@section(
    "held-out",
    menu="The last weeks",
    title="What the last weeks say",
    place=0,
    needs={
        "held_out": (
            *("plan", "segment", "n_items", "n_judged", "demand", "fill_rate", "value_rate"),
            *("fill_rate_expected", "fill_rate_low", "fill_rate_high", "fill_rate_inside"),
        )
    },
    charts=_charts,
)
def held_out(tables: RunTables) -> Content | None:
    """Real sales of the last periods against levels and models made from what came before."""
    frame = tables.table("held_out")
    if frame is None:
        return None
    charts = {}
    if not _rows(frame, tables.main_plan).empty:
        charts[_CHART] = "Service in the last weeks against what was expected, by segment"
    note = "Grey bar: 95% range if the demand model is right and items are independent. Numbers: below."
    return Content(replay_lines(tables), (), charts, (note,))
