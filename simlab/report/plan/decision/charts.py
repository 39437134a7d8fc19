"""Charts of the first screen: what stock buys, with today's point; stock from today to the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from simlab.measures import ALL
from simlab.measures.decision import WEIGHT_NOUNS, short_money, short_rate
from simlab.report.kit.formats import currency_sign
from simlab.report.kit.reading import records
from simlab.report.kit.style import BLACK, BLUE, GREY, VERMILLION, Figure, Width, axis_money, named
from simlab.report.plan.decision.screen import signed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simlab.report.plan.tables import RunTables

BUYS, STEPS = "what_stock_buys", "stock_by_segment"
_LINES = {"segmented": "by segment", "uniform": "one target for all"}
_MARKS = {"today": ("Today", BLACK), "same_service": ("Same service", BLUE), "proposed": ("Proposed", BLUE)}
_STEPS_SHOWN = 12


def charts(tables: RunTables, width: Width = 520) -> dict[str, Figure]:
    """The charts that the run's tables allow, by name."""
    if tables.decision is None:
        return {}
    found = {}
    frontier = tables.frontier
    if frontier is not None and "service_verdict" in frontier:
        found[BUYS] = buys_chart(tables, width)
    if tables.capital_by_segment is not None:
        found[STEPS] = steps_chart(tables, width)
    return found


def points_of(tables: RunTables) -> pd.DataFrame:
    """Today, the same service and the proposed plan: name, stock, service, label."""
    assert tables.decision is not None
    facts = tables.manifest.get("decision") or {}
    rows = {row["measure"]: row for row in records(tables.decision)}
    stock, service = rows["inventory_value"], rows[str(facts.get("row"))]
    found = []
    for key, (name, colour) in _MARKS.items():
        x, y = float(stock[key]), float(service[key])
        if np.isfinite(x) and np.isfinite(y):
            label = signed(f"{name} {short_rate(y)}, {short_money(x, tables.currency)}", tables)
            found.append({"name": name, "stock": x, "service": y, "label": label, "colour": colour})
    return pd.DataFrame(found)


def buys_chart(tables: RunTables, width: Width = 520) -> Figure:
    """Service against stock of every plan shown, and where today stands."""
    marks = points_of(tables)
    low = max(0.0, float(marks["service"].min()) - 0.12)
    lines = _curves(tables, low)
    sign = currency_sign(tables.currency)
    right = 1.25 * float(marks["stock"].max())
    noun = WEIGHT_NOUNS.get(str((tables.manifest.get("decision") or {}).get("weight")), "service")
    x = alt.X(
        "stock:Q",
        title=f"Stock ({tables.currency})",
        axis=alt.Axis(format="~s", labelExpr=axis_money(sign), tickCount=5),
        scale=alt.Scale(domain=[0.0, right], nice=False),
    )
    y = alt.Y(
        "service:Q",
        title=f"{noun[:1].upper()}{noun[1:]} served at once",
        axis=alt.Axis(format=".0%", tickCount=5),
        scale=alt.Scale(domain=[low, 1.0], nice=False),
    )
    names = list(_LINES.values())
    scale = alt.Scale(domain=names, range=[BLUE, VERMILLION])
    dash = alt.Scale(domain=names, range=[[1, 0], [7, 3]])
    tips = [
        alt.Tooltip("name:N", title="Plan"),
        alt.Tooltip("stock:Q", title=f"Stock ({tables.currency})", format=",.0f"),
        alt.Tooltip("service:Q", title="Served at once", format=".2%"),
    ]
    legend = alt.Legend(title=None, orient="top", columns=2, symbolType="stroke", symbolStrokeWidth=3)
    curve = (
        named("lines")
        .mark_line(clip=True, strokeWidth=2)
        .encode(
            x=x,
            y=y,
            color=alt.Color("name:N", scale=scale, legend=legend),
            strokeDash=alt.StrokeDash("name:N", scale=dash, legend=legend),
            tooltip=tips,
        )
    )
    dots = (
        named("marks")
        .mark_point(filled=True, size=110, opacity=1)
        .encode(x=x, y=y, color=alt.Color("colour:N", scale=None), tooltip=tips)
    )
    layers: list[Any] = [curve, dots]
    data = {"lines": lines, "marks": marks}
    middle = right / 2
    for at, row in enumerate(records(marks)):
        left = row["stock"] > middle
        below = row["name"] == "Today"
        text = named(f"label{at}").mark_text(
            align="right" if left else "left",
            dx=-9 if left else 9,
            dy=14 if below else -10 if row["name"] == "Same service" else 14,
            fontWeight=600,
        )
        layers.append(text.encode(x=x, y=y, text="label:N"))
        data[f"label{at}"] = marks.iloc[[at]]
    return Figure(alt.layer(*layers).properties(width=width, height=280), data)


def _curves(tables: RunTables, low: float) -> pd.DataFrame:
    frontier = tables.frontier
    assert frontier is not None
    parts = []
    for kind, name in _LINES.items():
        rows = frontier[frontier["kind"] == kind]
        part = pd.DataFrame(
            {"name": name, "stock": rows["inventory_value_verdict"], "service": rows["service_verdict"]}
        )
        part = part.sort_values(["stock", "service"])
        part = part[part["service"] >= part["service"].cummax()]  # others tie up more and serve less
        parts.append(part[part["service"] >= low - 0.05])
    return pd.concat(parts, ignore_index=True)


def steps_of(tables: RunTables) -> pd.DataFrame:
    """Stock today, the change of every segment (the largest first, small ones together), stock proposed."""
    table = tables.capital_by_segment
    assert table is not None
    total = records(table[table["segment"] == ALL])[0]
    own = table[table["segment"] != ALL]
    own = own.loc[own["change"].abs().sort_values(ascending=False, kind="stable").index]
    changes = [(str(row["segment"]), float(row["change"])) for row in records(own.head(_STEPS_SHOWN))]
    if len(own) > _STEPS_SHOWN:
        changes.append((f"{len(own) - _STEPS_SHOWN} others", float(own["change"].iloc[_STEPS_SHOWN:].sum())))
    changes.sort(key=lambda step: step[1])
    now, then = float(total["inventory_value_now"]), float(total["inventory_value"])
    rows = [_step("today", 0.0, now, "total", tables)]
    level = now
    for name, moved in changes:
        rows.append(_step(name, level, level + moved, "less" if moved < 0 else "more", tables))
        level += moved
    rows.append(_step("proposed", 0.0, then, "total", tables))
    return pd.DataFrame(rows).assign(place=range(len(rows)))


def _step(name: str, start: float, end: float, kind: str, tables: RunTables) -> Mapping[str, Any]:
    sign = "" if kind == "total" else "\u2212" if end < start else "+"
    whole = signed(short_money(end - start, tables.currency), tables)
    text = whole if kind == "total" else _thousands(abs(end - start))
    return {
        "name": name,
        "start": start,
        "end": end,
        "top": max(start, end),
        "kind": kind,
        "label": sign + text,
    }


def _thousands(amount: float) -> str:
    """An amount in thousands, as short as its place on a bar."""
    return f"{amount / 1e3:,.0f}k" if amount >= 9_950 else f"{amount / 1e3:.1f}k" if amount >= 50 else "0"


def steps_chart(tables: RunTables, width: Width = 520) -> Figure:
    """Stock from today to the plan, segment by segment."""
    steps = steps_of(tables)
    sign = currency_sign(tables.currency)
    angle = -35 if max(len(name) for name in steps["name"]) > 8 else 0
    x = alt.X("name:N", sort=list(steps["name"]), title=None, axis=alt.Axis(labelAngle=angle, labelLimit=90))
    axis = alt.Axis(format="~s", labelExpr=axis_money(sign), tickCount=5)
    y = alt.Y("start:Q", title=f"Stock ({tables.currency})", axis=axis)
    colour = alt.Scale(domain=["total", "less", "more"], range=[GREY, BLUE, VERMILLION])
    bars = (
        named("steps")
        .mark_bar()
        .encode(
            x=x,
            y=y,
            y2="end:Q",
            color=alt.Color("kind:N", scale=colour, legend=None),
            tooltip=[
                alt.Tooltip("name:N", title="Segment"),
                alt.Tooltip("label:N", title=f"Stock ({tables.currency})"),
            ],
        )
    )
    labels = named("steps").mark_text(dy=-7, fontSize=11).encode(x=x, y=alt.Y("top:Q"), text="label:N")
    return Figure(alt.layer(bars, labels).properties(width=width, height=250), {"steps": steps})
