"""The last periods, which the plan was not made from: what it would have served, beside what was expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from simlab.measures import ALL
from simlab.measures.decision import short_rate
from simlab.report.kit.formats import DASH, is_number, money, number
from simlab.report.kit.reading import plan_name, records
from simlab.report.kit.style import BLUE, GREY, VERMILLION, Figure, named, percent_format
from simlab.report.plan.section import Content, Row, section, table

if TYPE_CHECKING:
    from simlab.report.plan.tables import RunTables

_MOST_ROWS = 60
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
            *("plan", "segment", "n_items", "n_judged", "demand", "demand_expected", "fill_rate"),
            *("fill_rate_expected", "fill_rate_low", "fill_rate_high", "fill_rate_inside"),
            *("inventory_value", "inventory_value_expected"),
        )
    },
    charts=_charts,
)
def held_out(tables: RunTables) -> Content | None:
    """Real sales of the last periods against levels and models made from what came before."""
    frame = tables.table("held_out")
    if frame is None:
        return None
    said = [one.line for one in tables.told if one.group == "replay"]
    whole = frame[frame["segment"] == ALL]
    by_plan = [[plan_name(str(row["plan"])), *_cells(row, tables)] for row in records(whole)]
    own = frame[(frame["plan"] == tables.main_plan) & (frame["segment"] != ALL)]
    by_segment = [[str(row["segment"]), *_cells(row, tables)] for row in records(own)[:_MOST_ROWS]]
    shown = [table("All items, by plan", ["Plan", *_HEADER], by_plan)]
    if by_segment:
        shown.append(table("The proposed plan, by segment", ["Segment", *_HEADER], by_segment))
    charts = {}
    if not _rows(frame, tables.main_plan).empty:
        charts[_CHART] = "Service in the last weeks against what was expected, by segment"
    note = "Expected: mean and 95% range if the demand model is right and items are independent."
    return Content(said, shown, charts, (note,))


_HEADER = (
    *("SKU-locations judged", "units asked for", "expected", "units served", "expected"),
    *("as expected?", "stock", "expected"),
)


def _cells(row: Row, tables: RunTables) -> list[str]:
    def cash(value: Any) -> str:
        return money(value, tables.currency, digits=0)

    expected = _rate(row["fill_rate_expected"])
    if is_number(row["fill_rate_low"]) and is_number(row["fill_rate_high"]):
        expected += f" ({_rate(row['fill_rate_low'])} to {_rate(row['fill_rate_high'])})"
    inside = row["fill_rate_inside"]
    return [
        f"{number(row['n_judged'])} of {number(row['n_items'])}",
        number(row["demand"]),
        number(row["demand_expected"]),
        _rate(row["fill_rate"]),
        expected,
        DASH if inside is None or inside != inside else "yes" if inside else "no",
        cash(row["inventory_value"]),
        cash(row["inventory_value_expected"]),
    ]


def _rate(value: Any) -> str:
    return short_rate(float(value)) if is_number(value) else DASH
