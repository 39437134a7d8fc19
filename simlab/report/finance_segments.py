"""Capital by segment, now against proposed: a chart of both and the table behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from simlab.report.formats import currency_sign, money, number, percent, span
from simlab.report.style import BLUE, GREY, Figure, Width, axis_money, named
from simlab.report.tables import ALL, records

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from simlab.report.tables import RunTables

MAX_SEGMENTS = 40
NOW = {"today": "today's levels", "habit": "the habit A 98 / B 95 / C 90"}
COLUMNS = ("Segment", "SKU-locations", "now", "proposed", "change", "fill now", "fill proposed")


def segment_section(tables: RunTables) -> dict[str, Any]:
    """Title, text, chart and table; the largest changes first, the total last."""
    rows, left = _rows(tables)
    now = NOW.get(str(rows["now"].iloc[0]), str(rows["now"].iloc[0]))
    text = (
        f"Mean inventory value ({tables.currency}) of every segment now ({now}) and under the plan, both on "
        "the fresh seed; intervals of the change are paired. Largest changes first."
    )
    more = f" {left} further segments are in the run's tables." if left else ""
    cells = [_cells(row, tables) for row in records(rows)]
    return {
        "id": "capital_by_segment",
        "title": "Capital by segment: now and proposed",
        "text": text + more,
        "chart": True,
        "table": {"columns": COLUMNS, "rows": cells},
    }


def _rows(tables: RunTables) -> tuple[pd.DataFrame, int]:
    """The segments shown, those that change most first, then the total; and how many are not shown."""
    import pandas as pd

    table = tables.capital_by_segment
    assert table is not None
    segments, total = table[table["segment"] != ALL], table[table["segment"] == ALL]
    order = segments["change"].abs().sort_values(ascending=False, kind="stable").index
    shown = segments.loc[order[:MAX_SEGMENTS]]
    return pd.concat([shown, total]), len(segments) - len(shown)


def _cells(row: Mapping[str, Any], tables: RunTables) -> list[str]:
    def cash(value: float) -> str:
        return money(value, tables.currency)

    def change(value: float) -> str:
        return ("+" if value > 0 else "") + cash(value)

    ends = span(row.get("change_low"), row.get("change_high"), change)
    return [
        "All" if row["segment"] == ALL else str(row["segment"]),
        number(row.get("n_items")),
        cash(row["inventory_value_now"]),
        cash(row["inventory_value"]),
        f"{change(row['change'])} ({ends})" if ends else change(row["change"]),
        percent(row.get("fill_rate_now")),
        percent(row.get("fill_rate")),
    ]


def budget_chart(tables: RunTables, width: Width = 720) -> Figure:
    """Service that each budget buys, as steps: between two budgets that of the smaller one is safe."""
    table = tables.budget_sweep
    assert table is not None
    service = str(tables.manifest.get("service") or "fill rate")
    axis = alt.Axis(format="~s", labelExpr=axis_money(currency_sign(tables.currency)), tickCount=6)
    free = alt.Scale(zero=False)
    x = alt.X("budget:Q", title=f"Budget on inventory value ({tables.currency})", axis=axis, scale=free)
    y = alt.Y("fill_rate:Q", title=f"Highest {service}", axis=alt.Axis(format=".1%"), scale=free)
    tooltip = [
        alt.Tooltip("budget:Q", title=f"Budget ({tables.currency})", format=",.0f"),
        alt.Tooltip("fill_rate:Q", title=service, format=".2%"),
    ]
    base = named("budgets").encode(x=x, y=y)
    line = base.mark_line(color=BLUE, interpolate="step-after")
    dots = base.mark_point(color=BLUE, filled=True, size=40, opacity=1).encode(tooltip=tooltip)
    shown = table[["budget", "fill_rate"]]
    return Figure(alt.layer(line, dots).properties(width=width, height=280), {"budgets": shown})


def segment_chart(tables: RunTables, width: Width = 720) -> Figure:
    """A line per segment from stock now (hollow) to stock proposed (filled)."""
    rows, _ = _rows(tables)
    rows = rows[rows["segment"] != ALL]
    axis = alt.Axis(
        format="~s",
        labelExpr=axis_money(currency_sign(tables.currency)),
        tickCount=4,
        labelOverlap="greedy",
        labelSeparation=6,
    )
    order = list(rows["segment"])
    y = alt.Y("segment:N", title=None, sort=order, axis=alt.Axis(labelLimit=160, domain=False))
    title = f"Stock ({tables.currency}): hollow now, filled proposed"
    tooltip = [alt.Tooltip("segment:N", title="Segment")]
    fields = {"inventory_value_now": "Now", "inventory_value": "Proposed", "change": "Change"}
    for field, name in fields.items():
        tooltip.append(alt.Tooltip(f"{field}:Q", title=f"{name} ({tables.currency})", format=",.0f"))
    base = named("segments").encode(y=y, tooltip=tooltip)
    way = base.mark_rule(color=GREY, opacity=0.6, strokeWidth=2).encode(
        x=alt.X("inventory_value_now:Q", title=title, axis=axis), x2="inventory_value:Q"
    )
    now = base.mark_point(color=GREY, size=90, strokeWidth=2, opacity=1).encode(x="inventory_value_now:Q")
    plan = base.mark_point(color=BLUE, filled=True, size=100, opacity=1).encode(x="inventory_value:Q")
    height = max(90, 30 * len(rows))
    return Figure(alt.layer(way, now, plan).properties(width=width, height=height), {"segments": rows})
