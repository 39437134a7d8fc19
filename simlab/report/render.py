"""From a finished run folder to report.html and its figures."""

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
    """Import what a page takes and begin the process that draws its figures, before there is a run."""
    from simlab.report.kit.beside import beside
    from simlab.report.kit.style import vega_lite_version
    from simlab.report.plan import folder, section  # noqa: F401

    return beside(vega_lite_version())


def render(run: RunFolder, drawing: Beside | None = None) -> Path:
    """Write `report.html` and `figures/` of a finished run and note them in its manifest.

    The page is one file: styles, script and charts are in it and nothing is fetched. It is made from
    the tables of the run folder alone, so that it can be made again at any time. `drawing`: of `ready`, where
    that came before.

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
    with ready() if drawing is None else nullcontext(drawing) as other:
        tables = read_tables(run)
        charts, own = page_specs(tables), sections(tables)
        other.draw(figure_specs(tables, charts, titles(tables, own)))
        present = {*run.manifest.get("files", {}), "manifest.json", "figures/"}
        page = run.write_text(REPORT, page_html(tables, present, other.library, charts, own))
        written = []
        for name, (svg, png) in other.pictures().items():
            written.append(run.write_text(f"figures/{name}.svg", svg))
            written.append(run.write_bytes(f"figures/{name}.png", png))
    run.register([*written, page])
    return page
