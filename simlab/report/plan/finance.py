"""Sections that appear when the run has their tables: the price of a point, the way to the plan, segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from simlab.measures import ALL
from simlab.measures.decision import points, short_rate
from simlab.report.kit.formats import DASH, currency_sign, is_number, money, number
from simlab.report.kit.reading import records
from simlab.report.kit.shell import FINANCE, SEGMENTS
from simlab.report.kit.style import (
    BLACK,
    BLUE,
    GREY,
    VERMILLION,
    Figure,
    Width,
    axis_money,
    named,
    percent_format,
)
from simlab.report.plan.finance_tables import table_sections

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simlab.report.plan.tables import RunTables


def sections(tables: RunTables) -> list[dict[str, Any]]:
    """Title, text, charts and table of each finance section that the run's tables allow, and its tab."""
    found: list[dict[str, Any]] = []
    if tables.exchange_rates is not None:
        served = tables.counted.service
        found.append(
            {
                "id": "exchange_rates",
                "title": "What the next point of service costs",
                "text": f"Around the plan: money{tables.counted.a_year} for one more point of {served}.",
                "charts": [("exchange_rates", "What one more point of service costs, around the plan")],
            }
        )
    if tables.capital is not None:
        charts = [("capital_over_time", "Stock and orders on the way to the plan")]
        if _has_service(tables.capital):
            charts.append(("service_over_time", "Service on the way to the plan"))
        found.append(
            {
                "id": "capital_over_time",
                "title": "On the way to the plan",
                "text": _way(tables),
                "charts": charts,
            }
        )
    found = [{"tab": FINANCE, "table": None, **section} for section in found]
    if tables.capital_by_segment is not None:
        found.append(segment_section(tables))
    return found + [{"tab": FINANCE, "charts": [], **section} for section in table_sections(tables)]


def _way(tables: RunTables) -> str:
    """How stock falls or rises, and where service is lowest."""
    table = tables.capital
    assert table is not None
    text = "How stock goes from today's shelf to the plan, and what happens to service on the way"
    if not _has_service(table):
        return f"{text}."
    low = records(table.nsmallest(1, "fill_rate"))[0]
    period = tables.period
    return f"{text}: lowest {short_rate(float(low['fill_rate']))} {_at(period)} {int(low['period'])}."


def _at(period: str) -> str:
    """Before the number of a period: "on day" 27, "in week" 8."""
    return f"{'on' if period == 'day' else 'in'} {period}"


def _has_service(table: pd.DataFrame) -> bool:
    return "fill_rate" in table and bool(table["fill_rate"].notna().any())


def charts(tables: RunTables, *, width: Width = 720) -> dict[str, Figure]:
    """The charts of these sections, by chart id."""
    found: dict[str, Figure] = {}
    if tables.exchange_rates is not None and not _near(tables).empty:
        found["exchange_rates"] = _exchange_rates(tables, width)
    if tables.capital is not None:
        found["capital_over_time"] = _capital(tables, width)
        if _has_service(tables.capital):
            found["service_over_time"] = _service(tables, width)
    return found


_AROUND = 0.08
"""Points of service shown on either side of the plan."""
_STEEP = 4.0
"""The axis of a price ends at this many times the price at the plan."""


def _plan_service(tables: RunTables) -> float | None:
    """Service of the plan as the prices count it; None where it is not among them."""
    table = tables.exchange_rates
    if table is not None and "ends_at_chosen" in table and table["ends_at_chosen"].any():
        return float(table.loc[table["ends_at_chosen"].astype(bool), "fill_rate"].iloc[0])
    at = tables.total(tables.main_plan, "search").get("fill_rate")
    return float(at) if is_number(at) else None


def _near(tables: RunTables) -> pd.DataFrame:
    """Prices of a point around the plan's service, those above zero."""
    table = tables.exchange_rates
    assert table is not None
    table = table[table["cost_per_point"] > 0]
    at = _plan_service(tables)
    if at is None:
        return table
    near = table[(table["fill_rate"] - at).abs() <= _AROUND]
    return near if len(near) >= 3 else table


def _exchange_rates(tables: RunTables, width: Width) -> Figure:
    """Money of one more point, as steps between neighbouring plans with their interval, and the plan."""
    table = _near(tables)
    what = tables.counted.objective
    title = f"{what[0].upper()}{what[1:]}{tables.counted.per_year} ({tables.currency}) of one more point"
    at = _plan_service(tables)
    away = (table["fill_rate"] - (1.0 if at is None else at)).abs().to_numpy()
    prices = table["cost_per_point"].to_numpy(dtype="float64")
    top = min(_STEEP * float(prices[away.argmin()]), 1.1 * float(prices.max()))
    low, high = float(table["fill_rate"].min()), float(table["fill_rate"].max())
    x = alt.X(
        "fill_rate:Q",
        title=f"{tables.counted.service[:1].upper()}{tables.counted.service[1:]}",
        axis=alt.Axis(format=percent_format(low, high), tickCount=6),
        scale=alt.Scale(domain=[low, high], nice=False),
    )
    y = alt.Y(
        "cost_per_point:Q",
        title=title,
        axis=_money_axis(tables),
        scale=alt.Scale(domain=[0.0, top], nice=False),
    )
    tooltip = [
        alt.Tooltip("fill_rate:Q", title="Service", format=".2%"),
        alt.Tooltip("cost_per_point:Q", title=title, format=",.0f"),
    ]
    base = named("rates")
    line = base.mark_line(color=BLUE, interpolate="step-before", clip=True).encode(x=x, y=y)
    dots = base.mark_point(color=BLUE, filled=True, size=40, opacity=1, clip=True)
    layers: list[alt.Chart] = [line, dots.encode(x=x, y=y, tooltip=tooltip)]
    if "cost_per_point_low" in table:
        band = base.mark_area(color=BLUE, fillOpacity=0.15, interpolate="step-before", clip=True)
        layers.insert(
            0, band.encode(x=x, y=alt.Y("cost_per_point_low:Q"), y2=alt.Y2("cost_per_point_high:Q"))
        )
    data = {"rates": table}
    if at is not None:
        mark = named("plan")
        layers.append(mark.mark_rule(color=GREY, strokeDash=[4, 4], clip=True).encode(x=alt.X("fill_rate:Q")))
        words = mark.mark_text(
            align="right", dx=-6, y=10, color=BLACK, fontSize=12, fontWeight=600, clip=True
        )
        layers.append(words.encode(x=alt.X("fill_rate:Q"), text=alt.Text("name:N")))
        data["plan"] = pd.DataFrame({"fill_rate": [at], "name": ["Proposed"]})
    return Figure(alt.layer(*layers, width=width, height=280), data)


def _capital(tables: RunTables, width: Width) -> Figure:
    """Stock per period on the way to the plan with its band, and what is on order."""
    table = tables.capital
    assert table is not None
    currency = tables.currency
    parts = {"stock": "inventory_value", "on order": "on_order_value"}
    lines = pd.concat(
        [
            pd.DataFrame({"period": table["period"], "what": name, "money": table[column]})
            for name, column in parts.items()
            if column in table and table[column].notna().any()
        ]
    )
    x = _periods(tables)
    y = alt.Y("money:Q", title=f"Money ({currency})", axis=_money_axis(tables))
    legend = alt.Legend(title=None, orient="top", symbolType="stroke", symbolStrokeWidth=3)
    names = list(dict.fromkeys(lines["what"]))
    colour = alt.Color("what:N", scale=alt.Scale(domain=names, range=[BLUE, VERMILLION]), legend=legend)
    dash = alt.StrokeDash("what:N", scale=alt.Scale(domain=names, range=[[1, 0], [6, 3]]), legend=legend)
    tooltip = [
        alt.Tooltip("period:Q", title=tables.period.capitalize()),
        alt.Tooltip("what:N", title="What"),
        alt.Tooltip("money:Q", title=f"Money ({currency})", format=",.0f"),
    ]
    layers: list[alt.Chart] = [
        named("lines").mark_line().encode(x=x, y=y, color=colour, strokeDash=dash),
        named("lines").mark_point(opacity=0, size=200).encode(x=x, y=y, tooltip=tooltip),
    ]
    data = {"lines": lines}
    if "inventory_value_low" in table:
        band = named("band").mark_area(color=BLUE, fillOpacity=0.15)
        layers.insert(
            0, band.encode(x=x, y=alt.Y("inventory_value_low:Q"), y2=alt.Y2("inventory_value_high:Q"))
        )
        data["band"] = table[["period", "inventory_value_low", "inventory_value_high"]]
    return Figure(alt.layer(*layers, width=width, height=280), data)


def _service(tables: RunTables, width: Width) -> Figure:
    """Units served at once per period on the way to the plan, its lowest named."""
    table = tables.capital
    assert table is not None
    rows = table.loc[table["fill_rate"].notna(), ["period", "fill_rate"]]
    least = rows.nsmallest(1, "fill_rate")
    low, high = float(rows["fill_rate"].min()), float(rows["fill_rate"].max())
    x = _periods(tables)
    bottom = max(0.0, low - 0.25 * (high - low))
    y = alt.Y(
        "fill_rate:Q",
        title="Units served at once",
        axis=alt.Axis(format=percent_format(bottom, high), tickCount=5),
        scale=alt.Scale(domain=[bottom, high], nice=False),
    )
    tooltip = [
        alt.Tooltip("period:Q", title=tables.period.capitalize()),
        alt.Tooltip("fill_rate:Q", title="Units served at once", format=".1%"),
    ]
    line = named("service").mark_line(color=BLUE).encode(x=x, y=y)
    touch = named("service").mark_point(opacity=0, size=200).encode(x=x, y=y, tooltip=tooltip)
    dot = named("least").mark_point(color=VERMILLION, filled=True, size=90, opacity=1)
    right = float(least["period"].iloc[0]) > float(rows["period"].max()) / 2
    words = named("least").mark_text(
        align="right" if right else "left", dx=-9 if right else 9, color=BLACK, fontSize=12, fontWeight=600
    )
    said = f"{short_rate(low)} {_at(tables.period)} {int(least['period'].iloc[0])}"
    layers = [line, touch, dot.encode(x=x, y=y), words.encode(x=x, y=y, text=alt.Text("said:N"))]
    data = {"service": rows, "least": least.assign(said=said)}
    return Figure(alt.layer(*layers, width=width, height=160), data)


def _periods(tables: RunTables) -> alt.X:
    """Periods from today to the last one, and no further."""
    table = tables.capital
    assert table is not None
    ends = [float(table["period"].min()), float(table["period"].max())]
    title = f"{tables.period.capitalize()}s from today"
    return alt.X(
        "period:Q",
        title=title,
        axis=alt.Axis(tickCount=8, grid=False),
        scale=alt.Scale(domain=ends, nice=False),
    )


def _money_axis(tables: RunTables) -> alt.Axis:
    return alt.Axis(format="~s", labelExpr=axis_money(currency_sign(tables.currency)), tickCount=6)


MAX_SEGMENTS = 40
NOW = {"today": "today's levels", "habit": "A98 B95 C90 (no current levels given)"}
COLUMNS = ("Segment", "SKU-locations", "stock today", "proposed", "change")
SERVED = ("units served today", "proposed", "change")
VALUES = ("value served today", "proposed")


def segment_section(tables: RunTables) -> dict[str, Any]:
    """Title, text and table; the largest changes first, the total last."""
    rows, left = _rows(tables)
    now = NOW.get(str(rows["now"].iloc[0]), str(rows["now"].iloc[0]))
    text = f"Every segment under {now} and under the plan, the largest change of stock first."
    more = f" {left} further segments are in the run's tables." if left else ""
    cells = [_cells(row, tables) for row in records(rows)]
    return {
        "id": "capital_by_segment",
        "title": "Every segment, today and proposed",
        "text": text + more,
        "tab": SEGMENTS,
        "charts": [],
        "table": {"columns": (*COLUMNS, *SERVED, *(VALUES if _has_value(rows) else ())), "rows": cells},
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
        return money(value, tables.currency, digits=0)

    def change(value: float) -> str:
        return ("+" if value > 0 else "") + cash(value)

    values = [row.get(f"served_value{end}") for end in ("_now", "")] if "served_value" in row else []
    return [
        "All" if row["segment"] == ALL else str(row["segment"]),
        number(row.get("n_items")),
        cash(row["inventory_value_now"]),
        cash(row["inventory_value"]),
        change(row["change"]),
        *_rates(row.get("fill_rate_now"), row.get("fill_rate")),
        *(short_rate(float(value)) if is_number(value) else DASH for value in values),
    ]


def _rates(now: float | None, then: float | None) -> tuple[str, str, str]:
    """Service today, proposed, and the change in points."""
    if not (is_number(now) and is_number(then)):
        return DASH, short_rate(then) if is_number(then) else DASH, DASH
    sign = "\u2212" if then < now else "+"
    return short_rate(now), short_rate(then), f"{sign}{points(then - now)}"


def _has_value(rows: pd.DataFrame) -> bool:
    return "served_value" in rows
