"""Finance sections that appear when the run has their tables: exchange rates, capital over time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from simlab.measures import ALL
from simlab.report.kit.formats import currency_sign, money, number, percent, span
from simlab.report.kit.reading import records
from simlab.report.kit.style import BLUE, GREY, Figure, Width, axis_money, named
from simlab.report.plan.finance_tables import table_sections

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simlab.report.plan.tables import RunTables


def sections(tables: RunTables) -> list[dict[str, Any]]:
    """Title, text and chart id of each finance section that the run's tables allow."""
    found: list[dict[str, Any]] = []
    what = tables.counted.objective
    served = tables.counted.service
    if tables.band is not None:
        text = (
            "Fresh service of every plan against its cost (with a budget: against its stock value), with "
            "a band that holds for all plans at once, plans fixed. Ring: chosen plan; dashed: floor, budget."
        )
        found.append({"id": "money_band", "title": "The frontier in money", "text": text})
    if tables.exchange_rates is not None:
        text = (
            f"{what[0].upper()}{what[1:]}{tables.counted.per_year} of one more percentage point of {served}, "
            "between neighbouring plans held fixed; the shaded band is the paired interval on the fresh seed "
            "(down to the lower edge where it contains zero)."
        )
        found.append({"id": "exchange_rates", "title": "What one more point of fill costs", "text": text})
    if tables.capital is not None:
        text = (
            "Inventory value on the way to the new plan, from today's stock record, or without one from the "
            "long run of the old levels; nine of ten replications lie in the band; dashed: what is bought."
        )
        found.append({"id": "capital_over_time", "title": "Capital over time", "text": text})
    found = [{**section, "chart": True, "table": None} for section in found]
    if tables.capital_by_segment is not None:
        found.insert(min(2, len(found)), segment_section(tables))
    return found + table_sections(tables)


def charts(tables: RunTables, *, width: Width = 720) -> dict[str, Figure]:
    """The charts of these sections, by chart id."""
    found: dict[str, Figure] = {}
    if tables.band is not None:
        found["money_band"] = _money_band(tables, width)
    if tables.exchange_rates is not None:
        found["exchange_rates"] = _exchange_rates(tables, width)
    if tables.capital is not None:
        found["capital_over_time"] = _capital(tables, width)
    if tables.capital_by_segment is not None:
        found["capital_by_segment"] = segment_chart(tables, width)
    if tables.budget_sweep is not None:
        found["budgets"] = budget_chart(tables, width)
    return found


def _money_band(tables: RunTables, width: Width) -> Figure:
    """Money against fresh service with the simultaneous band; floor and budget as lines."""
    table = tables.band
    assert table is not None
    limits = tables.manifest.get("constraints") or {}
    budget = limits.get("budget")
    what = "inventory_value" if budget is not None and "inventory_value" in table else "objective"
    table = table.sort_values(what)
    objective = tables.counted.objective
    objective = "mean inventory value" if what == "inventory_value" else objective
    service = tables.counted.service
    per = "" if what == "inventory_value" else tables.counted.per_year
    x = alt.X(
        f"{what}:Q",
        title=f"{objective.capitalize()}{per} ({tables.currency})",
        axis=_money_axis(tables),
        scale=alt.Scale(zero=False),
    )
    y = alt.Y(
        "fill_rate:Q",
        title=f"{service.capitalize()}, fresh seed",
        axis=alt.Axis(format=".0%"),
        scale=alt.Scale(zero=False),
    )
    tooltip = [
        alt.Tooltip(f"{what}:Q", title=objective.capitalize(), format=",.0f"),
        alt.Tooltip("fill_rate:Q", title=service.capitalize(), format=".2%"),
        alt.Tooltip("fill_rate_low:Q", title="Band from", format=".2%"),
        alt.Tooltip("fill_rate_high:Q", title="to", format=".2%"),
    ]
    base = named("band")
    band = base.mark_area(color=BLUE, fillOpacity=0.2).encode(
        x=x, y=alt.Y("fill_rate_low:Q"), y2="fill_rate_high:Q"
    )
    line = base.mark_line(color=BLUE).encode(x=x, y=y, order=f"{what}:Q")
    dots = base.mark_point(color=BLUE, filled=True, size=22, opacity=1).encode(x=x, y=y, tooltip=tooltip)
    chosen = _chosen_rows(tables)
    ring = named("chosen").mark_point(color=BLUE, size=300, strokeWidth=3, opacity=1).encode(x=x, y=y)
    layers = [band, line, dots, ring]
    data = {"band": table, "chosen": table[table["point"].isin(chosen)]}
    floor = limits.get("fill_rate")
    if budget is not None and what == "inventory_value":
        layers.append(named("budget").mark_rule(color=GREY, strokeDash=[2, 2]).encode(x=f"{what}:Q"))
        data["budget"] = pd.DataFrame({what: [float(budget)]})
    if floor is not None:
        layers.append(named("floor").mark_rule(color=GREY, strokeDash=[4, 4]).encode(y="fill_rate:Q"))
        data["floor"] = pd.DataFrame({"fill_rate": [float(floor)]})
    return Figure(alt.layer(*layers).properties(width=width, height=320), data)


def _chosen_rows(tables: RunTables) -> list[int]:
    frontier = tables.frontier
    if frontier is None:
        return []
    rows = frontier[frontier["chosen"].astype(bool) & (frontier["kind"] == "segmented")]
    return [int(point) for point in rows["point"]]


def _exchange_rates(tables: RunTables, width: Width) -> Figure:
    """Steps of the slope between neighbouring plans, with its interval, against achieved fill."""
    assert tables.exchange_rates is not None
    table = _above_zero(tables.exchange_rates)
    x = alt.X(
        "fill_rate:Q",
        title=f"Achieved {tables.counted.service}",
        axis=alt.Axis(format=".1%"),
        scale=alt.Scale(zero=False),
    )
    what = tables.counted.objective
    title = f"{what[0].upper()}{what[1:]}{tables.counted.per_year} of one more point ({tables.currency})"
    scale = alt.Scale(type="log")
    ten = "log(datum.value) / LN10"
    powers = f"abs({ten} - round({ten})) < 0.001 ? {_plain_money(tables)} : ''"
    y = alt.Y("cost_per_point:Q", title=title, axis=alt.Axis(labelExpr=powers), scale=scale)
    tooltip = [
        alt.Tooltip("fill_rate:Q", title="Fill rate", format=".2%"),
        alt.Tooltip("cost_per_point:Q", title=title, format=",.0f"),
    ]
    base = named("rates")
    line = base.mark_line(color=BLUE, interpolate="step-before").encode(x=x, y=y)
    dots = base.mark_point(color=BLUE, filled=True, size=30, opacity=1).encode(x=x, y=y, tooltip=tooltip)
    layers: list[alt.Chart] = [line, dots]
    if "cost_per_point_low" in table:
        band = base.mark_area(color=BLUE, fillOpacity=0.15, interpolate="step-before")
        layers.insert(0, band.encode(x=x, y="cost_per_point_low:Q", y2="cost_per_point_high:Q"))
    return Figure(alt.layer(*layers).properties(width=width, height=320), {"rates": table})


def _above_zero(table: pd.DataFrame) -> pd.DataFrame:
    """Prices as a logarithmic axis shows them: ends of intervals at or below zero lie on its floor."""
    names = [f"cost_per_point{end}" for end in ("", "_low", "_high") if f"cost_per_point{end}" in table]
    shown = table[table["cost_per_point"] > 0]
    if shown.empty:
        return shown
    floor = 10.0 ** math.floor(math.log10(float(shown["cost_per_point"].min())) - 0.001)
    return shown.assign(**{name: shown[name].clip(lower=floor) for name in names})


def _capital(tables: RunTables, width: Width) -> Figure:
    """Stock value per period on the way to the plan, with its band, and what is bought."""
    table = tables.capital
    assert table is not None
    x = alt.X("period:Q", title=f"{tables.period.capitalize()}s from today")
    y = alt.Y("inventory_value:Q", title=f"Inventory value ({tables.currency})", axis=_money_axis(tables))
    base = named("capital")
    layers: list[alt.Chart] = [base.mark_line(color=BLUE).encode(x=x, y=y)]
    if "inventory_value_low" in table:
        band = base.mark_area(color=BLUE, fillOpacity=0.15)
        layers.insert(0, band.encode(x=x, y="inventory_value_low:Q", y2="inventory_value_high:Q"))
    if "purchases" in table:
        layers.append(base.mark_line(color=GREY, strokeDash=[4, 3]).encode(x=x, y="purchases:Q"))
    return Figure(alt.layer(*layers).properties(width=width, height=320), {"capital": table})


def _plain_money(tables: RunTables) -> str:
    """Vega expression of a tick's value in currency, whatever its default label."""
    return axis_money(currency_sign(tables.currency)).replace("datum.label", "format(datum.value, '~s')")


def _money_axis(tables: RunTables) -> alt.Axis:
    return alt.Axis(format="~s", labelExpr=axis_money(currency_sign(tables.currency)), tickCount=6)


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
    service = tables.counted.service
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
