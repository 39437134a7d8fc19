"""Which charts a run has: those on its page, and those written as PNG and SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from simlab.report import finance, history_charts
from simlab.report.frontier_chart import MONEY_TITLE, frontier_chart
from simlab.report.page import matrix
from simlab.report.segment_charts import capital_chart, matrix_chart, service_chart
from simlab.report.style import Figure, to_spec

if TYPE_CHECKING:
    from simlab.report.tables import RunTables

MAX_CHART_ROWS = 60


def static_charts(tables: RunTables) -> dict[str, Figure]:
    """Every chart that the run's tables allow, by file name."""
    charts: dict[str, Figure] = {}
    if tables.frontier is not None:
        charts |= {f"frontier_{m}": frontier_chart(tables, m) for m in MONEY_TITLE}
    if len(tables.rows(tables.main_plan, tables.sample)) <= MAX_CHART_ROWS:
        charts |= {"capital_by_segment": capital_chart(tables), "service_by_segment": service_chart(tables)}
        if (cells := matrix_cells(tables)) is not None:
            charts["matrix"] = matrix_chart(tables, cells)
    return charts | finance.charts(tables) | history_charts.charts(tables)


def page_specs(tables: RunTables) -> dict[str, Any]:
    """Specifications of the charts on the page, by the id of the element they go into."""
    charts: dict[str, Figure] = {}
    if tables.frontier is not None:
        charts |= {m: frontier_chart(tables, m, width="container") for m in MONEY_TITLE}
    if len(tables.rows(tables.main_plan, tables.sample)) <= MAX_CHART_ROWS:
        charts["capital"] = capital_chart(tables, width="container")
        charts["service"] = service_chart(tables, width="container")
    charts |= finance.charts(tables, width="container")
    charts |= history_charts.charts(tables)
    return {name: to_spec(chart) for name, chart in charts.items()}


def matrix_cells(tables: RunTables) -> pd.DataFrame | None:
    """Boxes for `matrix_chart`; None unless there are two attributes and few boxes."""
    picture = matrix(tables)
    if picture is None or len(picture["by"]) != 2:
        return None
    boxes = [
        {"row": name, "column": column, "got": box["got"], "share": box["weight"]}
        | {"asked": f"target {box['target']}, {box['n_items']} items"}
        for name, row in picture["rows"]
        for column, box in zip(picture["columns"], row, strict=True)
        if box
    ]
    return pd.DataFrame(boxes)
