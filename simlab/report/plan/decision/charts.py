"""Charts of the first screen: what stock buys, with today's point; stock from today to the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from simlab.measures import ALL
from simlab.measures.decision import short_money
from simlab.report.kit.formats import currency_sign
from simlab.report.kit.reading import records
from simlab.report.kit.style import BLUE, GREY, VERMILLION, Figure, Width, axis_money, named
from simlab.report.plan.decision.buys import buys_chart
from simlab.report.plan.decision.screen import signed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simlab.report.plan.tables import RunTables

BUYS, STEPS = "what_stock_buys", "stock_by_segment"
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
    first = tables.compared["today"]
    rows = [_step("today" if first == "Today" else first, 0.0, now, "total", tables)]
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
            y2=alt.Y2("end:Q"),
            color=alt.Color("kind:N", scale=colour, legend=None),
            tooltip=[
                alt.Tooltip("name:N", title="Segment"),
                alt.Tooltip("label:N", title=f"Stock ({tables.currency})"),
            ],
        )
    )
    labels = (
        named("steps").mark_text(dy=-7, fontSize=11).encode(x=x, y=alt.Y("top:Q"), text=alt.Text("label:N"))
    )
    return Figure(alt.layer(bars, labels, width=width, height=250), {"steps": steps})
