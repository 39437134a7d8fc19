"""The plan page put together: template, script, embedded data, figures."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from simlab.report.kit import shell
from simlab.report.kit.style import Figure, titled, to_spec, unchecked
from simlab.report.plan import finance
from simlab.report.plan.charts import capital_chart, matrix_chart, service_chart
from simlab.report.plan.decision import charts as decision_charts
from simlab.report.plan.frontier_chart import MONEY_TITLE, frontier_chart
from simlab.report.plan.items.rows import counts, item_rows, on_paper, packed_columns, shown
from simlab.report.plan.page import matrix
from simlab.report.plan.section import EARLY, section_charts, sections
from simlab.run.files import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import jinja2

    from simlab.report.plan.tables import RunTables


MAX_CHART_ROWS = 60


WIDE, HALF = 720, 520
"""Width of figures in pixels (half: of the decision); on the page a chart is as wide as its place."""
_HALVES = (decision_charts.BUYS, decision_charts.STEPS)
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
    with unchecked():
        return {name: to_spec(chart) for name, chart in page_charts(tables).items()}


_TITLES = {
    decision_charts.BUYS: "What stock buys",
    decision_charts.STEPS: "Stock, today → proposed, by segment",
    "capital": "Stock by segment and plan",
    "service": "Target (bar) and service (dot) by segment",
    "matrix": "Service, target and share of stock by segment",
    "frontier_holding_cost": "What service costs: holding cost a year",
    "frontier_inventory_value": "What service costs: stock",
}
"""What the page says above a chart, by its id; sections say theirs."""


def titles(tables: RunTables, own: Sequence[dict[str, Any]]) -> dict[str, str]:
    """What every chart shows, by its id; `own`: the run's sections."""
    found = dict(_TITLES)
    for one in finance.sections(tables):
        found |= dict(one["charts"])
    return found | {chart["id"]: chart["title"] for one in own for chart in one["charts"]}


def savable(tables: RunTables, charts: Mapping[str, Any], said: Mapping[str, str]) -> dict[str, Any]:
    """The page's specifications with what a saved picture has besides: its title and its width."""
    found = {}
    for name, spec in charts.items():
        width = HALF if name in _HALVES else WIDE
        title = said.get(f"frontier_{name}" if name in MONEY_TITLE else name)
        saved = titled({"width": width}, title, tables.manifest) if title else {"width": width}
        found[name] = {**spec, "usermeta": {**spec.get("usermeta", {}), "saved": saved}}
    return found


def figure_specs(
    tables: RunTables, on_page: dict[str, Any], said: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Any]:
    """Specifications of the figures by file name: those of the page at a width of their own, and more.

    `said`: the title of each, see `titles`; a picture also names its run.
    """
    found = {}
    for name, spec in on_page.items():
        if name not in MONEY_TITLE:
            width = HALF if name in _HALVES else WIDE
            wide = {**spec, "width": width} if spec.get("width") == "container" else spec
            found[_FIGURES.get(name, name)] = _named(wide, name, tables, said)
    with unchecked():
        more = {name: to_spec(chart) for name, chart in figure_charts(tables).items()}
    return found | {name: _named(spec, name, tables, said) for name, spec in more.items()}


def _named(spec: dict[str, Any], name: str, tables: RunTables, said: Mapping[str, str]) -> dict[str, Any]:
    title = said.get(name) or _TITLES.get(name)
    return titled(spec, title, tables.manifest) if title else spec


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
    own: list[dict[str, Any]] | None = None,
) -> str:
    """The page as text.

    `present` are the run's files, `library` gives the script of the charts, `charts` are their
    specifications and `own` the run's sections where they are made already.
    """
    from simlab.report.kit import style
    from simlab.report.plan import explorer

    points, rows = explorer.explorer(tables), item_rows(tables)
    charts = page_specs(tables) if charts is None else charts
    templates = shell.environment()
    own = sections(tables) if own is None else own
    parts = _parts(templates, tables, present, points, rows, own)
    charts = savable(tables, charts, titles(tables, own))
    between = [one["script"] for one in own if one["script"]]
    scripts = ["shell.js", "save.js", "items.js", *between, "report.js"]
    return shell.page_of(
        templates,
        parts,
        tables.manifest,
        n_items=f"{len(tables.items):,}",
        money_in=tables.money_in,
        question="",
        style=shell.asset("style.css"),
        data={"explorer-data": shell.script_json(points), "chart-data": shell.script_json(charts)},
        packed={
            "chart-library": shell.pack(shell.script_text((library or style.library)())),
            **({} if rows is None else packed_items(rows, tables)),
            **{id: text for one in own for id, text in one["packed"].items()},
        },
        script="\n".join(shell.asset(name) for name in scripts),
    )


def packed_items(rows: pd.DataFrame, tables: RunTables) -> dict[str, str]:
    """The table of the items, the sample, and the widget that shows them, by the id of their element."""
    from simlab.report.plan.items.bundle import widget
    from simlab.report.plan.items.closely import closely

    tool = widget()
    return {
        "items-data": shell.pack(to_json(packed_columns(shown(rows), tables))),
        "samples-data": shell.pack(to_json(closely(tables))),
        "table-library": shell.pack(tool.script),
        "table-style": shell.pack(tool.style),
    }


def _parts(
    templates: jinja2.Environment,
    tables: RunTables,
    present: set[str],
    points: Any,
    rows: pd.DataFrame | None,
    own: list[dict[str, Any]],
) -> Iterator[shell.Part]:
    """Every section of the page with its tab, in their order within the tabs."""
    from simlab.report.kit import method
    from simlab.report.plan import page
    from simlab.report.plan.decision import screen, simulated

    decision = screen.screen(tables)
    made: Any = templates.get_template("template.html").make_module(
        {
            "manifest": tables.manifest,
            "tables": tables,
            "decision": decision,
            "simulated": None if decision else simulated.screen(tables),
            "few": len(tables.rows(tables.main_plan, tables.sample)) <= MAX_CHART_ROWS,
            "verdict": page.verdict(tables),
            "explorer": points,
            "plans": [page.segment_table(tables, plan) for plan in tables.plans()],
            "samples": page.samples_table(tables),
            "matrix": page.matrix(tables),
            "quality": method.quality(tables.quality, tables.currency),
            "laws": page.laws(tables),
            "coverage": method.coverage(tables.manifest, fresh=tables.sample == "verdict"),
            "facts": method.facts(tables.manifest),
            "inputs": method.inputs(tables.manifest),
            "files": method.files(present),
            "has_items": rows is not None,
            "item_papers": [] if rows is None else on_paper(rows, tables),
            "item_counts": {} if rows is None else counts(rows, tables),
        }
    )
    yield shell.Part(shell.DECISION, "first-screen", "", str(made.decision_part()))
    yield shell.Part(shell.DECISION, "verdict", "", str(made.verdict_part()))
    yield shell.Part(shell.FINANCE, "frontier", "What service costs", str(made.explorer_part()))
    early = [one for one in own if one["place"] < EARLY]
    for one in early:
        yield shell.Part(one["tab"], one["id"], one["menu"], str(made.section_part(one)), len(one["lines"]))
    for one in finance.sections(tables):
        yield shell.Part(one.get("tab", shell.FINANCE), one["id"], one["title"], str(made.finance_part(one)))
    yield shell.Part(shell.FINANCE, "compared", "At the same service", str(made.compared_part()))
    yield shell.Part(shell.SEGMENTS, "segment-table", "Segments", str(made.segments_part()))
    yield shell.Part(shell.SEGMENTS, "matrix", "Matrix", str(made.matrix_part()))
    yield shell.Part(shell.ITEMS, "item-list", "All SKU-locations", str(made.items_part()))
    for one in own[len(early) :]:
        yield shell.Part(one["tab"], one["id"], one["menu"], str(made.section_part(one)), len(one["lines"]))
    yield shell.Part(shell.BELIEVE, "data", "Data read", str(made.data_part()))
    yield shell.Part(shell.BELIEVE, "laws", "Demand models", str(made.laws_part()))
    yield shell.Part(shell.METHOD, "sure", "What intervals cover", str(made.sure_part()))
    yield shell.Part(shell.METHOD, "how", "How it was computed", str(made.method_part()))
    yield shell.Part(shell.METHOD, "files", "Files", str(made.files_part()))
