"""The plan page put together: template, script, embedded data, figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from simlab.report.kit.sheet import asset
from simlab.report.kit.style import Figure, to_spec
from simlab.report.plan import finance
from simlab.report.plan.charts import capital_chart, matrix_chart, service_chart
from simlab.report.plan.decision import charts as decision_charts
from simlab.report.plan.frontier_chart import MONEY_TITLE, frontier_chart
from simlab.report.plan.page import matrix
from simlab.report.plan.section import section_charts, sections

if TYPE_CHECKING:
    from collections.abc import Callable

    from simlab.report.plan.tables import RunTables


MAX_CHART_ROWS = 60


WIDE, HALF = 720, 520
"""Width of figures in pixels (half: of the decision); on the page a chart is as wide as its place."""
_FIGURES = {"capital": "capital_by_segment", "service": "service_by_segment"}
"""Names of figures that differ from the chart's."""


def page_charts(tables: RunTables) -> dict[str, Figure]:
    """The charts on the page, by the id of the element they go into."""
    charts: dict[str, Figure] = {}
    if tables.frontier is not None:
        charts |= {m: frontier_chart(tables, m, width="container") for m in MONEY_TITLE}
    if len(tables.rows(tables.main_plan, tables.sample)) <= MAX_CHART_ROWS:
        charts["capital"] = capital_chart(tables, width="container")
        charts["service"] = service_chart(tables, width="container")
    charts |= decision_charts.charts(tables, width="container")
    charts |= finance.charts(tables, width="container")
    return charts | section_charts(tables)


def figure_charts(tables: RunTables) -> dict[str, Figure]:
    """Charts drawn otherwise as figures, by file name: those that a reader of the page moves, and a map."""
    charts: dict[str, Figure] = {}
    if tables.frontier is not None:
        charts |= {f"frontier_{m}": frontier_chart(tables, m, width=WIDE) for m in MONEY_TITLE}
    few = len(tables.rows(tables.main_plan, tables.sample)) <= MAX_CHART_ROWS
    if few and (cells := matrix_cells(tables)) is not None:
        charts["matrix"] = matrix_chart(tables, cells)
    return charts


def page_specs(tables: RunTables) -> dict[str, Any]:
    """Specifications of the charts on the page, by the id of the element they go into."""
    return {name: to_spec(chart) for name, chart in page_charts(tables).items()}


def figure_specs(tables: RunTables, on_page: dict[str, Any]) -> dict[str, Any]:
    """Specifications of the figures by file name: those of the page at a width of their own, and more."""
    found = {}
    for name, spec in on_page.items():
        if name not in MONEY_TITLE:
            width = HALF if name in (decision_charts.BUYS, decision_charts.STEPS) else WIDE
            wide = {**spec, "width": width} if spec.get("width") == "container" else spec
            found[_FIGURES.get(name, name)] = wide
    return found | {name: to_spec(chart) for name, chart in figure_charts(tables).items()}


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


def page_html(
    tables: RunTables,
    present: set[str],
    library: Callable[[], str] | None = None,
    charts: dict[str, Any] | None = None,
) -> str:
    """The page as text.

    `present` are the run's files, `library` gives the script of the charts, `charts` are their
    specifications where they are made already.
    """
    import jinja2

    from simlab.report.kit import method, style
    from simlab.report.plan import explorer, finance, page
    from simlab.report.plan.decision import screen

    points = explorer.explorer(tables)
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.undefined = jinja2.StrictUndefined
    template = environment.from_string(asset("template.html"))
    return template.render(
        manifest=tables.manifest,
        tables=tables,
        decision=screen.screen(tables),
        verdict=page.verdict(tables),
        explorer=points,
        explorer_json=script_json(points),
        charts_json=script_json(page_specs(tables) if charts is None else charts),
        plans=[page.segment_table(tables, plan) for plan in tables.plans()],
        samples=page.samples_table(tables),
        matrix=page.matrix(tables),
        quality=method.quality(tables.quality, tables.currency),
        laws=page.laws(tables),
        finance=finance.sections(tables),
        sections=sections(tables),
        coverage=method.coverage(tables.manifest, fresh=tables.sample == "verdict"),
        facts=method.facts(tables.manifest),
        inputs=method.inputs(tables.manifest),
        times=method.times(tables.manifest),
        files=method.files(present),
        style=asset("style.css"),
        script=asset("report.js"),
        library=script_text((library or style.library)()),
    )


def script_json(value: object) -> str:
    """JSON that cannot end the script element it stands in, whatever the SKUs are called."""
    from simlab.run.files import to_json

    text = to_json(value)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def script_text(text: str) -> str:
    """JavaScript that cannot end the script element it stands in."""
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")
