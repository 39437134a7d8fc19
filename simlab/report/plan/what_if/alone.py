"""The panel as a page of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlab.report.kit import shell
from simlab.report.plan.what_if.panel import SCRIPT, TITLE, panel

if TYPE_CHECKING:
    from simlab.report.plan.tables import RunTables


def page(tables: RunTables) -> str:
    """The section of the page with nothing around it; same script, same policy, no chart library."""
    found = panel(tables)
    if found is None:
        raise ValueError("these tables have no sums by segment and target")
    templates = shell.environment()
    body = f'<section id="what-if"><h2>{TITLE}</h2>{found.body}</section>'
    start = "simlab.start();"
    return shell.page_of(
        templates,
        [shell.Part(shell.FINANCE, "what-if", "", body)],
        tables.manifest,
        n_items=f"{len(tables.items):,}",
        money_in=tables.money_in,
        question="",
        style=shell.asset("style.css"),
        data={},
        packed=found.packed,
        script="\n".join((shell.asset("shell.js"), shell.asset(SCRIPT), start)),
    )
