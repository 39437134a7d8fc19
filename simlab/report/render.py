"""From a finished run folder to report.html, and to figures where they are asked for."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from simlab.report.kit.reading import REPORT
from simlab.report.plan.html import figure_specs, page_html, page_specs, titles

if TYPE_CHECKING:
    from pathlib import Path

    from simlab.report.kit.beside import Beside
    from simlab.run import RunFolder


def ready() -> AbstractContextManager[Beside]:
    """Import what a page takes, compile templates, find the script of the charts, before there is a run."""
    from simlab.report.kit.shell import environment

    for name in _TEMPLATES:
        environment().get_template(name)
    return _prepared(figures=False)


_TEMPLATES = ("macros.html", "what_if.html", "template.html", "shell.html")


def _prepared(*, figures: bool) -> AbstractContextManager[Beside]:
    from simlab.report.kit.beside import prepared
    from simlab.report.kit.style import vega_lite_version
    from simlab.report.plan import folder, section  # noqa: F401

    return prepared(vega_lite_version(), figures=figures)


def render(run: RunFolder, drawing: Beside | None = None, *, figures: bool = False) -> Path:
    """Write `report.html` of a finished run and note it in its manifest; its charts as pictures if asked.

    The page is one file: styles, script and charts are in it and nothing is fetched. It is made from
    the tables of the run folder alone, so that it can be made again at any time. `drawing`: of `ready`, where
    that came before. `figures`: every chart as `figures/<name>.svg` and `.png`, too; the page offers to save
    each, so that nobody waits for those that nobody wants.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InvalidInputError
        A table is damaged or lacks a column.
    """
    from simlab.report.audit import page as audit
    from simlab.report.contest import page as contest
    from simlab.report.gate import page as gate
    from simlab.report.plan.folder import read_tables
    from simlab.report.plan.section import sections

    special = {contest.COMMAND: contest.render_contest, audit.COMMAND: audit.render_audit}
    special[gate.COMMAND] = gate.render_gate
    if (write := special.get(str(run.manifest.get("command")))) is not None:
        return write(run)
    with _prepared(figures=figures) if drawing is None else nullcontext(drawing) as other:
        tables = read_tables(run)
        charts, own = page_specs(tables), sections(tables)
        present = {*run.manifest.get("files", {}), "manifest.json"}
        if figures:
            other.draw(figure_specs(tables, charts, titles(tables, own)))
            present.add("figures/")
        page = run.write_text(REPORT, page_html(tables, present, other.library, charts, own))
        written = _pictures(run, other) if figures else []
    run.register([*written, page])
    return page


def _pictures(run: RunFolder, drawing: Beside) -> list[Path]:
    """Write what was drawn beside the page."""
    written = []
    for name, (svg, png) in drawing.pictures().items():
        written.append(run.write_text(f"figures/{name}.svg", svg))
        written.append(run.write_bytes(f"figures/{name}.png", png))
    return written
