"""First sheets of a plan's workbook: what it gives and takes against today, and what service costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from simlab.measures import ALL, PLAN_NAMES
from simlab.measures.decision import COLUMNS
from simlab.measures.words import TABS
from simlab.report.book.sheet import Block, Chart, Series, Sheet
from simlab.report.kit.formats import money_in
from simlab.report.kit.reading import plan_name

if TYPE_CHECKING:
    from simlab.report.plan.tables import RunTables

_BY_ID = {tab.id: tab for tab in TABS}
MOST_POINTS = 200
_MOST_STEPS = 14
_UP, _DOWN, _WHOLE = "#c8553d", "#2a9d6f", "#5b6b7b"


def decision_sheet(tables: RunTables) -> Sheet:
    """Headline, what to look at, today beside the same service and the proposed plan, two pictures."""
    tab, charts, blocks = _BY_ID["decision"], list[Chart](), list[Block]()
    decision = tables.decision
    blocks.append(_totals(tables) if decision is None else _decision(tables, decision))
    steps = waterfall(tables)
    if curve(tables) is not None:
        charts.append(with_marks(_curve_chart(), tables))
    if steps is not None:
        blocks.append(steps)
        charts.append(_steps_chart())
    return Sheet(tab.sheet, tab.what, tuple(blocks), _said(tables), tuple(charts), above=1)


def _said(tables: RunTables) -> tuple[str, ...]:
    """What the run says first: the headline, limits, and what to look at before one signs."""
    told = [one for one in tables.told if one.group in ("headline", "advice", "limit", "break-even", "look")]
    if not told:
        told = [one for one in tables.told if one.group == "plan"]
    return tuple(f"{one.mark} {one.line}".strip() for one in told)


def _decision(tables: RunTables, decision: pd.DataFrame) -> Block:
    titles = (tables.manifest.get("decision") or {}).get("titles") or {}
    columns = ["name", *(one for one in (*COLUMNS, "change", "change_share") if one in decision)]
    names = {one: str(titles.get(one, plan_name(one))) for one in (*COLUMNS, "change")}
    return Block(
        "decision",
        "Today and the plan",
        decision[columns],
        names=names | {"name": "", "change_share": f"{names['change']} in %"},
        row_units=[str(unit) for unit in decision["unit"]],  # type: ignore[misc]
        note=f"{money_in(tables.currency)}; changes of service in points",
    )


def _totals(tables: RunTables) -> Block:
    rows = [tables.total(plan, tables.sample) for plan in tables.plans()]
    frame = pd.DataFrame([row for row in rows if row])
    shown = [
        "plan",
        "fill_rate",
        "cycle_service_level",
        "inventory_value",
        "holding_cost",
        "turns",
        "lost_margin",
    ]
    frame = frame[[one for one in shown if one in frame]].assign(
        plan=[plan_name(one) for one in frame["plan"]]
    )
    return Block("totals", "All SKU-locations", frame)


def curve(tables: RunTables) -> pd.DataFrame | None:
    """Service and stock along the frontier, at most 200 points; None of a run without one."""
    frontier = tables.frontier
    if frontier is None or "service_verdict" not in frontier:
        return None
    own = frontier[(frontier["kind"] == "segmented") & frontier["service_verdict"].notna()]
    if len(own) < 2:
        return None
    own = own.sort_values("service_verdict", kind="stable")
    kept = np.unique(np.linspace(0, len(own) - 1, min(MOST_POINTS, len(own))).round().astype(np.int64))
    names = {
        "service_verdict": "service",
        "inventory_value_verdict": "inventory_value",
        "holding_cost_verdict": "holding_cost",
    }
    found = own.iloc[kept][list(names)].rename(columns=names)
    return found.reset_index(drop=True)


def marks(tables: RunTables) -> pd.DataFrame | None:
    """Where the plans that are compared stand, by the service that the study counts."""
    weights = tables.more.get("weights")
    if curve(tables) is None or weights is None or "decides" not in weights:
        return None
    own = weights[weights["decides"].astype(bool)].set_index("plan")["service"]
    stock = {plan: tables.total(plan, tables.sample).get("inventory_value") for plan in tables.plans()}
    known = [plan for plan in PLAN_NAMES if plan in own.index and stock.get(plan) is not None]
    rows = [{"plan": plan_name(one), "service": own[one], "inventory_value": stock[one]} for one in known]
    return pd.DataFrame(rows) if rows else None


def curve_blocks(tables: RunTables) -> list[Block]:
    """The tables behind the curve, for the sheet on finance."""
    found, points, plans = list[Block](), curve(tables), marks(tables)
    names = {"service": "Service as the study counts it"}
    if points is not None:
        title = "What service costs (plans of the cheapest kind, on fresh random demand)"
        found.append(Block("curve", title, points, {"service": "rate"}, names))
    if plans is not None:
        found.append(Block("marks", "Where the plans stand", plans, {"service": "rate"}, names))
    return found


def _curve_chart() -> Chart:
    line = Series("cheapest plans by segment", "curve", "service", "inventory_value")
    return Chart("What service costs in stock", "curve", (line,), "Service", "Stock")


def with_marks(chart: Chart, tables: RunTables) -> Chart:
    """The curve with a point for each plan."""
    plans, colours = marks(tables), ("#c8553d", "#5b6b7b", "#e9a03b", "#7d5ba6", "#2a9d6f", "#111111")
    shapes = ("diamond", "triangle", "square", "circle", "x", "star")
    if plans is None:
        return chart
    points = tuple(
        Series(str(name), "marks", "service", "inventory_value", (at, at), colours[at % 6], shapes[at % 6])
        for at, name in enumerate(plans["plan"])
    )
    return Chart(chart.title, chart.kind, (*chart.series, *points), chart.x_title, chart.y_title)


def waterfall(tables: RunTables) -> Block | None:
    """From today's stock to the plan's by segment, as floating columns: largest changes, the rest as one."""
    table = tables.capital_by_segment
    if table is None or table["inventory_value_now"].isna().any():
        return None
    whole = table[table["segment"] == ALL]
    parts = table[table["segment"] != ALL]
    if whole.empty or parts.empty:
        return None
    parts = parts.iloc[np.argsort(-parts["change"].abs().to_numpy(), kind="stable")]
    steps = [(str(one), float(change)) for one, change in zip(parts["segment"], parts["change"], strict=True)]
    if len(steps) > _MOST_STEPS:
        rest = sum(change for _, change in steps[_MOST_STEPS:])
        steps = [*steps[:_MOST_STEPS], (f"{len(steps) - _MOST_STEPS} others", rest)]
    start, end = float(whole["inventory_value_now"].iloc[0]), float(whole["inventory_value"].iloc[0])
    rows: list[dict[str, Any]] = [
        {"name": tables.compared["today"], "base": 0.0, "whole": start, "down": 0.0, "up": 0.0}
    ]
    level = start
    for name, change in sorted(steps, key=lambda step: step[1]):
        low = min(level, level + change)
        rows.append(
            {"name": name, "base": low, "whole": 0.0, "down": max(-change, 0.0), "up": max(change, 0.0)}
        )
        level += change
    rows.append({"name": "Proposed", "base": 0.0, "whole": end, "down": 0.0, "up": 0.0})
    names = {
        "name": "Step",
        "base": "Stands on (not drawn)",
        "whole": "Stock",
        "down": "Less",
        "up": "More",
    }
    units = dict.fromkeys(("base", "whole", "down", "up"), "money")
    return Block("steps", "From today's stock to the plan's", pd.DataFrame(rows), units, names)  # type: ignore[arg-type]


def _steps_chart() -> Chart:
    series = (
        Series("", "steps", "name", "base", colour=""),
        Series("stock", "steps", "name", "whole", colour=_WHOLE),
        Series("less", "steps", "name", "down", colour=_DOWN),
        Series("more", "steps", "name", "up", colour=_UP),
    )
    return Chart("From today's stock to the plan's", "stacked", series, "", "Stock")
