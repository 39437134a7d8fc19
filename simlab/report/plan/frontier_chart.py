"""The frontier: money against achieved service, with everything to compare a plan with."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from simlab.measures.decision import ROWS
from simlab.report.kit.formats import currency_sign, is_number, target
from simlab.report.kit.reading import records
from simlab.report.kit.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    PLAN_COLOUR,
    PLAN_SHAPE,
    VERMILLION,
    Figure,
    Label,
    View,
    Width,
    axis_money,
    cut_lines,
    named,
    percent_format,
    place_labels,
)

if TYPE_CHECKING:
    from simlab.report.plan.tables import RunTables


UNITS, SERVICE = "fill_rate", "service"
"""Columns of the share of units, and of the service that decides."""
MONEY_TITLE = {"holding_cost": "Holding cost a year", "inventory_value": "Stock"}
PLAN_SERIES = "By segment"
UNIFORM_SERIES = "One target for all"
BOUND_SERIES = "The best that any plan could do"
_SERIES = {
    PLAN_SERIES: (BLUE, [1, 0]),
    UNIFORM_SERIES: (VERMILLION, [7, 3]),
    BOUND_SERIES: (GREEN, [1, 3]),
}
_NAMES = {
    "segmented": "Proposed",
    "given": "Given plan",
    "uniform": "One target for all",
    "habit": "A98 B95 C90",
    "today": "Today",
    "same_service": "Same service",
}
_WIDE, _PHONE = (560, 420), (265, 320)
"""Pixels of the plane that names of marks are placed on: on the page, and on a phone."""
SAME_MONEY, SAME_SERVICE = 0.004, 0.0005
"""Marks nearer than this share of money and these points of service are one mark."""


def frontier_chart(tables: RunTables, measure: str, *, width: Width = 720) -> Figure:
    """Money tied up or spent (measure) against the service that decides, with all that it compares with.

    Parameters
    ----------
    measure : str
        ``holding_cost`` (currency per year) or ``inventory_value`` (currency).
    width : int or str
        Pixels; ``container`` on the page, where the axes may be moved and marks are clipped.
    """
    lines, marks = frontier_lines(tables, measure), reference_marks(tables, measure)
    view = first_view(lines, marks, tables, measure)
    sign = currency_sign(tables.currency)
    axis = alt.Axis(format="~s", labelExpr=axis_money(sign), tickCount=6)
    title = f"{MONEY_TITLE[measure]} ({tables.currency})"
    x = alt.X("cost:Q", title=title, axis=axis, scale=_scale("x"))
    percent = percent_format(*view.fill)
    y = alt.Y("fill:Q", title=served_title(tables), axis=alt.Axis(format=percent), scale=_scale("y"))
    tips = _tooltip(title, served_title(tables))
    floor, _ = _limits_of(tables, measure)
    moves = width == "container"
    drawn = lines if moves else cut_lines(lines, view)
    layers = [*_limit_layers(tables, measure, view, moves), *_curve_layers(drawn, x, y, tips, moves)]
    layers += _reference_layers(marks, _labels(marks, lines, view, floor, _WIDE), x, y, tips[:2], moves)
    layers[0] = layers[0].add_params(  # before they are put together: altair copies all that it changes
        alt.param(name="chosen", value=_chosen_point(tables)),
        alt.param(name="names", value=1),
        *(alt.param(name=f"{axis}{end}", value=bound) for axis, end, bound in _ends(view)),
    )
    data = {"lines": drawn, "limits": _limits_table(tables, measure)}
    data |= {f"reference{i}": marks.iloc[[i]] for i in range(len(marks))}
    chart = alt.layer(*layers, width=width, height=_WIDE[1])
    if moves:
        places = _labels(marks, lines, view, floor, _PHONE)
        chart = chart.properties(usermeta={"phone": [asdict(place) for place in places]})
    return Figure(chart, data)


def served_by(tables: RunTables) -> str:
    """Column of the service that is drawn: the one that decides; units, of runs that do not say it."""
    frontier, reference = tables.frontier, tables.reference
    assert frontier is not None
    fresh = f"{SERVICE}_verdict" in frontier and frontier[f"{SERVICE}_verdict"].notna().any()
    known = fresh and (reference is None or SERVICE in reference)
    return SERVICE if known and not tables.counted.is_units else UNITS


def served_title(tables: RunTables) -> str:
    """What the axis of service is called."""
    return tables.counted.served if served_by(tables) == SERVICE else ROWS["served_units"].name


def frontier_lines(tables: RunTables, measure: str) -> pd.DataFrame:
    """Long table of the lines drawn: series, point, cost, fill, low, high; ascending cost in a series."""
    frontier, served = tables.frontier, served_by(tables)
    assert frontier is not None
    fresh = f"{served}_verdict" in frontier and frontier[f"{served}_verdict"].notna().any()
    end = "_verdict" if fresh else ""
    # in units the best of any plan is in sample; else only its fresh figures are of one sample
    bound = "_verdict" if served == SERVICE else ""
    parts = [_line(frontier, "per_sku", measure, served, bound, BOUND_SERIES)]
    parts += [_line(frontier, "uniform", measure, served, end, UNIFORM_SERIES)]
    parts += [_line(frontier, "segmented", measure, served, end, PLAN_SERIES)]
    return pd.concat(parts, ignore_index=True)


def reference_marks(tables: RunTables, measure: str) -> pd.DataFrame:
    """Reference points on the best sample there is: plan, cost, fill, name."""
    if tables.reference is None:
        return pd.DataFrame(columns=["plan", "cost", "fill", "name"])
    known = tables.reference[tables.reference["plan"] != "per_sku"]
    best = known[known["sample"] == "verdict"]
    table = best if not best.empty else known
    served = UNITS if tables.frontier is None else served_by(tables)
    marks = pd.DataFrame({"plan": table["plan"], "cost": table[measure], "fill": table[served]})
    marks["name"] = [_NAMES.get(plan, plan) for plan in marks["plan"]]
    return coinciding(marks.dropna(subset=["cost", "fill"]).reset_index(drop=True))


def coinciding(marks: pd.DataFrame) -> pd.DataFrame:
    """Marks that lie on each other made one, under both names ("Today = A98 B95 C90")."""
    kept: list[dict[str, Any]] = []
    for row in records(marks):
        other = next((first for first in kept if _is_same(first, row)), None)
        if other is None:
            kept.append(row)
            continue
        other["name"] = f"{other['name']} = {row['name']}"
    return pd.DataFrame(kept, columns=marks.columns)


def _is_same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    near = abs(a["cost"] - b["cost"]) <= SAME_MONEY * max(abs(a["cost"]), abs(b["cost"]))
    return bool(near and abs(a["fill"] - b["fill"]) <= SAME_SERVICE)


def first_view(lines: pd.DataFrame, marks: pd.DataFrame, tables: RunTables, measure: str) -> View:
    """Limits of the axes: reference points, fill floor and a budget near by, with room around them."""
    floor, budget = _limits_of(tables, measure)
    fills = [*marks["fill"], *([floor] if is_number(floor) else [])] or list(lines["fill"])
    margin = 1.5 * max(1 - max(fills), 0.01)
    low = max(min(fills) - margin, float(lines["fill"].min()))
    high = min(max(max(fills) + 0.6 * (1 - max(fills)), min(fills) + 0.02), 1.0)
    shown = lines[(lines["fill"] >= low) & (lines["fill"] <= high)]
    costs = [*shown["cost"], *marks["cost"]]
    if is_number(budget) and 0.7 * min(costs) <= budget <= 1.4 * max(costs):
        costs.append(budget)
    room = 0.04 * (max(costs) - min(costs) or max(costs))
    return View((max(min(costs) - room, 0.0), max(costs) + 2 * room), (low, high))


def _line(
    frontier: pd.DataFrame, kind: str, measure: str, served: str, sample: str, series: str
) -> pd.DataFrame:
    table = frontier[frontier["kind"] == kind]
    fill, cost = f"{served}{sample}", f"{measure}{sample}"
    line = pd.DataFrame({"point": table["point"], "cost": table[cost], "fill": table[fill]})
    for end in ("low", "high"):
        line[end] = table[f"{fill}_{end}"] if f"{fill}_{end}" in table else float("nan")
    line["series"] = series
    return line.dropna(subset=["cost", "fill"]).sort_values("cost")


def _curve_layers(
    lines: pd.DataFrame, x: alt.X, y: alt.Y, tooltip: list[alt.Tooltip], clip: bool
) -> list[alt.Chart]:
    shown = [name for name in _SERIES if name in set(lines["series"])]
    legend = alt.Legend(title=None, orient="top", columns=2, symbolSize=400, labelLimit=260)
    colours, dashes = [_SERIES[n][0] for n in shown], [_SERIES[n][1] for n in shown]
    colour = alt.Color("series:N", scale=alt.Scale(domain=shown, range=colours), legend=legend)
    dash = alt.StrokeDash("series:N", scale=alt.Scale(domain=shown, range=dashes), legend=legend)
    base, main = named("lines"), named("lines").transform_filter(f"datum.series === '{PLAN_SERIES}'")
    band = main.transform_filter("isValid(datum.low) && isValid(datum.high)")
    band = band.mark_area(color=BLUE, fillOpacity=0.15, clip=clip)
    curve = base.mark_line(strokeWidth=2, clip=clip)
    points = main.transform_filter("datum.point >= 0")
    dots = points.mark_point(filled=True, color=BLUE, fillOpacity=1, opacity=1, size=26, clip=clip)
    ring = main.transform_filter("datum.point === chosen")
    ring = ring.mark_point(color=BLUE, size=300, strokeWidth=3, opacity=1, clip=clip)
    touch = points.mark_point(filled=True, fillOpacity=0, opacity=1, size=500, clip=clip, cursor="pointer")
    return [
        band.encode(x=x, y=alt.Y("low:Q"), y2=alt.Y2("high:Q")),
        curve.encode(x=x, y=y, color=colour, strokeDash=dash, order=alt.Order("cost:Q")),
        dots.encode(x=x, y=y),
        ring.encode(x=x, y=y),
        touch.encode(x=x, y=y, tooltip=tooltip),
    ]


def _limits_of(tables: RunTables, measure: str) -> tuple[float | None, float | None]:
    """Floor, where the axis is the service it is on, and the budget, where the axis is inventory value."""
    limits = tables.manifest.get("constraints") or {}
    decides = tables.counted.is_units or served_by(tables) == SERVICE
    floor = limits.get("fill_rate") if decides else None
    return floor, limits.get("budget") if measure == "inventory_value" else None


def _limit_layers(tables: RunTables, measure: str, view: View, clip: bool) -> list[alt.Chart]:
    floor, budget = _limits_of(tables, measure)
    layers = []
    if is_number(floor):
        rule = named("limits")
        layers.append(rule.mark_rule(color=GREY, strokeDash=[4, 4], clip=clip).encode(y=alt.Y("fill:Q")))
        text = rule.mark_text(align="left", dx=5, dy=-7, color=GREY, fontSize=12, x=0, clip=clip)
        layers.append(text.encode(y=alt.Y("fill:Q"), text=alt.Text("asked:N")))
    if is_number(budget) and view.cost[0] <= budget <= view.cost[1]:
        rule = named("limits")
        layers.append(rule.mark_rule(color=GREY, strokeDash=[4, 4], clip=clip).encode(x=alt.X("cost:Q")))
        text = rule.mark_text(align="left", dx=5, dy=-8, color=GREY, fontSize=12, y="height", clip=clip)
        layers.append(text.encode(x=alt.X("cost:Q"), text=alt.Text("budget:N")))
    return layers


def _limits_table(tables: RunTables, measure: str) -> pd.DataFrame:
    floor, budget = _limits_of(tables, measure)
    return pd.DataFrame(
        {"fill": [floor], "cost": [budget], "asked": [f"asked: {target(floor)}"], "budget": ["budget"]}
    )


def _labels(
    marks: pd.DataFrame, lines: pd.DataFrame, view: View, floor: float | None, plane: tuple[int, int]
) -> list[Label]:
    """The sides on which the names of the reference points collide least; `plane`: its width and height."""
    (x0, x1), (y0, y1) = view.cost, view.fill
    width, height = plane

    def pixels(table: pd.DataFrame) -> list[tuple[float, float]]:
        xs = (table["cost"] - x0) / (x1 - x0) * width
        ys = height - (table["fill"] - y0) / (y1 - y0) * height
        return list(zip(xs.astype(float), ys.astype(float), strict=True))

    line = height - ((floor if is_number(floor) else y0) - y0) / (y1 - y0) * height
    obstacles = pixels(lines) + [(x, line) for x in range(0, width + 1, 20)]
    return place_labels(pixels(marks), list(marks["name"]), obstacles, width=width)


def _reference_layers(
    marks: pd.DataFrame,
    labels: list[Label],
    x: alt.X,
    y: alt.Y,
    amounts: list[alt.Tooltip],
    clip: bool,
) -> list[alt.Chart]:
    tooltip = [alt.Tooltip("name:N", title="Plan"), *amounts]
    layers = []
    for number, label in enumerate(labels):
        plan = str(marks["plan"].iloc[number])
        base = named(f"reference{number}").encode(x=x, y=y)
        colour, shape = PLAN_COLOUR.get(plan, BLACK), PLAN_SHAPE.get(plan, "cross")
        point = base.mark_point(color=colour, shape=shape, filled=True, size=130, opacity=1, clip=clip)
        name = base.mark_text(
            align=label.align, dx=label.dx, dy=label.dy, color=BLACK, fontSize=12.5, fontWeight=600, clip=clip
        )
        name = name.encode(text=alt.Text("name:N"), opacity=alt.OpacityValue(alt.ExprRef("names")))
        layers += [point.encode(tooltip=tooltip), name]
    return layers


def _chosen_point(tables: RunTables) -> int:
    frontier = tables.frontier
    assert frontier is not None
    chosen = frontier[frontier["chosen"].astype(bool) & (frontier["kind"] == "segmented")]
    return int(chosen["point"].iloc[0]) if not chosen.empty else -1


def _scale(axis: str) -> alt.Scale:
    low, high = alt.ExprRef(f"{axis}Low"), alt.ExprRef(f"{axis}High")
    return alt.Scale(domainMin=low, domainMax=high, zero=False, nice=False)


def _tooltip(title: str, served: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("cost:Q", title=title, format=",.0f"),
        alt.Tooltip("fill:Q", title=served, format=".2%"),
        alt.Tooltip("low:Q", title="Interval from", format=".2%"),
        alt.Tooltip("high:Q", title="to", format=".2%"),
    ]


def _ends(view: View) -> list[tuple[str, str, float]]:
    return [
        ("x", "Low", view.cost[0]),
        ("x", "High", view.cost[1]),
        ("y", "Low", view.fill[0]),
        ("y", "High", view.fill[1]),
    ]
