"""Charts of what the histories say: PIT histograms by segment, rootograms of the worst fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from simlab.report.style import BLUE, VERMILLION, Figure, named
from simlab.report.tables import ALL

if TYPE_CHECKING:
    import pandas as pd

    from simlab.report.tables import RunTables

_MOST_GROUPS = 12
_FITTED = "fitted"


def charts(tables: RunTables) -> dict[str, Figure]:
    """The charts that the run's tables allow, by chart id."""
    found: dict[str, Figure] = {}
    if tables.pit is not None:
        found["pit"] = _pit(tables.pit, "pit", "Share of forecasts")
    if tables.fit_pit is not None:
        found["fit_pit"] = _pit(tables.fit_pit, "fit_pit", "Share of periods")
    if tables.worst_fits is not None:
        found["worst_fits"] = _worst(tables)
    return found


def _pit(table: pd.DataFrame, name: str, of: str) -> Figure:
    """Shares of the randomised PIT per tenth; flat at 10 % where the laws are right."""
    mine = table[table["method"] == _FITTED]
    groups = list(dict.fromkeys(mine["group"]))[:_MOST_GROUPS]
    mine = mine[mine["group"].isin(groups)]
    mine = mine.assign(group=mine["group"].where(mine["group"] != ALL, "All"))
    base = named(name)
    bars = base.mark_bar(color=BLUE, binSpacing=1).encode(
        x=alt.X("low:Q", title="Randomised PIT", bin="binned", axis=alt.Axis(values=[0, 0.5, 1])),
        x2="high:Q",
        y=alt.Y("share:Q", title=of, axis=alt.Axis(format=".0%", tickCount=4)),
        tooltip=[alt.Tooltip("group:N", title="Segment"), alt.Tooltip("share:Q", format=".1%")],
    )
    flat = base.mark_rule(color=VERMILLION, strokeDash=[4, 3]).encode(y=alt.datum(0.1))
    picture = (
        alt.layer(bars, flat)
        .properties(width=140, height=90)
        .facet(alt.Facet("group:N", title=None, sort=["All"]), columns=4)
    )
    return Figure(picture, {name: mine[["group", "low", "high", "share"]]})


def _worst(tables: RunTables) -> Figure:
    """Periods per range of demand: bars seen, points expected, on a square-root scale."""
    table = tables.worst_fits
    assert table is not None
    same = table["first"] == table["last"]
    ends = table["first"].astype(str) + "–" + table["last"].astype(str)
    table = table.assign(
        range=ends.where(~same, table["first"].astype(str)),
        name=table["rank"].astype(str) + ". " + table["sku"] + " @ " + table["location"],
    )
    base = named("worst")
    order = list(dict.fromkeys(table.sort_values("rank")["name"]))
    x = alt.X("range:N", title="Units per period", sort=alt.EncodingSortField("first", op="min"))
    y = alt.Y("observed:Q", title="Periods", scale=alt.Scale(type="sqrt"))
    bars = base.mark_bar(color=BLUE, opacity=0.7).encode(x=x, y=y)
    points = base.mark_point(color=VERMILLION, filled=True, size=40, opacity=1).encode(x=x, y="expected:Q")
    picture = (
        alt.layer(bars, points)
        .properties(width=240, height=110)
        .facet(alt.Facet("name:N", title=None, sort=order), columns=2)
        .resolve_scale(x="independent", y="independent")
    )
    kept = table[["name", "range", "first", "observed", "expected"]]
    return Figure(picture, {"worst": kept})
