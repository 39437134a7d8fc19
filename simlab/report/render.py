"""From a finished run folder to report.html and its figures."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from simlab.report.tables import RunTables
    from simlab.run import RunFolder

REPORT = "report.html"


def render(run: RunFolder) -> Path:
    """Write `report.html` and `figures/` of a finished run and note them in its manifest.

    The page is one file: styles, script and charts are in it and nothing is fetched. It is made from
    the tables of the run folder alone, so that it can be made again at any time.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InvalidInputError
        A table is damaged or lacks a column.
    """
    from simlab.report import audit, contest
    from simlab.report.tables import read_tables

    special = {contest.COMMAND: contest.render_contest, audit.COMMAND: audit.render_audit}
    if (write := special.get(str(run.manifest.get("command")))) is not None:
        return write(run)
    from simlab.report import style

    tables = read_tables(run)
    with style.library_ahead() as library:
        written = _write_figures(run, tables)
        present = {*run.manifest.get("files", {}), "manifest.json", "figures/"}
        page = run.write_text(REPORT, page_html(tables, present, library))
    run.register([*written, page])
    return page


def page_html(tables: RunTables, present: set[str], library: Callable[[], str] | None = None) -> str:
    """The page as text; `present` are the run's files, `library` gives the script of the charts."""
    import jinja2

    from simlab.report import explorer, figures, finance, histories, method, page, style

    points = explorer.explorer(tables)
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.undefined = jinja2.StrictUndefined
    template = environment.from_string(_asset("template.html"))
    return template.render(
        manifest=tables.manifest,
        tables=tables,
        verdict=page.verdict(tables),
        tiles=page.tiles(tables),
        explorer=points,
        explorer_json=script_json(points),
        charts_json=script_json(figures.page_specs(tables)),
        plans=[page.segment_table(tables, plan) for plan in tables.plans()],
        samples=page.samples_table(tables),
        matrix=page.matrix(tables),
        quality=page.quality(tables),
        laws=page.laws(tables),
        finance=finance.sections(tables),
        histories=histories.sections(tables),
        coverage=method.coverage(tables),
        facts=method.facts(tables),
        inputs=method.inputs(tables),
        times=method.times(tables),
        files=method.files(present),
        style=_asset("style.css"),
        script=_asset("report.js"),
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


def _write_figures(run: RunFolder, tables: RunTables) -> list[Path]:
    from simlab.report import figures, style

    written = []
    for name, chart in figures.static_charts(tables).items():
        svg = style.to_svg(style.to_spec(chart))
        written.append(run.write_text(f"figures/{name}.svg", svg))
        written.append(run.write_bytes(f"figures/{name}.png", style.to_png(svg)))
    return written


def _asset(name: str) -> str:
    return resources.files("simlab.report").joinpath("assets", name).read_text(encoding="utf-8")
